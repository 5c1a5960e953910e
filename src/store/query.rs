//! Typed, paged questions to a store.

use super::batch::{DialogRecord, Profile};
use crate::domain::id::{AgentId, TenantId, UserId};
use crate::domain::ledger::Account;
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::WithdrawalState;

/// A page of a list, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Rows of the whole list.
    pub total: u64,
}

/// Which orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderQuery {
    /// Of one shop.
    pub tenant: Option<TenantId>,
    /// Of one customer.
    pub user: Option<UserId>,
    /// Only those whose goods have not arrived.
    pub undelivered: bool,
    /// Rows to leave out.
    pub skip: u32,
    /// Rows at most.
    pub limit: u32,
}

/// Which withdrawals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WithdrawalQuery {
    /// Of one agent.
    pub agent: Option<AgentId>,
    /// In one state.
    pub state: Option<WithdrawalState>,
    /// Rows to leave out.
    pub skip: u32,
    /// Rows at most.
    pub limit: u32,
}

/// What an agent has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentBalances {
    /// Not matured.
    pub pending: Money,
    /// Can be withdrawn.
    pub available: Money,
    /// In open withdrawals.
    pub held: Money,
    /// Paid out so far, fees included.
    pub paid: Money,
}

/// What a store keeps beside the documents that the journal explains; only the audit asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unjournalled {
    /// Where chats stand.
    pub dialogs: Vec<DialogRecord>,
    /// Who the customers are.
    pub profiles: Vec<Profile>,
    /// Bot and number of the updates that wait in the inbox.
    pub inbox: Vec<(UserId, u64)>,
    /// Updates that were given up.
    pub dead_letters: Vec<DeadLetter>,
    /// Accounts that are kept although nothing is in them.
    pub empty_accounts: Vec<Account>,
    /// Fields that a store keeps twice, for its searches and orders of arrival, and that do not say
    /// what their document says.
    pub astray: Vec<Astray>,
}

/// An update that failed twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Which bot.
    pub bot: UserId,
    /// Which update.
    pub update: u64,
    /// Why.
    pub reason: String,
    /// When it was given up.
    pub at: Timestamp,
}

/// A search field that is not its document's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Astray {
    /// The document, as `collection/id`.
    pub of: String,
    /// The name of the field.
    pub field: &'static str,
}
