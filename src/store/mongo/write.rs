//! One batch, one transaction: documents, records, journal, and the head last.
//!
//! The head decides. It is moved last from exactly the value the batch follows; whatever else fails
//! is blamed on the batch only when the head still is that value, so that a batch of an older leader
//! is *fenced* and not blamed for what the new one wrote. A commit whose answer is lost is asked for
//! again, which the server answers from what it did; when that fails too, the head tells (law 13).

use super::Inner;
use super::decode;
use super::draft::Draft;
use super::encode::{binary, int};
use super::failure::Failure;
use super::needs::Known;
use super::reads::Reads;
use super::records::Records;
use super::row::Row;
use super::schema::META;
use super::statements::Statements;
use crate::clock::{Clock as _, SystemClock};
use crate::domain::time::Millis;
use crate::store::batch::{Batch, Record};
use crate::store::journal::{self, Encoded};
use crate::store::{CommitError, Head, StoreError};
use mongodb::bson::{Document, RawDocumentBuf, doc, rawdoc};
use mongodb::error::{TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::ReturnDocument;
use mongodb::{ClientSession, Database};

/// Tries of a transaction that met another one, before the caller is told to wait.
const TRIES: u32 = 4;
/// Pause before the next try; it doubles.
const PAUSE: Millis = Millis::from_ms(20);

/// Writes a batch and answers when it is durable.
///
/// # Errors
/// [`CommitError`]; everything but `Unknown` means that nothing was written.
pub(super) async fn commit(store: &Inner, batch: &Batch) -> Result<Head, CommitError> {
    let encoded = journal::encode(batch);
    // Between these two lines of the log a batch is in flight; the crash test reads them.
    tracing::debug!(seq = encoded.head.seq, "a batch begins");
    let mut pause = PAUSE;
    for left in (0..TRIES).rev() {
        match attempt(store, batch, &encoded).await {
            Ok(()) => break,
            Err(Ended::Unknown(why)) => return fate(store, &encoded.head, why).await,
            Err(Ended::NotWritten(Failure::Environment { again: true, .. })) if left > 0 => {
                SystemClock.sleep(pause).await;
                pause = Millis::from_ms(pause.ms() * 2);
            }
            Err(Ended::NotWritten(failure)) => return Err(blame(store, batch, failure).await),
        }
    }
    tracing::debug!(seq = encoded.head.seq, "a batch is durable");
    Ok(encoded.head)
}

/// How a try ended that did not succeed.
enum Ended {
    /// Its transaction was not committed and never will be.
    NotWritten(Failure),
    /// It may have been.
    Unknown(String),
}

impl<E: Into<Failure>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::NotWritten(error.into())
    }
}

async fn attempt(store: &Inner, batch: &Batch, encoded: &Encoded) -> Result<(), Ended> {
    store.may_write()?;
    let mut reads = Reads::transaction(&store.client, &store.db).await?;
    let written = write(store, batch, encoded, &mut reads).await;
    if let Err(failure) = written {
        // When even this fails the server ends the transaction by itself; it was never committed.
        let _ = reads.session.abort_transaction().await;
        return Err(failure.into());
    }
    let ended = finish(&mut reads.session).await;
    if let Err(Ended::Unknown(_)) = ended {
        abandon(store, &reads.session).await;
    }
    ended
}

/// Ends a transaction that is perhaps still open, or it would hold the head until the server's own
/// limit of a minute. When even this does not arrive, that limit ends it.
async fn abandon(store: &Inner, session: &ClientSession) {
    let kill = doc! {"killSessions": [session.id().clone()]};
    if let Err(error) = store.client.database("admin").run_command(kill).await {
        tracing::warn!(why = ?Failure::from(error), "an unanswered transaction may still be open");
    }
}

async fn write(
    store: &Inner,
    batch: &Batch,
    encoded: &Encoded,
    reads: &mut Reads,
) -> Result<(), Failure> {
    let known = Known::read(batch, reads, &store.seen).await?;
    let statements = gather(batch, encoded, known)?;
    statements.run(&store.db, &mut reads.session).await?;
    let head = store.db.collection::<Document>(META);
    let moved = head
        .update_one(exactly(&batch.follows)?, doc! {"$set": fields(&encoded.head)?})
        .session(&mut reads.session)
        .await?;
    if moved.matched_count != 1 {
        return Err(Failure::Fenced);
    }
    // The lease may have run out meanwhile.
    store.may_write()
}

fn gather(batch: &Batch, encoded: &Encoded, known: Known) -> Result<Statements, Failure> {
    let mut draft = Draft::new(known, encoded.head.seq, batch.at);
    for event in batch.entries.iter().flat_map(|entry| &entry.events) {
        draft.add(event)?;
    }
    let mut records = Records::new(encoded.head.seq);
    for record in &batch.records {
        match record {
            Record::Goods { content, sealed } => draft.goods(content, sealed)?,
            Record::Token { .. }
            | Record::Dialog(_)
            | Record::Profile(_)
            | Record::InboxPut(_)
            | Record::InboxDone { .. }
            | Record::DeadLetter { .. } => records.add(record)?,
        }
    }
    let mut statements = draft.finish()?;
    records.write(&mut statements)?;
    append_journal(&mut statements, encoded)?;
    Ok(statements)
}

