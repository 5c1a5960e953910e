//! From facts to statements: the one exhaustive match between an event and the collections.
//!
//! A statement names what it expects and must change exactly one document, so a batch that contradicts
//! the store is refused whatever the memory of the core believed (DESIGN.md, laws 3 and 4). What the
//! statements cannot see, because several of them are about one document or none is about it at all,
//! is checked here against what [`Known`] read in the same transaction.

use super::accounts::Moves;
use super::decimal::from_money;
use super::encode::{self, int, place};
use super::failure::Failure;
use super::needs::Known;
use super::statements::Statements;
use crate::domain::catalog::Product;
use crate::domain::chronicle::Chronicle;
use crate::domain::command::Answered;
use crate::domain::event::Event;
use crate::domain::id::{
    AgentId, CategoryId, EntryId, ItemId, OrderId, ProductId, TenantId, WithdrawalId,
};
use crate::domain::ledger::{Account, Cause, Entry, LedgerEvent, Transfer};
use crate::domain::money::Money;
use crate::domain::order::{Delivery, Order};
use crate::domain::outcome::Allocation;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::stock::StockEvent;
use crate::domain::tenant::Tenant;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::{Withdrawal, WithdrawalStatus};
use mongodb::bson::{RawDocumentBuf, rawdoc};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// The documents of one batch while they are gathered.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) statements: Statements,
    known: Known,
    /// The number of the batch.
    seq: u64,
    at: Timestamp,
    moves: Moves<'a>,
    entries: BTreeMap<EntryId, Slot>,
    shops: Chronicle,
    changed_shops: BTreeSet<&'a TenantId>,
    added: BTreeMap<ItemId, Added<'a>>,
    /// Items added by this batch, by content, until their goods are seen.
    bare: BTreeMap<Fingerprint, ItemId>,
    sold: BTreeSet<ItemId>,
    placed: BTreeMap<&'a OrderId, &'a Order>,
    /// Orders that items were sold to or profit came from.
    owed: BTreeSet<&'a OrderId>,
    credits: usize,
    early: Early<'a>,
}

/// A profit entry as it was stored, if it was, and as the batch leaves it.
#[derive(Debug)]
struct Slot {
    before: Option<Entry>,
    now: Entry,
}

#[derive(Debug)]
struct Added<'a> {
    product: ProductId,
    content: Fingerprint,
    goods: Option<&'a Sealed>,
}

/// What was changed before it was made: inserts run first, so the server would not notice.
#[derive(Debug, Default)]
struct Early<'a> {
    categories: BTreeSet<CategoryId>,
    products: BTreeSet<ProductId>,
    orders: BTreeSet<&'a OrderId>,
    withdrawals: BTreeSet<WithdrawalId>,
}

impl<'a> Draft<'a> {
    /// No documents yet.
    pub(super) fn new(mut known: Known, seq: u64, at: Timestamp) -> Self {
        let slot =
            |(id, entry): (EntryId, Entry)| (id, Slot { before: Some(entry.clone()), now: entry });
        let entries = std::mem::take(&mut known.entries).into_iter().map(slot).collect();
        let tenants = std::mem::take(&mut known.shops);
        Self {
            statements: Statements::default(),
            known,
            seq,
            at,
            moves: Moves::default(),
            entries,
            shops: Chronicle { tenants, ..Chronicle::default() },
            changed_shops: BTreeSet::new(),
            added: BTreeMap::new(),
            bare: BTreeMap::new(),
            sold: BTreeSet::new(),
            placed: BTreeMap::new(),
            owed: BTreeSet::new(),
            credits: 0,
            early: Early::default(),
        }
    }

    /// Gathers what a fact changes.
    ///
    /// # Errors
    /// What contradicts it, as far as that can be seen without the server.
    pub(super) fn add(&mut self, event: &'a Event) -> Result<(), Failure> {
        ensure(event.is_durable(), "a batch holds a fact that lives in memory only")?;
        match event {
            Event::Stock(fact) => self.stock(fact),
            Event::Ledger(fact) => self.ledger(event, fact),
        }
    }

    /// Gives a new item its goods.
    ///
    /// # Errors
    /// A contradiction when no new item has this content, or it has its goods already.
    pub(super) fn goods(
        &mut self,
        content: &Fingerprint,
        sealed: &'a Sealed,
    ) -> Result<(), Failure> {
        let item = self.bare.remove(content).and_then(|item| self.added.get_mut(&item));
        let added = item.ok_or_else(|| contradiction("goods that no new item has"))?;
        added.goods = Some(sealed);
        Ok(())
    }

