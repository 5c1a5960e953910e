//! The Store port: lease and head, load, atomic batches, typed queries (DESIGN.md, section 7).
//!
//! One writer. A single head `{epoch, seq, hash}` is updated by every batch from its exact previous
//! value; a batch whose expectation does not hold is *fenced* and writes nothing. The fate of a batch
//! whose answer was lost is read from the head, never guessed (law 13).

pub mod batch;
pub mod entries;
pub mod faults;
pub mod journal;
pub mod memory;
pub mod mongo;
pub mod query;
pub mod sqlite;

use crate::domain::chronicle::Chronicle;
use crate::domain::command::CommandKey;
use crate::domain::id::{AgentId, ChatId, ItemId, OrderId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::{Account, LoadedLedger};
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::outcome::Outcome;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::set_aside::SetAside;
use crate::domain::stock::LoadedStock;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::Withdrawal;
use batch::{Batch, DialogRecord, InboxRecord, Profile};
use futures_util::future::BoxFuture;
use query::{AgentBalances, OrderQuery, Page, Unjournalled, WithdrawalQuery};
use std::sync::Arc;

/// Where the journal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Grows with every leader that takes over; a batch of another epoch is refused.
    pub epoch: u64,
    /// The number of the last batch.
    pub seq: u64,
    /// SHA-256 of the last journal record, which covers the one before it.
    pub hash: [u8; 32],
}

/// Everything the core needs to go on, as of one head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The head it was read at.
    pub head: Head,
    /// For StockActor.
    pub stock: LoadedStock,
    /// For LedgerActor.
    pub ledger: LoadedLedger,
}

/// Why a batch was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Nothing was written and nothing is wrong with the batch: try the same again later.
    #[error("the store is not available: {0}")]
    Transient(String),
    /// Nothing was written and nothing of it ever will be: the batch contradicts the store.
    #[error("the store refuses the batch: {0}")]
    Definite(String),
    /// It may have been written. Take a new epoch, then read the head.
    #[error("the fate of the batch is unknown: {0}")]
    Unknown(String),
    /// Another writer has moved the head; this one must stop.
    #[error("another process leads (epoch {found})")]
    Fenced {
        /// The epoch found.
        found: u64,
    },
}

/// Why anything else failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not now; try again.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// Another process holds the lease.
    #[error("another process works on this store")]
    Leased,
    /// Written by a newer version of this program.
    #[error("the store has schema version {found}, this program knows {known}")]
    NewerSchema {
        /// Version found.
        found: u32,
        /// Version known.
        known: u32,
    },
    /// What is stored cannot be read: damage or a foreign write.
    #[error("the store holds something unreadable: {0}")]
    Corrupt(String),
    /// The lease was lost or taken over.
    #[error("another process leads")]
    Fenced,
    /// The server or its options cannot keep what a store promises.
    #[error("{0}")]
    Unsuited(String),
}

/// The answer of a query.
pub type Answer<T> = BoxFuture<'static, Result<T, StoreError>>;

