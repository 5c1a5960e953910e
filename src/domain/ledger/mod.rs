//! The ledger: accounts, profit entries, quotes, orders, withdrawals, tenants. The machine behind
//! LedgerActor.
//!
//! `decide` answers a command with facts or a refusal and changes nothing; `apply` makes a fact part
//! of the state and cannot fail. Closed orders and withdrawals leave memory; the store has them.

mod account;
mod agents;
mod command;
mod orders;
mod withdrawals;

pub use account::{Account, Book, Channel, InvalidAccount, Transfer};
pub(in crate::domain) use agents::change_tenant;
pub use command::{Cause, Entry, LedgerCommand, LedgerEvent, Rules};

use super::access::Access;
use super::command::{Accepted, Answered, Command, CommandKey, Recent};
use super::id::{AgentId, EntryId, OrderId, TenantId, UserId, WithdrawalId};
use super::money::Money;
use super::order::{Order, Quote};
use super::outcome::Outcome;
use super::pairs;
use super::rejection::{CreditRejection, Rejection};
use super::tenant::Tenant;
use super::time::Timestamp;
use super::withdrawal::{Txid, Withdrawal};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Facts and the answer, before the command's id is added to them.
type Decision = Result<(Vec<LedgerEvent>, Outcome), Rejection>;

/// The ledger's state. Serialised whole, what is volatile included: that is its checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerMachine {
    rules: Rules,
    access: Access,
    tenants: BTreeMap<TenantId, Tenant>,
    book: Book,
    /// Entries that are pending or not finally consumed, by agent and age.
    entries: BTreeMap<AgentId, BTreeMap<EntryId, Entry>>,
    /// Pending entries by the time they mature.
    ripening: BTreeSet<(Timestamp, EntryId, AgentId)>,
    next_entry: EntryId,
    /// One open quote per customer and shop.
    #[serde(with = "pairs")]
    quotes: BTreeMap<(UserId, TenantId), Arc<Quote>>,
    quotes_by_age: BTreeSet<(Timestamp, UserId, TenantId)>,
    /// Orders whose goods have not arrived.
    undelivered: BTreeMap<OrderId, Order>,
    withdrawals: BTreeMap<WithdrawalId, Withdrawal>,
    next_withdrawal: WithdrawalId,
    /// Every transaction that ever paid a withdrawal.
    txids: BTreeSet<Txid>,
    recent: Recent,
}

/// What the store knows of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedLedger {
    /// Balances that are not zero.
    pub balances: Vec<(Account, Money)>,
    /// All shops.
    pub tenants: Vec<Tenant>,
    /// Entries that are pending, or not consumed, or allocated to an open withdrawal.
    pub entries: Vec<Entry>,
    /// The id after the last entry ever made.
    pub next_entry: EntryId,
    /// Orders whose goods have not arrived.
    pub undelivered: Vec<Order>,
    /// Open withdrawals.
    pub withdrawals: Vec<Withdrawal>,
    /// The id after the last withdrawal ever requested.
    pub next_withdrawal: WithdrawalId,
    /// Every transaction that ever paid a withdrawal.
    pub txids: Vec<Txid>,
    /// Recently accepted commands, oldest first.
    pub answers: Vec<Answered>,
    /// Commands that were set aside; they are refused before they reach a machine.
    pub quarantined: Vec<CommandKey>,
}

impl LedgerMachine {
    /// An empty ledger under these rules.
    pub fn new(rules: Rules, access: Access) -> Self {
        Self {
            rules,
            access,
            tenants: BTreeMap::new(),
            book: Book::default(),
            entries: BTreeMap::new(),
            ripening: BTreeSet::new(),
            next_entry: EntryId::new(1),
            quotes: BTreeMap::new(),
            quotes_by_age: BTreeSet::new(),
            undelivered: BTreeMap::new(),
            withdrawals: BTreeMap::new(),
            next_withdrawal: WithdrawalId::new(1),
            txids: BTreeSet::new(),
            recent: Recent::default(),
        }
    }

    /// The ledger as the store knows it: no quotes.
    pub fn load(rules: Rules, access: Access, loaded: LoadedLedger) -> Self {
        let mut machine = Self::new(rules, access);
        for (account, balance) in &loaded.balances {
            machine.book.set(account, *balance);
        }
        machine.tenants = loaded.tenants.into_iter().map(|t| (t.id.clone(), t)).collect();
        machine.restore_entries(loaded.entries);
        machine.next_entry = loaded.next_entry;
        machine.undelivered =
            loaded.undelivered.into_iter().map(|order| (order.id.clone(), order)).collect();
        machine.withdrawals = loaded.withdrawals.into_iter().map(|w| (w.id, w)).collect();
        machine.next_withdrawal = loaded.next_withdrawal;
        machine.txids = loaded.txids.into_iter().collect();
        machine.recent = Recent::restore(loaded.answers, rules.keep_ids);
        machine
    }

