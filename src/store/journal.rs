//! The journal: one record a batch, canonical bytes, a hash chain (DESIGN.md, section 4).
//!
//! The bytes that are hashed are the bytes that are stored. They hold the previous hash, so nothing
//! can be changed, left out or reordered without breaking every later link.

use super::Head;
use super::batch::{Batch, BatchEntry};
use crate::domain::event::RULES_VERSION;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The content of one journal record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalRecord {
    /// Its number; the first batch is 1.
    pub seq: u64,
    /// The leader that wrote it.
    pub epoch: u64,
    /// Hash of the record before it, hex; 64 zeros before the first.
    pub prev: String,
    /// When the batch was closed.
    pub at: Timestamp,
    /// The rules under which it was decided.
    pub rules: u32,
    /// What was decided.
    pub entries: Vec<BatchEntry>,
}

/// A journal record as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its number.
    pub seq: u64,
    /// SHA-256 of `bytes`.
    pub hash: [u8; 32],
    /// The canonical bytes: JSON of a [`JournalRecord`].
    pub bytes: Vec<u8>,
}

/// What a store appends for a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The head after the batch.
    pub head: Head,
    /// The canonical bytes.
    pub bytes: Vec<u8>,
}

/// Why a record does not follow the head before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The bytes are not a record.
    #[error("journal record {seq} is unreadable: {reason}")]
    Unreadable {
        /// Which record.
        seq: u64,
        /// Why.
        reason: String,
    },
    /// The hash is not that of the bytes.
    #[error("journal record {seq} does not have the hash that is stored with it")]
    Hash {
        /// Which record.
        seq: u64,
    },
    /// The record names another predecessor.
    #[error("journal record {seq} does not follow the record before it")]
    Link {
        /// Which record.
        seq: u64,
    },
}

/// Encodes a batch that follows `batch.follows`.
///
/// # Panics
/// Never: entries are plain data that serialises.
pub fn encode(batch: &Batch) -> Encoded {
    let (epoch, seq) = (batch.follows.epoch, batch.follows.seq + 1);
    let opening = Opening {
        seq,
        epoch,
        prev: hex(&batch.follows.hash),
        at: batch.at,
        rules: RULES_VERSION,
        entries: [],
    };
    let mut bytes = serde_json::to_vec(&opening).expect("numbers and a text");
    bytes.truncate(bytes.len() - CLOSING.len());
    bytes.reserve_exact(batch.entries.bytes().len() + CLOSING.len());
    bytes.extend_from_slice(batch.entries.bytes());
    bytes.extend_from_slice(CLOSING);
    let head = Head { epoch, seq, hash: Sha256::digest(&bytes).into() };
    Encoded { head, bytes }
}

/// Checks that a record follows `before` and returns its content and the head after it.
///
/// # Errors
/// [`ChainError`] names the record.
pub fn verify(before: &Head, stored: &StoredRecord) -> Result<(JournalRecord, Head), ChainError> {
    let seq = stored.seq;
    let hash: [u8; 32] = Sha256::digest(&stored.bytes).into();
    if hash != stored.hash {
        return Err(ChainError::Hash { seq });
    }
    let record: JournalRecord = serde_json::from_slice(&stored.bytes)
        .map_err(|error| ChainError::Unreadable { seq, reason: error.to_string() })?;
    let follows = record.seq == before.seq + 1
        && stored.seq == record.seq
        && record.epoch >= before.epoch
        && record.prev == hex(&before.hash);
    if !follows {
        return Err(ChainError::Link { seq });
    }
    let head = Head { epoch: record.epoch, seq, hash };
    Ok((record, head))
}

/// The head before the first record.
pub const GENESIS: Head = Head { epoch: 0, seq: 0, hash: [0; 32] };

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A [`JournalRecord`] without entries: those are encoded already and come before its last bytes.
#[derive(Serialize)]
struct Opening {
    seq: u64,
    epoch: u64,
    prev: String,
    at: Timestamp,
    rules: u32,
    entries: [BatchEntry; 0],
}

/// How a record ends, after its entries.
const CLOSING: &[u8] = b"]}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::{Caller, Command};
    use crate::domain::event::CoreCommand;
    use crate::domain::id::{CategoryId, TenantId, UserId};
    use crate::domain::stock::StockCommand;

    fn batch(follows: Head) -> Batch {
        filled(follows, 0)
    }

    fn filled(follows: Head, count: i64) -> Batch {
        let entry = |number| {
            let body = StockCommand::RenameCategory {
                category: CategoryId::new(1),
                name: format!("{number}"),
            };
            let command = Command {
                id: "u:1".parse().expect("valid"),
                tenant: TenantId::Master,
                caller: Caller::User(UserId::new(number)),
                body,
            };
            BatchEntry { command: CoreCommand::Stock(command), events: Vec::new() }
        };
        let entries = (1..=count).map(entry).collect::<Vec<_>>().into();
        Batch { follows, at: Timestamp::from_ms(7), entries, records: Vec::new() }
    }

    fn stored(encoded: &Encoded) -> StoredRecord {
        StoredRecord {
            seq: encoded.head.seq,
            hash: encoded.head.hash,
            bytes: encoded.bytes.clone(),
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_record_as_a_whole() {
        for count in [0, 1, 2, 5] {
            let batch = filled(GENESIS, count);
            let stored = stored(&encode(&batch));
            let (record, _) = verify(&GENESIS, &stored).expect("follows genesis");
            assert_eq!(record.entries, *batch.entries);
            assert_eq!(serde_json::to_vec(&record).expect("plain"), stored.bytes, "{count}");
        }
    }

    #[test]
    fn a_chain_verifies_and_every_tampering_is_found() {
        let first = encode(&batch(GENESIS));
        let second = encode(&batch(first.head.clone()));
        let (record, head) = verify(&GENESIS, &stored(&first)).expect("the first follows genesis");
        assert_eq!((record.seq, &head), (1, &first.head));
        assert!(verify(&head, &stored(&second)).is_ok());

        let mut changed = stored(&second);
        changed.bytes[8] ^= 1;
        assert_eq!(verify(&head, &changed), Err(ChainError::Hash { seq: 2 }));
        assert_eq!(verify(&GENESIS, &stored(&second)), Err(ChainError::Link { seq: 2 }));
        changed.bytes = b"{}".to_vec();
        changed.hash = Sha256::digest(b"{}").into();
        assert!(matches!(verify(&head, &changed), Err(ChainError::Unreadable { seq: 2, .. })));
    }
}
