//! The whole history as documents: what machines forget and stores keep.
//!
//! Machines hold only what decisions need. A [`Chronicle`] holds every order, item, entry and
//! withdrawal there ever was; the journal folds into one, a store's documents are one, and the two
//! must be equal. Invariants are checked on it.

use super::catalog::Catalog;
use super::command::{Answered, CommandKey};
use super::event::Event;
use super::id::{EntryId, ItemId, OrderId, ProductId, TenantId, UserId, WithdrawalId};
use super::ledger::{Account, Cause, Entry, LedgerEvent};
use super::money::Money;
use super::order::Order;
use super::outcome::Allocation;
use super::sealed::Fingerprint;
use super::stock::StockEvent;
use super::tenant::Tenant;
use super::time::Timestamp;
use super::withdrawal::Withdrawal;
use serde::Serialize;
use std::collections::BTreeMap;

/// Every document of the business as of one head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chronicle {
    /// Balances that are not zero.
    pub balances: BTreeMap<Account, Money>,
    /// Categories and products.
    pub catalog: Catalog,
    /// Every item ever added.
    pub items: BTreeMap<ItemId, ItemRecord>,
    /// Every order.
    pub orders: BTreeMap<OrderId, Order>,
    /// Every profit entry.
    pub entries: BTreeMap<EntryId, Entry>,
    /// Every withdrawal.
    pub withdrawals: BTreeMap<WithdrawalId, Withdrawal>,
    /// Every shop.
    pub tenants: BTreeMap<TenantId, Tenant>,
    /// Every credit by an admin, oldest first.
    pub credits: Vec<Credit>,
    /// Accepted commands that are still remembered.
    pub answers: BTreeMap<CommandKey, Answered>,
    /// Commands set aside.
    pub quarantined: BTreeMap<CommandKey, (String, Timestamp)>,
}

/// One item, sold or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemRecord {
    /// Of which product.
    pub product: ProductId,
    /// The fingerprint of its content.
    pub content: Fingerprint,
    /// Whose it is.
    pub order: Option<OrderId>,
}

/// Money given by an admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credit {
    /// In which shop.
    pub tenant: TenantId,
    /// To whom.
    pub user: UserId,
    /// How much.
    pub amount: Money,
    /// By which admin.
    pub by: UserId,
    /// His words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Chronicle {
    /// Adds a fact. Facts that live in memory only change nothing.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Stock(event) => self.apply_stock(event),
            Event::Ledger(event) => self.apply_ledger(event),
        }
    }

    fn apply_stock(&mut self, event: &StockEvent) {
        match event {
            StockEvent::ItemsAdded { product, items } => {
                for (item, content) in items {
                    let record = ItemRecord { product: *product, content: *content, order: None };
                    self.items.insert(*item, record);
                }
            }
            StockEvent::Sold { items, order, .. } => {
                for item in items {
                    if let Some(record) = self.items.get_mut(item) {
                        record.order = Some(order.clone());
                    }
                }
            }
            StockEvent::Answered(answered) => {
                self.answers.insert(answered.key.clone(), answered.clone());
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
            | StockEvent::Settled { .. } => {}
        }
    }

    fn apply_ledger(&mut self, event: &LedgerEvent) {
        match event {
            LedgerEvent::OrderPlaced(order) => {
                self.orders.insert(order.id.clone(), (**order).clone());
            }
            LedgerEvent::DeliveryChanged { order, delivery } => {
                if let Some(order) = self.orders.get_mut(order) {
                    order.delivery = *delivery;
                }
            }
            LedgerEvent::Moved { transfer, cause, at } => {
                self.add(&transfer.from, transfer.amount.negated());
                self.add(&transfer.to, transfer.amount);
                if let (Cause::Credit { by, reason }, Account::Customer(tenant, user)) =
                    (cause, &transfer.to)
                {
                    self.credits.push(Credit {
                        tenant: tenant.clone(),
                        user: *user,
                        amount: transfer.amount,
                        by: *by,
                        reason: reason.clone(),
                        at: *at,
                    });
                }
            }
            LedgerEvent::ProfitEarned(entry) => {
                self.entries.insert(entry.id, entry.clone());
            }
            LedgerEvent::ProfitMatured { entries, at } => {
                for id in entries {
                    if let Some(entry) = self.entries.get_mut(id) {
                        entry.matured_at = Some(*at);
                    }
                }
            }
            LedgerEvent::EntriesAllocated { allocations, taken, .. } => {
                self.allocate(allocations, *taken);
            }
            LedgerEvent::WithdrawalRequested(withdrawal) => {
                self.withdrawals.insert(withdrawal.id, (**withdrawal).clone());
            }
            LedgerEvent::WithdrawalMoved { withdrawal, status } => {
                if let Some(withdrawal) = self.withdrawals.get_mut(withdrawal) {
                    withdrawal.status.clone_from(status);
                }
            }
            LedgerEvent::Quarantined { key, what, at } => {
                self.quarantined.insert(key.clone(), (what.clone(), *at));
            }
            LedgerEvent::Answered(answered) => {
                self.answers.insert(answered.key.clone(), answered.clone());
            }
            LedgerEvent::TenantOpened(_)
            | LedgerEvent::StatusChanged { .. }
            | LedgerEvent::PricingChanged { .. }
            | LedgerEvent::OwnerLinkRenewed { .. }
            | LedgerEvent::OwnerClaimed { .. }
            | LedgerEvent::WalletChanged { .. } => {
                super::ledger::change_tenant(&mut self.tenants, event);
            }
            LedgerEvent::QuoteIssued(_) | LedgerEvent::QuoteVoided { .. } => {}
        }
    }

    /// Adds to a balance. An amount out of range stays visible as a broken sum of the book.
    fn add(&mut self, account: &Account, amount: Money) {
        let balance = self.balances.get(account).copied().unwrap_or(Money::ZERO);
        let after = balance.checked_add(amount).unwrap_or(balance);
        if after.is_zero() {
            self.balances.remove(account);
        } else {
            self.balances.insert(account.clone(), after);
        }
    }

    fn allocate(&mut self, allocations: &[Allocation], taken: bool) {
        for Allocation { entry, amount } in allocations {
            if let Some(entry) = self.entries.get_mut(entry) {
                let change = if taken { amount.negated() } else { *amount };
                entry.remaining = entry.remaining.checked_add(change).unwrap_or(entry.remaining);
            }
        }
    }
}
