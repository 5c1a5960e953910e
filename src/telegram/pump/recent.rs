//! The update ids that were taken lately: duplicates are found by membership, never by order.
//!
//! Telegram starts its ids again at random after a week without updates, so a smaller id may be
//! newer. What can come twice is what was not confirmed yet, one batch at most; some batches are
//! remembered because answers may be lost and updates repeated by a proxy.

use std::collections::VecDeque;

/// How many ids are remembered; 2 KiB per bot when all are there.
const BOUND: usize = 256;

/// The ids taken lately.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<u64>);

impl Recent {
    /// Whether this id was taken lately.
    pub(super) fn holds(&self, id: u64) -> bool {
        self.0.contains(&id)
    }

    /// This id is taken.
    pub(super) fn remember(&mut self, id: u64) {
        if self.holds(id) {
            return;
        }
        if self.0.len() == BOUND {
            self.0.pop_front();
        }
        self.0.push_back(id);
    }
}
