//! Probes: named points of the pipeline where a test may look, fail or panic.
//!
//! Production runs with [`Probe::none`], which costs one comparison. A test or a simulation passes a
//! function and decides by the point's name what happens there; that is how panics are forced "in a
//! chat, a BotActor, StockActor, LedgerActor, Committer" without a switch in the product.

use std::fmt;
use std::sync::Arc;

/// A place in the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// StockActor is about to decide.
    Stock,
    /// LedgerActor is about to decide.
    Ledger,
    /// The Committer is about to close a batch.
    Commit,
    /// A run of a bot has taken up what the last one left and is about to listen.
    Run,
    /// A BotActor is about to take updates.
    Bot,
    /// A chat is about to handle an update.
    Chat,
    /// A chat has stored what an update led to and is about to act on it.
    Saved,
}

/// A function called at every point, or nothing.
#[derive(Clone, Default)]
pub struct Probe(Option<Arc<Look>>);

/// What a test does at a point, told what is in hand there.
type Look = dyn Fn(Point, &str) + Send + Sync;

impl Probe {
    /// Nobody looks.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Calls `look` at every point with a word about what is in hand.
    pub fn new(look: impl Fn(Point, &str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(look)))
    }

    /// The code is at `point` with `what` in hand.
    pub fn at(&self, point: Point, what: &str) {
        if let Some(look) = &self.0 {
            look(point, what);
        }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Probe({})", if self.0.is_some() { "on" } else { "off" })
    }
}
