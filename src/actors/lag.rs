//! The Lag port: how long a message takes between a bot and the core.
//!
//! In production nothing: a mailbox is a mailbox. A simulation draws a delay for every request and for
//! every answer, so that what two people do at once meets in every order (DESIGN.md, section 8).

use futures_util::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// A delay that somebody draws anew each time, or none.
#[derive(Clone, Default)]
pub struct Lag(Option<Arc<Draw>>);

/// Draws one delay; the future is over when it has passed.
type Draw = dyn Fn() -> BoxFuture<'static, ()> + Send + Sync;

impl Lag {
    /// Messages arrive at once.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Every message waits for the future that `draw` makes.
    pub fn drawn(draw: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(draw)))
    }

    /// One message is on its way.
    pub(super) async fn pass(&self) {
        if let Some(draw) = &self.0 {
            draw().await;
        }
    }
}

impl fmt::Debug for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lag({})", if self.0.is_some() { "drawn" } else { "none" })
    }
}
