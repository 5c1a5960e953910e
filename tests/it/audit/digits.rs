//! Every digit counts: whichever digit of a journalled table or of the journal somebody changes, the
//! audit finds it and names the row.
//!
//! What a store keeps is seen as [`Cells`], so that each store is tried by the same walk: every cell
//! in turn, one of its digits made another, an audit, and the cell put back.

use super::day::{business, documents, shop};
use rusqlite::Connection;
use rusqlite::types::Value;
use shopfleet::audit::{Report, audit};
use shopfleet::domain::event::Event;
use shopfleet::domain::sealed::Sealed;
use shopfleet::domain::stock::StockEvent;
use shopfleet::store::batch::{Batch, BatchEntry, Record};
use shopfleet::store::sqlite::SqliteStore;
use shopfleet::store::{Head, SharedStore, Store, StoreError};
use std::path::Path;
use std::sync::Arc;

/// What is stored, value by value, open to a foreign hand.
trait Cells {
    /// A value and where it stands.
    type Cell;

    /// Every value that the journal explains, and the journal.
    fn cells(&self) -> Vec<Self::Cell>;

    /// Changes a digit, the `turn` decides which and into what. Answers how to put it back and the
    /// words of which a finding must have one; nothing when there is no digit, or the store itself
    /// does not take the value, because another row has it.
    fn change(&self, cell: &Self::Cell, turn: usize) -> Option<(Undo, Vec<String>)>;
}

/// Puts the value back.
type Undo = Box<dyn FnOnce()>;

/// Fewest changes that the day's store must offer; else the walk has passed over something.
const AT_LEAST: usize = 400;

#[tokio::test]
async fn every_changed_digit_is_found_and_named_in_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shop.db");
    let store: SharedStore = Arc::new(SqliteStore::open(&path).unwrap());
    write_the_day(&*store).await;
    let tried = try_every_cell(&Tables { path: path.as_path() }, &store).await;
    assert!(tried >= AT_LEAST, "only {tried} changes were tried");
}

async fn try_every_cell<C: Cells>(stored: &C, store: &SharedStore) -> usize {
    let clean = audit(store.clone(), super::INBOX_MAX).await.unwrap();
    assert!(clean.is_clean(), "{clean}");
    let mut tried = 0;
    for (turn, cell) in stored.cells().iter().enumerate() {
        let Some((undo, names)) = stored.change(cell, turn) else { continue };
        tried += 1;
        let found = said(audit(store.clone(), super::INBOX_MAX).await);
        let named = found.iter().any(|id| names.iter().any(|name| id.contains(name)));
        assert!(named, "none of {names:?} is named in {found:?}");
        undo();
    }
    let after = audit(store.clone(), super::INBOX_MAX).await.unwrap();
    assert_eq!(after, clean, "every cell was put back");
    tried
}

/// All ids that an audit names; what cannot even be read is named by the refusal.
fn said(answer: Result<Report, StoreError>) -> Vec<String> {
    match answer {
        Ok(report) => report.violations.into_iter().flat_map(|violation| violation.ids).collect(),
        Err(StoreError::Corrupt(why)) => vec![why],
        Err(other) => panic!("the audit could not be made: {other}"),
    }
}

/// The day, three commands a batch, with what must come beside them.
async fn write_the_day(store: &dyn Store) {
    let entries = business();
    let mut follows: Head = store.begin_epoch().await.unwrap();
    for entries in entries.chunks(3) {
        let records = beside(entries);
        let at = shopfleet::domain::time::Timestamp::from_ms(1_700_000_000_000);
        let batch = Batch { follows, at, entries: entries.to_vec().into(), records };
        follows = store.commit(Arc::new(batch)).await.unwrap();
    }
    let (_, stored) = store.chronicle().await.unwrap();
    assert_eq!(stored, documents(&entries));
}

