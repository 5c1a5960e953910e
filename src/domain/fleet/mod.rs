//! The fleet: which bots run, how each is, and what follows when one ends.
//!
//! The Supervisor's machine, without clock, randomness or handles: it is told what happened and plans
//! what is to be done (DESIGN.md, section 5). A plan holds the new state of every bot that it changes,
//! so that applying it decides nothing, and a replay compares both.

mod plan;

use super::id::TenantId;
use super::sealed::Fingerprint;
use super::tenant::Tenant;
use super::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Restart intensity and pauses; each is a configuration key under `bots`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotLimits {
    /// First pause after a failure.
    pub backoff_min: Millis,
    /// Longest pause after a failure.
    pub backoff_max: Millis,
    /// Failures within the window before a bot is stopped.
    pub restarts_max: usize,
    /// The window.
    pub restarts_window: Millis,
    /// How often a stopped bot or an open circuit is probed.
    pub probe_every: Millis,
}

/// The states of a bot that an admin can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotState {
    /// Being started.
    Starting,
    /// Receiving updates.
    Running,
    /// Failed; tried again after a pause.
    Backoff,
    /// Failed too often; tried again rarely, or when resumed.
    Stopped,
    /// Telegram refuses the token.
    TokenRefused,
    /// Another process uses the token.
    Conflict,
}

/// Why a bot ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotEnd {
    /// It was told to.
    Stopped,
    /// Something in it panicked.
    Panicked,
    /// Telegram refuses the token.
    TokenRefused,
    /// Another process has used the token for longer than a poll and a lease take.
    Conflict,
    /// Anything else, in words without any secret. A trace shows them as a pseudonym: nobody knows
    /// what a store or a network says.
    #[serde(serialize_with = "crate::domain::words::serialize")]
    Failed(String),
}

/// What a bot tells the Supervisor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotNews {
    /// It receives updates.
    Running,
    /// It has ended.
    Ended(BotEnd),
}

/// What happened to the fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FleetMessage {
    /// Shops changed; [`FleetMachine::look_at`] finds what concerns bots.
    Look {
        /// Shops that are no more.
        gone: BTreeSet<TenantId>,
        /// Shops whose bot is new or has a new token.
        tokens: BTreeMap<TenantId, Fingerprint>,
    },
    /// A run of a bot tells how it is.
    Report {
        /// Whose bot.
        tenant: TenantId,
        /// Which run of it; news of an earlier one are ignored.
        run: u64,
        /// What it tells.
        news: BotNews,
        /// Drawn for the jitter of a pause; 0 where no pause can follow.
        draw: u16,
    },
    /// A pause is over.
    Retry {
        /// Whose bot paused.
        tenant: TenantId,
        /// After which run.
        run: u64,
    },
    /// An admin or a new token wants a stopped bot started at once.
    Resume {
        /// Whose bot.
        tenant: TenantId,
    },
    /// Everything ends.
    Stop,
}

/// What the Supervisor does, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FleetEffect {
    /// The bot's run, if it still has one, ends.
    End {
        /// Whose bot.
        tenant: TenantId,
    },
    /// A run begins; one before it ends.
    Start {
        /// Whose bot.
        tenant: TenantId,
        /// The run's number, never given twice.
        run: u64,
    },
    /// Everybody may read how the bot is.
    Show {
        /// Whose bot.
        tenant: TenantId,
        /// How it is.
        shown: Shown,
    },
    /// There is no such bot any more.
    Hide {
        /// Whose bot it was.
        tenant: TenantId,
    },
    /// Admins and the owner are told of a lasting trouble.
    Tell {
        /// Whose bot.
        tenant: TenantId,
        /// The trouble.
        state: BotState,
    },
    /// [`FleetMessage::Retry`] comes at this time.
    Wake {
        /// Whose bot.
        tenant: TenantId,
        /// The run that ended.
        run: u64,
        /// When.
        at: Timestamp,
    },
}

