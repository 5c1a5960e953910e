//! Quotes, orders and their delivery.

use super::{Account, Cause, Decision, Entry, LedgerCommand, LedgerEvent, LedgerMachine, Transfer};
use crate::domain::access::Denied;
use crate::domain::catalog::Product;
use crate::domain::command::{Caller, Command};
use crate::domain::id::{ItemId, OrderId, QuoteId, TenantId, UserId};
use crate::domain::money::Money;
use crate::domain::order::{AwaitCause, Delivery, Order, OrderRejection, Quote, QuoteRejection};
use crate::domain::outcome::{Outcome, Receipt};
use crate::domain::rejection::Rejection;
use crate::domain::stock::HoldRefusal;
use crate::domain::time::Timestamp;
use std::sync::Arc;

/// Facts of a sale at most, its answer included.
const SALE_EVENTS: usize = 5;

impl LedgerMachine {
    pub(super) fn issue_quote(
        &self,
        command: &Command<LedgerCommand>,
        id: &QuoteId,
        product: &Product,
        base: Money,
        quantity: u32,
        now: Timestamp,
    ) -> Decision {
        let Caller::User(user) = command.caller else { return Err(Denied.into()) };
        let shop = self.tenants.get(&command.tenant).ok_or(Denied)?;
        if !shop.is_active() {
            return Err(QuoteRejection::ShopPaused.into());
        }
        let max = self.rules.quantity_max;
        if quantity == 0 || quantity > max {
            return Err(QuoteRejection::Quantity { max }.into());
        }
        let price = shop.pricing.price(base).map_err(|_| QuoteRejection::NoPrice)?;
        let total = price.unit.checked_mul(quantity).ok_or(QuoteRejection::NoPrice)?;
        let quote = Arc::new(Quote {
            id: id.clone(),
            tenant: command.tenant.clone(),
            user,
            product: product.id,
            product_name: product.name.clone(),
            kind: product.kind,
            quantity,
            price,
            total,
            maturity: shop.terms.maturity.unwrap_or(self.rules.maturity),
            expires_at: now + self.rules.quote_ttl,
        });
        let event = LedgerEvent::QuoteIssued(quote.clone());
        Ok((vec![event], Outcome::Quoted(quote)))
    }

    pub(super) fn place_order(
        &self,
        command: &Command<LedgerCommand>,
        id: &QuoteId,
        holding: &Result<Vec<ItemId>, HoldRefusal>,
        now: Timestamp,
    ) -> Decision {
        let Caller::User(user) = command.caller else { return Err(Denied.into()) };
        let shop = self.tenants.get(&command.tenant).ok_or(Denied)?;
        let quote = self
            .quote(&command.tenant, user)
            .filter(|quote| quote.id == *id && now < quote.expires_at)
            .ok_or(OrderRejection::QuoteGone)?;
        if !shop.is_active() {
            return Err(OrderRejection::ShopPaused.into());
        }
        let items = holding.as_ref().map_err(|refusal| refused(*refusal))?;
        if items.len() != quote.quantity as usize {
            return Err(OrderRejection::QuoteGone.into());
        }
        let balance = self.book.balance(&Account::Customer(command.tenant.clone(), user));
        let after = balance.checked_sub(quote.total).filter(|after| !after.is_negative());
        let Some(after) = after else {
            return Err(OrderRejection::Funds { balance, total: quote.total }.into());
        };
        let events = self.sale(quote, items, now)?;
        let receipt = Receipt { order: OrderId::of(id), total: quote.total, balance: after };
        Ok((events, Outcome::OrderPlaced(receipt)))
    }

