//! A small, faithful Telegram as a plain struct: no I/O, no clock, no task.
//!
//! [`World::call`] is the Bot API; `people.rs` is what the people at the other end do. The present
//! moment and the seed of its randomness are arguments, so the same calls at the same times give
//! the same answers (DESIGN.md, law 11). Where Telegram refuses, this refuses, in the same words:
//! a bot that passes here must not be surprised there.
//!
//! What changed is collected for `state.rs` ([`World::take_changes`]) and for whoever waits
//! ([`World::take_events`]); the service that owns the lock takes both after every step.

mod answer;
mod chats;
mod edit;
mod faults;
mod files;
mod flood;
mod html;
mod image;
mod markup;
mod params;
mod people;
mod queries;
mod records;
mod rich;
mod send;
mod updates;
mod view;

#[cfg(test)]
mod tests;

pub use answer::{Complaint, Outcome, Poll, Refusal, bot_json};
pub use faults::{FAULTS_MAX, Fault, FaultKind, Strike};
pub use files::Upload;
pub use people::{Person, Post, Rewrite, Sent, Tap};
pub use records::{
    BotRecord, Change, ChatRecord, Content, Entity, Event, FileRecord, MessageRecord, QueryRecord,
    Rich, TapAnswer, UpdateRecord, UserRecord,
};

use crate::domain::time::Timestamp;
use crate::secret::Secret;
use flood::Bucket;
use params::Params;
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use updates::Queued;

/// All of Telegram.
pub struct World {
    bots: BTreeMap<i64, Bot>,
    /// User names in lower case, because Telegram's are the same in any case.
    names: BTreeMap<String, i64>,
    users: BTreeMap<i64, UserRecord>,
    files: BTreeMap<String, FileRecord>,
    /// Where a bot downloads a file: its id by bot and path.
    paths: BTreeMap<(i64, String), String>,
    queries: BTreeMap<i64, QueryRecord>,
    faults: Vec<Fault>,
    flood_limits: bool,
    random: ChaCha12Rng,
    changes: Vec<Change>,
    events: Vec<Event>,
}

/// A bot with everything that is only its own.
struct Bot {
    record: BotRecord,
    chats: BTreeMap<i64, Chat>,
    queue: VecDeque<Queued>,
    /// Counts `getUpdates` calls; a poll of an older count has been taken over.
    polls: u64,
    flood: Bucket,
}

/// One bot's view of one chat.
struct Chat {
    record: ChatRecord,
    messages: BTreeMap<i64, Arc<MessageRecord>>,
    flood: Bucket,
}

impl World {
    /// An empty world. Real flood limits are enforced when `flood_limits` says so.
    pub fn new(seed: u64, flood_limits: bool) -> Self {
        Self {
            bots: BTreeMap::new(),
            names: BTreeMap::new(),
            users: BTreeMap::new(),
            files: BTreeMap::new(),
            paths: BTreeMap::new(),
            queries: BTreeMap::new(),
            faults: vec![],
            flood_limits,
            random: ChaCha12Rng::seed_from_u64(seed),
            changes: vec![],
            events: vec![],
        }
    }

