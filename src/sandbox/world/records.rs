//! What Telegram remembers: the records that the world holds and `state.rs` keeps on disk.
//!
//! Each one serialises to the JSON that the state directory stores, so that a reload gives the same
//! world. None of them derives `Debug`: texts and files may be goods (DESIGN.md, law 10).

use crate::domain::time::Timestamp;
use crate::secret::Secret;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A bot as BotFather made it.
#[derive(Clone, Serialize, Deserialize)]
pub struct BotRecord {
    /// The numeric id, the part of the token before the colon.
    pub id: i64,
    /// The user name as it was given, without `@`.
    pub username: String,
    /// The name people see.
    pub name: String,
    /// The token in force.
    #[serde(with = "exposed")]
    pub token: Secret,
    /// The id of the next message in any of its chats.
    pub next_message: i64,
    /// The id of the next update.
    pub next_update: i64,
    /// The update kinds the bot asked for last; `None` is Telegram's default.
    pub allowed: Option<BTreeSet<String>>,
    /// What `setMyCommands` stored.
    pub commands: Value,
}

/// A person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// The numeric id.
    pub id: i64,
    /// The name people see.
    pub first_name: String,
    /// The user name without `@`, if the person has one.
    pub username: Option<String>,
    /// The language of the person's app.
    pub language_code: Option<String>,
}

/// One bot's view of one chat.
#[derive(Clone, Serialize, Deserialize)]
pub struct ChatRecord {
    /// Positive for a private chat (the person's id), negative for a group.
    pub id: i64,
    /// Whether the person has written to the bot, which allows the bot to write.
    pub opened: bool,
    /// Whether the person blocked the bot.
    pub blocked: bool,
    /// Whether the bot left the group.
    pub left: bool,
    /// Who has written in the group.
    pub members: BTreeSet<i64>,
}

/// One message of one chat.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// The id, unique among the bot's messages.
    pub id: i64,
    /// The sender: a person's id or the bot's.
    pub from: i64,
    /// When it was sent, in seconds since the Unix epoch.
    pub date: i64,
    /// When it was edited last, in seconds since the Unix epoch.
    pub edited: Option<i64>,
    /// The message it answers.
    pub reply_to: Option<i64>,
    /// What it says.
    pub content: Content,
    /// The keyboard that came with it, in the Bot API's JSON.
    pub markup: Option<Value>,
}

/// What a message says.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A text.
    Text(Rich),
    /// A file and its caption.
    Document {
        /// The file's id.
        file: String,
        /// Its caption, often empty.
        caption: Rich,
    },
    /// A picture and its caption.
    Photo {
        /// The file's id.
        file: String,
        /// Its caption, often empty.
        caption: Rich,
    },
}

/// A text with its entities.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rich {
    /// The text without any markup.
    pub text: String,
    /// What stands out in it, sorted by place.
    pub entities: Vec<Entity>,
}

/// A stretch of a text, in the Bot API's own shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// `bold`, `url`, `bot_command`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it starts, in UTF-16 units.
    pub offset: usize,
    /// How long it is, in UTF-16 units.
    pub length: usize,
    /// The target of a `text_link`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The language of a `pre`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The emoji of a `custom_emoji`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_emoji_id: Option<String>,
}

/// What is known of a file besides its bytes.
#[derive(Clone, Serialize, Deserialize)]
pub struct FileRecord {
    /// The id a bot uses; valid for that bot only.
    pub id: String,
    /// The id that is the same for everybody.
    pub unique_id: String,
    /// The bot in whose chat it was sent.
    pub bot: i64,
    /// Where `getFile` says it is.
    pub path: String,
    /// The name its sender gave it; pictures have none.
    pub name: Option<String>,
    /// The length in bytes.
    pub size: i64,
    /// Width and height of a picture, in pixels.
    pub pixels: Option<(u32, u32)>,
}

/// An update that waits to be fetched.
#[derive(Clone, Serialize, Deserialize)]
pub struct UpdateRecord {
    /// The update's id.
    pub id: i64,
    /// When it happened; Telegram forgets it a day later.
    pub at: Timestamp,
    /// The update in the Bot API's JSON.
    pub body: Value,
}

