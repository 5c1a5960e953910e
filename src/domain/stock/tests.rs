//! The stockroom by tables: every refusal, repeats, duplicates, asks, holds and how they end.

use super::{
    ASKS_MAX, Ask, HoldFate, HoldRefusal, ITEMS_PER_COMMAND, LoadedStock, StockCommand, StockEvent,
    StockMachine, StockRejection,
};
use crate::domain::access::{Access, Denied};
use crate::domain::catalog::{DESCRIPTION_MAX, GoodsKind, NAME_MAX, TextRefusal};
use crate::domain::command::{Answered, Caller};
use crate::domain::id::{CategoryId, HoldId, ItemId, ProductId, TenantId, UserId};
use crate::domain::money::Money;
use crate::domain::order::{OrderRejection, QuoteRejection};
use crate::domain::outcome::{ItemsReport, Outcome};
use crate::domain::tests::world::*;
use crate::domain::time::{Millis, Timestamp};
use StockCommand as C;

const GOLD: ProductId = ProductId::new(1);
const NOWHERE: ProductId = ProductId::new(99);
const KEYS: CategoryId = CategoryId::new(1);

fn named(name: &str) -> StockCommand {
    C::CreateCategory { name: name.to_owned() }
}

fn product(category: CategoryId, name: &str, price: Option<Money>) -> StockCommand {
    C::CreateProduct { category, name: name.to_owned(), kind: GoodsKind::Line, price }
}

fn renamed(product: ProductId, name: &str) -> StockCommand {
    C::RenameProduct { product, name: name.to_owned() }
}

fn described(product: ProductId, description: &str) -> StockCommand {
    C::DescribeProduct { product, description: description.to_owned() }
}

#[test]
fn every_refusal_of_a_change() {
    let category =
        |category: CategoryId, name: &str| C::RenameCategory { category, name: name.to_owned() };
    let (nowhere, long) = (CategoryId::new(99), "x".repeat(NAME_MAX + 1));
    let text = |refusal| StockRejection::Text(refusal);
    let table = [
        (named(" "), text(TextRefusal::Empty)),
        (named("a\tb"), text(TextRefusal::Control)),
        (named(&long), text(TextRefusal::TooLong(NAME_MAX))),
        (named(" Keys "), StockRejection::NameTaken),
        (category(nowhere, "New"), StockRejection::UnknownCategory),
        (category(KEYS, ""), text(TextRefusal::Empty)),
        (category(KEYS, "Other"), StockRejection::NameTaken),
        (product(nowhere, "New", None), StockRejection::UnknownCategory),
        (product(KEYS, "Gold", None), StockRejection::NameTaken),
        (product(KEYS, "", None), text(TextRefusal::Empty)),
        (product(KEYS, "New", Some(Money::ZERO)), StockRejection::Price),
        (product(KEYS, "New", Some(Money::whole(-1))), StockRejection::Price),
        (renamed(NOWHERE, "New"), StockRejection::UnknownProduct),
        (renamed(GOLD, "Tin"), StockRejection::NameTaken),
        (renamed(GOLD, "a\nb"), text(TextRefusal::Control)),
        (described(NOWHERE, ""), StockRejection::UnknownProduct),
        (described(GOLD, "a\u{7}"), text(TextRefusal::Control)),
        (
            described(GOLD, &"x".repeat(DESCRIPTION_MAX + 1)),
            text(TextRefusal::TooLong(DESCRIPTION_MAX)),
        ),
        (C::PriceProduct { product: NOWHERE, price: usdt("1") }, StockRejection::UnknownProduct),
        (C::PriceProduct { product: GOLD, price: Money::ZERO }, StockRejection::Price),
        (C::PriceProduct { product: GOLD, price: Money::whole(-5) }, StockRejection::Price),
        (C::ListProduct { product: NOWHERE, listed: true }, StockRejection::UnknownProduct),
        (add(NOWHERE, 50..51), StockRejection::UnknownProduct),
        (add(GOLD, 50..50), StockRejection::ItemCount),
        (add(GOLD, 50..50 + count(ITEMS_PER_COMMAND + 1)), StockRejection::ItemCount),
    ];
    let mut world = World::trading();
    world.stock(named("Other")).unwrap();
    for (command, refusal) in table {
        let before = world.stock.clone();
        assert_eq!(world.stock(command.clone()), Err(refusal.into()), "{command:?}");
        assert_eq!(world.stock, before, "a refusal changes nothing: {command:?}");
    }
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap()
}

