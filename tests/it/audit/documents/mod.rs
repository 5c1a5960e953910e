//! Documents that somebody changed behind the fleet's back, one thing a row.

mod book;
mod goods;
mod profit;
mod shops;

use super::day::{item, order, print, shop, usdt};
use super::{Row, business, check, row, stored};
use shopfleet::domain::catalog::GoodsKind;
use shopfleet::domain::chronicle::Chronicle;
use shopfleet::domain::command::{Answered, Caller};
use shopfleet::domain::id::{
    CategoryId, EntryId, OrderId, ProductId, TenantId, UserId, WithdrawalId,
};
use shopfleet::domain::ledger::{Account, Channel, Entry};
use shopfleet::domain::money::Money;
use shopfleet::domain::order::{Delivery, Order};
use shopfleet::domain::outcome::Outcome;
use shopfleet::domain::tenant::Tenant;
use shopfleet::domain::time::{Millis, Timestamp};
use shopfleet::domain::withdrawal::{Withdrawal, WithdrawalStatus};

/// Every row.
pub(super) fn rows() -> impl Iterator<Item = &'static Row<Chronicle>> {
    [book::ROWS, goods::ROWS, profit::ROWS, shops::ROWS].into_iter().flatten()
}

#[test]
fn every_change_of_a_document_is_found_and_named() {
    let entries = business();
    for Row { what, change, expected } in rows() {
        let mut stored = stored(&entries);
        change(&mut stored.documents);
        check(what, stored, expected);
    }
}

/// The store forgets answers by age; that is no foreign write.
#[test]
fn answers_that_were_forgotten_by_age_are_not_missed() {
    let mut forgotten = stored(&business());
    let answers = &mut forgotten.documents.answers;
    let newest = answers.values().map(|answered| answered.at).max().unwrap();
    let before = answers.len();
    answers.retain(|_, answered| answered.at == newest);
    assert!((1..before).contains(&answers.len()));
    check("forgotten", forgotten, &[]);
}

fn agent(name: &str) -> shopfleet::domain::id::AgentId {
    name.parse().unwrap()
}

fn customer(agent: &str, user: i64) -> Account {
    Account::Customer(shop(agent), UserId::new(user))
}

fn available(name: &str) -> Account {
    Account::AgentAvailable(agent(name))
}

fn held(name: &str) -> Account {
    Account::AgentHeld(agent(name))
}

/// Changes a balance by a signed amount.
fn add(c: &mut Chronicle, account: Account, amount: &str) {
    let change = match amount.strip_prefix('-') {
        Some(amount) => usdt(amount).negated(),
        None => usdt(amount),
    };
    let balance = c.balances.entry(account).or_insert(Money::ZERO);
    *balance = balance.checked_add(change).unwrap();
}

fn of<'a>(c: &'a mut Chronicle, name: &str) -> &'a mut Order {
    c.orders.get_mut(&order(name)).unwrap()
}

fn sell(c: &mut Chronicle, number: u64, to: &str) {
    c.items.get_mut(&item(number)).unwrap().order = Some(OrderId::from_body(to).unwrap());
}

fn product_of(c: &mut Chronicle, number: u64, product: u64) {
    c.items.get_mut(&item(number)).unwrap().product = ProductId::new(product);
}

fn price(c: &mut Chronicle, price: Option<Money>) {
    c.catalog.products.get_mut(&ProductId::new(1)).unwrap().price = price;
}

fn entry(c: &mut Chronicle, number: u64) -> &mut Entry {
    c.entries.get_mut(&EntryId::new(number)).unwrap()
}

fn withdrawal(c: &mut Chronicle, number: u64) -> &mut Withdrawal {
    c.withdrawals.get_mut(&WithdrawalId::new(number)).unwrap()
}

fn share_of(c: &mut Chronicle, number: u64) {
    withdrawal(c, 4).allocations[0].entry = EntryId::new(number);
}

fn pay(c: &mut Chronicle, number: u64, txid: &str) {
    let (by, at, txid) = (UserId::new(1), far(), txid.parse().unwrap());
    withdrawal(c, number).status = WithdrawalStatus::Paid { by, at, txid };
}

fn tenant<'a>(c: &'a mut Chronicle, agent: &str) -> &'a mut Tenant {
    c.tenants.get_mut(&shop(agent)).unwrap()
}

fn answer(c: &mut Chronicle, id: &str, outcome: Outcome) {
    an_answer(c, id).outcome = outcome;
}

fn an_answer<'a>(c: &'a mut Chronicle, id: &str) -> &'a mut Answered {
    c.answers.values_mut().find(|answered| answered.key.id.to_string() == id).unwrap()
}

/// Two customers have each other's receipt.
fn answers_swapped(c: &mut Chronicle) {
    let receipt = |answered: &&mut Answered| {
        matches!(answered.outcome, Outcome::OrderPlaced(_)) && answered.key.caller != Caller::System
    };
    let mut receipts: Vec<_> = c.answers.values_mut().filter(receipt).collect();
    let (first, rest) = receipts.split_first_mut().unwrap();
    std::mem::swap(&mut first.outcome, &mut rest[0].outcome);
}

/// After everything of the day.
fn far() -> Timestamp {
    Timestamp::from_ms(1_700_000_000_000) + Millis::from_hours(60)
}

fn now() -> Delivery {
    Delivery::Delivered { at: far() }
}
