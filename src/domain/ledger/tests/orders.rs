//! Quotes, orders and deliveries.

use crate::domain::access::Denied;
use crate::domain::command::Caller;
use crate::domain::id::{ItemId, OrderId, TenantId, UserId};
use crate::domain::ledger::{Account, LedgerCommand as C, LedgerEvent};
use crate::domain::money::Money;
use crate::domain::order::{AwaitCause, Delivery, OrderRejection, QuoteRejection};
use crate::domain::outcome::{Outcome, Receipt};
use crate::domain::pricing::PriceRule;
use crate::domain::rejection::Rejection;
use crate::domain::stock::{HoldRefusal, StockCommand};
use crate::domain::tenant::TenantStatus;
use crate::domain::tests::world::*;
use crate::domain::time::Millis;

type Setup = fn(&mut World);

fn pause(world: &mut World) {
    let (agent, status) = (agent_id("a1"), TenantStatus::Paused);
    world.admin(C::SetStatus { agent, status }).unwrap();
}

/// Bounds are not a command yet; a shop that has them is priced by them.
fn bounds(world: &mut World, floor: Option<&str>, cap: Option<&str>) {
    let known = &world.ledger.tenants()[&shop("a1")].pricing;
    let (floor, cap) = (floor.map(usdt), cap.map(usdt));
    let pricing = PriceRule { floor, cap, ..known.clone() };
    world.given(LedgerEvent::PricingChanged { tenant: shop("a1"), pricing });
}

#[test]
fn every_refusal_of_a_quote() {
    let no_price = QuoteRejection::NoPrice;
    let table: [(Setup, u32, QuoteRejection); 6] = [
        (pause, 1, QuoteRejection::ShopPaused),
        (|_| (), 0, QuoteRejection::Quantity { max: 500 }),
        (|_| (), 501, QuoteRejection::Quantity { max: 500 }),
        (|world| bounds(world, Some("20"), Some("15")), 1, no_price),
        (|world| bounds(world, None, Some("9.99")), 1, no_price),
        (|world| bounds(world, Some("900000000000"), None), 2, no_price),
    ];
    for (setup, quantity, refusal) in table {
        let mut world = World::trading();
        setup(&mut world);
        let product = Box::new(world.stock.catalog().products.values().next().unwrap().clone());
        let (quote, base) = (quote("q"), usdt("10"));
        let body = C::IssueQuote { quote, product, base, quantity };
        assert_eq!(world.user(&shop("a1"), BUYER, body), Err(refusal.into()), "{refusal:?}");
        assert_eq!(world.ledger.quote(&shop("a1"), BUYER), None);
    }
}

/// The unit price for a base of 10, 10 % markup and these bounds.
fn check_price(floor: Option<&str>, cap: Option<&str>, unit: &str) {
    let mut world = World::trading();
    bounds(&mut world, floor, cap);
    let receipt = world.buy(&shop("a1"), BUYER, "q", 1, 2);
    let order = &world.documents.orders[&receipt.order];
    assert_eq!(order.price.unit, usdt(unit), "{floor:?} {cap:?}");
    assert_eq!(Some(order.total), usdt(unit).checked_mul(2));
    let profit = world.documents.entries.values().next().map(|entry| entry.amount);
    let markup = order.price.profit().checked_mul(2).filter(|markup| markup.is_positive());
    assert_eq!(profit, markup, "nothing earned is no entry");
}

#[test]
fn floor_and_cap_bound_the_price() {
    check_price(None, None, "11");
    check_price(Some("15"), None, "15");
    check_price(None, Some("10.5"), "10.5");
    check_price(Some("10.2"), Some("10.8"), "10.8");
    check_price(None, Some("10"), "10");
}

