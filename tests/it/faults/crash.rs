//! The world ends between any two steps of a purchase, and begins again on what is left.

use crate::kit::CUSTOMER;
use shopfleet::domain::id::UserId;
use shopfleet::domain::money::Money;
use shopfleet::sim::{CONFIRM, World};

const RICH: UserId = UserId::new(103);

/// One purchase by a customer who taps what he is shown; the world ends at step `k`. Answers whether
/// there was such a step.
fn crash_at(k: u64) -> bool {
    let mut world = World::new(11).with_shop().with_customer("a1", RICH, 1000);
    world.die_after(k);
    let mut crashed = false;
    let mut settle = |world: &mut World| {
        world.settle();
        if world.is_dead() {
            crashed = true;
            world.crash();
            world.settle();
        }
    };
    world.say("a1", CUSTOMER, "/buy prd_1 2");
    settle(&mut world);
    world.tap("a1", CUSTOMER, CONFIRM);
    settle(&mut world);
    if world.told("a1", CUSTOMER, "no longer valid") > 0 {
        assert_eq!(world.balance("a1", CUSTOMER), Money::whole(100), "step {k}");
        world.buy("a1", CUSTOMER, 2);
        settle(&mut world);
    }
    world.check();
    assert_eq!(world.chronicle().orders.len(), 1, "step {k}");
    assert_eq!(world.balance("a1", CUSTOMER), Money::whole(78), "step {k}");
    assert_eq!(world.goods("a1", CUSTOMER).len(), 2, "step {k}");
    if crashed {
        world.check_nothing_is_held("a1", RICH);
    }
    crashed
}

#[test]
fn a_purchase_survives_the_end_of_the_world_at_every_step() {
    let steps = (1..).take_while(|k| crash_at(*k)).count();
    assert!(steps >= 20, "a purchase has more than {steps} steps");
}

#[test]
fn the_end_of_the_world_during_a_restart_is_one_more_crash() {
    for k in 1..=12 {
        let mut world = World::new(12).with_shop();
        world.buy("a1", CUSTOMER, 1);
        world.settle();
        world.say("a1", CUSTOMER, "/buy prd_1 1");
        world.crash();
        world.die_after(k);
        world.settle();
        world.crash();
        world.settle();
        world.tap("a1", CUSTOMER, CONFIRM);
        world.settle();
        world.check();
        assert_eq!(world.goods("a1", CUSTOMER).len(), 2, "step {k}");
        assert_eq!(world.chronicle().orders.len(), 2, "step {k}");
    }
}
