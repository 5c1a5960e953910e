//! Every question of a page or a handle is answered from an index: the server says how it would.

use super::open;
use crate::kit::mongo::{new_database, raw};
use crate::store::TERMS;
use mongodb::bson::{Bson, Document, doc};
use shopfleet::store::Store;
use shopfleet::store::mongo::schema::COLLECTIONS;
use shopfleet::store::mongo::views::View;

/// Stages of a plan that look into an index.
const INDEXED: [&str; 5] = ["IXSCAN", "IDHACK", "CLUSTERED_IXSCAN", "EXPRESS_IXSCAN", "COUNT_SCAN"];

/// The seed's seven groups.
const SEED: [(&str, &[&str]); 13] = [
    ("user", &["tenant", "user_id"]),
    ("gmjlu", &["tenant"]),
    ("gmjlu", &["sold_by.type"]),
    ("gmjlu", &["time"]),
    ("topup", &["tenant"]),
    ("topup", &["status"]),
    ("topup", &["time"]),
    ("hb", &["nowuid", "state"]),
    ("agents", &["agent_id"]),
    ("agent_ledger", &["agent_id", "status"]),
    ("agent_ledger", &["status", "mature_at"]),
    ("agent_withdrawals", &["agent_id", "status"]),
    ("agent_withdrawals", &["status"]),
];

/// Every stage of a plan.
fn stages(plan: &Bson, found: &mut Vec<String>) {
    match plan {
        Bson::Document(plan) => {
            found.extend(plan.get_str("stage").map(str::to_owned));
            plan.values().for_each(|inner| stages(inner, found));
        }
        Bson::Array(plans) => plans.iter().for_each(|inner| stages(inner, found)),
        _ => {}
    }
}

async fn stages_of(db: &mongodb::Database, find: Document) -> Vec<String> {
    let explain = doc! {"explain": find, "verbosity": "queryPlanner"};
    let answer = db.run_command(explain).await.expect("explains");
    let planner = answer.get_document("queryPlanner").expect("a plan");
    let mut found = Vec::new();
    stages(planner.get("winningPlan").expect("a plan"), &mut found);
    found
}

#[tokio::test]
async fn every_view_comes_from_an_index() {
    let url = new_database();
    let store = open(&url, TERMS).await.expect("opens");
    let db = raw(&url).await;
    for View { collection, filter, sort } in View::samples() {
        let find = doc! {"find": collection, "filter": filter.clone(), "sort": sort};
        let stages = stages_of(&db, find).await;
        let indexed = stages.iter().any(|stage| INDEXED.contains(&stage.as_str()));
        assert!(indexed, "{collection} {filter}: {stages:?}");
        assert!(
            !stages.iter().any(|stage| stage == "COLLSCAN"),
            "{collection} {filter}: {stages:?}"
        );
    }
    let scan = stages_of(&db, doc! {"find": "gmjlu", "filter": {"total": 1}}).await;
    assert!(scan.iter().any(|stage| stage == "COLLSCAN"), "the test sees a scan: {scan:?}");
    store.close().await;
}

#[tokio::test]
async fn every_index_of_the_declaration_is_there_and_the_seeds_among_them() {
    let url = new_database();
    open(&url, TERMS).await.expect("opens").close().await;
    let db = raw(&url).await;
    for collection in COLLECTIONS {
        let there = db.collection::<Document>(collection.name).list_index_names().await;
        let there = there.expect("the collection is there");
        for index in collection.indexes {
            assert!(there.contains(&index.name()), "{}: {there:?}", collection.name);
        }
        assert_eq!(there.len(), collection.indexes.len() + 1, "{}: {there:?}", collection.name);
    }
    for (name, fields) in SEED {
        let collection = COLLECTIONS.iter().find(|known| known.name == name);
        let mut indexes = collection.expect("it is declared").indexes.iter();
        let begins = |keys: &[(&str, i32)]| {
            keys.iter().map(|(key, _)| *key).take(fields.len()).eq(fields.iter().copied())
        };
        assert!(indexes.any(|index| begins(index.keys)), "{name}: {fields:?}");
    }
}
