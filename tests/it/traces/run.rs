//! What the real fleet records replays: through faults of the store, panics and the end of the world.

use crate::kit::CUSTOMER;
use shopfleet::actors::Point;
use shopfleet::domain::money::Money;
use shopfleet::sim::{CONFIRM, World, Write};
use shopfleet::store::faults::Fault;
use shopfleet::trace::replay::{Options, Replay, Replayed};
use std::fs;

/// Replays what the world has recorded so far.
fn check(world: &World) -> Replayed {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace.jsonl");
    fs::write(&path, world.trace()).unwrap();
    let replayed = Replay::open(&path).unwrap().run(&Options::default()).unwrap();
    if let Some(divergence) = &replayed.divergence {
        panic!("{divergence}");
    }
    assert_eq!((replayed.counts.applied, replayed.counts.left_out), (0, 0));
    replayed
}

/// Lets time pass, and lets the world begin again when it ends meanwhile.
fn survive(world: &mut World) {
    world.settle();
    if world.is_dead() {
        world.crash();
        world.settle();
    }
}

#[test]
fn a_run_with_a_crash_at_every_step_replays() {
    for step in 1..=24 {
        let mut world = World::new(31).with_shop();
        world.die_after(step);
        world.say("a1", CUSTOMER, "/buy prd_1 2");
        survive(&mut world);
        world.tap("a1", CUSTOMER, CONFIRM);
        survive(&mut world);
        world.buy("a1", CUSTOMER, 1);
        world.settle();
        let replayed = check(&world);
        // What the trace knows of the money at the end is what the disk knows.
        let ledger = replayed.machines.ledger.unwrap();
        assert_eq!(*ledger.book().balances(), world.chronicle().balances, "step {step}");
        assert!(replayed.counts.decided >= 15, "step {step}: {:?}", replayed.counts);
    }
}

#[test]
fn a_run_with_faults_and_panics_replays() {
    let mut world = World::new(32).with_shop();
    world.break_write(Write::Order, Fault::AnswerLost, 1);
    world.buy("a1", CUSTOMER, 1);
    world.settle();
    world.panic_at(Point::Ledger, "place_order", 1);
    world.buy("a1", CUSTOMER, 2);
    world.settle();
    assert_eq!(world.panics_left(), 0);
    let replayed = check(&world);
    assert!(replayed.machines.stock.unwrap().generation() > 1, "the core began anew");
    assert_eq!(world.balance("a1", CUSTOMER), Money::whole(67));
    let view = replayed.machines.view.unwrap();
    assert_eq!(view.tenants.len(), 2);
}
