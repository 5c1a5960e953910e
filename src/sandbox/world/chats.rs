//! Methods about bots, chats and their members, and who may write where.

use super::answer::{Refusal, Reply};
use super::params::Params;
use super::records::{Change, Event};
use super::{World, seconds};
use crate::domain::time::Timestamp;
use serde_json::{Value, json};

/// The most commands a bot may announce.
const COMMANDS_MAX: usize = 100;

impl World {
    pub(super) fn get_me(&self, bot: i64) -> Reply {
        let mut me = self.bot(bot)?.record.user_json();
        me["can_join_groups"] = json!(true);
        // Privacy mode is off: every message of a group reaches the bot.
        me["can_read_all_group_messages"] = json!(true);
        me["supports_inline_queries"] = json!(false);
        me["can_connect_to_business"] = json!(false);
        me["has_main_web_app"] = json!(false);
        Ok(me)
    }

    pub(super) fn set_my_commands(&mut self, bot: i64, params: Params<'_>) -> Reply {
        let commands = params
            .json("commands", "commands")?
            .ok_or_else(|| Refusal::bad("parameter \"commands\" is required"))?;
        let list =
            commands.as_array().ok_or_else(|| Refusal::bad("expected an Array of BotCommand"))?;
        if list.len() > COMMANDS_MAX {
            return Err(Refusal::bad("BOT_COMMANDS_TOO_MUCH"));
        }
        let made = list.iter().map(command).collect::<Result<Vec<_>, _>>()?;
        let bot = self.bot_mut(bot)?;
        bot.record.commands = Value::Array(made);
        let record = bot.record.clone();
        self.changes.push(Change::Bot(record));
        Ok(json!(true))
    }

    pub(super) fn get_chat(&self, bot: i64, params: Params<'_>) -> Reply {
        let chat = self.target(bot, params)?;
        let found = self.bot(bot)?.chats.get(&chat).filter(|chat| chat.record.is_known());
        let found = found.ok_or_else(|| Refusal::bad("chat not found"))?;
        if found.record.left {
            return Err(not_a_member(chat));
        }
        let mut shown = self.chat_json(&found.record);
        shown["accent_color_id"] = json!(chat.rem_euclid(7));
        shown["max_reaction_count"] = json!(11);
        shown["accepted_gift_types"] = json!({
            "unlimited_gifts": false,
            "limited_gifts": false,
            "unique_gifts": false,
            "premium_subscription": false,
        });
        Ok(shown)
    }

    pub(super) fn get_chat_member(&self, bot_id: i64, params: Params<'_>) -> Reply {
        let chat = self.target(bot_id, params)?;
        let bot = self.bot(bot_id)?;
        let found = bot.chats.get(&chat).filter(|chat| chat.record.is_known());
        let found = found.ok_or_else(|| Refusal::bad("chat not found"))?;
        let user =
            params.int("user_id").ok_or_else(|| Refusal::bad("invalid user_id specified"))?;
        if user == bot_id {
            return Ok(member(&bot.record.user_json(), found.record.bot_status()));
        }
        if found.record.left {
            return Err(not_a_member(chat));
        }
        let known = self.users.get(&user).ok_or_else(|| Refusal::bad("user not found"))?;
        let inside = user == chat || found.record.members.contains(&user);
        Ok(member(&known.user_json(), if inside { "member" } else { "left" }))
    }

    pub(super) fn leave_chat(&mut self, now: Timestamp, bot: i64, params: Params<'_>) -> Reply {
        let chat = self.target(bot, params)?;
        if chat > 0 {
            return Err(Refusal::bad("chat member status can't be changed in private chats"));
        }
        self.reach(bot, chat)?;
        let from = self.bot(bot)?.record.user_json();
        self.change_standing(now, bot, chat, &from, |record| record.left = true);
        Ok(json!(true))
    }

