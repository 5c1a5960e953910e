//! Waiting for other processes: until a condition holds, with an end and a sentence.

use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How long anything may take on a machine that does much else at the same time.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a condition is looked at.
const EVERY: Duration = Duration::from_millis(50);

/// Asks `look` again and again until it has something.
///
/// # Panics
/// When it has nothing in time, saying `what` was waited for.
pub(super) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    match timeout(PATIENCE, waiting).await {
        Ok(found) => found,
        Err(_) => panic!("waited {} s for {what}", PATIENCE.as_secs()),
    }
}
