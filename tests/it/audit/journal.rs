//! A journal that somebody changed, and histories that our rules could not have written.

use super::day::*;
use super::{Row, Stored, business, check, row, stored};
use sha2::{Digest, Sha256};
use shopfleet::domain::command::{Caller, Command};
use shopfleet::domain::event::{CoreCommand, Event};
use shopfleet::domain::id::{QuoteId, TenantId, UserId};
use shopfleet::domain::ledger::{Account, Cause, Channel, LedgerCommand, LedgerEvent};
use shopfleet::domain::money::Money;
use shopfleet::domain::stock::{StockCommand, StockEvent};
use shopfleet::domain::time::Timestamp;
use shopfleet::store::batch::BatchEntry;
use shopfleet::store::journal::JournalRecord;

const ROWS: &[Row<Stored>] = &[
    row("a byte is changed", |s| s.records[4].bytes[100] ^= 1, &["journal_is_one_chain journal/5"]),
    row("a record vanishes", |s| drop(s.records.remove(4)), &["journal_is_one_chain journal/6"]),
    row(
        "the first record vanishes",
        |s| drop(s.records.remove(0)),
        &["journal_is_one_chain journal/2"],
    ),
    row(
        "the newest record vanishes",
        |s| drop(s.records.pop()),
        &["head_is_the_last_record journal/12"],
    ),
    row(
        "the whole journal vanishes",
        |s| s.records.clear(),
        &["head_is_the_last_record journal/12"],
    ),
    row("two records are swapped", |s| s.records.swap(4, 5), &["journal_is_one_chain journal/6"]),
    row(
        "a record is written twice",
        |s| s.records.insert(5, s.records[4].clone()),
        &["journal_is_one_chain journal/5"],
    ),
    row(
        "a record is rubbish",
        |s| rewrite(s, b"{}".to_vec()),
        &["journal_is_one_chain journal/12"],
    ),
    row(
        "a record has other bytes",
        |s| rewrite(s, reformatted(s)),
        &["journal_bytes_are_canonical journal/12"],
    ),
    row(
        "the head has another hash",
        |s| s.head.hash[0] ^= 1,
        &["head_is_the_last_record journal/12"],
    ),
    row(
        "the head is older than its record",
        |s| s.head.epoch = 1,
        &["head_is_the_last_record journal/12"],
    ),
    row(
        "the head is a record behind",
        behind,
        &[
            "answers_are_journalled commands/master/system/c35",
            "answers_are_journalled commands/master/user:1/c33",
            "answers_are_journalled commands/master/user:1/c34",
            "documents_are_as_journalled accounts/adjustments",
            "documents_are_as_journalled accounts/customer/agent:a2/9",
            "documents_are_as_journalled credits/agent:a2/9/1700176400000",
            "documents_are_as_journalled quarantine/agent:a1/user:8/poison",
            "documents_are_as_journalled withdrawals/wdr_3",
        ],
    ),
    row("a record came after the head", |s| s.records.push(s.records[0].clone()), &[]),
];

#[test]
fn every_change_of_the_journal_is_found_and_named() {
    let entries = business();
    for Row { what, change, expected } in ROWS {
        let mut stored = stored(&entries);
        change(&mut stored);
        check(what, stored, expected);
    }
}

