//! Telegram as one simulated process reaches it, and the tape of everything that was asked of it.

use super::lock;
use super::outside::{Outside, WIRE_DELAY};
use super::trip::Trip;
use crate::clock::Clock as _;
use crate::domain::time::{Millis, Timestamp};
use crate::secret::Secret;
use crate::store::Head;
use crate::telegram::transport::{ApiCall, ApiError, SharedTransport, Transport};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};

/// How long a process that knows it is fenced may take to fall silent.
const SILENCE_AFTER: Millis = Millis::from_secs(5);

/// One call that reached Telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The number of the bot.
    pub bot: String,
    /// The method.
    pub method: &'static str,
    /// The parameters as JSON.
    pub params: String,
}

/// What a call came to, for whoever watches the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Answered {
    /// The number of the bot.
    pub(in crate::sim) bot: i64,
    /// The method.
    pub(in crate::sim) method: &'static str,
    /// Which chat it was about.
    pub(in crate::sim) chat: Option<i64>,
    /// What Telegram said, if it refused or was lost.
    pub(in crate::sim) error: Option<ApiError>,
    /// Whether the caller had long known that another process leads.
    pub(in crate::sim) after_fencing: bool,
}

/// A running hash over every durable batch and every call, each with its time: two runs are the same
/// when their hashes are.
#[derive(Debug, Default)]
pub(super) struct Tape(Mutex<Roll>);

#[derive(Debug, Default)]
struct Roll {
    hash: Sha256,
    calls: u64,
    commits: u64,
    /// Calls in full, for tests that read them.
    kept: Option<Vec<Called>>,
}

impl Tape {
    /// Keeps every call in full from now on.
    pub(super) fn keep(&self) {
        lock(&self.0).kept.get_or_insert_default();
    }

    /// The hash so far, and how many calls and commits it covers.
    pub(super) fn read(&self) -> ([u8; 32], u64, u64) {
        let roll = lock(&self.0);
        (roll.hash.clone().finalize().into(), roll.calls, roll.commits)
    }

    /// The calls that were kept.
    pub(super) fn calls(&self) -> Vec<Called> {
        lock(&self.0).kept.clone().unwrap_or_default()
    }

    /// A batch is durable: the head's hash covers its canonical bytes.
    pub(super) fn commit(&self, at: Timestamp, head: &Head, records: usize) {
        let mut roll = lock(&self.0);
        roll.commits += 1;
        roll.hash.update(at.ms().to_be_bytes());
        roll.hash.update(head.hash);
        roll.hash.update(records.to_be_bytes());
    }

    fn call(&self, at: Timestamp, bot: &str, method: &'static str, params: &Value) {
        let mut roll = lock(&self.0);
        roll.calls += 1;
        roll.hash.update(at.ms().to_be_bytes());
        roll.hash.update(bot.as_bytes());
        roll.hash.update(method.as_bytes());
        let params = params.to_string();
        roll.hash.update(params.as_bytes());
        if let Some(kept) = &mut roll.kept {
            kept.push(Called { at: at.ms(), bot: bot.to_owned(), method, params });
        }
    }
}

/// The wire of one process: writes down every call, and opens while the trip lets it.
#[derive(Clone)]
pub(super) struct Wire {
    pub(super) inner: SharedTransport,
    pub(super) outside: Arc<Outside>,
    pub(super) trip: Arc<Trip>,
}

impl Wire {
    async fn call_now(&self, call: ApiCall) -> Result<Value, ApiError> {
        let Outside { clock, delays, tape, watch, .. } = &*self.outside;
        // Idle polls are no steps, or every second crash would hit one.
        let counts = call.method != "getUpdates";
        if counts {
            self.trip.pass().await;
        }
        self.trip.stay().await;
        if delays.pass(clock, WIRE_DELAY).await {
            self.trip.stay().await;
        }
        let bot = call.token.expose().split(':').next().unwrap_or_default().to_owned();
        let (method, chat, now) = (call.method, call.params["chat_id"].as_i64(), clock.now());
        let after_fencing =
            self.trip.fenced_since().is_some_and(|since| now.since(since) > SILENCE_AFTER);
        tape.call(now, &bot, method, &call.params);
        let answer = self.inner.call(call).await;
        if let Some(watch) = watch {
            let (bot, error) = (bot.parse().unwrap_or(0), answer.as_ref().err().cloned());
            watch.called(clock.now(), &Answered { bot, method, chat, error, after_fencing });
        }
        if delays.pass(clock, WIRE_DELAY).await || counts {
            self.trip.pass().await;
        }
        answer
    }
}

impl Transport for Wire {
    fn call(&self, call: ApiCall) -> BoxFuture<'static, Result<Value, ApiError>> {
        let this = self.clone();
        Box::pin(async move { this.call_now(call).await })
    }

    fn download(
        &self,
        token: Secret,
        file_path: String,
    ) -> BoxFuture<'static, Result<Bytes, ApiError>> {
        let this = self.clone();
        Box::pin(async move {
            this.trip.stay().await;
            this.inner.download(token, file_path).await
        })
    }
}
