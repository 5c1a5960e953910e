//! What is remembered of a chat between two updates: the open question, the request at hand, and the
//! last thing said. Small, without secrets, versioned.

use super::requests::Awaiting;
use crate::domain::time::{Millis, Timestamp};
use crate::telegram::callback::Tap;
use crate::telegram::screen::{Note, Question};
use serde::{Deserialize, Serialize};

/// The version that is written.
const VERSION: u32 = 1;

/// How long a typed text counts as the answer to a question. An amount typed the next day is not
/// meant for it any more.
const OPEN_FOR: Millis = Millis::from_hours(1);

/// Where a chat's dialog stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What was asked.
    pub(super) question: Option<Open>,
    /// The request whose reply is waited for.
    pub(super) awaiting: Option<Awaiting>,
    /// What was said last.
    pub(super) shown: Shown,
    /// The message that it was written into, when it was an edit.
    pub(super) edited: Option<i32>,
}

/// A question and when it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) question: Question,
    pub(super) asked_at: Timestamp,
}

/// What was said last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shown {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The page of this button.
    Page(Tap),
    /// The open question.
    Prompt,
    /// Something said once.
    Note(Note),
}

/// The stored form.
#[derive(Serialize, Deserialize)]
struct Stored {
    v: u32,
    #[serde(flatten)]
    state: State,
}

impl State {
    /// The stored form, JSON.
    pub fn to_json(&self) -> String {
        let stored = Stored { v: VERSION, state: self.clone() };
        serde_json::to_string(&stored).unwrap_or_else(|_| "{}".to_owned())
    }

    /// A stored state; one that this version does not know is as good as none.
    pub fn from_json(json: &str) -> Self {
        match serde_json::from_str::<Stored>(json) {
            Ok(stored) if stored.v == VERSION => stored.state,
            Ok(_) | Err(_) => Self::default(),
        }
    }

    /// Whether the bot never said anything in this chat.
    pub(super) fn is_new(&self) -> bool {
        self.shown == Shown::Nothing
    }

    /// The open question, unless it was asked too long ago.
    pub(super) fn question_at(&self, now: Timestamp) -> Option<&Question> {
        let open = self.question.as_ref()?;
        (now.since(open.asked_at) <= OPEN_FOR).then_some(&open.question)
    }
}
