//! The store rebuilt from its journal: is what the tables hold what the journal made of them?
//!
//! Record by record the chain is verified, the commands are decided again ([`Again`]) and the facts
//! are applied; at the head the result is compared with every journalled table. It stops at the first
//! difference. It reads and never writes, so it may run beside a working fleet. The audit asks more
//! of the documents, and nothing of the machines.

use super::again::{Again, Counts, Differs};
use super::{PAGE, compare};
use crate::domain::chronicle::Chronicle;
use crate::domain::invariant::Violation;
use crate::domain::ledger::Rules;
use crate::domain::time::Timestamp;
use crate::store::journal::{ChainError, GENESIS, JournalRecord, StoredRecord, hex, verify};
use crate::store::{Head, SharedStore, StoreError};

/// A rebuild under way, or where it stopped.
#[derive(Clone, Debug)]
pub struct Rebuilt {
    /// The last record that was applied; [`GENESIS`] before the first.
    pub head: Head,
    /// The documents as the journal makes them.
    pub documents: Chronicle,
    /// The machines as the journal makes them.
    pub machines: Again,
    /// The first difference.
    pub difference: Option<Difference>,
    last_at: Timestamp,
}

/// Where the rebuilt store and the store differ first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The journal is broken.
    Chain(ChainError),
    /// A recorded command is decided otherwise by today's machines.
    Decision(Box<Differs>),
    /// The journal does not end at the head.
    End {
        /// What the store says.
        head: Head,
        /// Where the journal ends.
        journal: Head,
    },
    /// A table does not hold what the journal says; the first finding and how many there are.
    Tables {
        /// Which document, and which of its fields.
        first: Violation,
        /// Differing documents altogether.
        count: usize,
    },
}

/// Rebuilds a store as of one head, or up to the record `until`; then tables are not compared, for
/// they are newer. `progress` hears the number of each record that was applied and of the head.
///
/// # Errors
/// [`StoreError`] when the store cannot be read; what is wrong *in* it is the difference.
pub async fn rebuild(
    store: SharedStore,
    rules: Rules,
    until: Option<u64>,
    mut progress: impl FnMut(u64, u64),
) -> Result<Rebuilt, StoreError> {
    let (head, tables) = store.chronicle().await?;
    let last = until.map_or(head.seq, |until| until.min(head.seq));
    let mut rebuilt = Rebuilt::new(rules);
    while rebuilt.difference.is_none() && rebuilt.head.seq < last {
        let page = store.journal(rebuilt.head.seq, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for record in page.iter().take_while(|record| record.seq <= last) {
            if rebuilt.difference.is_none() {
                rebuilt.record(record);
                progress(rebuilt.head.seq, last);
            }
        }
        if page.first().is_some_and(|record| record.seq > last) {
            break;
        }
    }
    if until.is_none() {
        rebuilt.compare(&head, &tables);
    }
    Ok(rebuilt)
}

impl Rebuilt {
    /// Nothing yet. `rules` are the numbers of today's configuration.
    pub fn new(rules: Rules) -> Self {
        Self {
            head: GENESIS,
            documents: Chronicle::default(),
            machines: Again::new(rules),
            difference: None,
            last_at: Timestamp::EPOCH,
        }
    }

    /// How many commands were looked at.
    pub const fn counts(&self) -> Counts {
        self.machines.counts()
    }

    /// Takes the next journal record.
    pub fn record(&mut self, stored: &StoredRecord) {
        match verify(&self.head, stored) {
            Ok((record, head)) => self.apply(&record, head),
            Err(error) => self.difference = Some(Difference::Chain(error)),
        }
    }

    /// Compares with what the store's tables hold at its head.
    pub fn compare(&mut self, head: &Head, tables: &Chronicle) {
        if self.difference.is_some() {
            return;
        }
        // A new leader raises the epoch of the head before it writes its first record.
        let ends = head.seq == self.head.seq && head.hash == self.head.hash;
        if !ends || head.epoch < self.head.epoch {
            let (head, journal) = (head.clone(), self.head.clone());
            self.difference = Some(Difference::End { head, journal });
            return;
        }
        let mut found = Vec::new();
        compare::compare(tables, &self.documents, self.last_at, &mut found);
        let count = found.len();
        self.difference = found.into_iter().next().map(|first| Difference::Tables { first, count });
    }

    fn apply(&mut self, record: &JournalRecord, head: Head) {
        if let Err(differs) = self.machines.record(record) {
            self.difference = Some(Difference::Decision(differs));
            return;
        }
        for event in record.entries.iter().flat_map(|entry| &entry.events) {
            self.documents.apply(event);
        }
        self.last_at = self.last_at.max(record.at);
        self.head = head;
    }
}

impl std::fmt::Display for Difference {
    /// One sentence; the parts of a decision are shown by who asks for them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Chain(error) => error.fmt(f),
            Self::Decision(differs) => {
                write!(f, "journal record {}: a command is decided otherwise", differs.seq)
            }
            Self::End { head, journal } => write!(
                f,
                "the head is {}/{} {}, the journal ends at {}/{} {}",
                head.epoch,
                head.seq,
                hex(&head.hash),
                journal.epoch,
                journal.seq,
                hex(&journal.hash)
            ),
            Self::Tables { first, count: 1 } => {
                write!(f, "{}: {}", first.ids.join(", "), first.says)
            }
            Self::Tables { first, count } => {
                let rest = count - 1;
                write!(f, "{}: {} (and {rest} more)", first.ids.join(", "), first.says)
            }
        }
    }
}
