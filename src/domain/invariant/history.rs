//! How the documents came about: one recorded command after the other.
//!
//! Documents show where the business stands; a wrong that was righted later shows only here. The
//! caller folds the journal through [`follow`], which checks each command and its facts against the
//! business before it, and then applies them.

use super::caused::caused;
use super::{Check, Findings, Violation, command_id};
use crate::domain::access::Access;
use crate::domain::chronicle::Chronicle;
use crate::domain::command::{Answered, Caller};
use crate::domain::event::{CoreCommand, Event};
use crate::domain::ledger::{Account, Entry, LedgerEvent, Transfer};
use crate::domain::order::Delivery;
use crate::domain::stock::StockEvent;
use crate::domain::time::Millis;
use crate::domain::withdrawal::WithdrawalState;
use std::collections::BTreeSet;
use std::fmt::Display;

/// How long a command's id must not be accepted again (law 2).
const IDS_ARE_KEPT: Millis = Millis::from_hours(72);

/// The checks that [`follow`] makes.
pub const CHECKS: &[Check] = &[
    Check::new(2, "events_are_of_their_command"),
    Check::new(2, "commands_are_answered_once"),
    Check::new(2, "ids_are_used_once"),
    Check::new(3, "nobody_gave_what_he_had_not"),
    Check::new(3, "transfers_move_something"),
    Check::new(3, "withdrawals_keep_their_path"),
    Check::new(3, "profit_was_there_when_taken"),
    Check::new(4, "items_are_sold_once"),
    Check::new(4, "delivered_stays_delivered"),
    Check::new(6, "commands_come_from_who_may"),
    Check::new(9, "deposits_keep_their_way"),
];

/// Checks one recorded command and its facts, then makes the facts part of `chronicle`.
pub fn follow(
    chronicle: &mut Chronicle,
    command: &CoreCommand,
    events: &[Event],
    found: &mut Vec<Violation>,
) {
    let id = command_id(&command.key());
    authorised(chronicle, command, &id, found);
    answered_once(chronicle, command, events, &id, found);
    for (place, event) in events.iter().enumerate() {
        let mut findings = Findings::new(2, "events_are_of_their_command", found);
        if answer(event).is_some() {
            // Whose answer it is was looked at above.
        } else if events[..place].contains(event) {
            findings.add(&id, format!("caused {} twice", kind(event)));
        } else if !caused(command, event, chronicle) {
            findings.add(&id, format!("cannot have caused {}", kind(event)));
        }
        possible(chronicle, event, found);
        chronicle.apply(event);
    }
    never_negative(chronicle, events, &id, found);
}

/// Nobody gave what he did not have, whatever was put right later. An agent's available profit is
/// judged by the documents, which know why it may be below zero.
fn never_negative(chronicle: &Chronicle, events: &[Event], id: &str, found: &mut Vec<Violation>) {
    let givers: BTreeSet<&Account> = events.iter().filter_map(giver).collect();
    for account in givers {
        let after = chronicle.balances.get(account).filter(|after| after.is_negative());
        let guarded = matches!(
            account,
            Account::Customer(..) | Account::AgentPending(_) | Account::AgentHeld(_)
        );
        if let (true, Some(after)) = (guarded, after) {
            Findings::new(3, "nobody_gave_what_he_had_not", found).pair(
                account,
                id,
                format!("held {after} after this command"),
            );
        }
    }
}

const fn giver(event: &Event) -> Option<&Account> {
    match event {
        Event::Ledger(LedgerEvent::Moved { transfer, .. }) => Some(&transfer.from),
        Event::Ledger(_) | Event::Stock(_) => None,
    }
}