/// Goods of the items that these entries add, tokens of the shops that they open.
fn beside(entries: &[BatchEntry]) -> Vec<Record> {
    let sealed = || Sealed::from_text("v1.k.x");
    let mut records = Vec::new();
    for event in entries.iter().flat_map(|entry| &entry.events) {
        if let Event::Stock(StockEvent::ItemsAdded { items, .. }) = event {
            let goods =
                |(_, content): &(_, _)| Record::Goods { content: *content, sealed: sealed() };
            records.extend(items.iter().map(goods));
        }
        if let Event::Ledger(shopfleet::domain::ledger::LedgerEvent::TenantOpened(tenant)) = event
            && [shop("a1"), shop("a2")].contains(&tenant.id)
        {
            records.push(Record::Token { tenant: tenant.id.clone(), sealed: sealed() });
        }
    }
    records
}

/// A SQLite file, changed behind the store's back.
struct Tables<'a> {
    path: &'a Path,
}

/// What the journal explains, column by column: a name for reports as SQL, the columns that find a
/// row, and the columns to change. Not here: `tenants.token` and the tables of [`super::beside`], which
/// are not journalled, `commands.machine`, which has no digit, and `head.epoch`, which a leader
/// raises before it writes.
const TABLES: &[(&str, &str, &[&str], &[&str])] = &[
    ("journal", "'journal/'", &["seq"], &["seq", "epoch", "hash", "bytes"]),
    ("head", "'journal/'", &["id"], &["seq", "hash"]),
    (
        "commands",
        "tenant || '/' || caller || '/' || id",
        &["tenant", "caller", "id"],
        &["tenant", "caller", "id", "at", "outcome"],
    ),
    (
        "quarantine",
        "tenant || '/' || caller || '/' || id",
        &["tenant", "caller", "id"],
        &["tenant", "caller", "id", "what", "at"],
    ),
    ("accounts", "name", &["name"], &["name", "guarded", "balance"]),
    (
        "credits",
        "tenant || '/' || user || '/' || at",
        &["number"],
        &["number", "tenant", "user", "amount", "admin", "reason", "at"],
    ),
    ("tenants", "id", &["id"], &["id", "bot", "doc"]),
    ("categories", "'cat_' || id", &["id"], &["id", "name"]),
    (
        "products",
        "'prd_' || id",
        &["id"],
        &["id", "category", "name", "description", "price", "kind", "listed"],
    ),
    (
        "orders",
        "id",
        &["id"],
        &[
            "number",
            "id",
            "tenant",
            "user",
            "product",
            "product_name",
            "kind",
            "base",
            "unit",
            "total",
            "items",
            "placed_at",
            "done",
            "delivery",
        ],
    ),
    ("items", "'itm_' || id", &["id"], &["id", "product", "content", "order_id"]),
    (
        "entries",
        "'ent_' || id",
        &["id"],
        &["id", "agent", "order_id", "amount", "remaining", "earned_at", "mature_at", "matured_at"],
    ),
    (
        "withdrawals",
        "'wdr_' || id",
        &["id"],
        &[
            "id",
            "agent",
            "state",
            "amount",
            "fee",
            "net",
            "txid",
            "requested_by",
            "requested_at",
            "address",
            "allocations",
            "status",
        ],
    ),
];

/// One value of one row.
struct Cell {
    table: &'static str,
    name: &'static str,
    column: &'static str,
    keys: &'static [&'static str],
    key: Vec<Value>,
    value: Value,
}

