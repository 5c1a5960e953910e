//! What LedgerActor can be asked to do, and what then happened.

use super::account::Transfer;
use crate::domain::access::Right;
use crate::domain::catalog::Product;
use crate::domain::command::{Answered, CommandKey};
use crate::domain::id::{
    AgentId, EntryId, ItemId, OrderId, QuoteId, TenantId, UserId, WithdrawalId,
};
use crate::domain::money::Money;
use crate::domain::order::{AwaitCause, Delivery, Order, Quote};
use crate::domain::outcome::Allocation;
use crate::domain::pricing::{Markup, PriceRule};
use crate::domain::sealed::Fingerprint;
use crate::domain::stock::HoldRefusal;
use crate::domain::tenant::{BotIdentity, OwnerLink, Tenant, TenantStatus, WalletAddress};
use crate::domain::time::{Millis, Timestamp};
use crate::domain::withdrawal::{Txid, Withdrawal, WithdrawalStatus};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A change of money, orders or tenants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerCommand {
    /// Promise a price. StockActor adds the product as it is now.
    IssueQuote {
        /// The quote's id.
        quote: QuoteId,
        /// What is sold.
        product: Box<Product>,
        /// Its base price.
        base: Money,
        /// How many.
        quantity: u32,
    },
    /// Turn a quote into an order. StockActor adds what it could set aside.
    PlaceOrder {
        /// Which quote.
        quote: QuoteId,
        /// The items, or why there are none.
        holding: Result<Vec<ItemId>, HoldRefusal>,
    },
    /// Telegram accepted every part of an order.
    MarkDelivered {
        /// Which order.
        order: OrderId,
    },
    /// An order's goods cannot reach their customer now.
    AwaitCustomer {
        /// Which order.
        order: OrderId,
        /// Why.
        cause: AwaitCause,
    },
    /// A new agent with his bot. Its token was checked and sealed before.
    CreateAgent {
        /// The agent's id.
        agent: AgentId,
        /// The shop's name.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        name: String,
        /// The bot.
        bot: BotIdentity,
        /// The owner's invitation.
        code: Fingerprint,
    },
    /// Stop or go on selling in an agent's shop.
    SetStatus {
        /// Which agent.
        agent: AgentId,
        /// Sell or not.
        status: TenantStatus,
    },
    /// An agent's markup, by an admin.
    SetPricing {
        /// Which agent.
        agent: AgentId,
        /// The markup.
        markup: Markup,
    },
    /// A new invitation; the old one ends.
    RenewOwnerLink {
        /// Which agent.
        agent: AgentId,
        /// The new code.
        code: Fingerprint,
    },
    /// Use an invitation.
    ClaimOwner {
        /// The code that was used.
        code: Fingerprint,
    },
    /// The owner's own markup.
    SetOwnPricing {
        /// The markup.
        markup: Markup,
    },
    /// Where the owner wants to be paid.
    SetWallet {
        /// The address.
        address: WalletAddress,
    },
    /// Give a customer money, by an admin.
    Credit {
        /// In which shop.
        tenant: TenantId,
        /// Whom.
        user: UserId,
        /// How much.
        amount: Money,
        /// Why.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        reason: String,
    },
    /// Ask to be paid.
    RequestWithdrawal {
        /// How much, fee included.
        amount: Money,
    },
    /// Agree to a withdrawal.
    ApproveWithdrawal {
        /// Which.
        withdrawal: WithdrawalId,
    },
    /// Refuse a withdrawal.
    RejectWithdrawal {
        /// Which.
        withdrawal: WithdrawalId,
        /// Why.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        reason: String,
    },
    /// Record that a withdrawal was paid.
    PayWithdrawal {
        /// Which.
        withdrawal: WithdrawalId,
        /// By which transaction.
        txid: Txid,
        /// Whether an admin confirmed to pay an agent who is below zero.
        although_negative: bool,
    },
    /// Let profit mature, oldest first.
    MatureDue {
        /// At most so many entries.
        limit: u32,
    },
    /// The master's bot and name, from configuration and getMe.
    RegisterMaster {
        /// Its name.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        name: String,
        /// The bot.
        bot: BotIdentity,
    },
    /// Set a command aside that was in hand when the core died twice.
    Quarantine {
        /// Which command.
        key: CommandKey,
        /// What it was, in one word.
        what: String,
    },
}

