//! The command: what it prints, and that it does what the library does.

use shopfleet::sim::{Fault, Simulation};
use std::process::{Command, Output};

fn simulate(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shopfleet"));
    command.arg("simulate").args(arguments).output().expect("the program runs")
}

#[test]
fn one_seed_is_the_same_world_by_command_and_by_call() {
    let output = simulate(&[
        "--seeds",
        "5",
        "--orders",
        "12",
        "--customers",
        "6",
        "--faults",
        "flood,crash",
        "--json",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let document: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("one JSON document");
    let world = Simulation::new(5).customers(6).orders(12).fault(Fault::Flood);
    let report = world.fault(Fault::Crash).run();
    assert_eq!(document["worlds"][0]["fingerprint"], report.fingerprint_text());
    assert_eq!(document["failed_seeds"], serde_json::json!([]));
    for key in ["virtual_seconds", "wall_seconds", "orders_per_virtual_second", "times_real_time"] {
        assert!(document[key].is_number(), "{key}: {document}");
    }
    let progress = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(progress.contains("seed 5: "), "{progress}");
}

#[test]
fn wrong_seeds_and_faults_are_usage() {
    for (arguments, says) in [
        (["--seeds", "9..3"], "there is no seed in `9..3`"),
        (["--seeds", "x"], "is neither A..B nor one seed"),
        (["--seeds=1", "--faults=rain"], "there is no fault `rain`"),
    ] {
        let output = simulate(&arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(says), "{error}");
    }
}
