//! Between rows and domain values: one reader per table, and the conversions that both ways share.
//!
//! Whatever a reader cannot understand is damage, named by what was being read; no reader guesses.

use super::failure::Failure;
use crate::domain::catalog::{Category, GoodsKind, Product};
use crate::domain::command::{Answered, Caller, CommandKey};
use crate::domain::id::{CategoryId, EntryId, ItemId, ProductId, UserId, WithdrawalId};
use crate::domain::ledger::Entry;
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::outcome::Allocation;
use crate::domain::pricing::UnitPrice;
use crate::domain::sealed::Fingerprint;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::Withdrawal;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Row};
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::str::FromStr;

/// Columns that [`order`] reads, in its order.
pub(super) const ORDER: &str = "id, tenant, user, product, product_name, kind, base, unit, total, \
                                items, placed_at, delivery";
/// Columns that [`entry`] reads, in its order.
pub(super) const ENTRY: &str =
    "id, agent, order_id, amount, remaining, earned_at, mature_at, matured_at";
/// Columns that [`withdrawal`] reads, in its order.
pub(super) const WITHDRAWAL: &str =
    "id, agent, requested_by, amount, fee, net, address, allocations, requested_at, status";
/// Columns that [`product`] reads, in its order.
pub(super) const PRODUCT: &str = "id, category, name, description, price, kind, listed";
/// Columns that [`answered`] reads, in its order.
pub(super) const ANSWERED: &str = "tenant, caller, id, at, outcome";

/// Runs a query whose statement stays prepared and reads every row.
pub(super) fn all<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Like [`all`], for at most one row.
pub(super) fn first<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

pub(super) fn order(row: &Row<'_>) -> Result<Order, Failure> {
    let items: Vec<u64> = json(row, 9)?;
    Ok(Order {
        id: parsed(row, 0)?,
        tenant: parsed(row, 1)?,
        user: UserId::new(row.get(2)?),
        product: ProductId::new(count(row, 3)?),
        product_name: row.get(4)?,
        kind: kind(row, 5)?,
        price: UnitPrice { base: money(row, 6)?, unit: money(row, 7)? },
        total: money(row, 8)?,
        items: items.into_iter().map(ItemId::new).collect(),
        placed_at: time(row, 10)?,
        delivery: json(row, 11)?,
    })
}

pub(super) fn entry(row: &Row<'_>) -> Result<Entry, Failure> {
    Ok(Entry {
        id: EntryId::new(count(row, 0)?),
        agent: parsed(row, 1)?,
        order: parsed(row, 2)?,
        amount: money(row, 3)?,
        remaining: money(row, 4)?,
        earned_at: time(row, 5)?,
        mature_at: time(row, 6)?,
        matured_at: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_ms),
    })
}

pub(super) fn withdrawal(row: &Row<'_>) -> Result<Withdrawal, Failure> {
    let allocations: Vec<(u64, i64)> = json(row, 7)?;
    let allocations = allocations.into_iter().map(|(entry, micros)| {
        let amount = Money::from_micros(micros).map_err(|why| damaged(row, 7, &why))?;
        Ok(Allocation { entry: EntryId::new(entry), amount })
    });
    Ok(Withdrawal {
        id: WithdrawalId::new(count(row, 0)?),
        agent: parsed(row, 1)?,
        requested_by: UserId::new(row.get(2)?),
        amount: money(row, 3)?,
        fee: money(row, 4)?,
        net: money(row, 5)?,
        address: parsed(row, 6)?,
        allocations: allocations.collect::<Result<_, Failure>>()?,
        requested_at: time(row, 8)?,
        status: json(row, 9)?,
    })
}

pub(super) fn category(row: &Row<'_>) -> Result<Category, Failure> {
    Ok(Category { id: CategoryId::new(count(row, 0)?), name: row.get(1)? })
}