    /// Gathers what needed the whole batch: accounts, entries, shops, items.
    ///
    /// # Errors
    /// A contradiction when an account, an item or a sale is not in order.
    pub(super) fn finish(mut self) -> Result<Statements, Failure> {
        for (content, item) in &self.bare {
            let stored = self.known.blobs.contains(content);
            ensure(stored, format_args!("{item} is added without its content"))?;
        }
        for order in &self.owed {
            let there = self.placed.contains_key(order) || self.known.orders.contains(*order);
            ensure(there, format_args!("items are sold to {order}, which is not"))?;
        }
        for (id, Added { product, content, goods }) in &self.added {
            self.statements.insert("hb", encode::item(*id, *product, content, *goods)?);
        }
        for slot in self.entries.values() {
            write_entry(slot, &self.placed, &mut self.statements)?;
        }
        for id in &self.changed_shops {
            if let Some(shop) = self.shops.tenants.get(*id) {
                write_shop(shop, self.at, &mut self.statements);
            }
        }
        self.moves.write(&mut self.statements)?;
        Ok(self.statements)
    }

    fn stock(&mut self, fact: &'a StockEvent) -> Result<(), Failure> {
        match fact {
            StockEvent::CategoryCreated { category, name } => {
                ensure_late(&self.early.categories, category)?;
                let id = int(category.number())?;
                self.known.categories.insert(*category);
                self.statements.insert("fenlei", rawdoc! {"_id": id, "projectname": name.as_str()});
                Ok(())
            }
            StockEvent::CategoryRenamed { category, name } => {
                self.early.categories.insert(*category);
                let query = rawdoc! {"_id": int(category.number())?};
                let update = rawdoc! {"$set": {"projectname": name.as_str()}};
                self.statements.change("fenlei", query, update);
                Ok(())
            }
            StockEvent::ProductCreated(product) => self.create_product(product),
            StockEvent::ProductRenamed { product, name } => {
                self.change_product(*product, rawdoc! {"projectname": name.as_str()})
            }
            StockEvent::ProductDescribed { product, description } => {
                self.change_product(*product, rawdoc! {"text": description.as_str()})
            }
            StockEvent::ProductPriced { product, price } => {
                self.change_product(*product, rawdoc! {"money": from_money(*price)})
            }
            StockEvent::ProductListed { product, listed } => {
                self.change_product(*product, rawdoc! {"listed": *listed})
            }
            StockEvent::ItemsAdded { product, items } => {
                self.has_product(*product)?;
                items.iter().try_for_each(|(item, content)| self.shelve(*product, *item, *content))
            }
            StockEvent::Sold { product, items, order } => {
                self.owed.insert(order);
                items.iter().try_for_each(|item| self.sell(*product, *item, order))
            }
            StockEvent::Answered(answered) => self.remember("stock", answered),
            StockEvent::Asked(_)
            | StockEvent::Held(_)
            | StockEvent::Released { .. }
            | StockEvent::Settled { .. } => Ok(()),
        }
    }

    fn create_product(&mut self, product: &Product) -> Result<(), Failure> {
        ensure_late(&self.early.products, &product.id)?;
        let category = product.category;
        let known = self.known.categories.contains(&category);
        ensure(known, format_args!("there is no {category}"))?;
        self.known.products.insert(product.id);
        self.statements.insert("ejfl", encode::product(product)?);
        Ok(())
    }

    fn change_product(&mut self, id: ProductId, set: RawDocumentBuf) -> Result<(), Failure> {
        self.early.products.insert(id);
        let query = rawdoc! {"_id": int(id.number())?};
        self.statements.change("ejfl", query, rawdoc! {"$set": set});
        Ok(())
    }

    fn has_product(&self, id: ProductId) -> Result<(), Failure> {
        ensure(self.known.products.contains(&id), format_args!("there is no {id}"))
    }

    fn shelve(
        &mut self,
        product: ProductId,
        item: ItemId,
        content: Fingerprint,
    ) -> Result<(), Failure> {
        ensure_late(&self.sold, &item)?;
        // What the shelf has of this content must have been sold by this batch, before.
        let free = self.known.shelf.get(&content).is_none_or(|twin| self.sold.contains(twin));
        ensure(free, format_args!("the content of {item} is on a shelf already"))?;
        self.known.shelf.insert(content, item);
        self.bare.insert(content, item);
        let twin = self.added.insert(item, Added { product, content, goods: None });
        ensure(twin.is_none(), format_args!("there is an {item} already"))
    }

