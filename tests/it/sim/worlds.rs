//! Worlds of fixed seeds: with everything that goes wrong, with nothing, and twice the same.

use shopfleet::domain::time::Millis;
use shopfleet::sandbox::world::FaultKind;
use shopfleet::sim::{All, CONFIRM, CUSTOMER, Fault, Law, Simulation, World};

/// A world in which every law holds, looked at from every side.
fn check(simulation: &Simulation) {
    let report = simulation.run();
    assert!(report.is_clean(), "{report}\n{:#?}", report.breaches);
    for law in Law::ALL {
        assert!(report.checks[&law] > 0, "{law} was never looked at in {report}");
    }
}

#[test]
fn laws_hold_in_good_weather() {
    check(&Simulation::new(1).customers(16).orders(60));
}

#[test]
fn laws_hold_in_every_weather() {
    for seed in 1..=3 {
        check(&Simulation::new(seed).customers(16).orders(60).faults(All));
    }
}

#[test]
fn every_fault_strikes_by_itself() {
    for fault in All {
        let report = Simulation::new(7).customers(8).orders(20).fault(fault).run();
        assert!(report.is_clean(), "{fault}: {report}");
        assert!(report.struck.keys().eq([&fault]), "{fault}: {:?}", report.struck);
    }
}

#[test]
fn a_seed_repeats_itself_byte_for_byte_and_another_differs() {
    let run = |seed| {
        let world = Simulation::new(seed).customers(12).orders(40).faults(All);
        world.run().without_wall_time()
    };
    let first = run(11);
    assert!(first.commits > 100 && first.calls > 500, "{first:?}");
    assert_eq!(first, run(11));
    assert_ne!(first.fingerprint, run(12).fingerprint);
}

/// An offer that a customer sees and takes while Telegram refuses every message.
fn owing(seed: u64) -> World {
    let mut world = World::new(seed).with_shop();
    world.say("a1", CUSTOMER, "/buy prd_1 1");
    world.settle();
    world.method_fails("a1", Some("sendMessage"), FaultKind::Server, Millis::from_hours(2));
    world.tap("a1", CUSTOMER, CONFIRM);
    world.settle();
    world
}

#[test]
fn a_world_says_what_it_leaks() {
    let mut world = World::new(5).with_shop();
    world.buy("a1", CUSTOMER, 1);
    world.settle();
    assert_eq!(world.leaks(), Vec::<String>::new());

    // What heals when the world is dropped is no leak then.
    let leaks = owing(6).leaks();
    assert!(leaks.len() == 1 && leaks[0].contains("is paid and not delivered"), "{leaks:?}");

    let mut world = World::new(7).with_shop();
    world.say("a1", CUSTOMER, "/buy prd_1 1");
    world.settle();
    world.tap("a1", CUSTOMER, CONFIRM);
    world.wait(Millis::from_ms(9));
    world.hold();
    assert_eq!(world.leaks(), ["a request is without an answer"]);
}

#[test]
#[should_panic(expected = "is paid and not delivered")]
fn a_world_that_leaks_panics_when_it_is_dropped() {
    let mut world = World::on_ports(8, super::defects::goods_never_arrive).with_shop();
    world.buy("a1", CUSTOMER, 1);
    world.settle();
}

/// What a fault is called is what it does: each can be named on the command line.
#[test]
fn faults_have_names_of_their_own() {
    let names: std::collections::BTreeSet<&str> = All.into_iter().map(Fault::name).collect();
    assert_eq!(names.len(), Fault::ALL.len());
}
