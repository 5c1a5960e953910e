//! What a fleet records of itself: that it replays, and that nothing of a person is in it.

mod bots;
mod hostile;
mod runs;

use shopfleet::trace::record::Record;
use shopfleet::trace::replay::{Options, Replayed, replay};

/// The records of a trace.
pub(crate) fn records(trace: &[u8]) -> Vec<Record> {
    let lines = trace.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("a record")).collect()
}

/// Replays a trace; where it says something else than what happened, the test ends.
pub(crate) fn check(trace: &[u8]) -> Replayed {
    let replayed = replay(records(trace), &Options::default()).expect("a trace");
    if let Some(divergence) = &replayed.divergence {
        panic!("{divergence}");
    }
    replayed
}
