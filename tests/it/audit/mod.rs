//! The audit is itself tried: a good day has no violation, and every single thing that somebody
//! changes is found and named.
//!
//! Rows name everything that the audit says, as `name id`, not only what was hoped for: a check that
//! fires too often is as useless as one that never does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod day;
mod documents;
mod journal;
mod rebuild;

use day::{business, documents as fold, journal as write};
use shopfleet::audit::{Auditor, Missing, Report};
use shopfleet::domain::chronicle::Chronicle;
use shopfleet::domain::invariant::INVARIANTS;
use shopfleet::store::Head;
use shopfleet::store::batch::BatchEntry;
use shopfleet::store::journal::StoredRecord;

/// A store's content as the audit sees it.
struct Stored {
    head: Head,
    documents: Chronicle,
    records: Vec<StoredRecord>,
    missing: Missing,
}

fn stored(entries: &[BatchEntry]) -> Stored {
    let (head, records) = write(entries);
    Stored { head, documents: fold(entries), records, missing: Missing::default() }
}

fn audit(stored: Stored) -> Report {
    let mut auditor = Auditor::new(stored.head, stored.documents);
    for record in &stored.records {
        auditor.record(record);
    }
    auditor.finish(&stored.missing)
}

/// What the audit says, one `name id` a violation, sorted.
fn findings(report: &Report) -> Vec<String> {
    let mut found: Vec<String> = report
        .violations
        .iter()
        .map(|violation| format!("{} {}", violation.name, violation.ids[0]))
        .collect();
    found.sort();
    found
}

fn check(what: &str, stored: Stored, expected: &[&str]) {
    let report = audit(stored);
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(findings(&report), expected, "{what}:\n{report}");
}

#[test]
fn a_good_day_has_no_violation_and_everything_was_looked_at() {
    let entries = business();
    let stored = stored(&entries);
    let records = stored.records.len();
    let report = audit(stored);
    assert!(report.is_clean(), "{report}");
    let checked = report.checked;
    assert_eq!(checked.journal_records, u64::try_from(records).unwrap());
    assert_eq!(checked.commands, u64::try_from(entries.len()).unwrap());
    assert_eq!(
        (checked.tenants, checked.items, checked.orders, checked.entries, checked.withdrawals),
        (3, 10, 6, 5, 4)
    );
    assert_eq!(checked.invariants, u64::try_from(INVARIANTS.len()).unwrap());
}

#[test]
fn an_empty_store_has_no_violation() {
    check("nothing", stored(&[]), &[]);
}

/// No invariant without a row: each name must be among what the rows expect.
#[test]
fn every_invariant_is_tried() {
    let tried: Vec<&str> = documents::rows().flat_map(|row| row.expected).copied().collect();
    for invariant in INVARIANTS {
        let name = format!("{} ", invariant.name);
        assert!(tried.iter().any(|row| row.starts_with(&name)), "no row for {}", invariant.name);
    }
}