    /// The chat a call names. Public names lead nowhere here: nothing in this world has one.
    pub(super) fn target(&self, bot: i64, params: Params<'_>) -> Result<i64, Refusal> {
        self.bot(bot)?;
        match params.text("chat_id") {
            None => Err(Refusal::bad("chat_id is empty")),
            Some(text) if text.trim().is_empty() => Err(Refusal::bad("chat_id is empty")),
            Some(_) => params.int("chat_id").ok_or_else(|| Refusal::bad("chat not found")),
        }
    }

    /// Whether the bot may write in the chat, and if not, why.
    pub(super) fn reach(&self, bot: i64, chat: i64) -> Result<(), Refusal> {
        let Some(found) = self.bot(bot)?.chats.get(&chat) else {
            return Err(if self.users.contains_key(&chat) {
                Refusal::forbidden("bot can't initiate conversation with a user")
            } else {
                Refusal::bad("chat not found")
            });
        };
        let record = &found.record;
        if record.left {
            Err(not_a_member(chat))
        } else if record.blocked {
            Err(Refusal::forbidden("bot was blocked by the user"))
        } else if record.is_private() && !record.opened {
            Err(Refusal::forbidden("bot can't initiate conversation with a user"))
        } else {
            Ok(())
        }
    }

    /// Changes what a chat thinks of the bot and sends `my_chat_member` when it shows.
    pub(super) fn change_standing(
        &mut self,
        now: Timestamp,
        bot_id: i64,
        chat_id: i64,
        from: &Value,
        change: impl FnOnce(&mut super::ChatRecord),
    ) {
        let Some(bot) = self.bots.get_mut(&bot_id) else { return };
        let user = bot.record.user_json();
        let username = bot.record.username.clone();
        let Some(chat) = bot.chats.get_mut(&chat_id) else { return };
        let before = chat.record.bot_status();
        change(&mut chat.record);
        let record = chat.record.clone();
        let after = record.bot_status();
        self.changes.push(Change::Chat(bot_id, record.clone()));
        self.events.push(Event::Chat(username, chat_id));
        // A chat that was never opened is nothing the bot knows of.
        if before == after || !record.is_known() {
            return;
        }
        let payload = json!({
            "chat": self.chat_json(&record),
            "from": from,
            "date": seconds(now),
            "old_chat_member": member(&user, before),
            "new_chat_member": member(&user, after),
        });
        self.push_update(now, bot_id, "my_chat_member", &payload);
    }
}

impl super::ChatRecord {
    /// Whether the bot has seen the chat.
    fn is_known(&self) -> bool {
        self.opened || !self.is_private()
    }

    /// The bot's standing as `ChatMember` names it.
    fn bot_status(&self) -> &'static str {
        if self.blocked {
            "kicked"
        } else if self.left {
            "left"
        } else {
            "member"
        }
    }
}

fn not_a_member(chat: i64) -> Refusal {
    let kind = super::ChatRecord::new(chat).group_type();
    Refusal::forbidden(format!("bot is not a member of the {kind} chat"))
}

fn member(user: &Value, status: &str) -> Value {
    let mut member = json!({"user": user, "status": status});
    if status == "kicked" {
        // Zero is for ever.
        member["until_date"] = json!(0);
    }
    member
}

/// One `BotCommand`: 1–32 small letters, digits and underscores, described in 1–256 characters.
fn command(given: &Value) -> Reply {
    let text = |key| given.get(key).and_then(Value::as_str).unwrap_or_default();
    let name = text("command").trim_start_matches('/');
    let description = text("description");
    let plain = |ch: char| ch.is_ascii_lowercase() || ch.is_ascii_digit() || ch == '_';
    if name.is_empty() || name.len() > 32 || !name.chars().all(plain) {
        return Err(Refusal::bad("BOT_COMMAND_INVALID"));
    }
    if !(1..=256).contains(&description.chars().count()) {
        return Err(Refusal::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
    }
    Ok(json!({"command": name, "description": description}))
}
