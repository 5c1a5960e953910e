//! One record as the line that is written: JSON with pseudonyms, and for simulations a trace in memory.

use super::pseudonym::Pseudonyms;
use super::record::{Header, Record};
use super::recorder::Recorder;
use super::redact::Redacted;
use crate::random::Random;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Writes a record as one line.
///
/// # Errors
/// What the writer says, or that a value does not tell its own secret in the form of a text.
pub fn write(record: &Record, names: &Pseudonyms, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Redacted::new(record, names))?;
    out.write_all(b"\n")
}

/// A trace in memory, for simulations: the same run writes the same bytes.
#[derive(Clone, Debug, Default)]
pub struct MemoryTrace(Arc<Mutex<Vec<u8>>>);

impl MemoryTrace {
    /// A recorder, and the trace that it writes record by record.
    pub fn start(header: Header, random: &dyn Random) -> (Recorder, Self) {
        let trace = Self::default();
        let (lines, names) = (trace.0.clone(), Pseudonyms::new(random));
        let take = move |record: &Record| {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            let whole = lines.len();
            if let Err(error) = write(record, &names, &mut *lines) {
                lines.truncate(whole);
                tracing::error!(seq = record.seq, %error, "a record cannot be written");
            }
        };
        (Recorder::direct(header, Box::new(take)), trace)
    }

    /// Everything so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
