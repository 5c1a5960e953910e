//! The pure machines of a replay: they answer a recorded message as the actors did.
//!
//! Deciding and applying are apart, so that a difference is seen while the state is still the one
//! before the message.

use crate::domain::event::{Event, facts};
use crate::domain::fleet::FleetMachine;
use crate::domain::ledger::LedgerMachine;
use crate::domain::stock::StockMachine;
use crate::domain::time::Timestamp;
use crate::domain::view::View;
use crate::trace::record::{Actor, Checkpoint, Message, Verdict};
use std::collections::BTreeMap;

/// What the actors know at one point of a trace; a machine is there from its first checkpoint on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machines {
    /// StockActor's.
    pub stock: Option<Box<StockMachine>>,
    /// LedgerActor's.
    pub ledger: Option<Box<LedgerMachine>>,
    /// What the Committer has published. Unknown after a batch whose decisions are not in the trace,
    /// until the next checkpoint.
    pub view: Option<Box<View>>,
    /// The Supervisor's.
    pub supervisor: Option<Box<FleetMachine>>,
    /// Facts that are decided and not published yet, by the number of their record.
    unpublished: BTreeMap<u64, Vec<Event>>,
}

/// The machine that a message is for has no checkpoint before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record of {0} before its first checkpoint")]
pub struct NoCheckpoint(pub Actor);

impl Machines {
    /// What the actor answers to a message; nothing to those that nobody decides about.
    ///
    /// # Errors
    /// [`NoCheckpoint`] when the actor's state is not known.
    pub fn decide(
        &self,
        message: &Message,
        at: Timestamp,
    ) -> Result<Option<Verdict>, NoCheckpoint> {
        let stock = || self.stock.as_deref().ok_or(NoCheckpoint(Actor::Stock));
        Ok(Some(match message {
            Message::Change(command) => Verdict::of_change(stock()?.decide(command, at)),
            Message::Ask { ask, quantity_max } => {
                Verdict::of_ask(stock()?.decide_ask(ask, *quantity_max))
            }
            Message::Hold { quote, tenant, user, room } => {
                let stock = stock()?;
                let held = stock.decide_hold(quote, tenant, *user);
                let waits =
                    *room && held.as_ref().is_err_and(|why| stock.may_yet_hold(quote, *why));
                Verdict::of_hold(held, waits)
            }
            Message::End { generation, hold, fate } => {
                Verdict::Ended { event: stock()?.decide_fate(*generation, *hold, *fate) }
            }
            Message::Command(command) => {
                let ledger = self.ledger.as_deref().ok_or(NoCheckpoint(Actor::Ledger))?;
                let decided = ledger.decide(command, at);
                let then =
                    decided.as_ref().err().and_then(|why| ledger.after_rejection(command, why));
                Verdict::of_command(decided, then)
            }
            Message::Fleet(message) => {
                let fleet = self.supervisor.as_deref().ok_or(NoCheckpoint(Actor::Supervisor))?;
                Verdict::Planned(fleet.plan(message, at))
            }
            Message::Begin(_)
            | Message::Gap { .. }
            | Message::Checkpoint(_)
            | Message::Published { .. } => return Ok(None),
        }))
    }

    /// Makes what an actor answered part of its state. `seq` is the record's number.
    pub fn apply(&mut self, seq: u64, verdict: Verdict) {
        match verdict {
            Verdict::Accepted { events, .. } => {
                events.iter().for_each(|event| self.apply_event(event));
                self.keep(seq, events);
            }
            Verdict::Refused { then, .. } => {
                if let (Some(event), Some(ledger)) = (then, &mut self.ledger) {
                    ledger.apply(&event);
                }
            }
            Verdict::Asked { event, .. }
            | Verdict::Held { event }
            | Verdict::Ended { event: Some(event) } => {
                if let Some(stock) = &mut self.stock {
                    stock.apply(&event);
                }
            }
            Verdict::Planned(plan) => {
                if let Some(fleet) = &mut self.supervisor {
                    // A replay runs no bots.
                    drop(fleet.apply(plan));
                }
            }
            Verdict::NotHeld { .. } | Verdict::Ended { event: None } => {}
        }
    }

    /// Keeps the facts of a decision until a batch publishes them. Also while the view is not known:
    /// its first checkpoint may stand between a decision and its batch.
    pub fn keep(&mut self, seq: u64, events: Vec<Event>) {
        let facts = facts(events.into_iter());
        if !facts.is_empty() {
            self.unpublished.insert(seq, facts);
        }
    }

    /// Shows a durable batch in the view. `since` is the record from which on the trace is whole: a
    /// decision before it is unknown, and so is the view then.
    ///
    /// # Errors
    /// The number of a record that is in the trace and decided nothing that could be published.
    pub fn publish(&mut self, version: u64, of: &[u64], since: u64) -> Result<(), u64> {
        if self.view.is_none() {
            of.iter().for_each(|seq| drop(self.unpublished.remove(seq)));
            return Ok(());
        }
        if let Some(unknown) = of.iter().find(|seq| !self.unpublished.contains_key(seq)) {
            if *unknown >= since {
                return Err(*unknown);
            }
            self.view = None;
            self.unpublished.clear();
            return Ok(());
        }
        let facts: Vec<Event> =
            of.iter().filter_map(|seq| self.unpublished.remove(seq)).flatten().collect();
        if let Some(view) = &mut self.view {
            view.apply(version, facts.iter());
        }
        Ok(())
    }

    /// Takes an actor's state over.
    pub fn restore(&mut self, checkpoint: Checkpoint) {
        match checkpoint {
            Checkpoint::Stock(machine) => self.stock = Some(machine),
            Checkpoint::Ledger(machine) => self.ledger = Some(machine),
            Checkpoint::View(view) => self.view = Some(view),
            Checkpoint::Supervisor(machine) => self.supervisor = Some(machine),
        }
    }

    /// The states that are known, as checkpoints.
    pub fn checkpoints(&self) -> Vec<Checkpoint> {
        let stock = self.stock.clone().map(Checkpoint::Stock);
        let ledger = self.ledger.clone().map(Checkpoint::Ledger);
        let view = self.view.clone().map(Checkpoint::View);
        let supervisor = self.supervisor.clone().map(Checkpoint::Supervisor);
        [stock, ledger, view, supervisor].into_iter().flatten().collect()
    }

    /// Whether this actor's state is known and not what the checkpoint says.
    pub fn contradicts(&self, checkpoint: &Checkpoint) -> bool {
        match checkpoint {
            Checkpoint::Stock(machine) => self.stock.as_ref().is_some_and(|known| known != machine),
            Checkpoint::Ledger(machine) => {
                self.ledger.as_ref().is_some_and(|known| known != machine)
            }
            // Of another batch when it was recorded in the place of the one that led to it.
            Checkpoint::View(view) => {
                let known = self.view.as_ref().filter(|known| known.version == view.version);
                known.is_some_and(|known| known != view)
            }
            Checkpoint::Supervisor(machine) => {
                self.supervisor.as_ref().is_some_and(|known| known != machine)
            }
        }
    }

    fn apply_event(&mut self, event: &Event) {
        match event {
            Event::Stock(event) => {
                if let Some(stock) = &mut self.stock {
                    stock.apply(event);
                }
            }
            Event::Ledger(event) => {
                if let Some(ledger) = &mut self.ledger {
                    ledger.apply(event);
                }
            }
        }
    }
}
