//! Typed, prefixed ids: an id in a log or a chat says what it is (DESIGN.md, section 3).
//!
//! Two families. *Counted* ids (`prd_7`, `wdr_12`) come from a counter of the machine that owns the
//! thing; they are short because people type them, and they open no door because every command is
//! authorised by role. *Drawn* ids (`quo_…`, `ord_…`) carry randomness that the caller drew.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Characters of a drawn id's body at most.
const BODY_MAX: usize = 40;

/// The body of a drawn id, in place: such ids are keys of the busiest maps, and a pointer to follow
/// at every comparison is what those would spend their time on. Zeros fill the rest, so that bodies
/// compare as their texts do.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Body {
    bytes: [u8; BODY_MAX],
    length: u8,
}

impl Body {
    fn new(text: &str) -> Option<Self> {
        let fits = (1..=BODY_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !fits {
            return None;
        }
        let mut bytes = [0; BODY_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self { bytes, length: u8::try_from(text.len()).ok()? })
    }

    fn text(&self) -> &str {
        let bytes = &self.bytes[..usize::from(self.length)];
        std::str::from_utf8(bytes).expect("a body is made of ASCII letters and digits")
    }
}

/// A text that is not an id of the kind that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct InvalidId(&'static str);

macro_rules! counted_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id with this number.
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number without the prefix.
            pub const fn number(self) -> u64 {
                self.0
            }

            /// The id after this one.
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let digits = text.strip_prefix($prefix).ok_or(InvalidId($prefix))?;
                let canonical = !digits.is_empty()
                    && digits.bytes().all(|b| b.is_ascii_digit())
                    && (digits == "0" || !digits.starts_with('0'));
                if !canonical {
                    return Err(InvalidId($prefix));
                }
                digits.parse().map(Self).map_err(|_| InvalidId($prefix))
            }
        }

        text_serde!($name);
    };
}

macro_rules! drawn_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Body);

        impl $name {
            /// The id with this body: 1 to 40 lower-case letters and digits.
            ///
            /// # Errors
            /// [`InvalidId`] when the body is anything else.
            pub fn from_body(body: &str) -> Result<Self, InvalidId> {
                Body::new(body).map(Self).ok_or(InvalidId($prefix))
            }

            /// The part after the prefix.
            pub fn body(&self) -> &str {
                self.0.text()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.body()).finish()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(self.body())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::from_body(text.strip_prefix($prefix).ok_or(InvalidId($prefix))?)
            }
        }

        text_serde!($name);
    };
}

/// A type that documents hold in its text form.
macro_rules! text_serde {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(in crate::domain) use text_serde;

counted_id!(
    /// A category of the catalogue.
    CategoryId,
    "cat_"
);
counted_id!(
    /// A product of the catalogue.
    ProductId,
    "prd_"
);
counted_id!(
    /// One sellable item. Items are sold in the order of their ids.
    ItemId,
    "itm_"
);
counted_id!(
    /// Items set aside for one order while it is decided. Unique within one generation of the core.
    HoldId,
    "hld_"
);
counted_id!(
    /// One profit entry of an agent.
    EntryId,
    "ent_"
);
counted_id!(
    /// One withdrawal request of an agent.
    WithdrawalId,
    "wdr_"
);
drawn_id!(
    /// A price promised to one customer for a few minutes.
    QuoteId,
    "quo_"
);
drawn_id!(
    /// One order. Its body is that of the quote it redeemed, so a quote can become one order only.
    OrderId,
    "ord_"
);

impl OrderId {
    /// The only order that `quote` can become (DESIGN.md, law 2: order ids are kept for ever).
    pub fn of(quote: &QuoteId) -> Self {
        Self(quote.0.clone())
    }

    /// The quote that this order redeemed.
    pub fn quote(&self) -> QuoteId {
        QuoteId(self.0.clone())
    }
}

/// A Telegram user id; the only thing that authority is derived from (law 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(i64);

/// A Telegram chat id: a user's own for private chats, negative for groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChatId(i64);

macro_rules! telegram_id {
    ($name:ident) => {
        impl $name {
            /// The id with Telegram's number.
            pub const fn new(number: i64) -> Self {
                Self(number)
            }

            /// Telegram's number.
            pub const fn number(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

telegram_id!(UserId);
telegram_id!(ChatId);

impl FromStr for UserId {
    type Err = InvalidId;

    /// Telegram's user ids are positive and fit 52 bits.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.parse::<i64>() {
            Ok(number) if number > 0 && number < (1 << 52) && !text.starts_with('+') => {
                Ok(Self(number))
            }
            _ => Err(InvalidId("user id")),
        }
    }
}

/// An agent's short name, chosen by the admin who creates him: 1–32 of `a-z 0-9 _ -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(Arc<str>);

impl FromStr for AgentId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let fits = (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if fits { Ok(Self(text.into())) } else { Err(InvalidId("agent id")) }
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_serde!(AgentId);

/// Whose shop it is: the master's own or an agent's; `master` or `agent:<id>` (seed, schema).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TenantId {
    /// The master bot's own shop.
    Master,
    /// The clone bot of one agent.
    Agent(AgentId),
}

impl TenantId {
    /// The agent, when it is an agent's shop.
    pub const fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Master => None,
            Self::Agent(agent) => Some(agent),
        }
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Master => f.write_str("master"),
            Self::Agent(agent) => write!(f, "agent:{agent}"),
        }
    }
}

