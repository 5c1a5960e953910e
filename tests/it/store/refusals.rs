//! Batches that contradict the store: refused for good, and nothing of them is left.
//!
//! The machines never decide such facts; the store is the last line when one of them is wrong.

use super::{Disk, PRODUCT, World, on_every_store};
use crate::kit::{CUSTOMER, OWNER, agent, agents_shop, bot, sealed};
use shopfleet::domain::catalog::{Category, Product};
use shopfleet::domain::chronicle::Chronicle;
use shopfleet::domain::event::Event;
use shopfleet::domain::id::{
    AgentId, CategoryId, EntryId, HoldId, ItemId, OrderId, ProductId, TenantId, UserId,
    WithdrawalId,
};
use shopfleet::domain::ledger::{Account, Cause, Entry, LedgerEvent, Transfer};
use shopfleet::domain::money::Money;
use shopfleet::domain::order::Delivery;
use shopfleet::domain::outcome::Allocation;
use shopfleet::domain::sealed::{Fingerprint, Sealed};
use shopfleet::domain::stock::StockEvent;
use shopfleet::domain::tenant::{Tenant, TenantStatus};
use shopfleet::domain::time::Timestamp;
use shopfleet::domain::withdrawal::{Withdrawal, WithdrawalStatus};
use shopfleet::store::CommitError;
use shopfleet::store::batch::{BatchEntry, Record};

on_every_store!(a_contradiction_is_refused_and_leaves_nothing, records_of_nothing_are_refused);

/// The transaction that paid the first withdrawal.
const TXID: &str = "transaction-1";

/// A store where every table has something to contradict: the first order is delivered, the second
/// is not; the first entry has matured and is partly consumed, the second is pending; the first
/// withdrawal is paid, the second is open.
async fn busy_world(disk: Disk) -> World {
    let mut world = World::with_shop(disk, 40).await;
    let kit = &mut world.kit;
    let (first, bought) = kit.buy(&agents_shop(), CUSTOMER, PRODUCT, 30).expect("buys");
    let mut entries = vec![bought, kit.deliver(&first), kit.mature(10)];
    entries.push(kit.withdraw(OWNER, 10).expect("enough"));
    entries.push(kit.approve(WithdrawalId::new(1)).expect("open"));
    entries.push(kit.pay(WithdrawalId::new(1), TXID).expect("approved"));
    entries.push(kit.withdraw(OWNER, 10).expect("enough"));
    entries.push(kit.buy(&agents_shop(), CUSTOMER, PRODUCT, 1).expect("buys").1);
    world.write(entries, Vec::new()).await;
    world
}