/// Changes of the story, told consistently: the chain is whole and the documents are its fold.
const FORGERIES: &[Row<Vec<BatchEntry>>] = &[
    row("a token is in a name", |e| token_in_a_name(e), &["no_token_is_journalled journal/3"]),
    row(
        "a stranger prices a shop",
        |e| give_by(e, "c4", Caller::User(UserId::new(8))),
        &["commands_come_from_who_may agent:a1/user:8/c4"],
    ),
    row(
        "an admin's command comes through an agent's bot",
        |e| give_in(e, "c1", "a2"),
        &["commands_come_from_who_may agent:a2/user:1/c1"],
    ),
    row(
        "an admin gives the fleet's command",
        |e| given_by_admin(e),
        &["commands_come_from_who_may master/user:1/c0"],
    ),
    row(
        "a command takes effect twice",
        |e| again(e, "c12"),
        &["commands_are_answered_once master/user:1/c12"],
    ),
    row(
        "an order is placed twice",
        |e| again_as(e, "c17", "other"),
        &[
            "allocations_are_of_matured_profit wdr_1",
            "allocations_are_of_matured_profit wdr_2",
            "allocations_are_of_matured_profit wdr_3",
            "allocations_are_of_matured_profit wdr_4",
            "available_is_matured_remainders agent/a1/available",
            "customers_own_what_they_paid_in customer/agent:a1/7",
            "entries_shrink_by_allocations ent_1",
            "ids_are_used_once ent_1",
            "ids_are_used_once ord_b1",
            "items_are_sold_once itm_2",
            "items_are_sold_once itm_3",
            "revenue_is_base_prices revenue",
        ],
    ),
    row("a delivery is marked twice", |e| again(e, "c21"), &["delivered_stays_delivered ord_b1"]),
    row(
        "a credit gives more than it says",
        |e| moved(e, "c13", usdt("300")),
        &["events_are_of_their_command master/user:1/c13"],
    ),
    row(
        "a credit of nothing",
        |e| moved(e, "c15", Money::ZERO),
        &[
            "credits_are_positive customer/agent:a2/8",
            "customers_are_never_negative customer/agent:a2/8",
            "events_are_of_their_command master/user:1/c15",
            "nobody_gave_what_he_had_not customer/agent:a2/8",
            "transfers_move_something adjustments",
        ],
    ),
    row(
        "a command has no answer",
        |e| drop(find(e, "c6").events.pop()),
        &["commands_are_answered_once master/user:1/c6"],
    ),
    row(
        "a command has two answers",
        |e| two_answers(e),
        &["commands_are_answered_once master/user:1/c6"],
    ),
    row(
        "a command has another's answer",
        |e| anothers_answer(e),
        &[
            "commands_are_answered_once agent:a1/user:10/c5",
            "commands_are_answered_once agent:a1/user:10/c5",
        ],
    ),
    row(
        "a command has another's fact",
        |e| anothers_fact(e),
        &["events_are_of_their_command agent:a1/user:10/c5"],
    ),
    row(
        "a fact of memory is recorded",
        |e| find(e, "c6").events.insert(0, voided()),
        &["events_are_of_their_command master/user:1/c6"],
    ),
    row(
        "a sold item is sold again",
        |e| sell_again(e),
        &[
            "items_and_orders_agree itm_1",
            "items_are_sold_once itm_1",
            "items_have_one_order itm_1",
        ],
    ),
    row(
        "money is spent before it is there",
        |e| late(e, "c14"),
        &[
            "nobody_gave_what_he_had_not customer/agent:a1/8",
            "nobody_gave_what_he_had_not customer/agent:a1/8",
            "nobody_gave_what_he_had_not customer/agent:a1/8",
        ],
    ),
    row(
        "a withdrawal is paid without approval",
        |e| drop(cut(e, "c30")),
        &["withdrawals_keep_their_path wdr_1"],
    ),
    row(
        "a withdrawal is asked for before profit matured",
        |e| late(e, "c23"),
        &[
            "profit_was_there_when_taken ent_1",
            "profit_was_there_when_taken ent_1",
            "profit_was_there_when_taken ent_1",
            "profit_was_there_when_taken ent_1",
            "profit_was_there_when_taken ent_2",
        ],
    ),
    row(
        "a sale is not recorded",
        |e| drop(find(e, "c18").events.remove(0)),
        &["items_and_orders_agree itm_4"],
    ),
    row(
        "a payment is not recorded",
        |e| drop(find(e, "c16").events.remove(2)),
        &["customers_own_what_they_paid_in customer/master/7", "revenue_is_base_prices revenue"],
    ),
    row(
        "a credit is given twice by one command",
        |e| {
            let events = &mut find(e, "c13").events;
            events.insert(0, events[0].clone());
        },
        &["events_are_of_their_command master/user:1/c13"],
    ),
    row(
        "a command makes too many facts",
        |e| matured(e, 1_001),
        &["commands_are_of_a_size master/system/c23"],
    ),
    row(
        "a command makes too large a fact",
        |e| reason(e, "c15", &"x".repeat(1_100_000)),
        &["commands_are_of_a_size master/user:1/c15"],
    ),
    row(
        "a deposit is taken as revenue",
        |e| between(e, "c12", [Account::ExternalDeposits(Channel::Trc20), Account::Revenue]),
        &[
            "customers_are_never_negative customer/master/7",
            "deposits_have_a_record deposits/trc20",
            "deposits_keep_their_way deposits/trc20",
            "events_are_of_their_command master/user:1/c12",
            "nobody_gave_what_he_had_not customer/master/7",
            "revenue_is_base_prices revenue",
        ],
    ),
    row(
        "unmatched money is paid out",
        |e| between(e, "c12", [Account::Unmatched, Account::ExternalPayouts]),
        &[
            "customers_are_never_negative customer/master/7",
            "deposits_have_a_record unmatched",
            "deposits_keep_their_way unmatched",
            "events_are_of_their_command master/user:1/c12",
            "nobody_gave_what_he_had_not customer/master/7",
            "payouts_are_paid_withdrawals payouts",
        ],
    ),
];

