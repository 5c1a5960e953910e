//! What can go wrong with a MongoDB server, and what it means to a caller of the port.
//!
//! *Environment*: no primary, a lost connection, a conflict, a full disk, a server that says no to
//! this user; the same batch may succeed later. *Contradiction*: a unique index or a document's size
//! speaks against the batch; it never will. Codes that are not listed are the environment's: nobody's
//! command is refused because a server has a bad day.

use crate::store::StoreError;
use mongodb::bson::Document;
use mongodb::error::{Error, ErrorKind, TRANSIENT_TRANSACTION_ERROR, WriteFailure};

/// A failed read or write, before it is known who asked.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The server or the way to it; `again` when it asks for the whole transaction once more.
    Environment { why: String, again: bool },
    /// A conditional write did not find what it expects, or a value cannot be stored.
    Contradiction(String),
    /// A document cannot be read back.
    Damaged(String),
    /// The head or the lease is another's.
    Fenced,
    /// The server cannot hold a store.
    Unsuited(String),
}

/// Duplicate keys, values that a field or the server does not take, documents that are too large.
const CONTRADICTIONS: [i32; 12] = [2, 9, 14, 22, 54, 57, 121, 10334, 11000, 11001, 17280, 17419];
/// Transactions on a server that has none: no replica set, or an old or foreign implementation.
const NO_TRANSACTIONS: [i32; 2] = [20, 263];
/// The conflict of two transactions.
const WRITE_CONFLICT: i32 = 112;

impl Failure {
    /// An error that the server put into an answer.
    pub(super) fn of_code(code: i32, why: &str) -> Self {
        let why = format!("{why} (code {code})");
        if CONTRADICTIONS.contains(&code) {
            Self::Contradiction(why)
        } else if NO_TRANSACTIONS.contains(&code) {
            Self::Unsuited(why)
        } else {
            Self::Environment { why, again: code == WRITE_CONFLICT }
        }
    }

    /// The first error in the answer of a write, if there is one.
    pub(super) fn in_answer(answer: &Document) -> Option<Self> {
        let errors = answer.get_array("writeErrors").into_iter().flatten();
        let concern = answer.get_document("writeConcernError").ok();
        let first = errors.filter_map(|error| error.as_document()).chain(concern).next()?;
        let code = first.get_i32("code").unwrap_or_default();
        Some(Self::of_code(code, first.get_str("errmsg").unwrap_or("a write failed")))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let again = error.contains_label(TRANSIENT_TRANSACTION_ERROR);
        let command = match error.kind.as_ref() {
            ErrorKind::Command(command) => Some((command.code, command.message.as_str())),
            ErrorKind::Write(WriteFailure::WriteError(write)) => {
                Some((write.code, write.message.as_str()))
            }
            ErrorKind::Transaction { message, .. } if message.contains("not supported") => {
                return Self::Unsuited(message.clone());
            }
            _ => None,
        };
        match command {
            Some((code, why)) if !again => Self::of_code(code, why),
            // The driver's sentence names hosts and never credentials.
            Some(_) | None => Self::Environment { why: error.kind.to_string(), again },
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Environment { why, .. } => Self::Unavailable(why),
            Failure::Contradiction(why) | Failure::Damaged(why) => Self::Corrupt(why),
            Failure::Fenced => Self::Fenced,
            Failure::Unsuited(why) => Self::Unsuited(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::doc;

    fn check(code: i32, expected: &str) {
        let class = match Failure::of_code(code, "why") {
            Failure::Environment { again: true, .. } => "again",
            Failure::Environment { .. } => "environment",
            Failure::Contradiction(_) => "contradiction",
            Failure::Unsuited(_) => "unsuited",
            other => panic!("a code is no {other:?}"),
        };
        assert_eq!(class, expected, "{code}");
    }

    #[test]
    fn codes_are_classed_by_what_a_second_try_would_meet() {
        check(112, "again");
        for code in [6, 7, 13, 18, 50, 89, 91, 189, 251, 10107, 11600, 11602, 13435, 14031, 12_345]
        {
            check(code, "environment");
        }
        for code in [2, 121, 11000, 10334] {
            check(code, "contradiction");
        }
        check(20, "unsuited");
    }

    #[test]
    fn an_answer_with_errors_is_a_failure() {
        assert!(Failure::in_answer(&doc! {"ok": 1, "n": 1}).is_none());
        let twin =
            doc! {"ok": 1, "n": 0, "writeErrors": [{"index": 0, "code": 11000, "errmsg": "E"}]};
        assert!(matches!(Failure::in_answer(&twin), Some(Failure::Contradiction(_))));
        let slow = doc! {"ok": 1, "n": 1, "writeConcernError": {"code": 64, "errmsg": "slow"}};
        assert!(matches!(Failure::in_answer(&slow), Some(Failure::Environment { .. })));
    }
}
