//! The stockroom: catalogue, shelves and holds. The machine behind StockActor.
//!
//! An item is on the shelf, held, or gone. A *hold* takes the oldest items off the shelf while
//! LedgerActor decides the order; it ends as sold or as released, and a released item is back in its
//! old place because shelves are ordered by item id. Holds live in memory and belong to one
//! *generation* of the core: what another generation says about them is ignored.

mod command;
mod decide;

pub use command::{
    Ask, Hold, HoldRefusal, ITEMS_PER_COMMAND, StockCommand, StockEvent, StockRejection,
};

use super::access::Access;
use super::catalog::{Catalog, Category, Product};
use super::command::{Answered, CommandKey, Recent};
use super::id::{CategoryId, HoldId, ItemId, ProductId, QuoteId, TenantId, UserId};
use super::outcome::Outcome;
use super::pairs;
use super::sealed::Fingerprint;
use super::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Asks remembered at most; the oldest is forgotten first, and its customer is shown the price again.
const ASKS_MAX: usize = 100_000;

/// Contents of this generation's sales remembered at most. An upload is compared with every content
/// ever sold before it reaches the stockroom; this covers what is sold while it is on its way.
const SOLD_MAX: usize = 100_000;

/// The stockroom's state. Serialised whole, what is volatile included: that is its checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockMachine {
    catalog: Catalog,
    /// Sellable items by product, oldest first, each with its content's fingerprint.
    shelves: BTreeMap<ProductId, BTreeMap<ItemId, Fingerprint>>,
    /// Every content in the stockroom, held items included: the same thing is not sold twice.
    contents: BTreeMap<Fingerprint, ProductId>,
    /// Contents that this generation sold, oldest first: what somebody bought is not sold again.
    sold: VecDeque<Fingerprint>,
    sold_contents: BTreeSet<Fingerprint>,
    holds: BTreeMap<HoldId, (Hold, Vec<Fingerprint>)>,
    /// The hold of each customer who has one.
    #[serde(with = "pairs")]
    holders: BTreeMap<(UserId, TenantId), HoldId>,
    asks: BTreeMap<QuoteId, Ask>,
    /// Who has an open ask, in the order they came; nothing is read from the form of a quote's id.
    asks_by_age: BTreeMap<u64, (UserId, TenantId)>,
    next_ask: u64,
    #[serde(with = "pairs")]
    asked_by: BTreeMap<(UserId, TenantId), (u64, QuoteId)>,
    access: Access,
    recent: Recent,
    keep_ids: Millis,
    next_category: CategoryId,
    next_product: ProductId,
    next_item: ItemId,
    next_hold: HoldId,
    generation: u64,
}

/// What the store knows of the stockroom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedStock {
    /// All categories.
    pub categories: Vec<Category>,
    /// All products.
    pub products: Vec<Product>,
    /// Unsold items with the fingerprints of their contents.
    pub items: Vec<(ItemId, ProductId, Fingerprint)>,
    /// The id after the last item ever added, sold ones included.
    pub next_item: ItemId,
    /// Recently accepted commands, oldest first.
    pub answers: Vec<Answered>,
}

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldFate {
    /// Its order was accepted.
    Sold,
    /// Its order was refused, or forgotten on the way.
    Released,
}

impl StockMachine {
    /// An empty stockroom of this generation of the core.
    pub fn new(generation: u64, access: Access, keep_ids: Millis) -> Self {
        Self { generation, access, keep_ids, ..Self::default() }
    }

    /// The stockroom as the store knows it: no holds, no asks.
    pub fn load(generation: u64, access: Access, keep_ids: Millis, loaded: LoadedStock) -> Self {
        let mut machine = Self::new(generation, access, keep_ids);
        for category in loaded.categories {
            machine.next_category = machine.next_category.max(category.id.next());
            machine.catalog.categories.insert(category.id, category);
        }
        for product in loaded.products {
            machine.next_product = machine.next_product.max(product.id.next());
            machine.catalog.products.insert(product.id, product);
        }
        // Maps that are built at once are full; grown item by item they take half as much again.
        machine.contents =
            loaded.items.iter().map(|(_, product, content)| (*content, *product)).collect();
        let mut shelves: BTreeMap<ProductId, Vec<(ItemId, Fingerprint)>> = BTreeMap::new();
        for (item, product, content) in loaded.items {
            shelves.entry(product).or_default().push((item, content));
        }
        let full = |(product, items): (_, Vec<_>)| (product, items.into_iter().collect());
        machine.shelves = shelves.into_iter().map(full).collect();
        machine.next_item = loaded.next_item;
        machine.recent = Recent::restore(loaded.answers, keep_ids);
        machine
    }

