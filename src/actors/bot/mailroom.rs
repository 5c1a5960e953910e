//! The mailroom: updates in order per chat, concurrently across chats.
//!
//! Telegram repeats an update until it is confirmed, and confirms by number: one slow chat among a
//! hundred updates would make the bot deaf. So a batch is confirmed when every update in it is handled
//! *or* written to the inbox, whichever comes first (DESIGN.md, section 6 and law 1).

use crate::domain::id::ChatId;
use crate::domain::time::Timestamp;
use crate::telegram::inbound::Inbound;
use crate::telegram::update::RawUpdate;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use tokio::sync::Notify;

/// One update on its way through a chat.
pub(super) struct Job {
    /// As it came, for the inbox.
    pub(super) raw: RawUpdate,
    /// As it is read.
    pub(super) inbound: Inbound,
    /// When it came, to this run or to the inbox of an earlier one.
    pub(super) at: Timestamp,
    /// Whether an earlier run left it in the inbox, so that it may have been acted on long ago.
    pub(super) late: bool,
    /// Whether the inbox holds it.
    pub(super) spilled: Cell<bool>,
    /// Whether it was taken out of the inbox again.
    pub(super) cleared: Cell<bool>,
    done: Cell<bool>,
    batch: Option<Rc<BatchOfUpdates>>,
}

/// The updates of one poll that are neither handled nor in the inbox.
#[derive(Default)]
pub(super) struct BatchOfUpdates {
    open: Cell<usize>,
    wake: Notify,
}

/// An update as it comes in.
pub(super) struct Arrival {
    pub(super) raw: RawUpdate,
    pub(super) inbound: Inbound,
    pub(super) at: Timestamp,
}

/// The queues of all chats of one bot.
#[derive(Default)]
pub(super) struct Mailroom {
    chats: RefCell<BTreeMap<ChatId, Queue>>,
    spilled: Cell<usize>,
}

/// What waits for one chat that is being worked on.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Rc<Job>>,
    /// Updates that found no room since the chat was last idle.
    passed_over: u64,
}

impl Mailroom {
    /// Queues an update; answers whether its chat needs a worker. Without a batch it is one that an
    /// earlier run left in the inbox.
    pub(super) fn enter(
        &self,
        arrival: Arrival,
        batch: Option<&Rc<BatchOfUpdates>>,
    ) -> (Rc<Job>, bool) {
        let late = batch.is_none();
        if let Some(batch) = batch {
            batch.open.set(batch.open.get() + 1);
        }
        if late {
            self.spilled.set(self.spilled.get() + 1);
        }
        let Arrival { raw, inbound, at } = arrival;
        let chat = inbound.incoming.chat;
        let job = Rc::new(Job {
            raw,
            inbound,
            at,
            late,
            spilled: Cell::new(late),
            cleared: Cell::new(false),
            done: Cell::new(false),
            batch: batch.cloned(),
        });
        let mut chats = self.chats.borrow_mut();
        let idle = !chats.contains_key(&chat);
        chats.entry(chat).or_default().waiting.push_back(job.clone());
        (job, idle)
    }

    /// Whether a chat may have one more update waiting. When not, answers how many found no room
    /// since the chat was last idle.
    pub(super) fn room(&self, chat: ChatId, max: usize) -> Result<(), u64> {
        let mut chats = self.chats.borrow_mut();
        let Some(queue) = chats.get_mut(&chat).filter(|queue| queue.waiting.len() >= max) else {
            return Ok(());
        };
        queue.passed_over += 1;
        Err(queue.passed_over)
    }

    /// The next update of a chat; nothing when the chat is idle from now on.
    pub(super) fn next(&self, chat: ChatId) -> Option<Rc<Job>> {
        let mut chats = self.chats.borrow_mut();
        let next = chats.get_mut(&chat)?.waiting.pop_front();
        if next.is_none() {
            chats.remove(&chat);
        }
        next
    }

    /// The update is handled.
    pub(super) fn finish(&self, job: &Job) {
        if job.done.replace(true) {
            return;
        }
        if job.spilled.get() {
            self.spilled.set(self.spilled.get().saturating_sub(1));
        } else {
            job.leave_batch();
        }
    }

    /// The inbox holds the update from now on; answers whether it has to, because the update may have
    /// been handled while it was written there.
    pub(super) fn note_spilled(&self, job: &Job) -> bool {
        if job.done.get() {
            return false;
        }
        if !job.spilled.replace(true) {
            self.spilled.set(self.spilled.get() + 1);
            job.leave_batch();
        }
        true
    }

    /// Updates in the inbox that are not handled.
    pub(super) fn spilled(&self) -> usize {
        self.spilled.get()
    }
}

impl Job {
    /// Whether it is neither handled nor in the inbox.
    pub(super) fn is_open(&self) -> bool {
        !self.done.get() && !self.spilled.get()
    }

    fn leave_batch(&self) {
        if let Some(batch) = &self.batch {
            batch.open.set(batch.open.get().saturating_sub(1));
            batch.wake.notify_waiters();
        }
    }
}

impl BatchOfUpdates {
    /// Completes when every update of the batch is handled or in the inbox.
    pub(super) async fn safe(&self) {
        loop {
            let mut woken = std::pin::pin!(self.wake.notified());
            woken.as_mut().enable();
            if self.open.get() == 0 {
                return;
            }
            woken.await;
        }
    }
}
