//! The judge: sees every durable batch, every message that a person gets and every answer of Telegram,
//! and checks every law as it happens.
//!
//! It keeps documents of its own, folded from the batches alone, so that what people read can be
//! compared with what is durable at that very moment. It knows the world's people and bots, but
//! nothing of the fleet's memory.

mod facts;
mod mail;
mod silence;
mod words;

pub(super) use mail::ChatView;
pub(super) use silence::{Scope, Wait};

use super::law::{Breach, Law};
use super::world::{Answered, Watch, lock};
use crate::domain::chronicle::Chronicle;
use crate::domain::id::{ItemId, TenantId, UserId};
use crate::domain::money::Money;
use crate::domain::sealed::Fingerprint;
use crate::domain::time::Timestamp;
use crate::sandbox::world::Change;
use crate::secret::Secret;
use crate::store::Head;
use crate::store::batch::Batch;
use crate::store::journal::GENESIS;
use crate::telegram::token::find_token_shaped;
use crate::telegram::transport::ApiError;
use silence::Silence;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use words::Words;

/// Breaches that are kept; the first one ends a run.
const BREACHES_MAX: usize = 20;
/// What every line of goods in a simulated shop begins with.
pub(super) const GOODS: &str = "KEY-";

/// One chat: the bot's number and the chat's.
pub(super) type ChatKey = (i64, i64);

/// What the judge knows of one bot.
#[derive(Clone, Debug)]
pub(super) struct BotFacts {
    /// Whose shop.
    pub(super) tenant: TenantId,
    /// Its user name.
    pub(super) username: String,
    /// Its shop's name.
    pub(super) shop: String,
}

/// What happened, as counts for the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Messages from bots that people saw, edits included.
    pub(super) messages: u64,
    /// Orders in the book.
    pub(super) orders: u64,
    /// Goods that were sent again.
    pub(super) repeats: u64,
    /// Checks by law.
    pub(super) checks: [u64; 13],
}

/// Everybody's way to the judge.
#[derive(Clone)]
pub(super) struct Judge(Arc<Mutex<Court>>);

/// Goods that somebody saw.
#[derive(Debug, Default)]
struct Sighting {
    plain: BTreeSet<i64>,
    marked: BTreeSet<i64>,
}

/// What the judge keeps.
pub(super) struct Court {
    words: Words,
    pub(super) bots: BTreeMap<i64, BotFacts>,
    pub(super) admins: BTreeSet<UserId>,
    /// Every person's number, as a text shows it.
    pub(super) people: BTreeMap<String, i64>,
    /// Base prices as a text shows them.
    pub(super) bases: BTreeSet<String>,
    pub(super) vault_key: Option<Secret>,
    pub(super) documents: Chronicle,
    head: Head,
    contents: BTreeMap<Fingerprint, ItemId>,
    /// Lines of goods that admins uploaded, with the fingerprint of each.
    pub(super) lines: BTreeMap<String, Fingerprint>,
    seen: BTreeMap<String, Sighting>,
    /// What offers said, by the body of the quote: to whom, and the total.
    offers: BTreeMap<String, (i64, String)>,
    /// Receipts by order: the total.
    receipts: BTreeMap<String, String>,
    /// Confirm buttons that were tapped, and by whom.
    pub(super) taps: BTreeSet<(String, i64)>,
    /// Every balance that a customer has had.
    balances: BTreeMap<(TenantId, i64), BTreeSet<Money>>,
    /// Credits that admins were told of, once each: what the message says, by message.
    told_credits: BTreeSet<(ChatKey, i64)>,
    /// Chats to which something was sent whose fate is unknown, or whose person asked once more.
    pub(super) may_repeat: BTreeSet<ChatKey>,
    /// Whether a process ended: its successor may send again whatever was on its way.
    pub(super) restarted: bool,
    pub(super) silence: Silence,
    pub(super) chats: BTreeMap<ChatKey, ChatView>,
    pub(super) counts: Counts,
    pub(super) breaches: Vec<Breach>,
    pub(super) now: Timestamp,
    /// The verdict is spoken: what is done to look for leaks is nobody's.
    pub(super) closed: bool,
}

