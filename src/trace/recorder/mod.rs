//! The recorder: takes what actors handled, numbers it, and never makes them wait.
//!
//! Records wait in a bounded queue for the thread that writes them. When the queue is full they are
//! counted instead, until the writer has caught up and [`QUIET`] has passed; then a gap says how many
//! are missing, and every actor's next record comes behind a checkpoint of its whole state. So does
//! its first record of every file: what begins with a begin or a gap is a *piece*, and each piece
//! replays by itself. Turned off, it costs its callers one branch.

use crate::domain::time::{Millis, Timestamp};
use crate::trace::record::{Actor, Checkpoint, Entry, Header, Message, Record};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How long a gap lasts at least: a checkpoint is a copy of a machine, made on the core's thread, and
/// a fleet that is too fast for its disk must not spend its time copying.
pub const QUIET: Millis = Millis::from_secs(5);

/// Everybody's way to the trace.
#[derive(Clone, Default)]
pub struct Recorder(Option<Arc<Shared>>);

/// The writer's side of a recorder. One alone takes from it.
pub struct Queue(Arc<Shared>);

/// What takes a record at once instead of the queue.
pub(super) type Direct = Box<dyn FnMut(&Record) + Send>;

struct Shared {
    header: Header,
    state: Mutex<State>,
    /// Woken when there is something to write, or the end has come.
    filled: Condvar,
}

struct State {
    /// The next record's number.
    next: u64,
    waiting: Vec<Record>,
    waiting_max: usize,
    direct: Option<Direct>,
    /// The number of the record that begins this piece.
    piece: u64,
    /// Whose checkpoint this piece has.
    shown: BTreeSet<Actor>,
    missing: Option<Missing>,
    /// A new file is to begin with the next record.
    begins: bool,
    writer_sleeps: bool,
    closed: bool,
}

/// Records that could not be taken.
#[derive(Clone, Copy)]
struct Missing {
    dropped: u64,
    since: Timestamp,
}

impl Recorder {
    /// Nobody listens.
    pub const fn off() -> Self {
        Self(None)
    }

    /// A recorder whose records wait for somebody to take them, `waiting_max` at most.
    pub fn queued(header: Header, waiting_max: usize) -> (Self, Queue) {
        let shared = Arc::new(Shared::new(header, waiting_max, None));
        (Self(Some(shared.clone())), Queue(shared))
    }

    /// A recorder that gives every record away at once, on its caller's thread.
    pub(super) fn direct(header: Header, take: Direct) -> Self {
        Self(Some(Arc::new(Shared::new(header, 1, Some(take)))))
    }

    /// Whether anybody listens.
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Takes what `actor` has handled and returns the record's number; none when it was not taken.
    ///
    /// Call it after the decision and before its facts are applied: `state` is what it was decided by.
    pub fn record(
        &self,
        actor: Actor,
        at: impl FnOnce() -> Timestamp,
        state: impl FnOnce() -> Checkpoint,
        entry: impl FnOnce() -> Entry,
    ) -> Option<u64> {
        let shared = self.0.as_deref()?;
        let at = at();
        let first = {
            let mut queue = shared.lock();
            shared.admit(&mut queue, at).then(|| !queue.shown.contains(&actor))?
        };
        // Copied while nobody waits for the lock.
        let (entry, mut state) = (entry(), Some(state));
        let made = if first { state.take().map(|state| state()) } else { None };
        let mut queue = shared.lock();
        if !shared.admit(&mut queue, at) {
            return None;
        }
        if !queue.shown.contains(&actor)
            && let Some(checkpoint) = made.or_else(|| state.take().map(|state| state()))
        {
            shared.push(&mut queue, at, actor, Message::Checkpoint(checkpoint).into());
            queue.shown.insert(actor);
        }
        Some(shared.push(&mut queue, at, actor, entry))
    }

    /// An actor has a new state that follows from no record: a generation begins.
    pub fn renew(&self, at: impl FnOnce() -> Timestamp, state: impl FnOnce() -> Checkpoint) {
        let Some(shared) = self.0.as_deref() else { return };
        let (at, checkpoint) = (at(), state());
        let actor = checkpoint.actor();
        let mut queue = shared.lock();
        if shared.admit(&mut queue, at) {
            shared.push(&mut queue, at, actor, Message::Checkpoint(checkpoint).into());
            queue.shown.insert(actor);
        }
    }

