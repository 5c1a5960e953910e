//! What can go wrong inside SQLite, and what it means to a caller of the port.
//!
//! Three classes of SQLite's own errors. *Environment*: the disk is full, the file is busy; the same
//! batch may succeed later. *Contradiction*: a constraint of the schema speaks against the batch; it
//! never will. *Damage*: the file is not what was written; nobody's command is to blame, so writers
//! wait for the operator instead of being refused one by one.

use crate::store::{CommitError, StoreError};
use rusqlite::ErrorCode;

/// A failed read or write, before it is known who asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite says no.
    Sql(rusqlite::Error),
    /// A conditional write did not find what it expects, or a value cannot be stored.
    Contradiction(String),
    /// A document cannot be read back.
    Damaged(String),
    /// The head is another's; its epoch.
    Fenced(u64),
}

/// The class of an error of SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Environment,
    Contradiction,
    Damage,
}

fn class(error: &rusqlite::Error) -> Class {
    let Some(code) = error.sqlite_error_code() else {
        // Everything without a code is a conversion between rows and values.
        return Class::Contradiction;
    };
    match code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Class::Damage,
        ErrorCode::PermissionDenied
        | ErrorCode::OperationAborted
        | ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::OutOfMemory
        | ErrorCode::ReadOnly
        | ErrorCode::OperationInterrupted
        | ErrorCode::SystemIoFailure
        | ErrorCode::DiskFull
        | ErrorCode::CannotOpen
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::NoLargeFileSupport => Class::Environment,
        // Constraints, types, sizes, and statements that SQLite does not take: the same batch meets
        // the same answer for ever.
        _ => Class::Contradiction,
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// For a batch that was certainly rolled back.
impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sql(error) => match class(&error) {
                Class::Environment | Class::Damage => Self::Transient(error.to_string()),
                Class::Contradiction => Self::Definite(error.to_string()),
            },
            Failure::Contradiction(why) | Failure::Damaged(why) => Self::Definite(why),
            Failure::Fenced(found) => Self::Fenced { found },
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sql(error) => match class(&error) {
                Class::Environment => Self::Unavailable(error.to_string()),
                Class::Contradiction | Class::Damage => Self::Corrupt(error.to_string()),
            },
            Failure::Contradiction(why) | Failure::Damaged(why) => Self::Corrupt(why),
            Failure::Fenced(_) => Self::Fenced,
        }
    }
}

/// What a failed COMMIT means. When SQLite still had the transaction open and could roll it back,
/// nothing was written. Otherwise the commit record may have reached the write-ahead log, and a
/// crash now would bring it back: nobody knows before the next epoch.
pub(super) fn fate_of_commit(error: rusqlite::Error, rolled_back: bool) -> CommitError {
    if rolled_back { Failure::Sql(error).into() } else { CommitError::Unknown(error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn error(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    fn check(code: i32, expected: Class) {
        assert_eq!(class(&error(code)), expected, "{}", error(code));
    }

    #[test]
    fn errors_are_classed_by_what_a_second_try_would_meet() {
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_BUSY_SNAPSHOT,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_READONLY,
        ] {
            check(code, Class::Environment);
        }
        for code in [
            ffi::SQLITE_CONSTRAINT,
            ffi::SQLITE_CONSTRAINT_CHECK,
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY,
            ffi::SQLITE_TOOBIG,
            ffi::SQLITE_ERROR,
        ] {
            check(code, Class::Contradiction);
        }
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            check(code, Class::Damage);
        }
    }

    #[test]
    fn only_a_proven_rollback_tells_the_fate_of_a_commit() {
        let transient = fate_of_commit(error(ffi::SQLITE_BUSY), true);
        assert!(matches!(transient, CommitError::Transient(_)), "{transient:?}");
        let definite = fate_of_commit(error(ffi::SQLITE_CONSTRAINT_FOREIGNKEY), true);
        assert!(matches!(definite, CommitError::Definite(_)), "{definite:?}");
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_FULL, ffi::SQLITE_BUSY] {
            let unknown = fate_of_commit(error(code), false);
            assert!(matches!(unknown, CommitError::Unknown(_)), "{unknown:?}");
        }
    }
}
