//! What the journal does not explain: sealed values, chats, customers, the inbox, dead letters.

use super::day::*;
use super::{INBOX_MAX, Row, Stored, business, check, row, stored};
use shopfleet::domain::id::{ChatId, TenantId, UserId};
use shopfleet::domain::ledger::Account;
use shopfleet::domain::time::Timestamp;
use shopfleet::store::batch::{ChatState, DialogRecord, HANDLED_MAX, Profile};
use shopfleet::store::query::{Astray, DeadLetter, Unjournalled};

pub(super) const ROWS: &[Row<Stored>] = &[
    row(
        "unsold goods are missing",
        |s| s.beside.missing_goods.push(item(9)),
        &["goods_are_there itm_9"],
    ),
    row(
        "paid goods are missing",
        |s| s.beside.missing_goods.push(item(4)),
        &["goods_are_there itm_4"],
    ),
    row(
        "delivered goods are missing",
        |s| s.beside.missing_goods.push(item(2)),
        &["goods_are_there itm_2"],
    ),
    row(
        "a token is missing",
        |s| s.beside.missing_tokens.push(shop("a2")),
        &["tokens_are_there agent:a2"],
    ),
    row("chats and customers are in order", |_| {}, &[]),
    row(
        "a chat's last update is another",
        |s| records(s).dialogs[0].update = 3,
        &["chats_know_their_last_update dialogs/agent:a1/7"],
    ),
    row(
        "a chat forgot that it handled its last update",
        |s| records(s).dialogs[0].state = state(&[1], "{}"),
        &["chats_know_their_last_update dialogs/agent:a1/7"],
    ),
    row(
        "a chat's record is rubbish",
        |s| records(s).dialogs[0].state = "{}".to_owned(),
        &["chats_know_their_last_update dialogs/agent:a1/7"],
    ),
    row(
        "a chat remembers too much",
        |s| {
            let handled = [1; HANDLED_MAX].into_iter().chain([2]).collect::<Vec<u64>>();
            records(s).dialogs[0].state = state(&handled, "{}");
        },
        &["chats_remember_so_much dialogs/agent:a1/7"],
    ),
    row(
        "a chat keeps a token",
        |s| records(s).dialogs[0].state = state(&[2], &a_token()),
        &["no_token_is_stored dialogs/agent:a1/7"],
    ),
    row(
        "a chat is of a shop that is not",
        |s| records(s).dialogs[0].tenant = shop("x"),
        &["chats_are_of_a_shop dialogs/agent:x/7"],
    ),
    row(
        "a customer is of a shop that is not",
        |s| records(s).profiles[0].tenant = shop("x"),
        &["chats_are_of_a_shop profiles/agent:x/7"],
    ),
    row(
        "an update waits for a bot that is not",
        |s| records(s).inbox.push((UserId::new(999), 5)),
        &["waiting_updates_are_of_a_bot inbox/999/5"],
    ),
    row("an inbox is full", |s| fill(s, INBOX_MAX + HANDLED_MAX), &[]),
    row(
        "an inbox is over its bound",
        |s| fill(s, INBOX_MAX + HANDLED_MAX + 1),
        &["inboxes_hold_so_much inbox/101"],
    ),
    row(
        "a dead letter is not confirmed",
        |s| records(s).inbox.push((UserId::new(101), 6)),
        &["dead_letters_are_confirmed dead_letters/101/6"],
    ),
    row(
        "a dead letter repeats a token",
        |s| records(s).dead_letters[0].reason = a_token(),
        &["no_token_is_stored dead_letters/101/6"],
    ),
    row(
        "a search field is wrong",
        |s| records(s).astray.push(Astray { of: "orders/ord_b1".to_owned(), field: "done" }),
        &["search_fields_are_their_documents orders/ord_b1"],
    ),
    row(
        "an account was emptied that was never used",
        |s| records(s).empty_accounts.push(Account::Customer(shop("a1"), UserId::new(99))),
        &["documents_are_as_journalled accounts/customer/agent:a1/99"],
    ),
    row(
        "an account was emptied",
        |s| records(s).empty_accounts.push(Account::AgentPending("a2".parse().unwrap())),
        &[],
    ),
];

#[test]
fn everything_that_is_not_journalled_is_looked_at() {
    let entries = business();
    for Row { what, change, expected } in ROWS {
        let mut stored = stored(&entries);
        *records(&mut stored) = in_order();
        change(&mut stored);
        check(what, stored, expected);
    }
}

/// A chat and a customer in two shops, an update that waits, and one that was given up.
fn in_order() -> Unjournalled {
    let dialog = |tenant: TenantId| DialogRecord {
        tenant,
        chat: ChatId::new(7),
        update: 2,
        state: state(&[1, 2], "{}"),
    };
    let profile = |tenant: TenantId| Profile {
        tenant,
        user: UserId::new(7),
        name: "Anna".to_owned(),
        username: None,
        language: "en".to_owned(),
        since: Timestamp::EPOCH,
    };
    let bot = UserId::new(101);
    let (reason, at) = ("panicked twice".to_owned(), Timestamp::EPOCH);
    Unjournalled {
        dialogs: [shop("a1"), TenantId::Master].map(dialog).into(),
        profiles: [shop("a1"), TenantId::Master].map(profile).into(),
        inbox: vec![(bot, 5)],
        dead_letters: vec![DeadLetter { bot, update: 6, reason, at }],
        empty_accounts: Vec::new(),
        astray: Vec::new(),
    }
}

fn records(s: &mut Stored) -> &mut Unjournalled {
    &mut s.beside.records
}

fn state(handled: &[u64], dialog: &str) -> String {
    let handled = handled.iter().copied().collect();
    serde_json::to_string(&ChatState { state: dialog.to_owned(), handled }).unwrap()
}

/// So many updates wait for the bot of agent `a1`.
fn fill(s: &mut Stored, count: usize) {
    let updates = (1_000..).take(count);
    records(s).inbox = updates.map(|update| (UserId::new(101), update)).collect();
}

fn a_token() -> String {
    format!("700000001:{}", "AAbb-_cc9".repeat(4))
}
