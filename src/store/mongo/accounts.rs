//! Account changes of one batch, gathered so that each account is written once.
//!
//! A thousand orders touch `revenue` once. Gathering must not hide what a single transfer would have
//! shown, so the lowest point of each account on the way is kept and is part of the condition.

use super::decimal::from_money;
use super::failure::Failure;
use super::statements::Statements;
use crate::domain::ledger::{Account, Transfer};
use crate::domain::money::Money;
use crate::store::is_guarded;
use mongodb::bson::raw::cstr;
use mongodb::bson::{RawDocumentBuf, rawdoc};
use std::collections::BTreeMap;

/// What the transfers of a batch do to the accounts, in micro-units.
#[derive(Debug, Default)]
pub(super) struct Moves<'a>(BTreeMap<&'a Account, Change>);

/// 128 bits hold the sum of any batch.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    sum: i128,
    lowest: i128,
}

impl<'a> Moves<'a> {
    /// Notes a transfer.
    ///
    /// # Errors
    /// A contradiction when it moves nothing or less: that would be a transfer the other way.
    pub(super) fn add(&mut self, transfer: &'a Transfer) -> Result<(), Failure> {
        if !transfer.amount.is_positive() {
            return Err(Failure::Contradiction("a transfer moves nothing".to_owned()));
        }
        let amount = i128::from(transfer.amount.micros());
        self.change(&transfer.from, -amount);
        self.change(&transfer.to, amount);
        Ok(())
    }

    fn change(&mut self, account: &'a Account, amount: i128) {
        let change = self.0.entry(account).or_default();
        change.sum += amount;
        change.lowest = change.lowest.min(change.sum);
    }

    /// One conditional change for every account.
    ///
    /// # Errors
    /// A contradiction when a sum leaves the range of money by itself.
    pub(super) fn write(self, statements: &mut Statements) -> Result<(), Failure> {
        self.0.into_iter().try_for_each(|(account, change)| write(account, change, statements))
    }
}

/// Adds to a balance that stays within the range, and above zero where it is guarded. An account that
/// is not there has nothing: it is made, unless that would already be below zero. When the condition
/// fails for an account that is there, making it anew fails on its unique key.
fn write(account: &Account, change: Change, statements: &mut Statements) -> Result<(), Failure> {
    let limit = i128::from(Money::whole(Money::LIMIT).micros());
    let beyond = || Failure::Contradiction(format!("{account} leaves the range of money"));
    let money = |micros: i128| {
        let micros = i64::try_from(micros).map_err(|_| beyond())?;
        Money::from_micros(micros).map_err(|_| beyond())
    };
    let Change { sum, lowest } = change;
    let guarded = is_guarded(account);
    let needs_cover = guarded && lowest < 0;
    let least = if needs_cover { -lowest } else { -limit - sum };
    let mut range = RawDocumentBuf::new();
    if least > -limit {
        range.append(cstr!("$gte"), from_money(money(least)?));
    }
    if sum > 0 {
        range.append(cstr!("$lte"), from_money(money(limit - sum)?));
    }
    let (collection, mut query) = match account {
        Account::Customer(tenant, user) => {
            ("user", rawdoc! {"tenant": tenant.to_string(), "user_id": user.number()})
        }
        Account::Revenue
        | Account::AgentPending(_)
        | Account::AgentAvailable(_)
        | Account::AgentHeld(_)
        | Account::FeeIncome
        | Account::ExternalDeposits(_)
        | Account::ExternalPayouts
        | Account::Unmatched
        | Account::Adjustments
        | Account::Opening
        | Account::LegacyWallet(_)
        | Account::LegacyDebt
        | Account::LegacyRounding => ("accounts", rawdoc! {"_id": account.to_string()}),
    };
    if !range.is_empty() {
        query.append(cstr!("USDT"), range);
    }
    let update = rawdoc! {"$inc": {"USDT": from_money(money(sum)?)}};
    if needs_cover {
        statements.change(collection, query, update);
    } else {
        statements.put(collection, query, update);
    }
    Ok(())
}
