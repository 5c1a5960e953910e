//! Commits that fail, at every point of a purchase and in every way a store can fail.

use crate::kit::CUSTOMER;
use shopfleet::domain::id::UserId;
use shopfleet::domain::money::Money;
use shopfleet::domain::time::Millis;
use shopfleet::sim::{CONFIRM, World, Write};
use shopfleet::store::faults::Fault;

const RICH: UserId = UserId::new(103);

/// A step of a purchase that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The chat's state with the offer; the price itself is a promise in memory.
    Offer,
    /// The order with its money and items.
    Order,
    /// The chat's state with the receipt.
    Receipt,
    /// The mark that Telegram has the goods.
    Delivery,
}

impl Step {
    const ALL: [Self; 4] = [Self::Offer, Self::Order, Self::Receipt, Self::Delivery];

    const fn write(self) -> Write {
        match self {
            Self::Offer | Self::Receipt => Write::Dialog,
            Self::Order => Write::Order,
            Self::Delivery => Write::Delivery,
        }
    }
}

/// A purchase whose `step` is written `times` as the fault says.
fn purchase(step: Step, fault: Fault, times: u32) -> World {
    let mut world = World::new(7).with_shop().with_customer("a1", RICH, 1000);
    if step == Step::Offer {
        world.break_write(step.write(), fault, times);
    }
    world.say("a1", CUSTOMER, "/buy prd_1 2");
    world.settle();
    if fault == Fault::Stall {
        world.release();
    }
    world.wait(Millis::from_secs(400));
    if step != Step::Offer {
        world.break_write(step.write(), fault, times);
    }
    world.take_offer("a1", CUSTOMER, 2);
    assert!(!world.struck().is_empty(), "{step:?} {fault:?} did not strike");
    world
}

/// Whatever happens to the write, the purchase is completed, once, by itself.
fn check(step: Step, fault: Fault, times: u32) {
    let mut world = purchase(step, fault, times);
    if fault == Fault::Stall && step != Step::Offer {
        assert_eq!(world.told("a1", CUSTOMER, "being recorded"), usize::from(step == Step::Order));
        assert_eq!(world.goods("a1", CUSTOMER).len(), if step == Step::Delivery { 2 } else { 0 });
        world.release();
    }
    world.wait(Millis::from_secs(400));
    world.check();
    let case = format!("{step:?} {fault:?} × {times}");
    assert_eq!(world.chronicle().orders.len(), 1, "{case}");
    assert_eq!(world.goods("a1", CUSTOMER).len(), 2, "{case}");
    assert_eq!(world.balance("a1", CUSTOMER), Money::whole(78), "{case}");
    assert_eq!(world.told("a1", CUSTOMER, "Paid."), 1, "{case}");
    world.check_nothing_is_held("a1", RICH);
}

#[test]
fn an_outage_is_waited_for() {
    for step in Step::ALL {
        check(step, Fault::Transient, 1);
        check(step, Fault::Transient, 40);
    }
}

#[test]
fn an_unknown_fate_is_read_from_the_store() {
    for step in Step::ALL {
        check(step, Fault::AnswerLost, 1);
        check(step, Fault::NeverWritten, 1);
        check(step, Fault::AnswerLost, 2);
        check(step, Fault::NeverWritten, 2);
    }
}

#[test]
fn a_batch_that_lands_late_lands_once_or_never() {
    for step in Step::ALL {
        check(step, Fault::LateBy(Millis::from_ms(1)), 1);
        check(step, Fault::LateBy(Millis::from_secs(1)), 1);
        check(step, Fault::JustBeforeEpoch, 1);
        check(step, Fault::JustAfterEpoch, 1);
    }
}

#[test]
fn a_stalled_store_is_told_of_and_answered_later() {
    for step in Step::ALL {
        check(step, Fault::Stall, 1);
    }
}

/// A refusal of what is not a decision, once: written by the next attempt.
#[test]
fn what_must_be_written_is_written_after_a_refusal() {
    for step in [Step::Offer, Step::Receipt, Step::Delivery] {
        check(step, Fault::Definite, 1);
    }
}