    /// One call of the Bot API. `params` is an object whose values may all be strings, as a form
    /// sends them; method names are the same in any case.
    pub fn call(
        &mut self,
        now: Timestamp,
        token: &Secret,
        method: &str,
        params: &Value,
        uploads: &[Upload],
    ) -> Outcome {
        let bot = match self.authorise(token) {
            Ok(bot) => bot,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        let params = Params(params);
        match method.to_ascii_lowercase().as_str() {
            "getupdates" => self.get_updates(now, token, bot, params),
            "getme" => self.get_me(bot).into(),
            "deletewebhook" => self.delete_webhook(bot, params).into(),
            "setmycommands" => self.set_my_commands(bot, params).into(),
            "getmycommands" => self.bot(bot).map(|bot| bot.record.commands.clone()).into(),
            "sendmessage" => self.send_message(now, bot, params).into(),
            "senddocument" => self.send_document(now, bot, params, uploads).into(),
            "sendphoto" => self.send_photo(now, bot, params, uploads).into(),
            "sendchataction" => self.send_chat_action(bot, params).into(),
            "editmessagetext" => self.edit_message_text(now, bot, params).into(),
            "editmessagereplymarkup" => self.edit_message_reply_markup(now, bot, params).into(),
            "deletemessage" => self.delete_message(now, bot, params).into(),
            "answercallbackquery" => self.answer_callback_query(now, bot, params).into(),
            "getfile" => self.get_file(bot, params).into(),
            "getchat" => self.get_chat(bot, params).into(),
            "getchatmember" => self.get_chat_member(bot, params).into(),
            "leavechat" => self.leave_chat(now, bot, params).into(),
            _ => Outcome::Refused(Refusal::not_found()),
        }
    }

    /// Switches the flood limits.
    pub fn set_flood_limits(&mut self, on: bool) {
        self.flood_limits = on;
    }

    /// What changed since the last time, oldest first.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// What somebody may be waiting for since the last time, oldest first.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Makes a stored change again, without telling anybody. Bots come before what is theirs, and
    /// updates and messages in the order of their ids.
    pub fn restore(&mut self, change: Change) {
        match change {
            Change::Bot(record) => self.insert_bot(record),
            Change::Counters { bot, next_message, next_update } => {
                if let Some(bot) = self.bots.get_mut(&bot) {
                    bot.record.next_message = next_message;
                    bot.record.next_update = next_update;
                }
            }
            Change::User(user) => {
                self.users.insert(user.id, user);
            }
            Change::Chat(bot, record) => {
                if let Some(bot) = self.bots.get_mut(&bot) {
                    let chat = bot.chats.entry(record.id);
                    chat.or_insert_with_key(|id| Chat::new(*id)).record = record;
                }
            }
            Change::Message(bot, chat, message) => {
                if let Some(chat) = self.chat_mut(bot, chat) {
                    chat.messages.insert(message.id, message);
                }
            }
            Change::MessageGone(bot, chat, id) => {
                if let Some(chat) = self.chat_mut(bot, chat) {
                    chat.messages.remove(&id);
                }
            }
            Change::Update(bot, update) => {
                if let Some(bot) = self.bots.get_mut(&bot) {
                    bot.queue.push_back(Queued { update, repeat: false });
                }
            }
            Change::UpdatesGone(bot, through) => {
                if let Some(bot) = self.bots.get_mut(&bot) {
                    bot.queue.retain(|queued| queued.update.id > through);
                }
            }
            Change::File(file, _) => self.insert_file(file),
            Change::Query(query) => {
                self.queries.insert(query.id, query);
            }
            Change::QueryGone(id) => {
                self.queries.remove(&id);
            }
            // The clock is the service's.
            Change::Clock(_) => {}
        }
    }

    /// The bot a token opens: 404 for what is no token, 401 for a wrong or revoked one.
    pub(super) fn authorise(&self, token: &Secret) -> Result<i64, Refusal> {
        let id = token
            .expose()
            .split_once(':')
            .filter(|(_, rest)| !rest.is_empty())
            .and_then(|(id, _)| id.parse::<i64>().ok())
            .ok_or_else(Refusal::not_found)?;
        match self.bots.get(&id) {
            Some(bot) if bot.record.token == *token => Ok(id),
            Some(_) | None => Err(Refusal::unauthorized()),
        }
    }

    fn bot(&self, id: i64) -> Result<&Bot, Refusal> {
        self.bots.get(&id).ok_or_else(Refusal::unauthorized)
    }

    fn bot_mut(&mut self, id: i64) -> Result<&mut Bot, Refusal> {
        self.bots.get_mut(&id).ok_or_else(Refusal::unauthorized)
    }

    fn chat_mut(&mut self, bot: i64, chat: i64) -> Option<&mut Chat> {
        self.bots.get_mut(&bot)?.chats.get_mut(&chat)
    }

    /// The bot of a user name, in any case, with or without `@`.
    fn named(&self, username: &str) -> Result<&Bot, Complaint> {
        let key = username.trim_start_matches('@').to_ascii_lowercase();
        self.names
            .get(&key)
            .and_then(|id| self.bots.get(id))
            .ok_or_else(|| Complaint::UnknownBot(username.to_owned()))
    }

    fn insert_bot(&mut self, record: BotRecord) {
        self.names.insert(record.username.to_ascii_lowercase(), record.id);
        self.bots.insert(record.id, Bot::new(record));
    }

    /// Stores a new or edited message and tells everybody.
    fn put_message(&mut self, bot_id: i64, chat_id: i64, message: MessageRecord) {
        let message = Arc::new(message);
        let Some(bot) = self.bots.get_mut(&bot_id) else { return };
        let Some(chat) = bot.chats.get_mut(&chat_id) else { return };
        chat.messages.insert(message.id, Arc::clone(&message));
        self.changes.push(Change::Message(bot_id, chat_id, message));
        self.events.push(Event::Chat(bot.record.username.clone(), chat_id));
    }

    /// The id of a bot's next message.
    fn next_message(&mut self, bot_id: i64) -> i64 {
        let Some(bot) = self.bots.get_mut(&bot_id) else { return 0 };
        let id = bot.record.next_message;
        bot.record.next_message += 1;
        self.changes.push(bot.counters());
        id
    }
}

impl Bot {
    fn new(record: BotRecord) -> Self {
        Self {
            record,
            chats: BTreeMap::new(),
            queue: VecDeque::new(),
            polls: 0,
            flood: Bucket::default(),
        }
    }

    fn counters(&self) -> Change {
        Change::Counters {
            bot: self.record.id,
            next_message: self.record.next_message,
            next_update: self.record.next_update,
        }
    }
}

impl Chat {
    fn new(id: i64) -> Self {
        Self { record: ChatRecord::new(id), messages: BTreeMap::new(), flood: Bucket::default() }
    }
}

/// Seconds since the Unix epoch, as the Bot API writes dates.
fn seconds(at: Timestamp) -> i64 {
    at.ms().div_euclid(1000)
}
