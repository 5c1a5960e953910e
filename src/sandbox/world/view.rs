//! How records look from outside: messages and chats in the Bot API's JSON.

use super::records::{ChatRecord, Content, MessageRecord, Rich, UserRecord};
use super::{Bot, Chat, Complaint, World};
use serde_json::{Value, json};

/// Who looks at a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Viewer {
    /// A bot, which is shown inline keyboards only, as by the Bot API.
    Bot,
    /// A person, who also sees the keyboard under the input line.
    Person,
}

impl World {
    /// The messages of a chat as its people see them, oldest first, deleted ones left out.
    ///
    /// # Errors
    /// When there is no such bot. A chat in which nothing happened is empty.
    pub fn chat(&self, bot: &str, chat_id: i64) -> Result<Vec<Value>, Complaint> {
        let bot = self.named(bot)?;
        Ok(bot.chats.get(&chat_id).map_or_else(Vec::new, |chat| {
            chat.messages
                .values()
                .map(|message| self.message_json(bot, chat, message, Viewer::Person))
                .collect()
        }))
    }

    /// The bots, by id.
    pub fn bots(&self) -> Vec<Value> {
        self.bots.values().map(|bot| super::bot_json(&bot.record)).collect()
    }

    /// A message with everything that hangs on it.
    pub(super) fn message_json(
        &self,
        bot: &Bot,
        chat: &Chat,
        message: &MessageRecord,
        viewer: Viewer,
    ) -> Value {
        let mut shown = self.bare_message_json(bot, chat, message, viewer);
        if let Some(original) = message.reply_to.and_then(|id| chat.messages.get(&id)) {
            // Telegram shows one level only.
            shown["reply_to_message"] = self.bare_message_json(bot, chat, original, viewer);
        }
        shown
    }

    /// The message of that id as a bot sees it, when it is there.
    pub(super) fn message_by_id(&self, bot: i64, chat: i64, id: i64) -> Option<Value> {
        let bot = self.bots.get(&bot)?;
        let chat = bot.chats.get(&chat)?;
        let message = chat.messages.get(&id)?;
        Some(self.message_json(bot, chat, message, Viewer::Bot))
    }

    fn bare_message_json(
        &self,
        bot: &Bot,
        chat: &Chat,
        message: &MessageRecord,
        viewer: Viewer,
    ) -> Value {
        let from = if message.from == bot.record.id {
            bot.record.user_json()
        } else {
            self.user(message.from).user_json()
        };
        let mut shown = json!({
            "message_id": message.id,
            "from": from,
            "chat": self.chat_json(&chat.record),
            "date": message.date,
        });
        if let Some(edited) = message.edited {
            shown["edit_date"] = json!(edited);
        }
        match &message.content {
            Content::Text(rich) => put_rich(&mut shown, "text", "entities", rich),
            Content::Document { file, caption } => {
                if let Some(file) = self.files.get(file) {
                    shown["document"] = file.document_json();
                }
                put_caption(&mut shown, caption);
            }
            Content::Photo { file, caption } => {
                if let Some(file) = self.files.get(file) {
                    shown["photo"] = file.photo_json();
                }
                put_caption(&mut shown, caption);
            }
        }
        if let Some(markup) = &message.markup
            && (viewer == Viewer::Person || message.has_inline_keyboard())
        {
            shown["reply_markup"] = markup.clone();
        }
        shown
    }

    /// A chat as messages and updates carry it.
    pub(super) fn chat_json(&self, chat: &ChatRecord) -> Value {
        if chat.is_private() {
            let user = self.user(chat.id);
            let mut shown =
                json!({"id": chat.id, "type": "private", "first_name": user.first_name});
            if let Some(username) = user.username {
                shown["username"] = json!(username);
            }
            return shown;
        }
        json!({"id": chat.id, "type": chat.group_type(), "title": format!("Group {}", -chat.id)})
    }

    /// A person, also one who never introduced himself.
    pub(super) fn user(&self, id: i64) -> UserRecord {
        self.users.get(&id).cloned().unwrap_or_else(|| UserRecord::stranger(id))
    }
}

fn put_caption(shown: &mut Value, caption: &Rich) {
    if !caption.text.is_empty() {
        put_rich(shown, "caption", "caption_entities", caption);
    }
}

fn put_rich(shown: &mut Value, text: &str, entities: &str, rich: &Rich) {
    shown[text] = json!(rich.text);
    if !rich.entities.is_empty() {
        shown[entities] = json!(rich.entities);
    }
}