    fn sell(&mut self, product: ProductId, item: ItemId, order: &OrderId) -> Result<(), Failure> {
        self.sold.insert(item);
        let (id, product) = (int(item.number())?, int(product.number())?);
        let query = rawdoc! {"_id": id, "nowuid": product, "state": 0_i32};
        let update = rawdoc! {"$set": {"state": 1_i32, "order_id": order.to_string()}};
        self.statements.change("hb", query, update);
        Ok(())
    }

    fn ledger(&mut self, event: &Event, fact: &'a LedgerEvent) -> Result<(), Failure> {
        match fact {
            LedgerEvent::OrderPlaced(order) => {
                ensure_late(&self.early.orders, &&order.id)?;
                self.has_product(order.product)?;
                let number = place(self.seq, self.placed.len())?;
                self.statements.insert("gmjlu", encode::order(order, number)?);
                let twin = self.placed.insert(&order.id, order);
                ensure(twin.is_none(), format_args!("there is an {} already", order.id))
            }
            LedgerEvent::DeliveryChanged { order, delivery } => {
                self.deliver(order, *delivery);
                Ok(())
            }
            LedgerEvent::Moved { transfer, cause, at } => {
                self.moves.add(transfer)?;
                self.note_credit(transfer, cause, *at)
            }
            LedgerEvent::ProfitEarned(entry) => self.earn(entry),
            LedgerEvent::ProfitMatured { entries, at } => {
                entries.iter().try_for_each(|entry| self.mature(*entry, *at))
            }
            LedgerEvent::EntriesAllocated { agent, allocations, taken, .. } => {
                allocations.iter().try_for_each(|share| self.allocate(agent, share, *taken))
            }
            LedgerEvent::WithdrawalRequested(withdrawal) => self.request(withdrawal),
            LedgerEvent::WithdrawalMoved { withdrawal, status } => self.settle(*withdrawal, status),
            LedgerEvent::TenantOpened(tenant) => {
                self.changed_shops.insert(&tenant.id);
                self.shops.apply(event);
                Ok(())
            }
            LedgerEvent::StatusChanged { tenant, .. }
            | LedgerEvent::PricingChanged { tenant, .. }
            | LedgerEvent::OwnerLinkRenewed { tenant, .. }
            | LedgerEvent::OwnerClaimed { tenant, .. }
            | LedgerEvent::WalletChanged { tenant, .. } => {
                let known = self.shops.tenants.contains_key(tenant);
                ensure(known, format_args!("there is no shop {tenant}"))?;
                self.changed_shops.insert(tenant);
                // Shops change by the rule of the chronicle, so that there is one such rule.
                self.shops.apply(event);
                Ok(())
            }
            LedgerEvent::Quarantined { key, what, at } => {
                let update = rawdoc! {"$set": {"what": what.as_str(), "time": encode::time(*at)}};
                self.statements.put("quarantine", rawdoc! {"_id": encode::key(key)}, update);
                Ok(())
            }
            LedgerEvent::Answered(answered) => self.remember("ledger", answered),
            LedgerEvent::QuoteIssued(_) | LedgerEvent::QuoteVoided { .. } => Ok(()),
        }
    }

    fn deliver(&mut self, order: &'a OrderId, delivery: Delivery) {
        self.early.orders.insert(order);
        let query = rawdoc! {"_id": order.to_string(), "delivered": false};
        let done = delivery.is_done();
        let update = rawdoc! {"$set": {"delivered": done, "delivery": encode::delivery(delivery)}};
        self.statements.change("gmjlu", query, update);
    }

    fn note_credit(
        &mut self,
        transfer: &Transfer,
        cause: &Cause,
        at: Timestamp,
    ) -> Result<(), Failure> {
        let (Cause::Credit { by, reason }, Account::Customer(tenant, user)) = (cause, &transfer.to)
        else {
            return Ok(());
        };
        let credit = rawdoc! {
            "_id": place(self.seq, self.credits)?,
            "tenant": tenant.to_string(),
            "user_id": user.number(),
            "usdt": from_money(transfer.amount),
            "cz_type": "admin",
            "status": "success",
            "time": encode::time(at),
            "admin": by.number(),
            "reason": reason.as_str(),
        };
        self.credits += 1;
        self.statements.insert("topup", credit);
        Ok(())
    }

    fn earn(&mut self, entry: &'a Entry) -> Result<(), Failure> {
        self.owed.insert(&entry.order);
        let whole = entry.amount.is_positive() && is_within(entry.remaining, entry);
        ensure(whole, format_args!("{} is no profit", entry.id))?;
        let twin = self.entries.insert(entry.id, Slot { before: None, now: entry.clone() });
        ensure(twin.is_none(), format_args!("there is an {} already", entry.id))
    }

