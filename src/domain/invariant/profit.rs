//! Profit entries: what was earned, what matured, what is left (laws 3 and 5).

use super::Findings;
use super::money::{balance, times};
use crate::domain::chronicle::Chronicle;
use crate::domain::id::{AgentId, EntryId, OrderId};
use crate::domain::ledger::{Account, Entry};
use crate::domain::order::Order;
use crate::domain::withdrawal::WithdrawalState;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn pending_is_unmatured_profit(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let pending = |entry: &Entry| match entry.matured_at {
        None => entry.amount.decimal(),
        Some(_) => Decimal::ZERO,
    };
    let account = |agent: &AgentId| Account::AgentPending(agent.clone());
    compare(
        chronicle,
        &sums(chronicle, pending),
        account,
        "entries that have not matured",
        findings,
    );
}

pub(super) fn available_is_matured_remainders(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let available = |entry: &Entry| match entry.matured_at {
        None => Decimal::ZERO,
        Some(_) => entry.remaining.decimal(),
    };
    let account = |agent: &AgentId| Account::AgentAvailable(agent.clone());
    compare(chronicle, &sums(chronicle, available), account, "matured remainders", findings);
}

/// Amount − remaining is what withdrawals took and did not give back.
pub(super) fn entries_shrink_by_allocations(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let mut taken: BTreeMap<EntryId, Decimal> = BTreeMap::new();
    for withdrawal in chronicle.withdrawals.values() {
        if withdrawal.status.state() == WithdrawalState::Rejected {
            continue;
        }
        for allocation in &withdrawal.allocations {
            *taken.entry(allocation.entry).or_default() += allocation.amount.decimal();
        }
    }
    for entry in chronicle.entries.values() {
        let (amount, remaining) = (entry.amount.decimal(), entry.remaining.decimal());
        let within = if amount < Decimal::ZERO {
            amount <= remaining && remaining <= Decimal::ZERO
        } else {
            Decimal::ZERO <= remaining && remaining <= amount
        };
        if !within {
            findings.add(entry.id, format!("{remaining} remain of {amount}"));
        }
        let taken = taken.remove(&entry.id).unwrap_or_default();
        if amount - remaining != taken {
            let says = format!("{remaining} of {amount} remain, but withdrawals took {taken}");
            findings.add(entry.id, says);
        }
    }
    for (entry, amount) in taken {
        findings.add(entry, format!("withdrawals took {amount} of an entry that does not exist"));
    }
}

/// Profit = (unit price − base) × quantity: one entry an order of an agent, none for the master's or
/// without markup.
pub(super) fn it_is_the_markup_of_its_order(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let mut earned: BTreeMap<&OrderId, &Entry> = BTreeMap::new();
    for entry in chronicle.entries.values() {
        if let Some(other) = earned.insert(&entry.order, entry) {
            findings.pair(entry.id, other.id, format!("{} earned twice", entry.order));
        }
    }
    for order in chronicle.orders.values() {
        let entry = earned.remove(&order.id);
        let profit = markup_of(order);
        match (order.tenant.agent(), entry) {
            (None, None) => {}
            (None, Some(entry)) => {
                findings.pair(entry.id, &order.id, "an order of the master earned profit");
            }
            (Some(_), None) if profit.is_zero() => {}
            (Some(_), None) => findings.add(&order.id, format!("earned no entry of {profit}")),
            (Some(agent), Some(entry)) => {
                if entry.agent != *agent {
                    findings.pair(entry.id, &order.id, "another agent's order");
                }
                if entry.amount.decimal() != profit || profit <= Decimal::ZERO {
                    let says = format!("is {}, the order earned {profit}", entry.amount);
                    findings.pair(entry.id, &order.id, says);
                }
            }
        }
    }
    for (order, entry) in earned {
        findings.pair(entry.id, order, "the entry's order does not exist");
    }
}

/// Earned with the order, due no earlier, matured no earlier than due.
pub(super) fn it_matures_in_time(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for entry in chronicle.entries.values() {
        if let Some(order) = chronicle.orders.get(&entry.order)
            && order.placed_at != entry.earned_at
        {
            findings.pair(entry.id, &order.id, "was not earned when its order was paid");
        }
        if entry.mature_at < entry.earned_at {
            findings.add(entry.id, "is due before it was earned");
        }
        if entry.matured_at.is_some_and(|at| at < entry.mature_at) {
            findings.add(entry.id, "matured before it was due");
        }
    }
}

/// Sums per agent.
pub(super) type Sums<'a> = BTreeMap<&'a AgentId, Decimal>;

fn sums(chronicle: &Chronicle, of: impl Fn(&Entry) -> Decimal) -> Sums<'_> {
    let mut sums = Sums::new();
    for entry in chronicle.entries.values() {
        *sums.entry(&entry.agent).or_default() += of(entry);
    }
    sums
}

/// Each agent's `account` must hold his sum; an agent without a sum holds nothing.
pub(super) fn compare(
    chronicle: &Chronicle,
    sums: &Sums<'_>,
    account: impl Fn(&AgentId) -> Account,
    of: &str,
    findings: &mut Findings<'_>,
) {
    let holders = chronicle.balances.keys().filter_map(Account::agent);
    let agents: BTreeSet<&AgentId> = holders.chain(sums.keys().copied()).collect();
    for agent in agents {
        let account = account(agent);
        let expected = sums.get(agent).copied().unwrap_or_default();
        findings.equal(&account, balance(chronicle, &account), expected, of);
    }
}

/// (unit price − base) × quantity.
fn markup_of(order: &Order) -> Decimal {
    times(order.price.unit, order.items.len()) - times(order.price.base, order.items.len())
}
