//! Profit entries, their maturity, and withdrawals that consume them.

use super::{Account, Cause, Decision, Entry, LedgerCommand, LedgerEvent, LedgerMachine, Transfer};
use crate::domain::access::Denied;
use crate::domain::catalog::{self, TextRefusal};
use crate::domain::command::{Caller, Command};
use crate::domain::id::{AgentId, EntryId, UserId, WithdrawalId};
use crate::domain::money::Money;
use crate::domain::outcome::{Allocation, Outcome, WithdrawalTerms};
use crate::domain::rejection::Rejection;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::{
    Txid, Withdrawal, WithdrawalRejection, WithdrawalState, WithdrawalStatus,
};
use std::collections::BTreeMap;

/// Most entries one withdrawal consumes: one command stays below 1,000 facts and 1 MiB.
const ALLOCATIONS_MAX: usize = 5_000;

/// Most entries that mature by one command, and most agents they may belong to, for the same reason:
/// maturity is a series, whatever limit its command names.
const MATURED_MAX: usize = 10_000;
const MATURED_AGENTS_MAX: usize = 900;

impl LedgerMachine {
    /// Profit that is due, oldest first, at most `limit` entries. More is left for the next command.
    pub(super) fn mature_due(&self, limit: u32, now: Timestamp) -> (Vec<LedgerEvent>, Outcome) {
        let due = || self.ripening.iter().take_while(|(at, _, _)| *at <= now);
        let mut sums: BTreeMap<&AgentId, Money> = BTreeMap::new();
        let mut entries = Vec::new();
        for (_, id, agent) in due().take(MATURED_MAX.min(limit as usize)) {
            let Some(entry) = self.entries.get(agent).and_then(|list| list.get(id)) else {
                continue;
            };
            if sums.len() == MATURED_AGENTS_MAX && !sums.contains_key(agent) {
                break;
            }
            let sum = sums.entry(agent).or_default();
            *sum = sum.checked_add(entry.amount).unwrap_or(*sum);
            entries.push(*id);
        }
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let more = due().nth(entries.len()).is_some();
        let outcome = Outcome::Matured { entries: count, more };
        if entries.is_empty() {
            return (Vec::new(), outcome);
        }
        let mut events = vec![LedgerEvent::ProfitMatured { entries, at: now }];
        events.extend(sums.into_iter().map(|(agent, amount)| LedgerEvent::Moved {
            transfer: Transfer {
                from: Account::AgentPending(agent.clone()),
                to: Account::AgentAvailable(agent.clone()),
                amount,
            },
            cause: Cause::Maturity,
            at: now,
        }));
        (events, outcome)
    }

    pub(super) fn request_withdrawal(
        &self,
        command: &Command<LedgerCommand>,
        amount: Money,
        now: Timestamp,
    ) -> Decision {
        use WithdrawalRejection as R;
        let Caller::User(requested_by) = command.caller else { return Err(Denied.into()) };
        let shop = self.tenants.get(&command.tenant).ok_or(Denied)?;
        let agent = shop.agent().ok_or(Denied)?;
        let min = shop.terms.withdrawal_min.unwrap_or(self.rules.withdrawal_min);
        let fee = shop.terms.withdrawal_fee.unwrap_or(self.rules.withdrawal_fee);
        if !amount.is_positive() || amount < min {
            return Err(R::BelowMinimum { min }.into());
        }
        let available = self.book.balance(&Account::AgentAvailable(agent.clone()));
        if available < amount {
            return Err(R::Funds { available }.into());
        }
        let net = amount
            .checked_sub(fee)
            .filter(|net| net.is_positive())
            .ok_or(R::NothingLeft { fee })?;
        let address = shop.wallet.clone().ok_or(R::NoWallet)?;
        let allocations = self.oldest_first(agent, amount)?;
        let id = self.next_withdrawal;
        let withdrawal = Withdrawal {
            id,
            agent: agent.clone(),
            requested_by,
            amount,
            fee,
            net,
            address,
            allocations: allocations.clone(),
            requested_at: now,
            status: WithdrawalStatus::Requested,
        };
        let events = vec![
            LedgerEvent::WithdrawalRequested(Box::new(withdrawal)),
            LedgerEvent::EntriesAllocated {
                agent: agent.clone(),
                withdrawal: id,
                allocations,
                taken: true,
            },
            moved(
                Account::AgentAvailable(agent.clone()),
                Account::AgentHeld(agent.clone()),
                amount,
                id,
                now,
            ),
        ];
        let terms = WithdrawalTerms { id, amount, fee, net };
        Ok((events, Outcome::WithdrawalRequested(terms)))
    }

