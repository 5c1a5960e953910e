//! The store on a MongoDB replica set, in the collections and fields of the seed.
//!
//! The driver and everything that waits for it live on the runtime of the sockets; callers on any
//! thread wait for an answer and never for a socket (DESIGN.md, section 5). A batch is one
//! transaction, durable on a majority before it is answered.
//!
//! Where things are: `url` reads the URI, `schema` declares the collections, `lease` decides who
//! leads, `write` makes the transaction of `needs`, `draft`, `accounts`, `records` and `statements`,
//! `encode` and `decode` its documents, `load`, `query` and `views` read, `failure` says what an error
//! means.

mod accounts;
mod beside;
mod decimal;
mod decode;
mod draft;
mod encode;
mod failure;
mod lease;
mod load;
mod needs;
mod query;
mod reads;
mod records;
mod row;
pub mod schema;
mod statements;
mod url;
pub mod views;
mod write;

pub use url::{InvalidMongoUrl, MongoUrl};

use super::batch::{Batch, DialogRecord, InboxRecord, Profile};
use super::journal::StoredRecord;
use super::query::{AgentBalances, OrderQuery, Page, Unjournalled, WithdrawalQuery};
use super::{Answer, CommitError, Head, Loaded, Store, StoreError};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::chronicle::Chronicle;
use crate::domain::command::CommandKey;
use crate::domain::id::{AgentId, ChatId, ItemId, OrderId, TenantId, UserId, WithdrawalId};
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::outcome::Outcome;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::set_aside::SetAside;
use crate::domain::time::{Millis, Timestamp};
use crate::domain::withdrawal::Withdrawal;
use failure::Failure;
use futures_util::future::BoxFuture;
use lease::Lease;
use mongodb::bson::doc;
use mongodb::options::{ClientOptions, ReadConcern};
use mongodb::{Client, Database};
use needs::Seen;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// What tells a replica set from a lone server, for the person who has one.
const STANDALONE: &str = "a standalone MongoDB server has no transactions. Make it a replica set of \
     one: start it with `mongod --replSet rs0 …`, then run `mongosh --eval 'rs.initiate()'` once";

/// How a store is opened.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTerms {
    /// How long a leader may be silent before another takes over.
    pub ttl: Millis,
    /// How long to wait for a leader to end; for ever without.
    pub patience: Option<Millis>,
}

/// The store in one database. [`Store::close`] gives its lease back; a store that is only dropped
/// gives it back soon after, one whose process dies leaves it to its time to live.
#[derive(Debug)]
pub struct MongoStore {
    inner: Arc<Inner>,
    runtime: Handle,
    /// The renewal, while it runs; without a lease there is none.
    renewal: Mutex<Option<JoinHandle<()>>>,
}

/// What a question needs.
#[derive(Debug)]
struct Inner {
    client: Client,
    db: Database,
    seen: Seen,
    lease: Option<Lease>,
}

impl MongoStore {
    /// Opens the store at `url`, or makes it in an empty database, and takes the lease. Everything
    /// runs on `runtime`, which must have timers and sockets.
    ///
    /// # Errors
    /// [`StoreError::Leased`] when patience ends, [`StoreError::Unsuited`] for a server without
    /// transactions, [`StoreError::NewerSchema`], [`StoreError::Corrupt`] for a database of something
    /// else, [`StoreError::Unavailable`] when no server answers.
    pub async fn open(
        url: &MongoUrl,
        terms: LeaseTerms,
        runtime: &Handle,
    ) -> Result<Self, StoreError> {
        let url = url.clone();
        let opened = runtime.spawn(async move {
            let (client, db) = connect(&url).await?;
            schema::prepare(&db).await?;
            let lease = Lease::take(&db, terms.ttl, terms.patience).await?;
            Ok::<_, StoreError>(Inner { client, db, seen: Seen::default(), lease: Some(lease) })
        });
        let inner = Arc::new(opened.await.map_err(died)??);
        let kept = Arc::clone(&inner);
        let renewal = runtime.spawn(async move {
            if let Some(lease) = &kept.lease {
                lease.keep(&kept.db).await;
            }
        });
        Ok(Self { inner, runtime: runtime.clone(), renewal: Mutex::new(Some(renewal)) })
    }

