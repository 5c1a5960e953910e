//! Committer: collects what was decided, writes it in batches, and lets answers out when durable.
//!
//! While one batch is written the next fills, so throughput grows with load. The core's thread only
//! puts decisions into the buffer; taking them out, encoding, hashing, the store and the answers
//! happen elsewhere (DESIGN.md, section 4). An answer without facts (a refusal, a repeat, a price)
//! travels in the same queue and leaves when everything decided before it is durable (law 1).
//!
//! It has no mailbox. An actix actor takes all its messages in one go, so a word that a batch is
//! durable would wait behind thousands of requests while the store has nothing to do
//! (docs/decisions/0009-committer-buffer.md).

use super::intake::{CallError, CoreAnswer, Intake, Task, Ticket, Waiting};
use super::ledger::records_of;
use super::life::{DeathWatch, Failure, Life};
use super::probe::{Point, Probe};
use super::views::ViewHandle;
use crate::clock::SharedClock;
use crate::domain::outcome::Outcome;
use crate::domain::time::Millis;
use crate::placement::SharedPlacement;
use crate::store::batch::{Batch, BatchEntry, Record};
use crate::store::{CommitError, Head, SharedStore};
use futures_util::future::join;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shortest pause before a batch is tried again that the store could not take.
const RETRY_MIN: Millis = Millis::from_ms(20);
/// Longest pause before a batch is tried again.
const RETRY_MAX: Millis = Millis::from_secs(5);

/// A decision and its answer.
pub(super) struct Submit {
    pub(super) ticket: Ticket,
    pub(super) entry: Option<BatchEntry>,
    /// Carries the records that belong to the entry.
    pub(super) task: Option<Arc<Task>>,
    pub(super) answer: CoreAnswer,
}

impl Submit {
    /// An answer that only waits for what was decided before it.
    pub(super) const fn answer(ticket: Ticket, answer: CoreAnswer) -> Self {
        Self { ticket, entry: None, task: None, answer }
    }

    /// Records that no machine decides about.
    pub(super) const fn records(ticket: Ticket, task: Arc<Task>) -> Self {
        Self { ticket, entry: None, task: Some(task), answer: Ok(Outcome::Done) }
    }

    /// Records that travel beside the entry.
    fn carries(&self) -> &[Record] {
        self.task.as_deref().map_or(&[], records_of)
    }

    /// Whether the store has to write something for it.
    fn writes(&self) -> bool {
        self.entry.is_some() || !self.carries().is_empty()
    }
}

/// The way to the Committer for records that no machine decides about.
#[derive(Clone)]
pub struct CommitterHandle {
    intake: Arc<Intake>,
}

impl CommitterHandle {
    pub(super) const fn new(intake: Arc<Intake>) -> Self {
        Self { intake }
    }

    /// Writes records: dialogs, profiles, inbox, dead letters.
    ///
    /// # Errors
    /// [`CallError`]: nothing was written.
    pub async fn save(&self, records: Vec<Record>) -> Result<Waiting, CallError> {
        self.intake.submit(Task::Records(records)).await
    }
}

/// The Committer of one generation, shared by the actors that decide and the task that writes.
#[derive(Clone)]
pub(super) struct Committer(Arc<Line>);

struct Line {
    filling: Mutex<Filling>,
    /// Decisions with something to write; answers alone take no room in a batch.
    batch_max: usize,
    desk: Desk,
}

/// What nobody has begun to write. Bounded by the permits.
struct Filling {
    submits: Vec<Submit>,
    /// Lies here while nobody writes.
    pen: Option<Pen>,
}

/// The right to write, of which there is one. A writer that panics loses it, and that is the
/// Committer's death.
struct Pen {
    head: Head,
    _watch: DeathWatch,
}

/// What a batch needs on its way.
pub(super) struct Desk {
    pub(super) store: SharedStore,
    pub(super) intake: Arc<Intake>,
    pub(super) views: ViewHandle,
    pub(super) clock: SharedClock,
    pub(super) placement: SharedPlacement,
    pub(super) probe: Probe,
    pub(super) life: Life,
}

/// What may be shown: everything decided before it is durable.
#[derive(Default)]
struct Durable {
    facts: Option<(u64, Arc<Batch>)>,
    answers: Vec<(Ticket, CoreAnswer)>,
}

/// A batch on its way to the store.
struct Closed {
    batch: Arc<Batch>,
    /// The requests that wanted to write.
    tickets: Vec<Ticket>,
    answers: Vec<(Ticket, CoreAnswer)>,
}

impl Committer {
    /// A Committer that goes on from `head`.
    pub(super) fn new(head: Head, batch_max: usize, desk: Desk) -> Self {
        let pen = Some(Pen { head, _watch: desk.life.watch("committer") });
        let filling = Mutex::new(Filling { submits: Vec::new(), pen });
        Self(Arc::new(Line { filling, batch_max: batch_max.max(1), desk }))
    }

