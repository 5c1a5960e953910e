//! The audit is itself tried: a good day has no violation, and every single thing that somebody
//! changes is found and named.
//!
//! Rows name everything that the audit says, as `name id`, not only what was hoped for: a check that
//! fires too often is as useless as one that never does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod beside;
mod day;
mod digits;
mod documents;
mod journal;
mod rebuild;

use day::{business, documents as fold, journal as write};
use shopfleet::audit::{Auditor, Beside, Report, checks};
use shopfleet::domain::chronicle::Chronicle;
use shopfleet::domain::invariant::{Check, INVARIANTS};
use shopfleet::store::Head;
use shopfleet::store::batch::BatchEntry;
use shopfleet::store::journal::StoredRecord;
use std::collections::BTreeSet;

/// How many updates a bot's inbox may hold here.
const INBOX_MAX: usize = 100;

/// One change and everything that the audit must say of it.
struct Row<T: 'static> {
    what: &'static str,
    change: fn(&mut T),
    expected: &'static [&'static str],
}

const fn row<T>(
    what: &'static str,
    change: fn(&mut T),
    expected: &'static [&'static str],
) -> Row<T> {
    Row { what, change, expected }
}

/// A store's content as the audit sees it.
struct Stored {
    head: Head,
    documents: Chronicle,
    records: Vec<StoredRecord>,
    beside: Beside,
}

fn stored(entries: &[BatchEntry]) -> Stored {
    let (head, records) = write(entries);
    Stored {
        head,
        documents: fold(entries),
        records,
        beside: Beside { inbox_max: INBOX_MAX, ..Beside::default() },
    }
}

fn audit(stored: Stored) -> Report {
    let mut auditor = Auditor::new(stored.head, stored.documents);
    for record in &stored.records {
        auditor.record(record);
    }
    auditor.finish(&stored.beside)
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
    for violation in &report.violations {
        let check = Check::new(violation.law, violation.name);
        assert!(report.checks.contains(&check), "{what}: {check:?} is not listed");
    }
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

/// No check without a row, no row of a check that is not listed, and no law without a check.
#[test]
fn every_check_is_tried() {
    let rows = documents::rows().map(|row| row.expected);
    let rows =
        rows.chain(journal::expectations()).chain(beside::ROWS.iter().map(|row| row.expected));
    let found = rows.flatten().map(|found| found.split(' ').next().unwrap_or_default());
    let tried: BTreeSet<&str> = found.collect();
    let listed: BTreeSet<&str> = checks().iter().map(|check| check.name).collect();
    assert_eq!(tried, listed, "what rows expect, and what the audit says that it checks");
    let laws: BTreeSet<u8> = checks().iter().map(|check| check.law).collect();
    assert_eq!(laws, (1..=13).collect(), "each law of DESIGN.md, section 2");
}

/// `docs/audit.md` is the list that people read.
#[test]
fn the_page_lists_every_check() {
    let page = include_str!("../../../docs/audit.md");
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let law: u8 = cells.next()?.parse().ok()?;
        Some((law, cells.next()?.trim_matches('`')))
    });
    let listed: BTreeSet<(u8, &str)> = rows.collect();
    let made: BTreeSet<(u8, &str)> = checks().iter().map(|check| (check.law, check.name)).collect();
    assert_eq!(listed, made);
}
