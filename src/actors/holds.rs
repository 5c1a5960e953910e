//! The guard that travels with a purchase from StockActor to LedgerActor.
//!
//! Whatever happens to the message, the hold ends: as sold when LedgerActor says so, as released when
//! the guard is dropped without a word. Ends are queued with the generation that made the hold and
//! drained by StockActor before its next decision (DESIGN.md, section 1).

use crate::domain::id::HoldId;
use crate::domain::stock::HoldFate;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Ends of holds that StockActor has not yet seen. Bounded by the permits: one hold a request.
#[derive(Debug, Default)]
pub(super) struct HoldEnds {
    queue: Mutex<Vec<(u64, HoldId, HoldFate)>>,
    /// Whether somebody waits for an end.
    awaited: AtomicBool,
}

/// Items set aside; gives them back when dropped.
#[derive(Debug)]
pub(super) struct HoldGuard {
    generation: u64,
    hold: HoldId,
    fate: HoldFate,
    ends: Arc<HoldEnds>,
}

impl HoldEnds {
    /// Takes what has ended since the last time.
    pub(super) fn drain(&self) -> Vec<(u64, HoldId, HoldFate)> {
        std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says whether a purchase waits for the end of other holds.
    pub(super) fn set_awaited(&self, awaited: bool) {
        self.awaited.store(awaited, Ordering::Release);
    }

    /// Whether StockActor should be woken after an end.
    pub(super) fn is_awaited(&self) -> bool {
        self.awaited.load(Ordering::Acquire)
    }
}

impl HoldGuard {
    /// A guard of a hold that was just made.
    pub(super) fn new(generation: u64, hold: HoldId, ends: Arc<HoldEnds>) -> Self {
        Self { generation, hold, fate: HoldFate::Released, ends }
    }

    /// The order was accepted: the items are gone.
    pub(super) fn sold(mut self) {
        self.fate = HoldFate::Sold;
    }
}

impl Drop for HoldGuard {
    fn drop(&mut self) {
        let mut queue = self.ends.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push((self.generation, self.hold, self.fate));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_guard_releases_and_a_sold_one_does_not() {
        let ends = Arc::new(HoldEnds::default());
        drop(HoldGuard::new(3, HoldId::new(1), ends.clone()));
        HoldGuard::new(3, HoldId::new(2), ends.clone()).sold();
        assert_eq!(
            ends.drain(),
            vec![(3, HoldId::new(1), HoldFate::Released), (3, HoldId::new(2), HoldFate::Sold)]
        );
        assert!(ends.drain().is_empty());
    }
}
