//! Connections and the lease: how the file is opened, and the settings it is refused without.
//!
//! `synchronous=FULL` makes every commit wait for the write-ahead log to reach the disk; with less,
//! an acknowledged batch could vanish in a power cut (law 1). A build or a file system that does not
//! report the settings it was given is therefore refused, not trusted.

use super::failure::Failure;
use crate::store::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `PRAGMA synchronous` reports FULL as this number.
const SYNCHRONOUS_FULL: i64 = 2;
/// How long a statement waits for another process, a backup for instance, before it is *busy*.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The log is copied into the file when it has this many pages of 4 KiB: seldom enough that batches
/// rarely pay for it, often enough that the log stays below some 100 MiB.
const CHECKPOINT_PAGES: i64 = 16_384;
/// A log that grew larger during a long read is cut back to this many bytes.
const LOG_SIZE_LIMIT: i64 = 128 * 1024 * 1024;
/// Page cache in KiB; SQLite takes a negative number as KiB.
const CACHE_KIB: i64 = 64 * 1024;
/// Different statements that stay prepared; more than the store has.
const STATEMENTS: usize = 128;

/// The right to write this store; given back when dropped, also by a crash.
#[derive(Debug)]
pub(super) struct Lease {
    /// The open file is the lock.
    _lock: File,
}

impl Lease {
    /// Takes the lease of the store at `path`.
    ///
    /// # Errors
    /// [`StoreError::Leased`] while another process or store has it; [`StoreError::Unavailable`]
    /// when the lock file cannot be made.
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(PathBuf::from(name))
            .map_err(|error| StoreError::Unavailable(format!("the lock file: {error}")))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _lock: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Leased),
            Err(TryLockError::Error(error)) => {
                Err(StoreError::Unavailable(format!("the lock file: {error}")))
            }
        }
    }
}

/// The one connection that writes.
///
/// # Errors
/// When the file cannot be opened, is no database, or does not take the settings.
pub(super) fn writer(path: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = open(path, flags)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    // Where fsync does not reach the disk by itself, ask for the call that does.
    db.pragma_update(None, "fullfsync", true)?;
    db.pragma_update(None, "checkpoint_fullfsync", true)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    db.pragma_update(None, "journal_size_limit", LOG_SIZE_LIMIT)?;
    require_settings(&db)?;
    Ok(db)
}

/// A connection that reads snapshots and cannot write.
///
/// # Errors
/// When the file cannot be opened.
pub(super) fn reader(path: &Path) -> Result<Connection, Failure> {
    let db = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.pragma_update(None, "query_only", true)?;
    Ok(db)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, Failure> {
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

fn require_settings(db: &Connection) -> Result<(), Failure> {
    let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let synchronous = number("synchronous")?;
    if synchronous != SYNCHRONOUS_FULL {
        let why = format!("synchronous is {synchronous} instead of {SYNCHRONOUS_FULL} (FULL)");
        return Err(Failure::Contradiction(why));
    }
    let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Failure::Contradiction(format!("journal_mode is {mode} instead of wal")));
    }
    if number("foreign_keys")? != 1 {
        return Err(Failure::Contradiction("foreign keys are not checked".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writer_reports_the_settings_it_must_have() {
        let dir = tempfile::tempdir().expect("a directory");
        let db = writer(&dir.path().join("s.db")).expect("opens");
        let synchronous = db.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0));
        assert_eq!(synchronous, Ok(SYNCHRONOUS_FULL));
        for (pragma, value) in
            [("synchronous", "NORMAL"), ("synchronous", "OFF"), ("foreign_keys", "OFF")]
        {
            db.pragma_update(None, pragma, value).expect("SQLite takes it");
            assert!(require_settings(&db).is_err(), "{pragma}={value} must be refused");
            db.pragma_update(None, "synchronous", "FULL").expect("back");
        }
        let memory = Connection::open_in_memory().expect("opens");
        assert!(require_settings(&memory).is_err(), "a database without a log must be refused");
    }

    #[test]
    fn a_reader_cannot_write() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("s.db");
        writer(&path).and_then(|db| Ok(db.execute_batch("CREATE TABLE t (a)")?)).expect("writes");
        let db = reader(&path).expect("opens");
        assert!(db.execute("INSERT INTO t VALUES (1)", []).is_err());
    }

    #[test]
    fn the_lease_is_one_at_a_time() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("s.db");
        let first = Lease::take(&path).expect("free");
        assert_eq!(Lease::take(&path).map(drop), Err(StoreError::Leased));
        drop(first);
        assert!(Lease::take(&path).is_ok());
    }
}