type Case = (&'static str, Vec<Event>);

async fn a_contradiction_is_refused_and_leaves_nothing(disk: Disk) {
    let mut world = busy_world(disk).await;
    let known = world.kit.chronicle.clone();
    let cases = [goods(&known), orders(&known), money(), profit(&known), withdrawals(&known)];
    let shops = [shops(&known), catalogue(&known)];
    for (name, mut events) in cases.into_iter().chain(shops).flatten() {
        // In order by itself, before the contradiction: it must not be left either.
        events.insert(0, moved(Account::Adjustments, customer(), Money::whole(1)));
        refuse(&mut world, name, events, Vec::new()).await;
    }
    world.check().await;
    let credit = world.kit.credit(&TenantId::Master, CUSTOMER, 1);
    world.write(vec![credit], Vec::new()).await;
    world.check().await;
}

async fn records_of_nothing_are_refused(disk: Disk) {
    let mut world = busy_world(disk).await;
    let [content, other] = [(); 2].map(|()| world.kit.draw_content());
    let goods = |content| Record::Goods { content, sealed: sealed(&content) };
    let tenant = TenantId::Agent("nobody".parse().expect("a valid id"));
    let token = Record::Token { tenant, sealed: Sealed::from_text("v1.k.x") };
    let item = ItemId::new(1_000);
    let added =
        || vec![stock(StockEvent::ItemsAdded { product: PRODUCT, items: vec![(item, content)] })];
    for (name, events, records) in [
        ("goods without an item", Vec::new(), vec![goods(content)]),
        ("goods of another item", added(), vec![goods(other)]),
        ("goods twice", added(), vec![goods(content), goods(content)]),
        ("an item without goods", added(), Vec::new()),
        ("a token of no shop", Vec::new(), vec![token]),
    ] {
        refuse(&mut world, name, events, records).await;
    }
    world.check().await;
    world.store.put_blob(content, sealed(&content), world.kit.now).await.expect("writes");
    let entries = as_entries(&mut world, added());
    world.write(entries, Vec::new()).await;
}

async fn refuse(world: &mut World, name: &str, events: Vec<Event>, records: Vec<Record>) {
    let before = world.store.chronicle().await;
    let entries = as_entries(world, events);
    let refused = world.try_write(entries, records).await;
    assert!(matches!(refused, Err(CommitError::Definite(_))), "{name}: {refused:?}");
    assert_eq!(world.store.chronicle().await, before, "{name}");
    let seq = world.head.seq;
    assert_eq!(world.store.journal(seq, 1).await, Ok(Vec::new()), "{name}");
}

/// Facts as if some command had led to them.
fn as_entries(world: &mut World, events: Vec<Event>) -> Vec<BatchEntry> {
    let command = world.kit.ledger_probe();
    vec![BatchEntry { command, events }]
}

fn stock(event: StockEvent) -> Event {
    Event::Stock(event)
}

fn ledger(event: LedgerEvent) -> Event {
    Event::Ledger(event)
}

fn customer() -> Account {
    Account::Customer(agents_shop(), CUSTOMER)
}

fn moved(from: Account, to: Account, amount: Money) -> Event {
    let transfer = Transfer { from, to, amount };
    ledger(LedgerEvent::Moved { transfer, cause: Cause::Maturity, at: Timestamp::from_ms(1) })
}

fn ghost() -> OrderId {
    OrderId::from_body("ghost").expect("a valid id")
}

fn goods(known: &Chronicle) -> Vec<Case> {
    let sold = |product, items: &[u64], order: &OrderId| {
        let items = items.iter().copied().map(ItemId::new).collect();
        vec![stock(StockEvent::Sold { product, items, order: order.clone() })]
    };
    let added = |product, items: &[(u64, Fingerprint)]| {
        let items = items.iter().map(|(id, content)| (ItemId::new(*id), *content)).collect();
        vec![stock(StockEvent::ItemsAdded { product, items })]
    };
    let order = known.orders.keys().next().expect("there are orders");
    let shelved = known.items[&ItemId::new(40)].content;
    let fresh = Fingerprint::new([9; 16]);
    vec![
        ("an item is sold again", sold(PRODUCT, &[1], order)),
        ("an item is sold twice at once", sold(PRODUCT, &[40, 40], order)),
        ("an item is sold as another product", sold(ProductId::new(2), &[40], order)),
        ("an unknown item is sold", sold(PRODUCT, &[999], order)),
        ("an item is sold to no order", sold(PRODUCT, &[40], &ghost())),
        ("an item id is used again", added(PRODUCT, &[(1, fresh)])),
        ("a content is shelved again", added(PRODUCT, &[(99, shelved)])),
        ("a content is shelved twice at once", added(PRODUCT, &[(98, fresh), (99, fresh)])),
        ("an item of no product", added(ProductId::new(9), &[(99, fresh)])),
        ("a fact of memory only", vec![stock(StockEvent::Released { hold: HoldId::new(1) })]),
    ]
}

fn orders(known: &Chronicle) -> Vec<Case> {
    let (done, waits): (Vec<_>, Vec<_>) =
        known.orders.values().partition(|order| order.delivery.is_done());
    let delivered = |order: &OrderId| {
        let delivery = Delivery::Delivered { at: Timestamp::from_ms(1) };
        ledger(LedgerEvent::DeliveryChanged { order: order.clone(), delivery })
    };
    let answered = known.answers.values().next().expect("there are answers").clone();
    vec![
        (
            "an order is placed again",
            vec![ledger(LedgerEvent::OrderPlaced(Box::new(waits[0].clone())))],
        ),
        ("an unknown order arrives", vec![delivered(&ghost())]),
        ("an order arrives again", vec![delivered(&done[0].id)]),
        ("an order arrives twice at once", vec![delivered(&waits[0].id), delivered(&waits[0].id)]),
        ("a command is answered again", vec![ledger(LedgerEvent::Answered(answered))]),
    ]
}

fn money() -> Vec<Case> {
    let much = Money::whole(10_000);
    let nobody = Account::Customer(TenantId::Master, UserId::new(999));
    let out = |from| moved(from, Account::Revenue, much);
    vec![
        ("a customer goes below zero", vec![out(customer())]),
        (
            "a customer goes below zero on the way",
            vec![out(customer()), moved(Account::Revenue, customer(), much)],
        ),
        ("a stranger goes below zero", vec![out(nobody.clone())]),
        (
            "a stranger goes below zero on the way",
            vec![out(nobody.clone()), moved(Account::Revenue, nobody, much)],
        ),
        ("held profit goes below zero", vec![out(Account::AgentHeld(agent()))]),
        ("pending profit goes below zero", vec![out(Account::AgentPending(agent()))]),
        ("nothing is moved", vec![moved(Account::Adjustments, customer(), Money::ZERO)]),
        (
            "less than nothing is moved",
            vec![moved(Account::Adjustments, customer(), Money::whole(-1))],
        ),
        (
            "a balance leaves the range",
            vec![moved(Account::Adjustments, customer(), Money::whole(Money::LIMIT))],
        ),
    ]
}

fn profit(known: &Chronicle) -> Vec<Case> {
    let [first, second, unknown] = [1, 2, 99].map(EntryId::new);
    let entry = known.entries[&first].clone();
    let earned = |entry: Entry| vec![ledger(LedgerEvent::ProfitEarned(entry))];
    let matured = |entries: &[EntryId]| {
        let (entries, at) = (entries.to_vec(), Timestamp::from_ms(1));
        vec![ledger(LedgerEvent::ProfitMatured { entries, at })]
    };
    let shares = |agent: &AgentId, entry, usdt: &[i64], taken| {
        let share = |usdt: &i64| Allocation { entry, amount: Money::whole(*usdt) };
        let allocations = usdt.iter().map(share).collect();
        let (agent, withdrawal) = (agent.clone(), WithdrawalId::new(2));
        vec![ledger(LedgerEvent::EntriesAllocated { agent, withdrawal, allocations, taken })]
    };
    let other: AgentId = "other".parse().expect("a valid id");
    let overdrawn = Entry { id: unknown, remaining: Money::whole(31), ..entry.clone() };
    vec![
        ("an entry id is used again", earned(entry.clone())),
        ("profit of no order", earned(Entry { id: unknown, order: ghost(), ..entry })),
        ("more remains than was earned", earned(overdrawn)),
        ("an entry matures again", matured(&[first])),
        ("an entry matures twice at once", matured(&[second, second])),
        ("an unknown entry matures", matured(&[unknown])),
        ("more is taken than remains", shares(&agent(), first, &[11], true)),
        ("more is taken twice at once than remains", shares(&agent(), first, &[6, 6], true)),
        ("more is given back than was earned", shares(&agent(), first, &[21], false)),
        ("pending profit is taken", shares(&agent(), second, &[1], true)),
        ("another's profit is taken", shares(&other, first, &[1], true)),
        ("unknown profit is taken", shares(&agent(), unknown, &[1], true)),
    ]
}

fn withdrawals(known: &Chronicle) -> Vec<Case> {
    let [paid, open, unknown] = [1, 2, 99].map(WithdrawalId::new);
    let asked = known.withdrawals[&open].clone();
    let requested =
        |withdrawal| vec![ledger(LedgerEvent::WithdrawalRequested(Box::new(withdrawal)))];
    let (by, at) = (UserId::new(1), Timestamp::from_ms(1));
    let status = |txid: &str| WithdrawalStatus::Paid { by, at, txid: txid.parse().expect("valid") };
    let pay = |withdrawal, txid| {
        vec![ledger(LedgerEvent::WithdrawalMoved { withdrawal, status: status(txid) })]
    };
    let short = Withdrawal { id: unknown, net: Money::whole(1), ..asked.clone() };
    vec![
        ("a withdrawal id is used again", requested(asked)),
        ("a withdrawal does not add up", requested(short)),
        ("a withdrawal is paid again", pay(paid, "transaction-2")),
        ("a withdrawal is paid by another's transaction", pay(open, TXID)),
        ("an unknown withdrawal is paid", pay(unknown, "transaction-2")),
    ]
}

fn shops(known: &Chronicle) -> Vec<Case> {
    let master = known.tenants[&TenantId::Master].clone();
    let tenant = TenantId::Agent("other".parse().expect("a valid id"));
    let twin = Tenant { id: tenant.clone(), ..master.clone() };
    let exchanged = Tenant { bot: bot(11), ..master };
    let status = TenantStatus::Paused;
    vec![
        ("a shop with another's bot", vec![ledger(LedgerEvent::TenantOpened(Box::new(twin)))]),
        (
            "a shop takes another's bot",
            vec![ledger(LedgerEvent::TenantOpened(Box::new(exchanged)))],
        ),
        ("no shop is paused", vec![ledger(LedgerEvent::StatusChanged { tenant, status })]),
    ]
}

fn catalogue(known: &Chronicle) -> Vec<Case> {
    let Category { id, name } = known.catalog.categories[&CategoryId::new(1)].clone();
    let product = known.catalog.products[&PRODUCT].clone();
    let (nowhere, nothing) = (CategoryId::new(9), ProductId::new(9));
    let stray = Product { id: nothing, category: nowhere, ..product.clone() };
    let price = Money::whole(1);
    vec![
        (
            "a category id is used again",
            vec![stock(StockEvent::CategoryCreated { category: id, name: name.clone() })],
        ),
        (
            "no category is renamed",
            vec![stock(StockEvent::CategoryRenamed { category: nowhere, name })],
        ),
        ("a product id is used again", vec![stock(StockEvent::ProductCreated(product))]),
        ("a product of no category", vec![stock(StockEvent::ProductCreated(stray))]),
        (
            "no product is priced",
            vec![stock(StockEvent::ProductPriced { product: nothing, price })],
        ),
    ]
}
