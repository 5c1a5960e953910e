//! What is given to the outbox and what comes back.

use crate::domain::id::ChatId;
use crate::telegram::client::DocumentFile;
use crate::telegram::screen::{Button, Screen};
use std::fmt;

/// One thing to send to one chat.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Where to.
    pub chat: ChatId,
    /// Before what else of this bot.
    pub priority: Priority,
    /// What.
    pub kind: Kind,
}

/// Before what else something is sent, the most urgent first.
///
/// The answer to a tap comes before all of them: a button that does not react is tapped again. So
/// does a deletion: it may be a token that somebody pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Goods that were paid. Never refused for want of room: its sender waits.
    Delivery,
    /// The answer to something that somebody wrote or tapped.
    Reply,
    /// Something that nobody asked for but one person must know.
    Notice,
    /// The same to many.
    Broadcast,
}

/// What is sent.
#[derive(Clone, PartialEq, Eq)]
pub enum Kind {
    /// A new message, in several parts when it is long.
    Message {
        /// Text and buttons; the buttons are below the last part.
        screen: Screen,
        /// The line above a part that is sent again because its first fate is unknown.
        repeat_html: Option<String>,
        /// The name of the text file it becomes when it is too long for a few messages.
        file_name: Option<String>,
    },
    /// New text and buttons for a message of the bot; a new message when that one is gone.
    Edit {
        /// Which message.
        message: i32,
        /// Text and buttons.
        screen: Screen,
    },
    /// A file.
    Document {
        /// The file.
        file: DocumentFile,
        /// The text below it; may be empty.
        caption_html: String,
        /// The line above the caption when it is sent again because its first fate is unknown.
        repeat_html: Option<String>,
        /// Rows of buttons.
        keyboard: Vec<Vec<Button>>,
    },
    /// The answer to a tap on a button.
    AnswerTap {
        /// Telegram's id of the tap.
        query: String,
        /// What is shown, if anything.
        text: Option<String>,
        /// Whether it must be closed by hand.
        alert: bool,
    },
    /// The end of a message.
    Delete {
        /// Which message.
        message: i32,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendResult {
    /// Telegram has all of it; the id of the last message.
    Sent(i32),
    /// A tap is answered, a message is gone.
    Done,
    /// The chat takes nothing from this bot: blocked, left, or never begun.
    Blocked,
    /// Telegram refuses the token; nothing more will go out.
    TokenRefused,
    /// Telegram refuses this message, in these words.
    Refused(String),
    /// Tried often enough; it may have arrived.
    Ambiguous,
    /// Tried often enough; it has not arrived.
    Unreachable,
    /// Not taken: a queue is at its bound. Nothing was sent.
    Full(Full),
    /// The outbox ended before it was known.
    Closed,
}

/// A queue at its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue of the {queue} is full at {bound}")]
pub struct Full {
    /// Which queue.
    pub queue: Queue,
    /// How many it holds for things of this priority.
    pub bound: usize,
}

/// The bounded queues of an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// What waits for one chat: a chat that Telegram slows down may not take everybody's memory.
    Chat,
    /// What waits for one bot: a bot that cannot send may not take the fleet's memory.
    Bot,
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chat => "chat",
            Self::Bot => "bot",
        })
    }
}

impl Outgoing {
    /// The answer to something that somebody wrote or tapped.
    pub fn reply(chat: ChatId, screen: Screen) -> Self {
        Self::message(chat, Priority::Reply, screen)
    }

    /// Something that one person must know.
    pub fn notice(chat: ChatId, screen: Screen) -> Self {
        Self::message(chat, Priority::Notice, screen)
    }

    /// The same to many.
    pub fn broadcast(chat: ChatId, screen: Screen) -> Self {
        Self::message(chat, Priority::Broadcast, screen)
    }

    /// Goods as text. `repeat_html` goes above a part that is sent again because its first fate is
    /// unknown; above three messages they become a text file of this name.
    pub fn goods(chat: ChatId, screen: Screen, repeat_html: String, file_name: String) -> Self {
        let (repeat_html, file_name) = (Some(repeat_html), Some(file_name));
        let kind = Kind::Message { screen, repeat_html, file_name };
        Self { chat, priority: Priority::Delivery, kind }
    }

    /// Goods as a file.
    pub fn goods_file(
        chat: ChatId,
        file: DocumentFile,
        caption_html: String,
        repeat_html: String,
    ) -> Self {
        let repeat_html = Some(repeat_html);
        let kind = Kind::Document { file, caption_html, repeat_html, keyboard: Vec::new() };
        Self { chat, priority: Priority::Delivery, kind }
    }

    /// A new state of a message of the bot.
    pub fn edit(chat: ChatId, message: i32, screen: Screen) -> Self {
        Self { chat, priority: Priority::Reply, kind: Kind::Edit { message, screen } }
    }

    /// The answer to a tap.
    pub fn answer_tap(chat: ChatId, query: String, text: Option<String>, alert: bool) -> Self {
        Self { chat, priority: Priority::Reply, kind: Kind::AnswerTap { query, text, alert } }
    }

    /// The end of a message.
    pub fn delete(chat: ChatId, message: i32) -> Self {
        Self { chat, priority: Priority::Reply, kind: Kind::Delete { message } }
    }

    fn message(chat: ChatId, priority: Priority, screen: Screen) -> Self {
        let kind = Kind::Message { screen, repeat_html: None, file_name: None };
        Self { chat, priority, kind }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outgoing({:?}, {:?} to {})", self.kind, self.priority, self.chat)
    }
}

impl fmt::Debug for Kind {
    /// Only the kind: the rest may be goods.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message { .. } => "message",
            Self::Edit { .. } => "edit",
            Self::Document { .. } => "document",
            Self::AnswerTap { .. } => "answer to a tap",
            Self::Delete { .. } => "deletion",
        })
    }
}