#[test]
fn every_refusal_of_an_order() {
    let gone = OrderRejection::QuoteGone;
    let later = |span: i64| move |world: &mut World| world.pass(Millis::from_ms(span));
    let just_in_time = later(599_999);
    let expired = later(600_000);
    let poor = OrderRejection::Funds { balance: usdt("1"), total: usdt("22") };
    type Row<'a> = (&'a str, &'a dyn Fn(&mut World), Option<OrderRejection>);
    let table: [Row<'_>; 9] = [
        ("in time", &just_in_time, None),
        ("expired", &expired, Some(gone)),
        ("replaced", &|world| drop(world.ask(&shop("a1"), BUYER, "new", 1, 1)), Some(gone)),
        ("used", &|world| drop(world.confirm(&shop("a1"), BUYER, "q")), Some(gone)),
        ("paused", &pause, Some(OrderRejection::ShopPaused)),
        (
            "hidden",
            &|world| {
                let product = crate::domain::id::ProductId::new(1);
                world.stock(StockCommand::ListProduct { product, listed: false }).unwrap();
            },
            Some(OrderRejection::NotForSale),
        ),
        (
            "too late",
            &|world| {
                world.credit(&shop("a1"), OWNER, "100").unwrap();
                world.buy(&shop("a1"), OWNER, "other", 1, 4);
            },
            Some(OrderRejection::Shortage { available: 1 }),
        ),
        (
            "in progress",
            &|world| {
                let held = world.stock.decide_hold(&quote("q"), &shop("a1"), BUYER).unwrap();
                world.stock.apply(&held);
            },
            Some(OrderRejection::OrderOpen),
        ),
        (
            "poor",
            &|world| {
                let transfer = crate::domain::ledger::Transfer {
                    from: Account::Customer(shop("a1"), BUYER),
                    to: Account::Adjustments,
                    amount: usdt("99"),
                };
                let id = OrderId::of(&quote("x"));
                let cause = crate::domain::ledger::Cause::Order(id);
                world.checks = false;
                world.given(LedgerEvent::Moved { transfer, cause, at: world.now });
            },
            Some(poor),
        ),
    ];
    for (what, setup, refusal) in table {
        let mut world = World::trading();
        world.ask(&shop("a1"), BUYER, "q", 1, 2).unwrap();
        setup(&mut world);
        let (book, orders) = (world.ledger.book().clone(), world.documents.orders.len());
        let answer = world.confirm_as("again", &shop("a1"), BUYER, "q");
        match refusal {
            None => assert!(matches!(answer, Ok(Outcome::OrderPlaced(_))), "{what}: {answer:?}"),
            Some(refusal) => {
                assert_eq!(answer, Err(refusal.into()), "{what}");
                assert_eq!((&book, orders), (world.ledger.book(), world.documents.orders.len()));
            }
        }
    }
}

#[test]
fn another_persons_quote_is_no_quote() {
    let mut world = World::trading();
    world.ask(&shop("a1"), BUYER, "q", 1, 1).unwrap();
    world.credit(&shop("a1"), OWNER, "100").unwrap();
    let gone = Err(OrderRejection::QuoteGone.into());
    assert_eq!(world.confirm(&shop("a1"), OWNER, "q"), gone);
    assert_eq!(world.confirm_as("m", &TenantId::Master, BUYER, "q"), gone);
    assert_eq!(world.confirm_as("n", &shop("nobody"), BUYER, "q"), Err(Denied.into()));
    let own = world.confirm(&shop("a1"), BUYER, "q");
    assert!(matches!(own, Ok(Outcome::OrderPlaced(_))), "nobody else spoiled it: {own:?}");
}

#[test]
fn a_refused_order_voids_its_quote() {
    let mut world = World::trading();
    let body = |items: Vec<u64>| C::PlaceOrder {
        quote: quote("q"),
        holding: Ok(items.into_iter().map(ItemId::new).collect()),
    };
    world.ask(&shop("a1"), BUYER, "q", 1, 2).unwrap();
    let wrong = world.user(&shop("a1"), BUYER, body(vec![1]));
    assert_eq!(wrong, Err(OrderRejection::QuoteGone.into()), "one item for a quote of two");
    assert_eq!(world.ledger.quote(&shop("a1"), BUYER), None);

    world.ask(&shop("a1"), BUYER, "r", 1, 1).unwrap();
    let placed = |name: &str| {
        let body = C::PlaceOrder { quote: quote(name), holding: Err(HoldRefusal::HoldOpen) };
        command(&shop("a1"), Caller::User(BUYER), "c", body)
    };
    let after = |name: &str, rejection: Rejection| {
        world.ledger.after_rejection(&placed(name), &rejection).is_some()
    };
    assert!(after("r", OrderRejection::OrderOpen.into()));
    assert!(after("r", QuoteRejection::NoPrice.into()), "a price that cannot be booked");
    assert!(!after("q", OrderRejection::OrderOpen.into()), "an older quote voids no newer one");
    assert!(!after("r", Denied.into()), "nothing was decided");
}

#[test]
fn a_confirmed_quote_is_one_order_however_often_it_is_tapped() {
    let mut world = World::trading();
    let first = world.buy(&shop("a1"), BUYER, "q", 1, 2);
    assert_eq!(first.balance, usdt("78"));
    world.pass(Millis::from_hours(71));
    for _ in 0..20 {
        let again = world.confirm(&shop("a1"), BUYER, "q");
        assert_eq!(again, Ok(Outcome::OrderPlaced(first.clone())), "the first answer again");
    }
    let gone = world.confirm_as("another-tap", &shop("a1"), BUYER, "q");
    assert_eq!(gone, Err(OrderRejection::QuoteGone.into()));
    assert_eq!((world.documents.orders.len(), world.stock.available(first_product())), (1, 3));
}

const fn first_product() -> crate::domain::id::ProductId {
    crate::domain::id::ProductId::new(1)
}

