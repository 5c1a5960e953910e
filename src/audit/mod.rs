//! The audit: every law that can be seen on a store, as of one head (DESIGN.md, section 9).
//!
//! Three questions. Is the journal whole: every hash, every link, canonical bytes, up to the head? Do
//! the documents say what the journal says, field by field, so that a foreign write is found by name?
//! Do the laws hold, on the documents and at every step of the way? An [`Auditor`] takes the journal
//! record by record and keeps none of it; [`audit`] feeds it from a store. It reads and never writes,
//! so it may run beside a working fleet.

pub mod again;
mod beside;
mod compare;
pub mod rebuild;
mod report;
mod text;

pub use beside::Beside;
pub use report::{Checked, NOT_COVERED, Report};

use crate::domain::chronicle::Chronicle;
use crate::domain::event::Event;
use crate::domain::id::TenantId;
use crate::domain::invariant::{self, Check, Findings, Violation, history};
use crate::domain::ledger::{Account, LedgerEvent};
use crate::domain::time::Timestamp;
use crate::store::journal::{ChainError, GENESIS, StoredRecord, hex, verify};
use crate::store::{Head, SharedStore, StoreError};
use std::collections::BTreeSet;

/// Journal records read at a time. A record is a batch: usually some KiB, under load a MiB or more.
const PAGE: u32 = 32;

/// Checks of the journal, of documents against it, and of what is not journalled.
const CHECKS: &[Check] = &[
    Check::new(1, "answers_are_journalled"),
    Check::new(1, "deliveries_are_journalled"),
    Check::new(1, "chats_know_their_last_update"),
    Check::new(4, "goods_are_there"),
    Check::new(8, "tokens_are_there"),
    Check::new(8, "chats_are_of_a_shop"),
    Check::new(8, "waiting_updates_are_of_a_bot"),
    Check::new(8, "dead_letters_are_confirmed"),
    Check::new(10, "no_token_is_journalled"),
    Check::new(10, "no_token_is_stored"),
    Check::new(11, "journal_bytes_are_canonical"),
    Check::new(12, "commands_are_of_a_size"),
    Check::new(12, "chats_remember_so_much"),
    Check::new(12, "inboxes_hold_so_much"),
    Check::new(13, "journal_is_one_chain"),
    Check::new(13, "head_is_the_last_record"),
    Check::new(13, "documents_are_as_journalled"),
    Check::new(13, "search_fields_are_their_documents"),
];

/// Every check that an audit makes, law by law.
pub fn checks() -> Vec<Check> {
    let documents = invariant::INVARIANTS.iter().map(|rule| Check::new(rule.law, rule.name));
    let mut checks: Vec<Check> =
        documents.chain(history::CHECKS.iter().copied()).chain(CHECKS.iter().copied()).collect();
    checks.sort_by_key(|check| check.law);
    checks
}

