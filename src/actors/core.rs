//! The core's leader: loads the state, starts StockActor, LedgerActor and Committer together, and
//! when one of them fails, starts all three anew from the store.
//!
//! A new generation takes a new epoch first and loads then, so a batch of the old one either is in
//! what was loaded or never will be (law 13). Requests without an answer are decided again: what had
//! become durable gets its old answer by its command id. After a batch that the store refuses, its
//! requests go alone, one by one, and only the culprit is refused; a request in hand at two deaths is
//! quarantined (DESIGN.md, section 4).

use super::committer::{Committer, CommitterHandle, Desk};
use super::holds::HoldEnds;
use super::intake::{Intake, Route, Task, Ticket};
use super::lag::Lag;
use super::ledger::{LedgerActor, LedgerHandle};
use super::life::{Failure, Life};
use super::permits::Permits;
use super::probe::Probe;
use super::stock::{StockActor, StockHandle};
use super::views::ViewHandle;
use crate::clock::SharedClock;
use crate::domain::access::Access;
use crate::domain::command::{Caller, Command};
use crate::domain::id::TenantId;
use crate::domain::ledger::{LedgerCommand, LedgerEvent, LedgerMachine, Rules};
use crate::domain::order::Quote;
use crate::domain::rejection::Rejection;
use crate::domain::stock::{Ask, StockEvent, StockMachine};
use crate::domain::time::{Millis, Timestamp};
use crate::domain::view::View;
use crate::placement::SharedPlacement;
use crate::store::{Loaded, SharedStore, StoreError};
use crate::trace::Recorder;
use crate::trace::record::Checkpoint;
use actix::{Actor, AsyncContext, Context};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// What the core is built from.
#[derive(Clone)]
pub struct CoreParts {
    /// The durable state.
    pub store: SharedStore,
    /// Time and timers.
    pub clock: SharedClock,
    /// Threads.
    pub placement: SharedPlacement,
    /// Where tests may look.
    pub probe: Probe,
    /// How long requests and answers take.
    pub lag: Lag,
    /// What takes down what is decided.
    pub recorder: Recorder,
    /// The platform's business numbers.
    pub rules: Rules,
    /// The people with a role.
    pub access: Access,
    /// The pipeline's bounds.
    pub limits: CoreLimits,
}

/// Bounds of the pipeline; each is a configuration key under `core`.
#[derive(Clone, Copy, Debug)]
pub struct CoreLimits {
    /// Commands between request and durable answer.
    pub permits: usize,
    /// Their bytes.
    pub permit_bytes: usize,
    /// Decisions written at once.
    pub batch_max: usize,
    /// Purchases that wait for the end of other holds.
    pub shortage_waiters: usize,
    /// How long a caller waits for a core that is being restarted.
    pub patience: Millis,
    /// Restarts within the window before the pause grows to the window.
    pub restarts_max: usize,
    /// The window.
    pub restarts_window: Millis,
}

/// How the core is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoreState {
    /// Being loaded.
    Starting,
    /// Taking requests.
    Running {
        /// The epoch it leads.
        epoch: u64,
    },
    /// Waiting before the next attempt.
    Waiting {
        /// Why the last one ended.
        because: String,
        /// When the next one begins.
        until: Timestamp,
    },
    /// Another process leads, or the fleet stops: this one never writes again.
    Ended {
        /// Why.
        because: String,
    },
}

/// Everybody's way to the core; survives its restarts.
#[derive(Clone)]
pub struct Core {
    intake: Arc<Intake>,
    views: ViewHandle,
    state: watch::Receiver<CoreState>,
    stop: watch::Sender<bool>,
}

