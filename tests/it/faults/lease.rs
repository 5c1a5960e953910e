//! A leader whose lease runs out: silence at once, and everything goes on when it is renewed.

use crate::kit::CUSTOMER;
use shopfleet::sim::World;
use shopfleet::domain::money::Money;
use shopfleet::domain::time::Millis;

#[test]
fn without_the_lease_nobody_polls_sends_or_writes() {
    let mut world = World::new(41).with_shop();
    world.settle();
    world.lead(false);
    let (calls, known) = (world.calls().len(), world.chronicle());
    world.say("a1", CUSTOMER, "/buy prd_1 2");
    world.wait(Millis::from_secs(120));
    assert_eq!(world.calls().len(), calls, "Telegram hears nothing from this process");
    assert_eq!(world.chronicle(), known, "nothing is written");

    world.lead(true);
    world.wait(Millis::from_secs(400));
    world.buy("a1", CUSTOMER, 2);
    world.settle();
    world.check();
    assert_eq!(world.balance("a1", CUSTOMER), Money::whole(100 - 22));
}

#[test]
fn a_lease_that_runs_out_in_the_middle_of_a_purchase_costs_nobody_anything() {
    let mut world = World::new(42).with_shop();
    world.say("a1", CUSTOMER, "/buy prd_1 2");
    world.settle();
    world.lead(false);
    world.wait(Millis::from_secs(60));
    world.lead(true);
    world.wait(Millis::from_secs(400));
    // The promise is gone with the generation that gave it; the price is shown again.
    world.buy("a1", CUSTOMER, 2);
    world.settle();
    world.check();
    assert_eq!(world.balance("a1", CUSTOMER), Money::whole(100 - 22));
}
