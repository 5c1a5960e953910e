//! The intake: every request that has no answer yet, and the way to the present core.
//!
//! A request is entered here before an actor sees it and leaves when its answer is durable. When the
//! core dies, its successor finds here what was in hand and decides it again: what had become durable
//! is answered from the memory of command ids, the rest is decided anew. So an actor may die at any
//! point and nobody is left without an answer, and nothing happens twice (DESIGN.md, section 4).

use super::lag::Lag;
use super::ledger::LedgerActor;
use super::permits::{Permit, Permits};
use super::stock::StockActor;
use super::{committer::Committer, committer::Submit, ledger, stock};
use crate::clock::SharedClock;
use crate::domain::command::{Caller, Command, CommandKey};
use crate::domain::id::{CommandId, QuoteId, TenantId, UserId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::order::Quote;
use crate::domain::outcome::Outcome;
use crate::domain::rejection::Rejection;
use crate::domain::stock::{Ask, StockCommand};
use crate::domain::time::Millis;
use crate::store::batch::Record;
use actix::Addr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot, watch};

/// What the core answers.
pub type CoreAnswer = Result<Outcome, Rejection>;

/// Why a request was not taken. Nothing was decided, nothing was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The pipeline is full.
    #[error("busy, nothing was charged")]
    Busy,
    /// The core is being restarted, or the fleet is stopping.
    #[error("not available now, nothing was charged")]
    Unavailable,
}

/// An answer on its way. Dropping it does not take the request back.
#[derive(Debug)]
pub struct Waiting {
    answer: oneshot::Receiver<CoreAnswer>,
    /// What has come and is still on its way to whoever waits.
    come: Option<Result<CoreAnswer, CallError>>,
    lag: Lag,
}

impl Waiting {
    const fn of(answer: oneshot::Receiver<CoreAnswer>, lag: Lag) -> Self {
        Self { answer, come: None, lag }
    }

    /// Waits for the durable answer. Whoever stops waiting may begin again.
    ///
    /// # Errors
    /// [`CallError::Unavailable`] when the fleet stops first; the request may have been recorded.
    pub async fn answer(&mut self) -> Result<CoreAnswer, CallError> {
        if self.come.is_none() {
            let answer = (&mut self.answer).await.map_err(|_| CallError::Unavailable);
            self.come = Some(answer);
        }
        self.lag.pass().await;
        self.come.take().unwrap_or(Err(CallError::Unavailable))
    }
}

/// Work for the core.
#[derive(Debug)]
pub(super) enum Task {
    /// For StockActor.
    Stock { command: Command<StockCommand>, records: Vec<Record> },
    /// For LedgerActor.
    Ledger { command: Command<LedgerCommand>, records: Vec<Record> },
    /// For StockActor, then LedgerActor: a price.
    Quote { id: CommandId, ask: Ask },
    /// For StockActor, then LedgerActor: a purchase.
    Place { quote: QuoteId, tenant: TenantId, user: UserId },
    /// For the Committer alone: records that no machine decides about.
    Records(Vec<Record>),
}

/// A request's number: its place in the queue and its name between actors.
pub(super) type Ticket = u64;

/// A request without an answer.
#[derive(Debug)]
struct Pending {
    task: Arc<Task>,
    reply: oneshot::Sender<CoreAnswer>,
    /// Given back when the answer is out.
    _permit: Option<Permit>,
    /// Core deaths with this request in hand.
    deaths: u32,
    /// The quote it redeemed, so that deciding it again finds the promise.
    quote: Option<Arc<Quote>>,
}

/// The way to the actors of the present core.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) stock: Addr<StockActor>,
    pub(super) ledger: Addr<LedgerActor>,
    pub(super) committer: Committer,
}

#[derive(Default)]
struct State {
    next: Ticket,
    pending: BTreeMap<Ticket, Pending>,
    route: Option<Route>,
    quarantined: BTreeSet<CommandKey>,
    /// No new requests: the fleet stops.
    shut: bool,
    /// The generation whose answers count.
    epoch: u64,
}

/// Shared by all handles and by the core's leader.
pub(super) struct Intake {
    permits: Permits,
    clock: SharedClock,
    /// How long a caller waits for a core that is being restarted.
    patience: Millis,
    lag: Lag,
    state: Mutex<State>,
    open: watch::Sender<bool>,
    /// Woken whenever answers go out.
    answered: Notify,
}

impl Intake {
    pub(super) fn new(
        permits: Permits,
        clock: SharedClock,
        patience: Millis,
        lag: Lag,
    ) -> Arc<Self> {
        let (open, _) = watch::channel(false);
        Arc::new(Self {
            permits,
            clock,
            patience,
            lag,
            state: Mutex::default(),
            open,
            answered: Notify::new(),
        })
    }

