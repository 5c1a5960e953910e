//! From facts to rows: the one exhaustive match between an event and the tables.
//!
//! Every write here is conditional: it names what it expects and must change exactly one row. So a
//! batch that contradicts the store (an item sold twice, an entry overdrawn) is refused whatever the
//! memory of the core believed (DESIGN.md, laws 3 and 4).

use super::failure::Failure;
use super::moves::Moves;
use super::rows::{int, kind_word};
use super::{shops, trade};
use crate::domain::catalog::Product;
use crate::domain::event::Event;
use crate::domain::id::{ItemId, OrderId, ProductId};
use crate::domain::ledger::LedgerEvent;
use crate::domain::sealed::Fingerprint;
use crate::domain::stock::StockEvent;
use rusqlite::{Connection, Params, params};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Arguments;

/// The documents of one batch while they are written.
#[derive(Debug)]
pub(super) struct Documents<'a> {
    db: &'a Connection,
    moves: Moves<'a>,
    /// Items added by this batch, by content, until their goods are seen.
    bare: BTreeMap<Fingerprint, ItemId>,
    /// Orders that items were sold to, until their rows are seen.
    owed: BTreeSet<&'a OrderId>,
}

impl<'a> Documents<'a> {
    /// No documents yet; `db` is inside a transaction.
    pub(super) fn new(db: &'a Connection) -> Self {
        Self { db, moves: Moves::default(), bare: BTreeMap::new(), owed: BTreeSet::new() }
    }

    /// Writes what a fact changes; account changes wait for [`Documents::finish`].
    ///
    /// # Errors
    /// A contradiction when the store does not hold what the fact presumes.
    pub(super) fn add(&mut self, event: &'a Event) -> Result<(), Failure> {
        if !event.is_durable() {
            let why = "a batch holds a fact that lives in memory only";
            return Err(Failure::Contradiction(why.to_owned()));
        }
        match event {
            Event::Stock(fact) => self.stock(fact),
            Event::Ledger(fact) => self.ledger(event, fact),
        }
    }

    /// The item of this batch that waits for this content.
    pub(super) fn take_bare(&mut self, content: &Fingerprint) -> Option<ItemId> {
        self.bare.remove(content)
    }

    /// Writes the accounts, and checks that every new item has its content and every sale its order.
    ///
    /// # Errors
    /// A contradiction when an account, an item or a sale is not in order.
    pub(super) fn finish(self) -> Result<(), Failure> {
        for (content, item) in &self.bare {
            let stored = self
                .db
                .prepare_cached("SELECT 1 FROM blobs WHERE content = ?1")?
                .exists([content.bytes()])?;
            if !stored {
                return Err(Failure::Contradiction(format!("{item} is added without its content")));
            }
        }
        for order in self.owed {
            let placed = self
                .db
                .prepare_cached("SELECT 1 FROM orders WHERE id = ?1")?
                .exists([order.to_string()])?;
            if !placed {
                return Err(Failure::Contradiction(format!(
                    "items are sold to {order}, which is not"
                )));
            }
        }
        self.moves.write(self.db)
    }

    fn stock(&mut self, fact: &'a StockEvent) -> Result<(), Failure> {
        let db = self.db;
        match fact {
            StockEvent::CategoryCreated { category, name } => one(
                db,
                "INSERT INTO categories (id, name) VALUES (?1, ?2)",
                params![int(category.number())?, name],
                format_args!("{category}"),
            ),
            StockEvent::CategoryRenamed { category, name } => one(
                db,
                "UPDATE categories SET name = ?2 WHERE id = ?1",
                params![int(category.number())?, name],
                format_args!("there is no {category}"),
            ),
            StockEvent::ProductCreated(product) => add_product(db, product),
            StockEvent::ProductRenamed { product, name } => one(
                db,
                "UPDATE products SET name = ?2 WHERE id = ?1",
                params![int(product.number())?, name],
                format_args!("there is no {product}"),
            ),
            StockEvent::ProductDescribed { product, description } => one(
                db,
                "UPDATE products SET description = ?2 WHERE id = ?1",
                params![int(product.number())?, description],
                format_args!("there is no {product}"),
            ),
            StockEvent::ProductPriced { product, price } => one(
                db,
                "UPDATE products SET price = ?2 WHERE id = ?1",
                params![int(product.number())?, price.micros()],
                format_args!("there is no {product}"),
            ),
            StockEvent::ProductListed { product, listed } => one(
                db,
                "UPDATE products SET listed = ?2 WHERE id = ?1",
                params![int(product.number())?, listed],
                format_args!("there is no {product}"),
            ),
            StockEvent::ItemsAdded { product, items } => self.add_items(*product, items),
            StockEvent::Sold { product, items, order } => {
                self.owed.insert(order);
                sell(db, *product, items, order)
            }
            StockEvent::Answered(answered) => shops::remember(db, "stock", answered),
            StockEvent::Asked(_)
            | StockEvent::Held(_)
            | StockEvent::Released { .. }
            | StockEvent::Settled { .. } => Ok(()),
        }
    }

