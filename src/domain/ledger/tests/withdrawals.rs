//! Maturity and withdrawals.

use crate::domain::catalog::TextRefusal;
use crate::domain::id::{AgentId, EntryId, OrderId, WithdrawalId};
use crate::domain::ledger::{Account, Cause, Entry, LedgerCommand as C, LedgerEvent, Transfer};
use crate::domain::money::Money;
use crate::domain::outcome::{Outcome, WithdrawalTerms};
use crate::domain::tenant::Terms;
use crate::domain::tests::world::*;
use crate::domain::time::{Millis, Timestamp};
use crate::domain::withdrawal::{WithdrawalRejection as R, WithdrawalState as S};

const FIRST: WithdrawalId = WithdrawalId::new(1);

/// Agent `a1` has sold three times with 10 profit each, an hour apart; nothing has matured.
fn earned() -> World {
    let mut world = World::trading();
    world.admin(pricing("a1", "100")).unwrap();
    let address = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t".parse().unwrap();
    world.owner(C::SetWallet { address }).unwrap();
    for name in ["a", "b", "c"] {
        world.buy(&shop("a1"), BUYER, name, 1, 1);
        world.pass(Millis::from_hours(1));
    }
    world
}

/// All three entries have matured: 30 is available.
fn matured() -> World {
    let mut world = earned();
    world.pass(Millis::from_hours(48));
    mature(&mut world, 100, (3, false));
    world
}

fn mature(world: &mut World, limit: u32, (entries, more): (u32, bool)) {
    let answer = world.fleet(C::MatureDue { limit });
    assert_eq!(answer, Ok(Outcome::Matured { entries, more }));
}

fn request(world: &mut World, amount: &str) -> Result<Outcome, R> {
    refused(world.owner(C::RequestWithdrawal { amount: usdt(amount) }))
}

fn refused(answer: Answer) -> Result<Outcome, R> {
    answer.map_err(|rejection| match rejection {
        crate::domain::rejection::Rejection::Withdrawal(refusal) => refusal,
        other => panic!("a withdrawal is refused by its own rules, not {other:?}"),
    })
}

fn approve(world: &mut World, withdrawal: WithdrawalId) -> Result<Outcome, R> {
    refused(world.admin(C::ApproveWithdrawal { withdrawal }))
}

fn reject(world: &mut World, withdrawal: WithdrawalId, reason: &str) -> Result<Outcome, R> {
    let reason = reason.to_owned();
    refused(world.admin(C::RejectWithdrawal { withdrawal, reason }))
}

fn pay(world: &mut World, withdrawal: WithdrawalId, txid: &str) -> Result<Outcome, R> {
    let (txid, although_negative) = (txid.parse().unwrap(), false);
    refused(world.admin(C::PayWithdrawal { withdrawal, txid, although_negative }))
}

/// Pending, available, held, paid out, fees.
fn check_balances(world: &World, expected: [&str; 5]) {
    let agent = || agent_id("a1");
    let accounts = [
        Account::AgentPending(agent()),
        Account::AgentAvailable(agent()),
        Account::AgentHeld(agent()),
        Account::ExternalPayouts,
        Account::FeeIncome,
    ];
    let found = accounts.map(|account| world.ledger.book().balance(&account));
    assert_eq!(found, expected.map(usdt));
}

fn remaining(world: &World) -> Vec<String> {
    world.documents.entries.values().map(|entry| entry.remaining.to_string()).collect()
}

#[test]
fn profit_matures_when_it_is_due_oldest_first_and_in_series() {
    let mut world = earned();
    check_balances(&world, ["30", "0", "0", "0", "0"]);
    world.pass(Millis::from_ms(45 * 3_600_000 - 1));
    mature(&mut world, 10, (0, false));
    world.pass(Millis::from_ms(1));
    mature(&mut world, 10, (1, false));
    check_balances(&world, ["20", "10", "0", "0", "0"]);
    world.pass(Millis::from_hours(5));
    mature(&mut world, 0, (0, true));
    mature(&mut world, 1, (1, true));
    let ripe: Vec<bool> =
        world.documents.entries.values().map(|entry| entry.matured_at.is_some()).collect();
    assert_eq!(ripe, [true, true, false]);
    mature(&mut world, 1, (1, false));
    mature(&mut world, 1, (0, false));
    check_balances(&world, ["0", "30", "0", "0", "0"]);
}