    /// Enters a request and sends it on its way.
    pub(super) async fn submit(&self, task: Task) -> Result<Waiting, CallError> {
        self.lag.pass().await;
        let permit = self.permits.take(weight(&task)).ok_or(CallError::Busy)?;
        self.wait_until_open().await?;
        let (reply, answer) = oneshot::channel();
        let mut state = self.lock();
        // Hardly ever is anything set aside, and a key costs more than to know that.
        if !state.quarantined.is_empty()
            && task.key().is_some_and(|key| state.quarantined.contains(&key))
        {
            let _ = reply.send(Err(Rejection::Quarantined));
            return Ok(Waiting::of(answer, self.lag.clone()));
        }
        let route = if state.shut { None } else { state.route.clone() };
        let Some(route) = route else { return Err(CallError::Unavailable) };
        let ticket = state.next;
        state.next += 1;
        let task = Arc::new(task);
        let pending =
            Pending { task: task.clone(), reply, _permit: Some(permit), deaths: 0, quote: None };
        state.pending.insert(ticket, pending);
        // Sent under the lock: tickets reach the mailbox in their order.
        route.send(ticket, task);
        Ok(Waiting::of(answer, self.lag.clone()))
    }

    async fn wait_until_open(&self) -> Result<(), CallError> {
        if *self.open.borrow() {
            return Ok(());
        }
        let mut open = self.open.subscribe();
        tokio::select! {
            biased;
            opened = open.wait_for(|open| *open) => {
                opened.map(|_| ()).map_err(|_| CallError::Unavailable)
            }
            () = self.clock.sleep(self.patience) => Err(CallError::Unavailable),
        }
    }

    /// Gives durable answers out.
    ///
    /// Those of a generation that has ended are dropped: its successor decides the same requests
    /// again, and a refusal of then may be a sale of now.
    pub(super) fn answer(&self, epoch: u64, answers: Vec<(Ticket, CoreAnswer)>) {
        let replies: Vec<_> = {
            let mut state = self.lock();
            if state.epoch != epoch {
                return;
            }
            answers
                .into_iter()
                .filter_map(|(ticket, answer)| Some((state.pending.remove(&ticket)?, answer)))
                .collect()
        };
        for (pending, answer) in replies {
            // A caller who no longer waits will ask again by the same id.
            let _ = pending.reply.send(answer);
        }
        self.answered.notify_waiters();
    }

    /// Completes when a request has its answer.
    pub(super) async fn settled(&self, ticket: Ticket) {
        loop {
            let mut woken = std::pin::pin!(self.answered.notified());
            woken.as_mut().enable();
            if !self.lock().pending.contains_key(&ticket) {
                return;
            }
            woken.await;
        }
    }

    /// Completes when no request waits for an answer.
    pub(super) async fn idle(&self) {
        loop {
            let mut woken = std::pin::pin!(self.answered.notified());
            woken.as_mut().enable();
            if self.lock().pending.is_empty() {
                return;
            }
            woken.await;
        }
    }

    /// Notes the promise that a request redeems.
    pub(super) fn note_quote(&self, ticket: Ticket, quote: Arc<Quote>) {
        if let Some(pending) = self.lock().pending.get_mut(&ticket) {
            pending.quote = Some(quote);
        }
    }

    /// Closes the way: no request reaches an actor until [`Intake::open`].
    pub(super) fn close(&self) {
        self.lock().route = None;
        self.open.send_replace(false);
    }

    /// From now on only the answers of this generation count.
    pub(super) fn begin(&self, epoch: u64) {
        self.lock().epoch = epoch;
    }

    /// Takes no new requests but lets the present ones finish.
    pub(super) fn shut(&self) {
        self.lock().shut = true;
    }

