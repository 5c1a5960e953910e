//! What the configuration says, one struct a section.
//!
//! Meaning, unit, range and default of every key stand in `config/default.toml`, once; a field
//! carries the key's name, unit included. No field has a default here: a key that is missing from
//! the default file is an error, and so is one without a field.

use super::values::{StoreUrl, Zone, amount, bot_token, optional, text, texts, word};
use crate::domain::id::UserId;
use crate::domain::money::Money;
use crate::telegram::token::BotToken;
use crate::vault::Key;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use url::Url;

/// The whole configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who may administer the master bot, numeric Telegram user ids.
    pub admins: Vec<UserId>,
    /// Where everything durable lives.
    pub store: Store,
    /// How bots talk to Telegram.
    pub telegram: Telegram,
    /// How failed bots are started again.
    pub bots: Bots,
    /// Bounds of the core.
    pub core: Core,
    /// How tokens and goods are sealed.
    pub vault: Vault,
    /// The HTTP side.
    pub web: Web,
    /// Whose time it is.
    pub clock: Clock,
    /// The business numbers.
    pub shop: Shop,
    /// What is logged.
    pub log: Log,
    /// What is recorded for a replay.
    pub trace: Trace,
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The store and its place.
    #[serde(deserialize_with = "text")]
    pub url: StoreUrl,
    /// How long a leader on MongoDB may be silent before another process takes over, in seconds.
    pub lease_s: u32,
}

/// `[telegram]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telegram {
    /// Base address of the Bot API: HTTP or HTTPS, no user, no query.
    #[serde(deserialize_with = "text")]
    pub api_url: Url,
    /// The master bot's token, once it is given.
    #[serde(deserialize_with = "bot_token")]
    pub master_token: Option<BotToken>,
    /// How long one `getUpdates` call waits, in seconds.
    pub poll_timeout_s: u32,
    /// Messages per second of one bot.
    pub budget_per_s: u32,
    /// Messages per second to one private chat.
    pub chat_per_s: u32,
    /// Messages to one private chat at once.
    pub chat_burst: u32,
    /// Messages per minute to one group.
    pub group_per_min: u32,
    /// Outgoing messages waiting for one chat.
    pub chat_queue_max: usize,
    /// Updates waiting in one bot's inbox.
    pub inbox_max: usize,
    /// Updates of one chat waiting while it is busy.
    pub chat_inbox_max: usize,
}

/// `[bots]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bots {
    /// First wait before a restart, in milliseconds.
    pub backoff_min_ms: u32,
    /// Longest wait before a restart, in seconds.
    pub backoff_max_s: u32,
    /// Restarts within the window before the circuit opens.
    pub restarts_max: u32,
    /// The window, in seconds.
    pub restarts_window_s: u32,
    /// How often an open circuit probes, in seconds.
    pub circuit_probe_s: u32,
    /// How long a bot that ends may take for what is under way, in seconds.
    pub drain_s: u32,
}

/// `[core]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Core {
    /// Commands on their way through the core.
    pub permits: usize,
    /// Their bytes, in megabytes of 1024 × 1024.
    pub permit_bytes_mb: usize,
    /// Commands in one batch.
    pub batch_max: usize,
    /// Orders for one product that wait for holds in flight.
    pub shortage_waiters: usize,
    /// Restarts within the window before the process ends.
    pub restarts_max: u32,
    /// The window, in seconds.
    pub restarts_window_s: u32,
}

/// `[vault]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// The keys, ids all different; the first seals, all open.
    #[serde(deserialize_with = "texts")]
    pub keys: Vec<Key>,
    /// Whether goods are stored as plain text.
    pub plain_goods: bool,
}

/// `[web]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    /// Where the process answers how it is; nowhere by default.
    #[serde(deserialize_with = "optional")]
    pub listen: Option<SocketAddr>,
}

/// `[clock]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Whose time it is.
    #[serde(deserialize_with = "word")]
    pub source: ClockSource,
}

/// Whose time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockSource {
    /// The machine's.
    System,
    /// The movable clock of the sandbox at `telegram.api_url`, on a loopback address.
    Sandbox,
}

/// `[shop]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    /// From sale to available profit, in hours.
    pub maturity_h: u32,
    /// From one maturity run to the next, in minutes.
    pub maturity_every_min: u32,
    /// Entries of one maturity command.
    pub maturity_batch: usize,
    /// Smallest gross withdrawal, in USDT.
    #[serde(deserialize_with = "amount")]
    pub withdrawal_min: Money,
    /// Fee of a withdrawal, in USDT, less than the smallest withdrawal.
    #[serde(deserialize_with = "amount")]
    pub withdrawal_fee: Money,
    /// Life of a quote, in minutes.
    pub quote_ttl_min: u32,
    /// Items in one order.
    pub max_quantity: u32,
    /// Largest markup, in percent.
    pub markup_percent_max: u32,
    /// Life of an owner link, in hours.
    pub owner_link_ttl_h: u32,
    /// Language of people whose own is none of ours.
    #[serde(deserialize_with = "word")]
    pub default_language: Language,
    /// Zone of the times that people read.
    #[serde(deserialize_with = "text")]
    pub zone: Zone,
    /// Largest file taken as goods, in megabytes of 1024 × 1024.
    pub file_max_mb: u32,
    /// How long command ids are remembered, in hours.
    pub command_ids_h: u32,
}

/// A language that the bots speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Simplified Chinese.
    Zh,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Form of a line.
    #[serde(deserialize_with = "word")]
    pub format: LogFormat,
    /// Levels, `info,shopfleet=debug`.
    pub level: String,
}

/// Form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// `[trace]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// Whether it is recorded.
    pub enabled: bool,
    /// The folder of its files.
    pub dir: PathBuf,
    /// Size of a file before the next one is begun, in megabytes of 1024 × 1024.
    pub rotate_mb: u32,
    /// Age of a file before the next one is begun, in hours.
    pub rotate_hours: u32,
    /// Files that are kept.
    pub keep_files: usize,
    /// Records waiting to be written.
    pub queue_records: usize,
}
