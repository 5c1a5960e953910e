//! The life of one simulated process: it ends at a step it was set for, or is held up for a while.
//!
//! Everything that leaves a fleet goes through a gate: a call of the store or of the Bot API. A gate
//! of a process that is dead never opens again, so whatever the process still does in memory has no
//! effect, exactly as if it had been killed there.

use super::lock;
use crate::domain::time::Timestamp;
use std::future::pending;
use std::sync::Mutex;
use tokio::sync::Notify;

/// Counts the steps of one process and ends or holds it.
#[derive(Debug, Default)]
pub(super) struct Trip {
    state: Mutex<State>,
    /// Woken when the process ends.
    pub(super) ended: Notify,
    resumed: Notify,
}

#[derive(Debug, Default)]
struct State {
    steps: u64,
    crash_at: Option<u64>,
    dead: bool,
    held: bool,
    fenced: Option<Timestamp>,
}

impl Trip {
    /// Ends the process at the `steps`-th step from now.
    pub(super) fn arm(&self, steps: u64) {
        let mut state = lock(&self.state);
        state.crash_at = Some(state.steps + steps);
    }

    /// Does not end at a step it was set for.
    pub(super) fn disarm(&self) {
        lock(&self.state).crash_at = None;
    }

    /// Ends the process here and now.
    pub(super) fn end(&self) {
        lock(&self.state).dead = true;
        self.ended.notify_one();
    }

    pub(super) fn is_dead(&self) -> bool {
        lock(&self.state).dead
    }

    /// Holds the process at every gate, as one that gets no processor.
    pub(super) fn hold(&self) {
        lock(&self.state).held = true;
    }

    /// Lets it go on.
    pub(super) fn resume(&self) {
        lock(&self.state).held = false;
        self.resumed.notify_waiters();
    }

    /// The store told it that another process leads.
    pub(super) fn note_fenced(&self, at: Timestamp) {
        lock(&self.state).fenced.get_or_insert(at);
    }

    /// Since when it knows that another process leads.
    pub(super) fn fenced_since(&self) -> Option<Timestamp> {
        lock(&self.state).fenced
    }

    /// One step, for code that cannot wait.
    pub(super) fn step(&self) {
        let mut state = lock(&self.state);
        state.steps += 1;
        if state.crash_at == Some(state.steps) {
            state.dead = true;
            self.ended.notify_one();
        }
    }

    /// One step through a gate.
    pub(super) async fn pass(&self) {
        self.step();
        self.stay().await;
    }

    /// Stays at a gate as long as the process is held, for ever when it is dead.
    pub(super) async fn stay(&self) {
        loop {
            let mut resumed = std::pin::pin!(self.resumed.notified());
            resumed.as_mut().enable();
            let (dead, held) = {
                let state = lock(&self.state);
                (state.dead, state.held)
            };
            if dead {
                pending::<()>().await;
            }
            if !held {
                return;
            }
            resumed.await;
        }
    }
}