    /// Shares of matured entries that add up to `amount`, oldest first, the last one partial.
    fn oldest_first(
        &self,
        agent: &AgentId,
        amount: Money,
    ) -> Result<Vec<Allocation>, WithdrawalRejection> {
        let mut left = amount;
        let mut allocations = Vec::new();
        let matured = self.entries.get(agent).into_iter().flatten().map(|(_, entry)| entry);
        for entry in matured.filter(|e| e.matured_at.is_some() && e.remaining.is_positive()) {
            if left.is_zero() {
                break;
            }
            if allocations.len() == ALLOCATIONS_MAX {
                return Err(WithdrawalRejection::TooManyEntries);
            }
            let share = entry.remaining.min(left);
            left = left.checked_sub(share).unwrap_or(Money::ZERO);
            allocations.push(Allocation { entry: entry.id, amount: share });
        }
        if left.is_zero() {
            Ok(allocations)
        } else {
            let available = amount.checked_sub(left).unwrap_or(Money::ZERO);
            Err(WithdrawalRejection::Funds { available })
        }
    }

    pub(super) fn approve(
        &self,
        command: &Command<LedgerCommand>,
        id: WithdrawalId,
        now: Timestamp,
    ) -> Decision {
        let (withdrawal, by) = self.open_withdrawal(command, id)?;
        if withdrawal.status != WithdrawalStatus::Requested {
            return Err(WithdrawalRejection::State(withdrawal.status.state()).into());
        }
        let status = WithdrawalStatus::Approved { by, at: now };
        let event = LedgerEvent::WithdrawalMoved { withdrawal: id, status };
        Ok((vec![event], Outcome::WithdrawalMoved(id)))
    }

    pub(super) fn reject(
        &self,
        command: &Command<LedgerCommand>,
        id: WithdrawalId,
        reason: &str,
        now: Timestamp,
    ) -> Decision {
        let (withdrawal, by) = self.open_withdrawal(command, id)?;
        let reason = catalog::description(reason).map_err(WithdrawalRejection::Reason)?;
        if reason.is_empty() {
            return Err(WithdrawalRejection::Reason(TextRefusal::Empty).into());
        }
        let agent = &withdrawal.agent;
        let events = vec![
            LedgerEvent::WithdrawalMoved {
                withdrawal: id,
                status: WithdrawalStatus::Rejected { by, at: now, reason },
            },
            LedgerEvent::EntriesAllocated {
                agent: agent.clone(),
                withdrawal: id,
                allocations: withdrawal.allocations.clone(),
                taken: false,
            },
            moved(
                Account::AgentHeld(agent.clone()),
                Account::AgentAvailable(agent.clone()),
                withdrawal.amount,
                id,
                now,
            ),
        ];
        Ok((events, Outcome::WithdrawalMoved(id)))
    }

