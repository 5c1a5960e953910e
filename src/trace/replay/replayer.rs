//! One record after the other: which machine decides it, and what must be equal.

use super::divergence::{Divergence, Note};
use super::{Machines, Options, Replayed};
use crate::domain::event::RULES_VERSION;
use crate::domain::id::TenantId;
use crate::trace::record::{Actor, Checkpoint, Message, Record, Verdict};
use std::collections::BTreeSet;

/// What a replay looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Records read.
    pub records: u64,
    /// Messages decided again, with the same outcome.
    pub decided: u64,
    /// Messages whose recorded outcome was taken as it is: of another shop than the one asked for, or
    /// recorded under another version of the rules.
    pub applied: u64,
    /// Records that the recorder had to drop, as it says itself.
    pub dropped: u64,
    /// Records that are not in the files and of which nobody says why; a cut piece has such.
    pub left_out: u64,
}

/// A replay under way.
#[derive(Clone, Debug)]
pub struct Replayer {
    actor: Option<Actor>,
    tenant: Option<TenantId>,
    machines: Machines,
    counts: Counts,
    last: Option<u64>,
    /// The record from which on none is missing.
    whole_since: u64,
    /// Actors whose next checkpoint only repeats what is known: their file was rotated.
    repeats: BTreeSet<Actor>,
}

impl Replayer {
    /// Before the first record. Where a replay ends is up to who feeds it.
    pub fn new(options: &Options) -> Self {
        Self {
            actor: options.actor,
            tenant: options.tenant.clone(),
            machines: Machines::default(),
            counts: Counts::default(),
            last: None,
            whole_since: 0,
            repeats: BTreeSet::new(),
        }
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// [`Note`]: the record is no next record, or its outcome is not what the machines say. The state
    /// is the one before it.
    pub fn record(&mut self, record: Record) -> Result<(), Note> {
        self.number(&record)?;
        self.counts.records += 1;
        match &record.message {
            Message::Begin(_) => Ok(()),
            Message::Gap { dropped, .. } => {
                self.counts.dropped += dropped;
                self.forget(record.seq);
                Ok(())
            }
            Message::Checkpoint(_) => self.checkpoint(record),
            Message::Published { version, of } => {
                if self.is_wanted(Actor::Committer) {
                    let published = self.machines.publish(*version, of, self.whole_since);
                    published.map_err(|seq| Note::diverges(Divergence::unfounded(&record, seq)))?;
                }
                Ok(())
            }
            Message::Change(_)
            | Message::Ask { .. }
            | Message::Hold { .. }
            | Message::End { .. }
            | Message::Command(_)
            | Message::Fleet(_) => self.decision(record),
        }
    }

    /// What was looked at so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// What the actors know now.
    pub const fn machines(&self) -> &Machines {
        &self.machines
    }

    /// Ends the replay.
    pub fn end(self, divergence: Option<Box<Divergence>>) -> Replayed {
        Replayed { counts: self.counts, machines: self.machines, divergence, torn: Vec::new() }
    }

    /// Numbers grow. A file that does not go on where the last one ended begins another recording.
    fn number(&mut self, record: &Record) -> Result<(), Note> {
        let last = self.last.replace(record.seq);
        let begins = matches!(record.message, Message::Begin(_));
        match last {
            None if begins => {
                self.whole_since = record.seq;
                Ok(())
            }
            None => Err(Note::Bad("a trace begins with a `begin` record".to_owned())),
            Some(last) if begins && record.seq == last + 1 => {
                self.repeats = Actor::ALL.into();
                Ok(())
            }
            Some(_) if begins => {
                self.forget(record.seq);
                Ok(())
            }
            Some(last) if record.seq < last => {
                Err(Note::Bad(format!("record {} comes after record {last}", record.seq)))
            }
            Some(last) => {
                let missing = record.seq.saturating_sub(last + 1);
                if missing > 0 {
                    self.counts.left_out += missing;
                    self.whole_since = record.seq;
                }
                Ok(())
            }
        }
    }

    /// What comes next has nothing to do with what was.
    fn forget(&mut self, seq: u64) {
        self.machines = Machines::default();
        self.whole_since = seq;
        self.repeats.clear();
    }

    fn checkpoint(&mut self, record: Record) -> Result<(), Note> {
        let Message::Checkpoint(checkpoint) = &record.message else { return Ok(()) };
        let actor = checkpoint.actor();
        if !self.is_wanted(actor) {
            return Ok(());
        }
        if self.begins_generation(checkpoint) {
            self.repeats.clear();
        }
        if matches!(checkpoint, Checkpoint::Supervisor(machine) if machine.is_new()) {
            // The fleet has begun anew, and nothing of the one before is its own.
            self.repeats.remove(&actor);
        }
        if self.repeats.remove(&actor) && self.machines.contradicts(checkpoint) {
            let divergence = Divergence::state(&record, &self.machines);
            return Err(Note::diverges(divergence));
        }
        if let Message::Checkpoint(checkpoint) = record.message {
            self.machines.restore(checkpoint);
        }
        Ok(())
    }

    /// A new generation of the core is loaded from the store: its states are its own.
    fn begins_generation(&self, checkpoint: &Checkpoint) -> bool {
        match (checkpoint, &self.machines.stock) {
            (Checkpoint::Stock(machine), Some(known)) => machine.generation() != known.generation(),
            (
                Checkpoint::Stock(_)
                | Checkpoint::Ledger(_)
                | Checkpoint::View(_)
                | Checkpoint::Supervisor(_),
                _,
            ) => false,
        }
    }

    fn decision(&mut self, record: Record) -> Result<(), Note> {
        let Record { seq, at, rules, actor, ref message, .. } = record;
        if !self.is_wanted(actor) {
            self.follow(record);
            return Ok(());
        }
        if rules == RULES_VERSION && self.concerns(message) {
            let decided =
                self.machines.decide(message, at).map_err(|why| Note::Bad(why.to_string()))?;
            if decided != record.outcome {
                let divergence = Divergence::outcome(&record, decided.as_ref(), &self.machines);
                return Err(Note::diverges(divergence));
            }
            self.counts.decided += 1;
            if let Some(verdict) = decided {
                self.machines.apply(seq, verdict);
            }
        } else {
            self.counts.applied += 1;
            if let Some(verdict) = record.outcome {
                self.machines.apply(seq, verdict);
            }
        }
        Ok(())
    }

    /// The view is made of what others decide, even when they are not looked at.
    fn follow(&mut self, record: Record) {
        if self.is_wanted(Actor::Committer)
            && let Some(Verdict::Accepted { events, .. }) = record.outcome
        {
            self.machines.keep(record.seq, events);
        }
    }

    fn is_wanted(&self, actor: Actor) -> bool {
        self.actor.is_none_or(|wanted| wanted == actor)
    }

    fn concerns(&self, message: &Message) -> bool {
        self.tenant.is_none() || message.tenant() == self.tenant.as_ref()
    }
}
