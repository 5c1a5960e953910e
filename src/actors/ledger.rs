//! LedgerActor: money, orders, quotes, withdrawals, tenants; the station where a purchase is decided.
//!
//! Owns the [`LedgerMachine`]. It re-checks everything that may have changed since a quote was issued,
//! decides, applies, and hands facts and answer to the Committer in one call; it never answers
//! itself and never awaits. Nobody but the core holds its address: others use the [`LedgerHandle`].

use super::committer::{Committer, Submit};
use super::holds::{HoldEnds, HoldGuard};
use super::intake::{CallError, Intake, Task, Ticket, Waiting};
use super::life::{DeathWatch, Life};
use super::probe::{Point, Probe};
use super::stock::{HoldsEnded, StockActor};
use crate::clock::SharedClock;
use crate::domain::command::{Accepted, Caller, Command};
use crate::domain::event::{CoreCommand, Event, facts};
use crate::domain::ledger::{LedgerCommand, LedgerEvent, LedgerMachine};
use crate::store::batch::{BatchEntry, Record};
use crate::trace::Recorder;
use crate::trace::record::{self, Checkpoint, Message, Verdict};
use actix::{Actor, ActorContext, Context, Handler, WeakAddr};
use std::borrow::Cow;
use std::sync::Arc;

/// A request begins.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub(super) struct Begin {
    pub(super) ticket: Ticket,
    pub(super) task: Arc<Task>,
}

/// StockActor knows the product and its base price; a quote may be issued.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub(super) struct Quoted {
    pub(super) ticket: Ticket,
    pub(super) command: Command<LedgerCommand>,
}

/// StockActor has set items aside, or says why not; the purchase may be decided.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub(super) struct Placed {
    pub(super) ticket: Ticket,
    pub(super) command: Command<LedgerCommand>,
    pub(super) guard: Option<HoldGuard>,
}

/// The way to LedgerActor; survives restarts of the core.
#[derive(Clone)]
pub struct LedgerHandle {
    intake: Arc<Intake>,
}

impl LedgerHandle {
    pub(super) const fn new(intake: Arc<Intake>) -> Self {
        Self { intake }
    }

    /// Changes money, orders or tenants. `records` holds sealed values that belong to it.
    ///
    /// # Errors
    /// [`CallError`]: nothing was decided.
    pub async fn execute(
        &self,
        command: Command<LedgerCommand>,
        records: Vec<Record>,
    ) -> Result<Waiting, CallError> {
        self.intake.submit(Task::Ledger { command, records }).await
    }
}

/// The actor of one generation.
pub(super) struct LedgerActor {
    pub(super) machine: LedgerMachine,
    /// Weak, because StockActor holds this actor's address: two that hold each other never end.
    pub(super) stock: WeakAddr<StockActor>,
    pub(super) committer: Committer,
    pub(super) intake: Arc<Intake>,
    pub(super) clock: SharedClock,
    pub(super) probe: Probe,
    pub(super) recorder: Recorder,
    pub(super) life: Life,
    pub(super) ends: Arc<HoldEnds>,
    pub(super) _watch: DeathWatch,
}

impl Actor for LedgerActor {
    type Context = Context<Self>;
}

impl Handler<Begin> for LedgerActor {
    type Result = ();

    fn handle(&mut self, message: Begin, ctx: &mut Self::Context) {
        let Begin { ticket, task } = message;
        self.survive(ctx, ticket, |this| {
            if let Task::Ledger { command, .. } = &*task {
                this.execute(ticket, Cow::Borrowed(command), Some(task.clone()), None);
            }
        });
    }
}

impl Handler<Quoted> for LedgerActor {
    type Result = ();

    fn handle(&mut self, message: Quoted, ctx: &mut Self::Context) {
        let Quoted { ticket, command } = message;
        self.survive(ctx, ticket, |this| this.execute(ticket, Cow::Owned(command), None, None));
    }
}

impl Handler<Placed> for LedgerActor {
    type Result = ();

    fn handle(&mut self, message: Placed, ctx: &mut Self::Context) {
        let Placed { ticket, command, guard } = message;
        self.survive(ctx, ticket, |this| {
            this.note_promise(ticket, &command);
            this.execute(ticket, Cow::Owned(command), None, guard);
            if this.ends.is_awaited() {
                // A mailbox that takes nothing belongs to a core that is going down.
                let _ = this.stock.upgrade().map(|stock| stock.try_send(HoldsEnded));
            }
        });
    }
}

impl LedgerActor {
    fn survive(
        &mut self,
        ctx: &mut Context<Self>,
        ticket: Ticket,
        decision: impl FnOnce(&mut Self),
    ) {
        let life = self.life.clone();
        if !life.run("ledger", Some(ticket), || decision(self)) {
            ctx.stop();
        }
    }

    /// Decides, applies, and hands on what must become durable before the answer goes out.
    fn execute(
        &mut self,
        ticket: Ticket,
        command: Cow<'_, Command<LedgerCommand>>,
        task: Option<Arc<Task>>,
        guard: Option<HoldGuard>,
    ) {
        self.probe.at(Point::Ledger, command.body.word());
        let now = self.clock.now();
        let decided = self.machine.decide(&command, now);
        let refusal = decided.as_ref().err();
        let then = refusal.and_then(|refusal| self.machine.after_rejection(&command, refusal));
        let state = || Checkpoint::Ledger(Box::new(self.machine.clone()));
        let seq = self.recorder.record(
            record::Actor::Ledger,
            || now,
            state,
            || record::Entry {
                id: Some(command.id.clone()),
                message: Message::Command(command.clone().into_owned()),
                outcome: Some(Verdict::of_command(decided.clone(), then.clone())),
            },
        );
        let submit = match decided {
            Err(rejection) => {
                if let Some(event) = then {
                    self.machine.apply(&event);
                }
                Submit::answer(ticket, Err(rejection))
            }
            Ok(accepted) => Submit { seq, ..self.accept(ticket, command, task, accepted, guard) },
        };
        self.committer.submit(submit);
    }

    fn accept(
        &mut self,
        ticket: Ticket,
        command: Cow<'_, Command<LedgerCommand>>,
        task: Option<Arc<Task>>,
        accepted: Accepted<LedgerEvent>,
        guard: Option<HoldGuard>,
    ) -> Submit {
        accepted.events.iter().for_each(|event| self.machine.apply(event));
        let events = facts(accepted.events.into_iter().map(Event::Ledger));
        if events.is_empty() {
            return Submit::answer(ticket, Ok(accepted.outcome));
        }
        // New facts with a hold can only be a sale; a repeat has none and gives the items back.
        if let Some(guard) = guard {
            guard.sold();
        }
        let entry = BatchEntry { command: CoreCommand::Ledger(command.into_owned()), events };
        Submit { ticket, entry: Some(entry), task, answer: Ok(accepted.outcome), seq: None }
    }

    /// Keeps the promise with the request, so that the next core can decide it again.
    fn note_promise(&self, ticket: Ticket, command: &Command<LedgerCommand>) {
        let Caller::User(user) = command.caller else { return };
        let LedgerCommand::PlaceOrder { quote: id, .. } = &command.body else { return };
        if let Some(quote) = self.machine.quote(&command.tenant, user)
            && quote.id == *id
        {
            self.intake.note_quote(ticket, quote.clone());
        }
    }
}

/// Records that belong to a request, if it carries any.
pub(super) fn records_of(task: &Task) -> &[Record] {
    match task {
        Task::Stock { records, .. } | Task::Ledger { records, .. } | Task::Records(records) => {
            records
        }
        Task::Quote { .. } | Task::Place { .. } => &[],
    }
}