/// The durable state. Cheap to share; every method may be called from any thread.
pub trait Store: Send + Sync + 'static {
    /// Takes the next epoch: from now on batches of every earlier epoch are refused.
    fn begin_epoch(&self) -> Answer<Head>;

    /// The head as it is.
    fn head(&self) -> Answer<Head>;

    /// Reads what the core needs, as of one head. `ids_since` bounds the memory of command ids.
    fn load(&self, ids_since: Timestamp) -> Answer<Loaded>;

    /// Writes a batch: journal record, documents and head, all or nothing, durable when it answers.
    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'static, Result<Head, CommitError>>;

    /// The answer an accepted command got, however long ago the store remembers.
    fn outcome(&self, key: CommandKey) -> Answer<Option<Outcome>>;

    /// One order by id.
    fn order(&self, id: OrderId) -> Answer<Option<Order>>;

    /// Orders, newest first.
    fn orders(&self, query: OrderQuery) -> Answer<Page<Order>>;

    /// A customer's balance.
    fn balance(&self, tenant: TenantId, user: UserId) -> Answer<Money>;

    /// An agent's balances and what was paid out so far.
    fn agent_balances(&self, agent: AgentId) -> Answer<AgentBalances>;

    /// Withdrawals, newest first.
    fn withdrawals(&self, query: WithdrawalQuery) -> Answer<Page<Withdrawal>>;

    /// One withdrawal by id.
    fn withdrawal(&self, id: WithdrawalId) -> Answer<Option<Withdrawal>>;

    /// The sealed contents of items, in the order asked for.
    fn goods(&self, items: Vec<ItemId>) -> Answer<Vec<(Fingerprint, Sealed)>>;

    /// Items, sold or not, whose sealed content the store does not have; for the audit.
    fn missing_goods(&self) -> Answer<Vec<ItemId>>;

    /// Writes the sealed content of a file, in chunks, before the command that adds the item: a batch
    /// stays small. Content that no item refers to is an orphan.
    fn put_blob(&self, content: Fingerprint, sealed: Sealed, at: Timestamp) -> Answer<()>;

    /// Deletes orphans older than `before`; answers how many.
    fn drop_orphans(&self, before: Timestamp) -> Answer<u64>;

    /// Forgets answers of commands decided before `before`, at most `limit`; answers how many. Order
    /// ids and transaction ids are kept for ever, elsewhere (law 2).
    fn forget_answers(&self, before: Timestamp, limit: u32) -> Answer<u64>;

    /// Every document as of one head, for the audit.
    fn chronicle(&self) -> Answer<(Head, Chronicle)>;

    /// Everything that the journal does not explain, for the audit. Sealed values stay sealed.
    fn unjournalled(&self) -> Answer<Unjournalled>;

    /// Which of these contents the store has ever seen, sold ones included.
    fn known_contents(&self, contents: Vec<Fingerprint>) -> Answer<Vec<Fingerprint>>;

    /// The sealed token of a shop's bot.
    fn token(&self, tenant: TenantId) -> Answer<Option<Sealed>>;

    /// Where a chat's dialog stands.
    fn dialog(&self, tenant: TenantId, chat: ChatId) -> Answer<Option<DialogRecord>>;

    /// What is known of a customer.
    fn profile(&self, tenant: TenantId, user: UserId) -> Answer<Option<Profile>>;

    /// Updates spilled to the inbox of a bot, oldest first, at most `limit`.
    fn inbox(&self, bot: UserId, limit: u32) -> Answer<Vec<InboxRecord>>;

    /// What was given up, commands and updates in one list, newest first.
    fn set_aside(&self, skip: u32, limit: u32) -> Answer<Page<SetAside>>;

    /// A small named value of the installation, such as the vault's sealed fingerprint key.
    fn meta(&self, name: &'static str) -> Answer<Option<String>>;

    /// Sets a named value once; answers the value that stands afterwards.
    fn meta_once(&self, name: &'static str, value: String) -> Answer<String>;

    /// Journal records after `seq`, oldest first, at most `limit`.
    fn journal(&self, after: u64, limit: u32) -> Answer<Vec<journal::StoredRecord>>;

    /// Whether this process may act: poll, send and write. A lease that can run out says no before
    /// anybody else can take over; one that is held as long as the process lives never does.
    fn leads(&self) -> bool {
        true
    }

    /// Completes when this process does not lead any more; [`Store::begin_epoch`] says whether it may
    /// again.
    fn lost(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    /// Gives the lease back; nothing may be asked afterwards. Without it the next leader may have to
    /// wait.
    fn close(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The store as everybody holds it.
pub type SharedStore = Arc<dyn Store>;

/// Whether a store refuses a batch that takes this account below zero: the last line behind the
/// decisions of the core (law 3). An agent's available profit may go below zero by a refund after
/// maturity; accounts of the platform and of the outside world may by their nature.
const fn is_guarded(account: &Account) -> bool {
    match account {
        Account::Customer(..)
        | Account::AgentPending(_)
        | Account::AgentHeld(_)
        | Account::LegacyWallet(_) => true,
        Account::AgentAvailable(_)
        | Account::Revenue
        | Account::FeeIncome
        | Account::ExternalDeposits(_)
        | Account::ExternalPayouts
        | Account::Unmatched
        | Account::Adjustments
        | Account::Opening
        | Account::LegacyDebt
        | Account::LegacyRounding => false,
    }
}
