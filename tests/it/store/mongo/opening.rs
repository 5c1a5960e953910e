//! Servers and databases that are refused, each for a reason that says what to do.

use super::open;
use crate::kit::mongo::{Server, new_database, raw, runtime};
use crate::store::TERMS;
use mongodb::bson::{Document, doc};
use shopfleet::store::mongo::MongoStore;
use shopfleet::store::{Store, StoreError};

#[tokio::test]
async fn a_standalone_server_is_refused_with_what_makes_it_a_replica_set() {
    let server = Server::start(&["--standalone"]);
    let refused = open(&server.database("shop"), TERMS).await.map(drop);
    let Err(StoreError::Unsuited(why)) = refused else {
        panic!("it has no transactions: {refused:?}")
    };
    for command in ["mongod --replSet rs0", "rs.initiate()"] {
        assert!(why.contains(command), "{why}");
    }
}

#[tokio::test]
async fn a_database_of_something_else_is_left_alone() {
    let url = new_database();
    let db = raw(&url).await;
    let users = db.collection::<Document>("user");
    users.insert_one(doc! {"user_id": 7, "USDT": 12.5}).await.expect("writes");
    let refused = open(&url, TERMS).await.map(drop);
    assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
    assert_eq!(db.list_collection_names().await.expect("reads"), ["user"]);
    let refused = MongoStore::read_only(&url, &runtime()).await.map(drop);
    assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let url = new_database();
    open(&url, TERMS).await.expect("opens").close().await;
    let meta = raw(&url).await.collection::<Document>("meta");
    let newer = doc! {"$set": {"version": 7_i64}};
    meta.update_one(doc! {"_id": "schema"}, newer).await.expect("writes");
    let newer = Err(StoreError::NewerSchema { found: 7, known: 1 });
    assert_eq!(open(&url, TERMS).await.map(drop), newer);
    assert_eq!(MongoStore::read_only(&url, &runtime()).await.map(drop), newer);
}

#[tokio::test]
async fn a_refused_password_is_in_no_error() {
    let server = Server::start(&["--auth"]);
    let address = server.address.replace("mongodb://", "mongodb://shop:pa55-word@");
    let url = format!("{address}/shop?serverSelectionTimeoutMS=2000").parse().expect("a URL");
    let refused = open(&url, TERMS).await.map(drop).expect_err("nobody knows this user");
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    assert!(!format!("{refused} {refused:?} {url} {url:?}").contains("pa55"), "{refused}");
}

#[tokio::test]
async fn an_audit_reads_beside_the_leader_and_cannot_write() {
    let url = new_database();
    let leader = open(&url, TERMS).await.expect("opens");
    leader.begin_epoch().await.expect("leads");
    let reader = MongoStore::read_only(&url, &runtime()).await.expect("opens beside it");
    assert_eq!(reader.head().await.map(|head| head.epoch), Ok(1));
    assert!(!reader.leads());
    assert_eq!(reader.begin_epoch().await, Err(StoreError::Fenced));
    assert_eq!(reader.meta_once("salt", "s".to_owned()).await, Err(StoreError::Fenced));
    leader.close().await;
}
