//! Decisions of the stockroom. Nothing here changes state.

use super::{
    Ask, Hold, HoldFate, HoldRefusal, ITEMS_PER_COMMAND, StockCommand, StockEvent, StockMachine,
    StockRejection,
};
use crate::domain::catalog::{self, GoodsKind, Product};
use crate::domain::command::{Accepted, Answered, Command};
use crate::domain::id::{CategoryId, HoldId, ProductId, QuoteId, TenantId, UserId};
use crate::domain::money::Money;
use crate::domain::order::QuoteRejection;
use crate::domain::outcome::{ItemsReport, Outcome};
use crate::domain::rejection::Rejection;
use crate::domain::sealed::Fingerprint;
use crate::domain::time::Timestamp;
use std::collections::BTreeSet;

/// Facts and the answer, before the command's id is added to them.
type Decision = Result<(Vec<StockEvent>, Outcome), StockRejection>;

impl StockMachine {
    /// Decides a change of catalogue or shelves.
    ///
    /// # Errors
    /// [`Rejection`]; authorisation comes first, then the memory of accepted ids (law 2).
    pub fn decide(
        &self,
        command: &Command<StockCommand>,
        now: Timestamp,
    ) -> Result<Accepted<StockEvent>, Rejection> {
        self.access.check(command.body.right(), command.caller, &command.tenant, None)?;
        let key = command.key();
        if let Some(outcome) = self.recent.outcome(&key) {
            return Ok(Accepted::nothing(outcome.clone()));
        }
        let (mut events, outcome) = self.decide_body(&command.body)?;
        events.push(StockEvent::Answered(Answered { key, at: now, outcome: outcome.clone() }));
        Ok(Accepted { events, outcome })
    }

    fn decide_body(&self, body: &StockCommand) -> Decision {
        match body {
            StockCommand::CreateCategory { name } => self.create_category(name),
            StockCommand::RenameCategory { category, name } => {
                self.rename_category(*category, name)
            }
            StockCommand::CreateProduct { category, name, kind, price } => {
                self.create_product(*category, name, *kind, *price)
            }
            StockCommand::RenameProduct { product, name } => self.rename_product(*product, name),
            StockCommand::DescribeProduct { product, description } => {
                self.product(*product)?;
                let description =
                    catalog::description(description).map_err(StockRejection::Text)?;
                done(StockEvent::ProductDescribed { product: *product, description })
            }
            StockCommand::PriceProduct { product, price } => {
                self.product(*product)?;
                let price = valid_price(*price)?;
                done(StockEvent::ProductPriced { product: *product, price })
            }
            StockCommand::ListProduct { product, listed } => {
                if self.product(*product)?.listed == *listed {
                    return Ok((Vec::new(), Outcome::Done));
                }
                done(StockEvent::ProductListed { product: *product, listed: *listed })
            }
            StockCommand::AddItems { product, items } => self.add_items(*product, items),
        }
    }

    fn product(&self, id: ProductId) -> Result<&Product, StockRejection> {
        self.catalog.products.get(&id).ok_or(StockRejection::UnknownProduct)
    }

    fn create_category(&self, name: &str) -> Decision {
        let name = catalog::name(name).map_err(StockRejection::Text)?;
        if self.catalog.categories.values().any(|category| category.name == name) {
            return Err(StockRejection::NameTaken);
        }
        let category = self.next_category;
        let event = StockEvent::CategoryCreated { category, name };
        Ok((vec![event], Outcome::CategoryCreated(category)))
    }

    fn rename_category(&self, id: CategoryId, name: &str) -> Decision {
        let name = catalog::name(name).map_err(StockRejection::Text)?;
        if !self.catalog.categories.contains_key(&id) {
            return Err(StockRejection::UnknownCategory);
        }
        if self.catalog.categories.values().any(|c| c.id != id && c.name == name) {
            return Err(StockRejection::NameTaken);
        }
        done(StockEvent::CategoryRenamed { category: id, name })
    }

    fn create_product(
        &self,
        category: CategoryId,
        name: &str,
        kind: GoodsKind,
        price: Option<Money>,
    ) -> Decision {
        if !self.catalog.categories.contains_key(&category) {
            return Err(StockRejection::UnknownCategory);
        }
        let name = catalog::name(name).map_err(StockRejection::Text)?;
        if self.catalog.products.values().any(|p| p.category == category && p.name == name) {
            return Err(StockRejection::NameTaken);
        }
        let price = price.map(valid_price).transpose()?;
        let id = self.next_product;
        let product =
            Product { id, category, name, description: String::new(), price, kind, listed: true };
        Ok((vec![StockEvent::ProductCreated(product)], Outcome::ProductCreated(id)))
    }

