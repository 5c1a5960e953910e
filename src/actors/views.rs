//! The published picture of the core: what bots read for a page, without asking a mailbox.
//!
//! Only durable facts get here, in batch order; a reader holds the lock for as long as it takes to
//! copy what a page shows.

use crate::domain::event::Event;
use crate::domain::view::View;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::watch;

/// Everybody's way to the [`View`].
#[derive(Clone, Debug)]
pub struct ViewHandle {
    view: Arc<RwLock<View>>,
    tenants: watch::Sender<u64>,
}

impl Default for ViewHandle {
    fn default() -> Self {
        let (tenants, _) = watch::channel(0);
        Self { view: Arc::default(), tenants }
    }
}

impl ViewHandle {
    /// The present picture. Copy what you need and let go: a batch waits to be published.
    pub fn read(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes when shops change.
    pub fn watch_tenants(&self) -> watch::Receiver<u64> {
        self.tenants.subscribe()
    }

    /// Replaces the picture by what was loaded.
    pub(super) fn reset(&self, view: View) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
        self.tenants.send_modify(|version| *version += 1);
    }

    /// Adds the facts of a durable batch.
    pub(super) fn publish<'a>(&self, seq: u64, events: impl Iterator<Item = &'a Event>) {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let before = view.tenants_version;
        view.apply(seq, events);
        let changed = view.tenants_version != before;
        drop(view);
        if changed {
            self.tenants.send_modify(|version| *version += 1);
        }
    }
}
