//! Makes the checkpoints of a piece smaller: entries go that nothing in the piece names, as long as
//! the replay does not mind.

use super::{Draft, EFFORT, named_in};
use crate::trace::mention::{Terms, is_collection, is_map};
use crate::trace::record::{Checkpoint, Message, Record};
use serde_json::Value;

/// The records with checkpoints that hold only what the terms name.
pub(super) fn pruned(records: &[Record], terms: &Terms) -> Vec<Record> {
    let mut terms = terms.clone();
    let states: Vec<Option<Value>> = records.iter().map(state).collect();
    states.iter().flatten().for_each(|state| terms.add_contents(state));
    let prune = |(record, state): (&Record, &Option<Value>)| match state {
        None => record.clone(),
        Some(state) => {
            let mut state = state.clone();
            prune(&mut state, &terms);
            with_state(record, state).unwrap_or_else(|| record.clone())
        }
    };
    records.iter().zip(&states).map(prune).collect()
}

/// Drops entries collection by collection, in bunches each half as large as the one before.
pub(super) fn shrink(draft: &mut Draft) {
    let small = pruned(&draft.records, &named_in(&draft.records));
    if draft.holds(&small) {
        draft.records = small;
        return;
    }
    let mut terms = named_in(&draft.records);
    draft.records.iter().filter_map(state).for_each(|state| terms.add_contents(&state));
    let mut effort = 0;
    for place in 0..draft.records.len() {
        let Some(whole) = state(&draft.records[place]) else { continue };
        for path in collections(&whole) {
            shrink_one(draft, place, &path, &terms, &mut effort);
        }
    }
}

/// Drops entries of one collection of the checkpoint at `place`.
fn shrink_one(draft: &mut Draft, place: usize, path: &[String], terms: &Terms, effort: &mut usize) {
    let Some(mut whole) = state(&draft.records[place]) else { return };
    let mut size = at(&mut whole, path).map_or(0, |value| strangers(value, terms).len());
    while size > 0 && *effort < EFFORT {
        let mut skip = 0;
        loop {
            let Some(mut smaller) = state(&draft.records[place]) else { return };
            let Some(value) = at(&mut smaller, path) else { return };
            let gone: Vec<String> =
                strangers(value, terms).into_iter().skip(skip).take(size).collect();
            if gone.is_empty() || *effort >= EFFORT {
                break;
            }
            without(value, &gone);
            *effort += draft.records.len();
            let Some(record) = with_state(&draft.records[place], smaller) else { return };
            let before = std::mem::replace(&mut draft.records[place], record);
            if !draft.holds(&draft.records) {
                draft.records[place] = before;
                skip += gone.len();
            }
        }
        size /= 2;
    }
}

/// A checkpoint's state as JSON.
fn state(record: &Record) -> Option<Value> {
    match &record.message {
        Message::Checkpoint(checkpoint) => serde_json::to_value(checkpoint).ok(),
        Message::Begin(_)
        | Message::Gap { .. }
        | Message::Change(_)
        | Message::Ask { .. }
        | Message::Hold { .. }
        | Message::End { .. }
        | Message::Command(_)
        | Message::Fleet(_)
        | Message::Published { .. } => None,
    }
}

/// The record with another state; none when that is no state.
fn with_state(record: &Record, state: Value) -> Option<Record> {
    let checkpoint: Checkpoint = serde_json::from_value(state).ok()?;
    Some(Record { message: Message::Checkpoint(checkpoint), ..record.clone() })
}

/// Removes every entry that is about none of the terms.
fn prune(value: &mut Value, terms: &Terms) {
    if is_numbers(value) {
        return;
    }
    let gone = if is_list_or_map(value) { strangers(value, terms) } else { Vec::new() };
    without(value, &gone);
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| {
            if is_collection(value) || value.is_object() {
                prune(value, terms);
            }
        }),
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The keys or places of a collection's entries that are about none of the terms. The master's shop
/// is everybody's.
fn strangers(value: &Value, terms: &Terms) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(key, value)| *key != "master" && !terms.claim(Some(key), value))
            .map(|(key, _)| key.clone())
            .collect(),
        Value::Array(list) => (0..)
            .zip(list)
            .filter(|(_, value)| !terms.claim(None, value))
            .map(|(place, _): (usize, _)| place.to_string())
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Removes the entries with these keys or places.
fn without(value: &mut Value, gone: &[String]) {
    let gone: std::collections::BTreeSet<&str> = gone.iter().map(String::as_str).collect();
    match value {
        Value::Object(map) => map.retain(|key, _| !gone.contains(key.as_str())),
        Value::Array(list) => {
            let mut place = 0_usize;
            list.retain(|_| {
                place += 1;
                !gone.contains((place - 1).to_string().as_str())
            });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Where the collections of a state are, outer ones first.
fn collections(state: &Value) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    walk(state, &mut Vec::new(), &mut found);
    found
}

fn walk(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    if is_list_or_map(value) && !is_numbers(value) {
        found.push(path.clone());
    }
    if let Value::Object(map) = value {
        for (key, value) in map {
            path.push(key.clone());
            walk(value, path, found);
            path.pop();
        }
    }
}

fn at<'a>(state: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(state, |value, key| value.get_mut(key))
}

fn is_list_or_map(value: &Value) -> bool {
    match value {
        Value::Array(_) => is_collection(value),
        Value::Object(map) => is_map(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Plain numbers are settings or people with a role, not entries.
fn is_numbers(value: &Value) -> bool {
    value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_number))
}
