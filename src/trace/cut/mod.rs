//! The smallest replayable piece of a trace around one order, agent or chat.
//!
//! The replay itself is the judge: whatever can be left out without changing how the records that
//! matter are decided is left out. The piece begins with checkpoints as of the first such record,
//! made by replaying what lies before; then records that do not belong to it go, in ever smaller
//! bunches, then entries of the checkpoints that nothing in the piece names. A trace that diverges is
//! cut to a piece that diverges at the same record.

mod checkpoint;

use super::mention::Terms;
use super::record::{Actor, Entry, Message, Record, Verdict};
use super::replay::{Note, Options, Replayer, replay};
use super::show::Focus;
use std::collections::BTreeSet;
use std::fmt;

/// Records that may be replayed to leave some out, and again as many for the checkpoints. More would
/// make a piece smaller by little.
const EFFORT: usize = 200_000;

/// A piece of a trace.
#[derive(Clone, Debug)]
pub struct Piece {
    /// What is left.
    pub records: Vec<Record>,
    /// How many records were read.
    pub read: u64,
    /// The record at which it diverges, as the whole trace does.
    pub diverges_at: Option<u64>,
}

/// Why there is no piece.
#[derive(Debug, thiserror::Error)]
pub enum CutError<E> {
    /// The trace cannot be read.
    #[error(transparent)]
    Read(E),
    /// The records are no trace.
    #[error("record {seq}: {reason}")]
    Order {
        /// At which record.
        seq: u64,
        /// Why.
        reason: String,
    },
    /// Nothing in it is about what was asked for.
    #[error("no record mentions it")]
    Nothing,
    /// What comes after the first divergence cannot be replayed.
    #[error("the trace diverges at record {seq}, before anything about it")]
    DivergesBefore {
        /// Where.
        seq: u64,
    },
}

/// Cuts a piece out of a trace.
///
/// # Errors
/// [`CutError`] says why there is none.
pub fn cut<E>(
    records: impl Iterator<Item = Result<Record, E>>,
    mut focus: Focus,
) -> Result<Piece, CutError<E>> {
    let mut found = gather(records, &mut focus)?;
    let diverges_at = found.diverges_at;
    found.trim();
    let mut draft = Draft { records: found.records, wanted: found.wanted, diverges_at };
    draft.begin_small();
    draft.drop_records();
    checkpoint::shrink(&mut draft);
    Ok(Piece { records: draft.finished(), read: found.read, diverges_at })
}

/// What was read from the first record that matters on, with checkpoints before it.
struct Found {
    records: Vec<Record>,
    /// Numbers of the records that matter.
    wanted: BTreeSet<u64>,
    read: u64,
    diverges_at: Option<u64>,
}

/// A piece while it is made smaller.
struct Draft {
    records: Vec<Record>,
    wanted: BTreeSet<u64>,
    diverges_at: Option<u64>,
}

fn gather<E>(
    records: impl Iterator<Item = Result<Record, E>>,
    focus: &mut Focus,
) -> Result<Found, CutError<E>> {
    let mut replayer = Replayer::new(&Options::default());
    let mut found =
        Found { records: Vec::new(), wanted: BTreeSet::new(), read: 0, diverges_at: None };
    let mut begin = None;
    for record in records {
        let record = record.map_err(CutError::Read)?;
        found.read += 1;
        let seq = record.seq;
        if focus.has(&record) {
            if found.wanted.is_empty() {
                found.records.extend(begin.take());
                found.records.extend(checkpoints(&replayer, &record));
            }
            found.wanted.insert(seq);
        }
        if !found.wanted.is_empty() {
            found.records.push(record.clone());
        } else if let Message::Begin(_) = record.message {
            begin = Some(record.clone());
        }
        match replayer.record(record) {
            Ok(()) => {}
            Err(Note::Bad(reason)) => return Err(CutError::Order { seq, reason }),
            Err(Note::Diverges(_)) if found.wanted.is_empty() => {
                return Err(CutError::DivergesBefore { seq });
            }
            Err(Note::Diverges(_)) => {
                found.diverges_at = Some(seq);
                found.wanted.insert(seq);
                break;
            }
        }
    }
    if found.wanted.is_empty() { Err(CutError::Nothing) } else { Ok(found) }
}

