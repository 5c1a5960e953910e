//! What the values must be beyond their kind: ranges, and keys that depend on one another.

use super::fault::{Fault, Faults};
use super::layers::Layers;
use super::sections::{ClockSource, Config};
use crate::domain::id::UserId;
use config::ConfigError;
use std::collections::BTreeSet;
use url::{Host, Url};

/// Key, least and greatest value of every whole number. The comment of the key in
/// `config/default.toml` says the same, kept by a test.
pub(super) const RANGES: [(&str, i64, i64); 34] = [
    ("store.lease_s", 5, 600),
    ("telegram.poll_timeout_s", 1, 50),
    ("telegram.budget_per_s", 1, 1_000),
    ("telegram.chat_per_s", 1, 30),
    ("telegram.chat_burst", 1, 30),
    ("telegram.group_per_min", 1, 1_000),
    ("telegram.chat_queue_max", 4, 10_000),
    ("telegram.inbox_max", 100, 1_000_000),
    ("telegram.chat_inbox_max", 10, 100_000),
    ("bots.backoff_min_ms", 10, 60_000),
    ("bots.backoff_max_s", 1, 3_600),
    ("bots.restarts_max", 1, 1_000),
    ("bots.restarts_window_s", 1, 86_400),
    ("bots.circuit_probe_s", 5, 86_400),
    ("bots.drain_s", 0, 20),
    ("core.permits", 16, 1_000_000),
    ("core.permit_bytes_mb", 8, 65_536),
    ("core.batch_max", 1, 100_000),
    ("core.shortage_waiters", 0, 10_000),
    ("core.restarts_max", 1, 1_000),
    ("core.restarts_window_s", 1, 86_400),
    ("shop.maturity_h", 0, 8_760),
    ("shop.maturity_every_min", 1, 1_440),
    ("shop.maturity_batch", 1, 1_000),
    ("shop.quote_ttl_min", 1, 1_440),
    ("shop.max_quantity", 1, 500),
    ("shop.markup_percent_max", 0, 1_000),
    ("shop.owner_link_ttl_h", 1, 720),
    ("shop.file_max_mb", 1, 20),
    ("shop.command_ids_h", 24, 720),
    ("trace.rotate_mb", 1, 4_096),
    ("trace.rotate_hours", 1, 720),
    ("trace.keep_files", 2, 10_000),
    ("trace.queue_records", 64, 1_000_000),
];

/// Levels that `log.level` names.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The typed configuration, or all that is wrong with it.
pub(super) fn typed(layers: &Layers) -> Result<Config, Faults> {
    let out_of_range = RANGES.iter().filter_map(|(key, least, greatest)| {
        let value = layers.merged.get_int(key).ok()?;
        let sentence = format!("must be from {least} to {greatest}");
        (!(*least..=*greatest).contains(&value)).then(|| layers.fault(key, &sentence))
    });
    Faults::none_of(out_of_range.collect())?;
    let config: Config =
        layers.merged.clone().try_deserialize().map_err(|error| unreadable(&error, layers))?;
    let faults = across(&config).into_iter().map(|(key, sentence)| layers.fault(key, sentence));
    Faults::none_of(faults.collect())?;
    Ok(config)
}

/// What a configuration that is right still lacks before a fleet can start, a sentence each.
pub(super) fn missing_to_run(config: &Config) -> Vec<&'static str> {
    let lacks = [
        (config.telegram.master_token.is_none(), "`telegram.master_token` is not set"),
        (
            config.vault.keys.is_empty(),
            "`vault.keys` is not set; `shopfleet keys generate` prints one",
        ),
        (config.admins.is_empty(), "`admins` is empty: nobody could administer the shop"),
    ];
    lacks.into_iter().filter(|(lacking, _)| *lacking).map(|(_, sentence)| sentence).collect()
}

/// Rules that a single kind or range cannot say.
fn across(config: &Config) -> Vec<(&'static str, &'static str)> {
    let api_url = &config.telegram.api_url;
    let ids: BTreeSet<&str> = config.vault.keys.iter().map(crate::vault::Key::id).collect();
    let shop = &config.shop;
    let rules = [
        (
            config.admins.iter().all(|id| id.to_string().parse::<UserId>().is_ok()),
            ("admins", "must be user ids: numbers above 0 (groups and channels are below)"),
        ),
        (
            is_base(api_url),
            ("telegram.api_url", "must be http(s)://HOST[:PORT][/PATH] and no more"),
        ),
        (
            config.clock.source == ClockSource::System || is_loopback(api_url),
            (
                "clock.source",
                "can be `sandbox` only with a `telegram.api_url` on a loopback address",
            ),
        ),
        (
            config.bots.backoff_min_ms <= config.bots.backoff_max_s.saturating_mul(1_000),
            ("bots.backoff_min_ms", "must not be longer than `bots.backoff_max_s`"),
        ),
        (ids.len() == config.vault.keys.len(), ("vault.keys", "must all have different ids")),
        (
            shop.withdrawal_fee < shop.withdrawal_min,
            (
                "shop.withdrawal_fee",
                "must be less than `shop.withdrawal_min`: the rest is paid out",
            ),
        ),
        (
            is_filter(&config.log.level),
            (
                "log.level",
                "must be off, error, warn, info, debug or trace, or `part=level`, with commas",
            ),
        ),
    ];
    rules.into_iter().filter(|(kept, _)| !kept).map(|(_, fault)| fault).collect()
}

/// A user or password in a URL would be a secret outside the secret types.
fn is_base(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn is_filter(level: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':'))
    };
    level.split(',').all(|directive| match directive.split_once('=') {
        Some((part, level)) => is_part(part) && LEVELS.contains(&level),
        None => LEVELS.contains(&directive),
    })
}

/// What the `config` crate could not make a value of. The value is not repeated: it may be secret.
fn unreadable(error: &ConfigError, layers: &Layers) -> Fault {
    let (key, sentence) = match error {
        ConfigError::At { error, key: Some(key), .. } => (key.as_str(), error.to_string()),
        ConfigError::Type { key: Some(key), expected, .. } => {
            (key.as_str(), format!("must be {expected}"))
        }
        ConfigError::NotFound(key) => (key.as_str(), "is not set".to_owned()),
        other => ("config", other.to_string()),
    };
    let key = key.split('[').next().unwrap_or(key);
    layers.fault(key, &sentence)
}
