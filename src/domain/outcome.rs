//! Answers of accepted commands, kept with the command's id (DESIGN.md, law 2).

use super::id::{AgentId, CategoryId, EntryId, OrderId, ProductId, WithdrawalId};
use super::money::Money;
use super::order::Quote;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What an accepted command answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is done, or was done already.
    Done,
    /// A category exists.
    CategoryCreated(CategoryId),
    /// A product exists.
    ProductCreated(ProductId),
    /// Items were put on the shelf.
    ItemsAdded(ItemsReport),
    /// A price is promised. Never remembered: quotes live in memory.
    Quoted(Arc<Quote>),
    /// The goods are sold and paid.
    OrderPlaced(Receipt),
    /// An agent exists.
    AgentCreated(AgentId),
    /// A user owns the agent now.
    OwnerClaimed(AgentId),
    /// A customer's balance after a credit.
    Credited {
        /// The balance afterwards.
        balance: Money,
    },
    /// A withdrawal is requested on these terms.
    WithdrawalRequested(WithdrawalTerms),
    /// A withdrawal changed its state.
    WithdrawalMoved(WithdrawalId),
    /// Profit matured.
    Matured {
        /// Entries that matured.
        entries: u32,
        /// Whether more were due than the limit allowed.
        more: bool,
    },
}

/// What came of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemsReport {
    /// Items put on the shelf.
    pub added: u32,
    /// Positions in the command (from 0) of items that the stockroom has already.
    pub duplicates: Vec<u32>,
}

/// What a customer is told about his order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The order.
    pub order: OrderId,
    /// What was paid.
    pub total: Money,
    /// The balance after payment.
    pub balance: Money,
}

/// The terms of a withdrawal, fixed when it is requested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawalTerms {
    /// The request.
    pub id: WithdrawalId,
    /// What leaves the agent's available profit.
    pub amount: Money,
    /// What the platform keeps.
    pub fee: Money,
    /// What is paid out.
    pub net: Money,
}

/// A share of one profit entry that a withdrawal consumes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// The entry.
    pub entry: EntryId,
    /// How much of it.
    pub amount: Money,
}