impl Core {
    /// Starts the leader on the core's thread.
    pub fn start(parts: CoreParts) -> Self {
        let permits = Permits::new(parts.limits.permits, parts.limits.permit_bytes);
        let (clock, lag) = (parts.clock.clone(), parts.lag.clone());
        let intake = Intake::new(permits, clock, parts.limits.patience, lag);
        let views = ViewHandle::new(parts.recorder.clone());
        let (state, watch_state) = watch::channel(CoreState::Starting);
        let (stop, stopping) = watch::channel(false);
        let placement = parts.placement.clone();
        let core = Self { intake: intake.clone(), views: views.clone(), state: watch_state, stop };
        let leader = Leader { parts, intake, views, state, stopping, careful: VecDeque::new() };
        placement.on_core(Box::new(move || {
            actix_rt::spawn(leader.lead());
        }));
        core
    }

    /// The way to StockActor.
    pub fn stock(&self) -> StockHandle {
        StockHandle::new(self.intake.clone())
    }

    /// The way to LedgerActor.
    pub fn ledger(&self) -> LedgerHandle {
        LedgerHandle::new(self.intake.clone())
    }

    /// The way to the Committer.
    pub fn committer(&self) -> CommitterHandle {
        CommitterHandle::new(self.intake.clone())
    }

    /// What bots read for a page.
    pub const fn views(&self) -> &ViewHandle {
        &self.views
    }

    /// How the core is, and a way to wait for a change.
    pub fn state(&self) -> watch::Receiver<CoreState> {
        self.state.clone()
    }

    /// Waits until the core takes requests; answers whether it does, or has ended.
    pub async fn ready(&self) -> bool {
        let mut state = self.state.clone();
        let settled =
            |s: &CoreState| matches!(s, CoreState::Running { .. } | CoreState::Ended { .. });
        match state.wait_for(settled).await {
            Ok(state) => matches!(*state, CoreState::Running { .. }),
            Err(_) => false,
        }
    }

    /// Waits until nothing is in the pipeline.
    pub async fn idle(&self) {
        self.intake.idle().await;
    }

    /// Waits until the core has ended for good.
    pub async fn ended(&self) {
        let mut state = self.state.clone();
        // A leader that is gone has ended too.
        let _ = state.wait_for(|state| matches!(state, CoreState::Ended { .. })).await;
    }

    /// Whether the core has ended for good.
    pub fn has_ended(&self) -> bool {
        matches!(*self.state.borrow(), CoreState::Ended { .. })
    }

    /// Takes no more requests; what is in the pipeline is still answered.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

struct Leader {
    parts: CoreParts,
    intake: Arc<Intake>,
    views: ViewHandle,
    state: watch::Sender<CoreState>,
    stopping: watch::Receiver<bool>,
    /// Requests of a refused batch, to be tried alone.
    careful: VecDeque<Ticket>,
}

/// A generation that takes requests or is about to.
struct Generation {
    life: Life,
    failures: mpsc::Receiver<Failure>,
    route: Route,
    epoch: u64,
    /// The last batch that was loaded.
    seq: u64,
}

impl Leader {
    async fn lead(mut self) {
        let mut deaths: VecDeque<Timestamp> = VecDeque::new();
        loop {
            let because = match self.generation().await {
                Ok(Some(Failure::Fenced { epoch })) => {
                    self.end(format!("another process leads (epoch {epoch})"));
                    return;
                }
                Ok(None) => {
                    self.end("the fleet stops".to_owned());
                    return;
                }
                Ok(Some(failure)) => self.learn(failure),
                // Time heals an outage; it heals neither damage nor another leader.
                Err(StoreError::Unavailable(reason)) => reason,
                Err(error) => {
                    self.end(error.to_string());
                    return;
                }
            };
            let now = self.parts.clock.now();
            deaths.push_back(now);
            let window = self.parts.limits.restarts_window;
            while deaths.front().is_some_and(|death| now.since(*death) > window) {
                deaths.pop_front();
            }
            let pause = self.pause(deaths.len());
            tracing::error!(because, pause_ms = pause.ms(), "the core starts anew");
            if pause > Millis::ZERO {
                let until = now + pause;
                self.state.send_replace(CoreState::Waiting { because, until });
                self.parts.clock.sleep_until(until).await;
            }
        }
    }