    /// The catalogue.
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The generation of the core that this state belongs to.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Items of a product that nobody holds.
    pub fn available(&self, product: ProductId) -> usize {
        self.shelves.get(&product).map_or(0, BTreeMap::len)
    }

    /// Whether holds on this product are in flight: a shortage may yet end.
    pub fn has_holds_on(&self, product: ProductId) -> bool {
        self.holds.values().any(|(hold, _)| hold.ask.product == product)
    }

    /// Holds in flight, by id.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.values().map(|(hold, _)| hold)
    }

    /// Items on the shelf, by product and age.
    pub fn shelves(&self) -> &BTreeMap<ProductId, BTreeMap<ItemId, Fingerprint>> {
        &self.shelves
    }

    /// The answer that an accepted command got.
    pub fn remembered(&self, key: &CommandKey) -> Option<&Outcome> {
        self.recent.outcome(key)
    }

    /// What a quote was asked for.
    pub fn ask(&self, quote: &QuoteId) -> Option<&Ask> {
        self.asks.get(quote)
    }

    /// Makes this user an admin, while a journal is decided again: who had the role at the time is
    /// not in it.
    pub fn admit(&mut self, admin: UserId) {
        self.access.admins.insert(admin);
    }

    /// Goes on as the next generation of the core does: held items are back, and what this one sold
    /// is left to the store's memory.
    pub fn begin_generation(&mut self, generation: u64) {
        while let Some(hold) = self.holds.keys().next().copied() {
            self.end_hold(hold, HoldFate::Released);
        }
        self.generation = generation;
        self.next_hold = HoldId::default();
        (self.sold, self.sold_contents) = (VecDeque::new(), BTreeSet::new());
        (self.asks, self.asked_by) = (BTreeMap::new(), BTreeMap::new());
        (self.asks_by_age, self.next_ask) = (BTreeMap::new(), 0);
    }

    /// Makes a fact part of the state.
    pub fn apply(&mut self, event: &StockEvent) {
        match event {
            StockEvent::CategoryCreated { category, .. } => {
                self.next_category = self.next_category.max(category.next());
                change_catalog(&mut self.catalog, event);
            }
            StockEvent::ProductCreated(product) => {
                self.next_product = self.next_product.max(product.id.next());
                change_catalog(&mut self.catalog, event);
            }
            StockEvent::CategoryRenamed { .. }
            | StockEvent::ProductRenamed { .. }
            | StockEvent::ProductDescribed { .. }
            | StockEvent::ProductPriced { .. }
            | StockEvent::ProductListed { .. } => change_catalog(&mut self.catalog, event),
            StockEvent::ItemsAdded { product, items } => self.shelve(*product, items),
            StockEvent::Asked(ask) => self.note_ask(ask),
            StockEvent::Held(hold) => self.take(hold),
            StockEvent::Released { hold } => self.end_hold(*hold, HoldFate::Released),
            StockEvent::Settled { hold } => self.end_hold(*hold, HoldFate::Sold),
            StockEvent::Sold { product, items, .. } => self.remove(*product, items),
            StockEvent::Answered(answered) => self.recent.remember(answered, self.keep_ids),
        }
    }

    fn shelve(&mut self, product: ProductId, items: &[(ItemId, Fingerprint)]) {
        let shelf = self.shelves.entry(product).or_default();
        for (item, content) in items {
            shelf.insert(*item, *content);
            self.contents.insert(*content, product);
            self.next_item = self.next_item.max(item.next());
        }
    }

    fn note_ask(&mut self, ask: &Ask) {
        let who = (ask.user, ask.tenant.clone());
        self.forget_ask(&who);
        let age = self.next_ask;
        self.next_ask += 1;
        self.asks_by_age.insert(age, who.clone());
        self.asked_by.insert(who, (age, ask.quote.clone()));
        self.asks.insert(ask.quote.clone(), ask.clone());
        while self.asks_by_age.len() > ASKS_MAX {
            let Some((_, oldest)) = self.asks_by_age.pop_first() else { break };
            self.forget_ask(&oldest);
        }
    }

    fn forget_ask(&mut self, who: &(UserId, TenantId)) {
        if let Some((age, quote)) = self.asked_by.remove(who) {
            self.asks_by_age.remove(&age);
            // A quote's id is drawn; should two customers ever draw the same, the later ask stands.
            if self.asks.get(&quote).is_some_and(|ask| (ask.user, &ask.tenant) == (who.0, &who.1)) {
                self.asks.remove(&quote);
            }
        }
    }

    fn take(&mut self, hold: &Hold) {
        let shelf = self.shelves.entry(hold.ask.product).or_default();
        let contents = hold.items.iter().filter_map(|item| shelf.remove(item)).collect();
        self.drop_empty_shelf(hold.ask.product);
        self.holders.insert((hold.ask.user, hold.ask.tenant.clone()), hold.id);
        self.next_hold = self.next_hold.max(hold.id.next());
        self.holds.insert(hold.id, (hold.clone(), contents));
    }

    fn end_hold(&mut self, id: HoldId, fate: HoldFate) {
        let Some((hold, contents)) = self.holds.remove(&id) else { return };
        let who = (hold.ask.user, hold.ask.tenant);
        self.holders.remove(&who);
        if self.asked_by.get(&who).is_some_and(|(_, quote)| *quote == hold.ask.quote) {
            self.forget_ask(&who);
        }
        match fate {
            HoldFate::Sold => {
                for content in contents {
                    self.contents.remove(&content);
                    self.note_sold(content);
                }
            }
            HoldFate::Released => {
                let shelf = self.shelves.entry(hold.ask.product).or_default();
                shelf.extend(hold.items.into_iter().zip(contents));
            }
        }
    }

    fn note_sold(&mut self, content: Fingerprint) {
        if self.sold_contents.insert(content) {
            self.sold.push_back(content);
        }
        while self.sold.len() > SOLD_MAX {
            if let Some(oldest) = self.sold.pop_front() {
                self.sold_contents.remove(&oldest);
            }
        }
    }

    /// Whether this content is in the stockroom or was sold by this generation.
    fn is_known(&self, content: &Fingerprint) -> bool {
        self.contents.contains_key(content) || self.sold_contents.contains(content)
    }

    /// Items leave the shelf when a sale is replayed or loaded; a live sale took them before.
    fn remove(&mut self, product: ProductId, items: &[ItemId]) {
        let Some(shelf) = self.shelves.get_mut(&product) else { return };
        for item in items {
            if let Some(content) = shelf.remove(item) {
                self.contents.remove(&content);
            }
        }
        self.drop_empty_shelf(product);
    }

    /// A product that is sold out has no shelf, so that live and loaded state are equal.
    fn drop_empty_shelf(&mut self, product: ProductId) {
        if self.shelves.get(&product).is_some_and(BTreeMap::is_empty) {
            self.shelves.remove(&product);
        }
    }
}