    /// Decides a command.
    ///
    /// # Errors
    /// [`Rejection`]; authorisation comes first, then the memory of accepted ids (law 2).
    pub fn decide(
        &self,
        command: &Command<LedgerCommand>,
        now: Timestamp,
    ) -> Result<Accepted<LedgerEvent>, Rejection> {
        let shop = self.tenants.get(&command.tenant);
        self.access.check(command.body.right(), command.caller, &command.tenant, shop)?;
        let key = command.key();
        if let Some(outcome) = self.recent.outcome(&key) {
            return Ok(Accepted::nothing(outcome.clone()));
        }
        let (mut events, outcome) = self.decide_body(command, now)?;
        if is_remembered(&command.body) {
            events.push(LedgerEvent::Answered(Answered { key, at: now, outcome: outcome.clone() }));
        }
        Ok(Accepted { events, outcome })
    }

    fn decide_body(&self, command: &Command<LedgerCommand>, now: Timestamp) -> Decision {
        use LedgerCommand as C;
        match &command.body {
            C::IssueQuote { quote, product, base, quantity } => {
                self.issue_quote(command, quote, product, *base, *quantity, now)
            }
            C::PlaceOrder { quote, holding } => self.place_order(command, quote, holding, now),
            C::MarkDelivered { order } => Ok(self.mark_delivered(order, now)),
            C::AwaitCustomer { order, cause } => Ok(self.await_customer(order, *cause)),
            C::CreateAgent { agent, name, bot, code } => {
                self.create_agent(agent, name, bot, *code, now)
            }
            C::SetStatus { agent, status } => self.set_status(agent, *status),
            C::SetPricing { agent, markup } => {
                self.set_pricing(&TenantId::Agent(agent.clone()), *markup)
            }
            C::SetOwnPricing { markup } => self.set_pricing(&command.tenant, *markup),
            C::RenewOwnerLink { agent, code } => self.renew_owner_link(agent, *code, now),
            C::ClaimOwner { code } => self.claim_owner(command, *code, now),
            C::SetWallet { address } => Ok(self.set_wallet(&command.tenant, address)),
            C::Credit { tenant, user, amount, reason } => {
                self.credit(command, tenant, *user, *amount, reason, now)
            }
            C::RequestWithdrawal { amount } => self.request_withdrawal(command, *amount, now),
            C::ApproveWithdrawal { withdrawal } => self.approve(command, *withdrawal, now),
            C::RejectWithdrawal { withdrawal, reason } => {
                self.reject(command, *withdrawal, reason, now)
            }
            C::PayWithdrawal { withdrawal, txid, although_negative } => {
                self.pay(command, *withdrawal, txid, *although_negative, now)
            }
            C::MatureDue { limit } => Ok(self.mature_due(*limit, now)),
            C::RegisterMaster { name, bot } => self.register_master(name, bot, now),
            C::Quarantine { key, what } => {
                let event =
                    LedgerEvent::Quarantined { key: key.clone(), what: what.clone(), at: now };
                Ok((vec![event], Outcome::Done))
            }
        }
    }

    fn credit(
        &self,
        command: &Command<LedgerCommand>,
        tenant: &TenantId,
        user: UserId,
        amount: Money,
        reason: &str,
        now: Timestamp,
    ) -> Decision {
        let super::command::Caller::User(by) = command.caller else {
            return Err(super::access::Denied.into());
        };
        if !self.tenants.contains_key(tenant) {
            return Err(CreditRejection::UnknownTenant.into());
        }
        if !amount.is_positive() {
            return Err(CreditRejection::Amount.into());
        }
        let reason = super::catalog::description(reason)
            .and_then(|text| {
                if text.is_empty() { Err(super::catalog::TextRefusal::Empty) } else { Ok(text) }
            })
            .map_err(CreditRejection::Reason)?;
        let to = Account::Customer(tenant.clone(), user);
        let transfer = Transfer { from: Account::Adjustments, to, amount };
        if !self.book.can_move(&transfer) {
            return Err(CreditRejection::OutOfRange.into());
        }
        let balance = self.book.balance(&transfer.to).checked_add(amount);
        let balance = balance.ok_or(CreditRejection::OutOfRange)?;
        let cause = Cause::Credit { by, reason };
        let event = LedgerEvent::Moved { transfer, cause, at: now };
        Ok((vec![event], Outcome::Credited { balance }))
    }

