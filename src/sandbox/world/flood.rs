//! Flood limits: how fast a bot may write before Telegram asks it to wait.
//!
//! Telegram publishes the rates and not the rule; this is a leaky bucket per bot and per chat,
//! counted in whole microseconds so that the same calls at the same times get the same answers.

use crate::domain::time::Timestamp;

/// A rate: one call per interval on average, `burst` at once.
#[derive(Clone, Copy)]
pub(super) struct Rate {
    interval_us: i64,
    burst: i64,
}

/// All chats of one bot together: 30 a second.
pub(super) const BOT: Rate = Rate { interval_us: 33_333, burst: 30 };
/// One private chat: about one a second, a handful at once.
const PRIVATE: Rate = Rate { interval_us: 1_000_000, burst: 5 };
/// One group: 20 a minute.
const GROUP: Rate = Rate { interval_us: 3_000_000, burst: 20 };

/// The rate of a chat: groups have negative ids.
pub(super) fn of_chat(chat: i64) -> Rate {
    if chat > 0 { PRIVATE } else { GROUP }
}

/// How full one limit is: the instant at which it will be empty.
#[derive(Clone, Copy, Default)]
pub(super) struct Bucket {
    empty_at_us: i64,
}

impl Bucket {
    /// Microseconds to wait before one more call fits; zero when it fits now.
    pub(super) fn wait_us(self, now: Timestamp, rate: Rate) -> i64 {
        let filled = self.after_one(now, rate).saturating_sub(us(now));
        (filled - rate.interval_us.saturating_mul(rate.burst)).max(0)
    }

    /// Counts one call.
    pub(super) fn add(&mut self, now: Timestamp, rate: Rate) {
        self.empty_at_us = self.after_one(now, rate);
    }

    fn after_one(self, now: Timestamp, rate: Rate) -> i64 {
        self.empty_at_us.max(us(now)).saturating_add(rate.interval_us)
    }
}

/// Whole seconds, rounded up, as `retry_after` tells them.
pub(super) fn seconds(wait_us: i64) -> i64 {
    wait_us.saturating_add(999_999).div_euclid(1_000_000).max(1)
}

fn us(at: Timestamp) -> i64 {
    at.ms().saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends as fast as possible at one instant, then once after each `retry_after`.
    fn check(rate: Rate, at_once: usize, retry_after: i64) {
        let mut bucket = Bucket::default();
        let now = Timestamp::from_ms(1_000_000);
        let mut sent = 0;
        while bucket.wait_us(now, rate) == 0 {
            bucket.add(now, rate);
            sent += 1;
        }
        let wait = seconds(bucket.wait_us(now, rate));
        assert_eq!((sent, wait), (at_once, retry_after));
        let later = now + crate::domain::time::Millis::from_secs(wait);
        assert_eq!(bucket.wait_us(later, rate), 0);
    }

    #[test]
    fn limits_are_telegrams() {
        check(BOT, 30, 1);
        check(PRIVATE, 5, 1);
        check(GROUP, 20, 3);
    }
}
