//! What every command carries, and the memory of commands that were accepted (DESIGN.md, law 2).

use super::id::{CommandId, TenantId, UserId};
use super::outcome::Outcome;
use super::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize, Serializer};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Who gives a command. A user is what Telegram says he is; nothing he sends can change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// The fleet itself: maturity, delivery marks, configuration.
    System,
    /// A person, by numeric id.
    User(UserId),
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::User(user) => write!(f, "user:{user}"),
        }
    }
}

/// One command to one machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command<Body> {
    /// Chosen by the sender; a repeat of an accepted id has no second effect.
    pub id: CommandId,
    /// The shop through whose bot it came.
    pub tenant: TenantId,
    /// Who gives it.
    pub caller: Caller,
    /// What is to be done.
    pub body: Body,
}

/// What makes two commands the same: shop, caller and id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandKey {
    /// The shop through whose bot it came.
    pub tenant: TenantId,
    /// Who gave it.
    pub caller: Caller,
    /// The sender's id for it.
    pub id: CommandId,
}

impl Ord for CommandKey {
    /// By caller first: his number is at hand, and the texts are looked at among his commands only.
    fn cmp(&self, other: &Self) -> Ordering {
        let texts = || self.id.cmp(&other.id).then_with(|| self.tenant.cmp(&other.tenant));
        self.caller.cmp(&other.caller).then_with(texts)
    }
}

impl PartialOrd for CommandKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<Body> Command<Body> {
    /// What makes this command the same as another.
    pub fn key(&self) -> CommandKey {
        CommandKey { tenant: self.tenant.clone(), caller: self.caller, id: self.id.clone() }
    }
}

/// An accepted command and its answer, remembered so that a repeat gets the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Which command.
    pub key: CommandKey,
    /// When it was decided.
    pub at: Timestamp,
    /// The answer.
    pub outcome: Outcome,
}

/// What a machine decided: the facts to apply and the answer to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted<Event> {
    /// Facts, in order. None of them is durable when the command was a repeat or a no-op.
    pub events: Vec<Event>,
    /// The answer for the caller.
    pub outcome: Outcome,
}

impl<Event> Accepted<Event> {
    /// An answer without any fact: a repeat, a query, a no-op.
    pub const fn nothing(outcome: Outcome) -> Self {
        Self { events: Vec::new(), outcome }
    }
}

/// Recently accepted commands, forgotten after a span (72 hours by default). Serialised as a list,
/// oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<Answered>")]
pub struct Recent {
    by_key: BTreeMap<CommandKey, (Timestamp, Outcome)>,
    by_age: BTreeSet<(Timestamp, CommandKey)>,
}

impl Serialize for Recent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let answered = |(at, key): &(Timestamp, CommandKey)| {
            let (_, outcome) = self.by_key.get(key)?;
            Some(Answered { key: key.clone(), at: *at, outcome: outcome.clone() })
        };
        serializer.collect_seq(self.by_age.iter().filter_map(answered))
    }
}

impl From<Vec<Answered>> for Recent {
    /// What was serialised; nothing is too old for it.
    fn from(answers: Vec<Answered>) -> Self {
        let entry = |Answered { key, at, outcome }| (key, (at, outcome));
        let by_key: BTreeMap<_, _> = answers.into_iter().map(entry).collect();
        let by_age = by_key.iter().map(|(key, (at, _))| (*at, key.clone())).collect();
        Self { by_key, by_age }
    }
}

impl Recent {
    /// The memory as a store kept it. Built at once and not answer by answer: a million of them take
    /// two thirds of the room, and the names of shops are there once.
    pub(in crate::domain) fn restore(answers: Vec<Answered>, keep: Millis) -> Self {
        let horizon = answers.iter().map(|answered| answered.at - keep).max();
        let mut shops: BTreeSet<TenantId> = BTreeSet::new();
        let mut kept = |Answered { mut key, at, outcome }: Answered| {
            if let Some(shop) = shops.get(&key.tenant) {
                key.tenant = shop.clone();
            } else {
                shops.insert(key.tenant.clone());
            }
            (key, (at, outcome))
        };
        let young = answers.into_iter().filter(|answered| Some(answered.at) >= horizon);
        let by_key: BTreeMap<_, _> = young.map(&mut kept).collect();
        let by_age = by_key.iter().map(|(key, (at, _))| (*at, key.clone())).collect();
        Self { by_key, by_age }
    }

    /// The answer that an accepted command got.
    pub fn outcome(&self, key: &CommandKey) -> Option<&Outcome> {
        self.by_key.get(key).map(|(_, outcome)| outcome)
    }

    /// Remembers an answer, and forgets those older than `keep` before it.
    pub fn remember(&mut self, answered: &Answered, keep: Millis) {
        let Answered { key, at, outcome } = answered;
        if let Some((before, _)) = self.by_key.insert(key.clone(), (*at, outcome.clone())) {
            self.by_age.remove(&(before, key.clone()));
        }
        self.by_age.insert((*at, key.clone()));
        let horizon = *at - keep;
        while let Some((oldest, key)) = self.by_age.first() {
            if *oldest >= horizon {
                break;
            }
            self.by_key.remove(key);
            self.by_age.pop_first();
        }
    }

    /// How many answers are remembered.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(id: &str, at: i64) -> Answered {
        let key = CommandKey {
            tenant: TenantId::Master,
            caller: Caller::User(UserId::new(1)),
            id: id.parse().expect("valid"),
        };
        Answered { key, at: Timestamp::from_ms(at), outcome: Outcome::Done }
    }

    #[test]
    fn answers_are_forgotten_after_the_span_and_not_before() {
        let mut recent = Recent::default();
        let keep = Millis::from_ms(10);
        recent.remember(&answered("a", 0), keep);
        recent.remember(&answered("b", 10), keep);
        assert!(recent.outcome(&answered("a", 0).key).is_some());
        recent.remember(&answered("c", 11), keep);
        assert!(recent.outcome(&answered("a", 0).key).is_none());
        recent.remember(&answered("b", 12), keep);
        recent.remember(&answered("d", 22), keep);
        assert!(recent.outcome(&answered("b", 0).key).is_some(), "the later answer counts");
        assert_eq!(recent.len(), 2);
    }

    #[test]
    fn what_is_restored_is_what_was_remembered() {
        let answers: Vec<_> =
            [("a", 0), ("b", 10), ("c", 11), ("d", 15)].map(|(id, at)| answered(id, at)).into();
        for keep in [0, 4, 5, 14, 15, 100].map(Millis::from_ms) {
            let mut remembered = Recent::default();
            answers.iter().for_each(|answered| remembered.remember(answered, keep));
            assert_eq!(Recent::restore(answers.clone(), keep), remembered, "{keep:?}");
        }
        assert!(Recent::restore(Vec::new(), Millis::ZERO).is_empty());
    }
}
