//! Where a bench works: a folder, or two databases of their own on a server; gone when the bench ends.

use super::shop::{Scale, Shop};
use super::{Work, failed};
use crate::app::open_store;
use crate::cli::Failure;
use crate::config::{self, StoreUrl};
use crate::store::SharedStore;
use crate::store::mongo::{MongoStore, MongoUrl};
use std::fs;
use std::path::PathBuf;
use tokio::runtime::Handle;

/// How long a leader of a bench may be silent; nobody else wants to lead.
const LEASE_S: u32 = 60;

/// A place of our own.
pub(super) enum Scratch {
    /// A folder for files.
    Folder(PathBuf),
    /// A database for the store, and one for its twin.
    Databases {
        /// Of the store.
        store: MongoUrl,
        /// Of its twin.
        twin: MongoUrl,
    },
}

impl Scratch {
    /// Makes a folder in the one that is asked for or where the system keeps such things, or finds
    /// names for databases beside the one that is asked for.
    pub(super) fn make(work: &Work) -> Result<Self, Failure> {
        let process = std::process::id();
        let Some(url) = &work.store else {
            let parent = work.dir.clone().unwrap_or_else(std::env::temp_dir);
            let path = parent.join(format!("shopfleet-bench-{process}"));
            let made = fs::create_dir(&path);
            made.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
            return Ok(Self::Folder(path));
        };
        let usage = |error| Failure::Usage(format!("--store {error}"));
        let url: MongoUrl = url.parse().map_err(usage)?;
        let named = |part: &str| {
            url.with_database(&format!("{}_bench_{process}{part}", url.database())).map_err(usage)
        };
        Ok(Self::Databases { store: named("")?, twin: named("_twin")? })
    }

    /// The configuration of the store in it.
    pub(super) fn store(&self) -> config::Store {
        let url = match self {
            Self::Folder(path) => StoreUrl::Sqlite(path.join("bench.db")),
            Self::Databases { store, .. } => StoreUrl::Mongodb(store.clone()),
        };
        config::Store { url, lease_s: LEASE_S }
    }

    /// Two stores that hold the same shop, and the shop of the first.
    pub(super) async fn twins(
        &self,
        scale: Scale,
        sockets: &Handle,
    ) -> Result<(SharedStore, Shop, SharedStore), Failure> {
        let store = open_store(&self.store(), sockets).await.map_err(failed)?;
        let shop = Shop::open(&store, scale).await?;
        match self {
            Self::Folder(path) => {
                // Whole only when it is closed, which is when its last holder lets go.
                drop(store);
                let copy = path.join("copy.db");
                fs::copy(path.join("bench.db"), &copy).map_err(failed)?;
                let store = open_store(&self.store(), sockets).await.map_err(failed)?;
                let copy = config::Store { url: StoreUrl::Sqlite(copy), lease_s: LEASE_S };
                Ok((store, shop, open_store(&copy, sockets).await.map_err(failed)?))
            }
            Self::Databases { twin, .. } => {
                let twin = StoreUrl::Mongodb(twin.clone());
                let twin = config::Store { url: twin, lease_s: LEASE_S };
                let twin = open_store(&twin, sockets).await.map_err(failed)?;
                Shop::open(&twin, scale).await?;
                Ok((store, shop, twin))
            }
        }
    }

    /// Bytes of everything in it; nothing when only the server knows.
    pub(super) fn size(&self) -> Result<Option<u64>, Failure> {
        let Self::Folder(path) = self else { return Ok(None) };
        let entries = fs::read_dir(path).map_err(failed)?;
        let sizes = entries.map(|entry| Ok(entry?.metadata()?.len()));
        sizes.sum::<Result<u64, std::io::Error>>().map(Some).map_err(failed)
    }

    /// Removes the databases; a folder goes by itself.
    pub(super) async fn remove(&self, sockets: &Handle) {
        let Self::Databases { store, twin } = self else { return };
        for url in [store, twin] {
            if let Err(error) = MongoStore::remove(url, sockets).await {
                tracing::warn!(%url, %error, "the bench leaves its database behind");
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Self::Folder(path) = self else { return };
        if let Err(error) = fs::remove_dir_all(&*path) {
            tracing::warn!(path = %path.display(), %error, "the bench leaves its folder behind");
        }
    }
}
