//! Who waits for an answer, and whether the weather excuses its absence (laws 8, 10 and 12).
//!
//! A person who does something is answered within [`PATIENCE`] as long as nothing goes wrong that
//! touches his bot. When something did, he may have to ask again: he is put on a list, and in the end
//! everybody on it has asked again and was answered.

use super::{ChatKey, Court};
use crate::domain::time::{Millis, Timestamp};
use crate::sim::law::Law;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How long an answer takes at most when nothing is wrong.
const PATIENCE: Millis = Millis::from_secs(20);
/// How much longer for each thing that waits before it in the same chat: Telegram takes about one
/// message a second there.
const EACH: Millis = Millis::from_ms(2_500);
/// Troubles that are remembered.
const TROUBLES_MAX: usize = 256;

/// Something a person did that has to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Wait {
    /// When.
    pub(in crate::sim) at: Timestamp,
    /// The tap's id, if it was one.
    pub(in crate::sim) query: Option<i64>,
    /// The message, if it held a token: it has to disappear.
    pub(in crate::sim) token: Option<i64>,
}

/// Whom a trouble touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum Scope {
    /// Everybody.
    All,
    /// One bot and everybody in it.
    Bot(i64),
    /// One chat.
    Chat(ChatKey),
}

#[derive(Clone, Copy, Debug)]
struct Trouble {
    scope: Scope,
    from: Timestamp,
    until: Timestamp,
}

/// All who wait.
#[derive(Debug, Default)]
pub(in crate::sim) struct Silence {
    waiting: BTreeMap<ChatKey, VecDeque<Wait>>,
    queries: BTreeMap<i64, ChatKey>,
    troubles: VecDeque<Trouble>,
    /// Updates that were given up, by bot: so many may stay unanswered.
    buried: BTreeMap<i64, u32>,
    /// Who has to ask again.
    pub(in crate::sim) unsure: BTreeSet<ChatKey>,
}

impl Silence {
    /// A person waits.
    pub(in crate::sim) fn waits(&mut self, chat: ChatKey, wait: Wait) {
        if let Some(query) = wait.query {
            self.queries.insert(query, chat);
        }
        self.waiting.entry(chat).or_default().push_back(wait);
    }

    /// Something came: whoever waits in that chat is answered, but a token has to go.
    pub(super) fn heard(&mut self, chat: ChatKey) {
        self.retain(chat, |wait| wait.token.is_some());
    }

    /// A message is gone.
    pub(super) fn gone(&mut self, chat: ChatKey, message: i64) {
        self.retain(chat, |wait| wait.token != Some(message));
    }

    /// A person was told to revoke a token.
    pub(super) fn revoke_told(&mut self, chat: ChatKey) {
        self.retain(chat, |wait| wait.token.is_none());
    }

    /// A tap was answered.
    pub(super) fn answered(&mut self, query: i64) {
        if let Some(chat) = self.queries.remove(&query) {
            self.retain(chat, |wait| wait.query != Some(query));
        }
    }

    /// An update of a bot was given up.
    pub(super) fn buried(&mut self, bot: i64) {
        *self.buried.entry(bot).or_default() += 1;
    }

    /// Something goes wrong until then; its consequences are over a while later.
    pub(in crate::sim) fn trouble(&mut self, scope: Scope, from: Timestamp, until: Timestamp) {
        self.troubles.push_back(Trouble { scope, from, until });
        if self.troubles.len() > TROUBLES_MAX {
            self.troubles.pop_front();
        }
    }

    /// Whether nothing touches a chat between two moments.
    pub(in crate::sim) fn is_calm(&self, chat: ChatKey, from: Timestamp, to: Timestamp) -> bool {
        !self.troubles.iter().any(|trouble| {
            let touches = match trouble.scope {
                Scope::All => true,
                Scope::Bot(bot) => bot == chat.0,
                Scope::Chat(other) => other == chat,
            };
            touches && trouble.from <= to && trouble.until >= from
        })
    }

    /// Whether something is wrong elsewhere at that moment.
    fn is_stormy_elsewhere(&self, chat: ChatKey, from: Timestamp, to: Timestamp) -> bool {
        self.troubles.iter().any(|trouble| {
            matches!(trouble.scope, Scope::Bot(bot) if bot != chat.0)
                && trouble.from <= to
                && trouble.until >= from
        })
    }

    /// How many wait in a chat.
    pub(in crate::sim) fn waiting_in(&self, chat: ChatKey) -> usize {
        self.waiting.get(&chat).map_or(0, VecDeque::len)
    }

    /// Whether nobody waits and nobody has to ask again.
    pub(in crate::sim) fn is_over(&self) -> bool {
        self.unsure.is_empty() && self.waiting.values().all(VecDeque::is_empty)
    }

    /// Nobody waits in this chat any more: its person went away.
    pub(in crate::sim) fn leave(&mut self, chat: ChatKey) {
        self.waiting.remove(&chat);
        self.unsure.remove(&chat);
    }

    fn retain(&mut self, chat: ChatKey, keep: impl Fn(&Wait) -> bool) {
        if let Some(waiting) = self.waiting.get_mut(&chat) {
            waiting.retain(keep);
        }
    }

    /// Whoever waits too long at `now`, each with whether others were in trouble.
    fn overdue(&mut self, now: Timestamp) -> Vec<(ChatKey, Wait, bool)> {
        let mut late = Vec::new();
        let keys: Vec<ChatKey> = self.waiting.keys().copied().collect();
        for chat in keys {
            while let Some(first) = self.waiting.get(&chat).and_then(|w| w.front().copied()) {
                let before = i64::try_from(self.waiting_in(chat)).unwrap_or(0);
                let patience = Millis::from_ms(PATIENCE.ms() + EACH.ms() * before);
                if now.since(first.at) <= patience {
                    break;
                }
                if let Some(waiting) = self.waiting.get_mut(&chat) {
                    waiting.pop_front();
                }
                if !self.is_calm(chat, first.at - PATIENCE, now) {
                    self.unsure.insert(chat);
                } else if let Some(left) = self.buried.get_mut(&chat.0).filter(|left| **left > 0) {
                    *left -= 1;
                } else {
                    late.push((chat, first, self.is_stormy_elsewhere(chat, first.at, now)));
                }
            }
        }
        late
    }
}

impl Court {
    /// Looks for whoever waits too long.
    pub(in crate::sim) fn listen(&mut self, now: Timestamp) {
        self.now = now;
        self.count(Law::Bounded);
        self.count(Law::Isolation);
        for ((bot, chat), wait, storm) in self.silence.overdue(now) {
            let since = now.since(wait.at).ms();
            let bot = self.bots.get(&bot).map_or_else(String::new, |bot| bot.username.clone());
            if wait.token.is_some() {
                let says = format!("the token that {chat} pasted to {bot} stands for {since} ms");
                self.breach(Law::Secrets, now, says);
            } else {
                let law = if storm { Law::Isolation } else { Law::Bounded };
                let says = format!("{chat} waits for {bot} since {since} ms ({})", wait.at.ms());
                self.breach(law, now, says);
            }
        }
    }
}
