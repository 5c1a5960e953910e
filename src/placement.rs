//! The Placement port: which thread runs what, and the only file that makes threads of actors.
//!
//! Arbiters run only actors; everything with a socket runs on one multi-thread tokio runtime
//! (DESIGN.md, section 5). [`Threads`] is production; [`OneThread`] puts everything on the current
//! arbiter, where a paused runtime makes a run deterministic.
#![expect(clippy::disallowed_methods, reason = "this is the one file that may make threads")]

use futures_util::future::BoxFuture;
use std::sync::Arc;

/// Something to start on an actor thread.
pub type Start = Box<dyn FnOnce() + Send>;

/// Where actors and background futures run.
pub trait Placement: Send + Sync + 'static {
    /// Runs `start` on the thread of the core group.
    fn on_core(&self, start: Start);

    /// Runs `start` on one of the bots' threads; the same `shard` is always the same thread.
    fn on_bots(&self, shard: u64, start: Start);

    /// Runs a future where sockets live and nothing waits for an actor.
    fn in_background(&self, work: BoxFuture<'static, ()>);
}

/// The placement as everybody holds it.
pub type SharedPlacement = Arc<dyn Placement>;

/// Production: one arbiter for the core, a few for bots, a tokio runtime for everything else.
#[derive(Debug)]
pub struct Threads {
    core: actix_rt::Arbiter,
    bots: Vec<actix_rt::Arbiter>,
    io: tokio::runtime::Handle,
}

impl Threads {
    /// Starts the arbiters. Call it inside an actix System; `io` is the runtime of the sockets.
    pub fn start(bot_threads: usize, io: tokio::runtime::Handle) -> Self {
        let bots = (0..bot_threads.max(1)).map(|_| actix_rt::Arbiter::new()).collect();
        Self { core: actix_rt::Arbiter::new(), bots, io }
    }
}

impl Placement for Threads {
    fn on_core(&self, start: Start) {
        self.core.spawn_fn(start);
    }

    fn on_bots(&self, shard: u64, start: Start) {
        let count = u64::try_from(self.bots.len()).unwrap_or(1);
        let index = usize::try_from(shard % count).unwrap_or(0);
        self.bots[index].spawn_fn(start);
    }

    fn in_background(&self, work: BoxFuture<'static, ()>) {
        self.io.spawn(work);
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.core.stop();
        for arbiter in &self.bots {
            arbiter.stop();
        }
    }
}

/// Everything on the current arbiter: tests and simulations.
#[derive(Clone, Copy, Debug, Default)]
pub struct OneThread;

impl Placement for OneThread {
    fn on_core(&self, start: Start) {
        actix_rt::spawn(async move { start() });
    }

    fn on_bots(&self, _shard: u64, start: Start) {
        actix_rt::spawn(async move { start() });
    }

    fn in_background(&self, work: BoxFuture<'static, ()>) {
        actix_rt::spawn(work);
    }
}