impl Judge {
    /// A judge of an empty world.
    pub(super) fn new() -> Self {
        let court = Court {
            words: Words::load().expect("every build is tested with its texts"),
            bots: BTreeMap::new(),
            admins: BTreeSet::new(),
            people: BTreeMap::new(),
            bases: BTreeSet::new(),
            vault_key: None,
            documents: Chronicle::default(),
            head: GENESIS,
            contents: BTreeMap::new(),
            lines: BTreeMap::new(),
            seen: BTreeMap::new(),
            offers: BTreeMap::new(),
            receipts: BTreeMap::new(),
            taps: BTreeSet::new(),
            balances: BTreeMap::new(),
            told_credits: BTreeSet::new(),
            may_repeat: BTreeSet::new(),
            restarted: false,
            silence: Silence::default(),
            chats: BTreeMap::new(),
            counts: Counts::default(),
            breaches: Vec::new(),
            now: Timestamp::EPOCH,
            closed: false,
        };
        Self(Arc::new(Mutex::new(court)))
    }

    /// Does something with what the judge knows.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Court) -> T) -> T {
        act(&mut lock(&self.0))
    }

    /// A line of the log: it must hold no secret.
    pub(super) fn logged(&self, line: &str) {
        self.with(|court| {
            let at = court.now;
            court.count(Law::Secrets);
            court.no_secret(at, line, "a line of the log");
        });
    }
}

impl Watch for Judge {
    fn durable(&self, at: Timestamp, batch: &Batch, head: &Head) {
        self.with(|court| {
            court.now = at;
            if !court.closed {
                court.batch(at, batch, head);
            }
        });
    }

    fn changed(&self, at: Timestamp, change: &Change) {
        self.with(|court| {
            court.now = at;
            if !court.closed {
                court.changed(at, change);
            }
        });
    }

    fn called(&self, at: Timestamp, answered: &Answered) {
        self.with(|court| {
            court.now = at;
            if !court.closed {
                court.called(at, answered);
            }
        });
    }
}

impl Court {
    /// Notes a breach.
    pub(super) fn breach(&mut self, law: Law, at: Timestamp, says: impl Into<String>) {
        if self.breaches.len() < BREACHES_MAX {
            self.breaches.push(Breach { law, at, says: says.into() });
        }
    }

    pub(super) fn count(&mut self, law: Law) {
        self.counts.checks[usize::from(law.number()) - 1] += 1;
    }

    /// The shop that a bot serves.
    fn tenant(&self, bot: i64) -> Option<&TenantId> {
        self.bots.get(&bot).map(|bot| &bot.tenant)
    }

    fn called(&mut self, at: Timestamp, answered: &Answered) {
        let Answered { bot, method, chat, error, after_fencing } = answered;
        self.count(Law::OneWriter);
        if *after_fencing && *method != "getUpdates" {
            let says = format!("a fenced process still calls {method} for bot {bot}");
            self.breach(Law::OneWriter, at, says);
        }
        let (Some(error), Some(chat)) = (error, chat) else { return };
        // Whatever went wrong on the way: the next attempt says that it may be a repeat.
        self.may_repeat.insert((*bot, *chat));
        // An edit to what is there already shows the person what he asked for.
        if let ApiError::BadRequest(words) = error
            && words.contains("not modified")
        {
            self.silence.heard((*bot, *chat));
        }
    }

    /// No token, no key, and no goods where only words may be.
    fn no_secret(&mut self, at: Timestamp, text: &str, place: &str) {
        let key = self.vault_key.as_ref().is_some_and(|key| text.contains(key.expose()));
        if find_token_shaped(text) {
            self.breach(Law::Secrets, at, format!("{place} holds text of the shape of a token"));
        } else if key {
            self.breach(Law::Secrets, at, format!("{place} holds a key of the vault"));
        } else if text.contains(GOODS) {
            self.breach(Law::Secrets, at, format!("{place} holds goods"));
        }
    }
}
