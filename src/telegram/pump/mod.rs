//! The update pump of one bot: long polling as a loop over the Transport and Clock ports.
//!
//! Law 1 decides its shape: a batch is confirmed to Telegram (by the offset of the next poll) only
//! after the sink said that each of its updates is handled or durably in the inbox. Offsets are
//! cumulative, so a batch is confirmed whole or not at all; what was taken but not confirmed comes
//! again and the sink's own memory knows it.
//!
//! The offset is sent only while there is something to confirm. Telegram then begins with the oldest
//! update it has, which is the same as long as ids grow, and right also when they start again at
//! random after a week of silence: an old, higher offset would make the bot deaf to all of them.

mod recent;
#[cfg(test)]
mod tests;

use super::client::{Client, Poll};
use super::transport::ApiError;
use super::update::RawUpdate;
use crate::clock::SharedClock;
use crate::domain::time::{Millis, Timestamp};
use recent::Recent;
use serde_json::Value;
use tokio::sync::oneshot;

/// The pause after an empty answer that came at once: a server that does not hold polls open, or a
/// poll timeout of nothing, must not make the loop spin.
const EMPTY_PAUSE: Millis = Millis::from_ms(250);

/// Where updates go.
pub trait UpdateSink {
    /// Takes a batch, in Telegram's order, without duplicates of what it took lately. Answers only
    /// when every update of it is handled or durably in the inbox.
    fn take(&self, updates: Vec<RawUpdate>) -> impl Future<Output = Taken>;

    /// How the bot's ear is; told at every failure and at the first success after one.
    fn health(&self, health: Health);
}

/// The sink's word on a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// All of it is safe; Telegram may forget it.
    Safe,
    /// Not all of it is safe now; the batch is to be fetched again a little later.
    NotYet,
}

/// How polling goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Telegram answers.
    Receiving,
    /// It does not; tried again then.
    Trouble {
        /// What it said, without any secret.
        error: ApiError,
        /// When it is asked again.
        retry_at: Timestamp,
    },
}

/// Why a pump ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its stop handle was dropped.
    Stopped,
    /// Telegram refuses the token.
    TokenRefused,
    /// Another process polls with this token and does not go away.
    Conflict,
}

/// Times of a pump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PumpConfig {
    /// How long Telegram may hold a poll open; whole seconds count.
    pub poll_timeout: Millis,
    /// What the wire is given beyond that.
    pub poll_margin: Millis,
    /// Updates in one batch at most, 1 to 100.
    pub batch: u8,
    /// How much longer than one poll another process may hold on before it is a conflict. At least
    /// the lease: the old leader of a take-over polls until then.
    pub conflict_grace: Millis,
    /// The first pause after a failure; it doubles with each.
    pub backoff_min: Millis,
    /// The longest pause.
    pub backoff_max: Millis,
}

impl Default for PumpConfig {
    fn default() -> Self {
        Self {
            poll_timeout: Millis::from_secs(25),
            poll_margin: Millis::from_secs(10),
            batch: 100,
            conflict_grace: Millis::from_secs(30),
            backoff_min: Millis::from_ms(500),
            backoff_max: Millis::from_secs(60),
        }
    }
}

/// Keeps a pump running; dropping it ends the pump, a poll under way included.
#[derive(Debug)]
pub struct StopHandle {
    _held: oneshot::Sender<()>,
}

/// The pump's end of a [`StopHandle`].
#[derive(Debug)]
pub struct StopSignal(oneshot::Receiver<()>);

/// A handle and the signal that follows it.
pub fn stop_pair() -> (StopHandle, StopSignal) {
    let (held, dropped) = oneshot::channel();
    (StopHandle { _held: held }, StopSignal(dropped))
}

/// One bot's pump.
pub struct Pump<S> {
    client: Client,
    clock: SharedClock,
    config: PumpConfig,
    sink: S,
    random: Box<dyn Fn() -> u64 + Send>,
    recent: Recent,
    failures: u32,
    conflict_since: Option<Timestamp>,
    /// Whether the sink was told that Telegram answers.
    receiving: bool,
}

impl<S: UpdateSink> Pump<S> {
    /// A pump from `client` to `sink`. `random` spreads the pauses of bots that fail together.
    pub fn new(
        client: Client,
        clock: SharedClock,
        config: PumpConfig,
        sink: S,
        random: impl Fn() -> u64 + Send + 'static,
    ) -> Self {
        Self {
            client,
            clock,
            config,
            sink,
            random: Box::new(random),
            recent: Recent::default(),
            failures: 0,
            conflict_since: None,
            receiving: false,
        }
    }