/// Law 6. Who was an admin when is the configuration's to know; that an admin's command came from a
/// person through the master's bot is known here.
fn authorised(chronicle: &Chronicle, command: &CoreCommand, id: &str, found: &mut Vec<Violation>) {
    let (right, caller, tenant) = match command {
        CoreCommand::Stock(command) => (command.body.right(), command.caller, &command.tenant),
        CoreCommand::Ledger(command) => (command.body.right(), command.caller, &command.tenant),
    };
    let admins = match caller {
        Caller::User(user) => [user].into(),
        Caller::System => [].into(),
    };
    let shop = chronicle.tenants.get(tenant);
    if (Access { admins }).check(right, caller, tenant, shop).is_err() {
        Findings::new(6, "commands_come_from_who_may", found)
            .add(id, "the caller had no right to this command");
    }
}

/// Law 2: a remembered command is answered exactly once, under its own id, after its facts.
fn answered_once(
    chronicle: &Chronicle,
    command: &CoreCommand,
    events: &[Event],
    id: &str,
    found: &mut Vec<Violation>,
) {
    let key = command.key();
    let remembered = match command {
        CoreCommand::Stock(_) => true,
        CoreCommand::Ledger(command) => crate::domain::ledger::is_remembered(&command.body),
    };
    let answers: Vec<&Answered> = events.iter().filter_map(answer).collect();
    let mut findings = Findings::new(2, "commands_are_answered_once", found);
    match answers.as_slice() {
        [] if remembered => findings.add(id, "has no answer"),
        [] => {}
        [only] => {
            if !remembered || only.key != key || events.last().and_then(answer) != Some(only) {
                findings.pair(id, command_id(&only.key), "the answer is not its own");
            }
            let before = chronicle.answers.get(&only.key);
            if before.is_some_and(|before| only.at.since(before.at) < IDS_ARE_KEPT) {
                findings.add(id, "was accepted before");
            }
        }
        [_, _, ..] => findings.add(id, "has several answers"),
    }
}

/// Ids are new where something begins, and what changes is in a state from which it can.
fn possible(chronicle: &Chronicle, event: &Event, found: &mut Vec<Violation>) {
    match event {
        Event::Stock(event) => possible_stock(chronicle, event, found),
        Event::Ledger(event) => possible_ledger(chronicle, event, found),
    }
}

fn possible_stock(chronicle: &Chronicle, event: &StockEvent, found: &mut Vec<Violation>) {
    match event {
        StockEvent::CategoryCreated { category, .. } => {
            new_id(category, chronicle.catalog.categories.contains_key(category), found);
        }
        StockEvent::ProductCreated(product) => {
            new_id(product.id, chronicle.catalog.products.contains_key(&product.id), found);
        }
        StockEvent::ItemsAdded { items, .. } => {
            for (item, _) in items {
                new_id(item, chronicle.items.contains_key(item), found);
            }
        }
        StockEvent::Sold { product, items, order } => {
            let mut findings = Findings::new(4, "items_are_sold_once", found);
            for item in items {
                let record = chronicle.items.get(item);
                if record.is_none_or(|is| is.order.is_some() || is.product != *product) {
                    findings.pair(item, order, "was not on the shelf when this order took it");
                }
            }
        }
        StockEvent::CategoryRenamed { .. }
        | StockEvent::ProductRenamed { .. }
        | StockEvent::ProductDescribed { .. }
        | StockEvent::ProductPriced { .. }
        | StockEvent::ProductListed { .. }
        | StockEvent::Asked(_)
        | StockEvent::Held(_)
        | StockEvent::Released { .. }
        | StockEvent::Settled { .. }
        | StockEvent::Answered(_) => {}
    }
}

