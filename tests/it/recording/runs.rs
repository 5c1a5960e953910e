//! Runs of a whole fleet whose traces are looked at. Every test that checks a world replays its trace
//! besides; here is what is special.

use super::{check, records};
use crate::kit::{ADMIN, CUSTOMER};
use shopfleet::domain::id::UserId;
use shopfleet::sim::{CONFIRM, MASTER, World};
use shopfleet::trace::record::{Actor, Message, Verdict};
use std::collections::BTreeSet;

fn a_day(seed: u64) -> World {
    let mut world = World::new(seed).with_shop();
    world.buy("a1", CUSTOMER, 2);
    world.settle();
    world.crash();
    world.settle();
    world.buy("a1", CUSTOMER, 1);
    world.settle();
    world
}

#[test]
fn the_same_seed_writes_the_same_bytes() {
    let (one, other) = (a_day(21).trace(), a_day(21).trace());
    assert!(one == other, "two runs of one seed");
    assert!(one != a_day(22).trace());
}

#[test]
fn every_actor_is_on_record_and_every_generation_begins_with_checkpoints() {
    let world = a_day(23);
    world.check();
    let records = records(&world.trace());
    let seqs: Vec<u64> = records.iter().map(|record| record.seq).collect();
    let count = u64::try_from(records.len()).expect("a few");
    assert!(seqs.iter().copied().eq(1..=count), "no number is missing");
    let actors: BTreeSet<Actor> = records.iter().map(|record| record.actor).collect();
    assert_eq!(actors, Actor::ALL.into());
    let words: Vec<bool> =
        records.iter().map(|record| matches!(record.message, Message::Checkpoint(_))).collect();
    let begins = words.windows(3).filter(|three| **three == [true; 3]).count();
    assert_eq!(begins, 2, "two generations, three checkpoints each");
    let sold = records.iter().filter(|record| matches!(record.outcome, Some(Verdict::Held { .. })));
    assert_eq!(sold.count(), 2);
}

#[test]
fn what_is_replayed_is_what_everybody_sees() {
    let world = a_day(24);
    let replayed = check(&world.trace());
    assert_eq!(replayed.machines.view.as_deref().map(|view| view.version), Some(world.version()));
    let ledger = replayed.machines.ledger.expect("a ledger");
    assert_eq!(*ledger.book().balances(), world.chronicle().balances);
}

#[test]
fn those_who_wait_for_the_end_of_a_hold_are_on_record() {
    let others: Vec<UserId> = (300..304).map(UserId::new).collect();
    let mut world = World::new(25).with_shop();
    for user in &others {
        world = world.with_customer("a1", *user, 1_000);
    }
    for user in &others {
        world.say("a1", *user, "/buy prd_1 20");
    }
    world.settle();
    // All take everything at once: the first gets it, the others are told how many are left.
    for user in &others {
        world.tap("a1", *user, CONFIRM);
    }
    world.settle();
    world.say(MASTER, ADMIN, "/goods");
    world.settle();
    world.check();
    let records = records(&world.trace());
    let not_held = |waits: bool| {
        let so = |outcome: &Option<Verdict>| matches!(outcome, Some(Verdict::NotHeld { waits: found, .. }) if *found == waits);
        records.iter().filter(|record| so(&record.outcome)).count()
    };
    assert!(not_held(true) >= 1, "somebody waited");
    assert!(not_held(false) >= 3, "and three were told that nothing is left");
}
