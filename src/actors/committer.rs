//! Committer: collects what was decided, writes it in batches, and lets answers out when durable.
//!
//! While one batch is written the next fills and is encoded, so throughput grows with load. The core's
//! thread only puts decisions into the buffer; taking them out, encoding, hashing, the store and the
//! answers happen elsewhere (DESIGN.md, section 4). An answer without facts (a refusal, a repeat, a price)
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
use crate::domain::time::{Millis, Timestamp};
use crate::placement::SharedPlacement;
use crate::store::batch::{Batch, BatchEntry, Record};
use crate::store::entries::Entries;
use crate::store::{CommitError, Head, SharedStore};
use futures_util::poll;
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use tokio::sync::Notify;

/// Decisions that come in before the writer is woken to encode them: waking costs as much as a few.
const MUCH: usize = 128;
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
    /// The number of the decision in the trace, when it is there.
    pub(super) seq: Option<u64>,
}

impl Submit {
    /// An answer that only waits for what was decided before it.
    pub(super) const fn answer(ticket: Ticket, answer: CoreAnswer) -> Self {
        Self { ticket, entry: None, task: None, answer, seq: None }
    }

    /// Records that no machine decides about.
    pub(super) const fn records(ticket: Ticket, task: Arc<Task>) -> Self {
        Self { ticket, entry: None, task: Some(task), answer: Ok(Outcome::Done), seq: None }
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
    /// Woken when much has come in, so that it is encoded before the batch is closed.
    much: Notify,
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
    /// The numbers of the batch's decisions in the trace.
    decisions: Vec<Option<u64>>,
    answers: Vec<(Ticket, CoreAnswer)>,
}

/// A batch that grows until the one before it is durable.
#[derive(Default)]
struct Growing {
    /// Taken from the buffer, and not yet in the batch.
    backlog: VecDeque<Submit>,
    /// Answers with no fact before them in this batch: they wait for the one before only.
    early: Vec<(Ticket, CoreAnswer)>,
    entries: Entries,
    /// The numbers of its decisions in the trace.
    decisions: Vec<Option<u64>>,
    records: Vec<Record>,
    /// The requests that want to write.
    tickets: Vec<Ticket>,
    answers: Vec<(Ticket, CoreAnswer)>,
}

/// A batch that grows no more.
struct Closed {
    batch: Arc<Batch>,
    /// The requests that write in it.
    tickets: Vec<Ticket>,
    /// The numbers of its decisions in the trace.
    decisions: Vec<Option<u64>>,
    answers: Vec<(Ticket, CoreAnswer)>,
}

impl Committer {
    /// A Committer that goes on from `head`.
    pub(super) fn new(head: Head, batch_max: usize, desk: Desk) -> Self {
        let pen = Some(Pen { head, _watch: desk.life.watch("committer") });
        let filling = Mutex::new(Filling { submits: Vec::new(), pen });
        let (much, batch_max) = (Notify::new(), batch_max.max(1));
        Self(Arc::new(Line { filling, much, batch_max, desk }))
    }

    /// Takes a decision into the next batch, in the order of calls. What comes after the end of the
    /// generation is not written; its request stays in the intake.
    pub(super) fn submit(&self, submit: Submit) {
        let mut filling = self.0.lock();
        filling.submits.push(submit);
        let is_much = filling.submits.len() == MUCH;
        let pen = filling.pen.take();
        drop(filling);
        if is_much {
            self.0.much.notify_one();
        }
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
        let mut growing = Growing::default();
        let mut durable = Durable::default();
        while self.desk.life.is_alive() {
            self.gather(&mut growing);
            durable.answers.append(&mut growing.early);
            if growing.tickets.is_empty() {
                if !durable.is_empty() {
                    self.desk.announce(pen.head.epoch, std::mem::take(&mut durable));
                } else if let Some(back) = self.rest(pen) {
                    pen = back;
                } else {
                    return;
                }
                continue;
            }
            let desk = &self.desk;
            let alone = if let [ticket] = growing.tickets[..] { Some(ticket) } else { None };
            if !desk.life.run("committer", alone, || desk.probe.at(Point::Commit, "batch")) {
                break;
            }
            let (follows, at) = (pen.head.clone(), desk.clock.now());
            let Closed { batch, tickets, decisions, answers } = growing.close(follows, at);
            match self.commit(&batch, &mut growing, std::mem::take(&mut durable)).await {
                Ok(head) => {
                    durable = Durable { facts: Some((head.seq, batch)), decisions, answers };
                    pen.head = head;
                }
                Err(error) => return desk.life.fail(failure(error, tickets)),
            }
        }
        self.desk.announce(pen.head.epoch, durable);
    }

    /// Writes a batch; meanwhile shows what is durable, then lets the next batch grow.
    async fn commit(
        &self,
        batch: &Arc<Batch>,
        growing: &mut Growing,
        durable: Durable,
    ) -> Result<Head, CommitError> {
        let mut commit = pin!(self.desk.commit(batch));
        // Polled once before anything else, so that the store has its work.
        if let Poll::Ready(fate) = poll!(commit.as_mut()) {
            self.desk.announce(batch.follows.epoch, durable);
            return fate;
        }
        self.desk.announce(batch.follows.epoch, durable);
        loop {
            tokio::select! {
                biased;
                fate = &mut commit => return fate,
                () = self.much.notified() => self.gather(growing),
            }
        }
    }

    /// Takes what has come in, and lets the batch grow by as much as goes into one.
    fn gather(&self, growing: &mut Growing) {
        let filled = std::mem::take(&mut self.lock().submits);
        growing.backlog.extend(filled);
        growing.grow(self.batch_max);
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

    fn lock(&self) -> MutexGuard<'_, Filling> {
        // Nothing panics while it is held; if it did, the buffer is still whole.
        self.filling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Growing {
    /// Moves decisions from the backlog into the batch, at most so many of them with something to
    /// write.
    fn grow(&mut self, writes_max: usize) {
        let fits = |submit: &mut Submit, writes: usize| writes < writes_max || !submit.writes();
        while let Some(submit) = self.backlog.pop_front_if(|next| fits(next, self.tickets.len())) {
            if submit.writes() {
                self.tickets.push(submit.ticket);
            }
            self.records.extend_from_slice(submit.carries());
            if let Some(entry) = submit.entry {
                self.entries.push(entry);
                self.decisions.push(submit.seq);
            }
            let before = if self.tickets.is_empty() { &mut self.early } else { &mut self.answers };
            before.push((submit.ticket, submit.answer));
        }
    }

    /// Closes the batch; what is left grows on.
    fn close(&mut self, follows: Head, at: Timestamp) -> Closed {
        let backlog = std::mem::take(&mut self.backlog);
        let Self { entries, decisions, records, tickets, answers, .. } =
            std::mem::replace(self, Self { backlog, ..Self::default() });
        let batch = Arc::new(Batch { follows, at, entries, records });
        Closed { batch, tickets, decisions, answers }
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
            let events = batch.entries.iter().flat_map(|entry| &entry.events);
            self.views.publish(*seq, events, || self.clock.now(), &durable.decisions);
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