#[test]
fn every_refusal_of_a_request() {
    let min = usdt("10");
    for (amount, refusal) in [
        ("0", R::BelowMinimum { min }),
        ("9.999999", R::BelowMinimum { min }),
        ("30.000001", R::Funds { available: usdt("30") }),
    ] {
        assert_eq!(request(&mut matured(), amount), Err(refusal), "{amount}");
    }
    assert_eq!(request(&mut earned(), "10"), Err(R::Funds { available: Money::ZERO }));
    let negative = C::RequestWithdrawal { amount: Money::whole(-20) };
    assert_eq!(refused(matured().owner(negative)), Err(R::BelowMinimum { min }));

    let own = |change: fn(&mut Terms), wallet: bool| {
        let mut world = matured();
        let mut tenant = world.ledger.tenants()[&shop("a1")].clone();
        change(&mut tenant.terms);
        tenant.wallet = tenant.wallet.filter(|_| wallet);
        world.given(LedgerEvent::TenantOpened(Box::new(tenant)));
        world
    };
    assert_eq!(request(&mut own(|_| (), false), "10"), Err(R::NoWallet));
    let tiny = |terms: &mut Terms| terms.withdrawal_min = Some(usdt("0.5"));
    assert_eq!(request(&mut own(tiny, true), "1"), Err(R::NothingLeft { fee: usdt("1") }));
    let large = |terms: &mut Terms| terms.withdrawal_min = Some(usdt("20"));
    assert_eq!(request(&mut own(large, true), "15"), Err(R::BelowMinimum { min: usdt("20") }));
    let free = |terms: &mut Terms| terms.withdrawal_fee = Some(Money::ZERO);
    let (id, amount, fee, net) = (FIRST, usdt("15"), Money::ZERO, usdt("15"));
    let terms = WithdrawalTerms { id, amount, fee, net };
    let mut world = own(free, true);
    assert_eq!(request(&mut world, "15"), Ok(Outcome::WithdrawalRequested(terms)));
    approve(&mut world, FIRST).unwrap();
    pay(&mut world, FIRST, "free-of-fee").unwrap();
    check_balances(&world, ["0", "15", "0", "15", "0"]);
}

#[test]
fn a_withdrawal_takes_the_oldest_entries_and_the_last_in_part() {
    let mut world = matured();
    let (id, amount, fee, net) = (FIRST, usdt("15"), usdt("1"), usdt("14"));
    let terms = WithdrawalTerms { id, amount, fee, net };
    assert_eq!(request(&mut world, "15"), Ok(Outcome::WithdrawalRequested(terms)));
    assert_eq!(remaining(&world), ["0.00", "5.00", "10.00"]);
    check_balances(&world, ["0", "15", "15", "0", "0"]);
    request(&mut world, "12").unwrap();
    assert_eq!(remaining(&world), ["0.00", "0.00", "3.00"]);
    let shares = &world.documents.withdrawals[&FIRST.next()].allocations;
    let shares: Vec<_> = shares.iter().map(|a| (a.entry.number(), a.amount)).collect();
    assert_eq!(shares, [(2, usdt("5")), (3, usdt("7"))]);
    assert_eq!(request(&mut world, "10"), Err(R::Funds { available: usdt("3") }), "held counts");

    approve(&mut world, FIRST).unwrap();
    check_balances(&world, ["0", "3", "27", "0", "0"]);
    pay(&mut world, FIRST, "0xPAID0001").unwrap();
    check_balances(&world, ["0", "3", "12", "14", "1"]);
    assert!(world.ledger.entries()[&agent_id("a1")].contains_key(&EntryId::new(2)), "still held");
    reject(&mut world, FIRST.next(), " wrong address ").unwrap();
    assert_eq!(remaining(&world), ["0.00", "5.00", "10.00"]);
    check_balances(&world, ["0", "15", "0", "14", "1"]);
    assert!(!world.ledger.entries()[&agent_id("a1")].contains_key(&EntryId::new(1)), "used up");
    request(&mut world, "15").unwrap();
    assert_eq!(remaining(&world), ["0.00", "0.00", "0.00"]);
}

#[test]
fn every_refusal_on_a_withdrawals_way() {
    let mut world = matured();
    for closed in [FIRST, WithdrawalId::new(0)] {
        assert_eq!(approve(&mut world, closed), Err(R::Unknown));
        assert_eq!(reject(&mut world, closed, "no"), Err(R::Unknown));
        assert_eq!(pay(&mut world, closed, "12345678"), Err(R::Unknown));
    }
    request(&mut world, "10").unwrap();
    request(&mut world, "10").unwrap();
    request(&mut world, "10").unwrap();
    let (second, third) = (FIRST.next(), FIRST.next().next());
    assert_eq!(pay(&mut world, FIRST, "12345678"), Err(R::State(S::Requested)));
    approve(&mut world, FIRST).unwrap();
    assert_eq!(approve(&mut world, FIRST), Err(R::State(S::Approved)));
    for (reason, refusal) in [
        (" ", TextRefusal::Empty),
        ("a\u{0}", TextRefusal::Control),
        (&"x".repeat(1501), TextRefusal::TooLong(1500)),
    ] {
        assert_eq!(reject(&mut world, FIRST, reason), Err(R::Reason(refusal)));
    }
    pay(&mut world, FIRST, "ABCDEF12").unwrap();
    approve(&mut world, second).unwrap();
    assert_eq!(pay(&mut world, second, "abcdef12"), Err(R::TxidUsed), "the same in other letters");
    reject(&mut world, second, "after approval").unwrap();
    reject(&mut world, third, "before approval").unwrap();
    for closed in [FIRST, second, third] {
        assert_eq!(approve(&mut world, closed), Err(R::Unknown));
        assert_eq!(reject(&mut world, closed, "again"), Err(R::Unknown));
        assert_eq!(pay(&mut world, closed, "87654321"), Err(R::Unknown));
    }
    check_balances(&world, ["0", "20", "0", "9", "1"]);
}