/// Audits a store as of the head that its documents are read at. `inbox_max` is the bound of one
/// bot's inbox.
///
/// # Errors
/// [`StoreError`] when the store cannot be read; what is wrong *in* it is in the report.
pub async fn audit(store: SharedStore, inbox_max: usize) -> Result<Report, StoreError> {
    // Before the documents: beside a working fleet, whatever it refers to is in them.
    let records = store.unjournalled().await?;
    let (head, documents) = store.chronicle().await?;
    let mut auditor = Auditor::new(head, documents);
    while let Some(after) = auditor.wants_after() {
        let page = store.journal(after, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for record in &page {
            auditor.record(record);
        }
    }
    let missing_goods = store.missing_goods().await?;
    let mut missing_tokens = Vec::new();
    for tenant in auditor.agents() {
        if store.token(tenant.clone()).await?.is_none() {
            missing_tokens.push(tenant);
        }
    }
    Ok(auditor.finish(&Beside { missing_goods, missing_tokens, records, inbox_max }))
}

/// An audit under way.
#[derive(Clone, Debug)]
pub struct Auditor {
    head: Head,
    documents: Chronicle,
    folded: Chronicle,
    /// Accounts that money ever went through.
    used: BTreeSet<Account>,
    /// Where the verified part of the journal ends.
    verified: Head,
    /// The journal is broken here; what follows cannot be trusted and is not read.
    broken: bool,
    last_at: Timestamp,
    checked: Checked,
    violations: Vec<Violation>,
}

impl Auditor {
    /// Begins an audit of these documents, which the store read at `head`.
    pub fn new(head: Head, documents: Chronicle) -> Self {
        Self {
            head,
            documents,
            folded: Chronicle::default(),
            used: BTreeSet::new(),
            verified: GENESIS,
            broken: false,
            last_at: Timestamp::EPOCH,
            checked: Checked::default(),
            violations: Vec::new(),
        }
    }

    /// The number after which journal records are wanted; none when the head is reached or the
    /// journal is broken.
    pub const fn wants_after(&self) -> Option<u64> {
        if self.broken || self.verified.seq >= self.head.seq {
            None
        } else {
            Some(self.verified.seq)
        }
    }

    /// The agents' shops, whose tokens must be there.
    pub fn agents(&self) -> Vec<TenantId> {
        self.documents.tenants.keys().filter(|id| id.agent().is_some()).cloned().collect()
    }

    /// Takes the next journal record. Records beyond the head were written since and are passed over.
    pub fn record(&mut self, stored: &StoredRecord) {
        if self.wants_after().is_none() {
            return;
        }
        let (record, head) = match verify(&self.verified, stored) {
            Ok(verified) => verified,
            Err(error) => return self.break_off(&error),
        };
        let seq = record.seq;
        text::canonical(&record, &stored.bytes, &mut self.violations);
        text::tokens(seq, &stored.bytes, &mut self.violations);
        text::sizes(&record, stored.bytes.len(), &mut self.violations);
        for entry in &record.entries {
            self.note_accounts(&entry.events);
            history::follow(&mut self.folded, &entry.command, &entry.events, &mut self.violations);
        }
        self.checked.journal_records += 1;
        self.checked.commands += count(record.entries.len());
        self.last_at = self.last_at.max(record.at);
        self.verified = head;
    }

    /// Ends the audit.
    pub fn finish(mut self, beside: &Beside) -> Report {
        self.compare_head();
        if self.head.seq == self.verified.seq {
            let found = &mut self.violations;
            compare::compare(&self.documents, &self.folded, self.last_at, found);
            compare::empty_accounts(&beside.records.empty_accounts, &self.used, found);
        }
        self.violations.extend(invariant::check(&self.documents));
        beside::check(beside, &self.documents, &mut self.violations);
        self.checked.count_documents(&self.documents);
        self.violations.sort();
        Report {
            head: self.head,
            checked: self.checked,
            violations: self.violations,
            checks: checks(),
            not_covered: NOT_COVERED.to_vec(),
        }
    }

    fn note_accounts(&mut self, events: &[Event]) {
        for event in events {
            if let Event::Ledger(LedgerEvent::Moved { transfer, .. }) = event {
                for account in [&transfer.from, &transfer.to] {
                    if !self.used.contains(account) {
                        self.used.insert(account.clone());
                    }
                }
            }
        }
    }

    fn break_off(&mut self, error: &ChainError) {
        let (ChainError::Unreadable { seq, .. }
        | ChainError::Hash { seq }
        | ChainError::Link { seq }) = error;
        self.broken = true;
        let says = format!("{error}; the rest of the journal was not read");
        Findings::new(13, "journal_is_one_chain", &mut self.violations)
            .add(format!("journal/{seq}"), says);
    }

    /// A new leader raises the epoch of the head before it writes its first record; otherwise the
    /// head is the last record.
    fn compare_head(&mut self) {
        let (head, last) = (&self.head, &self.verified);
        if self.broken
            || (head.seq == last.seq && head.hash == last.hash && head.epoch >= last.epoch)
        {
            return;
        }
        let says = format!(
            "what only one of them knows was not compared: the head is {}/{} {}, the journal ends at {}/{} {}",
            head.epoch,
            head.seq,
            hex(&head.hash),
            last.epoch,
            last.seq,
            hex(&last.hash)
        );
        Findings::new(13, "head_is_the_last_record", &mut self.violations)
            .add(format!("journal/{}", head.seq.max(last.seq)), says);
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
