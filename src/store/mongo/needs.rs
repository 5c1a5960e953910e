//! What has to be read before a batch can be written, found in one look at the batch.
//!
//! Most writes are conditional and need nothing. Shops and profit entries change by rules of the
//! domain, so they are read, changed and written back; what a fact refers to and the batch does not
//! bring along must exist. All of it is read in the batch's own transaction.

use super::decode;
use super::failure::Failure;
use super::reads::Reads;
use super::row::Row;
use crate::domain::event::Event;
use crate::domain::id::{CategoryId, EntryId, ItemId, OrderId, ProductId, TenantId};
use crate::domain::ledger::{Entry, LedgerEvent};
use crate::domain::sealed::Fingerprint;
use crate::domain::stock::StockEvent;
use crate::domain::tenant::Tenant;
use crate::store::batch::{Batch, Record};
use crate::store::mongo::encode::{binary, int};
use mongodb::bson::{Bson, Document, doc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Categories and products that were seen in the store: they never go away, so a batch of orders
/// need not ask for its products again.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<(BTreeSet<CategoryId>, BTreeSet<ProductId>)>);

/// What a batch must know.
#[derive(Debug, Default)]
struct Needs<'a> {
    shops: BTreeSet<&'a TenantId>,
    entries: BTreeSet<EntryId>,
    categories: BTreeSet<CategoryId>,
    products: BTreeSet<ProductId>,
    orders: BTreeSet<&'a OrderId>,
    contents: BTreeSet<Fingerprint>,
    /// New contents whose goods are not in the batch.
    bare: BTreeSet<Fingerprint>,
}

/// What the store says about it.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) shops: BTreeMap<TenantId, Tenant>,
    pub(super) entries: BTreeMap<EntryId, Entry>,
    pub(super) categories: BTreeSet<CategoryId>,
    pub(super) products: BTreeSet<ProductId>,
    pub(super) orders: BTreeSet<OrderId>,
    /// Items on a shelf by content.
    pub(super) shelf: BTreeMap<Fingerprint, ItemId>,
    /// Contents that are stored as files.
    pub(super) blobs: BTreeSet<Fingerprint>,
}

impl Known {
    /// Reads what the batch needs, in the transaction of `reads`.
    ///
    /// # Errors
    /// What the server says, and damage.
    pub(super) async fn read(
        batch: &Batch,
        reads: &mut Reads,
        seen: &Seen,
    ) -> Result<Self, Failure> {
        let mut needs = Needs::of(batch);
        let mut known = Self::default();
        seen.take_from(&mut needs, &mut known);
        known.read_catalog(&needs, reads).await?;
        seen.note(&known);
        known.read_ledger(&needs, reads).await?;
        known.read_stock(&needs, reads).await?;
        Ok(known)
    }

    async fn read_catalog(&mut self, needs: &Needs<'_>, reads: &mut Reads) -> Result<(), Failure> {
        let categories = numbers(needs.categories.iter().map(|id| id.number()))?;
        for id in ids(reads, "fenlei", categories).await? {
            self.categories.insert(CategoryId::new(id));
        }
        let products = numbers(needs.products.iter().map(|id| id.number()))?;
        for id in ids(reads, "ejfl", products).await? {
            self.products.insert(ProductId::new(id));
        }
        Ok(())
    }

    async fn read_ledger(&mut self, needs: &Needs<'_>, reads: &mut Reads) -> Result<(), Failure> {
        let shops = texts(needs.shops.iter());
        if !shops.is_empty() {
            let shops = reads.all("agents", among("_id", shops), decode::tenant).await?;
            self.shops = shops.into_iter().map(|shop| (shop.id.clone(), shop)).collect();
        }
        let entries = numbers(needs.entries.iter().map(|id| id.number()))?;
        if !entries.is_empty() {
            let entries = reads.all("agent_ledger", among("_id", entries), decode::entry).await?;
            self.entries = entries.into_iter().map(|entry| (entry.id, entry)).collect();
        }
        let orders = texts(needs.orders.iter());
        if !orders.is_empty() {
            let id = |row: &Row<'_>| row.parsed("_id");
            self.orders = reads.ids("gmjlu", among("_id", orders), id).await?.into_iter().collect();
        }
        Ok(())
    }

    async fn read_stock(&mut self, needs: &Needs<'_>, reads: &mut Reads) -> Result<(), Failure> {
        if !needs.contents.is_empty() {
            let mut wanted = among("content", binaries(&needs.contents));
            wanted.insert("state", 0_i32);
            let shelved = reads.all("hb", wanted, decode::shelved).await?;
            self.shelf = shelved.into_iter().map(|(item, _, content)| (content, item)).collect();
        }
        if !needs.bare.is_empty() {
            let mut wanted = among("content", binaries(&needs.bare));
            wanted.insert("part", 0_i32);
            let content = |row: &Row<'_>| row.content("content");
            self.blobs = reads.contents(wanted, content).await?.into_iter().collect();
        }
        Ok(())
    }
}

