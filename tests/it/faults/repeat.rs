//! The same seed gives the same run, call by call.

use crate::kit::CUSTOMER;
use shopfleet::actors::Point;
use shopfleet::domain::money::Money;
use shopfleet::sim::{Called, World};

/// A purchase through a panic and a crash, as Telegram saw it.
fn day(seed: u64) -> Vec<Called> {
    let mut world = World::new(seed).with_shop();
    world.panic_at(Point::Ledger, "place_order", 1);
    world.buy("a1", CUSTOMER, 2);
    world.settle();
    world.crash();
    world.buy("a1", CUSTOMER, 1);
    world.settle();
    world.check();
    assert_eq!(world.panics_left(), 0);
    assert_eq!(world.balance("a1", CUSTOMER), Money::whole(100 - 33));
    world.calls()
}

#[test]
fn a_seed_repeats_itself_and_another_differs() {
    let first = day(1);
    assert!(first.len() > 20, "{} calls", first.len());
    assert_eq!(first, day(1));
    assert_ne!(first, day(2));
}
