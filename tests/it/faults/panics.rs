//! Panics forced at every point of the pipeline: each is recovered where it happened.

use crate::kit::{ADMIN, CUSTOMER};
use shopfleet::actors::Point;
use shopfleet::domain::fleet::BotState;
use shopfleet::domain::id::UserId;
use shopfleet::domain::money::Money;
use shopfleet::domain::time::Millis;
use shopfleet::sandbox::world::FaultKind;
use shopfleet::sim::{CONFIRM, MASTER, World};

const NEIGHBOUR: UserId = UserId::new(101);
const STRANGER: UserId = UserId::new(102);

/// A customer, another in the same shop, and one of another shop.
const PEOPLE: [(&str, UserId); 3] = [("a1", CUSTOMER), ("a1", NEIGHBOUR), (MASTER, STRANGER)];

fn world(seed: u64) -> World {
    World::new(seed)
        .with_shop()
        .with_customer("a1", NEIGHBOUR, 100)
        .with_customer(MASTER, STRANGER, 100)
}

/// All three buy at once through `times` panics; each gets what he paid for. A restart of the core
/// forgets prices, so whoever taps right then may have to ask once more.
fn check(point: Point, what: &str, times: u32) {
    let core = matches!(point, Point::Stock | Point::Ledger | Point::Commit);
    let mut world = world(3);
    world.panic_at(point, what, times);
    for (shop, user) in PEOPLE {
        world.say(shop, user, "/buy prd_1 1");
    }
    world.settle();
    for (shop, user) in PEOPLE {
        world.tap(shop, user, CONFIRM);
    }
    world.settle();
    world.check();
    assert_eq!(world.panics_left(), 0, "{point:?} {what}: the panics did not happen");
    for (shop, user) in PEOPLE {
        if world.told(shop, user, "no longer valid") > 0 {
            assert!(core, "{point:?} {what}: only the core's death forgets prices");
            assert_eq!(world.balance(shop, user), Money::whole(100));
            world.buy(shop, user, 1);
            world.settle();
        }
    }
    world.check();
    for (shop, user) in PEOPLE {
        let goods = world.goods(shop, user);
        assert_eq!(goods.len(), 1, "{point:?} {what}: {user} has {goods:?}");
    }
    assert_eq!(world.dead_letters(), []);
}

#[test]
fn a_panic_anywhere_costs_nobody_his_purchase() {
    check(Point::Stock, "issue_quote", 1);
    check(Point::Stock, "place_order", 1);
    check(Point::Ledger, "issue_quote", 1);
    check(Point::Ledger, "place_order", 1);
    check(Point::Ledger, "mark_delivered", 1);
    check(Point::Commit, "batch", 1);
    check(Point::Chat, "100", 1);
    check(Point::Saved, "100", 1);
    check(Point::Bot, "agent:a1", 1);
    check(Point::Bot, "agent:a1", 3);
}

/// The order is durable and the chat's state too, and then the chat panics: the update is not stepped
/// again, and the goods go out all the same.
#[test]
fn a_panic_between_an_order_and_its_goods_keeps_no_goods_back() {
    let mut world = world(8);
    world.say("a1", CUSTOMER, "/buy prd_1 1");
    world.settle();
    world.panic_at(Point::Saved, "100", 1);
    world.tap("a1", CUSTOMER, CONFIRM);
    world.settle();
    assert_eq!(world.panics_left(), 0);
    world.check();
    assert_eq!(world.chronicle().orders.len(), 1);
    assert_eq!(world.goods("a1", CUSTOMER).len(), 1);
}

#[test]
fn a_command_that_kills_the_core_twice_is_set_aside() {
    let mut world = world(4);
    world.say("a1", CUSTOMER, "/buy prd_1 1");
    world.settle();
    let button = world.button("a1", CUSTOMER, CONFIRM).expect("an offer");
    world.panic_at(Point::Stock, "place_order", 2);
    world.tap_on("a1", CUSTOMER, button.clone());
    world.settle();
    world.check();
    assert_eq!(world.panics_left(), 0);
    assert_eq!(world.told("a1", CUSTOMER, "was set aside"), 1);
    assert_eq!(world.balance("a1", CUSTOMER), Money::whole(100));
    assert_eq!(world.chronicle().quarantined.len(), 1);
    assert_eq!(world.told(MASTER, ADMIN, "place_order"), 1, "{:?}", world.heard(MASTER, ADMIN));

    world.say(MASTER, ADMIN, "/set_aside");
    world.settle();
    let list = world.heard(MASTER, ADMIN).pop().expect("an answer");
    assert!(list.contains("Set aside (1)") && list.contains("place_order by user:100"), "{list}");

    // It reaches no actor any more, not even after a crash; everything else does.
    world.crash();
    world.panic_at(Point::Stock, "place_order", 1);
    world.tap_on("a1", CUSTOMER, button);
    world.settle();
    assert_eq!(world.panics_left(), 1);
    assert_eq!(world.balance("a1", CUSTOMER), Money::whole(100));
    world.heal();
    world.buy("a1", NEIGHBOUR, 1);
    world.buy("a1", CUSTOMER, 1);
    world.settle();
    world.check();
    assert_eq!(world.goods("a1", CUSTOMER).len(), 1);
    assert_eq!(world.goods("a1", NEIGHBOUR).len(), 1);
}

