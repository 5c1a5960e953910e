//! A Transport for unit tests: answers by a script, remembers every call, takes virtual time.

use super::transport::{ApiCall, ApiError, SharedTransport, Transport};
use crate::clock::SharedClock;
use crate::domain::time::{Millis, Timestamp};
use crate::secret::Secret;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::sync::{Arc, Mutex};

type Answer = Result<Value, ApiError>;
type Script = Box<dyn FnMut(&ApiCall) -> Answer + Send>;

/// The scripted wire. Clones share script and memory.
#[derive(Clone)]
pub(super) struct Scripted {
    script: Arc<Mutex<Script>>,
    calls: Arc<Mutex<Vec<(Timestamp, ApiCall)>>>,
    file: Bytes,
    clock: Option<(SharedClock, Millis)>,
}

impl Scripted {
    /// Answers every call by `script`, at once.
    pub(super) fn answering(script: impl FnMut(&ApiCall) -> Answer + Send + 'static) -> Self {
        let script: Script = Box::new(script);
        Self {
            script: Arc::new(Mutex::new(script)),
            calls: Arc::default(),
            file: Bytes::new(),
            clock: None,
        }
    }

    /// Hands this out as the content of every file.
    pub(super) fn with_file(mut self, content: &'static str) -> Self {
        self.file = Bytes::from_static(content.as_bytes());
        self
    }

    /// Answers after `latency`, and a poll that has nothing to tell after the time it asked for.
    pub(super) fn timed(mut self, clock: SharedClock, latency: Millis) -> Self {
        self.clock = Some((clock, latency));
        self
    }

    /// The wire as a client takes it.
    pub(super) fn shared(&self) -> SharedTransport {
        Arc::new(self.clone())
    }

    /// Every call so far, in the order of their beginning.
    pub(super) fn calls(&self) -> Vec<ApiCall> {
        self.timed_calls().into_iter().map(|(_, call)| call).collect()
    }

    /// Every call so far with the moment it was made.
    pub(super) fn timed_calls(&self) -> Vec<(Timestamp, ApiCall)> {
        self.calls.lock().expect("no test panics while it holds this").clone()
    }
}

impl Transport for Scripted {
    fn call(&self, call: ApiCall) -> BoxFuture<'static, Answer> {
        let wire = self.clone();
        Box::pin(async move {
            let now = wire.clock.as_ref().map_or(Timestamp::EPOCH, |(clock, _)| clock.now());
            let answer = wire.script.lock().expect("no script panics")(&call);
            let empty_poll = call.method == "getUpdates" && answer == Ok(Value::Array(Vec::new()));
            let asked = Millis::from_secs(call.params["timeout"].as_i64().unwrap_or(0));
            wire.calls.lock().expect("no test panics while it holds this").push((now, call));
            if let Some((clock, latency)) = wire.clock {
                clock.sleep(if empty_poll { asked } else { latency }).await;
            }
            answer
        })
    }

    fn download(&self, _: Secret, _: String) -> BoxFuture<'static, Result<Bytes, ApiError>> {
        let file = self.file.clone();
        Box::pin(async move { Ok(file) })
    }
}
