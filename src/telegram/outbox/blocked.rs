//! Who takes nothing from this bot: a bounded memory, so that nobody is written to in vain.

use crate::domain::id::ChatId;
use std::collections::BTreeMap;

/// The chats that refused, the one met longest ago forgotten first.
#[derive(Clone, Debug)]
pub(super) struct Blocked {
    bound: usize,
    met: u64,
    by_chat: BTreeMap<ChatId, u64>,
    by_age: BTreeMap<u64, ChatId>,
}

impl Blocked {
    /// A memory of `bound` chats.
    pub(super) fn new(bound: usize) -> Self {
        Self { bound, met: 0, by_chat: BTreeMap::new(), by_age: BTreeMap::new() }
    }

    /// The chat refused.
    pub(super) fn remember(&mut self, chat: ChatId) {
        self.forget(chat);
        self.met += 1;
        self.by_chat.insert(chat, self.met);
        self.by_age.insert(self.met, chat);
        if self.by_chat.len() > self.bound
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.by_chat.remove(&oldest);
        }
    }

    /// The chat is there again.
    pub(super) fn forget(&mut self, chat: ChatId) {
        if let Some(age) = self.by_chat.remove(&chat) {
            self.by_age.remove(&age);
        }
    }

    /// Whether the chat refused and was not heard from since; asking renews the memory.
    pub(super) fn holds(&mut self, chat: ChatId) -> bool {
        let known = self.by_chat.contains_key(&chat);
        if known {
            self.remember(chat);
        }
        known
    }

    /// How many chats are remembered.
    pub(super) fn len(&self) -> usize {
        self.by_chat.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_met_longest_ago_is_forgotten_first() {
        let mut blocked = Blocked::new(2);
        let [a, b, c] = [1, 2, 3].map(ChatId::new);
        blocked.remember(a);
        blocked.remember(b);
        assert!(blocked.holds(a));
        blocked.remember(c);
        assert_eq!([a, b, c].map(|chat| blocked.holds(chat)), [true, false, true]);
        blocked.forget(a);
        assert!(!blocked.holds(a));
        assert_eq!(blocked.len(), 1);
    }
}