    pub(super) fn pay(
        &self,
        command: &Command<LedgerCommand>,
        id: WithdrawalId,
        txid: &Txid,
        although_negative: bool,
        now: Timestamp,
    ) -> Decision {
        let (withdrawal, by) = self.open_withdrawal(command, id)?;
        let state = withdrawal.status.state();
        if state != WithdrawalState::Approved {
            return Err(WithdrawalRejection::State(state).into());
        }
        if self.txids.contains(txid) {
            return Err(WithdrawalRejection::TxidUsed.into());
        }
        let agent = &withdrawal.agent;
        let available = self.book.balance(&Account::AgentAvailable(agent.clone()));
        if available.is_negative() && !although_negative {
            return Err(WithdrawalRejection::AgentNegative { available }.into());
        }
        let held = Account::AgentHeld(agent.clone());
        let status = WithdrawalStatus::Paid { by, at: now, txid: txid.clone() };
        let mut events = vec![
            LedgerEvent::WithdrawalMoved { withdrawal: id, status },
            moved(held.clone(), Account::ExternalPayouts, withdrawal.net, id, now),
        ];
        if withdrawal.fee.is_positive() {
            events.push(moved(held, Account::FeeIncome, withdrawal.fee, id, now));
        }
        Ok((events, Outcome::WithdrawalMoved(id)))
    }

    fn open_withdrawal(
        &self,
        command: &Command<LedgerCommand>,
        id: WithdrawalId,
    ) -> Result<(&Withdrawal, UserId), Rejection> {
        let Caller::User(by) = command.caller else { return Err(Denied.into()) };
        let withdrawal = self.withdrawals.get(&id).ok_or(WithdrawalRejection::Unknown)?;
        Ok((withdrawal, by))
    }

    /// Entries as a store kept them. Built at once: a million of them take less room than when they
    /// come one by one, and the names of agents are there once.
    pub(super) fn restore_entries(&mut self, entries: Vec<Entry>) {
        let mut agents: BTreeMap<AgentId, Vec<(EntryId, Entry)>> = BTreeMap::new();
        for mut entry in entries {
            if let Some((agent, _)) = agents.get_key_value(&entry.agent) {
                entry.agent = agent.clone();
            }
            agents.entry(entry.agent.clone()).or_default().push((entry.id, entry));
        }
        let pending = agents.values().flatten().filter(|(_, entry)| entry.matured_at.is_none());
        self.ripening =
            pending.map(|(id, entry)| (entry.mature_at, *id, entry.agent.clone())).collect();
        let full = |(agent, entries): (_, Vec<_>)| (agent, entries.into_iter().collect());
        self.entries = agents.into_iter().map(full).collect();
    }

    pub(super) fn note_entry(&mut self, entry: &Entry) {
        self.next_entry = self.next_entry.max(entry.id.next());
        if entry.matured_at.is_none() {
            self.ripening.insert((entry.mature_at, entry.id, entry.agent.clone()));
        }
        self.entries.entry(entry.agent.clone()).or_default().insert(entry.id, entry.clone());
    }

    pub(super) fn mature(&mut self, ids: &[EntryId], at: Timestamp) {
        // The decision took them from the front of the queue, where they still are.
        let ids: std::collections::BTreeSet<_> = ids.iter().collect();
        let due: Vec<_> = self
            .ripening
            .iter()
            .take_while(|(mature_at, _, _)| *mature_at <= at)
            .filter(|(_, id, _)| ids.contains(id))
            // A backlog is worked off in a series: each step must not walk all of it.
            .take(ids.len())
            .cloned()
            .collect();
        for ripe in due {
            self.ripening.remove(&ripe);
            let (_, id, agent) = ripe;
            if let Some(entry) = self.entries.get_mut(&agent).and_then(|list| list.get_mut(&id)) {
                entry.matured_at = Some(at);
            }
        }
    }

    pub(super) fn allocate(&mut self, agent: &AgentId, allocations: &[Allocation], taken: bool) {
        let Some(list) = self.entries.get_mut(agent) else { return };
        for Allocation { entry: id, amount } in allocations {
            if let Some(entry) = list.get_mut(id) {
                let remaining = if taken {
                    entry.remaining.checked_sub(*amount)
                } else {
                    entry.remaining.checked_add(*amount)
                };
                entry.remaining = remaining.unwrap_or(entry.remaining);
            }
        }
    }

