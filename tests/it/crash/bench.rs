//! The benches run, and print what scripts read. What they find is not judged here.

use serde_json::Value;
use std::process::Command;

/// Runs a small bench and checks the keys of its document.
fn check(what: &str, keys: &[&str]) {
    let directory = tempfile::tempdir().expect("a directory");
    let small = "--items 100 --entries 100 --customers 20 --in-flight 20 --orders 50 --json --dir";
    let output = Command::new(env!("CARGO_BIN_EXE_shopfleet"))
        .args(["bench", what])
        .args(small.split(' '))
        .arg(directory.path())
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    for key in keys {
        assert!(document[key].is_number(), "{key} is not in {document}");
    }
    let left = std::fs::read_dir(directory.path()).expect("reads").count();
    assert_eq!(left, 0, "the bench removes what it made");
}

#[test]
fn bench_orders_prints_its_figures() {
    check(
        "orders",
        &["orders_per_second", "p99_ms", "ratio", "raw_orders_per_second", "alone_ratio"],
    );
}

#[test]
fn bench_store_prints_its_figures() {
    check(
        "store",
        &["batches_of_1000_orders_per_second", "batches_of_1_commit_p99_ms", "start_ms"],
    );
}
