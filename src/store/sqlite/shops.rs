//! Rows of shops, and of commands that were answered or set aside.

use super::documents::one;
use super::failure::Failure;
use super::rows::to_json;
use crate::domain::chronicle::Chronicle;
use crate::domain::command::{Answered, CommandKey};
use crate::domain::event::Event;
use crate::domain::id::TenantId;
use crate::domain::tenant::Tenant;
use crate::domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

/// A new shop, or the master's with another bot; its sealed token stays until a record replaces it.
pub(super) fn open_shop(db: &Connection, tenant: &Tenant) -> Result<(), Failure> {
    one(
        db,
        "INSERT INTO tenants (id, bot, doc) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET bot = excluded.bot, doc = excluded.doc",
        params![tenant.id.to_string(), tenant.bot.id.number(), to_json(tenant)?],
        format_args!("{}", tenant.id),
    )
}

/// Shops change by the rule of the chronicle, so that there is one such rule.
pub(super) fn change_shop(db: &Connection, id: &TenantId, event: &Event) -> Result<(), Failure> {
    let doc: Option<String> = db
        .prepare_cached("SELECT doc FROM tenants WHERE id = ?1")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()?;
    let doc = doc.ok_or_else(|| Failure::Contradiction(format!("there is no shop {id}")))?;
    let tenant: Tenant = serde_json::from_str(&doc)
        .map_err(|why| Failure::Damaged(format!("the document of shop {id}: {why}")))?;
    let mut scratch = Chronicle::default();
    scratch.tenants.insert(id.clone(), tenant);
    scratch.apply(event);
    scratch.tenants.values().try_for_each(|tenant| open_shop(db, tenant))
}

pub(super) fn quarantine(
    db: &Connection,
    key: &CommandKey,
    what: &str,
    at: Timestamp,
) -> Result<(), Failure> {
    one(
        db,
        "INSERT INTO quarantine (tenant, caller, id, what, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET what = excluded.what, at = excluded.at",
        params![key.tenant.to_string(), key.caller.to_string(), key.id.to_string(), what, at.ms()],
        format_args!("a quarantined command"),
    )
}

/// An id that is remembered already is refused by the primary key (law 2).
pub(super) fn remember(db: &Connection, machine: &str, answered: &Answered) -> Result<(), Failure> {
    let key = &answered.key;
    one(
        db,
        "INSERT INTO commands (tenant, caller, id, at, machine, outcome)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            key.tenant.to_string(),
            key.caller.to_string(),
            key.id.to_string(),
            answered.at.ms(),
            machine,
            to_json(&answered.outcome)?,
        ],
        format_args!("a command"),
    )
}
