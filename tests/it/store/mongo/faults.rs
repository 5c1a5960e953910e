//! Commits that fail half-way and answers that are lost, on a real wire: the server is told to fail.

use super::open;
use crate::kit::mongo::{Server, fresh_name, raw};
use crate::kit::{CUSTOMER, Kit};
use crate::store::{Disk, TERMS, World};
use mongodb::bson::{Document, doc};
use shopfleet::domain::id::TenantId;
use shopfleet::store::mongo::MongoUrl;
use shopfleet::store::{CommitError, Head, SharedStore, Store};
use std::sync::Arc;

/// A server that fails on request, and a store on it.
struct Bench {
    world: World,
    admin: mongodb::Database,
    _server: Server,
}

impl Bench {
    async fn new() -> Self {
        let server = Server::start(&["--enable-test-commands"]);
        let url: MongoUrl = server.database(&fresh_name());
        let admin = raw(&url).await.client().database("admin");
        let store: SharedStore = Arc::new(open(&url, TERMS).await.expect("opens"));
        let head = store.begin_epoch().await.expect("begins");
        let mut world = World { disk: Disk::Mongo(url), store, head, kit: Kit::new() };
        let entries = world.kit.open_shop();
        world.write(entries, Vec::new()).await;
        Self { world, admin, _server: server }
    }

    /// The next `times` commands of this name fail in this way.
    async fn fail(&self, command: &str, times: i32, mut how: Document) {
        how.insert("failCommands", vec![command]);
        let mode = doc! {"times": times};
        let point = doc! {"configureFailPoint": "failCommand", "mode": mode, "data": how};
        self.admin.run_command(point).await.expect("the server fails on request");
    }

    /// Credits a customer.
    async fn credit(&mut self) -> Result<Head, CommitError> {
        let credit = self.world.kit.credit(&TenantId::Master, CUSTOMER, 1);
        self.world.try_write(vec![credit], Vec::new()).await
    }
}

/// A statement fails for good: nothing is left of those before it, and the same batch is taken later.
#[tokio::test]
async fn a_commit_that_fails_half_way_leaves_nothing() {
    for (command, how) in [
        ("update", doc! {"errorCode": 8000}),
        ("insert", doc! {"errorCode": 14031}),
        ("update", doc! {"closeConnection": true}),
    ] {
        let mut bench = Bench::new().await;
        let before = bench.world.store.chronicle().await;
        bench.fail(command, 1, how.clone()).await;
        let credit = bench.world.kit.credit(&TenantId::Master, CUSTOMER, 1);
        let refused = bench.world.try_write(vec![credit.clone()], Vec::new()).await;
        match refused {
            // A lost connection is what the store tries again by itself.
            Ok(_) if how.contains_key("closeConnection") => {}
            Err(CommitError::Transient(_)) => {
                assert_eq!(bench.world.store.chronicle().await, before, "{command}");
                bench.world.write(vec![credit], Vec::new()).await;
            }
            other => panic!("{command} {how}: {other:?}"),
        }
        bench.world.check().await;
    }
}

/// The server commits, its answer is lost: asked again it answers the same.
#[tokio::test]
async fn a_lost_answer_is_asked_for_again() {
    let mut bench = Bench::new().await;
    let how = doc! {"closeConnection": true};
    bench.fail("commitTransaction", 2, how).await;
    let written = bench.credit().await;
    assert_eq!(written.map(|head| head.seq), Ok(2));
    bench.world.check().await;
}

/// The commit never gets through: its fate is unknown until the next epoch has begun.
#[tokio::test]
async fn the_fate_of_an_unanswered_commit_is_read_after_the_next_epoch() {
    let mut bench = Bench::new().await;
    let before = bench.world.kit.chronicle.clone();
    bench.fail("commitTransaction", 1_000, doc! {"closeConnection": true}).await;
    let lost = bench.credit().await;
    assert!(matches!(lost, Err(CommitError::Unknown(_))), "{lost:?}");
    let off = doc! {"configureFailPoint": "failCommand", "mode": "off"};
    bench.admin.run_command(off).await.expect("heals");

    let mut head = bench.world.store.begin_epoch().await;
    while head.is_err() {
        // The unfinished transaction holds the head until the server ends it.
        head = bench.world.store.begin_epoch().await;
    }
    let head = head.expect("it is one");
    assert_eq!((head.epoch, head.seq), (2, 1), "it was not committed and never will be");
    let (_, chronicle) = bench.world.store.chronicle().await.expect("reads");
    assert_eq!(chronicle, before);
    let late = bench.world.batch(Vec::new(), Vec::new());
    let fenced = Err(CommitError::Fenced { found: 2 });
    assert_eq!(bench.world.store.commit(late).await, fenced);
}

/// Renewals fail until the lease has run out; nobody took it, so it comes back.
#[tokio::test]
async fn a_lease_that_ran_out_comes_back_when_nobody_took_it() {
    use shopfleet::domain::time::Millis;
    use shopfleet::store::StoreError;
    use shopfleet::store::mongo::LeaseTerms;

    let server = Server::start(&["--enable-test-commands"]);
    let url = server.database(&fresh_name());
    let terms = LeaseTerms { ttl: Millis::from_ms(1_000), patience: None };
    let store = open(&url, terms).await.expect("opens");
    store.begin_epoch().await.expect("leads");
    let admin = raw(&url).await.client().database("admin");
    let how = doc! {"failCommands": ["update"], "errorCode": 8000};
    let point = doc! {"configureFailPoint": "failCommand", "mode": "alwaysOn", "data": how};
    admin.run_command(point).await.expect("fails on request");
    store.lost().await;
    assert!(!store.leads());
    let refused = store.begin_epoch().await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let off = doc! {"configureFailPoint": "failCommand", "mode": "off"};
    admin.run_command(off).await.expect("heals");
    while !store.leads() {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.begin_epoch().await.map(|head| head.epoch), Ok(2));
    store.close().await;
}