/// Applies a fact about the catalogue; the machine and the published view both read it through here.
pub(in crate::domain) fn change_catalog(catalog: &mut Catalog, event: &StockEvent) {
    let mut change = |id: &ProductId, change: &dyn Fn(&mut Product)| {
        if let Some(product) = catalog.products.get_mut(id) {
            change(product);
        }
    };
    match event {
        StockEvent::ProductRenamed { product, name } => {
            change(product, &|p| p.name.clone_from(name));
        }
        StockEvent::ProductDescribed { product, description } => {
            change(product, &|p| p.description.clone_from(description));
        }
        StockEvent::ProductPriced { product, price } => {
            change(product, &|p| p.price = Some(*price));
        }
        StockEvent::ProductListed { product, listed } => change(product, &|p| p.listed = *listed),
        StockEvent::CategoryCreated { category, name } => {
            let entry = Category { id: *category, name: name.clone() };
            catalog.categories.insert(*category, entry);
        }
        StockEvent::CategoryRenamed { category, name } => {
            if let Some(entry) = catalog.categories.get_mut(category) {
                entry.name.clone_from(name);
            }
        }
        StockEvent::ProductCreated(product) => {
            catalog.products.insert(product.id, product.clone());
        }
        StockEvent::ItemsAdded { .. }
        | StockEvent::Asked(_)
        | StockEvent::Held(_)
        | StockEvent::Released { .. }
        | StockEvent::Settled { .. }
        | StockEvent::Sold { .. }
        | StockEvent::Answered(_) => {}
    }
}

impl Default for CategoryId {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Default for ProductId {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Default for ItemId {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Default for HoldId {
    fn default() -> Self {
        Self::new(1)
    }
}

#[cfg(test)]
mod tests;
