//! Every kind of fact survives: one story that has them all, and random ones.

use super::{Disk, PRODUCT, World, on_every_store};
use crate::kit::{ADMIN, CUSTOMER, Kit, OWNER, agent, agents_shop, bot};
use proptest::prelude::*;
use shopfleet::domain::catalog::GoodsKind;
use shopfleet::domain::command::{Caller, CommandKey};
use shopfleet::domain::event::Event;
use shopfleet::domain::id::{CategoryId, OrderId, ProductId, TenantId, UserId, WithdrawalId};
use shopfleet::domain::ledger::{LedgerCommand, LedgerEvent};
use shopfleet::domain::money::Money;
use shopfleet::domain::order::AwaitCause;
use shopfleet::domain::pricing::Markup;
use shopfleet::domain::stock::{StockCommand, StockEvent};
use shopfleet::domain::tenant::TenantStatus;
use shopfleet::domain::time::Millis;
use shopfleet::store::batch::{BatchEntry, Record};
use shopfleet::store::journal::JournalRecord;
use std::collections::BTreeSet;

on_every_store!(every_kind_of_fact_round_trips);

type Step = (Vec<BatchEntry>, Vec<Record>);

/// A store with every kind of fact in it.
pub(super) async fn the_whole_story(disk: Disk) -> World {
    let mut world = World::with_shop(disk, 60).await;
    for step in [catalogue, shops, trade, withdrawals, odds_and_ends] {
        for (entries, records) in step(&mut world.kit) {
            world.write(entries, records).await;
        }
        world.check().await;
    }
    world
}

async fn every_kind_of_fact_round_trips(disk: Disk) {
    let world = the_whole_story(disk).await;
    let journal = world.store.journal(0, u32::MAX).await.expect("reads");
    let mut kinds = BTreeSet::new();
    for stored in &journal {
        let record: JournalRecord = serde_json::from_slice(&stored.bytes).expect("a record");
        kinds.extend(record.entries.iter().flat_map(|entry| &entry.events).filter_map(kind));
    }
    assert_eq!(kinds.len(), DURABLE_KINDS, "the story lacks a kind of fact: {kinds:?}");
    world.reopened().await.check().await;
}

fn catalogue(kit: &mut Kit) -> Vec<Step> {
    let (category, product) = (CategoryId::new(1), ProductId::new(2));
    let file = StockCommand::CreateProduct {
        category,
        name: "File".to_owned(),
        kind: GoodsKind::File,
        price: None,
    };
    let price = "0.000001".parse().expect("an amount");
    let commands = [
        file,
        StockCommand::RenameCategory { category, name: "Klíče <b>".to_owned() },
        StockCommand::RenameProduct { product, name: "文件".to_owned() },
        StockCommand::DescribeProduct { product, description: "two\nlines".to_owned() },
        StockCommand::PriceProduct { product, price },
        StockCommand::ListProduct { product, listed: false },
    ];
    commands.map(|command| (vec![kit.by_stockist(command)], Vec::new())).into()
}

fn shops(kit: &mut Kit) -> Vec<Step> {
    let second = "a-2_x".parse().expect("a valid id");
    let opened = kit.by_admin(LedgerCommand::CreateAgent {
        agent: second,
        name: "Second".to_owned(),
        bot: bot(12),
        code: kit_code(1),
    });
    let renew = LedgerCommand::RenewOwnerLink {
        agent: "a-2_x".parse().expect("a valid id"),
        code: kit_code(2),
    };
    let pause = LedgerCommand::SetStatus { agent: agent(), status: TenantStatus::Paused };
    let resume = LedgerCommand::SetStatus { agent: agent(), status: TenantStatus::Active };
    let markup = Markup::Fixed("2.5".parse().expect("an amount"));
    let price = LedgerCommand::SetPricing { agent: agent(), markup };
    let exchange = LedgerCommand::RegisterMaster { name: "Shop".to_owned(), bot: bot(20) };
    vec![
        (vec![opened], Vec::new()),
        (vec![kit.by_admin(renew), kit.by_admin(pause), kit.by_admin(resume)], Vec::new()),
        (vec![kit.by_admin(price), kit.by_fleet(exchange)], Vec::new()),
    ]
}

fn kit_code(number: u8) -> shopfleet::domain::sealed::Fingerprint {
    shopfleet::domain::sealed::Fingerprint::new([200 + number; 16])
}

fn trade(kit: &mut Kit) -> Vec<Step> {
    let mut steps = Vec::new();
    for (tenant, quantity) in [(TenantId::Master, 3), (agents_shop(), 20), (agents_shop(), 1)] {
        let (order, bought) = kit.buy(&tenant, CUSTOMER, PRODUCT, quantity).expect("buys");
        let cause = AwaitCause::Blocked;
        let waits = kit.by_fleet(LedgerCommand::AwaitCustomer { order: order.clone(), cause });
        // One order stays undelivered.
        let delivered = (quantity > 1).then(|| kit.deliver(&order));
        steps.push((vec![bought, waits], Vec::new()));
        steps.push((delivered.into_iter().collect(), Vec::new()));
    }
    steps.push((vec![kit.mature(1)], Vec::new()));
    steps
}

