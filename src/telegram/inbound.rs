//! From teloxide's types to the plain data that dialogs read.

use super::incoming::{Content, Document, Incoming};
use super::update::RawUpdate;
use crate::domain::id::{ChatId, UserId};
use crate::secret::Secret;
use teloxide::types::{
    CallbackQuery, ChatMemberKind, ChatMemberUpdated, MaybeInaccessibleMessage, MediaKind, Message,
    MessageKind, Update, UpdateKind, User,
};

/// What a person did, and Telegram's id of the tap when it was one.
#[derive(Debug)]
pub struct Inbound {
    /// What a person did.
    pub incoming: Incoming,
    /// To answer the tap with.
    pub query: Option<String>,
}

/// Reads the update of this id; nothing when no person did anything that a shop handles.
pub fn read(id: u64, update: &Update) -> Option<Inbound> {
    match &update.kind {
        UpdateKind::Message(message) => message_of(id, message),
        UpdateKind::CallbackQuery(query) => tap_of(id, query),
        UpdateKind::MyChatMember(change) => Some(blocking_of(id, change)),
        _ => None,
    }
}

/// Reads a message of any kind in which something looks like a bot token; nothing else. Edits, posts of
/// channels and messages without a person behind them are read for nothing else.
pub fn overhear(raw: &RawUpdate) -> Option<Inbound> {
    let message = raw.message_with_token()?;
    let (chat, from) = (&message["chat"], &message["from"]);
    let chat_id = chat["id"].as_i64()?;
    let word = |name: &str| from[name].as_str().map(str::to_owned);
    let names = [word("first_name"), word("last_name")];
    let incoming = Incoming {
        update: raw.id,
        chat: ChatId::new(chat_id),
        private: chat["type"] == "private",
        // A channel speaks for itself.
        user: UserId::new(from["id"].as_i64().unwrap_or(chat_id)),
        name: names.into_iter().flatten().collect::<Vec<_>>().join(" "),
        username: word("username"),
        language_code: word("language_code"),
        message: message["message_id"].as_i64().and_then(|id| i32::try_from(id).ok()),
        content: Content::Overheard,
    };
    Some(Inbound { incoming, query: None })
}

fn message_of(id: u64, message: &Message) -> Option<Inbound> {
    let user = message.from.as_ref().filter(|user| !user.is_bot)?;
    let content = content_of(message)?;
    let message_id = Some(message.id.0);
    let incoming = person(id, user, message.chat.id.0, message.chat.is_private());
    Some(Inbound { incoming: Incoming { message: message_id, content, ..incoming }, query: None })
}

/// Service messages (somebody joined, a title changed) are nobody's words.
fn content_of(message: &Message) -> Option<Content> {
    let MessageKind::Common(common) = &message.kind else { return None };
    Some(match &common.media_kind {
        MediaKind::Text(text) => Content::Text(Secret::new(text.text.as_str())),
        MediaKind::Document(media) => Content::Document(Document {
            file_id: media.document.file.id.0.clone(),
            file_name: media.document.file_name.clone().unwrap_or_default(),
            size: Some(u64::from(media.document.file.size)),
            caption: media.caption.as_deref().map(Secret::new),
        }),
        _ => Content::Other { caption: message.caption().map(Secret::new) },
    })
}

fn tap_of(id: u64, query: &CallbackQuery) -> Option<Inbound> {
    let (chat, private, message) = match query.message.as_ref()? {
        MaybeInaccessibleMessage::Regular(message) => {
            (message.chat.id.0, message.chat.is_private(), message.id.0)
        }
        MaybeInaccessibleMessage::Inaccessible(message) => {
            (message.chat.id.0, message.chat.is_private(), message.message_id.0)
        }
    };
    let data = query.data.clone().unwrap_or_default();
    let incoming = person(id, &query.from, chat, private);
    let incoming = Incoming { content: Content::Tap { message, data }, ..incoming };
    Some(Inbound { incoming, query: Some(query.id.0.clone()) })
}

fn blocking_of(id: u64, change: &ChatMemberUpdated) -> Inbound {
    let blocked =
        matches!(change.new_chat_member.kind, ChatMemberKind::Banned(_) | ChatMemberKind::Left);
    let incoming = person(id, &change.from, change.chat.id.0, change.chat.is_private());
    Inbound { incoming: Incoming { content: Content::Blocked(blocked), ..incoming }, query: None }
}

fn person(update: u64, user: &User, chat: i64, private: bool) -> Incoming {
    let name = match &user.last_name {
        Some(last) => format!("{} {last}", user.first_name),
        None => user.first_name.clone(),
    };
    Incoming {
        update,
        chat: ChatId::new(chat),
        private,
        user: UserId::new(i64::try_from(user.id.0).unwrap_or(i64::MAX)),
        name,
        username: user.username.clone(),
        language_code: user.language_code.clone(),
        message: None,
        content: Content::Other { caption: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Chat, sender and message that are overheard.
    fn check(update: &Value, expected: Option<(i64, i64, bool, Option<i32>)>) {
        let raw = RawUpdate::new(update.clone()).expect("it has an id");
        let heard = overhear(&raw).map(|heard| {
            let Incoming { chat, user, private, message, .. } = heard.incoming;
            (chat.number(), user.number(), private, message)
        });
        assert_eq!(heard, expected, "{update}");
    }

    #[test]
    fn tokens_are_overheard_in_edits_channels_and_strange_messages() {
        let token = format!("123456789:{}", "A".repeat(35));
        let private = json!({"id": 5, "type": "private", "first_name": "A"});
        let (person, channel) =
            (json!({"id": 5, "first_name": "A"}), json!({"id": -9, "type": "channel"}));
        let edit = json!({"message_id": 3, "chat": private, "from": person, "text": token});
        check(&json!({"update_id": 1, "edited_message": edit}), Some((5, 5, true, Some(3))));
        let post = json!({"message_id": 4, "chat": channel, "caption": token});
        check(&json!({"update_id": 1, "channel_post": post}), Some((-9, -9, false, Some(4))));
        check(
            &json!({"update_id": 1, "edited_channel_post": post}),
            Some((-9, -9, false, Some(4))),
        );
        let strange =
            json!({"message_id": "x", "chat": {"id": 5, "type": "private"}, "new": token});
        check(&json!({"update_id": 1, "message": strange}), Some((5, 5, true, None)));
        let edit = json!({"message_id": 3, "chat": private, "from": person, "text": "/balance"});
        check(&json!({"update_id": 1, "edited_message": edit}), None);
        check(&json!({"update_id": 1, "message": {"text": token}}), None);
    }
}
