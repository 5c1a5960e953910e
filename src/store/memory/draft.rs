//! A batch on its way into memory: documents it touches are copied, checked and changed aside.
//!
//! Only a draft that contradicts nothing is merged, so a refused batch leaves no trace. The checks
//! are those that SQLite makes with constraints and conditional writes; the conformance suite holds
//! both to them.

use super::state::{State, paid_by};
use crate::domain::chronicle::Chronicle;
use crate::domain::command::CommandKey;
use crate::domain::event::Event;
use crate::domain::id::{AgentId, EntryId, ItemId, OrderId, ProductId, TenantId, WithdrawalId};
use crate::domain::ledger::{Account, Entry, LedgerEvent, Transfer};
use crate::domain::money::Money;
use crate::domain::outcome::Allocation;
use crate::domain::sealed::Fingerprint;
use crate::domain::stock::StockEvent;
use crate::domain::tenant::Tenant;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::{Withdrawal, WithdrawalStatus};
use crate::store::is_guarded;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// What contradicts the store.
pub(super) type Contradiction = String;

/// Changes of one batch, not yet made.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Documents as the batch leaves them.
    docs: Chronicle,
    /// Accounts in `docs.balances`, which does not keep zeros.
    accounts: BTreeSet<Account>,
    arrivals: Vec<OrderId>,
    stock_answers: BTreeSet<CommandKey>,
    shelved: BTreeSet<Fingerprint>,
    unshelved: BTreeSet<Fingerprint>,
    /// Orders that must exist when the batch ends.
    owed: BTreeSet<OrderId>,
    /// Items added by this batch, by content, until their goods are seen.
    bare: BTreeMap<Fingerprint, ItemId>,
}

impl Draft {
    /// Adds a fact.
    ///
    /// # Errors
    /// What contradicts it.
    pub(super) fn add(&mut self, base: &State, event: &Event) -> Result<(), Contradiction> {
        ensure(event.is_durable(), "a batch holds a fact that lives in memory only")?;
        match event {
            Event::Stock(fact) => self.check_stock(base, fact)?,
            Event::Ledger(fact) => self.check_ledger(base, fact)?,
        }
        self.docs.apply(event);
        Ok(())
    }

    /// The item of this batch that waits for this content.
    pub(super) fn take_bare(&mut self, content: &Fingerprint) -> Option<ItemId> {
        self.bare.remove(content)
    }

    /// Whether a shop exists once the batch is written.
    pub(super) fn has_tenant(&self, base: &State, tenant: &TenantId) -> bool {
        self.docs.tenants.contains_key(tenant) || base.docs.tenants.contains_key(tenant)
    }

    /// Checks what only the whole batch can show.
    ///
    /// # Errors
    /// What contradicts it.
    pub(super) fn finish(&self, base: &State) -> Result<(), Contradiction> {
        for (content, item) in &self.bare {
            let stored = base.blobs.contains_key(content);
            ensure(stored, format_args!("{item} is added without its content"))?;
        }
        for order in &self.owed {
            ensure(
                self.has_order(base, order),
                format_args!("items are sold to {order}, which is not"),
            )?;
        }
        Ok(())
    }

    /// Makes the changes.
    pub(super) fn merge(mut self, base: &mut State) {
        let docs = &mut base.docs;
        for account in &self.accounts {
            match self.docs.balances.remove(account) {
                Some(balance) => docs.balances.insert(account.clone(), balance),
                None => docs.balances.remove(account),
            };
        }
        docs.catalog.categories.append(&mut self.docs.catalog.categories);
        docs.catalog.products.append(&mut self.docs.catalog.products);
        docs.items.extend(self.docs.items);
        docs.orders.extend(self.docs.orders);
        docs.entries.extend(self.docs.entries);
        docs.withdrawals.extend(self.docs.withdrawals);
        docs.tenants.extend(self.docs.tenants);
        docs.credits.append(&mut self.docs.credits);
        docs.answers.extend(self.docs.answers);
        docs.quarantined.extend(self.docs.quarantined);
        base.arrivals.append(&mut self.arrivals);
        base.stock_answers.extend(self.stock_answers);
        base.seen.extend(&self.shelved);
        base.shelf.extend(self.shelved);
        for content in &self.unshelved {
            base.shelf.remove(content);
        }
    }