    /// One generation from load to failure; nothing when the fleet stops.
    async fn generation(&mut self) -> Result<Option<Failure>, StoreError> {
        self.state.send_replace(CoreState::Starting);
        let Generation { life, mut failures, route, epoch, seq } = self.start().await?;
        while let Some(ticket) = self.careful.front().copied() {
            if let Some(task) = self.intake.task(ticket) {
                route.send(ticket, task);
                tokio::select! {
                    biased;
                    () = self.intake.settled(ticket) => {}
                    failure = failures.recv() => {
                        self.close(&life);
                        return Ok(failure);
                    }
                }
            }
            self.careful.pop_front();
        }
        self.intake.open(route);
        self.state.send_replace(CoreState::Running { epoch });
        tracing::info!(epoch, seq, "the core takes requests");
        let mut stopping = self.stopping.clone();
        let failure = tokio::select! {
            biased;
            failure = failures.recv() => failure,
            () = self.parts.store.lost() => Some(Failure::LeaseLost),
            _ = stopping.wait_for(|stop| *stop) => {
                self.intake.shut();
                tokio::select! {
                    biased;
                    failure = failures.recv() => failure,
                    () = self.intake.idle() => None,
                }
            }
        };
        self.close(&life);
        Ok(failure)
    }

    /// Takes an epoch, loads, and starts the two actors on this thread with their Committer.
    async fn start(&self) -> Result<Generation, StoreError> {
        let parts = &self.parts;
        let epoch = parts.store.begin_epoch().await?.epoch;
        let loaded = parts.store.load(parts.clock.now() - parts.rules.keep_ids).await?;
        if loaded.head.epoch != epoch {
            return Err(StoreError::Fenced);
        }
        self.intake.begin(epoch);
        self.intake.quarantine(loaded.ledger.quarantined.iter().cloned());
        let head = loaded.head.clone();
        let seq = head.seq;
        let (stock, ledger) = self.machines(epoch, loaded);
        self.show(seq, &stock, &ledger);
        let (life, failures) = Life::begin();
        let ends = Arc::new(HoldEnds::default());
        let mailbox = parts.limits.permits * 2 + 64;
        let desk = Desk {
            store: parts.store.clone(),
            intake: self.intake.clone(),
            views: self.views.clone(),
            clock: parts.clock.clone(),
            placement: parts.placement.clone(),
            probe: parts.probe.clone(),
            life: life.clone(),
        };
        let committer = Committer::new(head, parts.limits.batch_max, desk);
        let mut stock_context = Context::new();
        stock_context.set_mailbox_capacity(mailbox);
        let ledger = start(
            mailbox,
            LedgerActor {
                machine: ledger,
                stock: stock_context.address().downgrade(),
                committer: committer.clone(),
                intake: self.intake.clone(),
                clock: parts.clock.clone(),
                probe: parts.probe.clone(),
                recorder: parts.recorder.clone(),
                life: life.clone(),
                ends: ends.clone(),
                _watch: life.watch("ledger"),
            },
        );
        let stock = stock_context.run(StockActor {
            machine: stock,
            ledger: ledger.clone(),
            committer: committer.clone(),
            clock: parts.clock.clone(),
            probe: parts.probe.clone(),
            recorder: parts.recorder.clone(),
            life: life.clone(),
            ends,
            waiters: VecDeque::new(),
            waiters_max: parts.limits.shortage_waiters,
            quantity_max: parts.rules.quantity_max,
            _watch: life.watch("stock"),
        });
        Ok(Generation { life, failures, route: Route { stock, ledger, committer }, epoch, seq })
    }

    /// The two machines, with the promises that waiting requests redeem.
    fn machines(&self, epoch: u64, loaded: Loaded) -> (StockMachine, LedgerMachine) {
        let Rules { keep_ids, .. } = self.parts.rules;
        let access = self.parts.access.clone();
        let mut stock = StockMachine::load(epoch, access.clone(), keep_ids, loaded.stock);
        let mut ledger = LedgerMachine::load(self.parts.rules, access, loaded.ledger);
        for (_, _, quote) in self.intake.in_hand() {
            if let Some(quote) = quote {
                stock.apply(&StockEvent::Asked(ask_of(&quote)));
                ledger.apply(&LedgerEvent::QuoteIssued(quote));
            }
        }
        (stock, ledger)
    }

