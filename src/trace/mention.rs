//! Who and what is named in records and states, seen on their JSON: ids say by their form what they
//! are, so nothing has to know the shape of every message.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Prefixes of ids that belong to one thing only.
const PREFIXES: [&str; 8] = ["cat_", "prd_", "itm_", "hld_", "ent_", "wdr_", "quo_", "ord_"];
/// Fields that hold a person's number.
const PEOPLE: [&str; 6] = ["user", "by", "owner", "requested_by", "chat", "caller"];
/// Entries of a long list or map that are kept as a sample.
const SAMPLE: usize = 3;

/// Ids to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Ids of things: `ord_…`, `itm_4`.
    things: BTreeSet<String>,
    /// Agents, by the short name.
    agents: BTreeSet<String>,
    /// People, by Telegram's number.
    people: BTreeSet<i64>,
}

impl Terms {
    /// Everything that `value` names. The master's shop is not a term: it is in everything.
    pub(crate) fn named_in(value: &Value) -> Self {
        let mut terms = Self::default();
        terms.collect(None, value);
        terms
    }

    /// One thing's id.
    pub(crate) fn add_thing(&mut self, id: impl Into<String>) {
        self.things.insert(id.into());
    }

    /// Not this thing any more.
    pub(crate) fn drop_thing(&mut self, id: &str) {
        self.things.remove(id);
    }

    /// One agent.
    pub(crate) fn add_agent(&mut self, agent: impl Into<String>) {
        self.agents.insert(agent.into());
    }

    /// One person.
    pub(crate) fn add_person(&mut self, user: i64) {
        self.people.insert(user);
    }

