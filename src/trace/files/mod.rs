//! The files of a trace: written by a thread of its own, rotated, compressed, and deleted in time.
//!
//! A file's name is the moment of its first record, so files sort as they were written. The present
//! file is plain and flushed whenever the queue is empty: after `kill -9` at most its last line is
//! torn. One that is full is compressed by another thread, because the queue must not wait for it.

use crate::domain::time::{Millis, Timestamp};
use crate::random::Random;
use crate::trace::line;
use crate::trace::pseudonym::Pseudonyms;
use crate::trace::record::{Header, Message, Record};
use crate::trace::recorder::{Queue, Recorder};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

/// What a name begins with; nothing else in the folder is touched.
const PREFIX: &str = "trace-";
/// The end of the name of a plain file.
const PLAIN: &str = ".jsonl";
/// The end of the name of a compressed one.
const PACKED: &str = ".jsonl.gz";
/// The same as an extension.
const PACKED_EXTENSION: &str = "jsonl.gz";

/// Where a trace is kept and for how long; each is a configuration key under `trace`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The folder; made when it is not there.
    pub dir: PathBuf,
    /// Bytes of a file, checkpoints not counted, before the next one is begun.
    pub rotate_bytes: u64,
    /// Age of a file before the next one is begun.
    pub rotate_after: Millis,
    /// Files that are kept, the present one included; the oldest are deleted.
    pub files: usize,
    /// Records that wait for the writer at most.
    pub queue: usize,
}

/// The thread that writes. Dropping it closes the trace and waits until everything is written.
#[derive(Debug)]
pub struct Writer {
    recorder: Recorder,
    thread: Option<JoinHandle<()>>,
}

/// The present file and its past.
struct Log {
    keep: Keep,
    present: Option<Present>,
    /// What the newest file is named after.
    newest: (Timestamp, u32),
    packing: Option<JoinHandle<()>>,
}

struct Present {
    path: PathBuf,
    out: BufWriter<File>,
    since: Timestamp,
    /// Bytes of everything but checkpoints: one of a large shop alone may be more than a file.
    bytes: u64,
}

