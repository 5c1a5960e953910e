//! Callback queries: a tap waits for an answer, and not for long.

use super::answer::{Complaint, Refusal, Reply};
use super::markup::DATA_MAX;
use super::params::Params;
use super::people::Tap;
use super::records::{Change, Event, QueryRecord, TapAnswer};
use super::{World, rich};
use crate::domain::time::{Millis, Timestamp};
use serde_json::json;

/// How long a query can be answered. Telegram names no figure; reports agree on less than 20 s.
const ANSWERABLE: Millis = Millis::from_secs(15);
/// The longest notification.
const ANSWER_MAX: usize = 200;

impl World {
    /// A person taps a button: the bot gets a callback query, whose id is returned. As in
    /// Telegram, an altered app may send data that no button holds.
    ///
    /// # Errors
    /// When bot or message is not there, the message is not the bot's, or the data is not 1–64
    /// bytes long.
    pub fn tap(&mut self, now: Timestamp, tap: &Tap) -> Result<i64, Complaint> {
        let bot = self.named(&tap.bot)?;
        let (bot_id, chat_id) = (bot.record.id, tap.chat_id.unwrap_or(tap.user_id));
        super::people::check_ids(tap.user_id, chat_id)?;
        if tap.data.is_empty() || tap.data.len() > DATA_MAX {
            return Err(Complaint::bad(format!("data must be 1 to {DATA_MAX} bytes long")));
        }
        let message = bot
            .chats
            .get(&chat_id)
            .filter(|chat| !chat.record.left)
            .and_then(|chat| chat.messages.get(&tap.message_id))
            .filter(|message| message.from == bot_id)
            .map(|message| message.id)
            .and_then(|id| self.message_by_id(bot_id, chat_id, id))
            .ok_or_else(|| Complaint::bad("the bot has no such message in that chat"))?;
        self.forget_old_queries(now);
        // The clock never goes back, so ids from it are new even after a restart.
        let newest = self.queries.keys().next_back().copied().unwrap_or(0);
        let id = now.ms().saturating_mul(1_000_000).max(newest + 1);
        let query = QueryRecord { id, bot: bot_id, at: now, answer: None };
        self.queries.insert(id, query.clone());
        self.changes.push(Change::Query(query));
        let payload = json!({
            "id": id.to_string(),
            "from": self.user(tap.user_id).user_json(),
            "message": message,
            "chat_instance": chat_id.wrapping_mul(7_919).wrapping_add(bot_id).to_string(),
            "data": tap.data,
        });
        self.push_update(now, bot_id, "callback_query", &payload);
        Ok(id)
    }

    pub(super) fn answer_callback_query(
        &mut self,
        now: Timestamp,
        bot: i64,
        params: Params<'_>,
    ) -> Reply {
        let text = params.text("text").filter(|text| !text.is_empty());
        if text.as_ref().is_some_and(|text| rich::units(text) > ANSWER_MAX) {
            return Err(Refusal::bad("MESSAGE_TOO_LONG"));
        }
        let query = params
            .int("callback_query_id")
            .and_then(|id| self.queries.get_mut(&id))
            .filter(|query| query.bot == bot && now < query.at + ANSWERABLE)
            .ok_or_else(|| {
                Refusal::bad("query is too old and response timeout expired or query ID is invalid")
            })?;
        // The person has seen the first answer; a second one changes nothing.
        if query.answer.is_none() {
            let answer = TapAnswer {
                answered: true,
                text,
                show_alert: params.flag("show_alert"),
                url: params.text("url").filter(|url| !url.is_empty()),
            };
            query.answer = Some(answer.clone());
            let query = query.clone();
            self.events.push(Event::Answered(query.id, answer));
            self.changes.push(Change::Query(query));
        }
        Ok(json!(true))
    }

    fn forget_old_queries(&mut self, now: Timestamp) {
        while let Some(oldest) = self.queries.first_entry() {
            if now < oldest.get().at + ANSWERABLE {
                return;
            }
            self.changes.push(Change::QueryGone(oldest.remove().id));
        }
    }
}
