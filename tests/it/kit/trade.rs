//! Buying and being paid, as the actors do it: a price, a hold, an order, delivery, maturity,
//! withdrawal.

use super::{ADMIN, Kit, agents_shop};
use shopfleet::domain::command::Caller;
use shopfleet::domain::event::{CoreCommand, Event};
use shopfleet::domain::id::{
    HoldId, ItemId, OrderId, ProductId, QuoteId, TenantId, UserId, WithdrawalId,
};
use shopfleet::domain::ledger::LedgerCommand;
use shopfleet::domain::money::Money;
use shopfleet::domain::order::OrderRejection;
use shopfleet::domain::rejection::Rejection;
use shopfleet::domain::stock::{Ask, HoldFate, HoldRefusal, StockEvent};
use shopfleet::domain::time::Millis;
use shopfleet::store::batch::BatchEntry;

impl Kit {
    /// An admin gives a customer money.
    pub(crate) fn credit(&mut self, tenant: &TenantId, user: UserId, usdt: i64) -> BatchEntry {
        self.by_admin(LedgerCommand::Credit {
            tenant: tenant.clone(),
            user,
            amount: Money::whole(usdt),
            reason: "a test".to_owned(),
        })
    }

    /// A customer asks for a price; nothing of it is durable.
    pub(crate) fn quote(
        &mut self,
        tenant: &TenantId,
        user: UserId,
        product: ProductId,
        quantity: u32,
    ) -> Result<QuoteId, Rejection> {
        let quote = self.draw_quote();
        let ask = Ask { quote: quote.clone(), tenant: tenant.clone(), user, product, quantity };
        let (asked, product, base) =
            self.stock.decide_ask(&ask, self.ledger.rules().quantity_max)?;
        self.stock.apply(&asked);
        let issue = LedgerCommand::IssueQuote {
            quote: quote.clone(),
            product: Box::new(product),
            base,
            quantity,
        };
        self.by_user(tenant, user, issue)?;
        Ok(quote)
    }

    /// A customer asks for a price and takes it. The entry holds the sale of the items before the
    /// facts of the ledger.
    pub(crate) fn buy(
        &mut self,
        tenant: &TenantId,
        user: UserId,
        product: ProductId,
        quantity: u32,
    ) -> Result<(OrderId, BatchEntry), Rejection> {
        let quote = self.quote(tenant, user, product, quantity)?;
        let held = self.stock.decide_hold(&quote, tenant, user);
        let (hold, items) = self.take(held)?;
        let holding = Ok(items.clone());
        let body = LedgerCommand::PlaceOrder { quote: quote.clone(), holding };
        let command = self.command(tenant, Caller::User(user), body);
        let decided = self.ledger.decide(&command, self.now);
        let fate = if decided.is_ok() { HoldFate::Sold } else { HoldFate::Released };
        if let Some(end) = self.stock.decide_fate(self.stock.generation(), hold, fate) {
            self.stock.apply(&end);
        }
        if let Err(rejection) = &decided
            && let Some(voided) = self.ledger.after_rejection(&command, rejection)
        {
            self.ledger.apply(&voided);
        }
        let accepted = decided?;
        for event in &accepted.events {
            self.ledger.apply(event);
        }
        let order = OrderId::of(&quote);
        let sold = StockEvent::Sold { product, items, order: order.clone() };
        let facts = accepted.events.into_iter().map(Event::Ledger);
        let events = std::iter::once(Event::Stock(sold)).chain(facts).collect();
        Ok((order, self.note(CoreCommand::Ledger(command), events)))
    }

    fn take(
        &mut self,
        held: Result<StockEvent, HoldRefusal>,
    ) -> Result<(HoldId, Vec<ItemId>), Rejection> {
        match held {
            Ok(event) => {
                self.stock.apply(&event);
                match event {
                    StockEvent::Held(hold) => Ok((hold.id, hold.items)),
                    other => panic!("a hold is a hold, not {other:?}"),
                }
            }
            // The kit asks and holds at once, so nothing can come between.
            Err(_) => Err(OrderRejection::QuoteGone.into()),
        }
    }

    /// Telegram accepted an order's goods.
    pub(crate) fn deliver(&mut self, order: &OrderId) -> BatchEntry {
        self.by_fleet(LedgerCommand::MarkDelivered { order: order.clone() })
    }

    /// Time passes until every profit is due, and it matures.
    pub(crate) fn mature(&mut self, limit: u32) -> BatchEntry {
        self.wait(Millis::from_hours(48));
        self.by_fleet(LedgerCommand::MatureDue { limit })
    }

    /// The agent's owner asks to be paid.
    pub(crate) fn withdraw(&mut self, owner: UserId, usdt: i64) -> Result<BatchEntry, Rejection> {
        let body = LedgerCommand::RequestWithdrawal { amount: Money::whole(usdt) };
        self.by_user(&agents_shop(), owner, body)
    }

    /// An admin agrees.
    pub(crate) fn approve(&mut self, withdrawal: WithdrawalId) -> Result<BatchEntry, Rejection> {
        let body = LedgerCommand::ApproveWithdrawal { withdrawal };
        self.by_user(&TenantId::Master, ADMIN, body)
    }

    /// An admin refuses.
    pub(crate) fn reject(&mut self, withdrawal: WithdrawalId) -> Result<BatchEntry, Rejection> {
        let reason = "no".to_owned();
        let body = LedgerCommand::RejectWithdrawal { withdrawal, reason };
        self.by_user(&TenantId::Master, ADMIN, body)
    }

    /// An admin paid.
    pub(crate) fn pay(
        &mut self,
        withdrawal: WithdrawalId,
        txid: &str,
    ) -> Result<BatchEntry, Rejection> {
        let txid = txid.parse().expect("a transaction id");
        let body = LedgerCommand::PayWithdrawal { withdrawal, txid, although_negative: false };
        self.by_user(&TenantId::Master, ADMIN, body)
    }
}
