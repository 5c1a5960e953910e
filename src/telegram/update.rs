//! Raw updates: what the pump carries, and how one is read.
//!
//! An update travels as the JSON it came as, because that is what the durable inbox keeps; it is
//! read where it is handled. Telegram adds kinds and fields whenever it likes, so reading is lenient,
//! and what cannot be read is told by its id and passed over: one strange update must never make a
//! bot deaf, and its content, which may be anybody's secret, is not repeated in any error.

use super::token::find_token_shaped;
use serde::Deserialize;
use serde_json::Value;
use std::fmt;
use teloxide::types::{CallbackQuery, ChatMemberUpdated, Message, Update, UpdateId, UpdateKind};

/// How the content of a kind is read; `None` when it cannot be.
type Reader = fn(&Value) -> Option<UpdateKind>;

/// The kinds a shop handles, as the Bot API names them. The contents are read one by one and not by
/// teloxide's reading of a whole update: that looks at the first key only, so that a new field beside
/// the kind would hide it, and it loses the key when the JSON was parsed before.
const KINDS: [(&str, Reader); 3] = [
    ("message", |v| Message::deserialize(v).ok().map(UpdateKind::Message)),
    ("callback_query", |v| CallbackQuery::deserialize(v).ok().map(UpdateKind::CallbackQuery)),
    ("my_chat_member", |v| ChatMemberUpdated::deserialize(v).ok().map(UpdateKind::MyChatMember)),
];

/// The kinds that carry a message, whoever wrote it.
const MESSAGES: [&str; 4] = ["message", "edited_message", "channel_post", "edited_channel_post"];

/// What of a message is nobody's words in it: who speaks, where, and what it answers.
const NOT_ITS_WORDS: [&str; 7] = [
    "from",
    "chat",
    "sender_chat",
    "via_bot",
    "reply_to_message",
    "external_reply",
    "pinned_message",
];

/// One update as it came from Telegram.
#[derive(Clone, PartialEq, Eq)]
pub struct RawUpdate {
    /// Telegram's id; may restart at random after a week of silence, so it orders nothing.
    pub id: u64,
    /// The whole update. May hold a secret that somebody typed.
    pub value: Value,
}

/// What an update turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// One that a shop handles.
    Update(Box<Update>),
    /// One of another kind; nothing is to be done.
    OtherKind,
    /// One of a kind that a shop handles, in a form that cannot be read.
    Unreadable(Unreadable),
}

/// An update that cannot be read; safe to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("update {id} ({kind}) has a form that cannot be read; it is passed over")]
pub struct Unreadable {
    /// Telegram's id.
    pub id: u64,
    /// Which kind it claims to be.
    pub kind: &'static str,
}

impl fmt::Debug for RawUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawUpdate({})", self.id)
    }
}

impl RawUpdate {
    /// Takes an update as it came; `None` when it has no id, so that it could never be confirmed.
    pub fn new(value: Value) -> Option<Self> {
        let id = value.get("update_id")?.as_u64()?;
        Some(Self { id, value })
    }

    /// The message in it, when any of its words looks like a bot token: text, caption, hidden links,
    /// names of files, options of a poll, in a new message or an edit, in a chat or a channel. Looked
    /// for in whatever Telegram sends, so that a new kind of message hides nothing.
    pub fn message_with_token(&self) -> Option<&Value> {
        let message = MESSAGES.into_iter().find_map(|kind| self.value.get(kind))?;
        let words = message.as_object()?.iter();
        let mut words = words.filter(|(name, _)| !NOT_ITS_WORDS.contains(&name.as_str()));
        words.any(|(_, value)| holds_token(value)).then_some(message)
    }

    /// Reads it.
    pub fn read(&self) -> Read {
        for (kind, reader) in KINDS {
            let Some(content) = self.value.get(kind) else { continue };
            return match reader(content) {
                // teloxide has 32 bits for the id; the one that counts is ours.
                Some(read) => Read::Update(Box::new(Update {
                    id: UpdateId(u32::try_from(self.id).unwrap_or(0)),
                    kind: read,
                })),
                None => Read::Unreadable(Unreadable { id: self.id, kind }),
            };
        }
        Read::OtherKind
    }
}

