//! Questions of pages and handles, each answered from an index.

use super::failure::Failure;
use super::rows::{ORDER, WITHDRAWAL, all, count, first, int, json, money, order, withdrawal};
use crate::domain::command::CommandKey;
use crate::domain::id::{AgentId, ChatId, ItemId, OrderId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::Account;
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::outcome::Outcome;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::Withdrawal;
use crate::store::batch::{DialogRecord, InboxRecord, Profile};
use crate::store::journal::StoredRecord;
use crate::store::query::{AgentBalances, OrderQuery, Page, WithdrawalQuery};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

pub(super) fn outcome(db: &Connection, key: &CommandKey) -> Result<Option<Outcome>, Failure> {
    first(
        db,
        "SELECT outcome FROM commands WHERE tenant = ?1 AND caller = ?2 AND id = ?3",
        [key.tenant.to_string(), key.caller.to_string(), key.id.to_string()],
        |row| json(row, 0),
    )
}

pub(super) fn order_by_id(db: &Connection, id: &OrderId) -> Result<Option<Order>, Failure> {
    first(db, &format!("SELECT {ORDER} FROM orders WHERE id = ?1"), [id.to_string()], order)
}

pub(super) fn orders(db: &Connection, query: &OrderQuery) -> Result<Page<Order>, Failure> {
    let mut wanted = List::of("orders", ORDER, "number");
    wanted.equal("tenant", query.tenant.as_ref().map(|tenant| tenant.to_string().into()));
    wanted.equal("user", query.user.map(|user| user.number().into()));
    if query.undelivered {
        // Spelled out, because only then the index of open orders fits.
        wanted.conditions.push("done = 0".to_owned());
    }
    wanted.page(db, query.skip, query.limit, order)
}

pub(super) fn withdrawals(
    db: &Connection,
    query: &WithdrawalQuery,
) -> Result<Page<Withdrawal>, Failure> {
    let mut wanted = List::of("withdrawals", WITHDRAWAL, "id");
    wanted.equal("agent", query.agent.as_ref().map(|agent| agent.to_string().into()));
    wanted.equal("state", query.state.map(|state| state.word().to_owned().into()));
    wanted.page(db, query.skip, query.limit, withdrawal)
}

pub(super) fn withdrawal_by_id(
    db: &Connection,
    id: WithdrawalId,
) -> Result<Option<Withdrawal>, Failure> {
    let sql = format!("SELECT {WITHDRAWAL} FROM withdrawals WHERE id = ?1");
    // People type these numbers; one that no row can have is no damage.
    int(id.number()).map_or(Ok(None), |id| first(db, &sql, [id], withdrawal))
}

pub(super) fn balance(db: &Connection, account: &Account) -> Result<Money, Failure> {
    let found =
        first(db, "SELECT balance FROM accounts WHERE name = ?1", [account.to_string()], |row| {
            money(row, 0)
        })?;
    Ok(found.unwrap_or(Money::ZERO))
}

pub(super) fn agent_balances(db: &Connection, agent: &AgentId) -> Result<AgentBalances, Failure> {
    let paid = first(
        db,
        "SELECT coalesce(sum(amount), 0) FROM withdrawals WHERE agent = ?1 AND state = 'paid'",
        [agent.to_string()],
        |row| money(row, 0),
    )?;
    Ok(AgentBalances {
        pending: balance(db, &Account::AgentPending(agent.clone()))?,
        available: balance(db, &Account::AgentAvailable(agent.clone()))?,
        held: balance(db, &Account::AgentHeld(agent.clone()))?,
        paid: paid.unwrap_or(Money::ZERO),
    })
}

pub(super) fn missing_goods(db: &Connection) -> Result<Vec<ItemId>, Failure> {
    all(
        db,
        "SELECT id FROM items
         WHERE NOT EXISTS (SELECT 1 FROM goods WHERE goods.item = items.id)
           AND NOT EXISTS (SELECT 1 FROM blobs WHERE blobs.content = items.content AND part = 0)
         ORDER BY id",
        [],
        |row| Ok(ItemId::new(count(row, 0)?)),
    )
}

pub(super) fn known_contents(
    db: &Connection,
    contents: Vec<Fingerprint>,
) -> Result<Vec<Fingerprint>, Failure> {
    let mut known = db.prepare_cached("SELECT 1 FROM items WHERE content = ?1")?;
    let mut found = Vec::new();
    for content in contents {
        if known.exists([content.bytes()])? {
            found.push(content);
        }
    }
    Ok(found)
}

pub(super) fn token(db: &Connection, tenant: &TenantId) -> Result<Option<Sealed>, Failure> {
    let sql = "SELECT token FROM tenants WHERE id = ?1 AND token IS NOT NULL";
    first(db, sql, [tenant.to_string()], |row| sealed(row, 0))
}

pub(super) fn dialog(
    db: &Connection,
    tenant: &TenantId,
    chat: ChatId,
) -> Result<Option<DialogRecord>, Failure> {
    first(
        db,
        "SELECT update_id, state FROM dialogs WHERE tenant = ?1 AND chat = ?2",
        params![tenant.to_string(), chat.number()],
        |row| {
            let (update, state) = (count(row, 0)?, row.get(1)?);
            Ok(DialogRecord { tenant: tenant.clone(), chat, update, state })
        },
    )
}

pub(super) fn profile(
    db: &Connection,
    tenant: &TenantId,
    user: UserId,
) -> Result<Option<Profile>, Failure> {
    first(
        db,
        "SELECT name, username, language, since FROM profiles WHERE tenant = ?1 AND user = ?2",
        params![tenant.to_string(), user.number()],
        |row| {
            Ok(Profile {
                tenant: tenant.clone(),
                user,
                name: row.get(0)?,
                username: row.get(1)?,
                language: row.get(2)?,
                since: Timestamp::from_ms(row.get(3)?),
            })
        },
    )
}

pub(super) fn inbox(db: &Connection, bot: UserId, limit: u32) -> Result<Vec<InboxRecord>, Failure> {
    all(
        db,
        "SELECT update_id, at, sealed FROM inbox WHERE bot = ?1 ORDER BY number LIMIT ?2",
        params![bot.number(), limit],
        |row| {
            let (update, at) = (count(row, 0)?, Timestamp::from_ms(row.get(1)?));
            Ok(InboxRecord { bot, update, at, sealed: sealed(row, 2)? })
        },
    )
}

pub(super) fn journal(
    db: &Connection,
    after: u64,
    limit: u32,
) -> Result<Vec<StoredRecord>, Failure> {
    all(
        db,
        "SELECT seq, hash, bytes FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        params![int(after).unwrap_or(i64::MAX), limit],
        |row| Ok(StoredRecord { seq: count(row, 0)?, hash: row.get(1)?, bytes: row.get(2)? }),
    )
}

fn sealed(row: &Row<'_>, column: usize) -> Result<Sealed, Failure> {
    Ok(Sealed::from_text(row.get::<_, String>(column)?))
}

/// A list with conditions, newest first by a column that grows.
struct List {
    table: &'static str,
    columns: &'static str,
    newest_by: &'static str,
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl List {
    const fn of(table: &'static str, columns: &'static str, newest_by: &'static str) -> Self {
        Self { table, columns, newest_by, conditions: Vec::new(), values: Vec::new() }
    }

    /// Asks for a value in a column; the column's name is ours, the value is bound.
    fn equal(&mut self, column: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.conditions.push(format!("{column} = ?"));
            self.values.push(value);
        }
    }

    fn filter(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        }
    }

    fn rows_sql(&self) -> String {
        let Self { table, columns, newest_by, .. } = self;
        let filter = self.filter();
        format!("SELECT {columns} FROM {table}{filter} ORDER BY {newest_by} DESC LIMIT ? OFFSET ?")
    }

    fn page<T>(
        self,
        db: &Connection,
        skip: u32,
        limit: u32,
        read: impl Fn(&Row<'_>) -> Result<T, Failure>,
    ) -> Result<Page<T>, Failure> {
        let total = format!("SELECT count(*) FROM {}{}", self.table, self.filter());
        let total = first(db, &total, params_from_iter(&self.values), |row| count(row, 0))?;
        let sql = self.rows_sql();
        let window = [Value::from(limit), Value::from(skip)];
        let rows = all(db, &sql, params_from_iter(self.values.into_iter().chain(window)), read)?;
        Ok(Page { rows, total: total.unwrap_or(0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema;

    /// How SQLite would answer a list of these conditions.
    fn plan(table: &'static str, newest_by: &'static str, conditions: &[&str]) -> String {
        let mut db = Connection::open_in_memory().expect("opens");
        schema::prepare(&mut db).expect("makes the tables");
        let mut list = List::of(table, "*", newest_by);
        list.conditions = conditions.iter().map(|&condition| condition.to_owned()).collect();
        let sql = format!("EXPLAIN QUERY PLAN {}", list.rows_sql());
        let nothing = vec![Value::Null; sql.matches('?').count()];
        let steps = all(&db, &sql, params_from_iter(nothing), |row| Ok(row.get::<_, String>(3)?));
        steps.expect("plans").join("; ")
    }

    fn check(table: &'static str, newest_by: &'static str, conditions: &[&str]) {
        let plan = plan(table, newest_by, conditions);
        assert!(plan.contains("USING"), "{conditions:?} reads the whole table: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{conditions:?} sorts: {plan}");
    }

    #[test]
    fn lists_come_from_an_index_in_their_order() {
        check("orders", "number", &["tenant = ?"]);
        check("orders", "number", &["tenant = ?", "user = ?"]);
        check("orders", "number", &["tenant = ?", "done = 0"]);
        check("orders", "number", &["tenant = ?", "user = ?", "done = 0"]);
        check("withdrawals", "id", &["agent = ?", "state = ?"]);
        check("withdrawals", "id", &["state = ?"]);
    }
}
