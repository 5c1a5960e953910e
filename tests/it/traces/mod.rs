//! Traces: every file in `tests/traces/` is a regression test with no code, and the replay itself is
//! tried: it says nothing about a good trace and finds whatever is changed, where it is changed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod command;
mod cut;
mod day;
mod detail;
mod run;

use shopfleet::trace::record::{Message, Record, VERSION};
use shopfleet::trace::replay::{Options, Replay, Replayed, replay};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder whose files are tests.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces")
}

fn replayed(records: &[Record]) -> Replayed {
    replay(records.iter().cloned(), &Options::default()).unwrap()
}

fn as_lines(records: &[Record]) -> String {
    let line = |record| serde_json::to_string(record).unwrap() + "\n";
    records.iter().map(line).collect()
}

/// Whether a machine decides about the record.
const fn is_decision(record: &Record) -> bool {
    match record.message {
        Message::Begin(_)
        | Message::Gap { .. }
        | Message::Checkpoint(_)
        | Message::Published { .. } => false,
        Message::Change(_)
        | Message::Ask { .. }
        | Message::Hold { .. }
        | Message::End { .. }
        | Message::Command(_)
        | Message::Fleet(_) => true,
    }
}

#[test]
fn every_trace_of_the_folder_replays() {
    let mut names: Vec<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for path in &names {
        let replayed = Replay::open(path).unwrap().run(&Options::default()).unwrap();
        if let Some(divergence) = &replayed.divergence {
            panic!("{divergence}");
        }
        assert!(replayed.counts.decided > 0, "{} decides nothing", path.display());
        assert!(replayed.torn.is_empty(), "{} is torn", path.display());
    }
    for version in 1..=VERSION {
        let released = format!("v{version}-");
        let is_of = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&released))
        };
        assert!(names.iter().any(is_of), "no file of version {version} of the format");
    }
}

#[test]
fn a_trace_replays_and_ends_with_what_the_machines_knew() {
    let records = day::records(3);
    let again = replayed(&records);
    assert!(again.divergence.is_none(), "{}", again.divergence.unwrap());
    let decisions = records.iter().filter(|record| is_decision(record)).count();
    assert_eq!(again.counts.decided, u64::try_from(decisions).unwrap());
    assert_eq!(again.counts.left_out + again.counts.dropped + again.counts.applied, 0);
    // The view is made of published batches alone, and shows what both machines show.
    let view = again.machines.view.unwrap();
    assert_eq!(view.tenants, *again.machines.ledger.unwrap().tenants());
    assert_eq!(view.catalog, *again.machines.stock.as_ref().unwrap().catalog());
    assert_eq!(view.version, 5);
}

#[test]
fn one_changed_digit_diverges_where_it_is_changed() {
    let records = day::records(1);
    let mut tried = 0;
    for (place, record) in records.iter().enumerate().filter(|(_, record)| is_decision(record)) {
        let outcome = serde_json::to_string(&record.outcome).unwrap();
        let digits = outcome.char_indices().filter(|(_, char)| char.is_ascii_digit());
        for (at, digit) in digits {
            let next = char::from_digit((digit.to_digit(10).unwrap() + 1) % 10, 10).unwrap();
            let mut changed = outcome.clone();
            changed.replace_range(at..=at, &next.to_string());
            // What cannot be read is found by the reader, in the same line.
            let Ok(outcome) = serde_json::from_str(&changed) else { continue };
            if outcome == record.outcome {
                continue;
            }
            let mut changed = records[..=place].to_vec();
            changed[place].outcome = outcome;
            let found = replayed(&changed).divergence.unwrap();
            assert_eq!(found.record.seq, record.seq);
            assert!(!found.differences().is_empty());
            tried += 1;
        }
    }
    assert!(tried > 300, "only {tried} digits were changed");
}