impl Cells for Tables<'_> {
    type Cell = Cell;

    fn cells(&self) -> Vec<Cell> {
        let db = self.open();
        let mut cells = Vec::new();
        for &(table, name, keys, columns) in TABLES {
            for column in columns {
                let sql = format!("SELECT {}, {column} FROM {table}", keys.join(", "));
                let mut statement = db.prepare(&sql).unwrap();
                let read = statement.query_map([], |row| {
                    let key = (0..keys.len()).map(|at| row.get(at)).collect::<Result<_, _>>()?;
                    Ok(Cell { table, name, column, keys, key, value: row.get(keys.len())? })
                });
                cells.extend(read.unwrap().map(Result::unwrap));
            }
        }
        cells
    }

    fn change(&self, cell: &Cell, turn: usize) -> Option<(Undo, Vec<String>)> {
        let changed = another(&cell.value, turn)?;
        let db = self.open();
        let before = cell.name(&db, &cell.key);
        cell.put(&db, &cell.key, &changed).ok()?;
        let place = cell.keys.iter().position(|key| *key == cell.column);
        let mut key = cell.key.clone();
        if let Some(place) = place {
            key[place] = changed;
        }
        let mut names = vec![before, cell.name(&db, &key)];
        // What is unreadable is named by its row, without the word before an id.
        let row = |value: &Value| match value {
            Value::Integer(id) => Some(format!("of row {id}")),
            Value::Text(id) => Some(format!("of row {id}")),
            Value::Null | Value::Real(_) | Value::Blob(_) => None,
        };
        names.extend([&cell.key, &key].into_iter().filter_map(|key| row(key.last()?)));
        let (column, keys, table) = (cell.column, cell.keys, cell.table);
        let value = cell.value.clone();
        let undo = move || put(&db, table, column, keys, &key, &value).unwrap();
        Some((Box::new(undo), names))
    }
}

impl Tables<'_> {
    /// A hand that no constraint holds back but uniqueness, which is how rows are told apart.
    fn open(&self) -> Connection {
        let db = Connection::open(self.path).unwrap();
        db.pragma_update(None, "foreign_keys", false).unwrap();
        db.pragma_update(None, "synchronous", "OFF").unwrap();
        db.pragma_update(None, "ignore_check_constraints", true).unwrap();
        db
    }
}

impl Cell {
    fn put(&self, db: &Connection, key: &[Value], value: &Value) -> rusqlite::Result<()> {
        put(db, self.table, self.column, self.keys, key, value)
    }

    /// The row as reports name it.
    fn name(&self, db: &Connection, key: &[Value]) -> String {
        let sql = format!("SELECT {} FROM {} WHERE {}", self.name, self.table, found_by(self.keys));
        db.query_row(&sql, rusqlite::params_from_iter(key), |row| row.get(0)).unwrap()
    }
}

fn put(
    db: &Connection,
    table: &str,
    column: &str,
    keys: &[&str],
    key: &[Value],
    value: &Value,
) -> rusqlite::Result<()> {
    let sql = format!("UPDATE {table} SET {column} = ?{} WHERE {}", keys.len() + 1, found_by(keys));
    let changed = db.execute(&sql, rusqlite::params_from_iter(key.iter().chain([value])))?;
    assert_eq!(changed, 1, "{table}.{column}");
    Ok(())
}

fn found_by(keys: &[&str]) -> String {
    let wanted = keys.iter().enumerate().map(|(at, key)| format!("{key} IS ?{}", at + 1));
    wanted.collect::<Vec<_>>().join(" AND ")
}

/// The value with one digit changed; nothing when it has none.
fn another(value: &Value, turn: usize) -> Option<Value> {
    match value {
        Value::Integer(number) => {
            let text = String::from_utf8(other_digit(number.to_string().into_bytes(), turn)?);
            text.unwrap().parse().ok().map(Value::Integer)
        }
        Value::Text(text) => {
            let text = String::from_utf8(other_digit(text.clone().into_bytes(), turn)?);
            Some(Value::Text(text.unwrap()))
        }
        // Bytes that are text are the journal's JSON; others are hashes and fingerprints.
        Value::Blob(bytes) if bytes.first() == Some(&b'{') => {
            other_digit(bytes.clone(), turn).map(Value::Blob)
        }
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            let place = turn % bytes.len();
            bytes[place] ^= 1;
            Some(Value::Blob(bytes))
        }
        Value::Null => None,
        Value::Real(number) => panic!("{number}: a store has no floats"),
    }
}

fn other_digit(mut text: Vec<u8>, turn: usize) -> Option<Vec<u8>> {
    let digits: Vec<usize> = (0..text.len()).filter(|at| text[*at].is_ascii_digit()).collect();
    let place = *digits.get(turn.checked_rem(digits.len())?)?;
    let step = u8::try_from(turn % 9).unwrap() + 1;
    text[place] = b'0' + (text[place] - b'0' + step) % 10;
    Some(text)
}
