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
    let tx = begin(db)?;
    // Dropping the transaction on the way out of an error rolls it back.
    write(&tx, batch, &encoded)?;
    finish(tx)?;
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