pub(super) fn product(row: &Row<'_>) -> Result<Product, Failure> {
    let price = row.get::<_, Option<i64>>(4)?.map(Money::from_micros).transpose();
    Ok(Product {
        id: ProductId::new(count(row, 0)?),
        category: CategoryId::new(count(row, 1)?),
        name: row.get(2)?,
        description: row.get(3)?,
        price: price.map_err(|why| damaged(row, 4, &why))?,
        kind: kind(row, 5)?,
        listed: flag(row, 6)?,
    })
}

pub(super) fn answered(row: &Row<'_>) -> Result<Answered, Failure> {
    Ok(Answered { key: key(row)?, at: time(row, 3)?, outcome: json(row, 4)? })
}

/// The key of a command in the first three columns.
pub(super) fn key(row: &Row<'_>) -> Result<CommandKey, Failure> {
    let caller: String = row.get(1)?;
    let caller = match caller.strip_prefix("user:").map(str::parse) {
        Some(Ok(user)) => Caller::User(UserId::new(user)),
        None if caller == "system" => Caller::System,
        Some(Err(_)) | None => return Err(damaged(row, 1, &"not a caller")),
    };
    Ok(CommandKey { tenant: parsed(row, 0)?, caller, id: parsed(row, 2)? })
}

pub(super) fn money(row: &Row<'_>, column: usize) -> Result<Money, Failure> {
    Money::from_micros(row.get(column)?).map_err(|why| damaged(row, column, &why))
}

pub(super) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_ms(row.get(column)?))
}

pub(super) fn content(row: &Row<'_>, column: usize) -> Result<Fingerprint, Failure> {
    Ok(Fingerprint::new(row.get(column)?))
}

/// Yes or no, and nothing else.
pub(super) fn flag(row: &Row<'_>, column: usize) -> Result<bool, Failure> {
    match row.get(column)? {
        0_i64 => Ok(false),
        1 => Ok(true),
        _ => Err(damaged(row, column, &"neither 0 nor 1")),
    }
}

/// A number that is never negative: an id, a count.
pub(super) fn count(row: &Row<'_>, column: usize) -> Result<u64, Failure> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|why| damaged(row, column, &why))
}

/// A value in its own text form.
pub(super) fn parsed<T: FromStr<Err: Display>>(row: &Row<'_>, column: usize) -> Result<T, Failure> {
    let text = row.get_ref(column)?.as_str().map_err(|why| damaged(row, column, &why))?;
    text.parse().map_err(|why| damaged(row, column, &why))
}

/// A value in JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, Failure> {
    let text = row.get_ref(column)?.as_str().map_err(|why| damaged(row, column, &why))?;
    serde_json::from_str(text).map_err(|why| damaged(row, column, &why))
}

fn kind(row: &Row<'_>, column: usize) -> Result<GoodsKind, Failure> {
    let word = row.get_ref(column)?.as_str().map_err(|why| damaged(row, column, &why))?;
    [GoodsKind::Line, GoodsKind::File]
        .into_iter()
        .find(|kind| kind_word(*kind) == word)
        .ok_or_else(|| damaged(row, column, &"not a kind of goods"))
}

/// The word a kind of goods is stored as.
pub(super) const fn kind_word(kind: GoodsKind) -> &'static str {
    match kind {
        GoodsKind::Line => "line",
        GoodsKind::File => "file",
    }
}

/// A number of ours as SQLite keeps it.
pub(super) fn int(number: u64) -> Result<i64, Failure> {
    i64::try_from(number)
        .map_err(|_| Failure::Contradiction(format!("{number} does not fit the store")))
}

/// A value as JSON text.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|why| Failure::Contradiction(why.to_string()))
}

/// Names the column, and the row where rows have an id; never the content, which may be anything.
fn damaged(row: &Row<'_>, column: usize, why: &dyn Display) -> Failure {
    let name = row.as_ref().column_name(column).unwrap_or("?").to_owned();
    let id = match row.get_ref("id") {
        Ok(ValueRef::Integer(id)) => format!(" of row {id}"),
        Ok(ValueRef::Text(id)) => format!(" of row {}", String::from_utf8_lossy(id)),
        Ok(ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_)) | Err(_) => String::new(),
    };
    Failure::Damaged(format!("column {name}{id}: {why}"))
}