fn possible_ledger(chronicle: &Chronicle, event: &LedgerEvent, found: &mut Vec<Violation>) {
    match event {
        LedgerEvent::OrderPlaced(order) => {
            new_id(&order.id, chronicle.orders.contains_key(&order.id), found);
        }
        LedgerEvent::ProfitEarned(entry) => {
            new_id(entry.id, chronicle.entries.contains_key(&entry.id), found);
        }
        LedgerEvent::WithdrawalRequested(withdrawal) => {
            new_id(withdrawal.id, chronicle.withdrawals.contains_key(&withdrawal.id), found);
        }
        LedgerEvent::WithdrawalMoved { withdrawal, status } => {
            use WithdrawalState as S;
            let from = chronicle.withdrawals.get(withdrawal).map(|is| is.status.state());
            let to = status.state();
            let path = matches!(
                (from, to),
                (Some(S::Requested), S::Approved | S::Rejected)
                    | (Some(S::Approved), S::Paid | S::Rejected)
            );
            if !path {
                Findings::new(3, "withdrawals_keep_their_path", found)
                    .add(withdrawal, format!("became {} from {from:?}", to.word()));
            }
        }
        LedgerEvent::DeliveryChanged { order, .. } => {
            let from = chronicle.orders.get(order).map(|order| order.delivery);
            if from.is_none_or(Delivery::is_done) {
                Findings::new(4, "delivered_stays_delivered", found)
                    .add(order, "nothing was left to deliver");
            }
        }
        LedgerEvent::Moved { transfer, .. } => {
            if !transfer.amount.is_positive() || transfer.from == transfer.to {
                Findings::new(3, "transfers_move_something", found).pair(
                    &transfer.from,
                    &transfer.to,
                    format!("moved {}", transfer.amount),
                );
            }
            deposits(transfer, found);
        }
        LedgerEvent::EntriesAllocated { withdrawal, allocations, taken: true, .. } => {
            let mut findings = Findings::new(3, "profit_was_there_when_taken", found);
            for share in allocations {
                let entry = chronicle.entries.get(&share.entry);
                let there =
                    |entry: &Entry| entry.matured_at.is_some() && entry.remaining >= share.amount;
                if !entry.is_some_and(there) {
                    findings.pair(share.entry, withdrawal, "did not hold the share it gave");
                }
            }
        }
        LedgerEvent::QuoteIssued(_)
        | LedgerEvent::QuoteVoided { .. }
        | LedgerEvent::ProfitMatured { .. }
        | LedgerEvent::EntriesAllocated { .. }
        | LedgerEvent::TenantOpened(_)
        | LedgerEvent::StatusChanged { .. }
        | LedgerEvent::PricingChanged { .. }
        | LedgerEvent::OwnerLinkRenewed { .. }
        | LedgerEvent::OwnerClaimed { .. }
        | LedgerEvent::WalletChanged { .. }
        | LedgerEvent::Quarantined { .. }
        | LedgerEvent::Answered(_) => {}
    }
}

/// Law 9: what came in through a channel is a customer's or waits in *unmatched*, and leaves that for
/// a customer only.
fn deposits(transfer: &Transfer, found: &mut Vec<Violation>) {
    use Account as A;
    let Transfer { from, to, amount } = transfer;
    let came_in = |account: &A| matches!(account, A::ExternalDeposits(_) | A::Unmatched);
    let on_its_way = matches!(
        (from, to),
        (A::ExternalDeposits(_), A::Customer(..) | A::Unmatched) | (A::Unmatched, A::Customer(..))
    );
    if (came_in(from) || came_in(to)) && !on_its_way {
        Findings::new(9, "deposits_keep_their_way", found).pair(
            from,
            to,
            format!("{amount} of what came in went astray"),
        );
    }
}

fn new_id(id: impl Display, known: bool, found: &mut Vec<Violation>) {
    if known {
        Findings::new(2, "ids_are_used_once", found).add(id, "was given a second time");
    }
}

const fn answer(event: &Event) -> Option<&Answered> {
    match event {
        Event::Stock(StockEvent::Answered(answered))
        | Event::Ledger(LedgerEvent::Answered(answered)) => Some(answered),
        Event::Stock(_) | Event::Ledger(_) => None,
    }
}

/// The event's name in one word, without its content.
fn kind(event: &Event) -> String {
    let text = match event {
        Event::Stock(event) => format!("{event:?}"),
        Event::Ledger(event) => format!("{event:?}"),
    };
    text.chars().take_while(char::is_ascii_alphanumeric).collect()
}
