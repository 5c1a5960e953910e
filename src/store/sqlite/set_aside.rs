//! What was given up, from two tables in one list. It is short unless somebody floods a bot, so each
//! page sorts it anew.

use super::failure::Failure;
use super::rows::{all, count, first, key, time};
use crate::domain::id::UserId;
use crate::domain::set_aside::SetAside;
use crate::store::query::Page;
use rusqlite::{Connection, Row};

/// Both tables as one, each row ending in what it is.
const ROWS: &str = "
    SELECT tenant, caller, id, what, at, 1 AS is_command FROM quarantine
    UNION ALL
    SELECT bot, NULL, update_id, reason, at, 0 FROM dead_letters
    ORDER BY at DESC, is_command DESC, tenant, caller, id LIMIT ?1 OFFSET ?2";

/// A page of the list, newest first.
///
/// # Errors
/// What SQLite says; damage for a key that is none.
pub(super) fn page(db: &Connection, skip: u32, limit: u32) -> Result<Page<SetAside>, Failure> {
    let total = "SELECT (SELECT count(*) FROM quarantine) + (SELECT count(*) FROM dead_letters)";
    let total = first(db, total, [], |row| count(row, 0))?;
    let rows = all(db, ROWS, [limit, skip], set_aside)?;
    Ok(Page { rows, total: total.unwrap_or(0) })
}

fn set_aside(row: &Row<'_>) -> Result<SetAside, Failure> {
    let (word, at) = (row.get(3)?, time(row, 4)?);
    if row.get(5)? {
        return Ok(SetAside::Command { key: key(row)?, what: word, at });
    }
    Ok(SetAside::Update { bot: UserId::new(row.get(0)?), update: count(row, 2)?, reason: word, at })
}
