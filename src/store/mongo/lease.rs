//! The right to lead: a heartbeat document that whoever leads keeps changing.
//!
//! An observer takes over when the document has not changed for its time to live, and a quarter more,
//! by the *observer's* monotonic clock; clocks of different machines are never compared. The leader
//! counts from before it sent its last successful renewal, by its own monotonic clock, and stops to
//! poll, send and write when the time to live has passed: so it stops first, also when it was asleep
//! and does not know it yet (DESIGN.md, laws 1 and 13). The head still decides about every batch.

use super::failure::Failure;
use super::row::Row;
use super::schema::META;
use crate::clock::{Clock as _, Stopwatch, SystemClock};
use crate::domain::time::Millis;
use crate::store::StoreError;
use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// The document's id.
const ID: &str = "lease";
/// Renewals within one time to live.
const RENEWALS: i64 = 5;
/// Looks of an observer within one time to live.
const LOOKS: i64 = 10;

/// Whether this process leads.
#[derive(Debug)]
pub(super) struct Lease {
    holder: String,
    ttl: Millis,
    /// Since before the last successful renewal was sent; nothing when it is gone for good.
    renewed: Mutex<Option<Stopwatch>>,
    /// Ends the renewal and gives the lease back.
    closing: watch::Sender<bool>,
}

/// The document as an observer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    holder: Option<String>,
    beat: i64,
    ttl: Millis,
    process: i64,
}

impl Lease {
    /// Waits until nobody leads and begins to; says once for whom it waits. With a `patience` it
    /// waits no longer than that.
    ///
    /// # Errors
    /// [`StoreError::Leased`] when patience ends, and what the server says.
    pub(super) async fn take(
        db: &Database,
        ttl: Millis,
        patience: Option<Millis>,
    ) -> Result<Self, StoreError> {
        let holder = ObjectId::new().to_hex();
        let waiting = Stopwatch::start();
        let mut observed: Option<(Seen, Stopwatch)> = None;
        loop {
            let before = Stopwatch::start();
            let seen = look(db).await?;
            let free = match (&seen, &observed) {
                (None | Some(Seen { holder: None, .. }), _) => true,
                (Some(seen), Some((known, since))) if seen == known => {
                    since.elapsed() >= grace(seen.ttl.max(ttl)).to_std()
                }
                (Some(_), _) => false,
            };
            if free && seize(db, seen.as_ref(), &holder, ttl).await? {
                let renewed = Mutex::new(Some(before));
                return Ok(Self { holder, ttl, renewed, closing: watch::Sender::new(false) });
            }
            if patience.is_some_and(|patience| waiting.elapsed() >= patience.to_std()) {
                return Err(StoreError::Leased);
            }
            if let Some(seen) = seen.filter(|seen| seen.holder.is_some())
                && observed.as_ref().is_none_or(|(known, _)| *known != seen)
            {
                if observed.as_ref().is_none_or(|(known, _)| known.holder != seen.holder) {
                    let process = seen.process;
                    tracing::warn!(process, "another process leads; this one waits for its end");
                }
                // Counted from before the look: what was seen was written before that.
                observed = Some((seen, before));
            }
            SystemClock.sleep(Millis::from_ms(ttl.ms() / LOOKS)).await;
        }
    }

    /// Whether the last renewal is younger than the time to live.
    pub(super) fn is_held(&self) -> bool {
        self.left() > Millis::ZERO
    }

    /// Whether another process has it, so that it never comes back.
    pub(super) fn is_gone(&self) -> bool {
        self.renewed().is_none()
    }

    /// How long it still lasts if it is not renewed.
    pub(super) fn left(&self) -> Millis {
        let elapsed = self.renewed().map(|since| since.elapsed().as_millis());
        let elapsed = elapsed.and_then(|elapsed| i64::try_from(elapsed).ok());
        elapsed.map_or(Millis::ZERO, |elapsed| {
            Millis::from_ms(self.ttl.ms().saturating_sub(elapsed).max(0))
        })
    }