    /// Pumps until the stop handle is dropped or Telegram refuses for good.
    pub async fn run(mut self, stop: StopSignal) -> Ended {
        tokio::select! {
            biased;
            // Nothing is ever sent: the channel ends with its handle.
            _dropped = stop.0 => Ended::Stopped,
            ended = self.pump() => ended,
        }
    }

    async fn pump(&mut self) -> Ended {
        // A webhook left by the former system would answer every poll with 409.
        while let Err(error) = self.client.delete_webhook().await {
            if let Some(ended) = self.trouble(error).await {
                return ended;
            }
        }
        let mut confirm = None;
        loop {
            let asked_at = self.clock.now();
            match self.poll(confirm).await {
                Ok(batch) => {
                    self.well();
                    confirm = self.handle(batch, confirm, asked_at).await;
                }
                Err(error) => {
                    if let Some(ended) = self.trouble(error).await {
                        return ended;
                    }
                }
            }
        }
    }

    /// The first poll does not wait: only an answered poll shows that the bot hears, and a quiet bot
    /// must not look as if it were still starting for as long as a long poll takes.
    async fn poll(&self, offset: Option<u64>) -> Result<Vec<Value>, ApiError> {
        let PumpConfig { poll_timeout, poll_margin: margin, batch: limit, .. } = self.config;
        let timeout = if self.receiving { poll_timeout } else { Millis::ZERO };
        self.client.get_updates(Poll { offset, timeout, margin, limit }).await
    }

    /// Hands a batch to the sink; answers the offset of the next poll.
    async fn handle(
        &mut self,
        batch: Vec<Value>,
        confirmed: Option<u64>,
        asked_at: Timestamp,
    ) -> Option<u64> {
        let received = !batch.is_empty();
        let updates: Vec<RawUpdate> = batch.into_iter().filter_map(RawUpdate::new).collect();
        // The highest of this batch, whatever was higher in earlier ones.
        let Some(highest) = updates.iter().map(|update| update.id).max() else {
            let now = self.clock.now();
            if received || now.since(asked_at) < EMPTY_PAUSE {
                self.clock.sleep(EMPTY_PAUSE).await;
            }
            return None;
        };
        let ids: Vec<u64> = updates.iter().map(|update| update.id).collect();
        let mut fresh: Vec<RawUpdate> = Vec::with_capacity(updates.len());
        for update in updates {
            if !self.recent.holds(update.id) && fresh.iter().all(|other| other.id != update.id) {
                fresh.push(update);
            }
        }
        let taken = if fresh.is_empty() { Taken::Safe } else { self.sink.take(fresh).await };
        match taken {
            Taken::Safe => {
                ids.into_iter().for_each(|id| self.recent.remember(id));
                self.failures = 0;
                Some(highest.saturating_add(1))
            }
            Taken::NotYet => {
                let pause = self.next_pause();
                self.clock.sleep(pause).await;
                confirmed
            }
        }
    }

    fn well(&mut self) {
        self.conflict_since = None;
        if !self.receiving {
            self.receiving = true;
            self.failures = 0;
            self.sink.health(Health::Receiving);
        }
    }

    /// Waits as the failure demands; answers the end when there is nothing to wait for.
    async fn trouble(&mut self, error: ApiError) -> Option<Ended> {
        let now = self.clock.now();
        if error != ApiError::Conflict {
            self.conflict_since = None;
        }
        let pause = match &error {
            ApiError::Unauthorized => return Some(Ended::TokenRefused),
            ApiError::RetryAfter(pause) => *pause,
            ApiError::Conflict => {
                let since = *self.conflict_since.get_or_insert(now);
                let deadline = since + self.config.poll_timeout + self.config.conflict_grace;
                let left = deadline.since(now);
                if left == Millis::ZERO {
                    return Some(Ended::Conflict);
                }
                self.next_pause().min(left)
            }
            ApiError::Forbidden
            | ApiError::BadRequest(_)
            | ApiError::Migrated(_)
            | ApiError::NotFound
            | ApiError::TooLarge
            | ApiError::Server(_)
            | ApiError::Unreachable
            | ApiError::AnswerLost => self.next_pause(),
        };
        self.receiving = false;
        self.sink.health(Health::Trouble { error, retry_at: now + pause });
        self.clock.sleep(pause).await;
        None
    }

    /// The pause after one more failure: doubled, and somewhere in the upper half of that.
    fn next_pause(&mut self) -> Millis {
        let PumpConfig { backoff_min, backoff_max, .. } = self.config;
        let whole = backoff_min.ms().saturating_mul(1 << self.failures.min(20));
        let whole = whole.min(backoff_max.ms()).max(1);
        self.failures = self.failures.saturating_add(1);
        let spread = u64::try_from(whole / 2).unwrap_or(0) + 1;
        let extra = i64::try_from((self.random)() % spread).unwrap_or(0);
        Millis::from_ms(whole - whole / 2 + extra)
    }
}
