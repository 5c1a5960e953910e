//! The conformance suite: what every store must do, run on each of them.
//!
//! A store joins with one more arm of [`on_every_store`] and one more [`Disk`].

mod basics;
mod facts;
mod lost;
mod mongo;
mod pages;
mod refusals;
mod sqlite;
mod sync;
mod values;

use crate::kit::{CUSTOMER, Kit, agents_shop, mongo as server};
use shopfleet::clock::SystemClock;
use shopfleet::domain::id::{ProductId, TenantId};
use shopfleet::domain::time::{Millis, Timestamp};
use shopfleet::store::batch::{Batch, BatchEntry, Record};
use shopfleet::store::memory::{MemoryDisk, MemoryStore};
use shopfleet::store::mongo::{LeaseTerms, MongoStore, MongoUrl};
use shopfleet::store::sqlite::SqliteStore;
use shopfleet::store::{CommitError, Head, SharedStore};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// The product that the kit opens shops with.
pub(crate) const PRODUCT: ProductId = ProductId::new(1);

/// Nobody has to wait for a leader that was closed, so its time to live never matters.
pub(crate) const TERMS: LeaseTerms =
    LeaseTerms { ttl: Millis::from_secs(60), patience: Some(Millis::from_secs(30)) };

/// What outlives a store that was closed.
pub(crate) enum Disk {
    Memory(MemoryDisk),
    Sqlite(TempDir),
    Mongo(MongoUrl),
}

impl Disk {
    pub(crate) fn memory() -> Self {
        Self::Memory(MemoryDisk::default())
    }

    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a directory"))
    }

    pub(crate) fn mongo() -> Self {
        Self::Mongo(server::new_database())
    }

    /// Opens the store that is on it, or a new one.
    pub(crate) async fn open(&self) -> SharedStore {
        match self {
            Self::Memory(disk) => {
                Arc::new(MemoryStore::new(disk.clone(), Arc::new(SystemClock), Millis::ZERO))
            }
            Self::Sqlite(dir) => Arc::new(SqliteStore::open(&file(dir)).expect("opens")),
            Self::Mongo(url) => {
                let opened = MongoStore::open(url, TERMS, &server::runtime()).await;
                Arc::new(opened.expect("opens"))
            }
        }
    }
}

/// Where the SQLite store of a directory is.
pub(crate) fn file(dir: &TempDir) -> PathBuf {
    dir.path().join("shop.db")
}

/// A store with its leader: the head to follow, and the kit that decides.
pub(crate) struct World {
    pub(crate) disk: Disk,
    pub(crate) store: SharedStore,
    pub(crate) head: Head,
    pub(crate) kit: Kit,
}

impl World {
    /// A new store whose leader has begun.
    pub(crate) async fn new(disk: Disk) -> Self {
        let store = disk.open().await;
        let head = store.begin_epoch().await.expect("begins");
        Self { disk, store, head, kit: Kit::new() }
    }

    /// A store with both shops open, `lines` on the shelf, and a customer with 1,000 in each shop.
    pub(crate) async fn with_shop(disk: Disk, lines: usize) -> Self {
        let mut world = Self::new(disk).await;
        let mut entries = world.kit.open_shop();
        entries.push(world.kit.credit(&TenantId::Master, CUSTOMER, 1_000));
        entries.push(world.kit.credit(&agents_shop(), CUSTOMER, 1_000));
        world.write(entries, Vec::new()).await;
        if lines > 0 {
            let (entry, goods) = world.kit.add_lines(PRODUCT, lines);
            world.write(vec![entry], goods).await;
        }
        world
    }

    /// A batch that follows the head.
    pub(crate) fn batch(&self, entries: Vec<BatchEntry>, records: Vec<Record>) -> Arc<Batch> {
        let (follows, at, entries) = (self.head.clone(), self.kit.now, entries.into());
        Arc::new(Batch { follows, at, entries, records })
    }

    /// Writes a batch and follows it.
    pub(crate) async fn try_write(
        &mut self,
        entries: Vec<BatchEntry>,
        records: Vec<Record>,
    ) -> Result<Head, CommitError> {
        let head = self.store.commit(self.batch(entries, records)).await?;
        self.head = head.clone();
        Ok(head)
    }

    /// Writes a batch that the store must take.
    pub(crate) async fn write(&mut self, entries: Vec<BatchEntry>, records: Vec<Record>) {
        self.try_write(entries, records).await.expect("the batch is in order");
    }

    /// Checks that the store holds exactly what the kit decided.
    pub(crate) async fn check(&self) {
        let loaded = self.store.load(Timestamp::EPOCH).await.expect("loads");
        assert_eq!(loaded.head, self.head);
        self.kit.check_loaded(loaded);
        let (head, chronicle) = self.store.chronicle().await.expect("reads");
        assert_eq!(head, self.head);
        assert_eq!(chronicle, self.kit.chronicle);
        let beside = self.store.unjournalled().await.expect("reads");
        assert_eq!(beside.astray, Vec::new(), "every search field is its document's");
    }

    /// Closes the store and opens it again; a new leader begins.
    pub(crate) async fn reopened(self) -> Self {
        let Self { disk, store, kit, .. } = self;
        store.close().await;
        drop(store);
        let store = disk.open().await;
        let head = store.begin_epoch().await.expect("begins");
        Self { disk, store, head, kit }
    }
}

/// Makes a test of each case on each store.
macro_rules! on_every_store {
    ($($case:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::store::Disk::memory()).await;
            })+
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::store::Disk::sqlite()).await;
            })+
        }
        mod mongo {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::store::Disk::mongo()).await;
            })+
        }
    };
}
pub(crate) use on_every_store;
