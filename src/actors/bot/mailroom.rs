//! The mailroom: updates in order per chat, concurrently across chats, and the durable inbox.
//!
//! Telegram repeats an update until it is confirmed, and confirms by number: one slow chat among a
//! hundred updates would make the bot deaf. So a batch is confirmed when every update in it is handled
//! *or* written to the inbox, whichever comes first (DESIGN.md, section 6 and law 1).

use crate::domain::id::ChatId;
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
    /// Whether the inbox holds it.
    pub(super) spilled: Cell<bool>,
    done: Cell<bool>,
    batch: Option<Rc<BatchOfUpdates>>,
}

/// The updates of one poll.
#[derive(Default)]
pub(super) struct BatchOfUpdates {
    open: Cell<usize>,
    wake: Notify,
}

/// The queues of all chats of one bot.
#[derive(Default)]
pub(super) struct Mailroom {
    /// Chats that are being worked on, each with what waits for it.
    chats: RefCell<BTreeMap<ChatId, VecDeque<Rc<Job>>>>,
    spilled: Cell<usize>,
}

impl Mailroom {
    /// Queues an update; answers whether its chat needs a worker.
    pub(super) fn enter(
        &self,
        raw: RawUpdate,
        inbound: Inbound,
        spilled: bool,
        batch: Option<&Rc<BatchOfUpdates>>,
    ) -> (Rc<Job>, bool) {
        if let Some(batch) = batch {
            batch.open.set(batch.open.get() + 1);
        }
        if spilled {
            self.spilled.set(self.spilled.get() + 1);
        }
        let chat = inbound.incoming.chat;
        let job = Rc::new(Job {
            raw,
            inbound,
            spilled: Cell::new(spilled),
            done: Cell::new(false),
            batch: batch.cloned(),
        });
        let mut chats = self.chats.borrow_mut();
        let idle = !chats.contains_key(&chat);
        chats.entry(chat).or_default().push_back(job.clone());
        (job, idle)
    }

    /// The next update of a chat; nothing when the chat is idle from now on.
    pub(super) fn next(&self, chat: ChatId) -> Option<Rc<Job>> {
        let mut chats = self.chats.borrow_mut();
        let next = chats.get_mut(&chat)?.pop_front();
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
        }
        if let Some(batch) = &job.batch {
            batch.open.set(batch.open.get().saturating_sub(1));
            batch.wake.notify_waiters();
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
        }
        true
    }

    /// Updates in the inbox that are not handled.
    pub(super) fn spilled(&self) -> usize {
        self.spilled.get()
    }
}

impl Job {
    /// Whether it is handled.
    pub(super) fn is_done(&self) -> bool {
        self.done.get()
    }
}

impl BatchOfUpdates {
    /// Completes when every update of the batch is handled.
    pub(super) async fn handled(&self) {
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
