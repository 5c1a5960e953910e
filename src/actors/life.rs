//! One generation of the core group: it lives together and dies together.
//!
//! A panic ends an actix actor for good and its state cannot be trusted. So decisions run under
//! [`Life::run`]: the first panic ends the generation, tells the leader what was in hand, and every
//! actor of the generation stops at its next message (DESIGN.md, sections 4 and 5).

use super::intake::Ticket;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

/// Why a generation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// A decision panicked.
    Panicked {
        /// Where.
        actor: &'static str,
        /// What was in hand.
        ticket: Option<Ticket>,
    },
    /// An actor is gone although nobody stopped it.
    Died {
        /// Which.
        actor: &'static str,
    },
    /// The store refuses a batch; nothing of it was written.
    Refused {
        /// The requests in the batch that wanted to write.
        tickets: Vec<Ticket>,
        /// The store's words.
        reason: String,
    },
    /// Nobody knows whether a batch was written.
    UnknownFate {
        /// The store's words.
        reason: String,
    },
    /// The lease ran out; it may be renewed again.
    LeaseLost,
    /// Another process leads.
    Fenced {
        /// Its epoch.
        epoch: u64,
    },
}

/// A generation's life, shared by its actors.
#[derive(Clone, Debug)]
pub(super) struct Life {
    alive: Arc<AtomicBool>,
    failures: mpsc::Sender<Failure>,
}

/// Tells the leader when its actor is dropped while the generation lives.
#[derive(Debug)]
pub(super) struct DeathWatch {
    life: Life,
    actor: &'static str,
}

impl Life {
    /// A new life; its first failures arrive at the receiver. Later ones say nothing new.
    pub(super) fn begin() -> (Self, mpsc::Receiver<Failure>) {
        /// One failure ends a generation; a few more may race with it.
        const FAILURES: usize = 8;
        let (failures, receiver) = mpsc::channel(FAILURES);
        (Self { alive: Arc::new(AtomicBool::new(true)), failures }, receiver)
    }

    /// Whether the generation goes on.
    pub(super) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    /// Ends the generation without a failure.
    pub(super) fn end(&self) {
        self.alive.store(false, Ordering::Release);
    }

    /// Ends the generation and tells the leader why.
    pub(super) fn fail(&self, failure: Failure) {
        self.end();
        // A full channel means that the leader already knows.
        let _ = self.failures.try_send(failure);
    }

    /// Runs a decision; a panic in it ends the generation. Answers whether it goes on.
    pub(super) fn run(
        &self,
        actor: &'static str,
        ticket: Option<Ticket>,
        decision: impl FnOnce(),
    ) -> bool {
        if !self.is_alive() {
            return false;
        }
        // The state behind the closure is thrown away after a panic, never looked at again.
        let survived = catch_unwind(AssertUnwindSafe(decision)).is_ok();
        if !survived {
            self.fail(Failure::Panicked { actor, ticket });
        }
        survived
    }

    /// A watch for an actor to own.
    pub(super) fn watch(&self, actor: &'static str) -> DeathWatch {
        DeathWatch { life: self.clone(), actor }
    }
}

impl Drop for DeathWatch {
    fn drop(&mut self) {
        if self.life.is_alive() {
            self.life.fail(Failure::Died { actor: self.actor });
        }
    }
}