    /// Takes a decision into the next batch, in the order of calls. What comes after the end of the
    /// generation is not written; its request stays in the intake.
    pub(super) fn submit(&self, submit: Submit) {
        let mut filling = self.0.lock();
        filling.submits.push(submit);
        let pen = filling.pen.take();
        drop(filling);
        if let Some(pen) = pen {
            let line = self.0.clone();
            self.0.desk.placement.in_background(Box::pin(async move { line.write(pen).await }));
        }
    }
}

impl Line {
    /// Writes batch after batch until nothing is left or the generation ends. What a batch made
    /// durable is shown while the next is written, so that the store is never idle for its sake.
    async fn write(&self, mut pen: Pen) {
        let mut backlog = VecDeque::new();
        let mut spare = Vec::new();
        let mut durable = Durable::default();
        while self.desk.life.is_alive() {
            std::mem::swap(&mut self.lock().submits, &mut spare);
            backlog.extend(spare.drain(..));
            while let Some(submit) = backlog.pop_front_if(|submit| !submit.writes()) {
                durable.answers.push((submit.ticket, submit.answer));
            }
            if backlog.is_empty() {
                if !durable.is_empty() {
                    self.desk.announce(pen.head.epoch, std::mem::take(&mut durable));
                } else if let Some(back) = self.rest(pen) {
                    pen = back;
                } else {
                    return;
                }
                continue;
            }
            let Some(closed) = self.close_batch(&mut backlog, &pen.head) else { break };
            // Polled in this order: first the store gets its work, then answers go out.
            let commit = self.desk.commit(&closed.batch);
            let epoch = pen.head.epoch;
            let announce = async { self.desk.announce(epoch, std::mem::take(&mut durable)) };
            match join(commit, announce).await.0 {
                Ok(head) => {
                    let facts = Some((head.seq, closed.batch));
                    durable = Durable { facts, answers: closed.answers };
                    pen.head = head;
                }
                Err(error) => return self.desk.life.fail(failure(error, closed.tickets)),
            }
        }
        self.desk.announce(pen.head.epoch, durable);
    }

    /// Lays the pen down, unless something has come in.
    fn rest(&self, pen: Pen) -> Option<Pen> {
        let mut filling = self.lock();
        if !filling.submits.is_empty() {
            return Some(pen);
        }
        filling.pen = Some(pen);
        None
    }

    /// Takes as much as goes into one batch; nothing when that ends the generation.
    fn close_batch(&self, backlog: &mut VecDeque<Submit>, head: &Head) -> Option<Closed> {
        let desk = &self.desk;
        let writes = backlog.iter().enumerate().filter(|(_, submit)| submit.writes());
        let end = writes.map(|(place, _)| place).nth(self.batch_max).unwrap_or(backlog.len());
        let alone = backlog.front().filter(|_| end == 1).map(|submit| submit.ticket);
        if !desk.life.run("committer", alone, || desk.probe.at(Point::Commit, "batch")) {
            return None;
        }
        let mut answers = Vec::with_capacity(end);
        let mut tickets = Vec::new();
        let (follows, at) = (head.clone(), desk.clock.now());
        let mut batch = Batch { follows, at, entries: Vec::new(), records: Vec::new() };
        for submit in backlog.drain(..end) {
            if submit.writes() {
                tickets.push(submit.ticket);
            }
            batch.records.extend_from_slice(submit.carries());
            batch.entries.extend(submit.entry);
            answers.push((submit.ticket, submit.answer));
        }
        Some(Closed { batch: Arc::new(batch), tickets, answers })
    }

    fn lock(&self) -> MutexGuard<'_, Filling> {
        // Nothing panics while it is held; if it did, the buffer is still whole.
        self.filling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durable {
    fn is_empty(&self) -> bool {
        self.facts.is_none() && self.answers.is_empty()
    }
}

impl Desk {
    /// Shows the world what is durable.
    fn announce(&self, epoch: u64, durable: Durable) {
        if durable.is_empty() {
            return;
        }
        if let Some((seq, batch)) = &durable.facts {
            self.views.publish(*seq, batch.entries.iter().flat_map(|entry| &entry.events));
        }
        self.intake.answer(epoch, durable.answers);
    }

    /// Writes a batch, trying again while the store only asks for patience.
    async fn commit(&self, batch: &Arc<Batch>) -> Result<Head, CommitError> {
        let mut pause = RETRY_MIN;
        loop {
            match self.store.commit(batch.clone()).await {
                Ok(head) => return Ok(head),
                Err(CommitError::Transient(reason)) if self.life.is_alive() => {
                    tracing::warn!(reason, pause_ms = pause.ms(), "a batch waits for the store");
                    self.clock.sleep(pause).await;
                    pause = Millis::from_ms((pause.ms() * 2).min(RETRY_MAX.ms()));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// What it means for the generation that a batch was not acknowledged.
fn failure(error: CommitError, tickets: Vec<Ticket>) -> Failure {
    match error {
        CommitError::Definite(reason) => Failure::Refused { tickets, reason },
        CommitError::Fenced { found } => Failure::Fenced { epoch: found },
        CommitError::Unknown(reason) | CommitError::Transient(reason) => {
            Failure::UnknownFate { reason }
        }
    }
}
