//! Typed, paged questions to a store.

use crate::domain::id::{AgentId, TenantId, UserId};
use crate::domain::money::Money;
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
