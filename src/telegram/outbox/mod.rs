//! The outbound scheduler of one bot: everything the bot says goes through here.
//!
//! A pure core ([`Scheduler`]) decides what goes out next; the thin driver below makes the calls,
//! several at once, and tells each sender its result. Telegram's limits are per bot, per chat and
//! not published, so budgets stay below what is known and `retry_after` is obeyed where it was said.
//! teloxide's throttle is not used: 35 messages queued to one chat make every other chat wait for
//! seconds there (DESIGN.md, section 6); here they wait for nothing but the bot's own budget.
//!
//! The order within a chat and priority is that of the calls of [`Outbox::send`].

mod blocked;
mod html;
mod job;
mod lane;
mod limits;
mod outgoing;
mod pace;
mod parking;
mod scheduler;
mod step;
#[cfg(test)]
mod tests;

pub use lane::JobId;
pub use limits::Limits;
pub use outgoing::{Full, Kind, Outgoing, Priority, Queue, SendResult};
pub use scheduler::{Flight, Next, NotTaken, Scheduler, Stats};
pub use step::{Made, Step};

use super::client::Client;
use super::transport::ApiError;
use crate::clock::SharedClock;
use crate::domain::id::ChatId;
use crate::domain::time::Timestamp;
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, pending};
use futures_util::stream::FuturesUnordered;
use parking::{Parked, Parking};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot};

/// One bot's way out. Cheap to clone; it ends when the last clone is dropped and the last send that
/// somebody awaits is over.
#[derive(Clone)]
pub struct Outbox {
    open: Arc<Open>,
    clock: SharedClock,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outbox({:?})", self.stats())
    }
}

impl Outbox {
    /// Starts a bot's outbox; its loop is given to `spawn`, `|work| drop(actix_rt::spawn(work))`.
    pub fn start(
        client: Client,
        clock: SharedClock,
        limits: Limits,
        spawn: impl FnOnce(BoxFuture<'static, ()>),
    ) -> Self {
        let state = State {
            scheduler: Scheduler::new(limits),
            answers: BTreeMap::new(),
            parking: Parking::default(),
            open: true,
        };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), wake: Notify::new(), done: Notify::new() });
        spawn(Box::pin(drive(Loop(shared.clone()), client, clock.clone())));
        Self { open: Arc::new(Open(shared)), clock }
    }

    /// Sends one thing. It is queued by the call itself, so the order of calls is the order of
    /// sending; the future tells what came of it. Dropping the future does not take it back.
    pub fn send(&self, outgoing: Outgoing) -> impl Future<Output = SendResult> + Send + use<> {
        let (answer, result) = oneshot::channel();
        let shared = &self.open.0;
        shared.state().take(self.clock.now(), outgoing, answer);
        shared.wake.notify_one();
        // The loop lives at least until whoever waits has his result.
        let open = self.open.clone();
        async move {
            let result = result.await.unwrap_or(SendResult::Closed);
            drop(open);
            result
        }
    }

    /// Completes when nothing waits or is under way any more, or the outbox has ended.
    pub async fn drained(&self) {
        let shared = &self.open.0;
        loop {
            let mut woken = std::pin::pin!(shared.done.notified());
            woken.as_mut().enable();
            if shared.state().is_drained(self.clock.now()) {
                return;
            }
            woken.await;
        }
    }

    /// Ends it for every clone: nothing goes out any more, and whoever waits is told
    /// [`SendResult::Closed`]. A call under way may or may not arrive.
    pub fn close(&self) {
        self.open.0.state().open = false;
        self.open.0.wake.notify_one();
    }

    /// Somebody wrote or tapped in this chat: it takes messages again.
    pub fn heard_from(&self, chat: ChatId) {
        self.open.0.state().scheduler.heard_from(chat);
    }

    /// Figures for operators.
    pub fn stats(&self) -> Stats {
        let state = self.open.0.state();
        Stats { parked: state.parking.len(), ..state.scheduler.stats(self.clock.now()) }
    }
}

/// Ends the loop when it is dropped.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.state().open = false;
        self.0.wake.notify_one();
    }
}

/// The loop's hold on it: whichever way the loop ends, a panic and the end of its thread included,
/// nobody waits for a result that cannot come.
struct Loop(Arc<Shared>);

impl Drop for Loop {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.open = false;
        state.answers.clear();
        state.parking = Parking::default();
        drop(state);
        self.0.done.notify_waiters();
    }
}

/// What the senders and the loop share. The lock is held for a few map operations, never across an
/// await.
struct Shared {
    state: Mutex<State>,
    /// There is something to look at for the loop.
    wake: Notify,
    /// A call is over, or the loop is.
    done: Notify,
}

struct State {
    scheduler: Scheduler,
    answers: BTreeMap<JobId, oneshot::Sender<SendResult>>,
    parking: Parking,
    open: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_drained(&self, now: Timestamp) -> bool {
        !self.open || (self.parking.len() == 0 && self.scheduler.stats(now).queued == 0)
    }

    fn take(&mut self, now: Timestamp, outgoing: Outgoing, answer: oneshot::Sender<SendResult>) {
        if !self.open {
            tell(answer, SendResult::Closed);
        } else if outgoing.priority == Priority::Delivery
            && (self.parking.holds(outgoing.chat) || self.scheduler.room(&outgoing).is_err())
        {
            self.parking.park(Parked { outgoing, answer });
        } else {
            self.schedule(now, outgoing, answer);
        }
    }

    fn schedule(&mut self, now: Timestamp, outgoing: Outgoing, to: oneshot::Sender<SendResult>) {
        match self.scheduler.push(now, outgoing) {
            Ok(id) => drop(self.answers.insert(id, to)),
            Err(NotTaken::Blocked) => tell(to, SendResult::Blocked),
            Err(NotTaken::Full(full)) => tell(to, SendResult::Full(full)),
        }
    }

    fn done(&mut self, now: Timestamp, id: JobId, answer: Result<Made, ApiError>) {
        for (job, result) in self.scheduler.done(now, id, answer) {
            if let Some(to) = self.answers.remove(&job) {
                tell(to, result);
            }
        }
        while let Some(parked) = self.parking.admit(|parked| self.scheduler.room(parked).is_ok()) {
            self.schedule(now, parked.outgoing, parked.answer);
        }
    }
}

/// A sender that went away does not want to know.
fn tell(to: oneshot::Sender<SendResult>, result: SendResult) {
    drop(to.send(result));
}

async fn drive(held: Loop, client: Client, clock: SharedClock) {
    let shared = &held.0;
    let mut flights = FuturesUnordered::new();
    loop {
        let wait = loop {
            let mut state = shared.state();
            if !state.open {
                return;
            }
            match state.scheduler.next(clock.now()) {
                Next::Send(flight) => flights.push(fly(client.clone(), flight)),
                Next::Wait(at) => break Some(at),
                Next::Idle => break None,
            }
        };
        let timer = match wait {
            Some(at) => clock.sleep_until(at),
            None => Box::pin(pending()),
        };
        tokio::select! {
            biased;
            Some((id, answer)) = flights.next(), if !flights.is_empty() => {
                shared.state().done(clock.now(), id, answer);
                shared.done.notify_waiters();
            }
            () = shared.wake.notified() => {}
            () = timer => {}
        }
    }
}

async fn fly(client: Client, flight: Flight) -> (JobId, Result<Made, ApiError>) {
    (flight.job, flight.step.perform(client, flight.chat).await)
}
