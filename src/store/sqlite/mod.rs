//! The embedded store: one SQLite file, its write-ahead log, and a lock file as the lease.
//!
//! One named thread writes, two read; callers wait on oneshots and never on a thread (DESIGN.md,
//! section 5). Documents are derived from a batch's events inside the transaction that appends its
//! journal record and moves the head, so they cannot disagree.
//!
//! Where things are: `connection` opens and insists on the settings, `worker` runs the threads,
//! `schema` has the tables, `write` makes the transaction, `documents`, `trade`, `shops`, `moves` and
//! `records` its rows, `load` and `query` read, `failure` says what an error means.

mod beside;
mod connection;
mod documents;
mod failure;
mod load;
mod moves;
mod query;
mod records;
mod rows;
mod schema;
mod set_aside;
mod shops;
mod trade;
mod worker;
mod write;

use super::batch::{Batch, DialogRecord, InboxRecord, Profile};
use super::journal::StoredRecord;
use super::query::{AgentBalances, OrderQuery, Page, Unjournalled, WithdrawalQuery};
use super::{Answer, CommitError, Head, Loaded, Store, StoreError};
use crate::domain::chronicle::Chronicle;
use crate::domain::command::CommandKey;
use crate::domain::id::{AgentId, ChatId, ItemId, OrderId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::Account;
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::outcome::Outcome;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::set_aside::SetAside;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::Withdrawal;
use connection::Lease;
use failure::Failure;
use futures_util::future::BoxFuture;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use worker::{Lost, Worker};

/// Threads that read: a load or an audit on one leaves another for pages.
const READERS: usize = 2;

/// The store in one file. Dropping it finishes what was asked, closes the file and gives the lease
/// back; that blocks for as long as the writes in the queue take.
#[derive(Debug)]
pub struct SqliteStore {
    // Dropped in this order: readers close first, so that the writer's close empties the log.
    readers: Worker,
    writer: Worker,
}

impl SqliteStore {
    /// Opens the store at `path`, or makes it; the folder must exist. `<path>.lock` is the lease.
    ///
    /// # Errors
    /// [`StoreError::Leased`] while anyone else has it open for writing, [`StoreError::NewerSchema`],
    /// [`StoreError::Corrupt`] when the file is something else or does not keep what it is told to
    /// (a file system without fsync or a log), [`StoreError::Unavailable`] when it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let lease = Lease::take(path)?;
        let mut db = connection::writer(path)?;
        schema::prepare(&mut db)?;
        let readers = (0..READERS).map(|_| connection::reader(path)).collect::<Result<_, _>>()?;
        let writer = Worker::start("store", vec![db], lease)?;
        let readers = Worker::start("store-read", readers, ())?;
        Ok(Self { readers, writer })
    }

    /// Asks a reader; all of one question sees one snapshot.
    fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Answer<T> {
        let asked = self.readers.ask(move |db| question(&*db.transaction()?));
        Box::pin(async move { Ok(asked.await.map_err(unanswered)??) })
    }

    /// Asks the writer for something outside the journal.
    fn write<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Answer<T> {
        let asked = self.writer.ask(move |db| write::aside(db, question));
        Box::pin(async move { asked.await.map_err(unanswered)?.map_err(not_written) })
    }
}

/// A write whose caller does not speak of batches.
fn not_written(error: CommitError) -> StoreError {
    match error {
        CommitError::Transient(why) | CommitError::Unknown(why) => StoreError::Unavailable(why),
        CommitError::Definite(why) => StoreError::Corrupt(why),
        CommitError::Fenced { .. } => StoreError::Fenced,
    }
}

fn unanswered(lost: Lost) -> StoreError {
    let why = match lost {
        Lost::NotAsked => "the store is closed",
        Lost::NotAnswered => "the store's thread did not answer",
    };
    StoreError::Unavailable(why.to_owned())
}

impl Store for SqliteStore {
    fn begin_epoch(&self) -> Answer<Head> {
        let asked = self.writer.ask(write::begin_epoch);
        Box::pin(async move { asked.await.map_err(unanswered)?.map_err(not_written) })
    }

    fn head(&self) -> Answer<Head> {
        self.read(load::head)
    }