#[test]
fn every_story_that_cannot_be_is_found_and_named() {
    let entries = business();
    for Row { what, change, expected } in FORGERIES {
        let mut entries = entries.clone();
        change(&mut entries);
        check(what, stored(&entries), expected);
    }
}

/// What all rows expect.
pub(super) fn expectations() -> impl Iterator<Item = &'static [&'static str]> {
    ROWS.iter().map(|row| row.expected).chain(FORGERIES.iter().map(|row| row.expected))
}

/// Other bytes in the newest record, with the hash that belongs to them.
fn rewrite(s: &mut Stored, bytes: Vec<u8>) {
    let hash: [u8; 32] = Sha256::digest(&bytes).into();
    let last = s.records.last_mut().unwrap();
    (last.bytes, last.hash, s.head.hash) = (bytes, hash, hash);
}

/// The documents have what the newest record says, the head does not know of it.
fn behind(s: &mut Stored) {
    let before = &s.records[s.records.len() - 2];
    (s.head.seq, s.head.hash) = (before.seq, before.hash);
}

/// The newest record as another program would write it.
fn reformatted(s: &Stored) -> Vec<u8> {
    let bytes = &s.records.last().unwrap().bytes;
    let record: JournalRecord = serde_json::from_slice(bytes).unwrap();
    serde_json::to_vec_pretty(&record).unwrap()
}

fn id_of(entry: &BatchEntry) -> String {
    match &entry.command {
        CoreCommand::Stock(command) => command.id.to_string(),
        CoreCommand::Ledger(command) => command.id.to_string(),
    }
}

fn find<'a>(entries: &'a mut [BatchEntry], id: &str) -> &'a mut BatchEntry {
    entries.iter_mut().find(|entry| id_of(entry) == id).unwrap()
}

fn cut(entries: &mut Vec<BatchEntry>, id: &str) -> BatchEntry {
    let place = entries.iter().position(|entry| id_of(entry) == id).unwrap();
    entries.remove(place)
}

/// The command comes last.
fn late(entries: &mut Vec<BatchEntry>, id: &str) {
    let entry = cut(entries, id);
    entries.push(entry);
}

fn again(entries: &mut Vec<BatchEntry>, id: &str) {
    let entry = find(entries, id).clone();
    entries.push(entry);
}

fn ledger(entry: &mut BatchEntry) -> &mut Command<LedgerCommand> {
    match &mut entry.command {
        CoreCommand::Ledger(command) => command,
        CoreCommand::Stock(command) => panic!("{:?} is for the stockroom", command.id),
    }
}

/// The same facts by a command of another id.
fn again_as(entries: &mut Vec<BatchEntry>, id: &str, other: &str) {
    let mut entry = find(entries, id).clone();
    ledger(&mut entry).id = other.parse().unwrap();
    own_answer(&mut entry);
    entries.push(entry);
}

/// Makes the answer the command's own again after the command was changed.
fn own_answer(entry: &mut BatchEntry) {
    let key = ledger(entry).key();
    for event in &mut entry.events {
        if let Event::Ledger(LedgerEvent::Answered(answered)) = event {
            answered.key = key.clone();
        }
    }
}

