//! Pieces: they replay, they are small, and they show the same fault as the whole.

use super::{as_lines, day, is_decision, replayed};
use shopfleet::domain::outcome::Outcome;
use shopfleet::trace::cut::{CutError, Piece, cut};
use shopfleet::trace::record::{Record, Verdict};
use shopfleet::trace::show::{Focus, line};
use std::convert::Infallible;

fn piece(records: &[Record], focus: Focus) -> Result<Piece, CutError<Infallible>> {
    cut(records.iter().cloned().map(Ok), focus)
}

/// The piece keeps every decision about the focus, replays, and has at most so many per mille of the
/// whole's bytes.
fn check(records: &[Record], focus: &Focus, per_mille: usize) -> Vec<Record> {
    let piece = piece(records, focus.clone()).unwrap();
    let again = replayed(&piece.records);
    assert!(again.divergence.is_none(), "{}", again.divergence.unwrap());
    let mut about = focus.clone();
    let wanted: Vec<u64> = records
        .iter()
        .filter(|record| about.has(record) && is_decision(record))
        .map(|record| record.seq)
        .collect();
    assert!(!wanted.is_empty());
    for seq in wanted {
        assert!(piece.records.iter().any(|record| record.seq == seq), "record {seq} is gone");
    }
    let (small, whole) = (as_lines(&piece.records).len(), as_lines(records).len());
    assert!(
        small * 1_000 <= whole * per_mille,
        "{small} of {whole} bytes:\n{}",
        shown(&piece.records)
    );
    piece.records
}

fn shown(records: &[Record]) -> String {
    records.iter().map(|record| line(record) + "\n").collect()
}

#[test]
fn an_order_is_cut_out_with_what_it_needs() {
    let records = day::records(40);
    for number in [0, 17, 39] {
        let piece = check(&records, &Focus::order(&day::order(number)), 30);
        assert!(piece.len() <= 16, "{}", shown(&piece));
    }
}

#[test]
fn a_customer_and_an_agent_are_cut_out() {
    let records = day::records(12);
    check(&records, &Focus::chat(day::customer(7).number()), 150);
    let agent = "a1".parse().unwrap();
    let piece = check(&records, &Focus::agent(&agent), 800);
    assert!(piece.len() < records.len());
}

#[test]
fn a_corrected_piece_fails_until_the_fault_is_mended() {
    let records = day::records(10);
    let mut piece = piece(&records, Focus::order(&day::order(4))).unwrap().records;
    let placed = piece.iter_mut().find_map(|record| match &mut record.outcome {
        Some(Verdict::Accepted { answer: Outcome::OrderPlaced(receipt), .. }) => {
            Some((record.seq, receipt))
        }
        _ => None,
    });
    let (seq, receipt) = placed.unwrap();
    receipt.balance = "9".parse().unwrap();
    assert_eq!(replayed(&piece).divergence.unwrap().record.seq, seq);
}

#[test]
fn a_piece_of_a_trace_that_diverges_diverges_at_the_same_record() {
    let mut records = day::records(10);
    let order = day::order(6);
    let wrong = records.iter_mut().find_map(|record| match &mut record.outcome {
        Some(Verdict::Accepted { answer: Outcome::OrderPlaced(receipt), .. })
            if receipt.order == order =>
        {
            receipt.balance = "9".parse().unwrap();
            Some(record.seq)
        }
        _ => None,
    });
    let cut_out = piece(&records, Focus::order(&order)).unwrap();
    assert_eq!(cut_out.diverges_at, wrong);
    let found = replayed(&cut_out.records).divergence.unwrap();
    assert_eq!(Some(found.record.seq), wrong);
    assert!(cut_out.records.len() <= 16, "{}", shown(&cut_out.records));
    // What comes after it cannot be replayed, so there is nothing to cut.
    let after = piece(&records, Focus::order(&day::order(8))).unwrap_err();
    assert!(matches!(after, CutError::DivergesBefore { .. }), "{after}");
    let nobody = piece(&day::records(1), Focus::chat(-7)).unwrap_err();
    assert!(matches!(nobody, CutError::Nothing), "{nobody}");
}