fn withdrawals(kit: &mut Kit) -> Vec<Step> {
    let ask = |kit: &mut Kit, usdt| kit.withdraw(OWNER, usdt).expect("enough has matured");
    let (first, second, third) = (WithdrawalId::new(1), WithdrawalId::new(2), WithdrawalId::new(3));
    let asked = vec![ask(kit, 10), ask(kit, 20), ask(kit, 20)];
    let rejected = kit.reject(first).expect("open");
    let approved = [kit.approve(second), kit.approve(third)].map(|e| e.expect("open")).into();
    let paid = kit.pay(second, "0123456789abcdef").expect("approved");
    // The third keeps the used up entry open until it is paid.
    let rest = vec![kit.mature(10), ask(kit, 10)];
    let one_by_one = [asked, vec![rejected], approved, vec![paid], rest];
    one_by_one.map(|entries| (entries, Vec::new())).into()
}

fn odds_and_ends(kit: &mut Kit) -> Vec<Step> {
    let key = CommandKey {
        tenant: agents_shop(),
        caller: Caller::User(ADMIN),
        id: "u:7:8".parse().expect("a valid id"),
    };
    let aside = |what: &str| LedgerCommand::Quarantine { key: key.clone(), what: what.to_owned() };
    let twice = vec![kit.by_fleet(aside("place_order")), kit.by_fleet(aside("credit"))];
    // After the span of ids everything before is forgotten by the machines and kept by the store.
    kit.wait(Millis::from_hours(100));
    let late = kit.credit(&TenantId::Master, CUSTOMER, 1);
    vec![(twice, Vec::new()), (vec![late], Vec::new())]
}

/// How many words [`kind`] has.
const DURABLE_KINDS: usize = 26;

/// The kind of a durable fact. A new kind does not compile before it is here and in the story.
fn kind(event: &Event) -> Option<&'static str> {
    match event {
        Event::Stock(fact) => stock_kind(fact),
        Event::Ledger(fact) => ledger_kind(fact),
    }
}

fn stock_kind(fact: &StockEvent) -> Option<&'static str> {
    Some(match fact {
        StockEvent::CategoryCreated { .. } => "category_created",
        StockEvent::CategoryRenamed { .. } => "category_renamed",
        StockEvent::ProductCreated(_) => "product_created",
        StockEvent::ProductRenamed { .. } => "product_renamed",
        StockEvent::ProductDescribed { .. } => "product_described",
        StockEvent::ProductPriced { .. } => "product_priced",
        StockEvent::ProductListed { .. } => "product_listed",
        StockEvent::ItemsAdded { .. } => "items_added",
        StockEvent::Sold { .. } => "sold",
        StockEvent::Answered(_) => "stock_answered",
        StockEvent::Asked(_)
        | StockEvent::Held(_)
        | StockEvent::Released { .. }
        | StockEvent::Settled { .. } => return None,
    })
}

fn ledger_kind(fact: &LedgerEvent) -> Option<&'static str> {
    Some(match fact {
        LedgerEvent::OrderPlaced(_) => "order_placed",
        LedgerEvent::DeliveryChanged { .. } => "delivery_changed",
        LedgerEvent::Moved { .. } => "moved",
        LedgerEvent::ProfitEarned(_) => "profit_earned",
        LedgerEvent::ProfitMatured { .. } => "profit_matured",
        LedgerEvent::EntriesAllocated { .. } => "entries_allocated",
        LedgerEvent::WithdrawalRequested(_) => "withdrawal_requested",
        LedgerEvent::WithdrawalMoved { .. } => "withdrawal_moved",
        LedgerEvent::TenantOpened(_) => "tenant_opened",
        LedgerEvent::StatusChanged { .. } => "status_changed",
        LedgerEvent::PricingChanged { .. } => "pricing_changed",
        LedgerEvent::OwnerLinkRenewed { .. } => "owner_link_renewed",
        LedgerEvent::OwnerClaimed { .. } => "owner_claimed",
        LedgerEvent::WalletChanged { .. } => "wallet_changed",
        LedgerEvent::Quarantined { .. } => "quarantined",
        LedgerEvent::Answered(_) => "ledger_answered",
        LedgerEvent::QuoteIssued(_) | LedgerEvent::QuoteVoided { .. } => return None,
    })
}

