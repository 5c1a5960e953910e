//! What was given up after it failed: commands that killed the core twice, updates that no chat could
//! handle. Kept for an admin's list; neither is ever tried again by itself.

use super::command::CommandKey;
use super::id::UserId;
use super::time::Timestamp;

/// One thing that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetAside {
    /// A command that is refused from now on.
    Command {
        /// Which.
        key: CommandKey,
        /// What it was, in a word.
        what: String,
        /// When it was set aside.
        at: Timestamp,
    },
    /// An update that was confirmed unhandled. What it said is not kept.
    Update {
        /// Of which bot.
        bot: UserId,
        /// Telegram's id of it.
        update: u64,
        /// Why: the word of an [`Unhandled`], or what an older version wrote.
        reason: String,
        /// When it was given up.
        at: Timestamp,
    },
}

/// Why an update was confirmed unhandled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unhandled {
    /// Its chat panicked at it twice.
    Panicked,
    /// The store refuses the state that it led to.
    Refused,
    /// It was kept for its chat and cannot be read any more.
    Unreadable,
    /// It waited longer than ids of commands are remembered: it might act twice.
    TooOld,
    /// Its chat had too many waiting already.
    TooMany,
}

impl SetAside {
    /// When it was given up.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Command { at, .. } | Self::Update { at, .. } => *at,
        }
    }
}

impl Unhandled {
    const ALL: [Self; 5] =
        [Self::Panicked, Self::Refused, Self::Unreadable, Self::TooOld, Self::TooMany];

    /// The words that are stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Panicked => "panicked twice",
            Self::Refused => "the chat's state is refused",
            Self::Unreadable => "unreadable",
            Self::TooOld => "older than ids of commands are remembered",
            Self::TooMany => "too many of its chat were waiting",
        }
    }

    /// The reason with these words.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}
