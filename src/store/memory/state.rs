//! What the memory store keeps, and how the core's state is read from it.

use crate::domain::chronicle::Chronicle;
use crate::domain::command::{Answered, CommandKey};
use crate::domain::id::{ChatId, EntryId, ItemId, OrderId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::{Entry, LoadedLedger};
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::stock::LoadedStock;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::{Txid, Withdrawal, WithdrawalStatus};
use crate::store::batch::{DialogRecord, InboxRecord, Profile};
use crate::store::journal::{GENESIS, StoredRecord};
use crate::store::query::{DeadLetter, Unjournalled};
use crate::store::{Head, Loaded};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that survives a crash.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) head: Head,
    pub(super) journal: Vec<StoredRecord>,
    /// The documents that facts make.
    pub(super) docs: Chronicle,
    /// Orders in the order they came: *newest first* means this, backwards.
    pub(super) arrivals: Vec<OrderId>,
    /// Which of the answered commands are StockActor's.
    pub(super) stock_answers: BTreeSet<CommandKey>,
    /// Contents of unsold items.
    pub(super) shelf: BTreeSet<Fingerprint>,
    /// Contents of all items ever.
    pub(super) seen: BTreeSet<Fingerprint>,
    pub(super) goods: BTreeMap<ItemId, Sealed>,
    pub(super) blobs: BTreeMap<Fingerprint, (Sealed, Timestamp)>,
    pub(super) tokens: BTreeMap<TenantId, Sealed>,
    pub(super) dialogs: BTreeMap<(TenantId, ChatId), DialogRecord>,
    pub(super) profiles: BTreeMap<(TenantId, UserId), Profile>,
    /// Oldest first.
    pub(super) inbox: Vec<InboxRecord>,
    pub(super) dead_letters: BTreeMap<(UserId, u64), (String, Timestamp)>,
    pub(super) meta: BTreeMap<String, String>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            head: GENESIS,
            journal: Vec::new(),
            docs: Chronicle::default(),
            arrivals: Vec::new(),
            stock_answers: BTreeSet::new(),
            shelf: BTreeSet::new(),
            seen: BTreeSet::new(),
            goods: BTreeMap::new(),
            blobs: BTreeMap::new(),
            tokens: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            profiles: BTreeMap::new(),
            inbox: Vec::new(),
            dead_letters: BTreeMap::new(),
            meta: BTreeMap::new(),
        }
    }
}

impl State {
    /// What both machines need to go on.
    pub(super) fn load(&self, ids_since: Timestamp) -> Loaded {
        let (stock_answers, ledger_answers) = self.answers(ids_since);
        let stock = LoadedStock {
            categories: self.docs.catalog.categories.values().cloned().collect(),
            products: self.docs.catalog.products.values().cloned().collect(),
            items: self
                .docs
                .items
                .iter()
                .filter(|(_, item)| item.order.is_none())
                .map(|(id, item)| (*id, item.product, item.content))
                .collect(),
            next_item: self
                .docs
                .items
                .last_key_value()
                .map_or_else(ItemId::default, |(id, _)| id.next()),
            answers: stock_answers,
        };
        Loaded { head: self.head.clone(), stock, ledger: self.load_ledger(ledger_answers) }
    }

    fn load_ledger(&self, answers: Vec<Answered>) -> LoadedLedger {
        let docs = &self.docs;
        let withdrawals: Vec<Withdrawal> =
            docs.withdrawals.values().filter(|w| w.status.state().is_open()).cloned().collect();
        LoadedLedger {
            balances: docs
                .balances
                .iter()
                .map(|(account, money)| (account.clone(), *money))
                .collect(),
            tenants: docs.tenants.values().cloned().collect(),
            entries: self.open_entries(&withdrawals),
            next_entry: docs.entries.last_key_value().map_or(EntryId::new(1), |(id, _)| id.next()),
            undelivered: docs
                .orders
                .values()
                .filter(|order| !order.delivery.is_done())
                .cloned()
                .collect(),
            withdrawals,
            next_withdrawal: docs
                .withdrawals
                .last_key_value()
                .map_or(WithdrawalId::new(1), |(id, _)| id.next()),
            txids: docs.withdrawals.values().filter_map(paid_by).cloned().collect(),
            answers,
            quarantined: docs.quarantined.keys().cloned().collect(),
        }
    }

    /// Entries that are pending or not used up, and used up ones that an open withdrawal may give
    /// back.
    fn open_entries(&self, withdrawals: &[Withdrawal]) -> Vec<Entry> {
        let held: BTreeSet<EntryId> =
            withdrawals.iter().flat_map(|w| &w.allocations).map(|share| share.entry).collect();
        let is_open = |entry: &&Entry| {
            entry.matured_at.is_none() || entry.remaining.is_positive() || held.contains(&entry.id)
        };
        self.docs.entries.values().filter(is_open).cloned().collect()
    }

    /// Answers of either machine, oldest first.
    fn answers(&self, since: Timestamp) -> (Vec<Answered>, Vec<Answered>) {
        let mut recent: Vec<Answered> =
            self.docs.answers.values().filter(|answered| answered.at >= since).cloned().collect();
        recent.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
        recent.into_iter().partition(|answered| self.stock_answers.contains(&answered.key))
    }

    /// What the journal does not explain. Nothing is kept twice here, so nothing can go astray.
    pub(super) fn unjournalled(&self) -> Unjournalled {
        let letter = |(&(bot, update), (reason, at)): (&(UserId, u64), &(String, Timestamp))| {
            DeadLetter { bot, update, reason: reason.clone(), at: *at }
        };
        Unjournalled {
            dialogs: self.dialogs.values().cloned().collect(),
            profiles: self.profiles.values().cloned().collect(),
            inbox: self.inbox.iter().map(|spilled| (spilled.bot, spilled.update)).collect(),
            dead_letters: self.dead_letters.iter().map(letter).collect(),
            empty_accounts: Vec::new(),
            astray: Vec::new(),
        }
    }

    /// Whether this transaction paid a withdrawal.
    pub(super) fn has_paid(&self, txid: &Txid) -> bool {
        self.docs.withdrawals.values().any(|withdrawal| paid_by(withdrawal) == Some(txid))
    }
}

/// The transaction that paid a withdrawal.
pub(super) const fn paid_by(withdrawal: &Withdrawal) -> Option<&Txid> {
    match &withdrawal.status {
        WithdrawalStatus::Paid { txid, .. } => Some(txid),
        WithdrawalStatus::Requested
        | WithdrawalStatus::Approved { .. }
        | WithdrawalStatus::Rejected { .. } => None,
    }
}