/// What the actors know before `first`, as records under the number before it.
fn checkpoints(replayer: &Replayer, first: &Record) -> Vec<Record> {
    let seq = first.seq.saturating_sub(1);
    let known = replayer.machines().checkpoints().into_iter();
    known
        .map(|checkpoint| {
            let actor = checkpoint.actor();
            Entry::from(Message::Checkpoint(checkpoint)).into_record(seq, first.at, actor)
        })
        .collect()
}

impl Found {
    /// Nothing after the last record that matters.
    fn trim(&mut self) {
        let last = self.wanted.last().copied().unwrap_or(u64::MAX);
        self.records.retain(|record| record.seq <= last);
    }
}

impl Draft {
    /// Whether these records replay as the whole trace does.
    fn holds(&self, records: &[Record]) -> bool {
        let replayed = replay(published(records), &Options::default());
        replayed.is_ok_and(|replayed| {
            replayed.divergence.map(|found| found.record.seq) == self.diverges_at
        })
    }

    /// Most often what matters is all that is needed, and of the checkpoints what it names.
    fn begin_small(&mut self) {
        let alone: Vec<Record> =
            self.records.iter().filter(|record| self.is_kept(record)).cloned().collect();
        let small = checkpoint::pruned(&alone, &named_in(&alone));
        let all = checkpoint::pruned(&self.records, &named_in(&self.records));
        for candidate in [small, alone, all] {
            if self.holds(&candidate) {
                self.records = candidate;
                return;
            }
        }
    }

    /// Leaves out what does not matter in bunches, each half as large as the one before.
    fn drop_records(&mut self) {
        let (mut effort, mut size) = (0, self.records.len().div_ceil(2));
        while size > 0 && effort < EFFORT {
            let mut start = 0;
            while start < self.records.len() && effort < EFFORT {
                let end = (start + size).min(self.records.len());
                let candidate: Vec<Record> = self
                    .records
                    .iter()
                    .enumerate()
                    .filter(|(place, record)| {
                        *place < start || *place >= end || self.is_wanted(record)
                    })
                    .map(|(_, record)| record.clone())
                    .collect();
                if candidate.len() == self.records.len() {
                    start = end;
                    continue;
                }
                effort += candidate.len();
                if self.holds(&candidate) {
                    start += candidate.len() + end - start - self.records.len();
                    self.records = candidate;
                } else {
                    start = end;
                }
            }
            size /= 2;
        }
    }

    fn finished(self) -> Vec<Record> {
        published(&self.records)
    }

    fn is_wanted(&self, record: &Record) -> bool {
        match record.message {
            Message::Begin(_) => self.records.first().is_some_and(|first| first.seq == record.seq),
            Message::Checkpoint(_) | Message::Gap { .. } => false,
            Message::Change(_)
            | Message::Ask { .. }
            | Message::Hold { .. }
            | Message::End { .. }
            | Message::Command(_)
            | Message::Fleet(_)
            | Message::Published { .. } => self.wanted.contains(&record.seq),
        }
    }

    fn is_kept(&self, record: &Record) -> bool {
        self.is_wanted(record) || record.actor == Actor::Recorder || is_checkpoint(record)
    }
}

const fn is_checkpoint(record: &Record) -> bool {
    matches!(record.message, Message::Checkpoint(_))
}

/// Everything that the records name, without their checkpoints.
fn named_in(records: &[Record]) -> Terms {
    let mut terms = Terms::default();
    for record in records.iter().filter(|record| !is_checkpoint(record)) {
        for part in [serde_json::to_value(&record.message), serde_json::to_value(&record.outcome)] {
            terms.extend(Terms::named_in(&part.unwrap_or_default()));
        }
    }
    terms
}

/// The records, with batches that publish only decisions that are left.
fn published(records: &[Record]) -> Vec<Record> {
    let mut left = BTreeSet::new();
    let mut kept = Vec::with_capacity(records.len());
    for record in records {
        let mut record = record.clone();
        if let Message::Published { of, .. } = &mut record.message {
            of.retain(|seq| left.contains(seq));
            if of.is_empty() {
                continue;
            }
        } else if let Some(Verdict::Accepted { .. }) = record.outcome {
            left.insert(record.seq);
        }
        kept.push(record);
    }
    kept
}

impl fmt::Display for Piece {
    /// One line for the person who asked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} records", self.records.len(), self.read)?;
        match self.diverges_at {
            None => f.write_str("; the piece replays without divergence"),
            Some(seq) => write!(f, "; the piece diverges at record {seq}, as the whole does"),
        }
    }
}
