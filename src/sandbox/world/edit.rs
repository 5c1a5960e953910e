//! Methods that change or delete a message that is there.

use super::answer::{Refusal, Reply};
use super::markup;
use super::params::Params;
use super::records::{Change, Content, Event, MessageRecord};
use super::rich;
use super::{World, seconds};
use crate::domain::time::Timestamp;
use serde_json::{Value, json};

/// A message can be deleted for both sides within this time.
const DELETABLE_S: i64 = 48 * 3600;

const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply \
     markup are exactly the same as a current content and reply markup of the message";

impl World {
    pub(super) fn edit_message_text(
        &mut self,
        now: Timestamp,
        bot: i64,
        params: Params<'_>,
    ) -> Reply {
        let (chat, old) = self.own_message(bot, params)?;
        let text = rich::read(params, "text", "entities")?;
        match rich::units(&text.text) {
            0 => return Err(Refusal::bad("message text is empty")),
            // Telegram words it differently when it edits.
            units if units > rich::TEXT_MAX => return Err(Refusal::bad("MESSAGE_TOO_LONG")),
            _ => {}
        }
        if !matches!(old.content, Content::Text(_)) {
            return Err(Refusal::bad("there is no text in the message to edit"));
        }
        let markup = markup::read_inline(params)?;
        let new = MessageRecord { content: Content::Text(text), markup, ..old.clone() };
        self.replace(now, bot, chat, &old, new)
    }

    pub(super) fn edit_message_reply_markup(
        &mut self,
        now: Timestamp,
        bot: i64,
        params: Params<'_>,
    ) -> Reply {
        let (chat, old) = self.own_message(bot, params)?;
        let markup = markup::read_inline(params)?;
        let new = MessageRecord { markup, ..old.clone() };
        self.replace(now, bot, chat, &old, new)
    }

    pub(super) fn delete_message(&mut self, now: Timestamp, bot: i64, params: Params<'_>) -> Reply {
        let chat = self.target(bot, params)?;
        let id = message_id(params)?;
        let messages = self.bot(bot)?.chats.get(&chat).map(|chat| &chat.messages);
        let message = messages
            .and_then(|messages| messages.get(&id))
            .ok_or_else(|| Refusal::bad("message to delete not found"))?;
        // Bots are plain members of groups: other people's messages there are not theirs.
        if chat < 0 && message.from != bot {
            return Err(Refusal::bad("message can't be deleted"));
        }
        if seconds(now) - message.date > DELETABLE_S {
            return Err(Refusal::bad("message can't be deleted for everyone"));
        }
        let bot_mut = self.bot_mut(bot)?;
        let username = bot_mut.record.username.clone();
        if let Some(chat) = bot_mut.chats.get_mut(&chat) {
            chat.messages.remove(&id);
        }
        self.changes.push(Change::MessageGone(bot, chat, id));
        self.events.push(Event::Chat(username, chat));
        Ok(json!(true))
    }

    /// The bot's own message that the call names, and its chat.
    fn own_message(&self, bot: i64, params: Params<'_>) -> Result<(i64, MessageRecord), Refusal> {
        let chat = self.target(bot, params)?;
        let id = message_id(params)?;
        self.reach(bot, chat)?;
        let messages = self.bot(bot)?.chats.get(&chat).map(|chat| &chat.messages);
        let message = messages
            .and_then(|messages| messages.get(&id))
            .ok_or_else(|| Refusal::bad("message to edit not found"))?;
        // A keyboard under the input line cannot be changed afterwards, nor its message.
        let fixed = message.markup.is_some() && !message.has_inline_keyboard();
        if message.from != bot || fixed {
            return Err(Refusal::bad("message can't be edited"));
        }
        Ok((chat, MessageRecord::clone(message)))
    }

    fn replace(
        &mut self,
        now: Timestamp,
        bot: i64,
        chat: i64,
        old: &MessageRecord,
        new: MessageRecord,
    ) -> Reply {
        if new == *old {
            return Err(Refusal::bad(NOT_MODIFIED));
        }
        self.flood_wait(now, bot, chat)?;
        self.flood_count(now, bot, chat);
        // A new keyboard alone does not mark the message as edited.
        let edited = if new.content == old.content { old.edited } else { Some(seconds(now)) };
        self.put_message(bot, chat, MessageRecord { edited, ..new });
        self.shown(bot, chat, old.id)
    }
}

fn message_id(params: Params<'_>) -> Result<i64, Refusal> {
    let absent = matches!(params.0.get("message_id"), None | Some(Value::Null));
    if absent {
        return Err(Refusal::bad("message identifier is not specified"));
    }
    params.int("message_id").ok_or_else(|| Refusal::bad("invalid message identifier specified"))
}
