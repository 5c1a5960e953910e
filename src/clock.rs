//! The Clock port: time **and** timers, and the only file that reads the machine's clock.
//!
//! Three implementations: [`SystemClock`] for production, [`OffsetClock`] for a fleet that lives on
//! the sandbox's movable clock (`clock.source = "sandbox"`), [`VirtualClock`] for a paused tokio
//! runtime, where time passes only when every task waits. Everything else asks the port, so that a
//! test can move forty-eight hours in a millisecond (DESIGN.md, law 11 and section 5).
#![expect(clippy::disallowed_methods, reason = "this is the one file that may read the clock")]

use crate::domain::time::{Millis, Timestamp};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// Time and timers as a value that can be replaced.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Completes at `at` by this clock, at once when `at` is past.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()>;

    /// Completes after `span` by this clock.
    fn sleep(&self, span: Millis) -> BoxFuture<'static, ()> {
        self.sleep_until(self.now() + span)
    }
}

/// The clock as everybody holds it.
pub type SharedClock = Arc<dyn Clock>;

/// A reading of the monotonic clock, for durations that a moved wall clock must not change.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Real time since [`Stopwatch::start`].
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let span = at.since(self.now());
        Box::pin(tokio::time::sleep(span.to_std()))
    }
}

/// The machine's clock plus an offset that somebody moves; a move wakes every timer it passes.
#[derive(Clone, Debug)]
pub struct OffsetClock {
    offset_ms: watch::Receiver<i64>,
}

impl OffsetClock {
    /// A clock that follows `offset_ms`. The offset must never shrink: time does not go back.
    pub fn new(offset_ms: watch::Receiver<i64>) -> Self {
        Self { offset_ms }
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + Millis::from_ms(*self.offset_ms.borrow())
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(async move {
            let mut moved = clock.offset_ms.clone();
            loop {
                moved.mark_unchanged();
                let left = at.since(clock.now());
                if left == Millis::ZERO {
                    return;
                }
                tokio::select! {
                    biased;
                    changed = moved.changed() => if changed.is_err() {
                        // Nobody can move the clock any more: it runs like the machine's.
                        tokio::time::sleep(left.to_std()).await;
                        return;
                    },
                    () = tokio::time::sleep(left.to_std()) => {}
                }
            }
        })
    }
}

/// The clock of a paused tokio runtime: starts at `origin`, moves when every task is idle.
#[derive(Clone, Copy, Debug)]
pub struct VirtualClock {
    origin: Timestamp,
    started: tokio::time::Instant,
}

impl VirtualClock {
    /// A clock that shows `origin` now. Call it inside the runtime whose time is paused.
    pub fn starting_at(origin: Timestamp) -> Self {
        Self { origin, started: tokio::time::Instant::now() }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let passed = self.started.elapsed().as_millis();
        self.origin + Millis::from_ms(i64::try_from(passed).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(at.since(self.now()).to_std()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_virtual_day_passes_while_all_wait() {
        let clock = VirtualClock::starting_at(Timestamp::from_ms(5));
        clock.sleep(Millis::from_hours(24)).await;
        assert_eq!(clock.now(), Timestamp::from_ms(5) + Millis::from_hours(24));
    }

    #[tokio::test(start_paused = true)]
    async fn moving_the_offset_wakes_a_timer() {
        let (move_to, offset) = watch::channel(0);
        let clock = OffsetClock::new(offset);
        let timer = tokio::spawn(clock.sleep(Millis::from_hours(48)));
        tokio::task::yield_now().await;
        assert!(!timer.is_finished());
        move_to.send(Millis::from_hours(49).ms()).expect("the clock listens");
        timer.await.expect("the timer ended");
    }
}