fn holds_token(value: &Value) -> bool {
    match value {
        Value::String(text) => find_token_shaped(text),
        Value::Array(values) => values.iter().any(holds_token),
        Value::Object(fields) => fields.values().any(holds_token),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message() -> Value {
        json!({
            "message_id": 1, "date": 1, "text": "hi",
            "chat": {"id": 5, "type": "private", "first_name": "A"},
            "from": {"id": 5, "is_bot": false, "first_name": "A"},
        })
    }

    #[track_caller]
    fn check(value: &Value, expected: &str) {
        let raw = RawUpdate::new(value.clone()).expect("it has an id");
        let got = match raw.read() {
            Read::Update(update) => match update.kind {
                UpdateKind::Message(_) => "message".to_owned(),
                UpdateKind::CallbackQuery(_) => "tap".to_owned(),
                UpdateKind::MyChatMember(_) => "member".to_owned(),
                other => panic!("a kind nobody asked for: {other:?}"),
            },
            Read::OtherKind => "other".to_owned(),
            Read::Unreadable(what) => format!("{} {}", what.id, what.kind),
        };
        assert_eq!(got, expected, "{value}");
    }

    #[test]
    fn known_kinds_are_read_and_strange_ones_passed_over() {
        let user = json!({"id": 5, "is_bot": false, "first_name": "A", "new_field": {"x": 1}});
        let member = |status: &str| json!({"status": status, "user": user, "until_date": 0});
        let blocked = json!({
            "chat": {"id": 5, "type": "private", "first_name": "A"}, "from": user, "date": 1,
            "old_chat_member": {"status": "member", "user": user}, "new_chat_member": member("kicked"),
        });
        let tap = json!({"id": "7", "from": user, "chat_instance": "c", "data": "1:q"});
        check(&json!({"update_id": 1, "message": message()}), "message");
        check(&json!({"update_id": 2, "callback_query": tap}), "tap");
        check(&json!({"update_id": 3, "my_chat_member": blocked}), "member");
        check(&json!({"update_id": 4, "a_new_field": 1, "message": message()}), "message");
        check(&json!({"update_id": 5, "hologram": {"depth": 3}}), "other");
        check(&json!({"update_id": 6}), "other");
        check(&json!({"update_id": 7, "message": {"message_id": "x"}}), "7 message");
        check(&json!({"update_id": 8, "callback_query": 5}), "8 callback_query");
        check(&json!({"update_id": 1_u64 << 40, "message": message()}), "message");
    }

    #[test]
    fn a_token_is_seen_wherever_it_is_written() {
        let token = format!("123456789:{}", "A".repeat(35));
        let seen = |update: Value| {
            RawUpdate::new(update).expect("it has an id").message_with_token().is_some()
        };
        let words = [
            json!({"text": token}),
            json!({"caption": format!("see {token}"), "photo": [{"file_id": "x"}]}),
            json!({"text": "here", "entities": [{"type": "text_link", "url": token}]}),
            json!({"video": {"file_name": token}}),
            json!({"poll": {"question": "which?", "options": [{"text": "a"}, {"text": token}]}}),
            json!({"contact": {"first_name": "A", "vcard": token}}),
            json!({"quote": {"text": token}, "text": "this one"}),
            json!({"new_chat_title": token}),
            json!({"a_kind_of_tomorrow": {"words": [token]}}),
        ];
        for kind in ["message", "edited_message", "channel_post", "edited_channel_post"] {
            for message in &words {
                assert!(seen(json!({"update_id": 1, (kind): message})), "{kind} {message}");
            }
        }
        for other in [
            json!({"update_id": 1, "message": {"from": {"first_name": token}, "text": "hi"}}),
            json!({"update_id": 1, "message": {"reply_to_message": {"text": token}, "text": "hi"}}),
            json!({"update_id": 1, "message": message()}),
            json!({"update_id": 1, "callback_query": {"data": token}}),
            json!({"update_id": 1, "message": "odd"}),
        ] {
            assert!(!seen(other.clone()), "{other}");
        }
    }

    #[test]
    fn an_update_without_an_id_is_none() {
        for value in [json!({}), json!(5), json!({"update_id": "1"}), json!({"update_id": -1})] {
            assert_eq!(RawUpdate::new(value.clone()), None, "{value}");
        }
    }

    #[test]
    fn nobodys_text_is_printed() {
        let raw = RawUpdate::new(json!({"update_id": 7, "message": {"text": "1:secret"}}));
        let raw = raw.expect("it has an id");
        assert_eq!(format!("{raw:?}"), "RawUpdate(7)");
        assert!(!format!("{:?}", raw.read()).contains("secret"));
    }
}
