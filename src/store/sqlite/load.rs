//! What the core needs to go on, and everything there is: both as of one head.
//!
//! The caller has opened a read transaction, so that all queries see the same snapshot while the
//! writer goes on.

use super::failure::Failure;
use super::rows::{
    ANSWERED, ENTRY, ORDER, PRODUCT, WITHDRAWAL, all, answered, category, content, count, entry,
    first, int, key, money, order, parsed, product, time, withdrawal,
};
use crate::domain::catalog::Catalog;
use crate::domain::chronicle::{Chronicle, Credit, ItemRecord};
use crate::domain::command::Answered;
use crate::domain::id::{EntryId, ItemId, ProductId, UserId, WithdrawalId};
use crate::domain::ledger::{Entry, LoadedLedger};
use crate::domain::stock::LoadedStock;
use crate::domain::tenant::Tenant;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::Withdrawal;
use crate::store::{Head, Loaded};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The head as it is.
pub(super) fn head(db: &Connection) -> Result<Head, Failure> {
    first(db, "SELECT epoch, seq, hash FROM head WHERE id = 1", [], |row| {
        Ok(Head { epoch: count(row, 0)?, seq: count(row, 1)?, hash: row.get(2)? })
    })?
    .ok_or_else(|| Failure::Damaged("the head is missing".to_owned()))
}

/// The state of both machines.
pub(super) fn load(db: &Connection, ids_since: Timestamp) -> Result<Loaded, Failure> {
    let head = head(db)?;
    check_last_record(db, &head)?;
    let stock = LoadedStock {
        categories: all(db, "SELECT id, name FROM categories ORDER BY id", [], category)?,
        products: all(db, &format!("SELECT {PRODUCT} FROM products ORDER BY id"), [], product)?,
        items: all(
            db,
            "SELECT id, product, content FROM items INDEXED BY items_unsold
             WHERE order_id IS NULL ORDER BY id",
            [],
            |row| {
                Ok((ItemId::new(count(row, 0)?), ProductId::new(count(row, 1)?), content(row, 2)?))
            },
        )?,
        next_item: ItemId::new(next(db, "SELECT max(id) FROM items")?),
        answers: answers(db, "stock", ids_since)?,
    };
    let withdrawals = open_withdrawals(db)?;
    let ledger = LoadedLedger {
        balances: all(
            db,
            "SELECT name, balance FROM accounts WHERE balance <> 0 ORDER BY name",
            [],
            |row| Ok((parsed(row, 0)?, money(row, 1)?)),
        )?,
        tenants: all(db, "SELECT doc, id FROM tenants ORDER BY id", [], tenant)?,
        entries: open_entries(db, &withdrawals)?,
        next_entry: EntryId::new(next(db, "SELECT max(id) FROM entries")?),
        undelivered: all(
            db,
            &format!("SELECT {ORDER} FROM orders WHERE done = 0 ORDER BY number"),
            [],
            order,
        )?,
        withdrawals,
        next_withdrawal: WithdrawalId::new(next(db, "SELECT max(id) FROM withdrawals")?),
        txids: all(
            db,
            "SELECT txid FROM withdrawals WHERE txid IS NOT NULL ORDER BY txid",
            [],
            |row| parsed(row, 0),
        )?,
        answers: answers(db, "ledger", ids_since)?,
        quarantined: all(
            db,
            "SELECT tenant, caller, id FROM quarantine ORDER BY tenant, caller, id",
            [],
            key,
        )?,
    };
    Ok(Loaded { head, stock, ledger })
}

/// The head names the hash of the last record; a journal may be cut, but never that far.
fn check_last_record(db: &Connection, head: &Head) -> Result<(), Failure> {
    if head.seq == 0 {
        return Ok(());
    }
    let bytes = first(
        db,
        "SELECT bytes FROM journal WHERE seq = ?1 AND hash = ?2",
        params![int(head.seq)?, head.hash],
        |row| Ok(row.get::<_, Vec<u8>>(0)?),
    )?;
    match bytes {
        Some(bytes) if head.hash == <[u8; 32]>::from(Sha256::digest(&bytes)) => Ok(()),
        Some(_) | None => {
            Err(Failure::Damaged(format!("journal record {} is not the head's", head.seq)))
        }
    }
}

fn next(db: &Connection, sql: &str) -> Result<u64, Failure> {
    let last: Option<i64> = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    let last = u64::try_from(last.unwrap_or(0));
    last.map(|last| last + 1).map_err(|why| Failure::Damaged(format!("the largest id: {why}")))
}

