//! What every part of one bot shares: who it is, and its ways to the rest of the fleet.

use crate::actors::core::Core;
use crate::actors::post::Post;
use crate::actors::probe::Probe;
use crate::actors::supervisor::{Statuses, SupervisorHandle};
use crate::clock::SharedClock;
use crate::domain::access::Access;
use crate::domain::id::{TenantId, UserId};
use crate::domain::ledger::Rules;
use crate::domain::time::Millis;
use crate::placement::SharedPlacement;
use crate::random::SharedRandom;
use crate::store::SharedStore;
use crate::store::batch::Profile;
use crate::telegram::client::Client;
use crate::telegram::outbox::Outbox;
use crate::telegram::text::{Lang, Texts, Voice};
use crate::telegram::transport::SharedTransport;
use crate::vault::Vault;
use chrono::FixedOffset;
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;

/// What all bots of a fleet share.
#[derive(Clone)]
pub struct Fleet {
    /// The way to StockActor, LedgerActor, Committer and the published view.
    pub core: Core,
    /// The durable state, for queries.
    pub store: SharedStore,
    /// Seals and opens tokens, goods and spilled updates.
    pub vault: Arc<Vault>,
    /// The wire to Telegram.
    pub transport: SharedTransport,
    /// Time and timers.
    pub clock: SharedClock,
    /// Randomness.
    pub random: SharedRandom,
    /// Threads.
    pub placement: SharedPlacement,
    /// Where tests may look.
    pub probe: Probe,
    /// Both languages.
    pub texts: Arc<Texts>,
    /// How bots are.
    pub statuses: Statuses,
    /// Messages to people who did not just ask.
    pub post: Post,
    /// The way to the Supervisor, once it runs.
    pub supervisor: Arc<OnceLock<SupervisorHandle>>,
    /// Files of paid goods that may be in memory at once, of all bots together.
    pub files: Arc<Semaphore>,
    /// Numbers and switches.
    pub settings: Arc<Settings>,
}

/// Numbers and switches of the bots, most of them configuration keys.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The people with a role, to decide what to show.
    pub access: Access,
    /// The platform's business numbers, to show them.
    pub rules: Rules,
    /// The language of somebody who has not chosen one.
    pub default_language: Lang,
    /// The operator's zone.
    pub zone: FixedOffset,
    /// Largest file that is taken as goods, in megabytes.
    pub file_max_mb: u32,
    /// Whether goods are stored as plain text.
    pub plain_goods: bool,
    /// Updates that wait in one bot's inbox before it fetches no new ones.
    pub inbox_max: usize,
    /// Updates of one chat that may wait; what comes beyond is given up.
    pub chat_inbox_max: usize,
    /// Budgets of one bot's outbox.
    pub outbox: crate::telegram::outbox::Limits,
    /// How long a customer waits in silence before he is told that his order is being recorded.
    pub recording_after: Millis,
    /// How long an update may take before it is spilled to the inbox, so that the next are fetched.
    pub spill_after: Millis,
    /// How long a bot that ends may take for what is under way and for what waits to be sent.
    pub drain: Millis,
}

/// One bot.
pub(super) struct Shop {
    pub(super) fleet: Fleet,
    pub(super) tenant: TenantId,
    pub(super) bot: UserId,
    pub(super) username: String,
    pub(super) client: Client,
    pub(super) outbox: Outbox,
}

impl Shop {
    /// How the bot speaks to a person: as he chose, or as his Telegram does, or by default.
    pub(super) fn voice(&self, profile: Option<&Profile>, code: Option<&str>) -> Voice<'_> {
        let lang = self.language(profile, code);
        Voice { texts: &self.fleet.texts, lang, zone: self.fleet.settings.zone }
    }

    pub(super) fn language(&self, profile: Option<&Profile>, code: Option<&str>) -> Lang {
        profile
            .and_then(|profile| Lang::from_word(&profile.language))
            .or_else(|| code.and_then(Lang::from_code))
            .unwrap_or(self.fleet.settings.default_language)
    }
}
