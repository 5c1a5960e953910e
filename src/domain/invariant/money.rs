//! The book: it sums to zero, and every balance is explained by documents (laws 3 and 7).

use super::Findings;
use crate::domain::chronicle::Chronicle;
use crate::domain::id::{TenantId, UserId};
use crate::domain::ledger::Account;
use crate::domain::money::Money;
use crate::domain::withdrawal::{Withdrawal, WithdrawalState};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

pub(super) fn book_sums_to_zero(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let sum: Decimal = chronicle.balances.values().map(|balance| balance.decimal()).sum();
    if !sum.is_zero() {
        findings.add("book", format!("all balances add up to {}", sum.normalize()));
    }
}

pub(super) fn customers_are_not_negative(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for (account, balance) in &chronicle.balances {
        if matches!(account, Account::Customer(..)) && balance.is_negative() {
            findings.add(account, format!("holds {balance}"));
        }
    }
}

/// Below zero is allowed only while a negative profit entry is open; what shows an agent in debt
/// without one cannot be explained to him.
pub(super) fn agents_are_negative_for_a_reason(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for (account, balance) in &chronicle.balances {
        let Account::AgentAvailable(agent) = account else { continue };
        let reason = |entry: &crate::domain::ledger::Entry| {
            entry.agent == *agent && entry.remaining.is_negative()
        };
        if balance.is_negative() && !chronicle.entries.values().any(reason) {
            findings.add(account, format!("holds {balance} and no negative entry is open"));
        }
    }
}

pub(super) fn adjustments_are_credits(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let credits: Decimal = chronicle.credits.iter().map(|credit| credit.amount.decimal()).sum();
    let account = Account::Adjustments;
    findings.equal(&account, balance(chronicle, &account), -credits, "credits, taken from it,");
}

/// An agent's order leaves the base price with the platform; the master's own leaves all of it.
pub(super) fn revenue_is_base_prices(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let kept = chronicle.orders.values().map(|order| match order.tenant.agent() {
        Some(_) => times(order.price.base, order.items.len()),
        None => order.total.decimal(),
    });
    let expected: Decimal = kept.sum();
    let account = Account::Revenue;
    findings.equal(&account, balance(chronicle, &account), expected, "the orders' base prices");
}

pub(super) fn payouts_are_paid_withdrawals(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let expected: Decimal = paid(chronicle).map(|withdrawal| withdrawal.net.decimal()).sum();
    let account = Account::ExternalPayouts;
    findings.equal(&account, balance(chronicle, &account), expected, "paid withdrawals");
}

pub(super) fn fees_are_of_paid_withdrawals(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let expected: Decimal = paid(chronicle).map(|withdrawal| withdrawal.fee.decimal()).sum();
    let account = Account::FeeIncome;
    findings.equal(&account, balance(chronicle, &account), expected, "fees of paid withdrawals");
}

/// Accounts that no document explains yet must be empty.
pub(super) fn balances_have_a_source(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for (account, balance) in &chronicle.balances {
        match account {
            Account::Customer(..)
            | Account::Revenue
            | Account::AgentPending(_)
            | Account::AgentAvailable(_)
            | Account::AgentHeld(_)
            | Account::FeeIncome
            | Account::ExternalPayouts
            | Account::Adjustments
            | Account::ExternalDeposits(_)
            | Account::Unmatched => {}
            Account::Opening
            | Account::LegacyWallet(_)
            | Account::LegacyDebt
            | Account::LegacyRounding => {
                findings.add(account, format!("holds {balance} that no document explains"));
            }
        }
    }
}

/// Law 9: money that came in, and money that waits for its owner, is recorded somewhere with whence
/// and why. No document records a deposit yet, so these accounts are empty.
pub(super) fn deposits_have_a_record(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for (account, balance) in &chronicle.balances {
        if matches!(account, Account::ExternalDeposits(_) | Account::Unmatched) {
            findings.add(account, format!("holds {balance} of which no deposit is recorded"));
        }
    }
}

pub(super) fn credits_are_positive(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for credit in &chronicle.credits {
        let to = Account::Customer(credit.tenant.clone(), credit.user);
        if !credit.amount.is_positive() {
            findings.add(&to, format!("was credited {}", credit.amount));
        }
        if credit.reason.trim().is_empty() {
            findings.add(&to, "was credited without a reason");
        }
    }
}

/// Law 7: what a customer has in a shop is what he was given there less what he bought there.
pub(super) fn customers_own_what_they_paid_in(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let mut owned: BTreeMap<(&TenantId, UserId), Decimal> = BTreeMap::new();
    for credit in &chronicle.credits {
        *owned.entry((&credit.tenant, credit.user)).or_default() += credit.amount.decimal();
    }
    for order in chronicle.orders.values() {
        *owned.entry((&order.tenant, order.user)).or_default() -= order.total.decimal();
    }
    for account in chronicle.balances.keys() {
        if let Account::Customer(tenant, user) = account {
            owned.entry((tenant, *user)).or_default();
        }
    }
    for ((tenant, user), expected) in owned {
        let account = Account::Customer(tenant.clone(), user);
        findings.equal(
            &account,
            balance(chronicle, &account),
            expected,
            "his credits less his orders in this shop",
        );
    }
}

/// What is in an account.
pub(super) fn balance(chronicle: &Chronicle, account: &Account) -> Decimal {
    chronicle.balances.get(account).map_or(Decimal::ZERO, |balance| balance.decimal())
}

/// An amount times a count, beyond the range of [`Money`] if need be.
pub(super) fn times(amount: Money, count: usize) -> Decimal {
    amount.decimal() * Decimal::from(count)
}

fn paid(chronicle: &Chronicle) -> impl Iterator<Item = &Withdrawal> {
    chronicle.withdrawals.values().filter(|w| w.status.state() == WithdrawalState::Paid)
}
