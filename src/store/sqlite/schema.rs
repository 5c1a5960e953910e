//! The tables, once, and the version that says which tables a file has.
//!
//! Money is INTEGER micro-units; every table is STRICT, so that a sum that leaves 64 bits is an
//! error and never a float. Checks repeat the laws that a single row can break; what spans rows is
//! kept by the conditional writes of `documents.rs`.

use super::failure::Failure;
use crate::store::StoreError;
use crate::store::journal::GENESIS;
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};

/// The version this program writes.
pub(super) const VERSION: u32 = 2;
/// The name of the version in `meta`; installations' own values have other names.
const VERSION_NAME: &str = "schema_version";

/// `orders.number` and `credits.number` are the order of arrival, which is what *newest first* means.
/// Contents are unique among unsold items by a conditional insert: a unique index would cost every
/// sale a random page of the whole stock. Items refer to orders without a foreign key: they are sold
/// before the order's row is there, and a deferred key makes SQLite search all items for each order;
/// `documents.rs` looks for the order itself. Answers in `commands` are appended, so that a batch
/// touches pages of its small unique index at random and not those of the answers.
const TABLES: &str = "
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    bytes BLOB NOT NULL
) STRICT;
CREATE TABLE commands (
    tenant TEXT NOT NULL,
    caller TEXT NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    machine TEXT NOT NULL CHECK (machine IN ('stock', 'ledger')),
    outcome TEXT NOT NULL,
    UNIQUE (caller, id, tenant)
) STRICT;
CREATE INDEX commands_by_time ON commands (at);
CREATE TABLE quarantine (
    tenant TEXT NOT NULL,
    caller TEXT NOT NULL,
    id TEXT NOT NULL,
    what TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, caller, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE accounts (
    name TEXT NOT NULL PRIMARY KEY,
    guarded INTEGER NOT NULL CHECK (guarded IN (0, 1)),
    balance INTEGER NOT NULL
        CHECK (guarded = 0 OR balance >= 0)
        CHECK (balance BETWEEN -1000000000000000000 AND 1000000000000000000)
) STRICT, WITHOUT ROWID;
CREATE TABLE credits (
    number INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    user INTEGER NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    admin INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE TABLE tenants (
    id TEXT NOT NULL PRIMARY KEY,
    bot INTEGER NOT NULL UNIQUE,
    doc TEXT NOT NULL,
    token TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE categories (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    category INTEGER NOT NULL REFERENCES categories (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    price INTEGER CHECK (price > 0),
    kind TEXT NOT NULL,
    listed INTEGER NOT NULL CHECK (listed IN (0, 1))
) STRICT;
CREATE TABLE orders (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    user INTEGER NOT NULL,
    product INTEGER NOT NULL REFERENCES products (id),
    product_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    base INTEGER NOT NULL CHECK (base >= 0),
    unit INTEGER NOT NULL CHECK (unit >= base),
    total INTEGER NOT NULL CHECK (total >= 0),
    items TEXT NOT NULL,
    placed_at INTEGER NOT NULL,
    done INTEGER NOT NULL CHECK (done IN (0, 1)),
    delivery TEXT NOT NULL
) STRICT;
CREATE INDEX orders_by_tenant ON orders (tenant);
CREATE INDEX orders_by_user ON orders (user, tenant);
CREATE INDEX orders_open ON orders (tenant) WHERE done = 0;
CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    product INTEGER NOT NULL REFERENCES products (id),
    content BLOB NOT NULL CHECK (length(content) = 16),
    order_id TEXT
) STRICT;
CREATE INDEX items_by_content ON items (content);
CREATE INDEX items_unsold ON items (id, product, content) WHERE order_id IS NULL;
CREATE TABLE goods (
    item INTEGER PRIMARY KEY REFERENCES items (id),
    sealed TEXT NOT NULL
) STRICT;
CREATE TABLE blobs (
    content BLOB NOT NULL CHECK (length(content) = 16),
    part INTEGER NOT NULL,
    at INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (content, part)
) STRICT;
CREATE INDEX blobs_by_age ON blobs (at) WHERE part = 0;
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    order_id TEXT NOT NULL REFERENCES orders (id),
    amount INTEGER NOT NULL CHECK (amount > 0),
    remaining INTEGER NOT NULL CHECK (remaining BETWEEN 0 AND amount),
    earned_at INTEGER NOT NULL,
    mature_at INTEGER NOT NULL,
    matured_at INTEGER
) STRICT;
CREATE INDEX entries_open ON entries (id) WHERE matured_at IS NULL OR remaining > 0;
CREATE TABLE withdrawals (
    id INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('requested', 'approved', 'paid', 'rejected')),
    amount INTEGER NOT NULL CHECK (amount > 0),
    fee INTEGER NOT NULL CHECK (fee >= 0),
    net INTEGER NOT NULL CHECK (net > 0 AND net + fee = amount),
    txid TEXT UNIQUE,
    requested_by INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    allocations TEXT NOT NULL,
    status TEXT NOT NULL
) STRICT;
CREATE INDEX withdrawals_by_agent ON withdrawals (agent, state);
CREATE INDEX withdrawals_by_state ON withdrawals (state);
CREATE TABLE dialogs (
    tenant TEXT NOT NULL,
    chat INTEGER NOT NULL,
    update_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (tenant, chat)
) STRICT, WITHOUT ROWID;
CREATE TABLE profiles (
    tenant TEXT NOT NULL,
    user INTEGER NOT NULL,
    name TEXT NOT NULL,
    username TEXT,
    language TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (tenant, user)
) STRICT, WITHOUT ROWID;
CREATE TABLE inbox (
    number INTEGER PRIMARY KEY,
    bot INTEGER NOT NULL,
    update_id INTEGER NOT NULL,
    sealed TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (bot, update_id)
) STRICT;
CREATE INDEX inbox_by_bot ON inbox (bot);
CREATE TABLE dead_letters (
    bot INTEGER NOT NULL,
    update_id INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (bot, update_id)
) STRICT, WITHOUT ROWID;
";

/// What makes a file of version 1 one of version 2. An update whose age nobody knows is as good as too
/// old: what it asked for may have been done.
const FROM_1: &str = "ALTER TABLE inbox ADD COLUMN at INTEGER NOT NULL DEFAULT 0";

/// Makes the tables of a new file in one transaction, or checks that the file has them.
///
/// # Errors
/// [`StoreError::NewerSchema`]; [`StoreError::Corrupt`] for a database of something else.
pub(super) fn prepare(db: &mut Connection) -> Result<(), StoreError> {
    match version(db)? {
        Some(found) if found == VERSION => Ok(()),
        Some(found) if found > VERSION => Err(StoreError::NewerSchema { found, known: VERSION }),
        Some(1) => upgrade(db).map_err(StoreError::from),
        Some(found) => Err(StoreError::Corrupt(format!("there was no schema version {found}"))),
        None => create(db).map_err(StoreError::from),
    }
}

/// The version of the file, none when it is empty.
fn version(db: &Connection) -> Result<Option<u32>, StoreError> {
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(Failure::from)?;
    if tables == 0 {
        return Ok(None);
    }
    let foreign = || StoreError::Corrupt("the file is not a store of this program".to_owned());
    let found: Option<String> = db
        .query_row("SELECT value FROM meta WHERE name = ?1", [VERSION_NAME], |row| row.get(0))
        .optional()
        .map_err(|error| match error.sqlite_error_code() {
            // There is no such table, or it has other columns.
            Some(ErrorCode::Unknown) => foreign(),
            _ => Failure::from(error).into(),
        })?;
    found.and_then(|text| text.parse().ok()).map(Some).ok_or_else(foreign)
}

fn upgrade(db: &mut Connection) -> Result<(), Failure> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    tx.execute_batch(FROM_1)?;
    tx.execute(
        "UPDATE meta SET value = ?2 WHERE name = ?1",
        params![VERSION_NAME, VERSION.to_string()],
    )?;
    tx.commit()?;
    Ok(())
}