    /// Gives up: whoever waits learns that the fleet stops.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.shut = true;
        state.route = None;
        state.pending.clear();
        drop(state);
        self.open.send_replace(true);
        self.answered.notify_waiters();
    }

    /// Enters a request of the leader itself while the way is closed. It takes no permit: there is
    /// at most one for each request that was refused.
    pub(super) fn enter(&self, task: Task) {
        let (reply, _) = oneshot::channel();
        let mut state = self.lock();
        let ticket = state.next;
        state.next += 1;
        let task = Arc::new(task);
        let pending = Pending { task, reply, _permit: None, deaths: 0, quote: None };
        state.pending.insert(ticket, pending);
    }

    /// Requests without an answer, in their order, with the promises they redeemed.
    pub(super) fn in_hand(&self) -> Vec<(Ticket, Arc<Task>, Option<Arc<Quote>>)> {
        let state = self.lock();
        let row = |(ticket, pending): (&Ticket, &Pending)| {
            (*ticket, pending.task.clone(), pending.quote.clone())
        };
        state.pending.iter().map(row).collect()
    }

    /// Opens the way and sends everything on it that waits.
    pub(super) fn open(&self, route: Route) {
        let mut state = self.lock();
        for (ticket, pending) in &state.pending {
            route.send(*ticket, pending.task.clone());
        }
        state.route = Some(route);
        drop(state);
        self.open.send_replace(true);
    }

    /// Notes that the core died with this request in hand; answers how often that happened.
    pub(super) fn note_death(&self, ticket: Ticket) -> u32 {
        let mut state = self.lock();
        let Some(pending) = state.pending.get_mut(&ticket) else { return 0 };
        pending.deaths += 1;
        pending.deaths
    }

    /// Refuses a request for good and returns what it was.
    pub(super) fn refuse(&self, ticket: Ticket, rejection: Rejection) -> Option<Arc<Task>> {
        let pending = self.lock().pending.remove(&ticket)?;
        let _ = pending.reply.send(Err(rejection));
        Some(pending.task)
    }

    /// Commands that are refused before they reach an actor.
    pub(super) fn quarantine(&self, keys: impl IntoIterator<Item = CommandKey>) {
        self.lock().quarantined.extend(keys);
    }

    /// What a request asks for, while it has no answer.
    pub(super) fn task(&self, ticket: Ticket) -> Option<Arc<Task>> {
        self.lock().pending.get(&ticket).map(|pending| pending.task.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; if it did, the table is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Route {
    /// Sends a request to the actor that begins it. A full or dead mailbox keeps nothing from being
    /// answered: the request stays pending and the next core takes it up.
    pub(super) fn send(&self, ticket: Ticket, task: Arc<Task>) {
        let sent = match *task {
            Task::Stock { .. } | Task::Quote { .. } | Task::Place { .. } => {
                self.stock.try_send(stock::Begin { ticket, task }).is_ok()
            }
            Task::Ledger { .. } => self.ledger.try_send(ledger::Begin { ticket, task }).is_ok(),
            Task::Records(_) => {
                self.committer.submit(Submit::records(ticket, task));
                true
            }
        };
        if !sent {
            tracing::debug!(ticket, "the core is going down; the request waits for the next one");
        }
    }
}

impl Task {
    /// What makes the task the same as another, when a machine decides it.
    pub(super) fn key(&self) -> Option<CommandKey> {
        match self {
            Self::Stock { command, .. } => Some(command.key()),
            Self::Ledger { command, .. } => Some(command.key()),
            Self::Place { quote, tenant, user } => Some(place_key(quote, tenant, *user)),
            Self::Quote { .. } | Self::Records(_) => None,
        }
    }

    /// What it is, in a word, for lists of set-aside commands.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Stock { .. } => "stock",
            Self::Ledger { command, .. } => command.body.word(),
            Self::Quote { .. } => "issue_quote",
            Self::Place { .. } => "place_order",
            Self::Records(_) => "records",
        }
    }
}

/// A purchase is named by its quote: tapping twice is the same command.
pub(super) fn place_key(quote: &QuoteId, tenant: &TenantId, user: UserId) -> CommandKey {
    CommandKey { tenant: tenant.clone(), caller: Caller::User(user), id: place_id(quote) }
}

/// The command id of a purchase.
///
/// # Panics
/// Never: a quote's text form is a valid command id.
pub(super) fn place_id(quote: &QuoteId) -> CommandId {
    quote.to_string().parse().expect("a quote id is short printable ASCII")
}

/// About how many bytes a request adds to a batch.
fn weight(task: &Task) -> usize {
    const COMMAND: usize = 1024;
    let records = match task {
        Task::Stock { records, .. } | Task::Ledger { records, .. } | Task::Records(records) => {
            records.iter().map(record_weight).sum()
        }
        Task::Quote { .. } | Task::Place { .. } => 0,
    };
    COMMAND + records
}

fn record_weight(record: &Record) -> usize {
    const PLAIN: usize = 128;
    PLAIN
        + match record {
            Record::Goods { sealed, .. } | Record::Token { sealed, .. } => sealed.text().len(),
            Record::Dialog(dialog) => dialog.state.len(),
            Record::InboxPut(inbox) => inbox.sealed.text().len(),
            Record::DeadLetter { reason, .. } => reason.len(),
            Record::Profile(_) | Record::InboxDone { .. } => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;
    use crate::domain::time::Timestamp;

    /// A core that has died may still finish a batch. Its successor decides the same requests again,
    /// so what the dead one says late must reach nobody.
    #[tokio::test(start_paused = true)]
    async fn late_answers_of_a_dead_generation_are_dropped() {
        let clock = Arc::new(VirtualClock::starting_at(Timestamp::EPOCH));
        let intake = Intake::new(Permits::new(8, 8192), clock, Millis::from_secs(1), Lag::none());
        intake.begin(1);
        intake.enter(Task::Records(Vec::new()));
        let waiting = || intake.in_hand().into_iter().map(|(ticket, ..)| ticket).collect();
        let tickets: Vec<Ticket> = waiting();
        let answers = || tickets.iter().map(|ticket| (*ticket, Ok(Outcome::Done))).collect();
        intake.begin(2);
        intake.answer(1, answers());
        assert_eq!((tickets.len(), waiting()), (1, tickets.clone()));
        intake.answer(2, answers());
        assert_eq!(waiting(), Vec::<Ticket>::new());
    }
}
