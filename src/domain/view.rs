//! What bots read for a page: catalogue, stock counts, shops. Built from durable facts only.

use super::catalog::Catalog;
use super::event::Event;
use super::id::{ProductId, TenantId};
use super::ledger::LedgerEvent;
use super::stock::{StockEvent, StockMachine};
use super::tenant::Tenant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A picture of the core as of one durable batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The batch it shows.
    pub version: u64,
    /// Categories and products.
    pub catalog: Catalog,
    /// Unsold items by product, held ones included.
    pub counts: BTreeMap<ProductId, u32>,
    /// All shops.
    pub tenants: BTreeMap<TenantId, Tenant>,
    /// Changes whenever shops do, so that the Supervisor need not compare them.
    pub tenants_version: u64,
}

impl View {
    /// A picture of loaded state.
    pub fn new(version: u64, stock: &StockMachine, tenants: BTreeMap<TenantId, Tenant>) -> Self {
        let counts = stock
            .shelves()
            .iter()
            .map(|(product, shelf)| (*product, u32::try_from(shelf.len()).unwrap_or(u32::MAX)))
            .collect();
        Self {
            version,
            catalog: stock.catalog().clone(),
            counts,
            tenants,
            tenants_version: version,
        }
    }

    /// Makes the durable facts of batch `version` visible, once: a batch that was loaded with the
    /// state may still be announced by the core that wrote it.
    pub fn apply<'a>(&mut self, version: u64, events: impl Iterator<Item = &'a Event>) {
        if version <= self.version {
            return;
        }
        self.version = version;
        for event in events {
            match event {
                Event::Stock(event) => self.apply_stock(event),
                Event::Ledger(event) => self.apply_ledger(event, version),
            }
        }
    }

    fn apply_stock(&mut self, event: &StockEvent) {
        match event {
            StockEvent::ItemsAdded { product, items } => {
                let added = u32::try_from(items.len()).unwrap_or(u32::MAX);
                let count = self.counts.entry(*product).or_default();
                *count = count.saturating_add(added);
            }
            StockEvent::Sold { product, items, .. } => {
                let sold = u32::try_from(items.len()).unwrap_or(u32::MAX);
                if let Some(count) = self.counts.get_mut(product) {
                    *count = count.saturating_sub(sold);
                }
            }
            StockEvent::CategoryCreated { .. }
            | StockEvent::CategoryRenamed { .. }
            | StockEvent::ProductCreated(_)
            | StockEvent::ProductRenamed { .. }
            | StockEvent::ProductDescribed { .. }
            | StockEvent::ProductPriced { .. }
            | StockEvent::ProductListed { .. } => {
                super::stock::change_catalog(&mut self.catalog, event);
            }
            StockEvent::Asked(_)
            | StockEvent::Held(_)
            | StockEvent::Released { .. }
            | StockEvent::Settled { .. }
            | StockEvent::Answered(_) => {}
        }
    }

    fn apply_ledger(&mut self, event: &LedgerEvent, version: u64) {
        if super::ledger::change_tenant(&mut self.tenants, event) {
            self.tenants_version = version;
        }
    }
}
