//! Bots in trouble: each is its own, told once, and comes back by itself.

use crate::kit::{ADMIN, CUSTOMER};
use shopfleet::domain::fleet::BotState;
use shopfleet::domain::id::UserId;
use shopfleet::domain::time::Millis;
use shopfleet::sandbox::world::FaultKind;
use shopfleet::sim::{MASTER, World};

const NEIGHBOUR: UserId = UserId::new(101);
const STRANGER: UserId = UserId::new(102);
const HOUR: Millis = Millis::from_hours(1);

#[test]
fn a_revoked_token_is_known_at_once_and_told_once() {
    let mut world = World::new(20).with_shop();
    world.revoke_token("a1");
    world.wait(Millis::from_secs(1));
    assert_eq!(world.bot("a1").state, BotState::TokenRefused);
    world.wait(HOUR);
    assert_eq!(world.bot("a1").state, BotState::TokenRefused);
    assert_eq!(world.told(MASTER, ADMIN, "refuses the token of @a1_bot"), 1);
}

#[test]
fn a_refused_token_is_probed_and_a_resume_tries_it_at_once() {
    let mut world = World::new(21).with_shop();
    world.telegram_fails("a1", FaultKind::Unauthorized, Millis::from_secs(200));
    // A poll under way is answered first.
    world.wait(Millis::from_secs(30));
    assert_eq!(world.bot("a1").state, BotState::TokenRefused);
    world.wait(Millis::from_secs(500));
    assert_eq!(world.bot("a1").state, BotState::Running, "the probe found the token good");

    world.telegram_fails("a1", FaultKind::Unauthorized, Millis::from_secs(60));
    world.wait(Millis::from_secs(70));
    assert_eq!(world.bot("a1").state, BotState::TokenRefused);
    // A bot counts as running once Telegram has answered a poll.
    world.say("a1", CUSTOMER, "/balance");
    world.say(MASTER, ADMIN, "/agent_resume a1");
    world.wait(Millis::from_secs(1));
    assert_eq!(world.bot("a1").state, BotState::Running);
    // Each trouble was told: the bot ran between them.
    assert_eq!(world.told(MASTER, ADMIN, "refuses the token of @a1_bot"), 2);
}

#[test]
fn a_conflict_is_one_only_when_it_outlasts_a_poll_and_the_lease() {
    let mut world = World::new(22).with_shop();
    world.telegram_fails("a1", FaultKind::Conflict, Millis::from_secs(40));
    world.wait(Millis::from_secs(120));
    assert_eq!(world.bot("a1").state, BotState::Running, "a short one is nobody's business");
    assert_eq!(world.told(MASTER, ADMIN, "@a1_bot"), 0);

    world.telegram_fails("a1", FaultKind::Conflict, HOUR);
    world.wait(Millis::from_secs(50));
    assert_ne!(world.bot("a1").state, BotState::Conflict, "too early");
    world.wait(Millis::from_secs(40));
    assert_eq!(world.bot("a1").state, BotState::Conflict);
    world.wait(Millis::from_secs(1800));
    assert_eq!(world.told(MASTER, ADMIN, "using the token of @a1_bot"), 1);
    world.wait(HOUR);
    assert_eq!(world.bot("a1").state, BotState::Running, "the probe found it gone");
}

#[test]
fn the_bad_day_of_one_bot_delays_no_other() {
    for kind in [FaultKind::Server, FaultKind::Latency, FaultKind::TooMany] {
        let mut world =
            World::new(23).with_shop().with_agent("a2").with_customer("a2", STRANGER, 100);
        world.telegram_fails("a1", kind, Millis::from_secs(60));
        for _ in 0..10 {
            world.say("a1", CUSTOMER, "/balance");
            let said = world.now();
            world.say("a2", STRANGER, "/balance");
            world.wait(Millis::from_secs(5));
            let delay = world.first_send_to(STRANGER, said).expect("a reply").since(said);
            assert!(delay <= Millis::from_ms(50), "{kind:?}: {} ms", delay.ms());
        }
        world.wait(Millis::from_secs(300));
        assert!(world.told("a1", CUSTOMER, "Your balance") > 0, "{kind:?}");
        world.buy("a1", CUSTOMER, 1);
        world.settle();
        world.check();
    }
}

#[test]
fn a_thousand_notices_to_one_chat_delay_no_other() {
    const NOTICES: usize = 1_000;
    let mut world = World::tuned(24, |config| {
        config.telegram.chat_queue_max = 2 * NOTICES;
        config.telegram.chat_inbox_max = 2 * NOTICES;
    })
    .with_shop()
    .with_customer("a1", NEIGHBOUR, 100)
    .with_customer(MASTER, STRANGER, 100);
    for _ in 0..NOTICES {
        world.say(MASTER, ADMIN, "/credit a1 100 0.01 again");
    }
    world.wait(Millis::from_secs(60));
    for _ in 0..20 {
        for (shop, user) in [("a1", NEIGHBOUR), (MASTER, STRANGER)] {
            let said = world.now();
            world.say(shop, user, "/balance");
            world.wait(Millis::from_secs(3));
            let delay = world.first_send_to(user, said).expect("a reply").since(said);
            assert!(delay <= Millis::from_ms(50), "{} ms", delay.ms());
        }
    }
    assert!(world.told("a1", CUSTOMER, "You received") < NOTICES, "the chat is slow");
    world.wait(Millis::from_secs(1_200));
    assert_eq!(world.told("a1", CUSTOMER, "You received"), NOTICES);
    world.check();
}