#[test]
fn every_change_is_seen_in_the_catalogue() {
    let mut world = World::trading();
    let hidden = C::ListProduct { product: GOLD, listed: false };
    for command in [
        C::RenameCategory { category: KEYS, name: " Codes ".to_owned() },
        renamed(GOLD, "<b>Gold</b>"),
        described(GOLD, "two\nlines"),
        C::PriceProduct { product: GOLD, price: usdt("12.5") },
        hidden.clone(),
        hidden,
    ] {
        assert_eq!(world.stock(command), Ok(Outcome::Done));
    }
    let catalog = world.stock.catalog();
    let gold = &catalog.products[&GOLD];
    assert_eq!(catalog.categories[&KEYS].name, "Codes");
    assert_eq!(
        (gold.name.as_str(), gold.description.as_str(), gold.price, gold.listed),
        ("<b>Gold</b>", "two\nlines", Some(usdt("12.5")), false)
    );
}

#[test]
fn only_an_admin_in_the_masters_shop_changes_anything() {
    let mut world = World::trading();
    for (tenant, caller) in [
        (TenantId::Master, Caller::User(BUYER)),
        (TenantId::Master, Caller::User(OWNER)),
        (TenantId::Master, Caller::System),
        (shop("a1"), Caller::User(ADMIN)),
        (shop("a1"), Caller::User(OWNER)),
        (shop("nobody"), Caller::User(ADMIN)),
    ] {
        let answer = world.stock_as(&tenant, caller, "x", named("New"));
        assert_eq!(answer, Err(Denied.into()), "{tenant} {caller}");
    }
}

#[test]
fn authorisation_comes_before_the_memory_of_answers() {
    let command = command(&TenantId::Master, Caller::User(ADMIN), "x", named("New"));
    let (at, outcome) = (Timestamp::EPOCH, Outcome::Done);
    let machine = |admins: &[UserId]| {
        let admins = admins.iter().copied().collect();
        let loaded = LoadedStock {
            categories: Vec::new(),
            products: Vec::new(),
            items: Vec::new(),
            next_item: ItemId::new(1),
            answers: vec![Answered { key: command.key(), at, outcome: outcome.clone() }],
        };
        StockMachine::load(GENERATION, Access { admins }, Millis::from_hours(72), loaded)
    };
    let repeat = machine(&[ADMIN]).decide(&command, at).unwrap();
    assert_eq!((repeat.events, repeat.outcome), (Vec::new(), Outcome::Done));
    assert_eq!(machine(&[]).decide(&command, at), Err(Denied.into()), "dismissed since");
}

/// Adds `contents` to `to` in a world that `setup` prepared; expects these positions as duplicates.
fn check_duplicates(setup: fn(&mut World), to: u64, contents: &[u32], duplicates: &[u32]) {
    let mut world = World::trading();
    setup(&mut world);
    let items = contents.iter().copied().map(print).collect();
    let answer = world.stock(C::AddItems { product: ProductId::new(to), items });
    let report = ItemsReport {
        added: count(contents.len() - duplicates.len()),
        duplicates: duplicates.to_vec(),
    };
    assert_eq!(answer, Ok(Outcome::ItemsAdded(report)), "{contents:?}");
}

