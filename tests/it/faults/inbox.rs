//! The inbox: busy chats delay nobody, one cannot fill it, and what waited long does not act twice.

use crate::kit::{ADMIN, CUSTOMER};
use shopfleet::domain::id::UserId;
use shopfleet::domain::money::Money;
use shopfleet::domain::time::Millis;
use shopfleet::sandbox::world::FaultKind;
use shopfleet::sim::{MASTER, World, Write};
use shopfleet::store::faults::Fault;

const NEIGHBOUR: UserId = UserId::new(101);
const TOKEN: &str = "7000000009:AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const CREDIT: &str = "/credit a1 100 5 a gift";

/// Removing a token takes five seconds; whatever its chat sends meanwhile, the others are heard.
#[test]
fn a_busy_chat_delays_no_poll() {
    let mut world = World::new(40).with_shop().with_customer("a1", NEIGHBOUR, 100);
    world.method_fails("a1", Some("deleteMessage"), FaultKind::Latency, Millis::from_secs(600));
    world.say("a1", CUSTOMER, TOKEN);
    world.wait(Millis::from_secs(1));
    for _ in 0..3 {
        world.say("a1", CUSTOMER, "/balance");
        // The poll with it is answered, and the next has not begun.
        world.wait(Millis::from_ms(2));
        let said = world.now();
        world.say("a1", NEIGHBOUR, "/balance");
        world.wait(Millis::from_secs(1));
        let delay = world.first_send_to(NEIGHBOUR, said).expect("a reply").since(said);
        assert!(delay <= Millis::from_ms(50), "{} ms", delay.ms());
    }
    world.settle();
    assert_eq!(world.told("a1", CUSTOMER, "Your balance"), 3);
    world.check();
}

/// One chat has its share of the inbox. What comes beyond is given up, told once, and recorded; a token
/// in it goes all the same.
#[test]
fn a_chat_cannot_fill_the_inbox() {
    const MAX: usize = 10;
    let mut world = World::tuned(41, |config| config.telegram.chat_inbox_max = MAX)
        .with_shop()
        .with_customer("a1", NEIGHBOUR, 100);
    world.method_fails("a1", Some("deleteMessage"), FaultKind::Latency, Millis::from_secs(3));
    world.say("a1", CUSTOMER, TOKEN);
    world.wait(Millis::from_secs(1));
    for _ in 0..30 {
        world.say("a1", CUSTOMER, "/balance");
    }
    let token = world.say("a1", CUSTOMER, TOKEN);
    world.wait(Millis::from_secs(1));
    let given_up = world.dead_letters();
    assert_eq!(given_up.len(), 30 - MAX + 1);
    assert!(given_up.iter().all(|(_, why)| why == "too many of its chat were waiting"));
    let said = world.now();
    world.say("a1", NEIGHBOUR, "/balance");
    world.settle();
    let delay = world.first_send_to(NEIGHBOUR, said).expect("a reply").since(said);
    assert!(delay <= Millis::from_ms(50), "{} ms", delay.ms());
    world.wait(Millis::from_secs(60));
    assert_eq!(world.told("a1", CUSTOMER, "Your balance"), MAX);
    assert_eq!(world.told("a1", CUSTOMER, "faster than I can answer"), 1);
    assert!(!world.is_there("a1", CUSTOMER, token));
    // It is heard again, and nothing comes back after a crash.
    world.say("a1", CUSTOMER, "/balance");
    world.settle();
    world.crash();
    world.settle();
    assert_eq!(world.told("a1", CUSTOMER, "Your balance"), MAX + 1);
    assert_eq!(world.dead_letters().len(), given_up.len());
    world.check();
}

/// An admin's credit is decided while its update is in the inbox, and the world ends before the chat's
/// state is written. However long it is down, the credit is booked once.
#[test]
fn an_update_from_the_inbox_acts_once_however_old() {
    for (down, given_up) in [(1, 0), (60, 0), (80, 1), (100, 1)] {
        let mut world = World::new(42).with_shop();
        // The credit comes behind something slow, so it goes to the inbox at once.
        world.method_fails(
            MASTER,
            Some("deleteMessage"),
            FaultKind::Latency,
            Millis::from_secs(60),
        );
        world.say(MASTER, ADMIN, TOKEN);
        world.wait(Millis::from_secs(1));
        world.say(MASTER, ADMIN, CREDIT);
        world.wait(Millis::from_secs(2));
        // The state of the slow message is written before its reply, that of the credit never.
        world.break_write(Write::DialogOf(ADMIN.number()), Fault::Stall, 1);
        world.wait(Millis::from_secs(10));
        assert_eq!(world.balance("a1", CUSTOMER), Money::whole(105));
        world.crash_for(Millis::from_hours(down));
        world.wait(Millis::from_secs(120));
        assert_eq!(world.balance("a1", CUSTOMER), Money::whole(105), "{down} hours");
        assert_eq!(world.dead_letters().len(), given_up, "{down} hours");
        world.check();
    }
}

/// Telegram keeps an update for a day before it reaches the inbox, so the core may have forgotten a
/// command whose update is not old there. The store has not.
#[test]
fn the_store_remembers_longer_than_the_core() {
    let mut world = World::new(43).with_shop();
    world.break_write(Write::DialogOf(ADMIN.number()), Fault::Stall, 1);
    world.say(MASTER, ADMIN, CREDIT);
    world.wait(Millis::from_secs(1));
    world.say(MASTER, ADMIN, TOKEN);
    // Decided, and not confirmed. Twenty hours later both come again, the slow one first.
    world.crash_for(Millis::from_hours(20));
    world.method_fails(MASTER, Some("deleteMessage"), FaultKind::Latency, Millis::from_secs(60));
    world.method_fails(MASTER, Some("getUpdates"), FaultKind::Reorder, Millis::from_secs(60));
    world.wait(Millis::from_secs(2));
    assert_eq!(world.balance("a1", CUSTOMER), Money::whole(105));
    // In the inbox for sixty hours, decided eighty hours ago.
    world.crash_for(Millis::from_hours(60));
    world.wait(Millis::from_secs(120));
    assert_eq!(world.balance("a1", CUSTOMER), Money::whole(105));
    assert_eq!(world.told(MASTER, ADMIN, "Credited"), 1, "{:#?}", world.heard(MASTER, ADMIN));
    assert_eq!(world.dead_letters(), []);
    world.check();
}