impl LedgerCommand {
    /// What the caller must be.
    pub const fn right(&self) -> Right {
        match self {
            Self::IssueQuote { .. } | Self::PlaceOrder { .. } | Self::ClaimOwner { .. } => {
                Right::Customer
            }
            Self::SetOwnPricing { .. }
            | Self::SetWallet { .. }
            | Self::RequestWithdrawal { .. } => Right::Owner,
            Self::CreateAgent { .. }
            | Self::SetStatus { .. }
            | Self::SetPricing { .. }
            | Self::RenewOwnerLink { .. }
            | Self::Credit { .. }
            | Self::ApproveWithdrawal { .. }
            | Self::RejectWithdrawal { .. }
            | Self::PayWithdrawal { .. } => Right::Admin,
            Self::MarkDelivered { .. }
            | Self::AwaitCustomer { .. }
            | Self::MatureDue { .. }
            | Self::RegisterMaster { .. }
            | Self::Quarantine { .. } => Right::Fleet,
        }
    }

    /// The command's name for logs and lists.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::IssueQuote { .. } => "issue_quote",
            Self::PlaceOrder { .. } => "place_order",
            Self::MarkDelivered { .. } => "mark_delivered",
            Self::AwaitCustomer { .. } => "await_customer",
            Self::CreateAgent { .. } => "create_agent",
            Self::SetStatus { .. } => "set_status",
            Self::SetPricing { .. } => "set_pricing",
            Self::RenewOwnerLink { .. } => "renew_owner_link",
            Self::ClaimOwner { .. } => "claim_owner",
            Self::SetOwnPricing { .. } => "set_own_pricing",
            Self::SetWallet { .. } => "set_wallet",
            Self::Credit { .. } => "credit",
            Self::RequestWithdrawal { .. } => "request_withdrawal",
            Self::ApproveWithdrawal { .. } => "approve_withdrawal",
            Self::RejectWithdrawal { .. } => "reject_withdrawal",
            Self::PayWithdrawal { .. } => "pay_withdrawal",
            Self::MatureDue { .. } => "mature_due",
            Self::RegisterMaster { .. } => "register_master",
            Self::Quarantine { .. } => "quarantine",
        }
    }
}

/// One sale's profit of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id; entries are consumed in this order.
    pub id: EntryId,
    /// Whose profit.
    pub agent: AgentId,
    /// Of which order.
    pub order: OrderId,
    /// What was earned.
    pub amount: Money,
    /// What no withdrawal has consumed.
    pub remaining: Money,
    /// When it was earned.
    pub earned_at: Timestamp,
    /// When it matures.
    pub mature_at: Timestamp,
    /// When it matured.
    pub matured_at: Option<Timestamp>,
}