    /// Opens a store that exists for reading alone, without the lease, beside whoever leads.
    ///
    /// # Errors
    /// As [`MongoStore::open`]; [`StoreError::Corrupt`] when there is no store.
    pub async fn read_only(url: &MongoUrl, runtime: &Handle) -> Result<Self, StoreError> {
        let url = url.clone();
        let opened = runtime.spawn(async move {
            let (client, db) = connect(&url).await?;
            schema::check(&db).await?;
            Ok::<_, StoreError>(Inner { client, db, seen: Seen::default(), lease: None })
        });
        let inner = Arc::new(opened.await.map_err(died)??);
        Ok(Self { inner, runtime: runtime.clone(), renewal: Mutex::new(None) })
    }

    /// Removes the whole database at `url`: what a bench made for itself.
    ///
    /// # Errors
    /// What the server says.
    pub async fn remove(url: &MongoUrl, runtime: &Handle) -> Result<(), StoreError> {
        let url = url.clone();
        let removed = runtime.spawn(async move {
            let (_, db) = connect(&url).await?;
            Ok::<_, StoreError>(db.drop().await.map_err(Failure::from)?)
        });
        removed.await.map_err(died)?
    }

    /// Asks on the runtime of the sockets. What was asked goes on when nobody waits any more.
    fn ask<T, F>(&self, question: impl FnOnce(Arc<Inner>) -> F + Send + 'static) -> Answer<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let (inner, runtime) = (Arc::clone(&self.inner), self.runtime.clone());
        Box::pin(async move { runtime.spawn(question(inner)).await.map_err(died)? })
    }

    /// Asks for something to be written outside the journal.
    fn write<T, F>(&self, question: impl FnOnce(Arc<Inner>) -> F + Send + 'static) -> Answer<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        self.ask(move |store| async move {
            store.may_write()?;
            Ok(question(store).await?)
        })
    }

    /// Asks again when the way to the server broke down, a few times and with growing pauses.
    fn read<T, F>(&self, question: impl Fn(Arc<Inner>) -> F + Send + Sync + 'static) -> Answer<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        /// Pauses between tries; a caller with a person in front of it waits no longer.
        const PAUSES: [i64; 4] = [20, 100, 400, 1_500];
        self.ask(move |store| async move {
            for pause in PAUSES.map(Millis::from_ms) {
                match question(Arc::clone(&store)).await {
                    Err(Failure::Environment { .. }) => SystemClock.sleep(pause).await,
                    answer => return Ok(answer?),
                }
            }
            Ok(question(store).await?)
        })
    }
}

impl Drop for MongoStore {
    fn drop(&mut self) {
        if let Some(lease) = &self.inner.lease {
            lease.close();
        }
    }
}

impl Inner {
    fn leads(&self) -> bool {
        self.lease.as_ref().is_some_and(Lease::is_held)
    }

    /// Without the lease nothing is written; whether it may come back is told apart.
    fn may_write(&self) -> Result<(), Failure> {
        match &self.lease {
            Some(lease) if lease.is_held() => Ok(()),
            Some(lease) if !lease.is_gone() => {
                let why = "the lease could not be renewed in time".to_owned();
                Err(Failure::Environment { why, again: false })
            }
            Some(_) | None => Err(Failure::Fenced),
        }
    }
}

fn died(_: tokio::task::JoinError) -> StoreError {
    StoreError::Unavailable("the question to the store died".to_owned())
}