fn answers(db: &Connection, machine: &str, since: Timestamp) -> Result<Vec<Answered>, Failure> {
    all(
        db,
        &format!(
            "SELECT {ANSWERED} FROM commands INDEXED BY commands_by_time
             WHERE at >= ?1 AND machine = ?2 ORDER BY at, tenant, caller, id"
        ),
        params![since.ms(), machine],
        answered,
    )
}

fn tenant(row: &Row<'_>) -> Result<Tenant, Failure> {
    super::rows::json(row, 0)
}

fn open_withdrawals(db: &Connection) -> Result<Vec<Withdrawal>, Failure> {
    all(
        db,
        &format!(
            "SELECT {WITHDRAWAL} FROM withdrawals WHERE state IN ('requested', 'approved')
             ORDER BY id"
        ),
        [],
        withdrawal,
    )
}

/// Entries that are pending or not used up, and used up ones that an open withdrawal may give back.
fn open_entries(db: &Connection, withdrawals: &[Withdrawal]) -> Result<Vec<Entry>, Failure> {
    let mut entries = all(
        db,
        &format!(
            "SELECT {ENTRY} FROM entries INDEXED BY entries_open
             WHERE matured_at IS NULL OR remaining > 0 ORDER BY id"
        ),
        [],
        entry,
    )?;
    let held: BTreeSet<EntryId> =
        withdrawals.iter().flat_map(|w| &w.allocations).map(|share| share.entry).collect();
    for id in held {
        let used_up = format!(
            "SELECT {ENTRY} FROM entries WHERE id = ?1 AND matured_at IS NOT NULL AND remaining = 0"
        );
        entries.extend(first(db, &used_up, [int(id.number())?], entry)?);
    }
    entries.sort_by_key(|entry| entry.id);
    Ok(entries)
}

/// Every document.
pub(super) fn chronicle(db: &Connection) -> Result<(Head, Chronicle), Failure> {
    let chronicle = Chronicle {
        balances: all(db, "SELECT name, balance FROM accounts WHERE balance <> 0", [], |row| {
            Ok((parsed(row, 0)?, money(row, 1)?))
        })?
        .into_iter()
        .collect(),
        catalog: catalog(db)?,
        items: all(db, "SELECT id, product, content, order_id FROM items", [], item)?
            .into_iter()
            .collect(),
        orders: all(db, &format!("SELECT {ORDER} FROM orders"), [], order)?
            .into_iter()
            .map(|order| (order.id.clone(), order))
            .collect(),
        entries: all(db, &format!("SELECT {ENTRY} FROM entries"), [], entry)?
            .into_iter()
            .map(|entry| (entry.id, entry))
            .collect(),
        withdrawals: all(db, &format!("SELECT {WITHDRAWAL} FROM withdrawals"), [], withdrawal)?
            .into_iter()
            .map(|withdrawal| (withdrawal.id, withdrawal))
            .collect(),
        tenants: all(db, "SELECT doc, id FROM tenants", [], tenant)?
            .into_iter()
            .map(|tenant| (tenant.id.clone(), tenant))
            .collect(),
        credits: all(
            db,
            "SELECT tenant, user, amount, admin, reason, at FROM credits ORDER BY number",
            [],
            credit,
        )?,
        answers: all(db, &format!("SELECT {ANSWERED} FROM commands"), [], answered)?
            .into_iter()
            .map(|answered| (answered.key.clone(), answered))
            .collect(),
        quarantined: all(db, "SELECT tenant, caller, id, what, at FROM quarantine", [], |row| {
            Ok((key(row)?, (row.get(3)?, time(row, 4)?)))
        })?
        .into_iter()
        .collect(),
    };
    Ok((head(db)?, chronicle))
}

fn catalog(db: &Connection) -> Result<Catalog, Failure> {
    let categories = all(db, "SELECT id, name FROM categories", [], category)?;
    let products = all(db, &format!("SELECT {PRODUCT} FROM products"), [], product)?;
    Ok(Catalog {
        categories: categories.into_iter().map(|category| (category.id, category)).collect(),
        products: products.into_iter().map(|product| (product.id, product)).collect(),
    })
}

fn item(row: &Row<'_>) -> Result<(ItemId, ItemRecord), Failure> {
    let order = match row.get_ref(3)? {
        ValueRef::Null => None,
        _ => Some(parsed(row, 3)?),
    };
    let record =
        ItemRecord { product: ProductId::new(count(row, 1)?), content: content(row, 2)?, order };
    Ok((ItemId::new(count(row, 0)?), record))
}

fn credit(row: &Row<'_>) -> Result<Credit, Failure> {
    Ok(Credit {
        tenant: parsed(row, 0)?,
        user: UserId::new(row.get(1)?),
        amount: money(row, 2)?,
        by: UserId::new(row.get(3)?),
        reason: row.get(4)?,
        at: time(row, 5)?,
    })
}