    fn rename_product(&self, id: ProductId, name: &str) -> Decision {
        let category = self.product(id)?.category;
        let name = catalog::name(name).map_err(StockRejection::Text)?;
        let twin = |p: &Product| p.id != id && p.category == category && p.name == name;
        if self.catalog.products.values().any(twin) {
            return Err(StockRejection::NameTaken);
        }
        done(StockEvent::ProductRenamed { product: id, name })
    }

    /// Duplicates are reported, not refused: the rest of the upload is as good as before.
    fn add_items(&self, product: ProductId, items: &[Fingerprint]) -> Decision {
        self.product(product)?;
        if items.is_empty() || items.len() > ITEMS_PER_COMMAND {
            return Err(StockRejection::ItemCount);
        }
        let mut report = ItemsReport::default();
        let mut seen = BTreeSet::new();
        let mut added = Vec::with_capacity(items.len());
        let mut next = self.next_item;
        for (position, content) in (0_u32..).zip(items) {
            if self.is_known(content) || !seen.insert(*content) {
                report.duplicates.push(position);
            } else {
                added.push((next, *content));
                next = next.next();
                report.added += 1;
            }
        }
        let events = if added.is_empty() {
            Vec::new()
        } else {
            vec![StockEvent::ItemsAdded { product, items: added }]
        };
        Ok((events, Outcome::ItemsAdded(report)))
    }

    /// Decides whether a price may be asked for, and what the base price is.
    ///
    /// # Errors
    /// [`QuoteRejection`] when the product is not for sale or there are too few.
    pub fn decide_ask(
        &self,
        ask: &Ask,
        quantity_max: u32,
    ) -> Result<(StockEvent, Product, Money), QuoteRejection> {
        let product = self
            .catalog
            .products
            .get(&ask.product)
            .filter(|product| product.listed)
            .ok_or(QuoteRejection::NotForSale)?;
        let base = product.price.ok_or(QuoteRejection::NotForSale)?;
        if ask.quantity == 0 || ask.quantity > quantity_max {
            return Err(QuoteRejection::Quantity { max: quantity_max });
        }
        let available = u32::try_from(self.available(ask.product)).unwrap_or(u32::MAX);
        if available < ask.quantity {
            return Err(QuoteRejection::Shortage { available });
        }
        Ok((StockEvent::Asked(ask.clone()), product.clone(), base))
    }

    /// Decides whether items can be set aside for a quote of this customer.
    ///
    /// # Errors
    /// [`HoldRefusal`]; whether it becomes the customer's answer is LedgerActor's to say.
    pub fn decide_hold(
        &self,
        quote: &QuoteId,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<StockEvent, HoldRefusal> {
        let ask = self
            .asks
            .get(quote)
            .filter(|ask| ask.tenant == *tenant && ask.user == user)
            .ok_or(HoldRefusal::UnknownQuote)?;
        if self.holders.contains_key(&(user, tenant.clone())) {
            return Err(HoldRefusal::HoldOpen);
        }
        let listed = self.catalog.products.get(&ask.product).is_some_and(|p| p.listed);
        if !listed {
            return Err(HoldRefusal::NotForSale);
        }
        let available = u32::try_from(self.available(ask.product)).unwrap_or(u32::MAX);
        if available < ask.quantity {
            return Err(HoldRefusal::Shortage { available });
        }
        let shelf = self.shelves.get(&ask.product).into_iter().flatten();
        let items = shelf.map(|(item, _)| *item).take(ask.quantity as usize).collect();
        Ok(StockEvent::Held(Hold { id: self.next_hold, ask: ask.clone(), items }))
    }

    /// Whether a refused hold may yet be had: a shortage is not an answer while other holds on the
    /// product may be given back. What every other refusal depends on is decided already.
    pub fn may_yet_hold(&self, quote: &QuoteId, refusal: HoldRefusal) -> bool {
        match refusal {
            HoldRefusal::Shortage { .. } => {
                self.asks.get(quote).is_some_and(|ask| self.has_holds_on(ask.product))
            }
            HoldRefusal::UnknownQuote | HoldRefusal::NotForSale | HoldRefusal::HoldOpen => false,
        }
    }

    /// What the end of a hold means here: nothing, when it is unknown or of another generation.
    pub fn decide_fate(&self, generation: u64, hold: HoldId, fate: HoldFate) -> Option<StockEvent> {
        if generation != self.generation || !self.holds.contains_key(&hold) {
            return None;
        }
        Some(match fate {
            HoldFate::Sold => StockEvent::Settled { hold },
            HoldFate::Released => StockEvent::Released { hold },
        })
    }
}

fn done(event: StockEvent) -> Decision {
    Ok((vec![event], Outcome::Done))
}

fn valid_price(price: Money) -> Result<Money, StockRejection> {
    if price.is_positive() { Ok(price) } else { Err(StockRejection::Price) }
}
