//! Lists: newest first, filtered, cut into pages, also while somebody writes.

use super::{Disk, PRODUCT, World, on_every_store};
use crate::kit::{CUSTOMER, OWNER, agent, agents_shop};
use shopfleet::domain::command::{Caller, CommandKey};
use shopfleet::domain::id::{AgentId, OrderId, TenantId, UserId, WithdrawalId};
use shopfleet::domain::ledger::LedgerCommand;
use shopfleet::domain::money::Money;
use shopfleet::domain::set_aside::SetAside;
use shopfleet::domain::time::Millis;
use shopfleet::domain::withdrawal::WithdrawalState;
use shopfleet::store::batch::Record;
use shopfleet::store::query::{AgentBalances, OrderQuery, WithdrawalQuery};

on_every_store!(
    orders_are_listed_by_every_filter,
    withdrawals_and_balances_of_an_agent,
    what_was_given_up_is_one_list,
    a_page_is_whole_while_batches_are_written,
);

const OTHER: UserId = UserId::new(101);

/// Buys one item for each of these, one batch each; answers the orders, oldest first.
async fn buy_all(world: &mut World, buyers: &[(TenantId, UserId)]) -> Vec<OrderId> {
    let mut orders = Vec::new();
    for (tenant, user) in buyers {
        let (order, bought) = world.kit.buy(tenant, *user, PRODUCT, 1).expect("buys");
        world.write(vec![bought], Vec::new()).await;
        orders.push(order);
    }
    orders
}

async fn orders_are_listed_by_every_filter(disk: Disk) {
    let mut world = World::with_shop(disk, 10).await;
    let credit = world.kit.credit(&agents_shop(), OTHER, 100);
    world.write(vec![credit], Vec::new()).await;
    let (master, agents) = (TenantId::Master, agents_shop());
    let buyers = [(&master, CUSTOMER), (&agents, CUSTOMER), (&agents, OTHER), (&agents, CUSTOMER)]
        .map(|(tenant, user)| (tenant.clone(), user));
    let orders = buy_all(&mut world, &buyers).await;
    let delivered = [world.kit.deliver(&orders[0]), world.kit.deliver(&orders[3])];
    world.write(delivered.into(), Vec::new()).await;

    let all = OrderQuery { limit: 10, ..OrderQuery::default() };
    let of = |tenant: &TenantId| OrderQuery { tenant: Some(tenant.clone()), ..all.clone() };
    let cases: [(OrderQuery, &[usize], u64); 10] = [
        (all.clone(), &[3, 2, 1, 0], 4),
        (of(&agents), &[3, 2, 1], 3),
        (of(&master), &[0], 1),
        (OrderQuery { user: Some(CUSTOMER), ..all.clone() }, &[3, 1, 0], 3),
        (OrderQuery { user: Some(CUSTOMER), ..of(&agents) }, &[3, 1], 2),
        (OrderQuery { user: Some(OTHER), ..of(&master) }, &[], 0),
        (OrderQuery { undelivered: true, ..all.clone() }, &[2, 1], 2),
        (OrderQuery { undelivered: true, user: Some(OTHER), ..of(&agents) }, &[2], 1),
        (OrderQuery { skip: 1, limit: 2, ..all.clone() }, &[2, 1], 4),
        (OrderQuery { skip: 9, limit: 0, ..all.clone() }, &[], 4),
    ];
    for (query, expected, total) in cases {
        let page = world.store.orders(query.clone()).await.expect("reads");
        let expected: Vec<_> = expected
            .iter()
            .map(|which| world.kit.chronicle.orders[&orders[*which]].clone())
            .collect();
        assert_eq!((page.rows, page.total), (expected, total), "{query:?}");
    }
    let one = world.store.order(orders[1].clone()).await;
    assert_eq!(one, Ok(world.kit.chronicle.orders.get(&orders[1]).cloned()));
    let none = OrderId::from_body("nobodys").expect("a valid id");
    assert_eq!(world.store.order(none).await, Ok(None));
    let left = world.store.balance(agents_shop(), OTHER).await;
    assert_eq!(left, Ok(Money::whole(89)));
    assert_eq!(world.store.balance(TenantId::Master, OTHER).await, Ok(Money::ZERO));
}

