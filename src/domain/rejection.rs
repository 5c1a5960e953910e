//! Refusals of the core as a caller sees them: one enum per operation, gathered here.

use super::access::Denied;
use super::catalog::TextRefusal;
use super::order::{OrderRejection, QuoteRejection};
use super::stock::StockRejection;
use super::tenant::AgentRejection;
use super::withdrawal::WithdrawalRejection;
use serde::{Deserialize, Serialize};

/// A command was refused. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// The caller has no such right; to him the command is unknown.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Catalogue and shelves.
    #[error(transparent)]
    Stock(#[from] StockRejection),
    /// A price.
    #[error(transparent)]
    Quote(#[from] QuoteRejection),
    /// An order.
    #[error(transparent)]
    Order(#[from] OrderRejection),
    /// An agent.
    #[error(transparent)]
    Agent(#[from] AgentRejection),
    /// A withdrawal.
    #[error(transparent)]
    Withdrawal(#[from] WithdrawalRejection),
    /// A credit.
    #[error(transparent)]
    Credit(#[from] CreditRejection),
    /// The command was in hand when the core died twice; an admin must look (DESIGN.md, section 4).
    #[error("the request is set aside for an admin")]
    Quarantined,
    /// The store refuses what this command would write; nothing was recorded.
    #[error("the request cannot be recorded")]
    Unrecordable,
}

/// Why a credit is refused. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditRejection {
    /// No such shop.
    #[error("no such shop")]
    UnknownTenant,
    /// The amount must be more than nothing.
    #[error("the amount must be more than 0")]
    Amount,
    /// The balance would leave the range of money.
    #[error("the balance would be out of range")]
    OutOfRange,
    /// The reason is empty, too long or holds control characters.
    #[error("the reason is not usable: {0}")]
    Reason(TextRefusal),
}