    fn check_stock(&mut self, base: &State, fact: &StockEvent) -> Result<(), Contradiction> {
        let (known, catalog) = (&base.docs.catalog, &mut self.docs.catalog);
        match fact {
            StockEvent::CategoryCreated { category, .. } => {
                is_new(&known.categories, &catalog.categories, category)
            }
            StockEvent::CategoryRenamed { category, .. } => {
                touch(&known.categories, &mut catalog.categories, category).map(drop)
            }
            StockEvent::ProductCreated(product) => {
                touch(&known.categories, &mut catalog.categories, &product.category)?;
                is_new(&known.products, &catalog.products, &product.id)
            }
            StockEvent::ProductRenamed { product, .. }
            | StockEvent::ProductDescribed { product, .. }
            | StockEvent::ProductPriced { product, .. }
            | StockEvent::ProductListed { product, .. } => {
                touch(&known.products, &mut catalog.products, product).map(drop)
            }
            StockEvent::ItemsAdded { product, items } => {
                touch(&known.products, &mut catalog.products, product)?;
                items.iter().try_for_each(|(item, content)| self.shelve(base, *item, *content))
            }
            StockEvent::Sold { product, items, order } => {
                self.owed.insert(order.clone());
                items.iter().try_for_each(|item| self.sell(base, *product, *item, order))
            }
            StockEvent::Answered(answered) => {
                self.stock_answers.insert(answered.key.clone());
                self.is_first_answer(base, &answered.key)
            }
            StockEvent::Asked(_)
            | StockEvent::Held(_)
            | StockEvent::Released { .. }
            | StockEvent::Settled { .. } => Ok(()),
        }
    }

    fn shelve(
        &mut self,
        base: &State,
        item: ItemId,
        content: Fingerprint,
    ) -> Result<(), Contradiction> {
        is_new(&base.docs.items, &self.docs.items, &item)?;
        let on_shelf = self.shelved.contains(&content) || base.shelf.contains(&content);
        let free = !on_shelf || self.unshelved.contains(&content);
        ensure(free, format_args!("the content of {item} is on a shelf already"))?;
        self.unshelved.remove(&content);
        self.shelved.insert(content);
        self.bare.insert(content, item);
        Ok(())
    }

    fn sell(
        &mut self,
        base: &State,
        product: ProductId,
        id: ItemId,
        order: &OrderId,
    ) -> Result<(), Contradiction> {
        let item = touch(&base.docs.items, &mut self.docs.items, &id)?;
        let for_sale = item.product == product && item.order.is_none();
        ensure(for_sale, format_args!("{id} is not for sale"))?;
        self.unshelved.insert(item.content);
        // Marked now and not with the whole fact, so that an item named twice in it is found out.
        item.order = Some(order.clone());
        Ok(())
    }

    fn check_ledger(&mut self, base: &State, fact: &LedgerEvent) -> Result<(), Contradiction> {
        match fact {
            LedgerEvent::OrderPlaced(order) => {
                is_new(&base.docs.orders, &self.docs.orders, &order.id)?;
                let products = &mut self.docs.catalog.products;
                touch(&base.docs.catalog.products, products, &order.product)?;
                self.arrivals.push(order.id.clone());
                Ok(())
            }
            LedgerEvent::DeliveryChanged { order, .. } => {
                let waits = touch(&base.docs.orders, &mut self.docs.orders, order)?;
                let waits = !waits.delivery.is_done();
                ensure(waits, format_args!("{order} does not wait for delivery"))
            }
            LedgerEvent::Moved { transfer, .. } => self.check_transfer(base, transfer),
            LedgerEvent::ProfitEarned(entry) => {
                is_new(&base.docs.entries, &self.docs.entries, &entry.id)?;
                ensure(
                    self.has_order(base, &entry.order),
                    format_args!("{} is of no order", entry.id),
                )?;
                let whole = entry.amount.is_positive() && is_within(entry.remaining, entry);
                ensure(whole, format_args!("{} is no profit", entry.id))
            }
            LedgerEvent::ProfitMatured { entries, at } => {
                entries.iter().try_for_each(|entry| self.mature(base, *entry, *at))
            }
            LedgerEvent::EntriesAllocated { agent, allocations, taken, .. } => {
                self.check_shares(base, agent, allocations, *taken)
            }
            LedgerEvent::WithdrawalRequested(withdrawal) => self.check_request(base, withdrawal),
            LedgerEvent::WithdrawalMoved { withdrawal, status } => {
                self.check_move(base, *withdrawal, status)
            }
            LedgerEvent::TenantOpened(tenant) => self.check_shop(base, tenant),
            LedgerEvent::StatusChanged { tenant, .. }
            | LedgerEvent::PricingChanged { tenant, .. }
            | LedgerEvent::OwnerLinkRenewed { tenant, .. }
            | LedgerEvent::OwnerClaimed { tenant, .. }
            | LedgerEvent::WalletChanged { tenant, .. } => {
                touch(&base.docs.tenants, &mut self.docs.tenants, tenant).map(drop)
            }
            LedgerEvent::Answered(answered) => self.is_first_answer(base, &answered.key),
            LedgerEvent::Quarantined { .. }
            | LedgerEvent::QuoteIssued(_)
            | LedgerEvent::QuoteVoided { .. } => Ok(()),
        }
    }

    fn has_order(&self, base: &State, order: &OrderId) -> bool {
        self.docs.orders.contains_key(order) || base.docs.orders.contains_key(order)
    }

