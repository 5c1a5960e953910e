//! What is written at once: journalled commands with their facts, sealed values, and plain records.
//!
//! Every kind of record is declared once, here, as journalled or not. *Journalled*: everything that
//! an [`Event`] says (money, stock, orders, tenants, access, command ids). *Not journalled*: sealed
//! values (only their fingerprints are in events), dialogs, profiles, the inbox and dead letters.

use super::Head;
use super::entries::Entries;
use crate::domain::event::{CoreCommand, Event};
use crate::domain::id::{ChatId, TenantId, UserId};
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Updates that a chat remembers to have handled: as many as one poll may leave unconfirmed, and so
/// the most that can come again.
pub const HANDLED_MAX: usize = 100;

/// One atomic write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The head it follows. Its own number is one more; its epoch is the same.
    pub follows: Head,
    /// When it was closed.
    pub at: Timestamp,
    /// Commands and their facts, in the order they were decided.
    pub entries: Entries,
    /// Records that are not journalled.
    pub records: Vec<Record>,
}

/// One accepted command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchEntry {
    /// What was asked.
    pub command: CoreCommand,
    /// What then happened; durable facts only.
    pub events: Vec<Event>,
}

/// A write that the journal does not cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The sealed content of an item that an entry of the same batch adds, by its fingerprint.
    Goods {
        /// Which content.
        content: Fingerprint,
        /// The ciphertext.
        sealed: Sealed,
    },
    /// The sealed token of a shop's bot.
    Token {
        /// Which shop.
        tenant: TenantId,
        /// The ciphertext.
        sealed: Sealed,
    },
    /// Where a chat's dialog stands.
    Dialog(DialogRecord),
    /// What is known of a customer.
    Profile(Profile),
    /// An update that waits for its chat.
    InboxPut(InboxRecord),
    /// A spilled update is handled.
    InboxDone {
        /// Which bot.
        bot: UserId,
        /// Which update.
        update: u64,
    },
    /// An update that failed twice and was confirmed unhandled. The text of messages is left out.
    DeadLetter {
        /// Which bot.
        bot: UserId,
        /// Which update.
        update: u64,
        /// Why, without any secret.
        reason: String,
        /// When.
        at: Timestamp,
    },
}

/// A chat's dialog state and the last update that changed it: one write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialogRecord {
    /// The shop.
    pub tenant: TenantId,
    /// The chat.
    pub chat: ChatId,
    /// The last update handled in this chat.
    pub update: u64,
    /// A [`ChatState`], JSON.
    pub state: String,
}

/// What a chat's record holds: the dialog's state and the updates it has seen (decision 0005).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatState {
    /// The dialog's own versioned form of its state.
    pub state: String,
    /// The last updates that were handled, newest last; at most [`HANDLED_MAX`].
    pub handled: VecDeque<u64>,
}

/// What a shop knows of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The shop.
    pub tenant: TenantId,
    /// The customer.
    pub user: UserId,
    /// Display name as Telegram last told it.
    pub name: String,
    /// Public name without the `@`, if there is one.
    pub username: Option<String>,
    /// The language he chose, `en` or `zh`.
    pub language: String,
    /// First contact.
    pub since: Timestamp,
}

/// An update that waits because its chat fell behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxRecord {
    /// Which bot.
    pub bot: UserId,
    /// Which update.
    pub update: u64,
    /// When it came here first: older ones than ids of commands are remembered might act twice.
    pub at: Timestamp,
    /// The update as Telegram sent it, sealed by the vault: it may hold anything.
    pub sealed: Sealed,
}
