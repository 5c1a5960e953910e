//! Deliveries for which there is no room yet: goods are never refused, their senders wait.
//!
//! What is parked here is held by a sender that awaits it, so there is never more of it than there
//! are senders. One chat's deliveries keep their order.

use super::outgoing::{Outgoing, SendResult};
use crate::domain::id::ChatId;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use tokio::sync::oneshot;

/// A delivery and who waits for its result.
pub(super) struct Parked {
    pub(super) outgoing: Outgoing,
    pub(super) answer: oneshot::Sender<SendResult>,
}

/// The deliveries that wait for room.
#[derive(Default)]
pub(super) struct Parking {
    chats: BTreeMap<ChatId, VecDeque<Parked>>,
    length: usize,
    /// Whose turn was last; the others come first the next time.
    last: Option<ChatId>,
}

impl Parking {
    pub(super) fn park(&mut self, parked: Parked) {
        self.length += 1;
        self.chats.entry(parked.outgoing.chat).or_default().push_back(parked);
    }

    /// Whether a delivery to this chat has to queue up behind others.
    pub(super) fn holds(&self, chat: ChatId) -> bool {
        self.chats.contains_key(&chat)
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Takes out the next one that `has_room`.
    pub(super) fn admit(&mut self, has_room: impl Fn(&Outgoing) -> bool) -> Option<Parked> {
        let after = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        let until = self.last.map_or(Bound::Unbounded, Bound::Included);
        let later = self.chats.range((after, Bound::Unbounded));
        let (chat, _) = later
            .chain(self.chats.range((Bound::Unbounded, until)))
            .find(|(_, queue)| queue.front().is_some_and(|first| has_room(&first.outgoing)))?;
        let chat = *chat;
        let queue = self.chats.get_mut(&chat)?;
        let first = queue.pop_front()?;
        if queue.is_empty() {
            self.chats.remove(&chat);
        }
        self.last = Some(chat);
        self.length -= 1;
        Some(first)
    }
}
