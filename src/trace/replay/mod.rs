//! Replay: the recorded messages go through the same machines again, and every outcome is compared.
//!
//! A [`Replay`] reads trace files and gives each record to a [`Replayer`], which decides it again at
//! the recorded time and compares typed values; it stops at the first divergence, with the state as
//! it was before. No clock, no randomness, no I/O but the files (`docs/replay.md`).

mod divergence;
mod machines;
mod read;
mod replayer;

pub use divergence::{Divergence, Note};
pub use machines::{Machines, NoCheckpoint};
pub use read::{Line, Place, ReadError, Reader};
pub use replayer::{Counts, Replayer};

use crate::domain::id::TenantId;
use crate::trace::record::{Actor, Record};
use std::path::{Path, PathBuf};

/// What to replay of a trace. The default is everything.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Up to and including the record with this number.
    pub until: Option<u64>,
    /// Only this actor's records.
    pub actor: Option<Actor>,
    /// Decide again only what came through this shop; the rest is applied as recorded.
    pub tenant: Option<TenantId>,
}

/// A trace that can be replayed.
///
/// ```no_run
/// use shopfleet::trace::replay::{Options, Replay};
///
/// let replayed = Replay::open("trace.jsonl")?.run(&Options::default())?;
/// if let Some(divergence) = &replayed.divergence {
///     panic!("{divergence}");
/// }
/// println!("{} records decided alike", replayed.counts.decided);
/// # Ok::<(), shopfleet::trace::replay::ReadError>(())
/// ```
#[derive(Debug)]
pub struct Replay {
    reader: Reader,
}

/// How a replay ended.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What was looked at.
    pub counts: Counts,
    /// What the actors know at the end, before a divergence.
    pub machines: Machines,
    /// The first outcome that is not as recorded.
    pub divergence: Option<Box<Divergence>>,
    /// Half lines at the ends of files, left by a process that was killed, and passed over.
    pub torn: Vec<Place>,
}

impl Replay {
    /// One file, plain or compressed.
    ///
    /// # Errors
    /// [`ReadError`] when it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Self::open_all(&[path.as_ref().to_owned()])
    }

    /// Several files of one recording, oldest first.
    ///
    /// # Errors
    /// [`ReadError`] when one of them cannot be opened.
    pub fn open_all(paths: &[PathBuf]) -> Result<Self, ReadError> {
        Ok(Self { reader: Reader::open(paths)? })
    }

    /// Replays it.
    ///
    /// # Errors
    /// [`ReadError`] when a line cannot be read, with its place.
    pub fn run(self, options: &Options) -> Result<Replayed, ReadError> {
        self.run_with(options, |_, _| {})
    }

    /// Replays it and tells after each record how many there were, and where.
    ///
    /// # Errors
    /// [`ReadError`] when a line cannot be read, with its place.
    pub fn run_with(
        mut self,
        options: &Options,
        mut progress: impl FnMut(u64, &Place),
    ) -> Result<Replayed, ReadError> {
        let mut replayer = Replayer::new(options);
        let mut divergence = None;
        for line in &mut self.reader {
            let Line { place, record } = line?;
            if options.until.is_some_and(|until| record.seq > until) {
                break;
            }
            match replayer.record(record) {
                Ok(()) => progress(replayer.counts().records, &place),
                Err(Note::Bad(reason)) => return Err(ReadError::Order { place, reason }),
                Err(Note::Diverges(mut found)) => {
                    found.place = Some(place);
                    divergence = Some(found);
                    break;
                }
            }
        }
        let torn = self.reader.torn().to_vec();
        Ok(Replayed { torn, ..replayer.end(divergence) })
    }
}

/// Replays records in memory.
///
/// # Errors
/// What makes them no trace, in a sentence.
pub fn replay(
    records: impl IntoIterator<Item = Record>,
    options: &Options,
) -> Result<Replayed, String> {
    let mut replayer = Replayer::new(options);
    for record in records {
        if options.until.is_some_and(|until| record.seq > until) {
            break;
        }
        match replayer.record(record) {
            Ok(()) => {}
            Err(Note::Bad(reason)) => return Err(reason),
            Err(Note::Diverges(found)) => return Ok(replayer.end(Some(found))),
        }
    }
    Ok(replayer.end(None))
}
