//! Who leads: one at a time, the next one after the first has ended or fallen silent, and nobody who
//! does not know any more that he does.
//!
//! Nothing here waits for a while: each wait is for what must happen, however long a busy machine
//! takes. Times to live are short, so that it does not take long.

use super::open;
use crate::kit::mongo::{new_database, raw, runtime};
use mongodb::bson::{Document, doc};
use shopfleet::clock::Stopwatch;
use shopfleet::domain::time::{Millis, Timestamp};
use shopfleet::store::batch::Batch;
use shopfleet::store::mongo::{LeaseTerms, MongoStore, MongoUrl};
use shopfleet::store::{CommitError, Head, Store, StoreError};
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

/// Long enough for a busy machine to renew in time.
const TTL: Millis = Millis::from_secs(4);
const PATIENT: LeaseTerms = LeaseTerms { ttl: TTL, patience: None };
const IMPATIENT: LeaseTerms = LeaseTerms { ttl: TTL, patience: Some(Millis::ZERO) };

fn empty(follows: Head) -> Arc<Batch> {
    let at = Timestamp::EPOCH;
    Arc::new(Batch { follows, at, entries: Vec::new().into(), records: Vec::new() })
}

#[tokio::test]
async fn a_second_opener_waits_until_the_first_gives_the_lease_back() {
    let url = new_database();
    let first = open(&url, PATIENT).await.expect("nobody leads");
    assert_eq!(open(&url, IMPATIENT).await.map(drop), Err(StoreError::Leased));
    let waiting = tokio::spawn({
        let url = url.clone();
        async move { open(&url, PATIENT).await }
    });
    assert_eq!(first.begin_epoch().await.map(|head| head.epoch), Ok(1), "the first goes on");
    assert!(first.leads() && !waiting.is_finished());
    first.close().await;
    assert!(!first.leads(), "what was given back is not held");
    let second = waiting.await.expect("runs").expect("the lease is free");
    assert_eq!(second.begin_epoch().await.map(|head| head.epoch), Ok(2));
    second.close().await;
}

#[tokio::test]
async fn a_dropped_store_gives_its_lease_back() {
    let url = new_database();
    drop(open(&url, LeaseTerms { ttl: Millis::from_hours(1), patience: None }).await);
    open(&url, PATIENT).await.expect("an hour need not pass").close().await;
}

/// A leader on a runtime of its own, which can die as a process does.
fn leader(url: &MongoUrl) -> (Runtime, MongoStore) {
    let built = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let own = built.expect("a runtime");
    let opened = std::thread::scope(|scope| {
        let opening = scope.spawn(|| own.block_on(MongoStore::open(url, PATIENT, own.handle())));
        opening.join().expect("it does not panic")
    });
    (own, opened.expect("nobody leads"))
}

#[tokio::test]
async fn a_silent_leader_stops_before_the_next_one_begins() {
    let url = new_database();
    let (own, first) = leader(&url);
    let head = first.begin_epoch().await.expect("leads");
    own.shutdown_background();
    let silent = Stopwatch::start();
    let second = open(&url, PATIENT).await.expect("takes over");
    assert!(silent.elapsed() >= (TTL.to_std() - TTL.to_std() / 5), "not before its time to live");
    assert!(!first.leads(), "the first has stopped by itself");
    first.lost().await;
    let lost = first.commit(empty(head)).await;
    assert!(matches!(lost, Err(CommitError::Unknown(_))), "its runtime is gone: {lost:?}");
    assert_eq!(second.begin_epoch().await.map(|head| head.epoch), Ok(2));
    second.close().await;
}

#[tokio::test]
async fn a_leader_whose_lease_was_taken_writes_nothing_more() {
    let url = new_database();
    let terms = LeaseTerms { ttl: Millis::from_ms(500), patience: None };
    let store = open(&url, terms).await.expect("nobody leads");
    let head = store.begin_epoch().await.expect("leads");
    let meta = raw(&url).await.collection::<Document>("meta");
    let taken = doc! {"$set": {"holder": "another"}, "$inc": {"beat": 1_i64}};
    meta.update_one(doc! {"_id": "lease"}, taken).await.expect("writes");
    store.lost().await;
    assert!(!store.leads());
    let fenced = Err(CommitError::Fenced { found: head.epoch });
    assert_eq!(store.commit(empty(head.clone())).await, fenced);
    assert_eq!(store.begin_epoch().await, Err(StoreError::Fenced));
    assert_eq!(store.meta_once("salt", "s".to_owned()).await, Err(StoreError::Fenced));
    assert_eq!(store.head().await, Ok(head), "reading goes on");
    runtime().spawn(async move { store.close().await }).await.expect("ends");
    let lease = meta.find_one(doc! {"_id": "lease"}).await.expect("reads").expect("is there");
    assert_eq!(lease.get_str("holder").ok(), Some("another"), "it gives back only its own");
}