#[test]
fn an_agent_below_zero_is_paid_only_by_confirmation() {
    let mut world = matured();
    request(&mut world, "20").unwrap();
    approve(&mut world, FIRST).unwrap();
    // What a refund after maturity will do: more is taken than is left.
    world.checks = false;
    let (from, to) = (Account::AgentAvailable(agent_id("a1")), Account::Adjustments);
    let transfer = Transfer { from, to, amount: usdt("15") };
    world.given(LedgerEvent::Moved { transfer, cause: Cause::Maturity, at: world.now });
    let available = Money::whole(-5);
    assert_eq!(pay(&mut world, FIRST, "12345678"), Err(R::AgentNegative { available }));
    assert_eq!(request(&mut world, "10"), Err(R::Funds { available }));
    let (txid, although_negative) = ("12345678".parse().unwrap(), true);
    let body = C::PayWithdrawal { withdrawal: FIRST, txid, although_negative };
    assert_eq!(world.admin(body), Ok(Outcome::WithdrawalMoved(FIRST)));
    let named: Vec<_> = world.violations().into_iter().map(|v| v.name).collect();
    assert!(named.contains(&"agents_are_negative_for_a_reason"), "{named:?}");
}

/// Profit of `agent` that no order of this world earned, due now.
fn give_profit(world: &mut World, agent: &AgentId, id: u64, amount: Money) {
    let transfer =
        Transfer { from: Account::Adjustments, to: Account::AgentPending(agent.clone()), amount };
    let at = world.now;
    world.given(LedgerEvent::Moved { transfer, cause: Cause::Maturity, at });
    world.given(LedgerEvent::ProfitEarned(Entry {
        id: EntryId::new(id),
        agent: agent.clone(),
        order: OrderId::of(&quote(&format!("q{id}"))),
        amount,
        remaining: amount,
        earned_at: Timestamp::EPOCH,
        mature_at: at,
        matured_at: None,
    }));
}

/// However large the limit: the world asserts 1,000 facts and 1 MiB at most for each command.
#[test]
fn maturity_of_many_is_a_series_of_small_commands() {
    let mut world = World::empty();
    world.checks = false;
    for number in 0..1_500 {
        let agent = agent_id(&format!("agent-with-a-long-name-{number:09}"));
        give_profit(&mut world, &agent, u64::MAX - 1_500 + number, Money::whole(100_000_000));
    }
    mature(&mut world, u32::MAX, (900, true));
    mature(&mut world, u32::MAX, (600, false));
    let agent = agent_id("one");
    for number in 0..10_001 {
        give_profit(&mut world, &agent, u64::MAX - 12_000 + number, usdt("0.000001"));
    }
    mature(&mut world, u32::MAX, (10_000, true));
    mature(&mut world, u32::MAX, (1, false));
    assert_eq!(world.ledger.book().balance(&Account::AgentPending(agent)), Money::ZERO);
}

#[test]
fn a_withdrawal_of_too_many_entries_is_refused_and_a_smaller_one_is_small() {
    let mut world = matured();
    world.checks = false;
    let agent = agent_id("a1");
    for number in 0..5_100 {
        give_profit(&mut world, &agent, 10_000_000_000_000_000_000 + number, usdt("1.234567"));
    }
    mature(&mut world, u32::MAX, (5_100, false));
    assert_eq!(request(&mut world, "6326"), Err(R::TooManyEntries));
    request(&mut world, "6199").unwrap();
    assert!(world.documents.withdrawals[&FIRST].allocations.len() > 4_990);
    approve(&mut world, FIRST).unwrap();
    reject(&mut world, FIRST, "too much").unwrap();
    let available = world.ledger.book().balance(&Account::AgentAvailable(agent));
    assert_eq!(available, usdt("6326.2917"), "all of it is back");
}
