//! Power cuts: what is lost when the disk never got what was written.
//!
//! Two tests, and what each of them shows. *The torn log* works on the real file: a store is copied
//! while it is open and its write-ahead log is cut at every batch and between, which is what a disk
//! leaves that lost the tail of it. It shows that a cut loses whole batches and never halves, so
//! an acknowledged batch survives exactly when its part of the log had reached the disk before the
//! answer. That SQLite waits for it is the setting `synchronous=FULL`; that the setting is in force
//! is asserted where the connection is opened (`store/sqlite/connection.rs` refuses a connection that
//! does not report it). *The model* is a disk that forgets what was not synced: with FULL nothing
//! acknowledged is lost, with less something is. Neither test can show that the kernel and the
//! drive keep the promise of fsync.

use super::{Disk, World, file};
use crate::kit::CUSTOMER;
use shopfleet::clock::SystemClock;
use shopfleet::domain::chronicle::Chronicle;
use shopfleet::domain::id::TenantId;
use shopfleet::domain::time::Millis;
use shopfleet::store::memory::{MemoryDisk, MemoryStore};
use shopfleet::store::sqlite::SqliteStore;
use shopfleet::store::{Head, Store};
use std::path::Path;
use std::sync::Arc;

/// What the store was when its log had this length.
struct Mark {
    log: u64,
    head: Head,
    chronicle: Chronicle,
}

#[tokio::test]
async fn a_torn_log_loses_whole_batches_and_never_halves() {
    let mut world = World::with_shop(Disk::sqlite(), 0).await;
    let Disk::Sqlite(dir) = &world.disk else { panic!("it is a file") };
    let (database, log) = (file(dir), log_of(&file(dir)));
    let mut marks = vec![mark(&world, &log)];
    for _ in 0..5 {
        let credit = world.kit.credit(&TenantId::Master, CUSTOMER, 1);
        world.write(vec![credit], Vec::new()).await;
        marks.push(mark(&world, &log));
    }
    for (nth, after) in marks.iter().enumerate().skip(1) {
        let before = &marks[nth - 1];
        assert!(after.log > before.log, "every batch is in the log when it is answered");
        for (cut, expected) in
            [(after.log, after), (after.log - 1, before), (before.log + 1, before)]
        {
            check_cut(&database, cut, expected).await;
        }
    }
}

fn log_of(database: &Path) -> std::path::PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn mark(world: &World, log: &Path) -> Mark {
    let log = std::fs::metadata(log).expect("there is a log").len();
    Mark { log, head: world.head.clone(), chronicle: world.kit.chronicle.clone() }
}

/// Opens a copy whose log ends after `cut` bytes.
async fn check_cut(database: &Path, cut: u64, expected: &Mark) {
    let dir = tempfile::tempdir().expect("a directory");
    let copy = file(&dir);
    std::fs::copy(database, &copy).expect("copies");
    std::fs::copy(log_of(database), log_of(&copy)).expect("copies");
    let torn = std::fs::OpenOptions::new().write(true).open(log_of(&copy)).expect("opens");
    torn.set_len(cut).expect("cuts");
    let store = SqliteStore::open(&copy).expect("opens");
    let found = store.chronicle().await.expect("reads");
    assert_eq!(found, (expected.head.clone(), expected.chronicle.clone()), "cut at {cut}");
    store.load(shopfleet::domain::time::Timestamp::EPOCH).await.expect("loads");
}

/// The settings of SQLite that the model honours.
#[derive(Clone, Copy, Debug)]
enum Synchronous {
    /// Synced before every answer.
    Full,
    /// Synced at a checkpoint only.
    Normal,
    /// Never synced.
    Off,
}

/// A memory store on a disk that forgets, in a power cut, what was not synced.
struct UnsyncedStore {
    synchronous: Synchronous,
    written: MemoryDisk,
    synced: MemoryDisk,
    since_checkpoint: u32,
}

impl UnsyncedStore {
    /// Commits between two checkpoints.
    const CHECKPOINT: u32 = 4;

    fn new(synchronous: Synchronous) -> Self {
        let (written, synced) = (MemoryDisk::default(), MemoryDisk::default());
        Self { synchronous, written, synced, since_checkpoint: 0 }
    }

    fn store(&self) -> MemoryStore {
        MemoryStore::new(self.written.clone(), Arc::new(SystemClock), Millis::ZERO)
    }

    /// What happens between the write of a batch and its answer.
    fn before_answer(&mut self) {
        self.since_checkpoint += 1;
        let sync = match self.synchronous {
            Synchronous::Full => true,
            Synchronous::Normal => self.since_checkpoint == Self::CHECKPOINT,
            Synchronous::Off => false,
        };
        if sync {
            self.since_checkpoint = 0;
            self.synced = self.written.copied();
        }
    }

    fn power_cut(&mut self) {
        self.written = self.synced.copied();
    }
}

/// Acknowledged batches of ten that a power cut takes away.
async fn lost(synchronous: Synchronous) -> u64 {
    let mut disk = UnsyncedStore::new(synchronous);
    let mut world = World::new(Disk::Memory(disk.written.clone())).await;
    for _ in 0..10 {
        world.write(Vec::new(), Vec::new()).await;
        disk.before_answer();
    }
    let acknowledged = world.head.seq;
    disk.power_cut();
    acknowledged - disk.store().head().await.expect("reads").seq
}

#[tokio::test]
async fn only_full_keeps_what_was_acknowledged() {
    assert_eq!(lost(Synchronous::Full).await, 0);
    assert_eq!(lost(Synchronous::Normal).await, 2);
    assert_eq!(lost(Synchronous::Off).await, 10);
}