    fn ledger(&mut self, event: &'a Event, fact: &'a LedgerEvent) -> Result<(), Failure> {
        let db = self.db;
        match fact {
            LedgerEvent::OrderPlaced(order) => {
                self.owed.remove(&order.id);
                trade::place(db, order)
            }
            LedgerEvent::DeliveryChanged { order, delivery } => {
                trade::deliver(db, order, *delivery)
            }
            LedgerEvent::Moved { transfer, cause, at } => {
                self.moves.add(transfer)?;
                trade::note_credit(db, transfer, cause, *at)
            }
            LedgerEvent::ProfitEarned(entry) => trade::earn(db, entry),
            LedgerEvent::ProfitMatured { entries, at } => trade::mature(db, entries, *at),
            LedgerEvent::EntriesAllocated { agent, allocations, taken, .. } => {
                trade::allocate(db, agent, allocations, *taken)
            }
            LedgerEvent::WithdrawalRequested(withdrawal) => trade::request(db, withdrawal),
            LedgerEvent::WithdrawalMoved { withdrawal, status } => {
                trade::settle(db, *withdrawal, status)
            }
            LedgerEvent::TenantOpened(tenant) => shops::open_shop(db, tenant),
            LedgerEvent::StatusChanged { tenant, .. }
            | LedgerEvent::PricingChanged { tenant, .. }
            | LedgerEvent::OwnerLinkRenewed { tenant, .. }
            | LedgerEvent::OwnerClaimed { tenant, .. }
            | LedgerEvent::WalletChanged { tenant, .. } => shops::change_shop(db, tenant, event),
            LedgerEvent::Quarantined { key, what, at } => shops::quarantine(db, key, what, *at),
            LedgerEvent::Answered(answered) => shops::remember(db, "ledger", answered),
            LedgerEvent::QuoteIssued(_) | LedgerEvent::QuoteVoided { .. } => Ok(()),
        }
    }

    fn add_items(
        &mut self,
        product: ProductId,
        items: &[(ItemId, Fingerprint)],
    ) -> Result<(), Failure> {
        for (item, content) in items {
            one(
                self.db,
                "INSERT INTO items (id, product, content) SELECT ?1, ?2, ?3
                 WHERE NOT EXISTS (SELECT 1 FROM items WHERE content = ?3 AND order_id IS NULL)",
                params![int(item.number())?, int(product.number())?, content.bytes()],
                format_args!("the content of {item} is on a shelf already"),
            )?;
            self.bare.insert(*content, *item);
        }
        Ok(())
    }
}

/// Runs a statement that must change exactly one row; `otherwise` says what it means when not.
pub(super) fn one(
    db: &Connection,
    sql: &str,
    params: impl Params,
    otherwise: Arguments<'_>,
) -> Result<(), Failure> {
    match db.prepare_cached(sql)?.execute(params)? {
        1 => Ok(()),
        _ => Err(Failure::Contradiction(otherwise.to_string())),
    }
}

fn add_product(db: &Connection, product: &Product) -> Result<(), Failure> {
    one(
        db,
        "INSERT INTO products (id, category, name, description, price, kind, listed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            int(product.id.number())?,
            int(product.category.number())?,
            product.name,
            product.description,
            product.price.map(|price| price.micros()),
            kind_word(product.kind),
            product.listed,
        ],
        format_args!("{}", product.id),
    )
}

fn sell(
    db: &Connection,
    product: ProductId,
    items: &[ItemId],
    order: &OrderId,
) -> Result<(), Failure> {
    let (product, order) = (int(product.number())?, order.to_string());
    for item in items {
        one(
            db,
            "UPDATE items SET order_id = ?3 WHERE id = ?1 AND product = ?2 AND order_id IS NULL",
            params![int(item.number())?, product, order],
            format_args!("{item} is not for sale"),
        )?;
    }
    Ok(())
}