impl FromStr for TenantId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.strip_prefix("agent:") {
            Some(agent) => agent.parse().map(Self::Agent),
            None if text == "master" => Ok(Self::Master),
            None => Err(InvalidId("tenant")),
        }
    }
}

text_serde!(TenantId);

/// A command's id, chosen by its sender: 1–80 printable ASCII characters without blanks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(Arc<str>);

impl FromStr for CommandId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let fits = (1..=80).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(InvalidId("command id")) }
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_serde!(CommandId);

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: FromStr + fmt::Display>(accepted: &[&str], refused: &[&str]) {
        for text in accepted {
            let id = text.parse::<T>().ok().map(|id| id.to_string());
            assert_eq!(id.as_deref(), Some(*text));
        }
        for text in refused {
            assert!(text.parse::<T>().is_err(), "{text:?} must be refused");
        }
    }

    #[test]
    fn ids_round_trip_or_are_refused() {
        check::<ProductId>(
            &["prd_0", "prd_17"],
            &["", "17", "prd_", "prd_-1", "prd_01", "prd_+1", "cat_1", "prd_99999999999999999999"],
        );
        check::<QuoteId>(&["quo_0a9z"], &["quo_", "quo_A", "ord_a", "quo_a b", "quo_é"]);
        check::<TenantId>(
            &["master", "agent:a1", "agent:shop-2_x"],
            &["", "Master", "agent:", "agent:A", "agent:a b", "agent:agent:a", "a1"],
        );
        check::<UserId>(&["1", "7000000000"], &["0", "-5", "+5", "1.0", "９", "4503599627370496"]);
        check::<CommandId>(&["u:1:2"], &["", "a b", "é"]);
    }

    #[test]
    fn drawn_ids_compare_as_their_texts_do() {
        let long = "z".repeat(BODY_MAX);
        let bodies = ["0", "00", "0a", "a", "a0", "ab", "b", &long];
        let ids = bodies.map(|body| QuoteId::from_body(body).expect("valid"));
        assert!(ids.is_sorted(), "{ids:?}");
        assert_eq!(ids.each_ref().map(QuoteId::body), bodies);
        assert!(QuoteId::from_body(&"z".repeat(BODY_MAX + 1)).is_err());
    }

    #[test]
    fn a_quote_names_its_only_order() {
        let quote: QuoteId = "quo_k3".parse().expect("valid");
        assert_eq!(OrderId::of(&quote).to_string(), "ord_k3");
        assert_eq!(OrderId::of(&quote).quote(), quote);
    }

    #[test]
    fn ids_are_strings_in_json() {
        let json = serde_json::to_string(&(ItemId::new(3), TenantId::Master)).expect("plain");
        assert_eq!(json, r#"["itm_3","master"]"#);
        let back: (ItemId, TenantId) = serde_json::from_str(&json).expect("round trip");
        assert_eq!(back, (ItemId::new(3), TenantId::Master));
    }
}
