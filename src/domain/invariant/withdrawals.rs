//! Withdrawals: what they consume, what they pay, who asked (laws 2, 3 and 6).

use super::Findings;
use super::profit::{Sums, compare};
use crate::domain::chronicle::Chronicle;
use crate::domain::id::{AgentId, TenantId, WithdrawalId};
use crate::domain::ledger::Account;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::{Txid, Withdrawal, WithdrawalStatus};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

pub(super) fn held_is_open_withdrawals(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let mut sums = Sums::new();
    for withdrawal in chronicle.withdrawals.values() {
        if withdrawal.status.state().is_open() {
            *sums.entry(&withdrawal.agent).or_default() += withdrawal.amount.decimal();
        }
    }
    let account = |agent: &AgentId| Account::AgentHeld(agent.clone());
    compare(chronicle, &sums, account, "open withdrawals", findings);
}

/// Amount = fee + net = what is taken from entries.
pub(super) fn they_add_up(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for withdrawal in chronicle.withdrawals.values() {
        let Withdrawal { id, amount, fee, net, allocations, .. } = withdrawal;
        if fee.is_negative() || !net.is_positive() {
            findings.add(id, format!("keeps {fee} and pays {net}"));
        }
        if fee.decimal() + net.decimal() != amount.decimal() {
            findings.add(id, format!("is {amount}, but fee and net are {fee} and {net}"));
        }
        let taken: Decimal = allocations.iter().map(|share| share.amount.decimal()).sum();
        if taken != amount.decimal() {
            findings.add(id, format!("is {amount}, but takes {taken} from entries"));
        }
        if decided_at(&withdrawal.status).is_some_and(|at| at < withdrawal.requested_at) {
            findings.add(id, "was decided before it was asked for");
        }
    }
}

/// Shares are of the agent's own entries, oldest first, each once, more than nothing, matured before
/// they were asked for.
pub(super) fn allocations_are_of_matured_profit(
    chronicle: &Chronicle,
    findings: &mut Findings<'_>,
) {
    for withdrawal in chronicle.withdrawals.values() {
        let mut last = None;
        for share in &withdrawal.allocations {
            let mut wrong = |says: &str| findings.pair(withdrawal.id, share.entry, says);
            if last.replace(share.entry).is_some_and(|before| before >= share.entry) {
                wrong("does not take entries oldest first, each once");
            }
            if !share.amount.is_positive() {
                wrong("takes nothing of the entry");
            }
            let Some(entry) = chronicle.entries.get(&share.entry) else {
                wrong("takes of an entry that does not exist");
                continue;
            };
            if entry.agent != withdrawal.agent {
                wrong("takes another agent's profit");
            }
            if entry.matured_at.is_none_or(|at| at > withdrawal.requested_at) {
                wrong("takes profit that had not matured");
            }
        }
    }
}

pub(super) fn txids_are_unique(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let mut first: BTreeMap<&Txid, WithdrawalId> = BTreeMap::new();
    for withdrawal in chronicle.withdrawals.values() {
        if let WithdrawalStatus::Paid { txid, .. } = &withdrawal.status
            && let Some(other) = first.insert(txid, withdrawal.id)
        {
            findings.pair(withdrawal.id, other, format!("both were paid by {txid}"));
        }
    }
}

/// An agent's owner does not change once there is one, so every request is his.
pub(super) fn they_are_the_owners(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for withdrawal in chronicle.withdrawals.values() {
        let shop = chronicle.tenants.get(&TenantId::Agent(withdrawal.agent.clone()));
        if shop.is_some_and(|shop| shop.owner != Some(withdrawal.requested_by)) {
            let says = format!("was asked for by {}, not by the owner", withdrawal.requested_by);
            findings.add(withdrawal.id, says);
        }
    }
}

const fn decided_at(status: &WithdrawalStatus) -> Option<Timestamp> {
    match status {
        WithdrawalStatus::Requested => None,
        WithdrawalStatus::Approved { at, .. }
        | WithdrawalStatus::Paid { at, .. }
        | WithdrawalStatus::Rejected { at, .. } => Some(*at),
    }
}
