//! Account changes of one batch, gathered so that each account is written once.
//!
//! A thousand orders touch `revenue` once. Gathering must not hide what a single transfer would have
//! shown, so the lowest point of each account on the way is kept and checked too.

use super::failure::Failure;
use crate::domain::ledger::{Account, Transfer};
use crate::store::is_guarded;
use rusqlite::{Connection, OptionalExtension, params};
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

    /// Writes every account once.
    ///
    /// # Errors
    /// A contradiction when a guarded account would go below zero at any point, or a balance leaves
    /// the range of money.
    pub(super) fn write(self, db: &Connection) -> Result<(), Failure> {
        let mut update = db.prepare_cached(
            "UPDATE accounts SET balance = balance + ?2
             WHERE name = ?1 AND (guarded = 0 OR balance + ?3 >= 0)",
        )?;
        for (account, Change { sum, lowest }) in self.0 {
            let fits = i64::try_from(sum).ok().zip(i64::try_from(lowest).ok());
            let Some((sum, lowest)) = fits else {
                return Err(Failure::Contradiction(format!("{account} leaves the range of money")));
            };
            let name = account.to_string();
            if update.execute(params![name, sum, lowest])? == 0 {
                open(db, account, &name, sum, lowest)?;
            }
        }
        Ok(())
    }
}

/// The first money of an account, unless it exists and would have gone below zero.
fn open(
    db: &Connection,
    account: &Account,
    name: &str,
    sum: i64,
    lowest: i64,
) -> Result<(), Failure> {
    let guarded = is_guarded(account);
    let known = db
        .prepare_cached("SELECT 1 FROM accounts WHERE name = ?1")?
        .query_row([name], |_| Ok(()))
        .optional()?;
    if known.is_some() || (guarded && lowest < 0) {
        return Err(Failure::Contradiction(format!("{account} would go below zero")));
    }
    db.prepare_cached("INSERT INTO accounts (name, guarded, balance) VALUES (?1, ?2, ?3)")?
        .execute(params![name, guarded, sum])?;
    Ok(())
}
