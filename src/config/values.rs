//! Values that are more than a number or a text, parsed once when the configuration is read.
//!
//! Error sentences never repeat the value: a password pasted into the wrong key would be printed.

use crate::telegram::token::BotToken;
use chrono::{DateTime, FixedOffset, Offset, Utc};
use rust_decimal::Decimal;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

/// The most decimals an amount of USDT has.
const DECIMALS_MAX: u32 = 6;

/// The store that `store.url` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:PATH`: one file, embedded.
    Sqlite(PathBuf),
}

impl FromStr for StoreUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.strip_prefix("sqlite:").ok_or("must be `sqlite:PATH`")?;
        if path.is_empty() || path.starts_with(':') || path.contains('?') {
            return Err("must name a file: `sqlite:PATH`");
        }
        Ok(Self::Sqlite(path.into()))
    }
}

/// A fixed offset from UTC, for the times that people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(FixedOffset);

impl Zone {
    /// `at` as a clock on the wall of this zone shows it.
    pub fn local(self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        at.with_timezone(&self.0)
    }
}

impl FromStr for Zone {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "UTC" {
            return Ok(Self(Utc.fix()));
        }
        let offset = text.parse().map_err(|_| "must be `UTC` or an offset such as `+08:00`")?;
        Ok(Self(offset))
    }
}

/// Reads a text and parses it.
pub(super) fn text<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    String::deserialize(from)?.parse().map_err(Error::custom)
}

/// Reads a list of texts and parses each.
pub(super) fn texts<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let all = Vec::<String>::deserialize(from)?;
    all.iter().map(|one| one.parse().map_err(Error::custom)).collect()
}

/// Reads one of the words that the enum `T` derives, exactly as written.
pub(super) fn word<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let text = String::deserialize(from)?;
    T::deserialize(StrDeserializer::<WordError>::new(&text)).map_err(|error| {
        // serde names the value first; only the words that would do are shown.
        let error = error.to_string();
        let words = error.rsplit_once(", expected ").map_or("another word", |(_, words)| words);
        Error::custom(format!("must be {words}"))
    })
}

/// Reads a bot token; the empty text is none.
pub(super) fn bot_token<'de, D: Deserializer<'de>>(from: D) -> Result<Option<BotToken>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(Error::custom) }
}

/// Reads an amount of USDT: digits, perhaps a point and at most six more digits.
pub(super) fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    let text = String::deserialize(from)?;
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit());
    Decimal::from_str_exact(&text)
        .ok()
        .filter(|amount| plain && amount.scale() <= DECIMALS_MAX)
        .ok_or_else(|| Error::custom("must be an amount of USDT such as \"10\" or \"0.5\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_urls() {
        assert_eq!("sqlite:a/b.db".parse(), Ok(StoreUrl::Sqlite("a/b.db".into())));
        for bad in ["", "a.db", "sqlite:", "sqlite::memory:", "sqlite:a?mode=ro", "redis://h"] {
            assert!(bad.parse::<StoreUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn zones() {
        let noon = DateTime::from_timestamp(1_735_732_800, 0).unwrap();
        for (zone, shown) in [("UTC", "12:00"), ("+08:00", "20:00"), ("-03:30", "08:30")] {
            let zone: Zone = zone.parse().unwrap();
            assert_eq!(zone.local(noon).format("%H:%M").to_string(), shown);
        }
        for bad in ["", "Asia/Shanghai", "+25:00", "8"] {
            assert!(bad.parse::<Zone>().is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts() {
        let check = |text: &str| amount(toml::Value::String(text.to_owned())).ok();
        assert_eq!(check("10"), Some(Decimal::from(10)));
        assert_eq!(check("0.123456"), Some(Decimal::new(123_456, 6)));
        let long = "9".repeat(40);
        for bad in ["", "-1", "+1", "1e3", ".5", "5.", "0.1234567", "1_000", "１", "1.2.3", &long]
        {
            assert_eq!(check(bad), None, "{bad}");
        }
    }
}
