//! What only a file can show: who has it open, what version it is, and what damage does.

use super::{Disk, PRODUCT, World, file};
use crate::kit::CUSTOMER;
use rusqlite::Connection;
use shopfleet::domain::id::TenantId;
use shopfleet::domain::time::Timestamp;
use shopfleet::store::sqlite::SqliteStore;
use shopfleet::store::{Store, StoreError};
use std::io::{Seek, SeekFrom, Write};

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_is_gone() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = file(&dir);
    let first = SqliteStore::open(&path).expect("opens");
    assert_eq!(SqliteStore::open(&path).map(drop), Err(StoreError::Leased));
    assert_eq!(first.begin_epoch().await.map(|head| head.epoch), Ok(1), "the first goes on");
    drop(first);
    let second = SqliteStore::open(&path).expect("the lease is free");
    assert_eq!(second.begin_epoch().await.map(|head| head.epoch), Ok(2));
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = file(&dir);
    let refused = |path| match SqliteStore::open(path) {
        Err(StoreError::Corrupt(_)) => {}
        other => panic!("it must be refused, not {:?}", other.map(drop)),
    };
    std::fs::write(&path, "this is a letter, not a database, and long enough to be one")
        .expect("writes");
    refused(&path);
    std::fs::remove_file(&path).expect("removes");
    let foreign = Connection::open(&path).expect("opens");
    foreign.execute_batch("CREATE TABLE notes (text)").expect("writes");
    drop(foreign);
    refused(&path);
    let foreign = Connection::open(&path).expect("opens");
    assert_eq!(foreign.execute("INSERT INTO notes VALUES ('still here')", []), Ok(1));
    let nowhere = SqliteStore::open(&dir.path().join("no/such/folder/shop.db")).map(drop);
    assert!(matches!(nowhere, Err(StoreError::Unavailable(_))), "{nowhere:?}");
}

#[test]
fn a_newer_schema_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = file(&dir);
    drop(SqliteStore::open(&path).expect("opens"));
    tamper(&path, "UPDATE meta SET value = '7' WHERE name = 'schema_version'");
    let refused = SqliteStore::open(&path).map(drop);
    assert_eq!(refused, Err(StoreError::NewerSchema { found: 7, known: 2 }));
}

/// A closed store with something in every table that is loaded, after `change`.
async fn check_damaged(change: impl FnOnce(&std::path::Path)) -> Result<(), StoreError> {
    let mut world = World::with_shop(Disk::sqlite(), 3).await;
    let (_, bought) = world.kit.buy(&TenantId::Master, CUSTOMER, PRODUCT, 1).expect("buys");
    world.write(vec![bought], Vec::new()).await;
    let World { disk, store, .. } = world;
    drop(store);
    let Disk::Sqlite(dir) = &disk else { panic!("it is a file") };
    change(&file(dir));
    SqliteStore::open(&file(dir))?.load(Timestamp::EPOCH).await.map(drop)
}

fn tamper(path: &std::path::Path, sql: &str) {
    let db = Connection::open(path).expect("opens");
    db.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
        .expect("sets");
    assert!(db.execute(sql, []).expect("runs") > 0, "{sql} changes something");
}

#[tokio::test]
async fn damaged_documents_are_told_apart_from_an_empty_store() {
    assert_eq!(check_damaged(|_| ()).await, Ok(()), "undamaged it loads");
    for sql in [
        "UPDATE commands SET outcome = '{'",
        "UPDATE commands SET caller = 'somebody'",
        "UPDATE tenants SET doc = replace(doc, 'active', 'asleep')",
        "UPDATE accounts SET name = 'nowhere' WHERE name = 'adjustments'",
        "UPDATE accounts SET balance = 9000000000000000000 WHERE name = 'adjustments'",
        "UPDATE orders SET delivery = '{\"state\":\"lost\"}'",
        "UPDATE orders SET items = '[-1]'",
        "UPDATE products SET kind = 'song'",
        "UPDATE items SET content = x'00' WHERE order_id IS NULL",
        "UPDATE journal SET bytes = CAST(bytes || ' ' AS BLOB)",
        "DELETE FROM journal",
        "UPDATE head SET seq = seq + 1",
        "DELETE FROM head",
    ] {
        let damaged = check_damaged(|path| tamper(path, sql)).await;
        assert!(matches!(damaged, Err(StoreError::Corrupt(_))), "{sql}: {damaged:?}");
    }
}

#[tokio::test]
async fn damaged_pages_are_found() {
    let damaged = check_damaged(|path| {
        let mut file = std::fs::OpenOptions::new().write(true).open(path).expect("opens");
        let length = file.metadata().expect("reads").len();
        // Everything but the first page, which has the schema's root, becomes noise.
        file.seek(SeekFrom::Start(4096)).expect("seeks");
        let noise = vec![0xa5; usize::try_from(length - 4096).expect("a small file")];
        file.write_all(&noise).expect("writes");
    });
    let damaged = damaged.await;
    assert!(matches!(damaged, Err(StoreError::Corrupt(_))), "{damaged:?}");
}