/// A record of the journal: one document, unless the batch is larger than a document may be.
fn append_journal(statements: &mut Statements, encoded: &Encoded) -> Result<(), Failure> {
    /// Bytes of one part.
    const PART: usize = 8 * 1024 * 1024;
    let Encoded { head, bytes } = encoded;
    let chunks = bytes.chunks(PART);
    let parts = i32::try_from(chunks.len()).unwrap_or(i32::MAX);
    for (part, chunk) in (0_i32..).zip(chunks) {
        let document = rawdoc! {
            "_id": journal_id(head.seq, part)?,
            "seq": int(head.seq)?,
            "part": part,
            "parts": parts,
            "epoch": int(head.epoch)?,
            "hash": binary(&head.hash),
            "bytes": binary(chunk),
        };
        statements.insert("journal", document);
    }
    Ok(())
}

/// Parts of a record stand next to one another.
pub(super) fn journal_id(seq: u64, part: i32) -> Result<i64, Failure> {
    let first = seq.checked_mul(256).and_then(|first| i64::try_from(first).ok());
    first
        .filter(|_| part < 256)
        .and_then(|first| first.checked_add(i64::from(part)))
        .ok_or_else(|| Failure::Contradiction(format!("journal record {seq} is too large")))
}

/// Commits, and asks again when the answer is lost: the server answers the same again.
async fn finish(session: &mut ClientSession) -> Result<(), Ended> {
    let mut pause = PAUSE;
    let mut left = TRIES;
    loop {
        let Err(error) = session.commit_transaction().await else { return Ok(()) };
        left -= 1;
        if error.contains_label(TRANSIENT_TRANSACTION_ERROR)
            && !error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
        {
            return Err(error.into());
        }
        if left == 0 {
            return Err(Ended::Unknown(error.kind.to_string()));
        }
        SystemClock.sleep(pause).await;
        pause = Millis::from_ms(pause.ms() * 4);
    }
}

/// What the head says about a batch whose commit was not answered. Only a head that is the batch's
/// own says anything: another may still become it.
async fn fate(store: &Inner, expected: &Head, why: String) -> Result<Head, CommitError> {
    match head(&store.db).await {
        Ok(found) if found == *expected => Ok(found),
        Ok(_) | Err(_) => Err(CommitError::Unknown(why)),
    }
}

/// Whether a batch was refused for itself or because another leader has begun.
async fn blame(store: &Inner, batch: &Batch, failure: Failure) -> CommitError {
    match failure {
        Failure::Fenced => {
            let epoch = head(&store.db).await.map_or(batch.follows.epoch, |found| found.epoch);
            CommitError::Fenced { found: epoch }
        }
        Failure::Contradiction(why) | Failure::Damaged(why) => match head(&store.db).await {
            Ok(found) if found != batch.follows => CommitError::Fenced { found: found.epoch },
            Ok(_) => CommitError::Definite(why),
            // Who is to blame is not known now; the same batch asks again.
            Err(_) => CommitError::Transient(why),
        },
        Failure::Environment { why, .. } | Failure::Unsuited(why) => CommitError::Transient(why),
    }
}

/// The head as a majority has it.
pub(super) async fn head(db: &Database) -> Result<Head, Failure> {
    let meta = db.collection::<RawDocumentBuf>(META);
    let found = meta.find_one(doc! {"_id": "head"}).await?;
    let found = found.ok_or_else(|| Failure::Damaged("the head is missing".to_owned()))?;
    decode::head(&Row::new(META, &found))
}

/// Takes the next epoch; number and hash of the head stay.
///
/// # Errors
/// [`StoreError`]; after `Unavailable` the caller takes another epoch, which settles it.
pub(super) async fn begin_epoch(store: &Inner) -> Result<Head, StoreError> {
    let mut pause = PAUSE;
    let mut left = TRIES;
    loop {
        store.may_write()?;
        match next_epoch(&store.db).await {
            Ok(head) => return Ok(head),
            // An unfinished transaction of the leader before holds the head.
            Err(Failure::Environment { again: true, .. }) if left > 0 => {
                left -= 1;
                SystemClock.sleep(pause).await;
                pause = Millis::from_ms(pause.ms() * 4);
            }
            Err(failure) => return Err(failure.into()),
        }
    }
}

async fn next_epoch(db: &Database) -> Result<Head, Failure> {
    let found = db
        .collection::<RawDocumentBuf>(META)
        .find_one_and_update(doc! {"_id": "head"}, doc! {"$inc": {"epoch": 1_i64}})
        .return_document(ReturnDocument::After)
        .await?;
    let found = found.ok_or_else(|| Failure::Damaged("the head is missing".to_owned()))?;
    decode::head(&Row::new(META, &found))
}

fn exactly(head: &Head) -> Result<Document, Failure> {
    let mut query = doc! {"_id": "head"};
    query.extend(fields(head)?);
    Ok(query)
}

fn fields(head: &Head) -> Result<Document, Failure> {
    let hash = binary(&head.hash);
    Ok(doc! {"epoch": int(head.epoch)?, "seq": int(head.seq)?, "hash": hash})
}