/// A tap on an inline button that may still be answered.
#[derive(Clone, Serialize, Deserialize)]
pub struct QueryRecord {
    /// The callback query's id; grows with time.
    pub id: i64,
    /// The bot whose button it was.
    pub bot: i64,
    /// When the person tapped.
    pub at: Timestamp,
    /// The bot's first answer.
    pub answer: Option<TapAnswer>,
}

/// What a bot answered to a tap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapAnswer {
    /// Whether the bot answered in time.
    pub answered: bool,
    /// The text of the notification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether the text is a dialog that has to be closed.
    #[serde(default)]
    pub show_alert: bool,
    /// The link to open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// One change of what Telegram remembers. Storing them in order and restoring them in the order
/// of [`crate::sandbox::state`] gives the same world.
#[derive(Clone)]
pub enum Change {
    /// A bot was made or changed.
    Bot(BotRecord),
    /// A bot's counters moved.
    Counters {
        /// The bot.
        bot: i64,
        /// The id of its next message.
        next_message: i64,
        /// The id of its next update.
        next_update: i64,
    },
    /// A person appeared or changed.
    User(UserRecord),
    /// A chat appeared or changed.
    Chat(i64, ChatRecord),
    /// A message of a bot's chat was sent or edited.
    Message(i64, i64, Arc<MessageRecord>),
    /// A message of a bot's chat was deleted.
    MessageGone(i64, i64, i64),
    /// An update waits for a bot.
    Update(i64, Arc<UpdateRecord>),
    /// A bot's updates up to this id are over.
    UpdatesGone(i64, i64),
    /// A file was sent. On restoring, the bytes are left out.
    File(FileRecord, Bytes),
    /// A button was tapped, or the tap answered.
    Query(QueryRecord),
    /// A tap can no longer be answered.
    QueryGone(i64),
    /// The clock's offset, in milliseconds.
    Clock(i64),
}

/// What somebody may be waiting for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A bot's polls have reason to look again.
    Queue(i64),
    /// A chat looks different: the bot's user name and the chat's id.
    Chat(String, i64),
    /// The list of bots changed.
    Bots,
    /// A tap was answered.
    Answered(i64, TapAnswer),
}

impl BotRecord {
    /// The bot as the Bot API's `User`.
    pub fn user_json(&self) -> Value {
        json!({"id": self.id, "is_bot": true, "first_name": self.name, "username": self.username})
    }
}

impl UserRecord {
    /// A person nobody has introduced yet.
    pub fn stranger(id: i64) -> Self {
        Self {
            id,
            first_name: format!("User {id}"),
            username: None,
            language_code: Some("en".to_owned()),
        }
    }

    /// The person as the Bot API's `User`.
    pub fn user_json(&self) -> Value {
        let mut user = json!({"id": self.id, "is_bot": false, "first_name": self.first_name});
        if let Some(username) = &self.username {
            user["username"] = json!(username);
        }
        if let Some(language) = &self.language_code {
            user["language_code"] = json!(language);
        }
        user
    }
}

impl ChatRecord {
    /// A chat in which nothing has happened.
    pub fn new(id: i64) -> Self {
        Self { id, opened: false, blocked: false, left: false, members: BTreeSet::new() }
    }

    /// Whether it is a private chat.
    pub fn is_private(&self) -> bool {
        self.id > 0
    }

    /// The type of a group; ids below minus a trillion are supergroups, as in Telegram.
    pub fn group_type(&self) -> &'static str {
        if self.id < -1_000_000_000_000 { "supergroup" } else { "group" }
    }
}

impl MessageRecord {
    /// Whether the keyboard hangs on the message, as opposed to one under the input line.
    pub fn has_inline_keyboard(&self) -> bool {
        self.markup.as_ref().is_some_and(|markup| markup.get("inline_keyboard").is_some())
    }
}

/// The token in the state directory: a sandbox's tokens open nothing but this sandbox.
mod exposed {
    use crate::secret::Secret;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(token: &Secret, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(token.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}
