//! How runs of bots end: nothing of them works on beside the next, and what is said is sent first.

use crate::kit::CUSTOMER;
use shopfleet::actors::Point;
use shopfleet::domain::time::Millis;
use shopfleet::sandbox::world::FaultKind;
use shopfleet::sim::{CONFIRM, World};

/// A run that panics while goods are on their way leaves them to the next: two that send the same
/// goods would both mark them as a repeat, and the customer would have them twice.
#[test]
fn a_run_that_panics_takes_its_deliveries_with_it() {
    let mut world = World::new(30).with_shop();
    world.say("a1", CUSTOMER, "/buy prd_1 1");
    world.settle();
    world.method_fails("a1", Some("sendMessage"), FaultKind::Server, Millis::from_secs(300));
    world.tap("a1", CUSTOMER, CONFIRM);
    world.wait(Millis::from_secs(5));
    assert_eq!(world.chronicle().orders.len(), 1);
    world.panic_at(Point::Run, "agent:a1", 2);
    world.crash();
    world.wait(Millis::from_secs(900));
    assert_eq!((world.panics_left(), world.visits(Point::Run, "agent:a1")), (0, 4));
    world.check();
    let goods = world.goods("a1", CUSTOMER);
    assert_eq!(goods.into_values().collect::<Vec<_>>(), [1]);
}

/// Replies wait for the chat's budget; a stop lets them out.
#[test]
fn a_stop_sends_what_was_said() {
    let mut world = World::new(31).with_shop();
    for _ in 0..6 {
        world.say("a1", CUSTOMER, "/balance");
    }
    world.say("a1", CUSTOMER, "/buy prd_1 1");
    world.wait(Millis::from_ms(200));
    let told = world.told("a1", CUSTOMER, "Your balance");
    assert!(told < 6, "{told} replies are out before the stop");
    let took = world.stop();
    assert_eq!(world.told("a1", CUSTOMER, "Your balance"), 6);
    assert!(world.button("a1", CUSTOMER, CONFIRM).is_some());
    assert!(took <= Millis::from_secs(5), "{} ms", took.ms());
    world.audit();
}

/// Goods that were paid for go out as well, and are recorded as delivered.
#[test]
fn a_stop_delivers_what_is_on_its_way() {
    let mut world = World::new(32).with_shop();
    world.say("a1", CUSTOMER, "/buy prd_1 1");
    world.settle();
    // A call takes five seconds now.
    world.method_fails("a1", Some("sendMessage"), FaultKind::Latency, Millis::from_secs(2));
    world.tap("a1", CUSTOMER, CONFIRM);
    world.wait(Millis::from_ms(500));
    assert_eq!(world.goods("a1", CUSTOMER).len(), 0);
    world.stop();
    world.audit();
    assert!(world.chronicle().orders.values().all(|order| order.delivery.is_done()));
    world.crash();
    world.settle();
    world.check();
    let goods = world.goods("a1", CUSTOMER);
    assert_eq!(goods.into_values().collect::<Vec<_>>(), [1], "sent once");
}

/// A Telegram that does not answer holds a stop up for as long as it may and no longer; what is durable
/// comes at the next start.
#[test]
fn a_stop_has_a_deadline() {
    let mut world = World::tuned(33, |config| config.bots.drain_s = 3).with_shop();
    world.say("a1", CUSTOMER, "/buy prd_1 1");
    world.settle();
    world.telegram_fails("a1", FaultKind::Server, Millis::from_secs(60));
    world.tap("a1", CUSTOMER, CONFIRM);
    world.wait(Millis::from_secs(30));
    let took = world.stop();
    let seconds = Millis::from_secs(3)..=Millis::from_secs(4);
    assert!(seconds.contains(&took), "{} ms", took.ms());
    world.audit();
    world.crash();
    world.wait(Millis::from_secs(120));
    world.check();
    assert_eq!(world.chronicle().orders.len(), 1);
    assert_eq!(world.goods("a1", CUSTOMER).len(), 1);
}
