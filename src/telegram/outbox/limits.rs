//! The numbers of one bot's outbox.

use crate::domain::time::Millis;

/// Budgets, bounds and patience. The defaults stay a little below what Telegram is known to bear
/// (30 a second per bot, about one a second per private chat, 20 a minute per group).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls of one bot in any second.
    pub bot_per_s: u32,
    /// Calls into one private chat per second, on the long run.
    pub chat_per_s: u32,
    /// Calls into one private chat that may follow each other at once.
    pub chat_burst: u32,
    /// Calls into one group in any minute.
    pub group_per_min: u32,
    /// What may wait for one chat. Notices and broadcasts get half of it, so that they can never
    /// shut out the answers to what somebody does.
    pub chat_queue: usize,
    /// What may wait for one bot; shared in the same way.
    pub bot_queue: usize,
    /// Calls of one bot that are under way at once.
    pub in_flight: usize,
    /// Attempts at one part before it is given up.
    pub attempts: u32,
    /// The pause after the first failed attempt; it doubles with each.
    pub backoff: Millis,
    /// The longest pause between two attempts.
    pub backoff_max: Millis,
    /// Chats remembered as blocked; the one that was not met for longest is forgotten first.
    pub blocked_memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bot_per_s: 28,
            chat_per_s: 1,
            chat_burst: 3,
            group_per_min: 18,
            chat_queue: 64,
            bot_queue: 4096,
            in_flight: 64,
            attempts: 8,
            backoff: Millis::from_ms(500),
            backoff_max: Millis::from_secs(30),
            blocked_memory: 10_000,
        }
    }
}
