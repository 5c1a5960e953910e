//! The laws on machines in memory, for simulation and tests: the same sums from what decisions use,
//! and that memory says what the documents say.

use super::{Findings, Violation};
use crate::domain::chronicle::Chronicle;
use crate::domain::id::{AgentId, ItemId};
use crate::domain::ledger::{Account, Entry, LedgerMachine};
use crate::domain::stock::StockMachine;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// Checks both machines by themselves.
pub fn check(stock: &StockMachine, ledger: &LedgerMachine) -> Vec<Violation> {
    let mut found = Vec::new();
    balances(ledger, &mut found);
    for agent in agents(ledger) {
        profit(ledger, agent, &mut found);
    }
    shelves(stock, &mut found);
    found
}

/// Checks that the machines and the documents of the same moment agree.
pub fn agree(
    chronicle: &Chronicle,
    stock: &StockMachine,
    ledger: &LedgerMachine,
) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut findings = Findings::new(13, "memory_is_what_is_stored", &mut found);
    differences(&chronicle.balances, ledger.book().balances(), &mut findings);
    differences(&chronicle.tenants, ledger.tenants(), &mut findings);
    differences(&chronicle.catalog.categories, &stock.catalog().categories, &mut findings);
    differences(&chronicle.catalog.products, &stock.catalog().products, &mut findings);
    let open = chronicle.orders.iter().filter(|(_, order)| !order.delivery.is_done());
    differences(&cloned(open), ledger.undelivered(), &mut findings);
    let open = chronicle.withdrawals.iter().filter(|(_, w)| w.status.state().is_open());
    differences(&cloned(open), ledger.withdrawals(), &mut findings);
    let left = |entry: &Entry| entry.matured_at.is_none() || !entry.remaining.is_zero();
    let stored = chronicle.entries.iter().filter(|(_, entry)| left(entry));
    let live = ledger.entries().values().flatten().filter(|(_, entry)| left(entry));
    differences(&cloned(stored), &cloned(live), &mut findings);
    let unsold = chronicle.items.iter().filter(|(_, item)| item.order.is_none());
    let unsold: BTreeMap<_, _> = unsold.map(|(id, item)| (*id, item.product)).collect();
    differences(&unsold, &goods(stock), &mut findings);
    found
}

fn balances(ledger: &LedgerMachine, found: &mut Vec<Violation>) {
    let sum = ledger.book().sum();
    if !sum.is_zero() {
        Findings::new(3, "live_book_sums_to_zero", found).add("book", format!("adds up to {sum}"));
    }
    for (account, balance) in ledger.book().balances() {
        if matches!(account, Account::Customer(..)) && balance.is_negative() {
            Findings::new(3, "live_customers_are_never_negative", found)
                .add(account, format!("holds {balance}"));
        }
    }
}

fn profit(ledger: &LedgerMachine, agent: &AgentId, found: &mut Vec<Violation>) {
    let mut findings = Findings::new(3, "live_profit_adds_up", found);
    let entries = || ledger.entries().get(agent).into_iter().flat_map(BTreeMap::values);
    let pending: Decimal =
        entries().filter(|e| e.matured_at.is_none()).map(|e| e.amount.decimal()).sum();
    let available: Decimal =
        entries().filter(|e| e.matured_at.is_some()).map(|e| e.remaining.decimal()).sum();
    let open = ledger.withdrawals().values().filter(|w| w.agent == *agent);
    let held: Decimal = open.map(|w| w.amount.decimal()).sum();
    for (account, expected) in [
        (Account::AgentPending(agent.clone()), pending),
        (Account::AgentAvailable(agent.clone()), available),
        (Account::AgentHeld(agent.clone()), held),
    ] {
        let balance = ledger.book().balance(&account).decimal();
        findings.equal(&account, balance, expected, "entries and open withdrawals");
    }
}

/// Nothing is on a shelf and held, held twice, or on two shelves; a customer has one hold.
fn shelves(stock: &StockMachine, found: &mut Vec<Violation>) {
    let (mut items, mut contents, mut holders) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut findings = Findings::new(4, "live_items_are_in_one_place", found);
    for (item, content) in stock.shelves().values().flatten() {
        if !items.insert(*item) || !contents.insert(*content) {
            findings.add(item, "is on the shelves twice");
        }
    }
    for hold in stock.holds() {
        for item in &hold.items {
            if !items.insert(*item) {
                findings.pair(item, hold.id, "is held and elsewhere too");
            }
        }
        if hold.items.len() != hold.ask.quantity as usize {
            findings.add(hold.id, "holds another number of items than was asked for");
        }
        if !holders.insert((&hold.ask.tenant, hold.ask.user)) {
            findings.add(hold.id, "its customer has another hold");
        }
    }
}

fn agents(ledger: &LedgerMachine) -> BTreeSet<&AgentId> {
    let shops = ledger.tenants().keys().filter_map(|tenant| tenant.agent());
    shops.chain(ledger.entries().keys()).collect()
}

/// Unsold items by id, held ones included.
fn goods(stock: &StockMachine) -> BTreeMap<ItemId, crate::domain::id::ProductId> {
    let shelved =
        stock.shelves().iter().flat_map(|(product, shelf)| shelf.keys().map(|i| (*i, *product)));
    let held = stock.holds().flat_map(|hold| hold.items.iter().map(|i| (*i, hold.ask.product)));
    shelved.chain(held).collect()
}

fn cloned<'a, K: Ord + Clone + 'a, V: Clone + 'a>(
    rows: impl Iterator<Item = (&'a K, &'a V)>,
) -> BTreeMap<K, V> {
    rows.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn differences<K: Ord + Display, V: PartialEq>(
    stored: &BTreeMap<K, V>,
    live: &BTreeMap<K, V>,
    findings: &mut Findings<'_>,
) {
    for (key, value) in stored {
        match live.get(key) {
            None => findings.add(key, "is stored and not in memory"),
            Some(other) if other != value => findings.add(key, "is different in memory"),
            Some(_) => {}
        }
    }
    for key in live.keys().filter(|key| !stored.contains_key(key)) {
        findings.add(key, "is in memory and not stored");
    }
}
