//! Random business: whatever people do in whatever order, every law holds after every command, and
//! the journal tells the same story again.

use super::world::*;
use crate::domain::command::Caller;
use crate::domain::event::{CoreCommand, Event};
use crate::domain::id::{ProductId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::money::Money;
use crate::domain::order::AwaitCause;
use crate::domain::pricing::Markup;
use crate::domain::stock::{HoldFate, StockCommand};
use crate::domain::tenant::TenantStatus;
use crate::domain::time::Millis;
use crate::domain::view::View;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Something that somebody tries; most of it is refused most of the time.
#[derive(Clone, Debug)]
enum Step {
    Credit(u8, u8, i64),
    Upload(u8, u32, u32),
    Ask(u8, u8, u8, u32),
    Confirm(u8, u8),
    Buy(u8, u8, u8, u32),
    ConfirmAnothers(u8, u8, u8),
    LoseHold(u8, u8),
    Price(u8, u32),
    List(u8, bool),
    Markup(u8, u32),
    Sell(u8, bool),
    Claim(u8, u8),
    Wallet(u8),
    Withdraw(u8, i64),
    Approve(u64),
    Reject(u64),
    Pay(u64, u8),
    Deliver(usize),
    Await(usize),
    Mature(u32),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || (0_u8..3, 0_u8..3);
    prop_oneof![
        2 => (who(), 1_i64..200_000_000).prop_map(|((s, u), m)| Step::Credit(s, u, m)),
        2 => (0_u8..3, 0_u32..60, 1_u32..6).prop_map(|(p, c, n)| Step::Upload(p, c, n)),
        4 => (who(), 0_u8..3, 0_u32..5).prop_map(|((s, u), p, n)| Step::Ask(s, u, p, n)),
        6 => (who(), 0_u8..3, 1_u32..4).prop_map(|((s, u), p, n)| Step::Buy(s, u, p, n)),
        4 => who().prop_map(|(s, u)| Step::Confirm(s, u)),
        1 => (who(), 0_u8..3).prop_map(|((s, u), v)| Step::ConfirmAnothers(s, u, v)),
        1 => who().prop_map(|(s, u)| Step::LoseHold(s, u)),
        1 => (0_u8..3, 0_u32..20_000_000).prop_map(|(p, m)| Step::Price(p, m)),
        1 => (0_u8..3, prop::bool::weighted(0.8)).prop_map(|(p, l)| Step::List(p, l)),
        1 => (0_u8..3, 0_u32..1_100_000).prop_map(|(s, m)| Step::Markup(s, m)),
        1 => (0_u8..3, prop::bool::weighted(0.8)).prop_map(|(s, l)| Step::Sell(s, l)),
        1 => who().prop_map(|(s, u)| Step::Claim(s, u)),
        1 => (0_u8..3).prop_map(Step::Wallet),
        3 => (0_u8..3, 0_i64..40_000_000).prop_map(|(s, m)| Step::Withdraw(s, m)),
        3 => (1_u64..5).prop_map(Step::Approve),
        1 => (1_u64..6).prop_map(Step::Reject),
        4 => (1_u64..5, 0_u8..6).prop_map(|(w, t)| Step::Pay(w, t)),
        2 => (0_usize..8).prop_map(Step::Deliver),
        1 => (0_usize..8).prop_map(Step::Await),
        2 => (0_u32..4).prop_map(Step::Mature),
        3 => (0_i64..60).prop_map(Step::Pass),
    ]
}

fn tenant(shop_number: u8) -> TenantId {
    if shop_number == 0 { TenantId::Master } else { shop(&format!("a{shop_number}")) }
}

fn customer(number: u8) -> UserId {
    UserId::new(7 + i64::from(number))
}

/// The quotes drawn so far make the next one's name, and what each customer was promised last.
#[derive(Default)]
struct Promises {
    drawn: u32,
    last: std::collections::BTreeMap<(u8, u8), String>,
}

impl Promises {
    fn last(&self, shop: u8, user: u8) -> String {
        self.last.get(&(shop, user)).cloned().unwrap_or_else(|| "none".to_owned())
    }
}

/// Refusals are answers like any other: what must hold is asserted by the world.
fn take(world: &mut World, promises: &mut Promises, step: &Step) {
    match *step {
        Step::Ask(s, u, p, n) | Step::Buy(s, u, p, n) => {
            promises.drawn += 1;
            let name = format!("q{}", promises.drawn);
            let _ = world.ask(&tenant(s), customer(u), &name, u64::from(p) + 1, n);
            promises.last.insert((s, u), name.clone());
            if matches!(step, Step::Buy(..)) {
                let _ = world.confirm(&tenant(s), customer(u), &name);
            }
        }
        Step::Confirm(s, u) => {
            let name = promises.last(s, u);
            let _ = world.confirm(&tenant(s), customer(u), &name);
        }
        Step::ConfirmAnothers(s, u, v) => {
            let name = promises.last(s, v);
            let _ = world.confirm_as(&format!("x{u}:{name}"), &tenant(s), customer(u), &name);
        }
        Step::LoseHold(s, u) => {
            let asked = quote(&promises.last(s, u));
            if let Ok(event) = world.stock.decide_hold(&asked, &tenant(s), customer(u)) {
                world.stock.apply(&event);
                let hold = world.stock.holds().last().unwrap().id;
                let stale = world.stock.decide_fate(GENERATION - 1, hold, HoldFate::Sold);
                assert_eq!(stale, None, "another generation's fate");
                let end = world.stock.decide_fate(GENERATION, hold, HoldFate::Released).unwrap();
                world.stock.apply(&end);
            }
        }
        Step::Upload(p, first, n) => {
            let _ = world.stock(add(ProductId::new(u64::from(p) + 1), first..first + n));
        }
        Step::Price(p, micros) => {
            let (product, price) = (ProductId::new(u64::from(p) + 1), money(micros.into()));
            let _ = world.stock(StockCommand::PriceProduct { product, price });
        }
        Step::List(p, listed) => {
            let product = ProductId::new(u64::from(p) + 1);
            let _ = world.stock(StockCommand::ListProduct { product, listed });
        }
        Step::Pass(hours) => world.pass(Millis::from_ms(hours * 3_600_000 / 4 + 1)),
        Step::Deliver(n) => {
            if let Some(order) = world.documents.orders.keys().nth(n).cloned() {
                let _ = world.fleet(LedgerCommand::MarkDelivered { order });
            }
        }
        Step::Await(n) => {
            if let Some(order) = world.documents.orders.keys().nth(n).cloned() {
                let cause = AwaitCause::Blocked;
                let _ = world.fleet(LedgerCommand::AwaitCustomer { order, cause });
            }
        }
        Step::Mature(limit) => {
            let _ = world.fleet(LedgerCommand::MatureDue { limit });
        }
        Step::Credit(..)
        | Step::Markup(..)
        | Step::Sell(..)
        | Step::Claim(..)
        | Step::Wallet(_)
        | Step::Withdraw(..)
        | Step::Approve(_)
        | Step::Reject(_)
        | Step::Pay(..) => by_person(world, step),
    }
}

fn by_person(world: &mut World, step: &Step) {
    let agent = |s: u8| agent_id(&format!("a{s}"));
    let withdrawal = WithdrawalId::new;
    let _ = match *step {
        Step::Credit(s, u, micros) => {
            world.admin(credit(&tenant(s), customer(u), money(micros), "top-up"))
        }
        Step::Markup(s, m) => {
            let markup = Markup::Percent(rust_decimal::Decimal::new(m.into(), 3));
            world.admin(LedgerCommand::SetPricing { agent: agent(s), markup })
        }
        Step::Sell(s, on) => {
            let status = if on { TenantStatus::Active } else { TenantStatus::Paused };
            world.admin(LedgerCommand::SetStatus { agent: agent(s), status })
        }
        Step::Claim(s, u) => {
            let code = print(199 + u32::from(s));
            world.user(&tenant(s), customer(u), LedgerCommand::ClaimOwner { code })
        }
        Step::Wallet(s) => {
            let address = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t".parse().unwrap();
            let owner = owner(world, s);
            world.user(&tenant(s), owner, LedgerCommand::SetWallet { address })
        }
        Step::Withdraw(s, micros) => {
            let (owner, amount) = (owner(world, s), money(micros));
            world.user(&tenant(s), owner, LedgerCommand::RequestWithdrawal { amount })
        }
        Step::Approve(w) => {
            world.admin(LedgerCommand::ApproveWithdrawal { withdrawal: withdrawal(w) })
        }
        Step::Reject(w) => {
            let (withdrawal, reason) = (withdrawal(w), "no".to_owned());
            world.admin(LedgerCommand::RejectWithdrawal { withdrawal, reason })
        }
        Step::Pay(w, t) => {
            let (withdrawal, txid) = (withdrawal(w), format!("txid{t:08}").parse().unwrap());
            let although_negative = false;
            world.admin(LedgerCommand::PayWithdrawal { withdrawal, txid, although_negative })
        }
        Step::Upload(..)
        | Step::Ask(..)
        | Step::Confirm(..)
        | Step::Buy(..)
        | Step::ConfirmAnothers(..)
        | Step::LoseHold(..)
        | Step::Price(..)
        | Step::List(..)
        | Step::Deliver(_)
        | Step::Await(_)
        | Step::Mature(_)
        | Step::Pass(_) => return,
    };
}

fn owner(world: &World, shop_number: u8) -> UserId {
    let shop = world.ledger.tenants().get(&tenant(shop_number));
    shop.and_then(|shop| shop.owner).unwrap_or(BUYER)
}

fn money(micros: i64) -> Money {
    Money::from_micros(micros).unwrap()
}

/// The same business again from nothing: the same facts, byte for byte.
fn bytes(log: &[(CoreCommand, Vec<Event>)]) -> Vec<u8> {
    serde_json::to_vec(log).unwrap()
}

/// What a checkpoint makes of a machine.
fn restored<T: Serialize + DeserializeOwned>(machine: &T) -> T {
    serde_json::from_slice(&serde_json::to_vec(machine).unwrap()).unwrap()
}

fn live(steps: &[Step]) -> World {
    let mut world = World::trading();
    world.open("a2");
    world.product("Lead", "0.013", 8..12);
    let mut promises = Promises::default();
    for step in steps {
        take(&mut world, &mut promises, step);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_business_keeps_every_law(steps in prop::collection::vec(step(), 1..80)) {
        let world = live(&steps);
        let (retold, wrong) = world.retold();
        prop_assert_eq!(wrong, vec![]);
        prop_assert!(retold == world.documents, "the journal tells another story");
        prop_assert_eq!(bytes(&world.log), bytes(&live(&steps).log), "law 11");
    }

    #[test]
    fn checkpoints_hold_the_whole_state(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = live(&steps);
        // An open ask and an open hold are state as well.
        let asked = world.ask(&shop("a1"), BUYER, "last", 2, 1);
        if asked.is_ok() && let Ok(held) = world.stock.decide_hold(&quote("last"), &shop("a1"), BUYER) {
            world.stock.apply(&held);
        }
        let view = View::new(7, &world.stock, world.ledger.tenants().clone());
        prop_assert!(restored(&world.stock) == world.stock);
        prop_assert!(restored(&world.ledger) == world.ledger);
        prop_assert!(restored(&view) == view);
    }
}

/// The random business is worth something only when it gets through: every kind of fact turns up.
#[test]
fn random_business_gets_through() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = prop::collection::vec(step(), 400..401);
    let (mut orders, mut delivered, mut matured) = (0, 0, 0);
    let mut states = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let documents = live(&strategy.new_tree(&mut runner).unwrap().current()).documents;
        orders += documents.orders.len();
        delivered += documents.orders.values().filter(|order| order.delivery.is_done()).count();
        matured += documents.entries.values().filter(|entry| entry.matured_at.is_some()).count();
        states.extend(documents.withdrawals.values().map(|w| w.status.state().word()));
    }
    assert!(orders >= 50 && delivered >= 5 && matured >= 5, "{orders} {delivered} {matured}");
    assert!(states.contains("paid") && states.contains("rejected"), "{states:?}");
}

/// A command's id belongs to its shop and caller: three people may choose the same.
#[test]
fn the_same_id_of_others_is_another_command() {
    let mut world = World::trading();
    let name = |n: &str| StockCommand::CreateCategory { name: n.to_owned() };
    let admin = Caller::User(ADMIN);
    world.stock_as(&TenantId::Master, admin, "same", name("A")).unwrap();
    let repeated = world.stock_as(&TenantId::Master, admin, "same", name("B"));
    assert_eq!(repeated, world.stock_as(&TenantId::Master, admin, "same", name("A")));
    assert_eq!(world.documents.catalog.categories.len(), 2, "Keys and A, no B");
    for (tenant, user) in [(TenantId::Master, BUYER), (shop("a1"), BUYER), (shop("a1"), OWNER)] {
        world.credit(&tenant, user, "100").unwrap();
        let name = format!("{}{user}", tenant.agent().map_or("m", |_| "a"));
        world.ask(&tenant, user, &name, 2, 1).unwrap();
        world.confirm_as("same", &tenant, user, &name).unwrap();
    }
    assert_eq!(world.documents.orders.len(), 3);
}