/// One thing somebody does in a random story. What is impossible then is simply refused.
#[derive(Clone, Debug)]
enum Act {
    AddLines(usize),
    Credit { agents: bool, user: i64, usdt: i64 },
    Buy { agents: bool, user: i64, quantity: u32 },
    Deliver(usize),
    Mature(u32),
    Withdraw(i64),
    Approve(u64),
    Reject(u64),
    Pay(u64, u8),
    Markup(u32),
    Pause(bool),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => (1_usize..5).prop_map(Act::AddLines),
        2 => (any::<bool>(), 100_i64..103, 1_i64..60)
            .prop_map(|(agents, user, usdt)| Act::Credit { agents, user, usdt }),
        6 => (any::<bool>(), 100_i64..103, 1_u32..4)
            .prop_map(|(agents, user, quantity)| Act::Buy { agents, user, quantity }),
        3 => (0_usize..20).prop_map(Act::Deliver),
        2 => (1_u32..4).prop_map(Act::Mature),
        3 => (10_i64..30).prop_map(Act::Withdraw),
        2 => (1_u64..6).prop_map(Act::Approve),
        1 => (1_u64..6).prop_map(Act::Reject),
        2 => (1_u64..6, 0_u8..3).prop_map(|(id, txid)| Act::Pay(id, txid)),
        1 => (0_u32..1000).prop_map(Act::Markup),
        1 => any::<bool>().prop_map(Act::Pause),
    ]
}

/// Does it; answers what is to be written, nothing when it was refused or changed nothing.
fn perform(kit: &mut Kit, orders: &mut Vec<OrderId>, act: &Act) -> Option<Step> {
    let shop = |agents: bool| if agents { agents_shop() } else { TenantId::Master };
    let mut records = Vec::new();
    let entry = match *act {
        Act::AddLines(count) => {
            let (entry, goods) = kit.add_lines(PRODUCT, count);
            records = goods;
            Some(entry)
        }
        Act::Credit { agents, user, usdt } => {
            Some(kit.credit(&shop(agents), UserId::new(user), usdt))
        }
        Act::Buy { agents, user, quantity } => {
            let bought = kit.buy(&shop(agents), UserId::new(user), PRODUCT, quantity).ok();
            bought.map(|(order, entry)| {
                orders.push(order);
                entry
            })
        }
        Act::Deliver(which) => {
            let order = orders.get(which).cloned();
            order.map(|order| kit.deliver(&order))
        }
        Act::Mature(limit) => Some(kit.mature(limit)),
        Act::Withdraw(usdt) => kit.withdraw(OWNER, usdt).ok(),
        Act::Approve(id) => kit.approve(WithdrawalId::new(id)).ok(),
        Act::Reject(id) => kit.reject(WithdrawalId::new(id)).ok(),
        Act::Pay(id, txid) => kit.pay(WithdrawalId::new(id), &format!("transaction{txid}")).ok(),
        Act::Markup(percent) => {
            let markup = Markup::Percent(percent.into());
            Some(kit.by_admin(LedgerCommand::SetPricing { agent: agent(), markup }))
        }
        Act::Pause(pause) => {
            let status = if pause { TenantStatus::Paused } else { TenantStatus::Active };
            Some(kit.by_admin(LedgerCommand::SetStatus { agent: agent(), status }))
        }
    };
    entry.filter(|entry| !entry.events.is_empty()).map(|entry| (vec![entry], records))
}

/// Writes a random story in batches of these sizes and compares after each.
fn check_story(disk: Disk, acts: &[Act], sizes: &[usize]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut world = World::with_shop(disk, 20).await;
        let mut orders = Vec::new();
        let (mut acts, mut sizes) = (acts.iter(), sizes.iter().cycle());
        while acts.len() > 0 {
            let size = sizes.next().copied().unwrap_or(1);
            let steps: Vec<Step> = acts
                .by_ref()
                .take(size)
                .filter_map(|act| perform(&mut world.kit, &mut orders, act))
                .collect();
            let (entries, records): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
            world.write(entries.concat(), records.concat()).await;
            world.check().await;
        }
        let sum = world.kit.ledger.book().sum();
        assert_eq!(Money::from_decimal(sum), Ok(Money::ZERO), "money is conserved");
        world.reopened().await.check().await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_random_story_reloads_as_it_was_decided(
        acts in prop::collection::vec(act(), 10..80),
        sizes in prop::collection::vec(1_usize..12, 1..6),
    ) {
        check_story(Disk::memory(), &acts, &sizes);
        check_story(Disk::sqlite(), &acts, &sizes);
    }
}

proptest! {
    // A database takes a moment to make.
    #![proptest_config(ProptestConfig { cases: 5, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_random_story_reloads_from_mongodb_as_it_was_decided(
        acts in prop::collection::vec(act(), 10..60),
        sizes in prop::collection::vec(1_usize..12, 1..6),
    ) {
        check_story(Disk::mongo(), &acts, &sizes);
    }
}
