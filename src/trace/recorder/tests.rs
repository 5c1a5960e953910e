//! Whatever happens between actors and writer, what is taken replays, and what is not is counted.

use super::*;
use crate::domain::access::Access;
use crate::domain::command::{Caller, Command};
use crate::domain::event::{Event, facts};
use crate::domain::id::{TenantId, UserId};
use crate::domain::ledger::{LedgerCommand, LedgerMachine, Rules};
use crate::domain::money::Money;
use crate::domain::sealed::Fingerprint;
use crate::domain::stock::{StockCommand, StockMachine};
use crate::domain::tenant::BotIdentity;
use crate::domain::view::View;
use crate::trace::record::Verdict;
use crate::trace::replay::{Options, Replayed, replay};
use proptest::prelude::*;

/// The only admin.
const ADMIN: UserId = UserId::new(1);

/// A core without actors: it decides, records, applies and publishes as they do.
pub(in crate::trace) struct Shop {
    pub(in crate::trace) recorder: Recorder,
    pub(in crate::trace) now: Timestamp,
    stock: StockMachine,
    ledger: LedgerMachine,
    view: View,
    /// Decisions that wait for a batch, with their facts.
    decided: Vec<(Option<u64>, Vec<Event>)>,
    number: u32,
    /// Decisions and batches so far, recorded or not.
    pub(in crate::trace) told: u64,
}

pub(in crate::trace) fn header() -> Header {
    let access = Access { admins: [ADMIN].into() };
    Header { program: "test".to_owned(), rules: Rules::standard(), access }
}

impl Shop {
    /// A shop with a master, recorded from its first moment.
    pub(in crate::trace) fn open(recorder: Recorder) -> Self {
        let Header { rules, access, .. } = header();
        let stock = StockMachine::new(1, access.clone(), rules.keep_ids);
        let mut ledger = LedgerMachine::new(rules, access);
        let now = Timestamp::from_ms(1_760_000_000_000);
        let token = Fingerprint::new([1; 16]);
        let bot = BotIdentity { id: UserId::new(9), username: "main_bot".to_owned(), token };
        let open = LedgerCommand::RegisterMaster { name: "Main".to_owned(), bot };
        let opened = ledger.decide(&command(0, Caller::System, open), now).expect("a first master");
        opened.events.iter().for_each(|event| ledger.apply(event));
        let view = View::new(0, &stock, ledger.tenants().clone());
        recorder.renew(|| now, || Checkpoint::Stock(Box::new(stock.clone())));
        recorder.renew(|| now, || Checkpoint::Ledger(Box::new(ledger.clone())));
        recorder.renew(|| now, || Checkpoint::View(Box::new(view.clone())));
        Self { recorder, now, stock, ledger, view, decided: Vec::new(), number: 0, told: 0 }
    }

    /// StockActor makes a category.
    pub(in crate::trace) fn categorise(&mut self) {
        self.number += 1;
        let body = StockCommand::CreateCategory { name: format!("Olivia's {}", self.number) };
        let command = command(self.number, Caller::User(ADMIN), body);
        let decided = self.stock.decide(&command, self.now);
        let state = || Checkpoint::Stock(Box::new(self.stock.clone()));
        let seq = self.recorder.record(
            Actor::Stock,
            || self.now,
            state,
            || Entry {
                id: Some(command.id.clone()),
                message: Message::Change(command.clone()),
                outcome: Some(Verdict::of_change(decided.clone())),
            },
        );
        let events = decided.expect("a new name").events;
        events.iter().for_each(|event| self.stock.apply(event));
        self.decided.push((seq, events.into_iter().map(Event::Stock).collect()));
        self.told += 1;
    }