async fn withdrawals_and_balances_of_an_agent(disk: Disk) {
    let mut world = World::with_shop(disk, 60).await;
    let (_, bought) = world.kit.buy(&agents_shop(), CUSTOMER, PRODUCT, 50).expect("buys");
    let matured = world.kit.mature(10);
    let (_, pending) = world.kit.buy(&agents_shop(), CUSTOMER, PRODUCT, 3).expect("buys");
    let mut entries = vec![bought, matured, pending];
    entries.extend([10, 12, 14].map(|usdt| world.kit.withdraw(OWNER, usdt).expect("enough")));
    let [first, second, third] = [1, 2, 3].map(WithdrawalId::new);
    entries.push(world.kit.approve(second).expect("open"));
    entries.push(world.kit.pay(second, "0123456789").expect("approved"));
    entries.push(world.kit.reject(third).expect("open"));
    world.write(entries, Vec::new()).await;

    let [ten, twelve] = [10, 12].map(Money::whole);
    let balances = AgentBalances {
        pending: Money::whole(3),
        available: Money::whole(28),
        held: ten,
        paid: twelve,
    };
    assert_eq!(world.store.agent_balances(agent()).await, Ok(balances));
    let nobody: AgentId = "nobody".parse().expect("a valid id");
    let nothing = world.store.agent_balances(nobody.clone()).await;
    assert_eq!(nothing, Ok(AgentBalances::default()));

    let all = WithdrawalQuery { limit: 10, ..WithdrawalQuery::default() };
    let of = |agent: &AgentId| WithdrawalQuery { agent: Some(agent.clone()), ..all.clone() };
    let paid = Some(WithdrawalState::Paid);
    let cases: [(WithdrawalQuery, &[WithdrawalId], u64); 5] = [
        (of(&agent()), &[third, second, first], 3),
        (of(&nobody), &[], 0),
        (WithdrawalQuery { state: paid, ..all.clone() }, &[second], 1),
        (WithdrawalQuery { state: paid, ..of(&agent()) }, &[second], 1),
        (WithdrawalQuery { skip: 1, limit: 1, ..all.clone() }, &[second], 3),
    ];
    for (query, expected, total) in cases {
        let page = world.store.withdrawals(query.clone()).await.expect("reads");
        let expected: Vec<_> =
            expected.iter().map(|id| world.kit.chronicle.withdrawals[id].clone()).collect();
        assert_eq!((page.rows, page.total), (expected, total), "{query:?}");
    }
    let one = world.store.withdrawal(first).await;
    assert_eq!(one, Ok(world.kit.chronicle.withdrawals.get(&first).cloned()));
    assert_eq!(world.store.withdrawal(WithdrawalId::new(u64::MAX)).await, Ok(None));
}

async fn what_was_given_up_is_one_list(disk: Disk) {
    let mut world = World::with_shop(disk, 1).await;
    assert_eq!(world.store.set_aside(0, 9).await.map(|page| page.total), Ok(0));
    let key = CommandKey {
        tenant: agents_shop(),
        caller: Caller::User(CUSTOMER),
        id: "u:7:8".parse().expect("a valid id"),
    };
    let what = "place_order".to_owned();
    let quarantine = LedgerCommand::Quarantine { key: key.clone(), what: what.clone() };
    let entry = world.kit.by_fleet(quarantine);
    let now = world.kit.now;
    let (bot, reason) = (UserId::new(10), "panicked twice".to_owned());
    let letter = |update, at| Record::DeadLetter { bot, update, reason: reason.clone(), at };
    let [before, after] = [now - Millis::from_ms(5), now + Millis::from_ms(5)];
    world.write(vec![entry], vec![letter(3, after), letter(4, before)]).await;

    let row = |update, at| SetAside::Update { bot, update, reason: reason.clone(), at };
    let all = [row(3, after), SetAside::Command { key, what, at: now }, row(4, before)];
    for (skip, limit, rows) in
        [(0, 9, &all[..]), (1, 1, &all[1..2]), (2, 5, &all[2..]), (3, 5, &[])]
    {
        let page = world.store.set_aside(skip, limit).await.expect("reads");
        assert_eq!((&page.rows[..], page.total), (rows, 3), "{skip} {limit}");
    }
}

async fn a_page_is_whole_while_batches_are_written(disk: Disk) {
    const ORDERS: usize = 60;
    let mut world = World::with_shop(disk, ORDERS).await;
    let store = world.store.clone();
    let reader = tokio::spawn(async move {
        let mut seen = 0;
        let query = OrderQuery { limit: 500, ..OrderQuery::default() };
        while seen < ORDERS as u64 {
            let page = store.orders(query.clone()).await.expect("reads");
            assert_eq!(page.rows.len() as u64, page.total, "rows and total are of one moment");
            assert!(page.total >= seen, "what was there stays");
            seen = page.total;
            tokio::task::yield_now().await;
        }
    });
    let buyer = (TenantId::Master, CUSTOMER);
    for _ in 0..ORDERS {
        buy_all(&mut world, std::slice::from_ref(&buyer)).await;
        tokio::task::yield_now().await;
    }
    reader.await.expect("the reader saw all");
}
