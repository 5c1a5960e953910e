//! The people at the other end, and BotFather: what happens without any bot asking for it.

use super::answer::Complaint;
use super::records::{BotRecord, Change, ChatRecord, Content, Event, MessageRecord, UserRecord};
use super::rich;
use super::{Chat, World, seconds};
use crate::domain::time::Timestamp;
use crate::secret::Secret;
use bytes::Bytes;
use rand::Rng;
use serde::Deserialize;
use serde_json::{Value, json};

/// The first id a new world gives to a bot.
const FIRST_BOT: i64 = 7_000_000_001;

/// What a person sends to a bot or into its group.
#[derive(Clone)]
pub struct Post {
    /// The bot's user name.
    pub bot: String,
    /// Who sends it.
    pub user_id: i64,
    /// Where; without it, the private chat.
    pub chat_id: Option<i64>,
    /// The text, or the caption of a document.
    pub text: Option<String>,
    /// A file's name and content.
    pub document: Option<(String, Bytes)>,
    /// What the sender's profile says from now on.
    pub from: Option<Person>,
}

/// What a profile says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The name people see.
    pub first_name: Option<String>,
    /// The user name without `@`.
    pub username: Option<String>,
    /// The language of the app, `en`, `zh-hans`.
    pub language_code: Option<String>,
}

/// A tap on an inline button.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tap {
    /// The bot's user name.
    pub bot: String,
    /// Who taps.
    pub user_id: i64,
    /// Where; without it, the private chat.
    pub chat_id: Option<i64>,
    /// The message with the button.
    pub message_id: i64,
    /// The button's data.
    pub data: String,
}

/// A person's new words for an own message.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// The bot's user name.
    pub bot: String,
    /// Who wrote the message.
    pub user_id: i64,
    /// Where; without it, the private chat.
    pub chat_id: Option<i64>,
    /// Which message.
    pub message_id: i64,
    /// The new text, or caption of a document.
    pub text: String,
}

/// What became of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The new message's id.
    pub message_id: i64,
}

impl World {
    /// Makes a bot.
    ///
    /// # Errors
    /// When the user name is taken or not one for a bot, or the name is empty or too long.
    pub fn create_bot(&mut self, username: &str, name: &str) -> Result<Value, Complaint> {
        let username = username.trim_start_matches('@');
        if !is_bot_name(username) {
            return Err(Complaint::bad(
                "the username must be 5 to 32 letters, digits or underscores, start with a \
                 letter and end in \"bot\"",
            ));
        }
        if self.names.contains_key(&username.to_ascii_lowercase()) {
            return Err(Complaint::bad(format!("the username {username} is taken")));
        }
        if !(1..=64).contains(&name.trim().chars().count()) {
            return Err(Complaint::bad("the name must be 1 to 64 characters"));
        }
        let id = self.bots.keys().next_back().map_or(FIRST_BOT, |last| last + 1);
        let record = BotRecord {
            id,
            username: username.to_owned(),
            name: name.trim().to_owned(),
            token: self.new_token(id),
            next_message: 1,
            next_update: self.random.random_range(100_000_000..900_000_000),
            allowed: None,
            commands: json!([]),
        };
        let shown = super::bot_json(&record);
        self.changes.push(Change::Bot(record.clone()));
        self.insert_bot(record);
        self.events.push(Event::Bots);
        Ok(shown)
    }

    /// Gives a bot a new token; the old one is refused from now on.
    ///
    /// # Errors
    /// When there is no such bot.
    pub fn revoke_token(&mut self, username: &str) -> Result<Secret, Complaint> {
        let id = self.named(username)?.record.id;
        let token = self.new_token(id);
        if let Some(bot) = self.bots.get_mut(&id) {
            bot.record.token = token.clone();
            self.changes.push(Change::Bot(bot.record.clone()));
        }
        self.events.extend([Event::Bots, Event::Queue(id)]);
        Ok(token)
    }

    /// A person writes. The first message to a bot opens the chat; writing to a blocked bot
    /// unblocks it first, as the app does.
    ///
    /// # Errors
    /// When there is no such bot, the bot left the group, or the message is not one.
    pub fn post(&mut self, now: Timestamp, post: Post) -> Result<Sent, Complaint> {
        let bot_id = self.named(&post.bot)?.record.id;
        let chat_id = post.chat_id.unwrap_or(post.user_id);
        check_ids(post.user_id, chat_id)?;
        let text = rich::typed(post.text.as_deref().unwrap_or_default());
        let max = if post.document.is_some() { rich::CAPTION_MAX } else { rich::TEXT_MAX };
        if rich::units(&text.text) > max {
            return Err(Complaint::bad(format!("the text is longer than {max} UTF-16 units")));
        }
        if text.text.is_empty() && post.document.is_none() {
            return Err(Complaint::bad("a message needs a text or a document"));
        }
        let known = self.bots.get(&bot_id).and_then(|bot| bot.chats.get(&chat_id));
        if known.is_some_and(|chat| chat.record.left) {
            return Err(Complaint::bad("the bot has left that group"));
        }
        let content = match post.document {
            Some((name, bytes)) => Content::Document {
                file: self.store_document(bot_id, &name, bytes)?,
                caption: text,
            },
            None => Content::Text(text),
        };
        self.introduce(post.user_id, post.from);
        self.enter(now, bot_id, chat_id, post.user_id);
        let message = MessageRecord {
            id: self.next_message(bot_id),
            from: post.user_id,
            date: seconds(now),
            edited: None,
            reply_to: None,
            content,
            markup: None,
        };
        let message_id = message.id;
        self.put_message(bot_id, chat_id, message);
        if let Some(shown) = self.message_by_id(bot_id, chat_id, message_id) {
            self.push_update(now, bot_id, "message", &shown);
        }
        Ok(Sent { message_id })
    }