    /// The facts of a sale: the order, its payment, and the agent's profit.
    fn sale(
        &self,
        quote: &Quote,
        items: &[ItemId],
        now: Timestamp,
    ) -> Result<Vec<LedgerEvent>, Rejection> {
        let order = Order {
            id: OrderId::of(&quote.id),
            tenant: quote.tenant.clone(),
            user: quote.user,
            product: quote.product,
            product_name: quote.product_name.clone(),
            kind: quote.kind,
            price: quote.price,
            total: quote.total,
            items: items.to_vec(),
            placed_at: now,
            delivery: Delivery::Pending,
        };
        let profit = match quote.tenant.agent() {
            Some(_) => quote.price.profit().checked_mul(quote.quantity),
            None => Some(Money::ZERO),
        };
        let profit = profit.ok_or(QuoteRejection::NoPrice)?;
        let revenue = quote.total.checked_sub(profit).ok_or(QuoteRejection::NoPrice)?;
        let from = Account::Customer(quote.tenant.clone(), quote.user);
        let id = order.id.clone();
        let moved = |to, amount| LedgerEvent::Moved {
            transfer: Transfer { from: from.clone(), to, amount },
            cause: Cause::Order(id.clone()),
            at: now,
        };
        let mut events = Vec::with_capacity(SALE_EVENTS);
        events.push(LedgerEvent::OrderPlaced(Box::new(order)));
        if revenue.is_positive() {
            events.push(moved(Account::Revenue, revenue));
        }
        if let (Some(agent), true) = (quote.tenant.agent(), profit.is_positive()) {
            events.push(moved(Account::AgentPending(agent.clone()), profit));
            events.push(LedgerEvent::ProfitEarned(Entry {
                id: self.next_entry,
                agent: agent.clone(),
                order: id.clone(),
                amount: profit,
                remaining: profit,
                earned_at: now,
                mature_at: now + quote.maturity,
                matured_at: None,
            }));
        }
        if events.iter().any(|event| self.overflows(event)) {
            return Err(QuoteRejection::NoPrice.into());
        }
        Ok(events)
    }

    fn overflows(&self, event: &LedgerEvent) -> bool {
        matches!(event, LedgerEvent::Moved { transfer, .. } if !self.book.can_move(transfer))
    }

    /// Delivery marks name their order; a repeat finds it gone and changes nothing.
    pub(super) fn mark_delivered(
        &self,
        order: &OrderId,
        now: Timestamp,
    ) -> (Vec<LedgerEvent>, Outcome) {
        let events = self.undelivered.get(order).map(|order| LedgerEvent::DeliveryChanged {
            order: order.id.clone(),
            delivery: Delivery::Delivered { at: now },
        });
        (events.into_iter().collect(), Outcome::Done)
    }

    pub(super) fn await_customer(
        &self,
        order: &OrderId,
        cause: AwaitCause,
    ) -> (Vec<LedgerEvent>, Outcome) {
        let delivery = Delivery::Awaiting { cause };
        let events = self
            .undelivered
            .get(order)
            .filter(|order| order.delivery != delivery)
            .map(|order| LedgerEvent::DeliveryChanged { order: order.id.clone(), delivery });
        (events.into_iter().collect(), Outcome::Done)
    }

    /// Keeps the quote, ends the customer's older one and every expired one.
    pub(super) fn note_quote(&mut self, quote: &Arc<Quote>) {
        let who = (quote.user, quote.tenant.clone());
        if let Some(before) = self.quotes.insert(who, quote.clone()) {
            self.quotes_by_age.remove(&age(&before));
        }
        self.quotes_by_age.insert(age(quote));
        let issued_at = quote.expires_at - self.rules.quote_ttl;
        while let Some((expires_at, _, _)) = self.quotes_by_age.first() {
            if *expires_at > issued_at {
                break;
            }
            if let Some((_, user, tenant)) = self.quotes_by_age.pop_first() {
                self.quotes.remove(&(user, tenant));
            }
        }
    }

    /// Ends a customer's quote, if it is still this one.
    pub(super) fn drop_quote(&mut self, tenant: &TenantId, user: UserId, id: &QuoteId) {
        let who = (user, tenant.clone());
        if self.quotes.get(&who).is_some_and(|quote| quote.id == *id)
            && let Some(quote) = self.quotes.remove(&who)
        {
            self.quotes_by_age.remove(&age(&quote));
        }
    }
}

fn age(quote: &Quote) -> (Timestamp, UserId, TenantId) {
    (quote.expires_at, quote.user, quote.tenant.clone())
}

/// What a hold that could not be taken means to the customer.
const fn refused(refusal: HoldRefusal) -> OrderRejection {
    match refusal {
        HoldRefusal::UnknownQuote => OrderRejection::QuoteGone,
        HoldRefusal::NotForSale => OrderRejection::NotForSale,
        HoldRefusal::Shortage { available } => OrderRejection::Shortage { available },
        HoldRefusal::HoldOpen => OrderRejection::OrderOpen,
    }
}