    /// Shows what was loaded: to bots as a picture, in the trace as the checkpoints of a generation.
    fn show(&self, seq: u64, stock: &StockMachine, ledger: &LedgerMachine) {
        let CoreParts { recorder, clock, .. } = &self.parts;
        recorder.renew(|| clock.now(), || Checkpoint::Stock(Box::new(stock.clone())));
        recorder.renew(|| clock.now(), || Checkpoint::Ledger(Box::new(ledger.clone())));
        self.views.reset(View::new(seq, stock, ledger.tenants().clone()), || clock.now());
    }

    fn close(&self, life: &Life) {
        self.intake.close();
        life.end();
    }

    /// Draws the consequence of a failure for what was in hand; answers what to write in the log.
    fn learn(&mut self, failure: Failure) -> String {
        match failure {
            Failure::Panicked { actor, ticket } => {
                if let Some(ticket) = ticket {
                    self.blame(ticket);
                }
                format!("{actor} panicked")
            }
            Failure::Died { actor } => format!("{actor} died"),
            Failure::Refused { tickets, reason } => {
                if let [culprit] = tickets[..] {
                    self.intake.refuse(culprit, Rejection::Unrecordable);
                    self.careful.retain(|ticket| *ticket != culprit);
                } else {
                    self.careful.extend(tickets);
                }
                format!("the store refuses a batch: {reason}")
            }
            Failure::UnknownFate { reason } => format!("the fate of a batch is unknown: {reason}"),
            Failure::LeaseLost => "the lease could not be renewed in time".to_owned(),
            Failure::Fenced { epoch } => format!("another process leads (epoch {epoch})"),
        }
    }

    /// The second death with the same request in hand sets it aside for an admin.
    fn blame(&mut self, ticket: Ticket) {
        /// A bug strikes once by accident, twice by the same request.
        const DEATHS_MAX: u32 = 2;
        if self.intake.note_death(ticket) < DEATHS_MAX {
            return;
        }
        self.careful.retain(|other| *other != ticket);
        let Some(task) = self.intake.refuse(ticket, Rejection::Quarantined) else { return };
        let Some(key) = task.key() else { return };
        tracing::error!(tenant = %key.tenant, caller = %key.caller, id = %key.id, what = task.word(),
            "a command killed the core twice and is set aside");
        self.intake.quarantine([key.clone()]);
        let command = Command {
            id: key.id.clone(),
            tenant: TenantId::Master,
            caller: Caller::System,
            body: LedgerCommand::Quarantine { key, what: task.word().to_owned() },
        };
        self.intake.enter(Task::Ledger { command, records: Vec::new() });
    }

    /// How long to wait before the next generation: not at all the first time, then longer and
    /// longer, and the whole window when the limit is reached.
    fn pause(&self, deaths: usize) -> Millis {
        const FIRST: i64 = 50;
        let limits = &self.parts.limits;
        if deaths > limits.restarts_max {
            return limits.restarts_window;
        }
        match u32::try_from(deaths).unwrap_or(u32::MAX) {
            0 | 1 => Millis::ZERO,
            more => Millis::from_ms(FIRST.saturating_mul(1 << (more - 2).min(10))),
        }
    }

    fn end(&self, because: String) {
        tracing::info!(because, "the core has ended");
        self.intake.abandon();
        self.state.send_replace(CoreState::Ended { because });
    }
}

/// Starts an actor whose mailbox takes whatever the permits let through, from its first message on.
fn start<A: Actor<Context = Context<A>>>(mailbox: usize, actor: A) -> actix::Addr<A> {
    A::create(|context| {
        context.set_mailbox_capacity(mailbox);
        actor
    })
}

fn ask_of(quote: &Quote) -> Ask {
    Ask {
        quote: quote.id.clone(),
        tenant: quote.tenant.clone(),
        user: quote.user,
        product: quote.product,
        quantity: quote.quantity,
    }
}
