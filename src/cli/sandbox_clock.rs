//! The clock of a sandbox in another process (`clock.source = "sandbox"`), followed over HTTP.

use super::Failure;
use crate::clock::{Clock as _, OffsetClock, SharedClock, SystemClock};
use crate::domain::time::Millis;
use serde::Deserialize;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::watch;
use url::Url;

/// How often the sandbox is asked.
const EVERY: Millis = Millis::from_ms(100);
/// A difference up to this is the time that asking takes, not a moved clock.
const JITTER: Millis = Millis::from_ms(500);

/// A clock that follows a sandbox.
pub(super) struct SandboxClock {
    offset_ms: watch::Receiver<i64>,
}

#[derive(Deserialize)]
struct Now {
    now_ms: i64,
}

impl SandboxClock {
    /// Asks the sandbox at the origin of `api_url` once, and goes on asking.
    pub(super) async fn follow(api_url: &Url, sockets: &Handle) -> Result<Self, Failure> {
        let mut url = api_url.clone();
        url.set_path("/sandbox/clock");
        let client = reqwest::Client::new();
        let first = sockets.spawn(ask(client.clone(), url.clone())).await.ok().flatten();
        let first = first.ok_or_else(|| {
            let origin = url.origin().ascii_serialization();
            Failure::Check(format!(
                "clock.source is `sandbox`, but {origin} shows no sandbox clock"
            ))
        })?;
        let (sender, offset_ms) = watch::channel(first);
        sockets.spawn(async move {
            while !sender.is_closed() {
                SystemClock.sleep(EVERY).await;
                if let Some(offset) = ask(client.clone(), url.clone()).await {
                    // Forwards only: a clock never goes back.
                    sender.send_if_modified(|known| {
                        let moved = offset > *known + JITTER.ms();
                        if moved {
                            *known = offset;
                        }
                        moved
                    });
                }
            }
        });
        Ok(Self { offset_ms })
    }

    /// The clock.
    pub(super) fn clock(&self) -> SharedClock {
        Arc::new(OffsetClock::new(self.offset_ms.clone()))
    }
}

/// How far the sandbox's clock is ahead of the machine's, in milliseconds.
async fn ask(client: reqwest::Client, url: Url) -> Option<i64> {
    let Now { now_ms } = client.get(url).send().await.ok()?.json().await.ok()?;
    Some(now_ms - SystemClock.now().ms())
}