impl Seen {
    /// Moves what was seen before from the needs to the known.
    fn take_from(&self, needs: &mut Needs<'_>, known: &mut Known) {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.categories = needs.categories.intersection(&seen.0).copied().collect();
        known.products = needs.products.intersection(&seen.1).copied().collect();
        needs.categories.retain(|id| !seen.0.contains(id));
        needs.products.retain(|id| !seen.1.contains(id));
    }

    fn note(&self, known: &Known) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.0.extend(&known.categories);
        seen.1.extend(&known.products);
    }
}

impl<'a> Needs<'a> {
    fn of(batch: &'a Batch) -> Self {
        let mut needs = Self::default();
        let mut brought = Brought::default();
        for event in batch.entries.iter().flat_map(|entry| &entry.events) {
            match event {
                Event::Stock(fact) => needs.stock(fact, &mut brought),
                Event::Ledger(fact) => needs.ledger(fact, &mut brought),
            }
        }
        needs.bare.clone_from(&needs.contents);
        for record in &batch.records {
            if let Record::Goods { content, .. } = record {
                needs.bare.remove(content);
            }
        }
        needs.entries.retain(|id| !brought.entries.contains(id));
        needs.orders.retain(|id| !brought.orders.contains(id));
        needs.categories.retain(|id| !brought.categories.contains(id));
        needs.products.retain(|id| !brought.products.contains(id));
        needs
    }

    fn stock(&mut self, fact: &'a StockEvent, brought: &mut Brought<'a>) {
        match fact {
            StockEvent::CategoryCreated { category, .. } => {
                brought.categories.insert(*category);
            }
            StockEvent::ProductCreated(product) => {
                self.categories.insert(product.category);
                brought.products.insert(product.id);
            }
            StockEvent::ItemsAdded { product, items } => {
                self.products.insert(*product);
                self.contents.extend(items.iter().map(|(_, content)| *content));
            }
            StockEvent::Sold { order, .. } => {
                self.orders.insert(order);
            }
            StockEvent::CategoryRenamed { .. }
            | StockEvent::ProductRenamed { .. }
            | StockEvent::ProductDescribed { .. }
            | StockEvent::ProductPriced { .. }
            | StockEvent::ProductListed { .. }
            | StockEvent::Answered(_)
            | StockEvent::Asked(_)
            | StockEvent::Held(_)
            | StockEvent::Released { .. }
            | StockEvent::Settled { .. } => {}
        }
    }

    fn ledger(&mut self, fact: &'a LedgerEvent, brought: &mut Brought<'a>) {
        match fact {
            LedgerEvent::OrderPlaced(order) => {
                self.products.insert(order.product);
                brought.orders.insert(&order.id);
            }
            LedgerEvent::ProfitEarned(entry) => {
                self.orders.insert(&entry.order);
                brought.entries.insert(entry.id);
            }
            LedgerEvent::ProfitMatured { entries, .. } => self.entries.extend(entries),
            LedgerEvent::EntriesAllocated { allocations, .. } => {
                self.entries.extend(allocations.iter().map(|share| share.entry));
            }
            LedgerEvent::TenantOpened(tenant) => {
                self.shops.insert(&tenant.id);
            }
            LedgerEvent::StatusChanged { tenant, .. }
            | LedgerEvent::PricingChanged { tenant, .. }
            | LedgerEvent::OwnerLinkRenewed { tenant, .. }
            | LedgerEvent::OwnerClaimed { tenant, .. }
            | LedgerEvent::WalletChanged { tenant, .. } => {
                self.shops.insert(tenant);
            }
            LedgerEvent::DeliveryChanged { .. }
            | LedgerEvent::Moved { .. }
            | LedgerEvent::WithdrawalRequested(_)
            | LedgerEvent::WithdrawalMoved { .. }
            | LedgerEvent::Quarantined { .. }
            | LedgerEvent::Answered(_)
            | LedgerEvent::QuoteIssued(_)
            | LedgerEvent::QuoteVoided { .. } => {}
        }
    }
}

/// What the batch itself makes.
#[derive(Debug, Default)]
struct Brought<'a> {
    entries: BTreeSet<EntryId>,
    orders: BTreeSet<&'a OrderId>,
    categories: BTreeSet<CategoryId>,
    products: BTreeSet<ProductId>,
}

async fn ids(
    reads: &mut Reads,
    collection: &'static str,
    wanted: Vec<Bson>,
) -> Result<Vec<u64>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    reads.ids(collection, among("_id", wanted), |row| row.count("_id")).await
}

/// The filter for documents whose field is one of these.
pub(super) fn among(field: &str, values: Vec<Bson>) -> Document {
    doc! {field: {"$in": values}}
}

fn numbers(all: impl Iterator<Item = u64>) -> Result<Vec<Bson>, Failure> {
    all.map(|number| int(number).map(Bson::Int64)).collect()
}

fn texts(all: impl Iterator<Item = impl ToString>) -> Vec<Bson> {
    all.map(|id| Bson::String(id.to_string())).collect()
}

/// Contents as a filter takes them.
pub(super) fn binaries<'a>(all: impl IntoIterator<Item = &'a Fingerprint>) -> Vec<Bson> {
    all.into_iter().map(|content| Bson::Binary(binary(content.bytes()))).collect()
}