#[test]
fn an_update_that_panics_twice_is_buried_and_confirmed() {
    let mut world = world(5);
    world.panic_at(Point::Chat, "100", 2);
    world.say("a1", CUSTOMER, "/balance");
    world.say("a1", NEIGHBOUR, "/balance");
    world.settle();
    let buried = world.dead_letters();
    assert_eq!(buried.len(), 1, "{buried:?}");
    assert_eq!(buried[0].1, "panicked twice");
    assert_eq!(world.told("a1", CUSTOMER, "Your balance"), 0);
    assert_eq!(world.told("a1", NEIGHBOUR, "Your balance"), 1);
    // Telegram does not repeat it, and the chat goes on.
    world.crash();
    world.settle();
    assert_eq!(world.told("a1", CUSTOMER, "Your balance"), 0);
    world.say("a1", CUSTOMER, "/balance");
    world.settle();
    assert_eq!(world.told("a1", CUSTOMER, "Your balance"), 1);
    assert_eq!(world.dead_letters().len(), 1);
    let line = format!("Update {} of @a1_bot: its chat failed at it twice", buried[0].0);
    world.say(MASTER, ADMIN, "/set_aside");
    world.settle();
    assert_eq!(world.told(MASTER, ADMIN, &line), 1, "{:#?}", world.heard(MASTER, ADMIN));
    world.say("a1", CUSTOMER, "/set_aside");
    world.settle();
    assert_eq!(world.told("a1", CUSTOMER, "its chat failed"), 0);
    world.check();
}

#[test]
fn a_panic_loop_of_a_bot_is_stopped_shown_and_resumed() {
    let mut world = world(6);
    world.panic_at(Point::Bot, "agent:a1", u32::MAX);
    world.say("a1", CUSTOMER, "/balance");
    world.wait(Millis::from_secs(60));
    let bot = world.bot("a1");
    assert_eq!(bot.state, BotState::Stopped);
    assert_eq!(bot.last_error.as_deref(), Some("panicked"));
    let retry_at = bot.retry_at.expect("a stopped bot is probed");
    assert!(retry_at > world.now());
    assert_eq!(world.told(MASTER, ADMIN, "failed too often"), 1);
    world.say(MASTER, ADMIN, "/agent_list");
    world.settle();
    let list = world.heard(MASTER, ADMIN).pop().expect("an answer");
    assert!(list.contains("Last error: panicked") && list.contains("Next try"), "{list}");
    // Probed once: it fails again, and nobody is told twice.
    world.wait(Millis::from_secs(300));
    assert_eq!(world.bot("a1").state, BotState::Stopped);
    assert!(world.bot("a1").retry_at > Some(retry_at), "the probe did not happen");
    assert_eq!(world.told(MASTER, ADMIN, "failed too often"), 1);
    // The other shop never noticed.
    world.buy(MASTER, STRANGER, 1);
    world.settle();
    world.check();

    world.heal();
    world.say(MASTER, ADMIN, "/agent_resume a1");
    world.wait(Millis::from_secs(5));
    assert_eq!(world.bot("a1").state, BotState::Running);
    assert_eq!(world.told("a1", CUSTOMER, "Your balance"), 1);
}

/// A chat that is behind when its bot dies is taken up by the next run, and by that alone. What was
/// under way is finished by the run that ends when it may take so long, and done again when not.
#[test]
fn a_chat_that_was_behind_goes_on_in_the_next_run_only() {
    for (drain_s, deletions, handled) in [(5, 1, 2), (1, 2, 3)] {
        let mut world = World::tuned(7, |config| config.bots.drain_s = drain_s)
            .with_shop()
            .with_customer("a1", NEIGHBOUR, 100);
        world.say("a1", CUSTOMER, "/buy prd_1 1");
        world.settle();
        let before = world.visits(Point::Chat, "100");
        // Removing the token takes five seconds, and the tap waits behind it: both go to the inbox.
        world.method_fails("a1", Some("deleteMessage"), FaultKind::Latency, Millis::from_secs(60));
        world.say("a1", CUSTOMER, "7000000009:AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        world.tap("a1", CUSTOMER, CONFIRM);
        world.wait(Millis::from_secs(1));
        world.panic_at(Point::Bot, "agent:a1", 1);
        world.say("a1", NEIGHBOUR, "/balance");
        world.wait(Millis::from_secs(60));
        assert_eq!(world.panics_left(), 0);
        world.check();
        let calls = world.calls();
        let count = |method| calls.iter().filter(|call| call.method == method).count();
        assert_eq!(count("deleteMessage"), deletions, "{drain_s} s");
        assert_eq!(count("answerCallbackQuery"), 1);
        let visits = world.visits(Point::Chat, "100") - before;
        assert_eq!(visits, handled, "the tap by the next run alone");
        assert_eq!(world.told("a1", CUSTOMER, "Paid."), 1);
        assert_eq!(world.goods("a1", CUSTOMER).len(), 1);
        assert_eq!(world.told("a1", NEIGHBOUR, "Your balance"), 1);
    }
}