/// How a bot is, for everybody to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Whether and why not it runs.
    pub state: BotState,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
    /// Failures within the present window.
    pub restarts: u32,
    /// The last failure.
    pub error: Option<BotEnd>,
}

/// One tenant's bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bot {
    token: Fingerprint,
    run: u64,
    /// Whether that run has not ended.
    at_work: bool,
    failures: VecDeque<Timestamp>,
    /// The trouble that was told last, until the bot has run well again.
    told: Option<BotState>,
    /// As it was last shown.
    shown: Option<Shown>,
}

/// What is to be done, and what is known then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The bots that change; none for one that is no more.
    bots: BTreeMap<TenantId, Option<Bot>>,
    /// Runs begun so far.
    runs: u64,
    /// Whether everything has ended.
    stopped: bool,
    /// What is to be done.
    effects: Vec<FleetEffect>,
}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetMachine {
    limits: BotLimits,
    bots: BTreeMap<TenantId, Bot>,
    runs: u64,
    stopped: bool,
}

impl BotEnd {
    /// In words, for admins.
    pub fn reason(&self) -> &str {
        match self {
            Self::Stopped => "stopped",
            Self::Panicked => "panicked",
            Self::TokenRefused => "telegram refuses the token (401)",
            Self::Conflict => "another process uses the token (409)",
            Self::Failed(reason) => reason,
        }
    }
}

impl BotNews {
    /// Whether a pause with jitter may follow, so that something has to be drawn for it.
    pub const fn draws(&self) -> bool {
        match self {
            Self::Ended(BotEnd::Panicked | BotEnd::Failed(_)) => true,
            Self::Running
            | Self::Ended(BotEnd::Stopped | BotEnd::TokenRefused | BotEnd::Conflict) => false,
        }
    }
}

impl FleetMessage {
    /// The shop that it is about, where it is about one.
    pub const fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Report { tenant, .. } | Self::Retry { tenant, .. } | Self::Resume { tenant } => {
                Some(tenant)
            }
            Self::Look { .. } | Self::Stop => None,
        }
    }
}

impl FleetEffect {
    /// Whose bot it is about.
    pub const fn tenant(&self) -> &TenantId {
        match self {
            Self::End { tenant }
            | Self::Start { tenant, .. }
            | Self::Show { tenant, .. }
            | Self::Hide { tenant }
            | Self::Tell { tenant, .. }
            | Self::Wake { tenant, .. } => tenant,
        }
    }
}

impl Plan {
    /// What is to be done.
    pub fn effects(&self) -> &[FleetEffect] {
        &self.effects
    }
}

impl FleetMachine {
    /// No bot yet.
    pub const fn new(limits: BotLimits) -> Self {
        Self { limits, bots: BTreeMap::new(), runs: 0, stopped: false }
    }

    /// Whether it has never been told of a bot: a process begins.
    pub fn is_new(&self) -> bool {
        self.runs == 0 && self.bots.is_empty()
    }

    /// What of the published shops concerns bots.
    pub fn look_at(&self, shops: &BTreeMap<TenantId, Tenant>) -> FleetMessage {
        let gone = self.bots.keys().filter(|id| !shops.contains_key(id)).cloned().collect();
        let is_new =
            |shop: &&Tenant| self.bots.get(&shop.id).is_none_or(|bot| bot.token != shop.bot.token);
        let tokens = shops.values().filter(is_new).map(|shop| (shop.id.clone(), shop.bot.token));
        FleetMessage::Look { gone, tokens: tokens.collect() }
    }

    /// Takes a plan over and returns what it wants done.
    pub fn apply(&mut self, plan: Plan) -> Vec<FleetEffect> {
        for (tenant, bot) in plan.bots {
            match bot {
                Some(bot) => drop(self.bots.insert(tenant, bot)),
                None => drop(self.bots.remove(&tenant)),
            }
        }
        self.runs = plan.runs;
        self.stopped = plan.stopped;
        plan.effects
    }
}

#[cfg(test)]
mod tests;
