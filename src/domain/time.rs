//! Instants and spans of the pure core: whole milliseconds, nothing finer (DESIGN.md, law 11).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};

/// Milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A span in whole milliseconds; never negative when it comes from the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(i64);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// An instant from milliseconds since the Unix epoch.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// The span from `earlier` to `self`, zero when `earlier` is not earlier.
    pub const fn since(self, earlier: Self) -> Millis {
        let span = self.0.saturating_sub(earlier.0);
        Millis(if span > 0 { span } else { 0 })
    }
}

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of milliseconds.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// A span of seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// A span of hours.
    pub const fn from_hours(hours: i64) -> Self {
        Self::from_secs(hours.saturating_mul(3600))
    }

    /// The span in milliseconds.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// The span for the standard library's timers; a negative span is none.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }
}

impl Add<Millis> for Timestamp {
    type Output = Self;

    fn add(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Millis> for Timestamp {
    type Output = Self;

    fn sub(self, span: Millis) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl fmt::Display for Timestamp {
    /// UTC to the second, as texts show it before the operator's zone is applied.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match chrono::DateTime::from_timestamp_millis(self.0) {
            Some(at) => write!(f, "{}", at.format("%Y-%m-%d %H:%M:%S")),
            None => write!(f, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_saturate_and_never_go_backwards() {
        let t = Timestamp::from_ms(1_000);
        assert_eq!((t + Millis::from_secs(2)).ms(), 3_000);
        assert_eq!(t.since(Timestamp::from_ms(4_000)), Millis::ZERO);
        assert_eq!(Timestamp::from_ms(i64::MAX) + Millis::from_ms(1), Timestamp::from_ms(i64::MAX));
        assert_eq!(Millis::from_ms(-5).to_std(), std::time::Duration::ZERO);
    }

    #[test]
    fn display_is_utc_to_the_second() {
        assert_eq!(Timestamp::from_ms(1_735_689_600_999).to_string(), "2025-01-01 00:00:00");
    }
}