    /// LedgerActor gives somebody money.
    pub(in crate::trace) fn credit(&mut self) {
        self.number += 1;
        let body = LedgerCommand::Credit {
            tenant: TenantId::Master,
            user: UserId::new(5),
            amount: Money::whole(i64::from(self.number)),
            reason: format!("for Olivia {}", self.number),
        };
        let command = command(self.number, Caller::User(ADMIN), body);
        let decided = self.ledger.decide(&command, self.now);
        let state = || Checkpoint::Ledger(Box::new(self.ledger.clone()));
        let seq = self.recorder.record(
            Actor::Ledger,
            || self.now,
            state,
            || Entry {
                id: Some(command.id.clone()),
                message: Message::Command(command.clone()),
                outcome: Some(Verdict::of_command(decided.clone(), None)),
            },
        );
        let events = decided.expect("within range").events;
        events.iter().for_each(|event| self.ledger.apply(event));
        self.decided.push((seq, events.into_iter().map(Event::Ledger).collect()));
        self.told += 1;
    }

    /// The Committer publishes the oldest `count` decisions that wait.
    pub(in crate::trace) fn publish(&mut self, count: usize) {
        let batch: Vec<_> = self.decided.drain(..count.min(self.decided.len())).collect();
        let of: Vec<Option<u64>> = batch.iter().map(|(seq, _)| *seq).collect();
        let events: Vec<Event> =
            batch.into_iter().flat_map(|(_, events)| facts(events.into_iter())).collect();
        let version = self.view.version + 1;
        self.view.apply(version, events.iter());
        let view = || Checkpoint::View(Box::new(self.view.clone()));
        self.recorder.publish(|| self.now, version, &of, view);
        self.told += 1;
    }

    /// That the records replay, and lead where the shop is unless its last records are missing.
    pub(in crate::trace) fn check(&self, records: Vec<Record>, whole: bool) -> Replayed {
        let replayed = replay(records, &Options::default()).expect("a trace");
        assert!(replayed.divergence.is_none(), "{}", replayed.divergence.expect("just seen"));
        if whole {
            let machines = &replayed.machines;
            assert!(machines.stock.as_deref().is_none_or(|stock| *stock == self.stock));
            assert!(machines.ledger.as_deref().is_none_or(|ledger| *ledger == self.ledger));
            assert!(machines.view.as_deref().is_none_or(|view| *view == self.view));
        }
        replayed
    }
}

fn command<Body>(number: u32, caller: Caller, body: Body) -> Command<Body> {
    let id = format!("t:{number}").parse().expect("a valid id");
    Command { id, tenant: TenantId::Master, caller, body }
}

/// Takes what waits, as the writer does.
fn drain(queue: &Queue) -> Vec<Record> {
    let records = std::mem::take(&mut queue.0.lock().waiting);
    for pair in records.windows(2) {
        assert!(pair[0].seq < pair[1].seq);
    }
    records
}

/// Decisions and batches that the records tell of, those that they call missing included.
fn accounted(records: &[Record]) -> u64 {
    let told = |record: &Record| match &record.message {
        Message::Gap { dropped, .. } => *dropped,
        Message::Begin(_) => 0,
        // In the place of a batch, unless it stands before a decision.
        Message::Checkpoint(Checkpoint::View(_)) => 1,
        Message::Checkpoint(_) => 0,
        Message::Change(_)
        | Message::Ask { .. }
        | Message::Hold { .. }
        | Message::End { .. }
        | Message::Command(_)
        | Message::Fleet(_)
        | Message::Published { .. } => 1,
    };
    records.iter().map(told).sum()
}

#[test]
fn a_full_queue_is_counted_and_the_trace_goes_on_behind_checkpoints() {
    let (recorder, queue) = Recorder::queued(header(), 10);
    let mut shop = Shop::open(recorder);
    for _ in 0..20 {
        shop.categorise();
        shop.credit();
    }
    let mut records = drain(&queue);
    assert!(records.len() <= 12, "{} records waited", records.len());
    shop.credit();
    assert!(drain(&queue).is_empty(), "the gap is not over before its time");
    shop.now = shop.now + QUIET;
    shop.publish(40);
    shop.credit();
    shop.publish(1);
    shop.credit();
    shop.publish(2);
    records.extend(drain(&queue));
    assert_eq!(accounted(&records), shop.told + 1, "the first checkpoint of the view is no batch");
    let gap = records.iter().position(|record| matches!(record.message, Message::Gap { .. }));
    let after = &records[gap.expect("a gap is declared") + 1..];
    let words: Vec<&str> = after.iter().map(|record| word(&record.message)).collect();
    // The batch of what is missing is a picture; the next are made of what is there.
    assert_eq!(words, ["view", "ledger", "command", "view", "command", "published"]);
    let dropped = shop.check(records, true).counts.dropped;
    assert!(dropped >= 30, "{dropped}");
}