/// A client that reads and writes what a majority has, on a server that has transactions.
async fn connect(url: &MongoUrl) -> Result<(Client, Database), StoreError> {
    /// An election takes about ten seconds; who asks for longer asks again.
    const SELECTION: Duration = Duration::from_secs(12);
    let options = ClientOptions::parse(url.uri().expose()).await;
    // The driver's own sentence may quote the URI.
    let mut options = options.map_err(|error| match error.kind.as_ref() {
        mongodb::error::ErrorKind::DnsResolve { .. } => {
            StoreError::Unavailable(format!("the hosts of {url} cannot be resolved"))
        }
        _ => StoreError::Unsuited(format!("the options of {url} cannot be used")),
    })?;
    options.app_name.get_or_insert_with(|| "shopfleet".to_owned());
    options.server_selection_timeout.get_or_insert(SELECTION);
    options.read_concern = Some(ReadConcern::majority());
    options.write_concern = Some(reads::durable());
    options.selection_criteria = None;
    let client = Client::with_options(options).map_err(Failure::from)?;
    let db = client.database(url.database());
    require_transactions(&client, &db).await?;
    Ok((client, db))
}

async fn require_transactions(client: &Client, db: &Database) -> Result<(), StoreError> {
    let hello = db.run_command(doc! {"hello": 1}).await.map_err(Failure::from)?;
    let sharded = hello.get_str("msg").is_ok_and(|word| word == "isdbgrid");
    if !sharded && hello.get_str("setName").is_err() {
        return Err(StoreError::Unsuited(STANDALONE.to_owned()));
    }
    // A server may say that it is one and have none all the same.
    let tried = async {
        let mut reads = reads::Reads::transaction(client, db).await?;
        reads.count(schema::META, doc! {"_id": "head"}).await?;
        reads.end().await
    };
    match tried.await {
        Ok(()) => Ok(()),
        Err(Failure::Unsuited(why)) => {
            Err(StoreError::Unsuited(format!("this server has no transactions: {why}")))
        }
        Err(failure) => Err(failure.into()),
    }
}

impl Store for MongoStore {
    fn begin_epoch(&self) -> Answer<Head> {
        self.ask(|store| async move { write::begin_epoch(&store).await })
    }

    fn head(&self) -> Answer<Head> {
        self.read(|store| async move { write::head(&store.db).await })
    }

