//! Permits: what bounds the work between a caller's request and its durable answer.
//!
//! A permit of one command and of its bytes is taken *before* anything is decided and travels with
//! the request until its answer is out. Without one the answer is "busy, nothing was charged"
//! (DESIGN.md, section 4 and law 12).

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are counted in these units, so that a semaphore can count a large bound.
const UNIT: usize = 256;

/// The bounds of the pipeline.
#[derive(Clone, Debug)]
pub(super) struct Permits {
    commands: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

/// The right to have one command in the pipeline; given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _command: OwnedSemaphorePermit,
    _bytes: OwnedSemaphorePermit,
}

impl Permits {
    /// Bounds of so many commands and so many bytes.
    pub(super) fn new(commands: usize, bytes: usize) -> Self {
        Self {
            commands: Arc::new(Semaphore::new(commands.min(Semaphore::MAX_PERMITS))),
            bytes: Arc::new(Semaphore::new((bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS))),
        }
    }

    /// A permit for a command that writes about `bytes`, or nothing when the pipeline is full.
    pub(super) fn take(&self, bytes: usize) -> Option<Permit> {
        let units = u32::try_from(bytes.div_ceil(UNIT).max(1)).ok()?;
        let command = self.commands.clone().try_acquire_owned().ok()?;
        let bytes = self.bytes.clone().try_acquire_many_owned(units).ok()?;
        Some(Permit { _command: command, _bytes: bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bounds_hold_and_permits_return() {
        let permits = Permits::new(2, 1024);
        let first = permits.take(1).expect("free");
        assert!(permits.take(1025).is_none(), "too many bytes");
        let second = permits.take(512).expect("a refused permit takes nothing");
        assert!(permits.take(1).is_none(), "no command left");
        drop(first);
        assert!(permits.take(1).is_some());
        drop(second);
    }
}