fn give_by(entries: &mut [BatchEntry], id: &str, caller: Caller) {
    let entry = find(entries, id);
    ledger(entry).caller = caller;
    own_answer(entry);
}

fn give_in(entries: &mut [BatchEntry], id: &str, agent: &str) {
    let entry = find(entries, id);
    ledger(entry).tenant = shop(agent);
    own_answer(entry);
}

/// An admin registers the master's bot.
fn given_by_admin(entries: &mut [BatchEntry]) {
    ledger(&mut entries[0]).caller = ADMIN;
}

/// The fact moves another amount than the command names.
fn moved(entries: &mut [BatchEntry], id: &str, amount: Money) {
    for event in &mut find(entries, id).events {
        if let Event::Ledger(LedgerEvent::Moved { transfer, .. }) = event {
            transfer.amount = amount;
        }
    }
}

/// The fact moves the money between other accounts.
fn between(entries: &mut [BatchEntry], id: &str, accounts: [Account; 2]) {
    let [from, to] = accounts;
    for event in &mut find(entries, id).events {
        if let Event::Ledger(LedgerEvent::Moved { transfer, .. }) = event {
            (transfer.from, transfer.to) = (from.clone(), to.clone());
        }
    }
}

/// A credit with another reason, in the command and in the fact.
fn reason(entries: &mut [BatchEntry], id: &str, words: &str) {
    let entry = find(entries, id);
    if let LedgerCommand::Credit { reason, .. } = &mut ledger(entry).body {
        words.clone_into(reason);
    }
    for event in &mut entry.events {
        if let Event::Ledger(LedgerEvent::Moved { cause: Cause::Credit { reason, .. }, .. }) = event
        {
            words.clone_into(reason);
        }
    }
}

/// A run of maturity also says many times that nothing matured.
fn matured(entries: &mut [BatchEntry], times: i64) {
    let nothing =
        |ms| LedgerEvent::ProfitMatured { entries: Vec::new(), at: Timestamp::from_ms(ms) };
    find(entries, "c23").events.extend((0..times).map(|ms| Event::Ledger(nothing(ms))));
}

fn token_in_a_name(entries: &mut [BatchEntry]) {
    let token = format!("700000001:{}", "AAbb-_cc9".repeat(4));
    let entry = find(entries, "c7");
    if let CoreCommand::Stock(command) = &mut entry.command {
        command.body = StockCommand::CreateCategory { name: token.clone() };
    }
    if let Event::Stock(StockEvent::CategoryCreated { name, .. }) = &mut entry.events[0] {
        *name = token;
    }
}

fn two_answers(entries: &mut [BatchEntry]) {
    let events = &mut find(entries, "c6").events;
    events.push(events.last().unwrap().clone());
}

fn anothers_answer(entries: &mut [BatchEntry]) {
    let answer = find(entries, "c4").events.last().unwrap().clone();
    *find(entries, "c5").events.last_mut().unwrap() = answer;
}

/// A wallet's change renames nothing and moves nothing.
fn anothers_fact(entries: &mut [BatchEntry]) {
    let fact = find(entries, "c4").events[0].clone();
    find(entries, "c5").events.insert(0, fact);
}

fn voided() -> Event {
    let quote = QuoteId::from_body("q").unwrap();
    let (tenant, user) = (TenantId::Master, UserId::new(7));
    Event::Ledger(LedgerEvent::QuoteVoided { quote, tenant, user })
}

/// Order `b2` takes the item that the master's shop sold before.
fn sell_again(entries: &mut [BatchEntry]) {
    let entry = find(entries, "c18");
    let taken = vec![item(1)];
    if let LedgerCommand::PlaceOrder { holding, .. } = &mut ledger(entry).body {
        *holding = Ok(taken.clone());
    }
    for event in &mut entry.events {
        match event {
            Event::Stock(StockEvent::Sold { items, .. }) => items.clone_from(&taken),
            Event::Ledger(LedgerEvent::OrderPlaced(order)) => order.items.clone_from(&taken),
            Event::Stock(_) | Event::Ledger(_) => {}
        }
    }
}