#[test]
fn an_order_that_the_store_refuses_is_refused_and_nothing_else() {
    let mut world = purchase(Step::Order, Fault::Definite, 1);
    world.check();
    assert_eq!(world.told("a1", CUSTOMER, "could not be recorded"), 1);
    assert_eq!(world.balance("a1", CUSTOMER), Money::whole(100));
    assert_eq!(world.chronicle().orders.len(), 0);
    world.buy("a1", CUSTOMER, 2);
    world.settle();
    world.check();
    assert_eq!(world.goods("a1", CUSTOMER).len(), 2);
    world.check_nothing_is_held("a1", RICH);
}

#[test]
fn only_the_culprit_of_a_batch_is_refused() {
    let people: Vec<UserId> = (200..210).map(UserId::new).collect();
    let culprit = people[5];
    let mut world = World::new(8).with_shop().with_customer("a1", RICH, 1000);
    for user in &people {
        world = world.with_customer("a1", *user, 20);
        world.say("a1", *user, "/buy prd_1 1");
    }
    world.settle();
    world.break_write(Write::OrderOf(culprit), Fault::Definite, u32::MAX);
    for user in &people {
        world.tap("a1", *user, CONFIRM);
    }
    world.settle();
    world.check();
    assert!(world.struck().len() >= 2, "the batch, then the culprit alone");
    for user in &people {
        let (refused, left) = if *user == culprit { (1, 20) } else { (0, 9) };
        assert_eq!(world.told("a1", *user, "could not be recorded"), refused, "{user}");
        assert_eq!(world.balance("a1", *user), Money::whole(left), "{user}");
    }
    world.heal();
    world.check_nothing_is_held("a1", RICH);
}

/// A chat whose state the store never takes is that chat's trouble alone.
#[test]
fn a_chat_that_cannot_be_written_delays_nobody_else() {
    const NEIGHBOUR: UserId = UserId::new(101);
    let mut world = World::new(9).with_shop().with_customer("a1", NEIGHBOUR, 100);
    world.break_write(Write::DialogOf(CUSTOMER.number()), Fault::Definite, u32::MAX);
    world.say("a1", CUSTOMER, "/balance");
    world.wait(Millis::from_secs(120));
    for _ in 0..3 {
        world.buy("a1", NEIGHBOUR, 1);
        world.settle();
    }
    assert_eq!(world.goods("a1", NEIGHBOUR).len(), 3, "{:#?}", world.heard("a1", NEIGHBOUR));
    world.heal();
    world.wait(Millis::from_secs(400));
    world.say("a1", CUSTOMER, "/balance");
    world.settle();
    assert!(world.told("a1", CUSTOMER, "Your balance") > 0);
    world.check();
}

#[test]
fn a_full_committer_says_busy_before_anything_is_decided() {
    const PERMITS: usize = 16;
    let people: Vec<UserId> = (200..240).map(UserId::new).collect();
    let mut world = World::tuned(10, |config| config.core.permits = PERMITS)
        .with_shop()
        .with_customer("a1", RICH, 1000);
    for user in &people {
        world = world.with_customer("a1", *user, 20);
    }
    for user in &people {
        world.say("a1", *user, "/buy prd_1 1");
        world.wait(Millis::from_secs(1));
    }
    world.break_write(Write::Order, Fault::Stall, 1);
    for user in &people {
        world.tap("a1", *user, CONFIRM);
    }
    world.settle();
    let told = |world: &World, part: &str| -> Vec<UserId> {
        people.iter().copied().filter(|user| world.told("a1", *user, part) > 0).collect()
    };
    let busy = told(&world, "Nothing was charged.");
    assert_eq!(busy.len(), people.len() - PERMITS, "told while the store is stalled");
    assert_eq!(told(&world, "being recorded").len(), PERMITS);
    world.release();
    world.settle();
    world.check();
    assert_eq!(told(&world, "Paid.").len(), PERMITS);
    for user in busy {
        assert_eq!(world.balance("a1", user), Money::whole(20), "{user}");
        assert_eq!(world.told("a1", user, "Nothing was charged."), 1, "{user}");
    }
    world.check_nothing_is_held("a1", RICH);
}