#[test]
fn the_same_content_is_not_put_up_for_sale_twice() {
    check_duplicates(|_| (), 1, &[50, 51], &[]);
    check_duplicates(|_| (), 1, &[0, 50, 4], &[0, 2]);
    check_duplicates(|_| (), 2, &[0, 50], &[0]);
    check_duplicates(|_| (), 1, &[50, 50, 51, 50], &[1, 3]);
    check_duplicates(|_| (), 1, &[0], &[0]);
    let held = |world: &mut World| hold(world, "q", 1).map(drop).unwrap();
    check_duplicates(held, 1, &[0, 4], &[0, 1]);
    let sold = |world: &mut World| {
        world.buy(&TenantId::Master, BUYER, "q", 1, 1);
    };
    check_duplicates(sold, 1, &[0, 50], &[0]);
    check_duplicates(sold, 2, &[0, 50], &[0]);
}

#[test]
fn every_refusal_of_a_price() {
    let hide = |world: &mut World| {
        world.stock(C::ListProduct { product: GOLD, listed: false }).unwrap();
    };
    let unpriced = |world: &mut World| {
        world.stock(product(KEYS, "New", None)).unwrap();
    };
    type Setup = fn(&mut World);
    let table: [(Setup, u64, u32, QuoteRejection); 7] = [
        (|_| (), 99, 1, QuoteRejection::NotForSale),
        (hide, 1, 1, QuoteRejection::NotForSale),
        (unpriced, 3, 1, QuoteRejection::NotForSale),
        (|_| (), 1, 0, QuoteRejection::Quantity { max: 500 }),
        (|_| (), 1, 501, QuoteRejection::Quantity { max: 500 }),
        (|_| (), 1, 6, QuoteRejection::Shortage { available: 5 }),
        (
            |world| hold(world, "q", 2).map(drop).unwrap(),
            1,
            4,
            QuoteRejection::Shortage { available: 3 },
        ),
    ];
    for (setup, product, quantity, refusal) in table {
        let mut world = World::trading();
        setup(&mut world);
        let answer = world.ask(&TenantId::Master, OWNER, "r", product, quantity);
        assert_eq!(answer, Err(refusal.into()), "{quantity} of {product}");
    }
}

/// The buyer asks for gold in the master's shop and holds it.
fn hold(world: &mut World, name: &str, quantity: u32) -> Result<HoldId, HoldRefusal> {
    world.ask(&TenantId::Master, BUYER, name, 1, quantity).unwrap();
    let event = world.stock.decide_hold(&quote(name), &TenantId::Master, BUYER)?;
    world.stock.apply(&event);
    let StockEvent::Held(hold) = event else { panic!("a hold was decided, not {event:?}") };
    Ok(hold.id)
}

#[test]
fn every_refusal_of_a_hold() {
    type Setup = fn(&mut World);
    let table: [(Setup, UserId, HoldRefusal); 6] = [
        (|_| (), OWNER, HoldRefusal::UnknownQuote),
        (
            |world| drop(world.ask(&TenantId::Master, BUYER, "later", 1, 1)),
            BUYER,
            HoldRefusal::UnknownQuote,
        ),
        (
            |world| {
                let event = world.stock.decide_hold(&quote("q"), &TenantId::Master, BUYER).unwrap();
                world.stock.apply(&event);
            },
            BUYER,
            HoldRefusal::HoldOpen,
        ),
        (
            |world| drop(world.stock(C::ListProduct { product: GOLD, listed: false })),
            BUYER,
            HoldRefusal::NotForSale,
        ),
        (
            |world| {
                world.buy(&shop("a1"), BUYER, "other", 1, 4);
            },
            BUYER,
            HoldRefusal::Shortage { available: 1 },
        ),
        (
            |world| {
                world.confirm(&TenantId::Master, BUYER, "q").unwrap();
            },
            BUYER,
            HoldRefusal::UnknownQuote,
        ),
    ];
    for (setup, user, refusal) in table {
        let mut world = World::trading();
        world.ask(&TenantId::Master, BUYER, "q", 1, 2).unwrap();
        setup(&mut world);
        let decided = world.stock.decide_hold(&quote("q"), &TenantId::Master, user);
        assert_eq!(decided, Err(refusal));
    }
    let other_shop = World::trading().stock.decide_hold(&quote("q"), &shop("a1"), BUYER);
    assert_eq!(other_shop, Err(HoldRefusal::UnknownQuote));
}