fn create(db: &mut Connection) -> Result<(), Failure> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    tx.execute_batch(TABLES)?;
    tx.execute(
        "INSERT INTO meta (name, value) VALUES (?1, ?2)",
        params![VERSION_NAME, VERSION.to_string()],
    )?;
    tx.execute(
        "INSERT INTO head (id, epoch, seq, hash) VALUES (1, 0, 0, ?1)",
        params![GENESIS.hash],
    )?;
    tx.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prepared_by: &str, expected: &Result<(), StoreError>) {
        let mut db = Connection::open_in_memory().expect("opens");
        db.execute_batch(prepared_by).expect("valid SQL");
        assert_eq!(&prepare(&mut db), expected, "{prepared_by}");
    }

    #[test]
    fn a_file_is_new_known_newer_or_foreign() {
        let foreign =
            Err(StoreError::Corrupt("the file is not a store of this program".to_owned()));
        check("", &Ok(()));
        check("CREATE TABLE notes (a)", &foreign);
        check("CREATE TABLE meta (name TEXT, value TEXT)", &foreign);
        check(
            "CREATE TABLE meta (name, value); INSERT INTO meta VALUES ('schema_version', '3')",
            &Err(StoreError::NewerSchema { found: 3, known: 2 }),
        );
        let mut db = Connection::open_in_memory().expect("opens");
        assert_eq!(prepare(&mut db), Ok(()));
        assert_eq!(prepare(&mut db), Ok(()), "the second time it is known");
    }

    #[test]
    fn a_file_of_the_first_version_is_made_one_of_this() {
        let first = TABLES.replace(
            "    sealed TEXT NOT NULL,\n    at INTEGER NOT NULL,\n    UNIQUE",
            "    sealed TEXT NOT NULL,\n    UNIQUE",
        );
        assert_ne!(first, TABLES);
        let mut db = Connection::open_in_memory().expect("opens");
        db.execute_batch(&first).expect("valid SQL");
        let old = "INSERT INTO meta VALUES ('schema_version', '1');
                   INSERT INTO inbox (bot, update_id, sealed) VALUES (1, 2, 'x')";
        db.execute_batch(old).expect("valid SQL");
        assert_eq!(prepare(&mut db), Ok(()));
        let at: i64 = db.query_row("SELECT at FROM inbox", [], |row| row.get(0)).expect("a row");
        assert_eq!((at, version(&db)), (0, Ok(Some(2))));
    }
}