    fn load(&self, ids_since: Timestamp) -> Answer<Loaded> {
        self.read(move |db| load::load(db, ids_since))
    }

    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'static, Result<Head, CommitError>> {
        let asked = self.writer.ask(move |db| write::commit(db, &batch));
        Box::pin(async move {
            match asked.await {
                Ok(fate) => fate,
                Err(Lost::NotAsked) => {
                    Err(CommitError::Transient("the store is closed".to_owned()))
                }
                Err(Lost::NotAnswered) => {
                    Err(CommitError::Unknown("the store's thread did not answer".to_owned()))
                }
            }
        })
    }

    fn outcome(&self, key: CommandKey) -> Answer<Option<Outcome>> {
        self.read(move |db| query::outcome(db, &key))
    }

    fn order(&self, id: OrderId) -> Answer<Option<Order>> {
        self.read(move |db| query::order_by_id(db, &id))
    }

    fn orders(&self, query: OrderQuery) -> Answer<Page<Order>> {
        self.read(move |db| query::orders(db, &query))
    }

    fn balance(&self, tenant: TenantId, user: UserId) -> Answer<Money> {
        self.read(move |db| query::balance(db, &Account::Customer(tenant, user)))
    }

    fn agent_balances(&self, agent: AgentId) -> Answer<AgentBalances> {
        self.read(move |db| query::agent_balances(db, &agent))
    }

    fn withdrawals(&self, query: WithdrawalQuery) -> Answer<Page<Withdrawal>> {
        self.read(move |db| query::withdrawals(db, &query))
    }

    fn withdrawal(&self, id: WithdrawalId) -> Answer<Option<Withdrawal>> {
        self.read(move |db| query::withdrawal_by_id(db, id))
    }

    fn goods(&self, items: Vec<ItemId>) -> Answer<Vec<(Fingerprint, Sealed)>> {
        self.read(move |db| items.into_iter().map(|item| records::goods(db, item)).collect())
    }

    fn put_blob(&self, content: Fingerprint, sealed: Sealed, at: Timestamp) -> Answer<()> {
        self.write(move |db| records::put_blob(db, &content, &sealed, at))
    }

    fn drop_orphans(&self, before: Timestamp) -> Answer<u64> {
        self.write(move |db| records::drop_orphans(db, before))
    }

    fn forget_answers(&self, before: Timestamp, limit: u32) -> Answer<u64> {
        self.write(move |db| records::forget_answers(db, before, limit))
    }

    fn chronicle(&self) -> Answer<(Head, Chronicle)> {
        self.read(load::chronicle)
    }

    fn unjournalled(&self) -> Answer<Unjournalled> {
        self.read(beside::unjournalled)
    }

    fn missing_goods(&self) -> Answer<Vec<ItemId>> {
        self.read(query::missing_goods)
    }

    fn known_contents(&self, contents: Vec<Fingerprint>) -> Answer<Vec<Fingerprint>> {
        self.read(move |db| query::known_contents(db, contents))
    }

    fn token(&self, tenant: TenantId) -> Answer<Option<Sealed>> {
        self.read(move |db| query::token(db, &tenant))
    }

    fn dialog(&self, tenant: TenantId, chat: ChatId) -> Answer<Option<DialogRecord>> {
        self.read(move |db| query::dialog(db, &tenant, chat))
    }

    fn profile(&self, tenant: TenantId, user: UserId) -> Answer<Option<Profile>> {
        self.read(move |db| query::profile(db, &tenant, user))
    }

    fn inbox(&self, bot: UserId, limit: u32) -> Answer<Vec<InboxRecord>> {
        self.read(move |db| query::inbox(db, bot, limit))
    }

    fn set_aside(&self, skip: u32, limit: u32) -> Answer<Page<SetAside>> {
        self.read(move |db| set_aside::page(db, skip, limit))
    }

    fn meta(&self, name: &'static str) -> Answer<Option<String>> {
        self.read(move |db| records::meta(db, name))
    }

    fn meta_once(&self, name: &'static str, value: String) -> Answer<String> {
        self.write(move |db| records::meta_once(db, name, &value))
    }

    fn journal(&self, after: u64, limit: u32) -> Answer<Vec<StoredRecord>> {
        self.read(move |db| query::journal(db, after, limit))
    }
}