    fn check_transfer(&mut self, base: &State, transfer: &Transfer) -> Result<(), Contradiction> {
        ensure(transfer.amount.is_positive(), "a transfer moves nothing")?;
        for (account, amount) in
            [(&transfer.from, transfer.amount.negated()), (&transfer.to, transfer.amount)]
        {
            if self.accounts.insert(account.clone())
                && let Some(balance) = base.docs.balances.get(account)
            {
                self.docs.balances.insert(account.clone(), *balance);
            }
            let before = self.docs.balances.get(account).copied().unwrap_or(Money::ZERO);
            let after = before.checked_add(amount);
            let after = after.ok_or_else(|| format!("{account} leaves the range of money"))?;
            let fits = !after.is_negative() || !is_guarded(account);
            ensure(fits, format_args!("{account} would go below zero"))?;
        }
        Ok(())
    }

    fn mature(&mut self, base: &State, id: EntryId, at: Timestamp) -> Result<(), Contradiction> {
        let entry = touch(&base.docs.entries, &mut self.docs.entries, &id)?;
        ensure(entry.matured_at.is_none(), format_args!("{id} is not pending"))?;
        // Marked now, as items are.
        entry.matured_at = Some(at);
        Ok(())
    }

    fn check_shares(
        &mut self,
        base: &State,
        agent: &AgentId,
        allocations: &[Allocation],
        taken: bool,
    ) -> Result<(), Contradiction> {
        // An entry that is named twice must have enough for both.
        let mut shares: BTreeMap<EntryId, Money> = BTreeMap::new();
        for Allocation { entry: id, amount } in allocations {
            let entry = touch(&base.docs.entries, &mut self.docs.entries, id)?;
            let change = if taken { amount.negated() } else { *amount };
            let share = shares.entry(*id).or_default();
            let after = share.checked_add(change).and_then(|sum| {
                *share = sum;
                entry.remaining.checked_add(sum)
            });
            let fits = entry.agent == *agent
                && entry.matured_at.is_some()
                && after.is_some_and(|after| is_within(after, entry));
            ensure(fits, format_args!("{id} does not have that much"))?;
        }
        Ok(())
    }

    fn check_request(&self, base: &State, asked: &Withdrawal) -> Result<(), Contradiction> {
        is_new(&base.docs.withdrawals, &self.docs.withdrawals, &asked.id)?;
        let adds_up = asked.net.is_positive()
            && !asked.fee.is_negative()
            && asked.net.checked_add(asked.fee) == Some(asked.amount);
        ensure(adds_up, format_args!("{} does not add up", asked.id))
    }

    fn check_move(
        &mut self,
        base: &State,
        id: WithdrawalId,
        status: &WithdrawalStatus,
    ) -> Result<(), Contradiction> {
        let withdrawal = touch(&base.docs.withdrawals, &mut self.docs.withdrawals, &id)?;
        ensure(withdrawal.status.state().is_open(), format_args!("{id} is not open"))?;
        if let WithdrawalStatus::Paid { txid, .. } = status {
            let paid_here = self.docs.withdrawals.values().any(|w| paid_by(w) == Some(txid));
            ensure(!paid_here && !base.has_paid(txid), "the transaction paid another withdrawal")?;
        }
        Ok(())
    }

    fn check_shop(&self, base: &State, tenant: &Tenant) -> Result<(), Contradiction> {
        let changed = &self.docs.tenants;
        let unchanged = base.docs.tenants.values().filter(|other| !changed.contains_key(&other.id));
        let taken = unchanged
            .chain(changed.values())
            .any(|other| other.id != tenant.id && other.bot.id == tenant.bot.id);
        ensure(!taken, "another shop has this bot")
    }

    fn is_first_answer(&self, base: &State, key: &CommandKey) -> Result<(), Contradiction> {
        let known = base.docs.answers.contains_key(key) || self.docs.answers.contains_key(key);
        ensure(!known, "the command was answered before")
    }
}

fn is_within(remaining: Money, entry: &Entry) -> bool {
    !remaining.is_negative() && remaining <= entry.amount
}

fn ensure(holds: bool, otherwise: impl Display) -> Result<(), Contradiction> {
    if holds { Ok(()) } else { Err(otherwise.to_string()) }
}

fn is_new<K: Ord + Display, V>(
    base: &BTreeMap<K, V>,
    draft: &BTreeMap<K, V>,
    key: &K,
) -> Result<(), Contradiction> {
    let known = base.contains_key(key) || draft.contains_key(key);
    ensure(!known, format_args!("there is a {key} already"))
}

/// The document as the draft has it, copied from the store when the draft touches it first.
fn touch<'a, K: Ord + Clone + Display, V: Clone>(
    base: &BTreeMap<K, V>,
    draft: &'a mut BTreeMap<K, V>,
    key: &K,
) -> Result<&'a mut V, Contradiction> {
    if !draft.contains_key(key) {
        let stored = base.get(key).ok_or_else(|| format!("there is no {key}"))?;
        draft.insert(key.clone(), stored.clone());
    }
    draft.get_mut(key).ok_or_else(|| format!("there is no {key}"))
}
