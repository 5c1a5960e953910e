//! StockActor: catalogue, shelves and holds; the first station of every purchase.
//!
//! Owns the [`StockMachine`]. Requests come from bots through the [`StockHandle`]; purchases and
//! prices go on to LedgerActor, changes of the catalogue to the Committer. It never awaits: the order
//! of its mailbox settles who gets the last item. It never answers a customer by itself, because only
//! LedgerActor knows whether a purchase repeats an accepted one.

use super::committer::{Committer, Submit};
use super::holds::{HoldEnds, HoldGuard};
use super::intake::{CallError, Intake, Task, Ticket, Waiting, place_id};
use super::ledger::{LedgerActor, Placed, Quoted};
use super::life::{DeathWatch, Life};
use super::probe::{Point, Probe};
use crate::clock::SharedClock;
use crate::domain::command::{Caller, Command};
use crate::domain::event::{CoreCommand, Event};
use crate::domain::id::{CommandId, HoldId, QuoteId, TenantId, UserId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::outcome::Outcome;
use crate::domain::stock::{Ask, HoldFate, StockCommand, StockEvent, StockMachine};
use crate::domain::time::Timestamp;
use crate::store::batch::{BatchEntry, Record};
use crate::trace::Recorder;
use crate::trace::record::{self, Checkpoint, Message, Verdict};
use actix::{Actor, ActorContext, Addr, Context, Handler};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// A request begins.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub(super) struct Begin {
    pub(super) ticket: Ticket,
    pub(super) task: Arc<Task>,
}

/// Holds have ended; somebody may have waited for that.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub(super) struct HoldsEnded;

/// The way to StockActor; survives restarts of the core.
#[derive(Clone)]
pub struct StockHandle {
    intake: Arc<Intake>,
}

impl StockHandle {
    pub(super) const fn new(intake: Arc<Intake>) -> Self {
        Self { intake }
    }

    /// Changes catalogue or shelves. `records` holds the sealed contents of new items.
    ///
    /// # Errors
    /// [`CallError`]: nothing was decided.
    pub async fn change(
        &self,
        command: Command<StockCommand>,
        records: Vec<Record>,
    ) -> Result<Waiting, CallError> {
        self.intake.submit(Task::Stock { command, records }).await
    }

    /// Asks for a price.
    ///
    /// # Errors
    /// [`CallError`]: nothing was decided.
    pub async fn quote(&self, id: CommandId, ask: Ask) -> Result<Waiting, CallError> {
        self.intake.submit(Task::Quote { id, ask }).await
    }

    /// Buys at a promised price. The quote is the command's id.
    ///
    /// # Errors
    /// [`CallError`]: nothing was decided, nothing was charged.
    pub async fn place(
        &self,
        quote: QuoteId,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Waiting, CallError> {
        self.intake.submit(Task::Place { quote, tenant, user }).await
    }
}

/// The actor of one generation.
pub(super) struct StockActor {
    pub(super) machine: StockMachine,
    pub(super) ledger: Addr<LedgerActor>,
    pub(super) committer: Committer,
    pub(super) clock: SharedClock,
    pub(super) probe: Probe,
    pub(super) recorder: Recorder,
    pub(super) life: Life,
    pub(super) ends: Arc<HoldEnds>,
    /// Purchases that a hold in flight may yet make possible. Bounded by `waiters_max`.
    pub(super) waiters: VecDeque<(Ticket, Arc<Task>)>,
    pub(super) waiters_max: usize,
    pub(super) quantity_max: u32,
    pub(super) _watch: DeathWatch,
}

impl Actor for StockActor {
    type Context = Context<Self>;
}

impl Handler<Begin> for StockActor {
    type Result = ();

    fn handle(&mut self, message: Begin, ctx: &mut Self::Context) {
        let life = self.life.clone();
        let ticket = message.ticket;
        if !life.run("stock", Some(ticket), || self.begin(ticket, &message.task)) {
            ctx.stop();
        }
    }
}

impl Handler<HoldsEnded> for StockActor {
    type Result = ();

    fn handle(&mut self, _: HoldsEnded, ctx: &mut Self::Context) {
        let life = self.life.clone();
        if !life.run("stock", None, || self.drain()) {
            ctx.stop();
        }
    }
}

impl StockActor {
    fn begin(&mut self, ticket: Ticket, task: &Arc<Task>) {
        self.drain();
        self.probe.at(Point::Stock, task.word());
        match &**task {
            Task::Stock { command, .. } => self.change(ticket, command, task),
            Task::Quote { id, ask } => self.quote(ticket, id, ask),
            Task::Place { quote, tenant, user } => {
                self.place(ticket, task, quote, tenant, *user);
            }
            Task::Ledger { .. } | Task::Records(_) => {}
        }
    }

    /// Ends the holds that LedgerActor is done with, then looks again at those who waited.
    fn drain(&mut self) {
        for (generation, hold, fate) in self.ends.drain() {
            self.end(generation, hold, fate);
        }
        for _ in 0..self.waiters.len() {
            if let Some((ticket, task)) = self.waiters.pop_front()
                && let Task::Place { quote, tenant, user } = &*task
            {
                self.place(ticket, &task, quote, tenant, *user);
            }
        }
        self.ends.set_awaited(!self.waiters.is_empty());
    }

    fn end(&mut self, generation: u64, hold: HoldId, fate: HoldFate) {
        let event = self.machine.decide_fate(generation, hold, fate);
        self.note(
            || self.clock.now(),
            None,
            || (Message::End { generation, hold, fate }, Verdict::Ended { event: event.clone() }),
        );
        if let Some(event) = event {
            self.machine.apply(&event);
        }
    }

