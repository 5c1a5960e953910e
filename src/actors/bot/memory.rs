//! What a bot remembers of its chats: where the dialog stands, which updates it has handled, who the
//! person is. The durable form is in the store; this is the part that is warm.

use crate::domain::id::ChatId;
use crate::store::batch::{ChatState, DialogRecord, HANDLED_MAX, Profile};
use crate::telegram::dialog::State;
use std::collections::{BTreeMap, VecDeque};

/// Chats kept warm by one bot; the others are read from the store at their next update.
const WARM_MAX: usize = 2_000;

/// One chat.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// Where the dialog stands.
    pub(super) state: State,
    /// The last updates that were handled, newest last.
    pub(super) handled: VecDeque<u64>,
    /// The person, once he has spoken in private.
    pub(super) profile: Option<Profile>,
}

/// The warm chats of one bot, each with the moment it was put back, counted in such moments.
#[derive(Debug, Default)]
pub(super) struct Warm {
    chats: BTreeMap<ChatId, (u64, Memory)>,
    /// The same the other way round, the coldest first.
    by_age: BTreeMap<u64, ChatId>,
    moments: u64,
}

impl Warm {
    /// Takes a chat out; its worker puts it back.
    pub(super) fn take(&mut self, chat: ChatId) -> Option<Memory> {
        let (moment, memory) = self.chats.remove(&chat)?;
        self.by_age.remove(&moment);
        Some(memory)
    }

    /// Puts a chat back, at the expense of the coldest when there are too many.
    pub(super) fn put(&mut self, chat: ChatId, memory: Memory) {
        drop(self.take(chat));
        if self.chats.len() >= WARM_MAX
            && let Some((_, coldest)) = self.by_age.pop_first()
        {
            self.chats.remove(&coldest);
        }
        self.moments += 1;
        self.by_age.insert(self.moments, chat);
        self.chats.insert(chat, (self.moments, memory));
    }
}

impl Memory {
    /// Reads what the store has. A state of another version begins anew; the handled updates stay.
    pub(super) fn read(record: Option<DialogRecord>, profile: Option<Profile>) -> Self {
        let stored =
            record.and_then(|record| serde_json::from_str::<ChatState>(&record.state).ok());
        match stored {
            Some(ChatState { state, handled }) => {
                Self { state: State::from_json(&state), handled, profile }
            }
            None => Self { profile, ..Self::default() },
        }
    }

    /// Whether the update was handled before.
    pub(super) fn knows(&self, update: u64) -> bool {
        self.handled.contains(&update)
    }

    /// Notes an update and the state it led to.
    pub(super) fn note(&mut self, update: u64, state: State) {
        self.state = state;
        self.handled.push_back(update);
        while self.handled.len() > HANDLED_MAX {
            self.handled.pop_front();
        }
    }

    /// The text that is stored.
    ///
    /// # Panics
    /// Never: a state is plain data.
    pub(super) fn stored(&self) -> String {
        let stored = ChatState { state: self.state.to_json(), handled: self.handled.clone() };
        serde_json::to_string(&stored).expect("a text and numbers are plain data")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coldest_chat_makes_room() {
        let chat = |number: usize| ChatId::new(i64::try_from(number).expect("a small number"));
        let mut warm = Warm::default();
        for number in 0..WARM_MAX {
            warm.put(chat(number), Memory::default());
        }
        // The first is met again, so the second is the coldest.
        let first = warm.take(chat(0)).expect("it is warm");
        warm.put(chat(0), first);
        warm.put(chat(WARM_MAX), Memory::default());
        assert!(warm.take(chat(1)).is_none());
        for number in (0..=WARM_MAX).filter(|number| *number != 1) {
            assert!(warm.take(chat(number)).is_some(), "{number} is warm");
        }
        assert!(warm.by_age.is_empty());
    }
}
