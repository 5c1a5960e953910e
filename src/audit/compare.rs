//! Documents against journal: what only one of them has, and fields that differ.
//!
//! Nobody but the committer writes (law 13), so a document that the journal does not explain was
//! written by another hand. Findings name fields and never values: some are personal.

use super::Findings;
use crate::domain::chronicle::{Chronicle, Credit};
use crate::domain::command::{Answered, CommandKey};
use crate::domain::invariant::{Violation, command_id};
use crate::domain::ledger::Account;
use crate::domain::time::{Millis, Timestamp};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// For how long answers must be kept at least when none is left to show it (law 2).
const IDS_ARE_KEPT: Millis = Millis::from_hours(72);

/// Compares every collection. `last_at` is the time of the newest journal record.
pub(super) fn compare(
    documents: &Chronicle,
    journal: &Chronicle,
    last_at: Timestamp,
    found: &mut Vec<Violation>,
) {
    let mut findings = Findings::new(13, "documents_are_as_journalled", found);
    let out = &mut findings;
    collection("accounts", &documents.balances, &journal.balances, out);
    let (catalog, other) = (&documents.catalog, &journal.catalog);
    collection("categories", &catalog.categories, &other.categories, out);
    collection("products", &catalog.products, &other.products, out);
    collection("items", &documents.items, &journal.items, out);
    collection("orders", &documents.orders, &journal.orders, out);
    collection("entries", &documents.entries, &journal.entries, out);
    collection("withdrawals", &documents.withdrawals, &journal.withdrawals, out);
    collection("tenants", &documents.tenants, &journal.tenants, out);
    collection("credits", &credits(&documents.credits), &credits(&journal.credits), out);
    let kept = named(documents.answers.iter());
    let expected = kept_answers(&documents.answers, &journal.answers, last_at);
    let expected = named(expected);
    collection("commands", &known(&kept, &expected), &expected, out);
    let (aside, other) = (&documents.quarantined, &journal.quarantined);
    collection("quarantine", &named(aside.iter()), &named(other.iter()), out);
    let mut findings = Findings::new(1, "answers_are_journalled", found);
    for id in kept.keys().filter(|id| !expected.contains_key(*id)) {
        let says = "was answered, and no journal record up to the head holds the command";
        findings.add(format_args!("commands/{id}"), says);
    }
    delivered(documents, journal, found);
}

/// Law 1 for delivery marks: a customer whose order counts as delivered is sent nothing more.
fn delivered(documents: &Chronicle, journal: &Chronicle, found: &mut Vec<Violation>) {
    let mut findings = Findings::new(1, "deliveries_are_journalled", found);
    let done = documents.orders.iter().filter(|(_, order)| order.delivery.is_done());
    for (id, _) in done {
        if journal.orders.get(id).is_some_and(|journalled| !journalled.delivery.is_done()) {
            let says = "counts as delivered, and no journal record up to the head says so";
            findings.add(format_args!("orders/{id}"), says);
        }
    }
}

/// Accounts that are kept with nothing in them once held something.
pub(super) fn empty_accounts(
    empty: &[Account],
    used: &BTreeSet<Account>,
    found: &mut Vec<Violation>,
) {
    let mut findings = Findings::new(13, "documents_are_as_journalled", found);
    for account in empty.iter().filter(|account| !used.contains(account)) {
        findings.add(format_args!("accounts/{account}"), "is not in the journal");
    }
}

/// The answers that the journal has too; the others are named by law 1.
fn known<'a>(
    kept: &BTreeMap<String, &'a Answered>,
    expected: &BTreeMap<String, &'a Answered>,
) -> BTreeMap<String, &'a Answered> {
    let known = kept.iter().filter(|(id, _)| expected.contains_key(*id));
    known.map(|(id, answered)| (id.clone(), *answered)).collect()
}

fn collection<K: Ord + Display, V: Serialize + PartialEq>(
    name: &str,
    documents: &BTreeMap<K, V>,
    journal: &BTreeMap<K, V>,
    findings: &mut Findings<'_>,
) {
    for (id, document) in documents {
        let says = match journal.get(id) {
            Some(expected) if expected == document => continue,
            Some(expected) => format!("differs in {}", fields(document, expected).join(", ")),
            None => "is not in the journal".to_owned(),
        };
        findings.add(format_args!("{name}/{id}"), says);
    }
    for id in journal.keys().filter(|id| !documents.contains_key(id)) {
        findings.add(format_args!("{name}/{id}"), "is in the journal and not in the store");
    }
}

/// The names of the fields in which two documents differ.
fn fields<V: Serialize>(one: &V, other: &V) -> Vec<String> {
    let plain = |value: &V| serde_json::to_value(value).unwrap_or(Value::Null);
    let (Value::Object(one), Value::Object(other)) = (plain(one), plain(other)) else {
        return vec!["its value".to_owned()];
    };
    one.into_iter()
        .filter(|(name, value)| other.get(name) != Some(value))
        .map(|(name, _)| name)
        .collect()
}

/// Credits have no id of their own: equal ones are counted.
fn credits(credits: &[Credit]) -> BTreeMap<String, (u64, Vec<&Credit>)> {
    let mut named: BTreeMap<String, (u64, Vec<&Credit>)> = BTreeMap::new();
    for credit in credits {
        let name = format!("{}/{}/{}", credit.tenant, credit.user, credit.at.ms());
        let (count, same) = named.entry(name).or_default();
        *count += 1;
        same.push(credit);
    }
    for (_, same) in named.values_mut() {
        same.sort_by_key(|credit| (credit.amount, credit.by, &credit.reason));
    }
    named
}

fn named<'a, V: Serialize + 'a>(
    rows: impl Iterator<Item = (&'a CommandKey, &'a V)>,
) -> BTreeMap<String, &'a V> {
    rows.map(|(key, value)| (command_id(key), value)).collect()
}

/// The journal's answers that the store must still have: those no older than the oldest it keeps,
/// and those within the span of law 2 when it keeps none; older ones only where it has them.
fn kept_answers<'a>(
    documents: &BTreeMap<CommandKey, Answered>,
    journal: &'a BTreeMap<CommandKey, Answered>,
    last_at: Timestamp,
) -> impl Iterator<Item = (&'a CommandKey, &'a Answered)> {
    let oldest = documents.values().map(|answered| answered.at).min();
    let horizon = oldest.unwrap_or(last_at - IDS_ARE_KEPT);
    journal.iter().filter(move |(_, answered)| answered.at >= horizon)
}
