//! Values that are more than a number or a text, parsed once when the configuration is read.
//!
//! Error sentences never repeat the value: a password pasted into the wrong key would be printed.

use crate::domain::money::{Money, MoneyError};
use crate::store::mongo::MongoUrl;
use crate::telegram::token::BotToken;
use chrono::{FixedOffset, Offset, Utc};
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

/// The store that `store.url` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:PATH`: one file, embedded.
    Sqlite(PathBuf),
    /// `mongodb://HOST/DATABASE` or `mongodb+srv://…`: a database on a replica set.
    Mongodb(MongoUrl),
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if MongoUrl::is_one(text) {
            return text.parse().map(Self::Mongodb).map_err(|error| format!("{error}"));
        }
        let path = text
            .strip_prefix("sqlite:")
            .ok_or("must be `sqlite:PATH` or `mongodb://HOST/DATABASE`")?;
        if path.is_empty() || path.starts_with(':') || path.contains('?') {
            return Err("must name a file: `sqlite:PATH`".to_owned());
        }
        Ok(Self::Sqlite(path.into()))
    }
}

/// A fixed offset from UTC, for the times that people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(FixedOffset);

impl Zone {
    /// The offset itself.
    pub const fn offset(self) -> FixedOffset {
        self.0
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

/// Reads a text and parses it; an empty one is none.
pub(super) fn optional<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(from)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(Error::custom) }
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

/// Reads an amount of USDT.
pub(super) fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<Money, D::Error> {
    let must = "must be an amount of USDT such as \"10\" or \"0.5\"";
    String::deserialize(from)?
        .parse()
        .map_err(|error: MoneyError| Error::custom(format!("{must}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_urls() {
        assert_eq!("sqlite:a/b.db".parse(), Ok(StoreUrl::Sqlite("a/b.db".into())));
        let mongodb = "mongodb://localhost/shop".parse();
        assert!(matches!(mongodb, Ok(StoreUrl::Mongodb(_))), "{mongodb:?}");
        for bad in [
            "",
            "a.db",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:a?mode=ro",
            "redis://h",
            "mongodb://h",
            "mongodb:h/db",
        ] {
            assert!(bad.parse::<StoreUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn zones() {
        for (zone, seconds) in [("UTC", 0), ("+08:00", 28_800), ("-03:30", -12_600)] {
            let zone: Zone = zone.parse().unwrap();
            assert_eq!(zone.offset().local_minus_utc(), seconds);
        }
        for bad in ["", "Asia/Shanghai", "+25:00", "8"] {
            assert!(bad.parse::<Zone>().is_err(), "{bad}");
        }
    }
}
