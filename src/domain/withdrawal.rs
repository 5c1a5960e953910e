//! Withdrawals: an agent's request to be paid, its terms and its life (DESIGN.md, section 3).
//!
//! Requested → approved → paid, or rejected from either. The amount is gross and is held from the
//! request on; fee, net and address are fixed in it.

use super::id::{AgentId, UserId, WithdrawalId};
use super::money::Money;
use super::outcome::Allocation;
use super::tenant::WalletAddress;
use super::time::Timestamp;
use super::words::TXID;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// Its id.
    pub id: WithdrawalId,
    /// Whose profit it is.
    pub agent: AgentId,
    /// The owner who asked.
    pub requested_by: UserId,
    /// What leaves the available profit.
    pub amount: Money,
    /// What the platform keeps of it.
    pub fee: Money,
    /// What is paid out.
    pub net: Money,
    /// Where to.
    pub address: WalletAddress,
    /// The profit entries it consumes, oldest first.
    pub allocations: Vec<Allocation>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Where it stands.
    pub status: WithdrawalStatus,
}

/// Where a request stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum WithdrawalStatus {
    /// It waits for an admin.
    Requested,
    /// An admin agreed; it waits for payment.
    Approved {
        /// Who.
        by: UserId,
        /// When.
        at: Timestamp,
    },
    /// It is paid.
    Paid {
        /// Who recorded it.
        by: UserId,
        /// When.
        at: Timestamp,
        /// The transaction that paid it.
        txid: Txid,
    },
    /// It was refused; the amount is available again.
    Rejected {
        /// Who.
        by: UserId,
        /// When.
        at: Timestamp,
        /// Why, in the admin's words.
        #[serde(serialize_with = "crate::domain::words::serialize")]
        reason: String,
    },
}

/// The four states without their details, for lists and queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalState {
    /// Waits for an admin.
    Requested,
    /// Waits for payment.
    Approved,
    /// Paid.
    Paid,
    /// Refused.
    Rejected,
}

impl WithdrawalStatus {
    /// The state without its details.
    pub const fn state(&self) -> WithdrawalState {
        match self {
            Self::Requested => WithdrawalState::Requested,
            Self::Approved { .. } => WithdrawalState::Approved,
            Self::Paid { .. } => WithdrawalState::Paid,
            Self::Rejected { .. } => WithdrawalState::Rejected,
        }
    }
}

impl WithdrawalState {
    /// All states in the order of a request's life.
    pub const ALL: [Self; 4] = [Self::Requested, Self::Approved, Self::Paid, Self::Rejected];

    /// The word of commands and documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Paid => "paid",
            Self::Rejected => "rejected",
        }
    }

    /// Whether the amount is still held.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::Approved)
    }
}

impl FromStr for WithdrawalState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.word() == text).ok_or(())
    }
}

/// The id of the transaction that paid a withdrawal: 8–100 letters and digits, kept in lower case.
///
/// TRON's are 64 hex digits, but a payment between accounts of one exchange has an id of its own
/// form; uniqueness is what protects, not the form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Txid(String);

/// A text that is no transaction id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a transaction id")]
pub struct InvalidTxid;

impl FromStr for Txid {
    type Err = InvalidTxid;

    fn from_str(text: &str) -> Result<Self, InvalidTxid> {
        let fits = (8..=100).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits { Ok(Self(text.to_ascii_lowercase())) } else { Err(InvalidTxid) }
    }
}

impl Serialize for Txid {
    /// Under its own name, so that a trace can put another id in its place.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(TXID, &self.0)
    }
}

impl fmt::Display for Txid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a command about a withdrawal is refused. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalRejection {
    /// No open request of this id.
    #[error("no such open withdrawal")]
    Unknown,
    /// It stands elsewhere in its life.
    #[error("the withdrawal is {}", .0.word())]
    State(WithdrawalState),
    /// Less than the smallest withdrawal.
    #[error("the smallest withdrawal is {min}")]
    BelowMinimum {
        /// The smallest amount.
        min: Money,
    },
    /// The fee leaves nothing to pay out.
    #[error("the fee of {fee} leaves nothing to pay")]
    NothingLeft {
        /// The fee.
        fee: Money,
    },
    /// More than is available.
    #[error("only {available} is available")]
    Funds {
        /// What is available.
        available: Money,
    },
    /// No address to pay to.
    #[error("there is no wallet address")]
    NoWallet,
    /// Another withdrawal was paid by this transaction.
    #[error("this transaction paid another withdrawal")]
    TxidUsed,
    /// The agent owes the platform; an admin must confirm.
    #[error("the agent's balance is {available}")]
    AgentNegative {
        /// What is available, below zero.
        available: Money,
    },
    /// The reason is empty, too long or holds control characters.
    #[error("the reason is not usable: {0}")]
    Reason(super::catalog::TextRefusal),
    /// Too many entries would have to be split; ask for less.
    #[error("the amount spans too many entries; ask for less")]
    TooManyEntries,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_ids_ignore_case_and_refuse_rubbish() {
        let id: Txid = "ABCDEF12".parse().expect("valid");
        assert_eq!(id.to_string(), "abcdef12");
        for bad in ["", "short", "has blank", "semi;colon", "ünïcödé8", &"a".repeat(101)] {
            assert!(bad.parse::<Txid>().is_err(), "{bad}");
        }
    }
}
