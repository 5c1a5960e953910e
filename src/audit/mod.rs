//! The audit: every law that can be seen on a store, as of one head (DESIGN.md, section 9).
//!
//! Three questions. Is the journal whole: every hash, every link, canonical bytes, up to the head? Do
//! the documents say what the journal says, field by field, so that a foreign write is found by name?
//! Do the laws hold, on the documents and at every step of the way? An [`Auditor`] takes the journal
//! record by record and keeps none of it; [`audit`] feeds it from a store. It reads and never writes,
//! so it may run beside a working fleet.

pub mod again;
mod compare;
pub mod rebuild;
mod report;
mod text;

pub use report::{Checked, NOT_COVERED, Report};

use crate::domain::chronicle::Chronicle;
use crate::domain::id::{ItemId, TenantId};
use crate::domain::invariant::{self, Findings, Violation, history};
use crate::domain::order::Delivery;
use crate::domain::time::Timestamp;
use crate::store::journal::{ChainError, GENESIS, StoredRecord, hex, verify};
use crate::store::{Head, SharedStore, StoreError};

/// Journal records read at a time. A record is a batch: usually some KiB, under load a MiB or more.
const PAGE: u32 = 32;

/// Audits a store as of the head that its documents are read at.
///
/// # Errors
/// [`StoreError`] when the store cannot be read; what is wrong *in* it is in the report.
pub async fn audit(store: SharedStore) -> Result<Report, StoreError> {
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
    let mut missing = Missing { goods: store.missing_goods().await?, tokens: Vec::new() };
    for tenant in auditor.agents() {
        if store.token(tenant.clone()).await?.is_none() {
            missing.tokens.push(tenant);
        }
    }
    Ok(auditor.finish(&missing))
}

/// Sealed values that the documents refer to and the store does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Items without their content.
    pub goods: Vec<ItemId>,
    /// Agents' shops without their bot's token.
    pub tokens: Vec<TenantId>,
}

/// An audit under way.
#[derive(Clone, Debug)]
pub struct Auditor {
    head: Head,
    documents: Chronicle,
    folded: Chronicle,
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
        for entry in &record.entries {
            history::follow(&mut self.folded, &entry.command, &entry.events, &mut self.violations);
        }
        self.checked.journal_records += 1;
        self.checked.commands += count(record.entries.len());
        self.last_at = self.last_at.max(record.at);
        self.verified = head;
    }

    /// Ends the audit.
    pub fn finish(mut self, missing: &Missing) -> Report {
        self.compare_head();
        if self.head.seq == self.verified.seq {
            compare::compare(&self.documents, &self.folded, self.last_at, &mut self.violations);
        }
        self.violations.extend(invariant::check(&self.documents));
        self.missing(missing);
        self.checked.count_documents(&self.documents);
        self.violations.sort();
        Report {
            head: self.head,
            checked: self.checked,
            violations: self.violations,
            not_covered: NOT_COVERED.to_vec(),
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

    /// Goods of unsold items and of undelivered orders are owed to somebody; those of delivered ones
    /// are promised to whoever asks for his order again.
    fn missing(&mut self, missing: &Missing) {
        for item in &missing.goods {
            let order = self.documents.items.get(item).and_then(|item| item.order.as_ref());
            let order = order.and_then(|id| self.documents.orders.get(id));
            let whose = match order.map(|order| order.delivery) {
                None => "an unsold item",
                Some(Delivery::Delivered { .. }) => "a delivered order",
                Some(Delivery::Pending | Delivery::Awaiting { .. }) => "a paid order on its way",
            };
            Findings::new(4, "goods_are_there", &mut self.violations)
                .add(item, format!("the content of {whose} is missing"));
        }
        for tenant in &missing.tokens {
            Findings::new(8, "tokens_are_there", &mut self.violations)
                .add(tenant, "the token of the shop's bot is missing");
        }
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
