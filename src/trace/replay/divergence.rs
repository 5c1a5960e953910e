//! The first difference, as somebody wants to read it: which message, what is on record, what the
//! machines say now, and the part of the state before it that the message is about.

use super::Machines;
use super::read::Place;
use crate::trace::mention::Terms;
use crate::trace::record::{Actor, Checkpoint, Message, Record, Verdict};
use crate::trace::show;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Lines of state and of difference that are shown; the rest is counted.
const LINES_MAX: usize = 24;
/// Characters of one value that are shown.
const VALUE_MAX: usize = 300;

/// Why a replay stops at a record.
#[derive(Clone, Debug)]
pub enum Note {
    /// It is not the next record of a trace; the sentence says why.
    Bad(String),
    /// Its outcome is not what the machines say.
    Diverges(Box<Divergence>),
}

impl Note {
    pub(super) fn diverges(divergence: Divergence) -> Self {
        Self::Diverges(Box::new(divergence))
    }
}

/// A recorded outcome that today's machines do not reach.
#[derive(Clone, Debug, Serialize)]
pub struct Divergence {
    /// In which line of which file.
    pub place: Option<Place>,
    /// The record.
    pub record: Record,
    /// What is on record.
    pub expected: Value,
    /// What the machines say.
    pub actual: Value,
    /// The state before it, as far as the message or its outcomes name it: where and what.
    pub state: Vec<(String, Value)>,
}

impl Divergence {
    /// Another outcome than the recorded one.
    pub(super) fn outcome(record: &Record, decided: Option<&Verdict>, machines: &Machines) -> Self {
        let (expected, actual) = (plain(&record.outcome), plain(&decided));
        let mut terms = Terms::named_in(&plain(&record.message));
        terms.extend(Terms::named_in(&expected));
        terms.extend(Terms::named_in(&actual));
        let state = match record.actor {
            Actor::Stock => concerning("stock", &machines.stock, &terms),
            Actor::Ledger => concerning("ledger", &machines.ledger, &terms),
            Actor::Supervisor => concerning("supervisor", &machines.supervisor, &terms),
            Actor::Recorder | Actor::Committer => Vec::new(),
        };
        Self { place: None, record: record.clone(), expected, actual, state }
    }

    /// A checkpoint that is not what its actor knew: somebody else wrote into the state, or something
    /// happened that was not recorded.
    pub(super) fn state(record: &Record, machines: &Machines) -> Self {
        let (expected, actual) = match &record.message {
            Message::Checkpoint(Checkpoint::Stock(said)) => (plain(said), plain(&machines.stock)),
            Message::Checkpoint(Checkpoint::Ledger(said)) => (plain(said), plain(&machines.ledger)),
            Message::Checkpoint(Checkpoint::View(said)) => (plain(said), plain(&machines.view)),
            Message::Checkpoint(Checkpoint::Supervisor(said)) => {
                (plain(said), plain(&machines.supervisor))
            }
            Message::Begin(_)
            | Message::Gap { .. }
            | Message::Change(_)
            | Message::Ask { .. }
            | Message::Hold { .. }
            | Message::End { .. }
            | Message::Command(_)
            | Message::Fleet(_)
            | Message::Published { .. } => (Value::Null, Value::Null),
        };
        Self { place: None, record: record.clone(), expected, actual, state: Vec::new() }
    }

    /// A batch that shows what nobody decided.
    pub(super) fn unfounded(record: &Record, seq: u64) -> Self {
        let expected = Value::from(format!("record {seq} became durable with this batch"));
        let actual = Value::from(format!("record {seq} has no fact that was not durable before"));
        Self { place: None, record: record.clone(), expected, actual, state: Vec::new() }
    }

    /// The paths at which the two outcomes differ, with both values; `None` where one has nothing.
    pub fn differences(&self) -> Vec<(String, Option<Value>, Option<Value>)> {
        let (mut expected, mut actual) = (BTreeMap::new(), BTreeMap::new());
        flatten(String::new(), &self.expected, &mut expected);
        flatten(String::new(), &self.actual, &mut actual);
        let paths: std::collections::BTreeSet<_> =
            expected.keys().chain(actual.keys()).cloned().collect();
        paths
            .into_iter()
            .map(|path| {
                let (one, other) = (expected.get(&path).cloned(), actual.get(&path).cloned());
                (path, one, other)
            })
            .filter(|(_, one, other)| one != other)
            .collect()
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "first divergence at record {}", self.record.seq)?;
        if let Some(place) = &self.place {
            write!(f, " ({place})")?;
        }
        writeln!(f, "\n  {}", show::line(&self.record))?;
        writeln!(f, "outcome (- on record, + decided now)")?;
        let differences = self.differences();
        for (path, expected, actual) in differences.iter().take(LINES_MAX) {
            for (sign, value) in [('-', expected), ('+', actual)] {
                if let Some(value) = value {
                    writeln!(f, "  {sign} {path} {}", short(value))?;
                }
            }
        }
        more(f, differences.len())?;
        if self.state.is_empty() {
            return Ok(());
        }
        writeln!(f, "state before it, as far as it is named")?;
        for (path, value) in self.state.iter().take(LINES_MAX) {
            writeln!(f, "    {path} {}", short(value))?;
        }
        more(f, self.state.len())
    }
}

fn more(f: &mut fmt::Formatter<'_>, lines: usize) -> fmt::Result {
    match lines.checked_sub(LINES_MAX) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(f, "    and {more} more"),
    }
}

fn concerning<M: Serialize>(
    name: &str,
    machine: &Option<M>,
    terms: &Terms,
) -> Vec<(String, Value)> {
    let found = machine.iter().flat_map(|machine| terms.concerning(&plain(machine)));
    found.map(|(path, value)| (format!("{name}{path}"), value)).collect()
}

fn plain<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE_MAX {
        return text;
    }
    text.chars().take(VALUE_MAX).chain("…".chars()).collect()
}

/// Every scalar with its path.
fn flatten(path: String, value: &Value, out: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                flatten(format!("{path}/{key}"), value, out);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (place, value) in list.iter().enumerate() {
                flatten(format!("{path}/{place}"), value, out);
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            out.insert(path, value.clone());
        }
    }
}
