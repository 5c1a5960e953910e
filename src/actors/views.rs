//! The published picture of the core: what bots read for a page, without asking a mailbox.
//!
//! Only durable facts get here, in batch order; a reader holds the lock for as long as it takes to
//! copy what a page shows.

use crate::domain::command::CommandKey;
use crate::domain::event::Event;
use crate::domain::ledger::LedgerEvent;
use crate::domain::time::Timestamp;
use crate::domain::view::View;
use crate::trace::Recorder;
use crate::trace::record::Checkpoint;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::{broadcast, watch};

/// Commands set aside that nobody has been told of yet; more than two or three is another trouble.
const SET_ASIDE_MAX: usize = 64;

/// Everybody's way to the [`View`].
#[derive(Clone, Debug)]
pub struct ViewHandle {
    view: Arc<RwLock<View>>,
    recorder: Recorder,
    tenants: watch::Sender<u64>,
    set_aside: broadcast::Sender<SetAside>,
}

/// A command that killed the core twice and is refused from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SetAside {
    /// Which command.
    pub(super) key: CommandKey,
    /// What it was, in a word.
    pub(super) what: String,
}

impl ViewHandle {
    /// An empty picture; what it shows from now on is recorded.
    pub(super) fn new(recorder: Recorder) -> Self {
        let (tenants, _) = watch::channel(0);
        let (set_aside, _) = broadcast::channel(SET_ASIDE_MAX);
        Self { view: Arc::default(), recorder, tenants, set_aside }
    }

    /// The present picture. Copy what you need and let go: a batch waits to be published.
    pub fn read(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes when shops change.
    pub fn watch_tenants(&self) -> watch::Receiver<u64> {
        self.tenants.subscribe()
    }

    /// Every command that is set aside from now on, once that is durable.
    pub(super) fn watch_set_aside(&self) -> broadcast::Receiver<SetAside> {
        self.set_aside.subscribe()
    }

    /// Replaces the picture by what was loaded.
    pub(super) fn reset(&self, view: View, at: impl FnOnce() -> Timestamp) {
        let mut shown = self.view.write().unwrap_or_else(PoisonError::into_inner);
        *shown = view;
        // Recorded while nobody can read it: whoever has read it is recorded after this.
        self.recorder.renew(at, || Checkpoint::View(Box::new(shown.clone())));
        drop(shown);
        self.tenants.send_modify(|version| *version += 1);
    }

    /// Adds the facts of a durable batch, which the trace has as these `decisions`.
    pub(super) fn publish<'a>(
        &self,
        seq: u64,
        events: impl Iterator<Item = &'a Event> + Clone,
        at: impl FnOnce() -> Timestamp,
        decisions: &[Option<u64>],
    ) {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let before = view.tenants_version;
        view.apply(seq, events.clone());
        let state = || Checkpoint::View(Box::new(view.clone()));
        self.recorder.publish(at, seq, decisions, state);
        let changed = view.tenants_version != before;
        drop(view);
        if changed {
            self.tenants.send_modify(|version| *version += 1);
        }
        for event in events {
            if let Event::Ledger(LedgerEvent::Quarantined { key, what, .. }) = event {
                // Nobody listens before the bots are started; the store remembers it anyway.
                let _ = self.set_aside.send(SetAside { key: key.clone(), what: what.clone() });
            }
        }
    }
}
