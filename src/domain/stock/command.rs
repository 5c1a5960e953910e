//! What StockActor can be asked to do, what then happened, and why it may refuse.

use crate::domain::access::Right;
use crate::domain::catalog::{GoodsKind, TextRefusal};
use crate::domain::command::Answered;
use crate::domain::id::{
    CategoryId, HoldId, ItemId, OrderId, ProductId, QuoteId, TenantId, UserId,
};
use crate::domain::money::Money;
use crate::domain::sealed::Fingerprint;
use serde::{Deserialize, Serialize};

/// Most items of one upload command; longer uploads are a series (DESIGN.md, section 3).
pub const ITEMS_PER_COMMAND: usize = 500;

/// A change of the catalogue or the shelves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockCommand {
    /// A new category.
    CreateCategory {
        /// Its name.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        name: String,
    },
    /// A category's new name.
    RenameCategory {
        /// Which.
        category: CategoryId,
        /// Its new name.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        name: String,
    },
    /// A new product; listed at once, sellable when it has a price and items.
    CreateProduct {
        /// Where it is shown.
        category: CategoryId,
        /// Its name.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        name: String,
        /// What its items are.
        kind: GoodsKind,
        /// Its base price.
        price: Option<Money>,
    },
    /// A product's new name.
    RenameProduct {
        /// Which.
        product: ProductId,
        /// Its new name.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        name: String,
    },
    /// A product's new description.
    DescribeProduct {
        /// Which.
        product: ProductId,
        /// Its new description.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        description: String,
    },
    /// A product's new base price.
    PriceProduct {
        /// Which.
        product: ProductId,
        /// Its new price; more than nothing.
        price: Money,
    },
    /// Show a product to customers or hide it.
    ListProduct {
        /// Which.
        product: ProductId,
        /// Whether customers see it.
        listed: bool,
    },
    /// New items, oldest first. Their content was sealed before and travels beside the command.
    AddItems {
        /// Of which product.
        product: ProductId,
        /// One fingerprint an item.
        items: Vec<Fingerprint>,
    },
}

impl StockCommand {
    /// What the caller must be.
    pub const fn right(&self) -> Right {
        Right::Admin
    }
}

/// What a customer asks the stockroom for when he wants a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The quote that will be issued.
    pub quote: QuoteId,
    /// The shop.
    pub tenant: TenantId,
    /// The customer.
    pub user: UserId,
    /// What he wants.
    pub product: ProductId,
    /// How many.
    pub quantity: u32,
}

/// Items set aside for one order while LedgerActor decides it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Why, for whom, of what.
    pub ask: Ask,
    /// The items, oldest first.
    pub items: Vec<ItemId>,
}

/// A fact about catalogue or shelves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockEvent {
    /// A category exists.
    CategoryCreated {
        /// Its id.
        category: CategoryId,
        /// Its name.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        name: String,
    },
    /// A category has a new name.
    CategoryRenamed {
        /// Which.
        category: CategoryId,
        /// Its name.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        name: String,
    },
    /// A product exists.
    ProductCreated(crate::domain::catalog::Product),
    /// A product has a new name.
    ProductRenamed {
        /// Which.
        product: ProductId,
        /// Its name.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        name: String,
    },
    /// A product has a new description.
    ProductDescribed {
        /// Which.
        product: ProductId,
        /// Its description.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        description: String,
    },
    /// A product has a new base price.
    ProductPriced {
        /// Which.
        product: ProductId,
        /// Its price.
        price: Money,
    },
    /// A product is shown or hidden.
    ProductListed {
        /// Which.
        product: ProductId,
        /// Whether customers see it.
        listed: bool,
    },
    /// Items are on the shelf.
    ItemsAdded {
        /// Of which product.
        product: ProductId,
        /// Each item and the fingerprint of its content.
        items: Vec<(ItemId, Fingerprint)>,
    },
    /// A customer asked for a price. In memory only.
    Asked(Ask),
    /// Items are set aside. In memory only.
    Held(Hold),
    /// A hold ended without a sale; the items are back in their old places. In memory only.
    Released {
        /// Which hold.
        hold: HoldId,
    },
    /// A hold ended with a sale; the items left the shelf for good. In memory only: what is durable
    /// is [`StockEvent::Sold`].
    Settled {
        /// Which hold.
        hold: HoldId,
    },
    /// Items belong to an order. Decided by LedgerActor together with the payment.
    Sold {
        /// Of which product.
        product: ProductId,
        /// Which items.
        items: Vec<ItemId>,
        /// Whose they are.
        order: OrderId,
    },
    /// A command was accepted.
    Answered(Answered),
}

impl StockEvent {
    /// Whether the fact is journalled and survives a restart.
    pub const fn is_durable(&self) -> bool {
        match self {
            Self::Asked(_) | Self::Held(_) | Self::Released { .. } | Self::Settled { .. } => false,
            Self::CategoryCreated { .. }
            | Self::CategoryRenamed { .. }
            | Self::ProductCreated(_)
            | Self::ProductRenamed { .. }
            | Self::ProductDescribed { .. }
            | Self::ProductPriced { .. }
            | Self::ProductListed { .. }
            | Self::ItemsAdded { .. }
            | Self::Sold { .. }
            | Self::Answered(_) => true,
        }
    }
}

/// Why the stockroom refuses a change. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockRejection {
    /// No such category.
    #[error("no such category")]
    UnknownCategory,
    /// No such product.
    #[error("no such product")]
    UnknownProduct,
    /// Another category or product of the category has this name.
    #[error("the name is taken")]
    NameTaken,
    /// The name or description is not usable.
    #[error("{0}")]
    Text(TextRefusal),
    /// A price must be more than nothing.
    #[error("the price must be more than 0")]
    Price,
    /// No items, or more than one command may carry.
    #[error("an upload has 1 to {ITEMS_PER_COMMAND} items at a time")]
    ItemCount,
}

/// Why no items were set aside. LedgerActor turns it into the customer's answer, unless the order
/// turns out to be a repeat of an accepted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldRefusal {
    /// No such quote of this customer.
    #[error("unknown quote")]
    UnknownQuote,
    /// The product is hidden or gone.
    #[error("the product is not for sale")]
    NotForSale,
    /// Too few items, and no hold in flight could give some back.
    #[error("only {available} left")]
    Shortage {
        /// How many there are.
        available: u32,
    },
    /// This customer has a hold already.
    #[error("another order is in progress")]
    HoldOpen,
}
