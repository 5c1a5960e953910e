//! What the journal does not explain, for the audit: plain records, and columns that repeat for the
//! sake of an index what their row's document says.
//!
//! Nobody reads a column twice to be sure of it, so one that went astray hides an order from
//! delivery or a transaction id from its check. Here each is held against its document.

use super::failure::Failure;
use super::rows::{
    ORDER, WITHDRAWAL, all, count, flag, json, money, order, parsed, time, withdrawal,
};
use crate::domain::id::{ChatId, TenantId, UserId};
use crate::domain::ledger::Account;
use crate::domain::tenant::Tenant;
use crate::domain::withdrawal::WithdrawalStatus;
use crate::store::batch::{DialogRecord, Profile};
use crate::store::is_guarded;
use crate::store::query::{Astray, DeadLetter, Unjournalled};
use rusqlite::{Connection, Row};
use std::fmt::Display;

/// Everything that the journal does not explain.
pub(super) fn unjournalled(db: &Connection) -> Result<Unjournalled, Failure> {
    let (empty_accounts, mut astray) = accounts(db)?;
    astray.extend(orders(db)?);
    astray.extend(withdrawals(db)?);
    astray.extend(tenants(db)?);
    astray.extend(credits(db)?);
    astray.extend(journal(db)?);
    Ok(Unjournalled {
        dialogs: all(db, "SELECT tenant, chat, update_id, state FROM dialogs", [], dialog)?,
        profiles: all(
            db,
            "SELECT tenant, user, name, username, language, since FROM profiles",
            [],
            profile,
        )?,
        inbox: all(db, "SELECT bot, update_id FROM inbox ORDER BY number", [], |row| {
            Ok((UserId::new(row.get(0)?), count(row, 1)?))
        })?,
        dead_letters: all(db, "SELECT bot, update_id, reason, at FROM dead_letters", [], letter)?,
        empty_accounts,
        astray,
    })
}

fn dialog(row: &Row<'_>) -> Result<DialogRecord, Failure> {
    Ok(DialogRecord {
        tenant: parsed(row, 0)?,
        chat: ChatId::new(row.get(1)?),
        update: count(row, 2)?,
        state: row.get(3)?,
    })
}

fn profile(row: &Row<'_>) -> Result<Profile, Failure> {
    Ok(Profile {
        tenant: parsed(row, 0)?,
        user: UserId::new(row.get(1)?),
        name: row.get(2)?,
        username: row.get(3)?,
        language: row.get(4)?,
        since: time(row, 5)?,
    })
}

fn letter(row: &Row<'_>) -> Result<DeadLetter, Failure> {
    Ok(DeadLetter {
        bot: UserId::new(row.get(0)?),
        update: count(row, 1)?,
        reason: row.get(2)?,
        at: time(row, 3)?,
    })
}

fn accounts(db: &Connection) -> Result<(Vec<Account>, Vec<Astray>), Failure> {
    let (mut empty, mut found) = (Vec::new(), Vec::new());
    for (account, guarded, balance) in
        all(db, "SELECT name, guarded, balance, name AS id FROM accounts", [], |row| {
            Ok((parsed::<Account>(row, 0)?, flag(row, 1)?, money(row, 2)?))
        })?
    {
        if guarded != is_guarded(&account) {
            found.push(astray("accounts", &account, "guarded"));
        }
        if balance.is_zero() {
            empty.push(account);
        }
    }
    Ok((empty, found))
}

fn orders(db: &Connection) -> Result<Vec<Astray>, Failure> {
    let rows = all(db, &format!("SELECT {ORDER}, done, number FROM orders"), [], |row| {
        Ok((order(row)?, flag(row, 12)?, row.get::<_, i64>(13)?))
    })?;
    let mut found = Vec::new();
    for (order, done, number) in &rows {
        if *done != order.delivery.is_done() {
            found.push(astray("orders", &order.id, "done"));
        }
        if !arrived(*number, rows.len()) {
            found.push(astray("orders", &order.id, "number"));
        }
    }
    Ok(found)
}

/// Rows are numbered as they come and never removed: among `count` different numbers none is larger.
fn arrived(number: i64, count: usize) -> bool {
    usize::try_from(number).is_ok_and(|number| (1..=count).contains(&number))
}

fn withdrawals(db: &Connection) -> Result<Vec<Astray>, Failure> {
    let rows = all(db, &format!("SELECT {WITHDRAWAL}, state, txid FROM withdrawals"), [], |row| {
        Ok((withdrawal(row)?, row.get::<_, String>(10)?, row.get::<_, Option<String>>(11)?))
    })?;
    let mut found = Vec::new();
    for (withdrawal, state, txid) in rows {
        if state != withdrawal.status.state().word() {
            found.push(astray("withdrawals", withdrawal.id, "state"));
        }
        let paid_by = match &withdrawal.status {
            WithdrawalStatus::Paid { txid, .. } => Some(txid.to_string()),
            WithdrawalStatus::Requested
            | WithdrawalStatus::Approved { .. }
            | WithdrawalStatus::Rejected { .. } => None,
        };
        if txid != paid_by {
            found.push(astray("withdrawals", withdrawal.id, "txid"));
        }
    }
    Ok(found)
}

fn tenants(db: &Connection) -> Result<Vec<Astray>, Failure> {
    let rows = all(db, "SELECT id, bot, doc FROM tenants", [], |row| {
        Ok((parsed::<TenantId>(row, 0)?, UserId::new(row.get(1)?), json::<Tenant>(row, 2)?))
    })?;
    let mut found = Vec::new();
    for (id, bot, doc) in rows {
        if id != doc.id {
            found.push(astray("tenants", &id, "id"));
        }
        if bot != doc.bot.id {
            found.push(astray("tenants", &id, "bot"));
        }
    }
    Ok(found)
}

fn credits(db: &Connection) -> Result<Vec<Astray>, Failure> {
    let rows = all(db, "SELECT tenant, user, at, number FROM credits", [], |row| {
        let (tenant, user): (TenantId, i64) = (parsed(row, 0)?, row.get(1)?);
        Ok((format!("{tenant}/{user}/{}", time(row, 2)?.ms()), row.get::<_, i64>(3)?))
    })?;
    let late = rows.iter().filter(|(_, number)| !arrived(*number, rows.len()));
    Ok(late.map(|(credit, _)| astray("credits", credit, "number")).collect())
}

/// The record's bytes begin with its number and its epoch; only the beginning is read.
fn journal(db: &Connection) -> Result<Vec<Astray>, Failure> {
    let rows = all(
        db,
        "SELECT seq FROM journal WHERE CAST(substr(bytes, 1, 64) AS TEXT)
         NOT LIKE '{\"seq\":%,\"epoch\":' || epoch || ',%'",
        [],
        |row| count(row, 0),
    )?;
    Ok(rows.into_iter().map(|seq| astray("journal", seq, "epoch")).collect())
}

fn astray(collection: &str, id: impl Display, field: &'static str) -> Astray {
    Astray { of: format!("{collection}/{id}"), field }
}
