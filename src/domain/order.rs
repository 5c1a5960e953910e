//! Quotes and orders: a price promised for minutes, and what it became.

use super::catalog::GoodsKind;
use super::id::{ItemId, OrderId, ProductId, QuoteId, TenantId, UserId};
use super::money::Money;
use super::pricing::UnitPrice;
use super::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// A price promised to one customer. Lives in memory, is used once (DESIGN.md, section 1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Its id; all that the confirm button holds.
    pub id: QuoteId,
    /// The shop.
    pub tenant: TenantId,
    /// The customer.
    pub user: UserId,
    /// What is sold.
    pub product: ProductId,
    /// Its name when the price was promised.
    #[serde(serialize_with = "crate::domain::words::serialize")]
    pub product_name: String,
    /// What its items are.
    pub kind: GoodsKind,
    /// How many items.
    pub quantity: u32,
    /// Price of one, and the platform's part of it.
    pub price: UnitPrice,
    /// What the customer will pay.
    pub total: Money,
    /// How long the agent's profit of it takes to mature.
    pub maturity: Millis,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A paid order. Price, base, markup and maturity are those of its quote (law 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// The shop.
    pub tenant: TenantId,
    /// The customer.
    pub user: UserId,
    /// What was sold.
    pub product: ProductId,
    /// Its name when it was sold.
    #[serde(serialize_with = "crate::domain::words::serialize")]
    pub product_name: String,
    /// What its items are.
    pub kind: GoodsKind,
    /// Price of one, and the platform's part of it.
    pub price: UnitPrice,
    /// What the customer paid.
    pub total: Money,
    /// The items, in the order they are delivered.
    pub items: Vec<ItemId>,
    /// When it was paid.
    pub placed_at: Timestamp,
    /// Where its goods are.
    pub delivery: Delivery,
}

/// Where an order's goods are (law 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Delivery {
    /// On their way, or about to be sent again after a restart.
    Pending,
    /// The customer cannot be reached; sent at the next contact.
    Awaiting {
        /// Why.
        cause: AwaitCause,
    },
    /// Telegram accepted every part.
    Delivered {
        /// When.
        at: Timestamp,
    },
}

/// Why an order waits for its customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwaitCause {
    /// The customer blocked the bot or deleted the account.
    Blocked,
    /// The bot's token was revoked.
    TokenRevoked,
    /// The bot has been paused for long.
    Paused,
    /// Telegram refuses the goods again and again; an admin must look.
    Refused,
}

impl Order {
    /// How many items were sold.
    pub const fn quantity(&self) -> usize {
        self.items.len()
    }
}

impl Delivery {
    /// Whether nothing is left to do.
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Delivered { .. })
    }
}

/// Why there is no quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuoteRejection {
    /// The shop is paused.
    #[error("the shop is closed")]
    ShopPaused,
    /// No such product, or customers may not see it, or it has no price.
    #[error("the product is not for sale")]
    NotForSale,
    /// Not a whole number from 1 to the limit.
    #[error("the quantity must be 1 to {max}")]
    Quantity {
        /// The largest quantity of one order.
        max: u32,
    },
    /// Fewer items than asked for.
    #[error("only {available} left")]
    Shortage {
        /// How many there are.
        available: u32,
    },
    /// The agent's floor and cap exclude each other, or the amount is out of range.
    #[error("the product has no valid price here")]
    NoPrice,
}

/// Why a quote did not become an order. Nothing was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderRejection {
    /// No such quote of this customer: used, replaced, expired or forgotten in a restart.
    #[error("the price is no longer promised")]
    QuoteGone,
    /// The shop is paused.
    #[error("the shop is closed")]
    ShopPaused,
    /// The product was withdrawn from sale.
    #[error("the product is not for sale")]
    NotForSale,
    /// Others were faster.
    #[error("only {available} left")]
    Shortage {
        /// How many there are.
        available: u32,
    },
    /// Another order of this customer is being decided.
    #[error("another order is in progress")]
    OrderOpen,
    /// The balance does not cover the total.
    #[error("the balance is {balance}, the order costs {total}")]
    Funds {
        /// What the customer has.
        balance: Money,
        /// What the order costs.
        total: Money,
    },
}