/// A fact about money, orders or tenants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerEvent {
    /// A price is promised. In memory only.
    QuoteIssued(Arc<Quote>),
    /// A promise ended without an order. In memory only.
    QuoteVoided {
        /// Which.
        quote: QuoteId,
        /// In which shop.
        tenant: TenantId,
        /// Whose.
        user: UserId,
    },
    /// An order is paid.
    OrderPlaced(Box<Order>),
    /// An order's goods are elsewhere now.
    DeliveryChanged {
        /// Which order.
        order: OrderId,
        /// Where its goods are.
        delivery: Delivery,
    },
    /// Money moved.
    Moved {
        /// From where to where, how much.
        transfer: Transfer,
        /// Why: an order, a withdrawal, an admin's reason.
        cause: Cause,
        /// When.
        at: Timestamp,
    },
    /// An agent earned profit.
    ProfitEarned(Entry),
    /// Profit can be withdrawn now.
    ProfitMatured {
        /// Which entries.
        entries: Vec<EntryId>,
        /// When.
        at: Timestamp,
    },
    /// Withdrawals consume entries, or give them back.
    EntriesAllocated {
        /// Whose.
        agent: AgentId,
        /// For which withdrawal.
        withdrawal: WithdrawalId,
        /// Which shares.
        allocations: Vec<Allocation>,
        /// Taken, or given back.
        taken: bool,
    },
    /// A withdrawal is requested.
    WithdrawalRequested(Box<Withdrawal>),
    /// A withdrawal changed its state.
    WithdrawalMoved {
        /// Which.
        withdrawal: WithdrawalId,
        /// Where it stands now.
        status: WithdrawalStatus,
    },
    /// A shop exists, or the master's bot was exchanged.
    TenantOpened(Box<Tenant>),
    /// A shop sells or stops selling.
    StatusChanged {
        /// Which.
        tenant: TenantId,
        /// Sell or not.
        status: TenantStatus,
    },
    /// A shop prices anew.
    PricingChanged {
        /// Which.
        tenant: TenantId,
        /// How.
        pricing: PriceRule,
    },
    /// An agent has a new invitation.
    OwnerLinkRenewed {
        /// Which shop.
        tenant: TenantId,
        /// The invitation.
        link: OwnerLink,
    },
    /// An invitation was used.
    OwnerClaimed {
        /// Which shop.
        tenant: TenantId,
        /// By whom.
        owner: UserId,
    },
    /// An owner wants to be paid elsewhere.
    WalletChanged {
        /// Which shop.
        tenant: TenantId,
        /// Where.
        address: WalletAddress,
    },
    /// A command was set aside.
    Quarantined {
        /// Which.
        key: CommandKey,
        /// What it was.
        what: String,
        /// When.
        at: Timestamp,
    },
    /// A command was accepted.
    Answered(Answered),
}

/// Why money moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A sale.
    Order(OrderId),
    /// Maturity of profit.
    Maturity,
    /// A withdrawal.
    Withdrawal(WithdrawalId),
    /// An admin's credit.
    Credit {
        /// Which admin.
        by: UserId,
        /// His words.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        reason: String,
    },
}

impl LedgerEvent {
    /// Whether the fact is journalled and survives a restart.
    pub const fn is_durable(&self) -> bool {
        match self {
            Self::QuoteIssued(_) | Self::QuoteVoided { .. } => false,
            Self::OrderPlaced(_)
            | Self::DeliveryChanged { .. }
            | Self::Moved { .. }
            | Self::ProfitEarned(_)
            | Self::ProfitMatured { .. }
            | Self::EntriesAllocated { .. }
            | Self::WithdrawalRequested(_)
            | Self::WithdrawalMoved { .. }
            | Self::TenantOpened(_)
            | Self::StatusChanged { .. }
            | Self::PricingChanged { .. }
            | Self::OwnerLinkRenewed { .. }
            | Self::OwnerClaimed { .. }
            | Self::WalletChanged { .. }
            | Self::Quarantined { .. }
            | Self::Answered(_) => true,
        }
    }
}

/// The platform's business numbers, each a configuration key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// How long profit takes to mature.
    pub maturity: Millis,
    /// The smallest withdrawal.
    pub withdrawal_min: Money,
    /// The fee of a withdrawal.
    pub withdrawal_fee: Money,
    /// How long a price is promised.
    pub quote_ttl: Millis,
    /// Most items of one order.
    pub quantity_max: u32,
    /// Highest markup in percent.
    pub markup_percent_max: u32,
    /// How long an owner's invitation is valid.
    pub owner_link_ttl: Millis,
    /// How long command ids are remembered.
    pub keep_ids: Millis,
}

impl Rules {
    /// The defaults of DESIGN.md, section 3, which `config/default.toml` repeats.
    pub fn standard() -> Self {
        Self {
            maturity: Millis::from_hours(48),
            withdrawal_min: Money::whole(10),
            withdrawal_fee: Money::whole(1),
            quote_ttl: Millis::from_secs(600),
            quantity_max: 500,
            markup_percent_max: 1000,
            owner_link_ttl: Millis::from_hours(24),
            keep_ids: Millis::from_hours(72),
        }
    }
}