    /// The contents of the items among these, as a state's shelves have them.
    pub(crate) fn add_contents(&mut self, state: &Value) {
        match state {
            Value::Object(map) => {
                for (key, value) in map {
                    match value {
                        Value::String(content)
                            if self.things.contains(key) && is_print(content) =>
                        {
                            self.things.insert(content.clone());
                        }
                        value => self.add_contents(value),
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|value| self.add_contents(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Both.
    pub(crate) fn extend(&mut self, other: Self) {
        self.things.extend(other.things);
        self.agents.extend(other.agents);
        self.people.extend(other.people);
    }

    /// Whether any of these is named anywhere in `value`.
    pub(crate) fn are_in(&self, value: &Value) -> bool {
        let named = Self::named_in(value);
        named.things.intersection(&self.things).next().is_some()
            || named.agents.intersection(&self.agents).next().is_some()
            || named.people.intersection(&self.people).next().is_some()
    }

    /// The entries of a state that are about these terms, with their paths. A shop alone does not
    /// make an entry one of them, or every customer of the shop would be.
    pub(crate) fn concerning(&self, state: &Value) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        self.walk("", state, &mut found);
        found
    }

    /// Whether an entry of a collection is about these terms: by its key, or by what it holds.
    pub(crate) fn claim(&self, key: Option<&str>, value: &Value) -> bool {
        // What a content belongs to says nothing about whom it concerns.
        key.is_some_and(|key| self.is_key(key))
            || (!key.is_some_and(is_print) && self.claim_value(None, value))
    }

    fn walk(&self, path: &str, value: &Value, found: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let path = format!("{path}/{key}");
                    if self.is_key(key) {
                        found.push((path, self.trimmed(value)));
                    } else if self.claim_value(Some(key), value) {
                        if is_collection(value) {
                            self.walk(&path, value, found);
                        } else {
                            found.push((path, self.trimmed(value)));
                        }
                    }
                }
            }
            Value::Array(list) => {
                for (place, value) in list.iter().enumerate() {
                    if self.claim_value(None, value) {
                        found.push((format!("{path}/{place}"), self.trimmed(value)));
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Whether a map's key is one of the terms. A customer's account is his only.
    fn is_key(&self, key: &str) -> bool {
        let parts: Vec<&str> = key.split('/').collect();
        match parts.as_slice() {
            ["customer", _, user] | ["legacy", "wallet", user] => self.is_person(user),
            ["agent", agent, _] => self.agents.contains(*agent),
            [only] => {
                self.things.contains(*only)
                    || self.agents.contains(only.strip_prefix("agent:").unwrap_or(only))
            }
            _ => false,
        }
    }

    /// Whether a value names a thing or a person of these; shops and agents do not count.
    fn claim_value(&self, field: Option<&str>, value: &Value) -> bool {
        match value {
            Value::String(text) => self.things.contains(text),
            Value::Number(number) => {
                field.is_some_and(|field| PEOPLE.contains(&field))
                    && number.as_i64().is_some_and(|user| self.people.contains(&user))
            }
            Value::Array(list) => {
                pair(list).is_some_and(|user| self.people.contains(&user))
                    || list.iter().any(|value| self.claim_value(None, value))
            }
            Value::Object(map) => map
                .iter()
                .any(|(key, value)| self.is_key(key) || self.claim_value(Some(key), value)),
            Value::Null | Value::Bool(_) => false,
        }
    }

    /// A value without most of what is not about the terms, when it is long.
    fn trimmed(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) if map.len() > SAMPLE && is_map(map) => {
                let mine = map.iter().filter(|(key, value)| self.claim(Some(key), value));
                let mut kept: Map<_, _> = mine.take(SAMPLE).map(own).collect();
                if kept.is_empty() {
                    kept.extend(map.iter().take(SAMPLE).map(own));
                }
                let more = map.len() - kept.len();
                kept.insert("…".to_owned(), format!("{more} more").into());
                Value::Object(kept)
            }
            Value::Array(list) if list.len() > 2 * SAMPLE => {
                let mut kept: Vec<_> = list.iter().take(SAMPLE).cloned().collect();
                kept.push(format!("{} more", list.len() - SAMPLE).into());
                Value::Array(kept)
            }
            Value::Object(map) => {
                map.iter().map(|(key, value)| (key.clone(), self.trimmed(value))).collect()
            }
            Value::Array(list) => list.iter().map(|value| self.trimmed(value)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    fn collect(&mut self, field: Option<&str>, value: &Value) {
        match value {
            Value::String(text) => self.collect_text(field, text),
            Value::Number(number) if field.is_some_and(|field| PEOPLE.contains(&field)) => {
                self.people.extend(number.as_i64());
            }
            Value::Array(list) => {
                self.people.extend(pair(list));
                list.iter().for_each(|value| self.collect(None, value));
            }
            Value::Object(map) => {
                for (key, value) in map {
                    self.collect_text(None, key);
                    self.collect(Some(key), value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn collect_text(&mut self, field: Option<&str>, text: &str) {
        if field == Some("agent") {
            self.agents.insert(text.to_owned());
        }
        for part in text.split('/') {
            if let Some(agent) = part.strip_prefix("agent:") {
                self.agents.insert(agent.to_owned());
            } else if PREFIXES.iter().any(|prefix| part.starts_with(prefix)) || is_print(part) {
                self.things.insert(part.to_owned());
            }
        }
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            ["customer", _, user] | ["legacy", "wallet", user] => {
                self.people.extend(user.parse::<i64>());
            }
            ["agent", agent, _] => {
                self.agents.insert((*agent).to_owned());
            }
            _ => {}
        }
    }

    fn is_person(&self, text: &str) -> bool {
        text.parse().is_ok_and(|user: i64| self.people.contains(&user))
    }
}

/// Whether a value is a list or a map of things, not one thing.
pub(crate) fn is_collection(value: &Value) -> bool {
    match value {
        Value::Array(list) => pair(list).is_none(),
        Value::Object(map) => is_map(map) || map.values().all(is_collection),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether an object is a map by id; the fields of a struct are plain words.
pub(crate) fn is_map(map: &Map<String, Value>) -> bool {
    let is_id = |key: &String| {
        key.contains(['/', ':'])
            || key.starts_with(|first: char| first.is_ascii_digit())
            || PREFIXES.iter().any(|prefix| key.starts_with(prefix))
            || is_print(key)
    };
    map.keys().any(is_id)
}

/// Whether a text is a fingerprint.
fn is_print(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The person of a `[shop, person]` pair.
fn pair(list: &[Value]) -> Option<i64> {
    let [.., Value::String(shop), Value::Number(user)] = list else { return None };
    (shop == "master" || shop.starts_with("agent:")).then(|| user.as_i64())?
}

fn own<'a>((key, value): (&'a String, &'a Value)) -> (String, Value) {
    (key.clone(), value.clone())
}
