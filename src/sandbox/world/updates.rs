//! Update queues: what waits for a bot, how it is fetched, and how it is confirmed.
//!
//! Offsets are cumulative: asking from N confirms everything before N. Only one poll at a time: a
//! later `getUpdates` ends the earlier one with 409. Updates older than a day are gone.

use super::answer::{Outcome, Poll, Refusal, Reply};
use super::faults::FaultKind;
use super::params::Params;
use super::records::{Change, Event, UpdateRecord};
use super::{Bot, World};
use crate::domain::time::{Millis, Timestamp};
use crate::secret::Secret;
use serde_json::{Value, json};
use std::sync::Arc;

/// The most updates one answer carries.
const LIMIT_MAX: usize = 100;
/// The longest a poll waits, in seconds.
const TIMEOUT_MAX_S: i64 = 50;
/// How long Telegram keeps an update that nobody fetches.
const KEPT: Millis = Millis::from_hours(24);
/// What a bot gets only when it asks for it.
const ON_REQUEST: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

/// An update in a queue.
pub(super) struct Queued {
    pub(super) update: Arc<UpdateRecord>,
    /// Confirmed once already, and coming again because a fault asked for it.
    pub(super) repeat: bool,
}

impl World {
    pub(super) fn get_updates(
        &mut self,
        now: Timestamp,
        token: &Secret,
        bot_id: i64,
        params: Params<'_>,
    ) -> Outcome {
        let limit = params.int("limit").and_then(|limit| usize::try_from(limit).ok());
        let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit)).unwrap_or(LIMIT_MAX);
        let timeout = params.int("timeout").unwrap_or(0).clamp(0, TIMEOUT_MAX_S);
        if let Err(refusal) = self.set_allowed(bot_id, params) {
            return Outcome::Refused(refusal);
        }
        self.confirm(now, bot_id, params.int("offset").unwrap_or(0));
        let Ok(bot) = self.bot_mut(bot_id) else {
            return Outcome::Refused(Refusal::unauthorized());
        };
        bot.polls += 1;
        let poll = Poll {
            bot: bot_id,
            until: now + Millis::from_secs(timeout),
            token: token.clone(),
            generation: bot.polls,
            limit,
        };
        // An earlier poll of this bot has to learn that it is over.
        self.events.push(Event::Queue(bot_id));
        self.resume(now, &poll)
    }

    /// Looks again for a poll that waited.
    pub fn resume(&mut self, now: Timestamp, poll: &Poll) -> Outcome {
        if let Err(refusal) = self.authorise(&poll.token) {
            return Outcome::Refused(refusal);
        }
        self.forget_old_updates(now, poll.bot);
        let Ok(bot) = self.bot(poll.bot) else {
            return Outcome::Refused(Refusal::unauthorized());
        };
        if bot.polls != poll.generation {
            return Outcome::Refused(Refusal::conflict());
        }
        let mut batch: Vec<Value> =
            bot.queue.iter().take(poll.limit).map(|queued| queued.update.body.clone()).collect();
        if batch.len() > 1
            && self.take_fault(now, FaultKind::Reorder, poll.bot, "getUpdates", None).is_some()
        {
            batch.reverse();
        }
        if batch.is_empty() && now < poll.until {
            return Outcome::Wait(poll.clone());
        }
        Outcome::Done(Value::Array(batch))
    }

    pub(super) fn delete_webhook(&mut self, bot_id: i64, params: Params<'_>) -> Reply {
        if params.flag("drop_pending_updates") {
            let bot = self.bot_mut(bot_id)?;
            let last = bot.queue.back().map(|queued| queued.update.id);
            bot.queue.clear();
            self.changes.extend(last.map(|id| Change::UpdatesGone(bot_id, id)));
        }
        Ok(json!(true))
    }

    /// Puts an update in a bot's queue, unless the bot does not want its kind.
    pub(super) fn push_update(&mut self, now: Timestamp, bot_id: i64, kind: &str, payload: &Value) {
        self.forget_old_updates(now, bot_id);
        let Some(bot) = self.bots.get_mut(&bot_id) else { return };
        if !bot.wants(kind) {
            return;
        }
        let id = bot.record.next_update;
        bot.record.next_update += 1;
        let body = json!({"update_id": id, (kind): payload});
        let update = Arc::new(UpdateRecord { id, at: now, body });
        bot.queue.push_back(Queued { update: Arc::clone(&update), repeat: false });
        self.changes.push(bot.counters());
        self.changes.push(Change::Update(bot_id, update));
        self.events.push(Event::Queue(bot_id));
    }

    /// Remembers which kinds the bot wants from now on; saying nothing keeps what was said last,
    /// an empty list is Telegram's default.
    fn set_allowed(&mut self, bot_id: i64, params: Params<'_>) -> Result<(), Refusal> {
        let Some(kinds) = params.json("allowed_updates", "allowed updates")? else {
            return Ok(());
        };
        let wrong = || Refusal::bad("can't parse allowed updates JSON object");
        let kinds = kinds.as_array().ok_or_else(wrong)?;
        let kinds = kinds.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect();
        let allowed = Some(kinds).filter(|kinds: &std::collections::BTreeSet<_>| !kinds.is_empty());
        let bot = self.bot_mut(bot_id)?;
        if bot.record.allowed != allowed {
            bot.record.allowed = allowed;
            let record = bot.record.clone();
            self.changes.push(Change::Bot(record));
        }
        Ok(())
    }

    /// Forgets the updates before `offset`, or all but the last few when it is negative.
    fn confirm(&mut self, now: Timestamp, bot_id: i64, offset: i64) {
        let Some(bot) = self.bots.get(&bot_id) else { return };
        let count = match usize::try_from(offset) {
            Ok(_) => bot.queue.iter().take_while(|queued| queued.update.id < offset).count(),
            Err(_) => {
                let kept = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
                bot.queue.len().saturating_sub(kept)
            }
        };
        let fresh = bot.queue.iter().take(count).any(|queued| !queued.repeat);
        let again = fresh
            && self.take_fault(now, FaultKind::Duplicate, bot_id, "getUpdates", None).is_some();
        let Some(bot) = self.bots.get_mut(&bot_id) else { return };
        if again {
            bot.queue.iter_mut().take(count).for_each(|queued| queued.repeat = true);
            return;
        }
        let gone = bot.queue.drain(..count).next_back().map(|queued| queued.update.id);
        self.changes.extend(gone.map(|id| Change::UpdatesGone(bot_id, id)));
    }

    fn forget_old_updates(&mut self, now: Timestamp, bot_id: i64) {
        let Some(bot) = self.bots.get_mut(&bot_id) else { return };
        let mut gone = None;
        while let Some(queued) = bot.queue.pop_front_if(|queued| queued.update.at + KEPT <= now) {
            gone = Some(queued.update.id);
        }
        self.changes.extend(gone.map(|id| Change::UpdatesGone(bot_id, id)));
    }
}

impl Bot {
    fn wants(&self, kind: &str) -> bool {
        match &self.record.allowed {
            Some(kinds) => kinds.contains(kind),
            None => !ON_REQUEST.contains(&kind),
        }
    }
}
