//! What a dialog asks of the rest of the fleet, and what it is answered.
//!
//! A dialog is pure: it never calls anything. It returns a [`Request`]; the BotActor performs it
//! through the handles of the core and the store, and steps the dialog again with the [`Reply`].
//! Requests that change something carry no authority: the core checks the caller when it decides.

use crate::domain::fleet::BotState;
use crate::domain::id::{AgentId, OrderId, ProductId, QuoteId, TenantId, WithdrawalId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::outcome::Outcome;
use crate::domain::rejection::Rejection;
use crate::domain::set_aside::SetAside;
use crate::domain::stock::StockCommand;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::{Withdrawal, WithdrawalState};
use crate::secret::Secret;

/// One thing a dialog wants done or wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A price for so many of a product.
    Quote {
        /// Which product.
        product: ProductId,
        /// How many.
        quantity: u32,
    },
    /// Buy at a promised price. Goods are delivered by the bot itself after the reply.
    Place {
        /// The promise.
        quote: QuoteId,
    },
    /// A change of catalogue or stock, without contents.
    Stock(StockCommand),
    /// A change of money or agents, without secrets.
    Ledger(LedgerCommand),
    /// A new agent. The token is checked with getMe and sealed before anything is stored.
    CreateAgent {
        /// His id.
        agent: AgentId,
        /// His bot's token.
        token: Secret,
        /// His shop's name.
        name: String,
    },
    /// A new invitation for an agent without owner.
    RenewOwnerLink {
        /// Which agent.
        agent: AgentId,
    },
    /// Use an invitation of this bot.
    ClaimOwner {
        /// The code of the link.
        code: Secret,
    },
    /// Put lines on the shelf; contents are sealed before they go anywhere.
    AddLines {
        /// Of which product.
        product: ProductId,
        /// One item a line, in order, as they were pasted, blank ones included.
        lines: Vec<Secret>,
    },
    /// Put the lines of a text document on the shelf.
    AddLineFile {
        /// Of which product.
        product: ProductId,
        /// Telegram's id of the document.
        file_id: String,
    },
    /// Put a document on the shelf as one item.
    AddFile {
        /// Of which product.
        product: ProductId,
        /// Telegram's id of the document.
        file_id: String,
        /// The name its buyer will see.
        file_name: String,
    },
    /// The caller's balance in this shop.
    Balance,
    /// The caller's orders in this shop, newest first.
    Orders {
        /// Rows to leave out.
        skip: u32,
        /// Rows at most.
        limit: u32,
    },
    /// One order of the caller in this shop.
    Order {
        /// Which.
        order: OrderId,
    },
    /// Send the goods of an own order again.
    Redeliver {
        /// Which.
        order: OrderId,
    },
    /// The balances of this shop's agent. For its owner.
    AgentPanel,
    /// Withdrawals: of this shop's agent for its owner, of all agents for admins in the master.
    Withdrawals {
        /// Only in this state.
        state: Option<WithdrawalState>,
        /// Rows to leave out.
        skip: u32,
        /// Rows at most.
        limit: u32,
    },
    /// One withdrawal, under the same rights.
    Withdrawal {
        /// Which.
        withdrawal: WithdrawalId,
    },
    /// How the fleet's bots are. For admins.
    Bots,
    /// Commands and updates that were given up, newest first. For admins.
    SetAside {
        /// Rows to leave out.
        skip: u32,
        /// Rows at most.
        limit: u32,
    },
    /// Remember the caller's language.
    SetLanguage {
        /// `en` or `zh`.
        language: String,
    },
}

/// What a request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An accepted command.
    Accepted(Outcome),
    /// A refused command; nothing changed.
    Rejected(Rejection),
    /// Not taken: too much is going on; nothing was charged.
    Busy,
    /// Decided, being recorded; the reply follows by itself when its fate is known.
    Recording,
    /// The store or Telegram cannot be asked now; nothing changed.
    Unavailable,
    /// An agent was created; the link makes its opener the owner, once.
    AgentCreated {
        /// Which agent.
        agent: AgentId,
        /// The bot's public name without the `@`.
        username: String,
        /// The whole link.
        link: Secret,
        /// When it ends.
        expires_at: Timestamp,
    },
    /// getMe refuses the token, or it has not the form of one.
    BadToken,
    /// What came of an upload.
    Uploaded(UploadReport),
    /// The document cannot be taken.
    BadFile(FileProblem),
    /// A balance.
    Balance(Money),
    /// A page of orders.
    Orders {
        /// The rows.
        rows: Vec<Order>,
        /// Rows of the whole list.
        total: u64,
    },
    /// One order, if the caller has it.
    Order(Option<Box<Order>>),
    /// Whether goods are on their way again.
    Redelivering(bool),
    /// An agent's money.
    AgentPanel {
        /// Not matured.
        pending: Money,
        /// Can be withdrawn.
        available: Money,
        /// In open withdrawals.
        held: Money,
        /// Paid out so far.
        paid: Money,
    },
    /// A page of withdrawals.
    Withdrawals {
        /// The rows.
        rows: Vec<Withdrawal>,
        /// Rows of the whole list.
        total: u64,
    },
    /// One withdrawal.
    Withdrawal(Option<Box<Withdrawal>>),
    /// How the fleet's bots are.
    Bots(Vec<BotStatus>),
    /// A page of what was given up.
    SetAside {
        /// The rows.
        rows: Vec<SetAside>,
        /// Rows of the whole list.
        total: u64,
    },
    /// Done, nothing to tell.
    Done,
}

/// What came of pasted lines, a text document or a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UploadReport {
    /// Items put on the shelf.
    pub added: u32,
    /// Line numbers (from 1) that were blank.
    pub blank: Vec<u32>,
    /// Line numbers that repeat an earlier line of the same upload.
    pub doubled: Vec<u32>,
    /// Line numbers whose content the stockroom has or has sold already.
    pub present: Vec<u32>,
    /// Line numbers that are too long or unreadable.
    pub unusable: Vec<u32>,
}

/// Why a document cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileProblem {
    /// Above the limit.
    TooLarge {
        /// The limit in megabytes.
        max_mb: u32,
    },
    /// Not UTF-8 text where lines are wanted.
    NotText,
    /// Empty.
    Empty,
    /// Telegram would not hand it over.
    Download,
}

/// How one bot of the fleet is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotStatus {
    /// Whose bot.
    pub tenant: TenantId,
    /// Whether and why not it runs.
    pub state: BotState,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
    /// Restarts within the present window.
    pub restarts: u32,
    /// The last failure, without any secret.
    pub last_error: Option<String>,
}
