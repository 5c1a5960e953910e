//! One batch, one transaction: documents, records, journal, and the head last.
//!
//! The head decides. It is compared first, so that a batch of an older leader is *fenced* and not
//! blamed for what the new leader wrote, and it is moved last from exactly the value the batch
//! follows (DESIGN.md, law 13).

use super::documents::{Documents, one};
use super::failure::{Failure, fate_of_commit};
use super::rows::int;
use super::{load, records};
use crate::store::batch::Batch;
use crate::store::journal::{self, Encoded};
use crate::store::{CommitError, Head};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

/// Writes a batch and answers when it is durable.
///
/// # Errors
/// [`CommitError`]; everything but `Unknown` means that nothing was written.
pub(super) fn commit(db: &mut Connection, batch: &Batch) -> Result<Head, CommitError> {
    let encoded = journal::encode(batch);
    // Between these two lines of the log a batch is in flight; the crash test reads them.
    tracing::debug!(seq = encoded.head.seq, "a batch begins");
    let tx = begin(db)?;
    // Dropping the transaction on the way out of an error rolls it back.
    write(&tx, batch, &encoded)?;
    finish(tx)?;
    tracing::debug!(seq = encoded.head.seq, "a batch is durable");
    Ok(encoded.head)
}

/// Takes the next epoch; number and hash of the head stay.
///
/// # Errors
/// [`CommitError`]; after `Unknown` the caller takes another epoch, which settles it.
pub(super) fn begin_epoch(db: &mut Connection) -> Result<Head, CommitError> {
    let tx = begin(db)?;
    let before = load::head(&tx)?;
    let after = Head { epoch: before.epoch + 1, ..before.clone() };
    move_head(&tx, &before, &after)?;
    finish(tx)?;
    Ok(after)
}

/// Runs a write outside the journal in its own transaction.
///
/// # Errors
/// [`CommitError`] as for a batch.
pub(super) fn aside<T>(
    db: &mut Connection,
    write: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, CommitError> {
    let tx = begin(db)?;
    let done = write(&tx)?;
    finish(tx)?;
    Ok(done)
}

fn begin(db: &mut Connection) -> Result<Transaction<'_>, Failure> {
    Ok(db.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

fn write(tx: &Transaction<'_>, batch: &Batch, encoded: &Encoded) -> Result<(), Failure> {
    let found = load::head(tx)?;
    if found != batch.follows {
        return Err(Failure::Fenced(found.epoch));
    }
    let mut documents = Documents::new(tx);
    for event in batch.entries.iter().flat_map(|entry| &entry.events) {
        documents.add(event)?;
    }
    for record in &batch.records {
        records::add(tx, &mut documents, record)?;
    }
    documents.finish()?;
    let head = &encoded.head;
    one(
        tx,
        "INSERT INTO journal (seq, epoch, hash, bytes) VALUES (?1, ?2, ?3, ?4)",
        params![int(head.seq)?, int(head.epoch)?, head.hash, encoded.bytes],
        format_args!("journal record {}", head.seq),
    )?;
    move_head(tx, &batch.follows, head)
}

fn move_head(tx: &Transaction<'_>, from: &Head, to: &Head) -> Result<(), Failure> {
    let moved = tx
        .prepare_cached(
            "UPDATE head SET epoch = ?1, seq = ?2, hash = ?3
             WHERE id = 1 AND epoch = ?4 AND seq = ?5 AND hash = ?6",
        )?
        .execute(params![
            int(to.epoch)?,
            int(to.seq)?,
            to.hash,
            int(from.epoch)?,
            int(from.seq)?,
            from.hash
        ])?;
    if moved == 1 { Ok(()) } else { Err(Failure::Fenced(load::head(tx)?.epoch)) }
}

/// COMMIT by hand, because what its failure means depends on whether the transaction is still open.
fn finish(tx: Transaction<'_>) -> Result<(), CommitError> {
    let failed = match tx.execute_batch("COMMIT") {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    let rolled_back = !tx.is_autocommit() && tx.rollback().is_ok();
    Err(fate_of_commit(failed, rolled_back))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{ChatId, TenantId};
    use crate::domain::time::Timestamp;
    use crate::store::batch::{DialogRecord, Record};
    use crate::store::entries::Entries;
    use crate::store::journal::GENESIS;
    use crate::store::sqlite::{connection, schema};
    use std::time::Duration;

    fn store(dir: &tempfile::TempDir) -> Connection {
        let mut db = connection::writer(&dir.path().join("s.db")).expect("opens");
        schema::prepare(&mut db).expect("makes the tables");
        db
    }

    fn batch(records: Vec<Record>) -> Batch {
        Batch { follows: GENESIS, at: Timestamp::EPOCH, entries: Entries::default(), records }
    }

    /// A record of some hundred pages.
    fn large() -> Record {
        Record::Dialog(DialogRecord {
            tenant: TenantId::Master,
            chat: ChatId::new(1),
            update: 1,
            state: "x".repeat(1 << 20),
        })
    }

    fn check_untouched(db: &Connection) {
        assert_eq!(load::head(db).expect("reads"), GENESIS);
        assert!(db.is_autocommit(), "no transaction is left open");
    }

    #[test]
    fn a_full_disk_is_transient_and_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut db = store(&dir);
        let pages: i64 =
            db.pragma_query_value(None, "page_count", |row| row.get(0)).expect("reads");
        let limit = |db: &Connection, pages: i64| {
            db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).expect("sets");
        };
        limit(&db, pages + 10);
        let full = commit(&mut db, &batch(vec![large()]));
        assert!(matches!(full, Err(CommitError::Transient(_))), "{full:?}");
        check_untouched(&db);
        limit(&db, pages + 1_000);
        assert_eq!(commit(&mut db, &batch(vec![large()])).map(|head| head.seq), Ok(1));
    }

    #[test]
    fn a_file_that_others_hold_is_transient() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut db = store(&dir);
        db.busy_timeout(Duration::ZERO).expect("sets");
        let other = connection::writer(&dir.path().join("s.db")).expect("opens");
        other.execute_batch("BEGIN IMMEDIATE").expect("begins");
        let busy = commit(&mut db, &batch(Vec::new()));
        assert!(matches!(busy, Err(CommitError::Transient(_))), "{busy:?}");
        check_untouched(&db);
        other.execute_batch("ROLLBACK").expect("ends");
        assert_eq!(commit(&mut db, &batch(Vec::new())).map(|head| head.seq), Ok(1));
    }

    /// Only a deferred foreign key fails at COMMIT; the schema has none, so this one is made up.
    #[test]
    fn a_contradiction_that_commit_finds_is_definite_and_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut db = store(&dir);
        db.execute_batch(
            "CREATE TABLE parents (id INTEGER PRIMARY KEY);
             CREATE TABLE children (parent REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)",
        )
        .expect("makes the tables");
        let orphan = |db: &Connection| Ok(db.execute("INSERT INTO children VALUES (1)", [])?);
        let refused = aside(&mut db, orphan);
        assert!(matches!(refused, Err(CommitError::Definite(_))), "{refused:?}");
        check_untouched(&db);
        let children =
            db.query_row("SELECT count(*) FROM children", [], |row| row.get::<_, i64>(0));
        assert_eq!(children, Ok(0));
    }
}