    pub(super) fn note_withdrawal(&mut self, withdrawal: &Withdrawal) {
        self.next_withdrawal = self.next_withdrawal.max(withdrawal.id.next());
        self.withdrawals.insert(withdrawal.id, withdrawal.clone());
    }

    /// A closed withdrawal leaves memory; when it was paid, so do the entries it used up.
    pub(super) fn move_withdrawal(&mut self, id: WithdrawalId, status: &WithdrawalStatus) {
        if let WithdrawalStatus::Paid { txid, .. } = status {
            self.txids.insert(txid.clone());
        }
        let Some(withdrawal) = self.withdrawals.get_mut(&id) else { return };
        withdrawal.status = status.clone();
        if status.state().is_open() {
            return;
        }
        let Some(closed) = self.withdrawals.remove(&id) else { return };
        if status.state() == WithdrawalState::Paid {
            self.forget_consumed(&closed);
        }
    }

    /// Entries are finally consumed when nothing remains of them and no open withdrawal could give
    /// some back.
    fn forget_consumed(&mut self, closed: &Withdrawal) {
        let still_used = |id: &EntryId| {
            self.withdrawals.values().any(|w| w.allocations.iter().any(|a| a.entry == *id))
        };
        let consumed: Vec<EntryId> = closed
            .allocations
            .iter()
            .map(|allocation| allocation.entry)
            .filter(|id| !still_used(id))
            .collect();
        if let Some(list) = self.entries.get_mut(&closed.agent) {
            for id in consumed {
                if list.get(&id).is_some_and(|entry| entry.remaining.is_zero()) {
                    list.remove(&id);
                }
            }
            // An agent without entries has no list, so that live and loaded state are equal.
            if list.is_empty() {
                self.entries.remove(&closed.agent);
            }
        }
    }
}

fn moved(
    from: Account,
    to: Account,
    amount: Money,
    id: WithdrawalId,
    at: Timestamp,
) -> LedgerEvent {
    let transfer = Transfer { from, to, amount };
    LedgerEvent::Moved { transfer, cause: Cause::Withdrawal(id), at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::Access;
    use crate::domain::id::OrderId;
    use crate::domain::ledger::Rules;

    #[test]
    fn an_agent_whose_profit_is_all_paid_has_no_entries() {
        let mut ledger = LedgerMachine::new(Rules::standard(), Access::default());
        let (at, ten) = (Timestamp::from_ms(5), Money::whole(10));
        let agent: AgentId = "a1".parse().expect("valid");
        let entry = EntryId::new(1);
        let allocations = vec![Allocation { entry, amount: ten }];
        let withdrawal = WithdrawalId::new(1);
        let paid = WithdrawalStatus::Paid {
            by: UserId::new(1),
            at,
            txid: "0123456789".parse().expect("valid"),
        };
        for event in [
            LedgerEvent::ProfitEarned(Entry {
                id: entry,
                agent: agent.clone(),
                order: OrderId::from_body("o").expect("valid"),
                amount: ten,
                remaining: ten,
                earned_at: at,
                mature_at: at,
                matured_at: None,
            }),
            LedgerEvent::ProfitMatured { entries: vec![entry], at },
            LedgerEvent::WithdrawalRequested(Box::new(Withdrawal {
                id: withdrawal,
                agent: agent.clone(),
                requested_by: UserId::new(1),
                amount: ten,
                fee: Money::ZERO,
                net: ten,
                address: "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t".parse().expect("valid"),
                allocations: allocations.clone(),
                requested_at: at,
                status: WithdrawalStatus::Requested,
            })),
            LedgerEvent::EntriesAllocated { agent, withdrawal, allocations, taken: true },
            LedgerEvent::WithdrawalMoved { withdrawal, status: paid },
        ] {
            ledger.apply(&event);
        }
        assert!(ledger.entries().is_empty());
    }
}