    /// Ends the renewal, which gives the lease back.
    pub(super) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Renews until it is closed or gone. A lease that ran out and that nobody took comes back.
    pub(super) async fn keep(&self, db: &Database) {
        let mut closing = self.closing.subscribe();
        let pause = Millis::from_ms(self.ttl.ms() / RENEWALS);
        loop {
            tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => break,
                () = SystemClock.sleep(pause) => {}
            }
            let before = Stopwatch::start();
            let held = self.is_held();
            let renewal = tokio::select! {
                biased;
                renewal = self.renew(db) => Some(renewal),
                // A renewal that takes longer would count from too long ago.
                () = SystemClock.sleep(self.ttl) => None,
            };
            match renewal {
                Some(Ok(true)) => {
                    *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
                    if !held {
                        tracing::warn!("the lease is renewed again; nobody has taken it");
                    }
                }
                Some(Ok(false)) => {
                    *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    tracing::error!("another process has taken the lease");
                    return;
                }
                Some(Err(failure)) => {
                    tracing::warn!(why = ?failure, "the lease could not be renewed");
                }
                None => tracing::warn!("the lease could not be renewed in time"),
            }
        }
        self.give_back(db).await;
    }

    async fn renew(&self, db: &Database) -> Result<bool, Failure> {
        let mine = doc! {"_id": ID, "holder": &self.holder};
        let meta = db.collection::<Document>(META);
        Ok(meta.update_one(mine, doc! {"$inc": {"beat": 1_i64}}).await?.matched_count == 1)
    }

    /// When it cannot be told, whoever waits finds out by waiting.
    async fn give_back(&self, db: &Database) {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let mine = doc! {"_id": ID, "holder": &self.holder};
        let free = doc! {"$set": {"holder": Bson::Null}, "$inc": {"beat": 1_i64}};
        if let Err(error) = db.collection::<Document>(META).update_one(mine, free).await {
            tracing::warn!(why = ?Failure::from(error), "the lease could not be given back");
        }
    }

    fn renewed(&self) -> Option<Stopwatch> {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long an observer waits: longer than the leader lives.
const fn grace(ttl: Millis) -> Millis {
    Millis::from_ms(ttl.ms() + ttl.ms() / 4)
}

async fn look(db: &Database) -> Result<Option<Seen>, Failure> {
    let found = db.collection::<RawDocumentBuf>(META).find_one(doc! {"_id": ID}).await?;
    found
        .map(|found| {
            let row = Row::new(META, &found);
            Ok(Seen {
                holder: row.maybe("holder", Row::text)?.map(str::to_owned),
                beat: row.int("beat")?,
                ttl: Millis::from_ms(row.int("ttl_ms")?),
                process: row.int("process")?,
            })
        })
        .transpose()
}

/// Takes the lease from exactly what was seen; answers whether nobody was faster.
async fn seize(
    db: &Database,
    seen: Option<&Seen>,
    holder: &str,
    ttl: Millis,
) -> Result<bool, Failure> {
    let meta = db.collection::<Document>(META);
    let process = i64::from(std::process::id());
    let mine = doc! {"holder": holder, "ttl_ms": ttl.ms(), "process": process};
    let Some(seen) = seen else {
        let mut first = doc! {"_id": ID, "beat": 1_i64};
        first.extend(mine);
        return match meta.insert_one(first).await.map_err(Failure::from) {
            Ok(_) => Ok(true),
            Err(Failure::Contradiction(_)) => Ok(false),
            Err(failure) => Err(failure),
        };
    };
    let exactly = doc! {"_id": ID, "holder": seen.holder.clone(), "beat": seen.beat};
    let change = doc! {"$set": mine, "$inc": {"beat": 1_i64}};
    Ok(meta.update_one(exactly, change).await?.matched_count == 1)
}