    fn change(&mut self, ticket: Ticket, command: &Command<StockCommand>, task: &Arc<Task>) {
        let now = self.clock.now();
        let decided = self.machine.decide(command, now);
        let seq = self.note(
            || now,
            Some(&command.id),
            || (Message::Change(command.clone()), Verdict::of_change(decided.clone())),
        );
        let submit = match decided {
            Err(rejection) => Submit::answer(ticket, Err(rejection)),
            Ok(accepted) if accepted.events.is_empty() => {
                Submit::answer(ticket, Ok(accepted.outcome))
            }
            Ok(accepted) => {
                for event in &accepted.events {
                    self.machine.apply(event);
                }
                let task = with_goods_of(&accepted.events, command, task);
                let entry = BatchEntry {
                    command: CoreCommand::Stock(command.clone()),
                    events: accepted.events.into_iter().map(Event::Stock).collect(),
                };
                Submit { seq, ..Submit::entry(ticket, entry, task, accepted.outcome) }
            }
        };
        self.committer.submit(submit);
    }

    fn quote(&mut self, ticket: Ticket, id: &CommandId, ask: &Ask) {
        let decided = self.machine.decide_ask(ask, self.quantity_max);
        self.note(
            || self.clock.now(),
            Some(id),
            || {
                let (ask, quantity_max) = (ask.clone(), self.quantity_max);
                (Message::Ask { ask, quantity_max }, Verdict::of_ask(decided.clone()))
            },
        );
        match decided {
            Err(rejection) => self.committer.submit(Submit::answer(ticket, Err(rejection.into()))),
            Ok((event, product, base)) => {
                self.machine.apply(&event);
                let command = Command {
                    id: id.clone(),
                    tenant: ask.tenant.clone(),
                    caller: Caller::User(ask.user),
                    body: LedgerCommand::IssueQuote {
                        quote: ask.quote.clone(),
                        product: Box::new(product),
                        base,
                        quantity: ask.quantity,
                    },
                };
                self.pass_on(self.ledger.try_send(Quoted { ticket, command }).is_ok());
            }
        }
    }

    fn place(
        &mut self,
        ticket: Ticket,
        task: &Arc<Task>,
        quote: &QuoteId,
        tenant: &TenantId,
        user: UserId,
    ) {
        let decided = self.machine.decide_hold(quote, tenant, user);
        let room = self.waiters.len() < self.waiters_max;
        // A shortage is not an answer yet; any other refusal goes on at once.
        let waits = room
            && decided.as_ref().is_err_and(|refusal| self.machine.may_yet_hold(quote, *refusal));
        self.note(
            || self.clock.now(),
            None,
            || {
                let (quote, tenant) = (quote.clone(), tenant.clone());
                let message = Message::Hold { quote, tenant, user, room };
                (message, Verdict::of_hold(decided.clone(), waits))
            },
        );
        let (holding, guard) = match decided {
            Ok(event) => {
                self.machine.apply(&event);
                let StockEvent::Held(hold) = event else { return };
                let guard = HoldGuard::new(self.machine.generation(), hold.id, self.ends.clone());
                (Ok(hold.items), Some(guard))
            }
            Err(_) if waits => {
                self.waiters.push_back((ticket, task.clone()));
                self.ends.set_awaited(true);
                return;
            }
            Err(refusal) => (Err(refusal), None),
        };
        let command = Command {
            id: place_id(quote),
            tenant: tenant.clone(),
            caller: Caller::User(user),
            body: LedgerCommand::PlaceOrder { quote: quote.clone(), holding },
        };
        self.pass_on(self.ledger.try_send(Placed { ticket, command, guard }).is_ok());
    }

    /// Gives the recorder what was decided, before it is applied.
    fn note(
        &self,
        at: impl FnOnce() -> Timestamp,
        id: Option<&CommandId>,
        decided: impl FnOnce() -> (Message, Verdict),
    ) -> Option<u64> {
        let state = || Checkpoint::Stock(Box::new(self.machine.clone()));
        self.recorder.record(record::Actor::Stock, at, state, || {
            let (message, outcome) = decided();
            record::Entry { id: id.cloned(), message, outcome: Some(outcome) }
        })
    }

    /// A message that does not go through means that the generation is ending; its requests stay in
    /// the intake.
    fn pass_on(&self, sent: bool) {
        if !sent {
            self.life.fail(super::life::Failure::Died { actor: "core" });
        }
    }
}

/// The task as it is to be written: goods of lines that turned out to be duplicates stay behind, for
/// no item has them. Two admins who upload the same list at once meet here.
fn with_goods_of(
    events: &[StockEvent],
    command: &Command<StockCommand>,
    task: &Arc<Task>,
) -> Arc<Task> {
    let Task::Stock { records, .. } = &**task else { return task.clone() };
    let mut added: BTreeSet<_> = events
        .iter()
        .filter_map(|event| {
            if let StockEvent::ItemsAdded { items, .. } = event { Some(items) } else { None }
        })
        .flatten()
        .map(|(_, content)| *content)
        .collect();
    let belongs = |record: &&Record| {
        if let Record::Goods { content, .. } = record { added.remove(content) } else { true }
    };
    let kept: Vec<Record> = records.iter().filter(belongs).cloned().collect();
    if kept.len() == records.len() {
        return task.clone();
    }
    Arc::new(Task::Stock { command: command.clone(), records: kept })
}

impl Submit {
    /// An accepted command with its facts.
    pub(super) fn entry(
        ticket: Ticket,
        entry: BatchEntry,
        task: Arc<Task>,
        outcome: Outcome,
    ) -> Self {
        Self { ticket, entry: Some(entry), task: Some(task), answer: Ok(outcome), seq: None }
    }
}