    fn mature(&mut self, id: EntryId, at: Timestamp) -> Result<(), Failure> {
        let entry = self.entry(id)?;
        ensure(entry.matured_at.is_none(), format_args!("{id} is not pending"))?;
        entry.matured_at = Some(at);
        Ok(())
    }

    fn allocate(
        &mut self,
        agent: &AgentId,
        Allocation { entry: id, amount }: &Allocation,
        taken: bool,
    ) -> Result<(), Failure> {
        let entry = self.entry(*id)?;
        let change = if taken { amount.negated() } else { *amount };
        let after = entry.remaining.checked_add(change).filter(|after| is_within(*after, entry));
        let after = after.filter(|_| entry.agent == *agent && entry.matured_at.is_some());
        entry.remaining =
            after.ok_or_else(|| contradiction(format_args!("{id} does not have that much")))?;
        Ok(())
    }

    fn entry(&mut self, id: EntryId) -> Result<&mut Entry, Failure> {
        let slot = self.entries.get_mut(&id);
        slot.map(|slot| &mut slot.now)
            .ok_or_else(|| contradiction(format_args!("there is no {id}")))
    }

    fn request(&mut self, asked: &Withdrawal) -> Result<(), Failure> {
        ensure_late(&self.early.withdrawals, &asked.id)?;
        let adds_up = asked.net.is_positive()
            && !asked.fee.is_negative()
            && asked.net.checked_add(asked.fee) == Some(asked.amount);
        ensure(adds_up, format_args!("{} does not add up", asked.id))?;
        self.statements.insert("agent_withdrawals", encode::withdrawal(asked)?);
        Ok(())
    }

    /// A closed withdrawal stays closed; the transaction that paid it pays no other.
    fn settle(&mut self, id: WithdrawalId, status: &WithdrawalStatus) -> Result<(), Failure> {
        self.early.withdrawals.insert(id);
        let mut states = mongodb::bson::RawArrayBuf::new();
        encode::open_states().for_each(|word| states.push(word));
        let query = rawdoc! {"_id": int(id.number())?, "status": {"$in": states}};
        let mut set = RawDocumentBuf::new();
        encode::append_status(&mut set, status);
        self.statements.change("agent_withdrawals", query, rawdoc! {"$set": set});
        Ok(())
    }

    /// An id that is remembered already is refused by the key (law 2).
    fn remember(&mut self, machine: &str, answered: &Answered) -> Result<(), Failure> {
        let document = rawdoc! {
            "_id": encode::key(&answered.key),
            "time": encode::time(answered.at),
            "machine": machine,
            "outcome": encode::json(&answered.outcome)?,
        };
        self.statements.insert("commands", document);
        Ok(())
    }
}

/// A new entry, or a change from exactly what was read.
fn write_entry(
    slot: &Slot,
    placed: &BTreeMap<&OrderId, &Order>,
    statements: &mut Statements,
) -> Result<(), Failure> {
    let Slot { before, now } = slot;
    let Some(before) = before else {
        let order = placed.get(&now.order).copied();
        statements.insert("agent_ledger", encode::entry(now, order)?);
        return Ok(());
    };
    if before == now {
        return Ok(());
    }
    let query = rawdoc! {
        "_id": int(now.id.number())?,
        "status": encode::entry_status(before),
        "remaining": from_money(before.remaining),
    };
    let mut set = rawdoc! {
        "status": encode::entry_status(now),
        "remaining": from_money(now.remaining),
    };
    if let Some(at) = now.matured_at {
        set.append(mongodb::bson::raw::cstr!("matured_at"), encode::time(at));
    }
    statements.change("agent_ledger", query, rawdoc! {"$set": set});
    Ok(())
}

fn write_shop(shop: &Tenant, at: Timestamp, statements: &mut Statements) {
    let query = rawdoc! {"_id": shop.id.to_string()};
    statements.put("agents", query, encode::tenant(shop, at));
}

fn is_within(remaining: Money, entry: &Entry) -> bool {
    !remaining.is_negative() && remaining <= entry.amount
}

fn contradiction(why: impl Display) -> Failure {
    Failure::Contradiction(why.to_string())
}

fn ensure(holds: bool, otherwise: impl Display) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(contradiction(otherwise)) }
}

fn ensure_late<K: Ord + Display>(early: &BTreeSet<K>, id: &K) -> Result<(), Failure> {
    ensure(!early.contains(id), format_args!("{id} is changed before it is made"))
}