#[test]
fn the_quote_fixes_price_and_maturity() {
    let mut world = World::trading();
    world.ask(&shop("a1"), BUYER, "q", 1, 1).unwrap();
    let product = first_product();
    world.stock(StockCommand::PriceProduct { product, price: usdt("90") }).unwrap();
    world.admin(pricing("a1", "500")).unwrap();
    let mut tenant = world.ledger.tenants()[&shop("a1")].clone();
    tenant.terms.maturity = Some(Millis::from_hours(1));
    world.given(LedgerEvent::TenantOpened(Box::new(tenant)));
    let placed = world.confirm(&shop("a1"), BUYER, "q");
    let order = OrderId::of(&quote("q"));
    let (total, balance) = (usdt("11"), usdt("89"));
    assert_eq!(placed, Ok(Outcome::OrderPlaced(Receipt { order, total, balance })));
    let entry = world.documents.entries.values().next().unwrap();
    assert_eq!((entry.amount, entry.mature_at), (usdt("1"), world.now + Millis::from_hours(48)));
    world.credit(&shop("a1"), BUYER, "1000").unwrap();
    world.buy(&shop("a1"), BUYER, "r", 1, 1);
    let entry = world.documents.entries.values().last().unwrap();
    assert_eq!((entry.amount, entry.mature_at), (usdt("450"), world.now + Millis::from_hours(1)));
}

#[test]
fn the_masters_sale_earns_nobody_profit() {
    let mut world = World::trading();
    world.buy(&TenantId::Master, BUYER, "q", 2, 3);
    assert_eq!(world.documents.entries.len(), 0);
    assert_eq!(world.ledger.book().balance(&Account::Revenue), usdt("7.5"));
    let left = Account::Customer(TenantId::Master, BUYER);
    assert_eq!(world.ledger.book().balance(&left), usdt("92.5"));
    let elsewhere = Account::Customer(shop("a1"), BUYER);
    assert_eq!(world.ledger.book().balance(&elsewhere), usdt("100"), "law 7");
}

#[test]
fn quotes_are_forgotten_when_they_expire() {
    let mut world = World::trading();
    world.ask(&shop("a1"), BUYER, "old", 1, 1).unwrap();
    world.pass(Millis::from_secs(599));
    world.ask(&shop("a1"), UserId::new(8), "mid", 1, 1).unwrap();
    assert!(world.ledger.quote(&shop("a1"), BUYER).is_some());
    world.pass(Millis::from_secs(1));
    world.ask(&shop("a1"), UserId::new(9), "new", 1, 1).unwrap();
    assert_eq!(world.ledger.quote(&shop("a1"), BUYER), None);
    assert!(world.ledger.quote(&shop("a1"), UserId::new(8)).is_some());
}

#[test]
fn deliveries_are_marked_once() {
    let mut world = World::trading();
    let order = world.buy(&shop("a1"), BUYER, "q", 1, 1).order;
    let waits = |cause| Delivery::Awaiting { cause };
    let blocked = || C::AwaitCustomer { order: order.clone(), cause: AwaitCause::Blocked };
    let paused = C::AwaitCustomer { order: order.clone(), cause: AwaitCause::Paused };
    let delivered = || C::MarkDelivered { order: order.clone() };
    let at = world.now;
    let mut facts = Vec::new();
    let mut states = Vec::new();
    for body in [blocked(), blocked(), paused, delivered(), delivered(), blocked()] {
        let before = world.log.len();
        assert_eq!(world.fleet(body), Ok(Outcome::Done));
        facts.push(world.log.len() - before);
        states.push(world.documents.orders[&order].delivery);
    }
    assert_eq!(facts, [1, 0, 1, 1, 0, 0], "a repeat is no fact");
    let (blocked, paused) = (waits(AwaitCause::Blocked), waits(AwaitCause::Paused));
    let done = Delivery::Delivered { at };
    assert_eq!(states, [blocked, blocked, paused, done, done, done]);
    let unknown = OrderId::of(&quote("unknown"));
    assert_eq!(world.fleet(C::MarkDelivered { order: unknown }), Ok(Outcome::Done));
}

#[test]
fn a_balance_may_be_spent_to_nothing_and_not_below() {
    let mut world = World::trading();
    world.buy(&TenantId::Master, BUYER, "a", 1, 5);
    world.stock(add(first_product(), 70..76)).unwrap();
    world.ask(&TenantId::Master, BUYER, "b", 1, 6).unwrap();
    let short = world.confirm(&TenantId::Master, BUYER, "b");
    let (balance, total) = (usdt("50"), usdt("60"));
    assert_eq!(short, Err(OrderRejection::Funds { balance, total }.into()));
    assert_eq!(world.buy(&TenantId::Master, BUYER, "c", 1, 5).balance, Money::ZERO);
}
