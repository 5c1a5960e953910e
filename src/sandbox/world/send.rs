//! Methods that put a message into a chat.

use super::World;
use super::answer::{Refusal, Reply};
use super::files::{FileKind, Upload};
use super::flood;
use super::markup;
use super::params::Params;
use super::records::{Content, MessageRecord, Rich};
use super::rich;
use super::seconds;
use crate::domain::time::Timestamp;
use serde_json::{Value, json};

/// The actions `sendChatAction` knows.
const ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

impl World {
    pub(super) fn send_message(&mut self, now: Timestamp, bot: i64, params: Params<'_>) -> Reply {
        let chat = self.target(bot, params)?;
        let text = message_text(params)?;
        self.deliver(now, bot, chat, params, Content::Text(text))
    }

    pub(super) fn send_document(
        &mut self,
        now: Timestamp,
        bot: i64,
        params: Params<'_>,
        uploads: &[Upload],
    ) -> Reply {
        let chat = self.target(bot, params)?;
        let caption = caption(params)?;
        self.check_delivery(now, bot, chat, params)?;
        let file = self.sent_file(bot, params, FileKind::Document, uploads)?;
        self.deliver(now, bot, chat, params, Content::Document { file, caption })
    }

    pub(super) fn send_photo(
        &mut self,
        now: Timestamp,
        bot: i64,
        params: Params<'_>,
        uploads: &[Upload],
    ) -> Reply {
        let chat = self.target(bot, params)?;
        let caption = caption(params)?;
        self.check_delivery(now, bot, chat, params)?;
        let file = self.sent_file(bot, params, FileKind::Photo, uploads)?;
        self.deliver(now, bot, chat, params, Content::Photo { file, caption })
    }

    pub(super) fn send_chat_action(&mut self, bot: i64, params: Params<'_>) -> Reply {
        let chat = self.target(bot, params)?;
        let action = params.text("action").unwrap_or_default().to_ascii_lowercase();
        if !ACTIONS.contains(&action.as_str()) {
            return Err(Refusal::bad("wrong parameter action in request"));
        }
        self.reach(bot, chat)?;
        Ok(json!(true))
    }

    /// Everything that can stop a message once its content is right, without counting it: a file
    /// must not be stored for a message that is refused.
    fn check_delivery(
        &self,
        now: Timestamp,
        bot: i64,
        chat: i64,
        params: Params<'_>,
    ) -> Result<(Option<Value>, Option<i64>), Refusal> {
        let markup = markup::read(params)?;
        let reply_to = self.reply_to(bot, chat, params)?;
        self.reach(bot, chat)?;
        self.flood_wait(now, bot, chat)?;
        Ok((markup, reply_to))
    }

    fn deliver(
        &mut self,
        now: Timestamp,
        bot: i64,
        chat: i64,
        params: Params<'_>,
        content: Content,
    ) -> Reply {
        let (markup, reply_to) = self.check_delivery(now, bot, chat, params)?;
        self.flood_count(now, bot, chat);
        let id = self.next_message(bot);
        let message = MessageRecord {
            id,
            from: bot,
            date: seconds(now),
            edited: None,
            reply_to,
            content,
            markup,
        };
        self.put_message(bot, chat, message);
        self.shown(bot, chat, id)
    }

    /// The message as the answer of a method.
    pub(super) fn shown(&self, bot: i64, chat: i64, id: i64) -> Reply {
        self.message_by_id(bot, chat, id).ok_or_else(|| Refusal::bad("message not found"))
    }

    /// The message this one answers, from `reply_parameters` or its older form.
    fn reply_to(&self, bot: i64, chat: i64, params: Params<'_>) -> Result<Option<i64>, Refusal> {
        let given = params.json("reply_parameters", "reply parameters")?;
        let (id, lenient) = match &given {
            Some(object) => {
                let object = Params(object);
                (object.int("message_id"), object.flag("allow_sending_without_reply"))
            }
            None => (params.int("reply_to_message_id"), params.flag("allow_sending_without_reply")),
        };
        let Some(id) = id else { return Ok(None) };
        let chat = self.bot(bot)?.chats.get(&chat);
        match chat.and_then(|chat| chat.messages.get(&id)) {
            Some(_) => Ok(Some(id)),
            None if lenient => Ok(None),
            None => Err(Refusal::bad("message to be replied not found")),
        }
    }

    /// Refuses with 429 when the bot or the chat has had enough for now.
    pub(super) fn flood_wait(&self, now: Timestamp, bot: i64, chat: i64) -> Result<(), Refusal> {
        if !self.flood_limits {
            return Ok(());
        }
        let bot = self.bot(bot)?;
        let in_chat =
            bot.chats.get(&chat).map_or(0, |own| own.flood.wait_us(now, flood::of_chat(chat)));
        match bot.flood.wait_us(now, flood::BOT).max(in_chat) {
            0 => Ok(()),
            wait => Err(Refusal::too_many(flood::seconds(wait))),
        }
    }

    /// Counts a message against the limits.
    pub(super) fn flood_count(&mut self, now: Timestamp, bot: i64, chat: i64) {
        let Some(bot) = self.bots.get_mut(&bot) else { return };
        bot.flood.add(now, flood::BOT);
        if let Some(own) = bot.chats.get_mut(&chat) {
            own.flood.add(now, flood::of_chat(chat));
        }
    }
}

/// The text of a new message: neither empty nor too long.
fn message_text(params: Params<'_>) -> Result<Rich, Refusal> {
    let text = rich::read(params, "text", "entities")?;
    match rich::units(&text.text) {
        0 => Err(Refusal::bad("message text is empty")),
        units if units > rich::TEXT_MAX => Err(Refusal::bad("message is too long")),
        _ => Ok(text),
    }
}

fn caption(params: Params<'_>) -> Result<Rich, Refusal> {
    let caption = rich::read(params, "caption", "caption_entities")?;
    if rich::units(&caption.text) > rich::CAPTION_MAX {
        return Err(Refusal::bad("message caption is too long"));
    }
    Ok(caption)
}