    /// A person edits an own message.
    ///
    /// # Errors
    /// When there is no such bot, no such message of this person, or the text is none.
    pub fn rewrite(&mut self, now: Timestamp, edit: &Rewrite) -> Result<(), Complaint> {
        let bot = self.named(&edit.bot)?;
        let bot_id = bot.record.id;
        let chat_id = edit.chat_id.unwrap_or(edit.user_id);
        let messages = bot.chats.get(&chat_id).map(|chat| &chat.messages);
        let old = messages.and_then(|messages| messages.get(&edit.message_id));
        let old = old
            .filter(|message| message.from == edit.user_id)
            .ok_or_else(|| Complaint::bad("this person has no such message there"))?;
        let old = MessageRecord::clone(old);
        let text = rich::typed(&edit.text);
        let (content, max) = match old.content {
            Content::Document { file, .. } => {
                (Content::Document { file, caption: text.clone() }, rich::CAPTION_MAX)
            }
            Content::Photo { file, .. } => {
                (Content::Photo { file, caption: text.clone() }, rich::CAPTION_MAX)
            }
            Content::Text(_) => (Content::Text(text.clone()), rich::TEXT_MAX),
        };
        if !(1..=max).contains(&rich::units(&text.text)) {
            return Err(Complaint::bad(format!("the text must be 1 to {max} UTF-16 units")));
        }
        let edited = Some(seconds(now));
        self.put_message(bot_id, chat_id, MessageRecord { content, edited, ..old });
        if let Some(shown) = self.message_by_id(bot_id, chat_id, edit.message_id) {
            self.push_update(now, bot_id, "edited_message", &shown);
        }
        Ok(())
    }

    /// A person blocks or unblocks a bot.
    ///
    /// # Errors
    /// When there is no such bot or the id is not a person's.
    pub fn set_blocked(
        &mut self,
        now: Timestamp,
        username: &str,
        user_id: i64,
        blocked: bool,
    ) -> Result<(), Complaint> {
        let bot_id = self.named(username)?.record.id;
        check_ids(user_id, user_id)?;
        self.introduce(user_id, None);
        self.open(bot_id, user_id);
        let from = self.user(user_id).user_json();
        self.change_standing(now, bot_id, user_id, &from, |chat| chat.blocked = blocked);
        Ok(())
    }

    /// The id of a bot by its user name.
    ///
    /// # Errors
    /// When there is no such bot.
    pub fn bot_id(&self, username: &str) -> Result<i64, Complaint> {
        self.named(username).map(|bot| bot.record.id)
    }

    fn new_token(&mut self, bot: i64) -> Secret {
        Secret::new(self.random_id(&format!("{bot}:AA"), 33))
    }

    /// Makes the person known and takes over what the profile says.
    fn introduce(&mut self, id: i64, profile: Option<Person>) {
        let mut user = self.user(id);
        if let Some(profile) = profile {
            user = UserRecord {
                id,
                first_name: profile.first_name.unwrap_or(user.first_name),
                username: profile.username.or(user.username),
                language_code: profile.language_code.or(user.language_code),
            };
        }
        if self.users.get(&id) != Some(&user) {
            self.changes.push(Change::User(user.clone()));
            self.users.insert(id, user);
        }
    }

    /// The chat as it is when somebody writes in it: opened, unblocked, the writer a member.
    fn enter(&mut self, now: Timestamp, bot_id: i64, chat_id: i64, user_id: i64) {
        let is_new = self.open(bot_id, chat_id);
        let from = self.user(user_id).user_json();
        if chat_id < 0 && is_new {
            // Somebody had to add the bot to the group first.
            if let Some(chat) = self.chat_mut(bot_id, chat_id) {
                chat.record.left = true;
            }
            self.change_standing(now, bot_id, chat_id, &from, |chat| chat.left = false);
        }
        let Some(chat) = self.chat_mut(bot_id, chat_id) else { return };
        let private = chat.record.is_private();
        let stands = chat.record.opened
            && !chat.record.blocked
            && (private || chat.record.members.contains(&user_id));
        if !stands {
            self.change_standing(now, bot_id, chat_id, &from, |chat: &mut ChatRecord| {
                chat.opened = true;
                chat.blocked = false;
                if !private {
                    chat.members.insert(user_id);
                }
            });
        }
    }

    /// Whether the chat had to be made.
    fn open(&mut self, bot_id: i64, chat_id: i64) -> bool {
        let Some(bot) = self.bots.get_mut(&bot_id) else { return false };
        let is_new = !bot.chats.contains_key(&chat_id);
        bot.chats.entry(chat_id).or_insert_with(|| Chat::new(chat_id));
        is_new
    }
}

/// Persons have positive ids; a private chat has its person's.
pub(super) fn check_ids(user_id: i64, chat_id: i64) -> Result<(), Complaint> {
    if user_id <= 0 {
        return Err(Complaint::bad("user_id must be positive"));
    }
    if chat_id == 0 || (chat_id > 0 && chat_id != user_id) {
        return Err(Complaint::bad(
            "chat_id must be negative for a group, or the user's own id for the private chat",
        ));
    }
    Ok(())
}

fn is_bot_name(username: &str) -> bool {
    (5..=32).contains(&username.len())
        && username.starts_with(|ch: char| ch.is_ascii_alphabetic())
        && username.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '_')
        && username.to_ascii_lowercase().ends_with("bot")
}