fn word(message: &Message) -> &'static str {
    match message {
        Message::Begin(_) => "begin",
        Message::Gap { .. } => "gap",
        Message::Checkpoint(Checkpoint::Stock(_)) => "stock",
        Message::Checkpoint(Checkpoint::Ledger(_)) => "ledger",
        Message::Checkpoint(Checkpoint::View(_)) => "view",
        Message::Checkpoint(Checkpoint::Supervisor(_)) => "supervisor",
        Message::Change(_) => "change",
        Message::Ask { .. } => "ask",
        Message::Hold { .. } => "hold",
        Message::End { .. } => "end",
        Message::Command(_) => "command",
        Message::Fleet(_) => "fleet",
        Message::Published { .. } => "published",
    }
}

#[test]
fn a_full_queue_builds_nothing() {
    let (recorder, _queue) = Recorder::queued(header(), 0);
    let seq = recorder.record(
        Actor::Stock,
        || Timestamp::EPOCH,
        || panic!("nobody wants a checkpoint"),
        || panic!("nobody wants a record"),
    );
    assert_eq!(seq, None);
    let off = Recorder::off();
    let at = || panic!("nobody wants the time");
    assert_eq!(off.record(Actor::Stock, at, || panic!("nor"), || panic!("nor")), None);
}

#[test]
fn what_is_missing_at_the_end_is_declared() {
    let (recorder, queue) = Recorder::queued(header(), 5);
    let mut shop = Shop::open(recorder.clone());
    for _ in 0..9 {
        shop.credit();
    }
    recorder.close();
    let records = drain(&queue);
    assert!(matches!(records.last().expect("a gap").message, Message::Gap { dropped: 7.., .. }));
    assert_eq!(accounted(&records), shop.told + 1);
    assert!(queue.wait(Vec::new()).is_none(), "the writer ends");
}

/// What may happen to a recorder.
#[derive(Clone, Debug)]
enum Step {
    Categorise,
    Credit,
    Publish(usize),
    Drain,
    Rotate,
    Lose,
    Pass,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Categorise),
        6 => Just(Step::Credit),
        4 => (0_usize..5).prop_map(Step::Publish),
        3 => Just(Step::Drain),
        1 => Just(Step::Rotate),
        1 => Just(Step::Lose),
        1 => Just(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_taken_replays(steps in prop::collection::vec(step(), 1..120)) {
        let (recorder, queue) = Recorder::queued(header(), 12);
        let mut shop = Shop::open(recorder.clone());
        let mut records = Vec::new();
        for step in steps {
            match step {
                Step::Categorise => shop.categorise(),
                Step::Credit => shop.credit(),
                Step::Publish(count) => shop.publish(count),
                Step::Drain => records.extend(drain(&queue)),
                Step::Rotate => queue.begin_anew(),
                Step::Lose => {
                    // The writer has taken what there is and cannot write its end.
                    let mut taken = drain(&queue);
                    let lost = taken.split_off(taken.len() / 2);
                    records.extend(taken);
                    if let Some(first) = lost.first() {
                        queue.lost(lost.len(), first.at);
                    }
                }
                Step::Pass => shop.now = shop.now + QUIET,
            }
        }
        let whole = queue.0.lock().missing.is_none();
        recorder.close();
        records.extend(drain(&queue));
        shop.check(records, whole);
    }
}