    /// Makes a fact part of the state.
    pub fn apply(&mut self, event: &LedgerEvent) {
        match event {
            LedgerEvent::QuoteIssued(quote) => self.note_quote(quote),
            LedgerEvent::QuoteVoided { quote, tenant, user } => {
                self.drop_quote(tenant, *user, quote);
            }
            LedgerEvent::OrderPlaced(order) => {
                self.drop_quote(&order.tenant, order.user, &order.id.quote());
                self.undelivered.insert(order.id.clone(), (**order).clone());
            }
            LedgerEvent::DeliveryChanged { order, delivery } => {
                if delivery.is_done() {
                    self.undelivered.remove(order);
                } else if let Some(order) = self.undelivered.get_mut(order) {
                    order.delivery = *delivery;
                }
            }
            LedgerEvent::Moved { transfer, .. } => self.book.apply(transfer),
            LedgerEvent::ProfitEarned(entry) => self.note_entry(entry),
            LedgerEvent::ProfitMatured { entries, at } => self.mature(entries, *at),
            LedgerEvent::EntriesAllocated { agent, allocations, taken, .. } => {
                self.allocate(agent, allocations, *taken);
            }
            LedgerEvent::WithdrawalRequested(withdrawal) => self.note_withdrawal(withdrawal),
            LedgerEvent::WithdrawalMoved { withdrawal, status } => {
                self.move_withdrawal(*withdrawal, status);
            }
            LedgerEvent::TenantOpened(_)
            | LedgerEvent::StatusChanged { .. }
            | LedgerEvent::PricingChanged { .. }
            | LedgerEvent::OwnerLinkRenewed { .. }
            | LedgerEvent::OwnerClaimed { .. }
            | LedgerEvent::WalletChanged { .. } => {
                change_tenant(&mut self.tenants, event);
            }
            LedgerEvent::Quarantined { .. } => {}
            LedgerEvent::Answered(answered) => self.recent.remember(answered, self.rules.keep_ids),
        }
    }

    /// The fact that follows from a refusal: a refused order voids its quote, so that the customer
    /// is shown the price again (DESIGN.md, section 1).
    pub fn after_rejection(
        &self,
        command: &Command<LedgerCommand>,
        rejection: &Rejection,
    ) -> Option<LedgerEvent> {
        let LedgerCommand::PlaceOrder { quote, .. } = &command.body else { return None };
        // A price that cannot be booked refuses an order as well.
        let (Rejection::Order(_) | Rejection::Quote(_)) = rejection else { return None };
        let super::command::Caller::User(user) = command.caller else { return None };
        let held = self.quotes.get(&(user, command.tenant.clone()))?;
        (held.id == *quote).then(|| LedgerEvent::QuoteVoided {
            quote: quote.clone(),
            tenant: command.tenant.clone(),
            user,
        })
    }

    /// Makes this user an admin, while a journal is decided again: who had the role at the time is
    /// not in it.
    pub fn admit(&mut self, admin: UserId) {
        self.access.admins.insert(admin);
    }

    /// Puts other numbers in force, while a journal is decided again.
    pub const fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// The rules in force.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// All balances.
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// All shops.
    pub const fn tenants(&self) -> &BTreeMap<TenantId, Tenant> {
        &self.tenants
    }

    /// Entries in memory, by agent and age.
    pub const fn entries(&self) -> &BTreeMap<AgentId, BTreeMap<EntryId, Entry>> {
        &self.entries
    }

    /// Orders whose goods have not arrived.
    pub const fn undelivered(&self) -> &BTreeMap<OrderId, Order> {
        &self.undelivered
    }

    /// Open withdrawals.
    pub const fn withdrawals(&self) -> &BTreeMap<WithdrawalId, Withdrawal> {
        &self.withdrawals
    }

    /// The open quote of a customer.
    pub fn quote(&self, tenant: &TenantId, user: UserId) -> Option<&Arc<Quote>> {
        self.quotes.get(&(user, tenant.clone()))
    }

    /// The answer that an accepted command got.
    pub fn remembered(&self, key: &CommandKey) -> Option<&Outcome> {
        self.recent.outcome(key)
    }
}

/// Commands whose repeat changes nothing by itself are not remembered by id: they are many.
pub(in crate::domain) const fn is_remembered(body: &LedgerCommand) -> bool {
    !matches!(
        body,
        LedgerCommand::IssueQuote { .. }
            | LedgerCommand::MarkDelivered { .. }
            | LedgerCommand::AwaitCustomer { .. }
            | LedgerCommand::MatureDue { .. }
            | LedgerCommand::RegisterMaster { .. }
    )
}

#[cfg(test)]
mod tests;