#[test]
fn a_released_item_is_back_in_its_old_place() {
    let mut world = World::trading();
    let first = hold(&mut world, "first", 2).unwrap();
    assert!(world.stock.has_holds_on(GOLD));
    world.buy(&shop("a1"), BUYER, "second", 1, 2);
    let sold = &world.documents.orders.values().next().unwrap().items;
    assert_eq!(sold, &[ItemId::new(3), ItemId::new(4)], "the oldest that nobody holds");
    let end = world.stock.decide_fate(GENERATION, first, HoldFate::Released).unwrap();
    world.stock.apply(&end);
    assert!(!world.stock.has_holds_on(GOLD));
    let left: Vec<u64> = world.stock.shelves()[&GOLD].keys().map(|item| item.number()).collect();
    assert_eq!(left, [1, 2, 5]);
    assert_eq!(world.violations(), []);
    world.buy(&shop("a1"), BUYER, "third", 1, 1);
    let order = &world.documents.orders.values().find(|o| o.items.len() == 1).unwrap().items;
    assert_eq!(order, &[ItemId::new(1)], "the oldest goes first again");
}

#[test]
fn only_the_own_generation_ends_a_hold_and_only_once() {
    let mut world = World::trading();
    let id = hold(&mut world, "q", 2).unwrap();
    for fate in [HoldFate::Sold, HoldFate::Released] {
        for generation in [0, GENERATION - 1, GENERATION + 1] {
            assert_eq!(world.stock.decide_fate(generation, id, fate), None);
        }
        assert_eq!(world.stock.decide_fate(GENERATION, id.next(), fate), None);
    }
    let end = world.stock.decide_fate(GENERATION, id, HoldFate::Released).unwrap();
    world.stock.apply(&end);
    assert_eq!(world.stock.decide_fate(GENERATION, id, HoldFate::Sold), None, "it has ended");
    assert_eq!(world.stock.available(GOLD), 5);
}

#[test]
fn a_hold_that_ends_leaves_a_newer_ask_alone() {
    let mut world = World::trading();
    let id = hold(&mut world, "old", 1).unwrap();
    world.ask(&TenantId::Master, BUYER, "new", 1, 1).unwrap();
    let end = world.stock.decide_fate(GENERATION, id, HoldFate::Released).unwrap();
    world.stock.apply(&end);
    assert_eq!(world.stock.ask(&quote("old")), None);
    assert!(world.stock.ask(&quote("new")).is_some());
    let refused = world.confirm(&TenantId::Master, BUYER, "old");
    assert_eq!(refused, Err(OrderRejection::QuoteGone.into()));
}

/// Ids may sort in any order: what is forgotten first is what was asked first.
#[test]
fn the_oldest_ask_is_forgotten_first_whatever_its_id() {
    let world = World::trading();
    let mut stock = world.stock;
    let total = u32::try_from(ASKS_MAX).unwrap() + 1;
    let ask = |n: u32| Ask {
        quote: quote(&format!("{:06}", total - n)),
        tenant: TenantId::Master,
        user: UserId::new(i64::from(n) + 1_000),
        product: GOLD,
        quantity: 1,
    };
    for n in 0..total {
        stock.apply(&StockEvent::Asked(ask(n)));
    }
    assert_eq!(stock.ask(&ask(0).quote), None);
    for kept in [1, total - 1] {
        assert_eq!(stock.ask(&ask(kept).quote), Some(&ask(kept)));
        let held = stock.decide_hold(&ask(kept).quote, &TenantId::Master, ask(kept).user);
        assert!(held.is_ok(), "{held:?}");
    }
}
