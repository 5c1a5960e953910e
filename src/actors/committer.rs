//! Committer: collects what was decided, writes it in batches, and lets answers out when durable.
//!
//! While one batch is written the next fills, so throughput grows with load. Here, on the core's
//! thread, buffers are only swapped; encoding, hashing, the store and the answers happen elsewhere
//! (DESIGN.md, section 4). An answer without facts (a refusal, a repeat, a price) travels in the same
//! queue and leaves when everything decided before it is durable (law 1).

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
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Shortest pause before a batch is tried again that the store could not take.
const RETRY_MIN: Millis = Millis::from_ms(20);
/// Longest pause before a batch is tried again.
const RETRY_MAX: Millis = Millis::from_secs(5);

/// A decision and its answer.
#[derive(actix::Message)]
#[rtype(result = "()")]
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

/// For the first batch of a generation: nothing left before it.
pub(super) fn nothing_before() -> oneshot::Receiver<()> {
    let (announce, announced) = oneshot::channel();
    let _ = announce.send(());
    announced
}

/// A batch is durable.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Written {
    head: Head,
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

/// The actor of one generation.
pub(super) struct Committer {
    pub(super) head: Head,
    pub(super) filling: Vec<Submit>,
    pub(super) writing: bool,
    /// Completes when what left before is announced: the next batch is written meanwhile.
    pub(super) announced: oneshot::Receiver<()>,
    /// Decisions with something to write; answers alone take no room in a batch.
    pub(super) batch_max: usize,
    pub(super) desk: Desk,
    pub(super) _watch: DeathWatch,
}

/// What a batch needs on its way, wherever it is written.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) store: SharedStore,
    pub(super) intake: Arc<Intake>,
    pub(super) views: ViewHandle,
    pub(super) clock: SharedClock,
    pub(super) placement: SharedPlacement,
    pub(super) probe: Probe,
    pub(super) life: Life,
}

impl Actor for Committer {
    type Context = Context<Self>;
}

impl Handler<Submit> for Committer {
    type Result = ();

    fn handle(&mut self, submit: Submit, ctx: &mut Self::Context) {
        let life = self.desk.life.clone();
        let ticket = submit.ticket;
        let survived = life.run("committer", Some(ticket), || {
            self.filling.push(submit);
            if !self.writing {
                self.close_batch(&ctx.address());
            }
        });
        if !survived {
            ctx.stop();
        }
    }
}

impl Handler<Written> for Committer {
    type Result = ();

    fn handle(&mut self, written: Written, ctx: &mut Self::Context) {
        let life = self.desk.life.clone();
        let survived = life.run("committer", None, || {
            self.head = written.head;
            self.writing = false;
            if !self.filling.is_empty() {
                self.close_batch(&ctx.address());
            }
        });
        if !survived {
            ctx.stop();
        }
    }
}

impl Committer {
    /// Swaps the buffer out and sends it to be written.
    fn close_batch(&mut self, me: &Addr<Self>) {
        self.desk.probe.at(Point::Commit, "batch");
        let rest = self.filling.split_off(self.batch_end());
        let submits = std::mem::replace(&mut self.filling, rest);
        self.writing = true;
        let (announce, announced) = oneshot::channel();
        let turn = Turn { before: std::mem::replace(&mut self.announced, announced), announce };
        let (follows, at) = (self.head.clone(), self.desk.clock.now());
        let (desk, me) = (self.desk.clone(), me.clone());
        let work = async move { desk.write(submits, follows, at, me, turn).await };
        self.desk.placement.in_background(Box::pin(work));
    }

    /// How much of what is filling goes into one batch.
    fn batch_end(&self) -> usize {
        let written = self.filling.iter().enumerate().filter(|(_, submit)| submit.writes());
        written.map(|(place, _)| place).nth(self.batch_max).unwrap_or(self.filling.len())
    }
}

/// A batch's place in the line of announcements: views and answers change in the order of batches.
struct Turn {
    before: oneshot::Receiver<()>,
    announce: oneshot::Sender<()>,
}

impl Desk {
    /// Builds the batch, writes it, publishes what it changed, lets the answers out.
    async fn write(
        self,
        submits: Vec<Submit>,
        follows: Head,
        at: crate::domain::time::Timestamp,
        committer: Addr<Committer>,
        turn: Turn,
    ) {
        let mut answers = Vec::with_capacity(submits.len());
        let (mut tickets, mut decisions) = (Vec::new(), Vec::new());
        let mut batch = Batch { follows, at, entries: Vec::new(), records: Vec::new() };
        for submit in submits {
            if submit.writes() {
                tickets.push(submit.ticket);
            }
            if submit.entry.is_some() {
                decisions.push(submit.seq);
            }
            batch.records.extend_from_slice(submit.carries());
            batch.entries.extend(submit.entry);
            answers.push((submit.ticket, submit.answer));
        }
        let batch = Arc::new(batch);
        let head = if tickets.is_empty() {
            // Only answers: everything decided before them is durable already.
            Ok(batch.follows.clone())
        } else {
            self.commit(&batch).await
        };
        match head {
            Ok(head) => {
                let seq = head.seq;
                // First of all, so that the store is never idle while answers go out. A committer
                // that is gone belongs to a generation that is ending.
                let _ = committer.try_send(Written { head });
                self.announce(seq, &batch, &decisions, answers, turn).await;
            }
            Err(CommitError::Definite(reason)) => {
                self.life.fail(Failure::Refused { tickets, reason });
            }
            Err(CommitError::Fenced { found }) => {
                self.life.fail(Failure::Fenced { epoch: found });
            }
            Err(CommitError::Unknown(reason) | CommitError::Transient(reason)) => {
                self.life.fail(Failure::UnknownFate { reason });
            }
        }
    }

    /// Shows the world what is durable, after everything that became durable before.
    async fn announce(
        &self,
        seq: u64,
        batch: &Batch,
        decisions: &[Option<u64>],
        answers: Vec<(Ticket, CoreAnswer)>,
        turn: Turn,
    ) {
        if turn.before.await.is_err() {
            // Whoever was to announce before has died with it; the next generation loads it all.
            self.life.fail(Failure::Died { actor: "committer" });
            return;
        }
        let events = batch.entries.iter().flat_map(|entry| &entry.events);
        self.views.publish(seq, events, || self.clock.now(), decisions);
        self.intake.answer(batch.follows.epoch, answers);
        // Nobody comes after the last batch of a generation.
        let _ = turn.announce.send(());
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