    /// The view shows batch `version` now, made of the decisions with these numbers. When one of them
    /// is not in this piece of the trace, the view itself is recorded instead.
    pub fn publish(
        &self,
        at: impl FnOnce() -> Timestamp,
        version: u64,
        of: &[Option<u64>],
        view: impl FnOnce() -> Checkpoint,
    ) {
        let Some(shared) = self.0.as_deref() else { return };
        let (at, actor) = (at(), Actor::Committer);
        let mut queue = shared.lock();
        if !shared.admit(&mut queue, at) {
            return;
        }
        let piece = queue.piece;
        let known: Option<Vec<u64>> =
            of.iter().map(|decision| decision.filter(|seq| *seq > piece)).collect();
        let message = match known {
            Some(of) if queue.shown.contains(&actor) => Message::Published { version, of },
            _ => Message::Checkpoint(view()),
        };
        shared.push(&mut queue, at, actor, message.into());
        queue.shown.insert(actor);
    }

    /// The last words: what is missing is declared, and the writer ends when it has written all.
    pub fn close(&self) {
        let Some(shared) = self.0.as_deref() else { return };
        let mut queue = shared.lock();
        if let Some(missing) = queue.missing.take() {
            shared.declare(&mut queue, missing.since, missing);
        }
        queue.closed = true;
        drop(queue);
        shared.filled.notify_one();
    }
}

impl Queue {
    /// Waits for records and takes all there are, in exchange for an empty list; none when the
    /// recorder is closed and everything is taken.
    pub fn wait(&self, mut spare: Vec<Record>) -> Option<Vec<Record>> {
        spare.clear();
        let mut queue = self.0.lock();
        while queue.waiting.is_empty() {
            if queue.closed {
                return None;
            }
            queue.writer_sleeps = true;
            queue = self.0.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.writer_sleeps = false;
        Some(std::mem::replace(&mut queue.waiting, spare))
    }

    /// The next record is to begin a new file.
    pub fn begin_anew(&self) {
        self.0.lock().begins = true;
    }

    /// `count` records that were taken, the first of them of `since`, could not be written, nor can
    /// those that wait.
    pub fn lost(&self, count: usize, since: Timestamp) {
        let mut queue = self.0.lock();
        let lost = count + queue.waiting.len();
        queue.waiting.clear();
        let before = queue.missing.map_or(0, |missing| missing.dropped);
        let dropped = before.saturating_add(u64::try_from(lost).unwrap_or(u64::MAX));
        queue.missing = Some(Missing { dropped, since });
        queue.begins = true;
    }
}

impl Shared {
    fn new(header: Header, waiting_max: usize, direct: Option<Direct>) -> Self {
        let state = State {
            next: 1,
            waiting: Vec::new(),
            waiting_max,
            direct,
            piece: 0,
            shown: BTreeSet::new(),
            missing: None,
            begins: true,
            writer_sleeps: false,
            closed: false,
        };
        Self { header, state: Mutex::new(state), filled: Condvar::new() }
    }

    /// Whether a record of now is taken. If not it is counted.
    fn admit(&self, queue: &mut State, at: Timestamp) -> bool {
        if let Some(missing) = &mut queue.missing {
            let over = queue.waiting.is_empty() && at.since(missing.since) >= QUIET;
            if !over {
                missing.dropped = missing.dropped.saturating_add(1);
                return false;
            }
            let missing = *missing;
            queue.missing = None;
            self.declare(queue, at, missing);
        } else if queue.waiting.len() >= queue.waiting_max {
            queue.missing = Some(Missing { dropped: 1, since: at });
            return false;
        } else if queue.begins {
            self.begin(queue, at);
        }
        true
    }

    fn begin(&self, queue: &mut State, at: Timestamp) {
        queue.begins = false;
        let header = Message::Begin(self.header.clone());
        queue.piece = self.push(queue, at, Actor::Recorder, header.into());
        queue.shown.clear();
    }

    /// Says what is missing and begins a piece; when the writer lost its file, in a new one.
    fn declare(&self, queue: &mut State, at: Timestamp, missing: Missing) {
        if queue.begins {
            self.begin(queue, at);
        }
        let Missing { dropped, since } = missing;
        queue.piece = self.push(queue, at, Actor::Recorder, Message::Gap { dropped, since }.into());
        queue.shown.clear();
    }

    fn push(&self, queue: &mut State, at: Timestamp, actor: Actor, entry: Entry) -> u64 {
        let seq = queue.next;
        queue.next += 1;
        let record = entry.into_record(seq, at, actor);
        match &mut queue.direct {
            Some(take) => take(&record),
            None => queue.waiting.push(record),
        }
        if std::mem::take(&mut queue.writer_sleeps) {
            self.filled.notify_one();
        }
        seq
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whatever panicked while it was held, the queue is whole: every change is one statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorder({})", if self.is_on() { "on" } else { "off" })
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

#[cfg(test)]
pub(super) mod tests;
