//! What a replay looks at and what it says: limits, single actors and shops, gaps, rotation, batches.

use super::{as_lines, day, is_decision, replayed};
use shopfleet::domain::event::RULES_VERSION;
use shopfleet::domain::id::TenantId;
use shopfleet::domain::outcome::Outcome;
use shopfleet::trace::record::{Actor, Checkpoint, Entry, Message, Record, VERSION, Verdict};
use shopfleet::trace::replay::{Counts, Options, ReadError, Replay, Replayer, replay};
use std::fs;
use std::io::Write as _;

/// How many records of the trace fit.
fn count(records: &[Record], fits: impl Fn(&Record) -> bool) -> u64 {
    u64::try_from(records.iter().filter(|record| fits(record)).count()).unwrap()
}

fn counted(records: &[Record], options: &Options) -> Counts {
    let replayed = replay(records.iter().cloned(), options).unwrap();
    assert!(replayed.divergence.is_none(), "{}", replayed.divergence.unwrap());
    replayed.counts
}

#[test]
fn it_stops_after_the_record_asked_for() {
    let records = day::records(2);
    let middle = records[records.len() / 2].seq;
    let options = Options { until: Some(middle), ..Options::default() };
    let counts = counted(&records, &options);
    assert_eq!(counts.records, count(&records, |record| record.seq <= middle));
    // The state there is the state that a longer replay passes through.
    let there = replay(records.iter().cloned(), &options).unwrap().machines;
    let mut replayer = Replayer::new(&Options::default());
    for record in records.iter().filter(|record| record.seq <= middle) {
        replayer.record(record.clone()).unwrap();
    }
    assert_eq!(*replayer.machines(), there);
}

#[test]
fn one_actor_is_decided_alone() {
    let records = day::records(2);
    for actor in [Actor::Stock, Actor::Ledger] {
        let options = Options { actor: Some(actor), ..Options::default() };
        let expected = count(&records, |record| record.actor == actor && is_decision(record));
        assert_eq!(counted(&records, &options).decided, expected, "{actor}");
    }
    let options = Options { actor: Some(Actor::Committer), ..Options::default() };
    let replayed = replay(records.iter().cloned(), &options).unwrap();
    assert_eq!(replayed.counts.decided, 0);
    assert_eq!(replayed.machines.view.unwrap().version, 4);
    assert!(replayed.machines.stock.is_none());
}

#[test]
fn one_shop_is_decided_and_the_rest_is_applied() {
    let records = day::records(2);
    let mine =
        |record: &Record| is_decision(record) && record.message.tenant() == Some(&day::shop());
    let options = Options { tenant: Some(day::shop()), ..Options::default() };
    let counts = counted(&records, &options);
    assert_eq!(counts.decided, count(&records, mine));
    assert_eq!(counts.decided + counts.applied, count(&records, is_decision));
    // A wrong answer of another shop is none of its business.
    let mut wrong = records.clone();
    let receipt = wrong.iter_mut().rev().find_map(|record| match &mut record.outcome {
        Some(Verdict::Accepted { answer: Outcome::OrderPlaced(receipt), .. })
            if record.message.tenant() == Some(&TenantId::Master) =>
        {
            Some(receipt)
        }
        _ => None,
    });
    receipt.unwrap().balance = "1".parse().unwrap();
    assert_eq!(counted(&wrong, &options).decided, counts.decided);
    assert!(replayed(&wrong).divergence.is_some());
}