    fn load(&self, ids_since: Timestamp) -> Answer<Loaded> {
        self.read(move |store| async move { load::load(&store, ids_since).await })
    }

    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'static, Result<Head, CommitError>> {
        let (inner, runtime) = (Arc::clone(&self.inner), self.runtime.clone());
        Box::pin(async move {
            let written = runtime.spawn(async move { write::commit(&inner, &batch).await });
            written.await.unwrap_or_else(|_| {
                Err(CommitError::Unknown("the question to the store died".to_owned()))
            })
        })
    }

    fn outcome(&self, key: CommandKey) -> Answer<Option<Outcome>> {
        let key = Arc::new(key);
        self.read(move |store| {
            let key = Arc::clone(&key);
            async move { query::outcome(&store, &key).await }
        })
    }

    fn order(&self, id: OrderId) -> Answer<Option<Order>> {
        self.read(move |store| {
            let id = id.clone();
            async move { query::order(&store, &id).await }
        })
    }

    fn orders(&self, query: OrderQuery) -> Answer<Page<Order>> {
        self.read(move |store| {
            let query = query.clone();
            async move { query::orders(&store, &query).await }
        })
    }

    fn balance(&self, tenant: TenantId, user: UserId) -> Answer<Money> {
        self.read(move |store| {
            let tenant = tenant.clone();
            async move { query::balance(&store, &tenant, user).await }
        })
    }

    fn agent_balances(&self, agent: AgentId) -> Answer<AgentBalances> {
        self.read(move |store| {
            let agent = agent.clone();
            async move { query::agent_balances(&store, &agent).await }
        })
    }

    fn withdrawals(&self, query: WithdrawalQuery) -> Answer<Page<Withdrawal>> {
        self.read(move |store| {
            let query = query.clone();
            async move { query::withdrawals(&store, &query).await }
        })
    }

    fn withdrawal(&self, id: WithdrawalId) -> Answer<Option<Withdrawal>> {
        self.read(move |store| async move { query::withdrawal(&store, id).await })
    }

    fn goods(&self, items: Vec<ItemId>) -> Answer<Vec<(Fingerprint, Sealed)>> {
        let items: Arc<[ItemId]> = items.into();
        self.read(move |store| {
            let items = Arc::clone(&items);
            async move { query::goods(&store, &items).await }
        })
    }

    fn put_blob(&self, content: Fingerprint, sealed: Sealed, at: Timestamp) -> Answer<()> {
        self.write(
            move |store| async move { records::put_blob(&store, &content, &sealed, at).await },
        )
    }

    fn drop_orphans(&self, before: Timestamp) -> Answer<u64> {
        self.write(move |store| async move { records::drop_orphans(&store, before).await })
    }

    fn forget_answers(&self, before: Timestamp, limit: u32) -> Answer<u64> {
        self.write(move |store| async move { records::forget_answers(&store, before, limit).await })
    }

    fn chronicle(&self) -> Answer<(Head, Chronicle)> {
        self.read(|store| async move { load::chronicle(&store).await })
    }

    fn unjournalled(&self) -> Answer<Unjournalled> {
        self.read(|store| async move { beside::unjournalled(&store).await })
    }

    fn missing_goods(&self) -> Answer<Vec<ItemId>> {
        self.read(|store| async move { load::missing_goods(&store).await })
    }

    fn known_contents(&self, contents: Vec<Fingerprint>) -> Answer<Vec<Fingerprint>> {
        self.read(move |store| {
            let contents = contents.clone();
            async move { query::known_contents(&store, contents).await }
        })
    }

    fn token(&self, tenant: TenantId) -> Answer<Option<Sealed>> {
        self.read(move |store| {
            let tenant = tenant.clone();
            async move { query::token(&store, &tenant).await }
        })
    }

    fn dialog(&self, tenant: TenantId, chat: ChatId) -> Answer<Option<DialogRecord>> {
        self.read(move |store| {
            let tenant = tenant.clone();
            async move { query::dialog(&store, &tenant, chat).await }
        })
    }

    fn profile(&self, tenant: TenantId, user: UserId) -> Answer<Option<Profile>> {
        self.read(move |store| {
            let tenant = tenant.clone();
            async move { query::profile(&store, &tenant, user).await }
        })
    }

    fn inbox(&self, bot: UserId, limit: u32) -> Answer<Vec<InboxRecord>> {
        self.read(move |store| async move { query::inbox(&store, bot, limit).await })
    }

    fn set_aside(&self, skip: u32, limit: u32) -> Answer<Page<SetAside>> {
        self.read(move |store| async move { query::set_aside(&store, skip, limit).await })
    }

    fn meta(&self, name: &'static str) -> Answer<Option<String>> {
        self.read(move |store| async move { query::meta(&store, name).await })
    }

    fn meta_once(&self, name: &'static str, value: String) -> Answer<String> {
        self.write(move |store| async move { records::meta_once(&store, name, &value).await })
    }

    fn journal(&self, after: u64, limit: u32) -> Answer<Vec<StoredRecord>> {
        self.read(move |store| async move { query::journal(&store, after, limit).await })
    }

    fn leads(&self) -> bool {
        self.inner.leads()
    }

    fn lost(&self) -> BoxFuture<'static, ()> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let Some(lease) = &inner.lease else { return };
            loop {
                match lease.left() {
                    Millis::ZERO => return,
                    left => SystemClock.sleep(left).await,
                }
            }
        })
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        if let Some(lease) = &self.inner.lease {
            lease.close();
        }
        let renewal = self.renewal.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move {
            if let Some(renewal) = renewal {
                // It cannot have panicked over anything that matters now.
                let _ = renewal.await;
            }
        })
    }
}
