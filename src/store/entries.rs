//! The commands of a batch and their canonical bytes, which grow together.
//!
//! The bytes do not depend on the head that the batch will follow. So they are made entry by entry
//! while the batch before is still being written, and the thread of the store, which everybody waits
//! for, only puts a head before them (DESIGN.md, section 4).

use super::batch::BatchEntry;
use std::ops::Deref;

/// Entries in the order they were decided. There is no way to change one: the bytes would lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    list: Vec<BatchEntry>,
    /// The entries in JSON with commas between them.
    bytes: Vec<u8>,
}

impl Entries {
    /// Adds an entry.
    ///
    /// # Panics
    /// Never: entries are plain data that serialises.
    pub fn push(&mut self, entry: BatchEntry) {
        if !self.list.is_empty() {
            self.bytes.push(b',');
        }
        serde_json::to_writer(&mut self.bytes, &entry).expect("entries are plain data");
        self.list.push(entry);
    }

    /// What stands between the brackets of a journal record's entries.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Deref for Entries {
    type Target = [BatchEntry];

    fn deref(&self) -> &[BatchEntry] {
        &self.list
    }
}

impl From<Vec<BatchEntry>> for Entries {
    fn from(list: Vec<BatchEntry>) -> Self {
        let mut entries = Self::default();
        list.into_iter().for_each(|entry| entries.push(entry));
        entries
    }
}