impl Writer {
    /// Makes the folder and starts the thread; the key of the pseudonyms is drawn here.
    ///
    /// # Errors
    /// When the folder cannot be made or there is no thread.
    pub fn start(keep: Keep, header: Header, random: &dyn Random) -> io::Result<(Recorder, Self)> {
        fs::create_dir_all(&keep.dir)?;
        let names = Pseudonyms::new(random);
        let (recorder, queue) = Recorder::queued(header, keep.queue);
        let log = Log::new(keep);
        let thread =
            Builder::new().name("trace".to_owned()).spawn(move || log.follow(&queue, &names))?;
        let writer = Self { recorder: recorder.clone(), thread: Some(thread) };
        Ok((recorder, writer))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.recorder.close();
        // A thread that has panicked has said so in the log.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Log {
    const fn new(keep: Keep) -> Self {
        Self { keep, present: None, newest: (Timestamp::EPOCH, 0), packing: None }
    }

    /// Writes what there is until the end.
    fn follow(mut self, queue: &Queue, names: &Pseudonyms) {
        let mut spare = Vec::new();
        while let Some(records) = queue.wait(spare) {
            self.take(&records, queue, names);
            spare = records;
        }
        let _ = self.packing.take().map(JoinHandle::join);
    }

    /// Writes records and says what is to come next: a new file, or a gap.
    fn take(&mut self, records: &[Record], queue: &Queue, names: &Pseudonyms) {
        for (written, record) in records.iter().enumerate() {
            if let Err(error) = self.write(record, names) {
                tracing::error!(%error, "the trace has a gap: it cannot be written");
                self.present = None;
                queue.lost(records.len() - written, record.at);
                return;
            }
        }
        let (Some(present), Some(last)) = (&mut self.present, records.last()) else { return };
        if let Err(error) = present.out.flush() {
            tracing::error!(%error, "the trace may have lost its last records");
            self.present = None;
            queue.lost(records.len(), last.at);
        } else if present.is_full(&self.keep, last.at) {
            queue.begin_anew();
        }
    }

    fn write(&mut self, record: &Record, names: &Pseudonyms) -> io::Result<()> {
        if let Message::Begin(_) = record.message {
            self.begin(record.at)?;
        }
        let present = self.present.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let mut counted = Counted { out: &mut present.out, bytes: 0 };
        line::write(record, names, &mut counted)?;
        if !matches!(record.message, Message::Checkpoint(_)) {
            present.bytes += counted.bytes;
        }
        Ok(())
    }

    /// Ends the present file and begins the next.
    fn begin(&mut self, at: Timestamp) -> io::Result<()> {
        if let Some(full) = self.present.take() {
            full.out.into_inner().map_err(io::IntoInnerError::into_error)?;
            self.pack(full.path);
        }
        // Later than the one before, whatever the clock does and whatever was deleted meanwhile.
        let (before, serial) = self.newest;
        let after = if at > before { (at, 0) } else { (before, serial + 1) };
        let (present, name) = Present::create(&self.keep.dir, at, after)?;
        (self.present, self.newest) = (Some(present), name);
        prune(&self.keep.dir, self.keep.files)
    }

    /// Compresses a full file, after the one before it.
    fn pack(&mut self, path: PathBuf) {
        let _ = self.packing.take().map(JoinHandle::join);
        let thread = Builder::new().name("trace-pack".to_owned()).spawn(move || {
            if let Err(error) = pack(&path) {
                let path = path.display();
                tracing::warn!(%path, %error, "a file of the trace stays as large as it is");
            }
        });
        self.packing = thread.ok();
    }
}

impl Present {
    /// A new file, readable by its owner alone, and what it is named after: `moment` and a number
    /// that no other file has.
    fn create(
        dir: &Path,
        since: Timestamp,
        (moment, mut serial): (Timestamp, u32),
    ) -> io::Result<(Self, (Timestamp, u32))> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        loop {
            let path = dir.join(name(moment, serial));
            if path.with_extension(PACKED_EXTENSION).exists() {
                serial += 1;
                continue;
            }
            match options.open(&path) {
                Ok(file) => {
                    let out = BufWriter::new(file);
                    return Ok((Self { path, out, since, bytes: 0 }, (moment, serial)));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => serial += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn is_full(&self, keep: &Keep, now: Timestamp) -> bool {
        self.bytes >= keep.rotate_bytes || now.since(self.since) >= keep.rotate_after
    }
}

/// Counts what it passes on.
struct Counted<'o, W> {
    out: &'o mut W,
    bytes: u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += u64::try_from(written).unwrap_or(u64::MAX);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// `trace-20251009T080000123Z-00.jsonl`: the moment of its first record, and a number for another of
/// the same moment.
fn name(at: Timestamp, serial: u32) -> String {
    let moment = match chrono::DateTime::from_timestamp_millis(at.ms()) {
        Some(at) => at.format("%Y%m%dT%H%M%S%3fZ").to_string(),
        None => at.ms().to_string(),
    };
    format!("{PREFIX}{moment}-{serial:02}{PLAIN}")
}

/// Puts a compressed file in the place of a plain one. Under its own name it is whole.
fn pack(path: &Path) -> io::Result<()> {
    let (part, packed) = (path.with_extension("part"), path.with_extension(PACKED_EXTENSION));
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    let mut out = GzEncoder::new(file, Compression::default());
    io::copy(&mut File::open(path)?, &mut out)?;
    out.finish()?.sync_all()?;
    fs::rename(&part, packed)?;
    fs::remove_file(path)
}

/// Deletes the oldest files until `keep` are left.
fn prune(dir: &Path, keep: usize) -> io::Result<()> {
    let names =
        fs::read_dir(dir)?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let names: BTreeSet<String> = names.filter(|name| is_ours(name)).collect();
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let files: BTreeSet<String> = names.iter().map(|name| stem(name)).collect();
    let old: BTreeSet<&String> = files.iter().take(files.len().saturating_sub(keep)).collect();
    for name in names.iter().filter(|name| old.contains(&stem(name))) {
        fs::remove_file(dir.join(name))?;
    }
    Ok(())
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) && (name.ends_with(PLAIN) || name.ends_with(PACKED))
}

#[cfg(test)]
mod tests;