#[test]
fn a_divergence_shows_message_difference_and_state() {
    let mut records = day::records(2);
    let order = day::order(1);
    let record = records.iter_mut().find(|record| {
        let text = serde_json::to_string(&record.outcome).unwrap();
        text.contains("order_placed") && text.contains(&order.to_string())
    });
    let record = record.unwrap();
    let Some(Verdict::Accepted { answer: Outcome::OrderPlaced(receipt), .. }) = &mut record.outcome
    else {
        panic!("an order was placed");
    };
    receipt.balance = "8".parse().unwrap();
    let seq = record.seq;
    let found = replayed(&records).divergence.unwrap();
    assert_eq!(found.record.seq, seq);
    let said = found.to_string();
    for part in [
        &format!("first divergence at record {seq}\n"),
        "501 at agent:a1) -> ledger: place_order",
        "\n  - /accepted/answer/order_placed/balance \"8\"\n",
        "\n  + /accepted/answer/order_placed/balance \"7\"\n",
        "ledger/book/customer/agent:a1/501 \"20\"",
        "ledger/tenants/agent:a1 ",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    for stranger in ["customer/agent:a1/500", "customer/master/500"] {
        assert!(!said.contains(stranger), "{stranger} does not concern it:\n{said}");
    }
    assert!(said.lines().count() < 60, "{said}");
}

/// The records from `from` on as the recorder goes on after a gap or in a new file: checkpoints come
/// first.
fn go_on(records: &[Record], from: usize, first: Message) -> Vec<Record> {
    let mut replayer = Replayer::new(&Options::default());
    records[..from].iter().for_each(|record| replayer.record(record.clone()).unwrap());
    let at = records[from].at;
    let messages = std::iter::once(first)
        .chain(replayer.machines().checkpoints().into_iter().map(Message::Checkpoint));
    let mut seq = records[from - 1].seq;
    let mut on: Vec<Record> = messages
        .map(|message| {
            seq += 1;
            let actor = message.actor();
            Entry::from(message).into_record(seq, at, actor)
        })
        .collect();
    let moved = u64::try_from(on.len()).unwrap();
    on.extend(records[from..].iter().cloned().map(|mut record| {
        record.seq += moved;
        if let Message::Published { of, .. } = &mut record.message {
            of.iter_mut().filter(|seq| **seq >= records[from].seq).for_each(|seq| *seq += moved);
        }
        record
    }));
    on
}

/// A place where everything decided is published.
fn after_a_batch(records: &[Record]) -> usize {
    let batch = |record: &Record| matches!(record.message, Message::Published { .. });
    let second = records.iter().enumerate().filter(|(_, record)| batch(record)).nth(1);
    second.unwrap().0 + 1
}

#[test]
fn a_file_that_goes_on_must_begin_with_what_is_known() {
    let records = day::records(2);
    let from = after_a_batch(&records);
    let begin = records[0].message.clone();
    let second = go_on(&records, from, begin);
    let both = [&records[..from], &second].concat();
    let again = replayed(&both);
    assert!(again.divergence.is_none(), "{}", again.divergence.unwrap());
    assert_eq!(again.counts.decided, count(&records, is_decision));
    // It replays by itself as well.
    assert!(replayed(&second).divergence.is_none());
    // A checkpoint that knows something else is where somebody else wrote.
    let mut foreign = both;
    let place = from + 1;
    let Message::Checkpoint(Checkpoint::Stock(stock)) = &mut foreign[place].message else {
        panic!("the stockroom comes first");
    };
    let fact = records[..from].iter().find_map(|record| match &record.outcome {
        Some(Verdict::Held { event }) => Some(event.clone()),
        _ => None,
    });
    stock.apply(&fact.unwrap());
    let found = replayed(&foreign).divergence.unwrap();
    assert_eq!(found.record.seq, foreign[place].seq);
}

#[test]
fn after_a_gap_the_trace_goes_on_by_itself() {
    let records = day::records(3);
    let from = after_a_batch(&records);
    let gap = Message::Gap { dropped: 7, since: records[from].at };
    let both = [&records[..from - 5], &go_on(&records, from, gap)].concat();
    let again = replayed(&both);
    assert!(again.divergence.is_none(), "{}", again.divergence.unwrap());
    assert_eq!(again.counts.dropped, 7);
    assert_eq!(again.counts.left_out, 5);
}

#[test]
fn what_nobody_decided_cannot_become_durable() {
    let mut records = day::records(1);
    let ask = records.iter().find(|record| matches!(record.message, Message::Ask { .. }));
    let (ask, batch) = (ask.unwrap().seq, records.len() - 1);
    let Message::Published { of, .. } = &mut records[batch].message else {
        panic!("a day ends with a batch");
    };
    of.push(ask);
    let found = replayed(&records).divergence.unwrap();
    assert_eq!(found.record.seq, records[batch].seq);
    assert!(found.to_string().contains(&format!("record {ask} became durable")));
}

#[test]
fn what_cannot_be_read_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.jsonl");
    let records = day::records(1);
    let lines = as_lines(&records);
    let check = |text: &str, expected: &str| {
        fs::write(&path, text).unwrap();
        let error = Replay::open(&path).unwrap().run(&Options::default()).unwrap_err();
        let said = error.to_string();
        let place = format!("{}:", path.display());
        assert!(said.starts_with(&place) && said.contains(expected), "{said}");
        error
    };
    let second = lines.split_inclusive('\n').nth(1).unwrap();
    check(&lines.replacen(second, "{\"v\":1,\"rules\":1}\n", 1), ":2: not a record of a trace");
    let newer = second.replacen("\"v\":1", "\"v\":2", 1);
    let error = check(&lines.replacen(second, &newer, 1), "version 2, this program knows up to 1");
    assert!(matches!(error, ReadError::Newer { found: 2, .. }));
    let unknown = format!("{{\"v\":{},\"new\":true}}\n", VERSION + 1);
    check(&lines.replacen(second, &unknown, 1), ":2: the record has version");
    let first = lines.split_inclusive('\n').next().unwrap();
    check(&lines.replacen(first, "", 1), ":1: a trace begins with a `begin` record");
    let last_first = format!("{first}{}", lines.split_inclusive('\n').next_back().unwrap());
    check(&format!("{last_first}{second}"), ":3: record 2 comes after record");
    let ledger = lines.split_inclusive('\n').nth(2).unwrap();
    check(&lines.replacen(ledger, "", 1), "a record of ledger before its first checkpoint");
    // Half a line at the end is what a killed process leaves.
    fs::write(&path, &lines[..lines.len() - 9]).unwrap();
    let replayed = Replay::open(&path).unwrap().run(&Options::default()).unwrap();
    assert!(replayed.divergence.is_none());
    assert_eq!(replayed.torn.len(), 1);
}

#[test]
fn records_of_other_rules_are_applied_as_they_are() {
    let mut records = day::records(1);
    for record in &mut records {
        record.rules = RULES_VERSION + 1;
    }
    let counts = counted(&records, &Options::default());
    assert_eq!((counts.decided, counts.applied), (0, count(&records, is_decision)));
}

#[test]
fn compressed_files_are_read_like_plain_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1.jsonl.gz"), folder.path().join("2.jsonl"));
    let records = day::records(2);
    let from = after_a_batch(&records);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(as_lines(&records[..from]).as_bytes()).unwrap();
    fs::write(&first, packed.finish().unwrap()).unwrap();
    fs::write(&second, as_lines(&go_on(&records, from, records[0].message.clone()))).unwrap();
    let replayed = Replay::open_all(&[first, second]).unwrap().run(&Options::default()).unwrap();
    assert!(replayed.divergence.is_none());
    assert_eq!(replayed.counts.decided, count(&records, is_decision));
}
