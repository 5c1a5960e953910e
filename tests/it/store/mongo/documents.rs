//! The declaration, the documents that are written and the page about them say the same.
//!
//! When the page differs the test writes it anew and fails once: look at it and commit it.

use crate::kit::mongo::raw;
use crate::kit::{CUSTOMER, agents_shop, bot};
use crate::store::facts::the_whole_story;
use crate::store::{Disk, World};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Bson, Document, doc};
use shopfleet::domain::id::ChatId;
use shopfleet::domain::sealed::Sealed;
use shopfleet::store::batch::{DialogRecord, InboxRecord, Profile, Record};
use shopfleet::store::mongo::schema::{COLLECTIONS, Collection, Index, Only};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// Declared fields that the story does not write: an agent's own terms, which nothing sets yet.
const UNSEEN: [&str; 5] = [
    "agents.pricing.floor",
    "agents.pricing.cap",
    "agents.payout.min_withdrawal",
    "agents.payout.fee",
    "agents.maturity_ms",
];

/// A type as the declaration names it.
const fn kind(value: &Bson) -> &'static str {
    match value {
        Bson::String(_) => "string",
        Bson::Int32(_) => "int",
        Bson::Int64(_) => "long",
        Bson::Boolean(_) => "bool",
        Bson::DateTime(_) => "date",
        Bson::Decimal128(_) => "decimal",
        Bson::Binary(_) => "binary",
        Bson::ObjectId(_) => "objectId",
        _ => "something else",
    }
}

/// Every field of a document with its type, as the declaration writes them.
fn fields(prefix: &str, document: &Document, found: &mut BTreeSet<(String, String)>) {
    for (name, value) in document {
        let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Bson::Null => {}
            Bson::Document(inner) => fields(&name, inner, found),
            Bson::Array(values) => {
                for value in values {
                    if let Bson::Document(inner) = value {
                        fields(&name, inner, found);
                    } else {
                        found.insert((name.clone(), format!("array of {}", kind(value))));
                    }
                }
            }
            value => {
                found.insert((name, kind(value).to_owned()));
            }
        }
    }
}

/// What the journal does not cover, for the rest of the collections.
async fn records(world: &mut World) {
    let (tenant, at) = (agents_shop(), world.kit.now);
    let sealed = Sealed::from_text("v1.k.x");
    let content = world.kit.draw_content();
    world.store.put_blob(content, sealed.clone(), at).await.expect("writes");
    world.store.meta_once("salt", "s".to_owned()).await.expect("writes");
    let profile = Profile {
        tenant: tenant.clone(),
        user: CUSTOMER,
        name: "小明".to_owned(),
        username: Some("ming".to_owned()),
        language: "zh".to_owned(),
        since: at,
    };
    let dialog = DialogRecord {
        tenant: tenant.clone(),
        chat: ChatId::new(1),
        update: 1,
        state: "{}".to_owned(),
    };
    let spilled = InboxRecord { bot: bot(10).id, update: 1, at, sealed: sealed.clone() };
    let reason = "panicked twice".to_owned();
    let all = vec![
        Record::Profile(profile),
        Record::Dialog(dialog),
        Record::InboxPut(spilled),
        Record::Token { tenant, sealed },
        Record::DeadLetter { bot: bot(10).id, update: 2, reason, at },
    ];
    world.write(Vec::new(), all).await;
}

#[tokio::test]
async fn what_is_written_is_what_is_declared() {
    let mut world = the_whole_story(Disk::mongo()).await;
    records(&mut world).await;
    let Disk::Mongo(url) = &world.disk else { panic!("it is a database") };
    let db = raw(url).await;
    let names: BTreeSet<String> =
        db.list_collection_names().await.expect("reads").into_iter().collect();
    let declared: BTreeSet<String> =
        COLLECTIONS.iter().map(|collection| collection.name.to_owned()).collect();
    assert_eq!(names, declared);
    for collection in COLLECTIONS {
        let (mut found, declared) = (BTreeSet::new(), declared_fields(collection));
        let mut all =
            db.collection::<Document>(collection.name).find(doc! {}).await.expect("reads");
        while let Some(document) = all.try_next().await.expect("reads") {
            fields("", &document, &mut found);
        }
        let undeclared: Vec<_> = found.difference(&declared).collect();
        assert!(undeclared.is_empty(), "{}: {undeclared:?}", collection.name);
        let unseen =
            declared.difference(&found).map(|(name, _)| format!("{}.{name}", collection.name));
        let unseen: Vec<_> = unseen.filter(|name| !UNSEEN.contains(&name.as_str())).collect();
        assert!(unseen.is_empty(), "the story never writes {unseen:?}");
    }
    world.store.close().await;
}

fn declared_fields(collection: &Collection) -> BTreeSet<(String, String)> {
    collection.fields.iter().map(|field| (field.name.to_owned(), field.kind.to_owned())).collect()
}

#[test]
fn the_page_says_what_is_declared() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mongodb.md");
    let page = page();
    if std::fs::read_to_string(&path).ok().as_ref() != Some(&page) {
        std::fs::write(&path, page).expect("writes");
        panic!("docs/mongodb.md was out of date and is written anew: look at it, commit it");
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for collection in COLLECTIONS {
        let _ = write!(page, "\n## `{}`\n\n", collection.name);
        let _ = writeln!(page, "One document is {}.\n", collection.meaning);
        page.push_str("| field | type | meaning | journal |\n| --- | --- | --- | --- |\n");
        for field in collection.fields {
            let journal = if field.journalled { "yes" } else { "no" };
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {journal} |",
                field.name, field.kind, field.meaning
            );
        }
        if !collection.indexes.is_empty() {
            let indexes: Vec<String> = collection.indexes.iter().map(described).collect();
            let _ = writeln!(page, "\nIndexes: {}.", indexes.join("; "));
        }
    }
    page
}

fn described(index: &Index) -> String {
    let key = |(field, order): &(&str, i32)| match order {
        1 => format!("`{field}`"),
        _ => format!("`{field}` descending"),
    };
    let keys: Vec<String> = index.keys.iter().map(key).collect();
    let unique = if index.unique { ", unique" } else { "" };
    let only = match index.only {
        Some(Only::Flag(field, value)) => format!(", where `{field}` is {value}"),
        Some(Only::Having(field)) => format!(", where there is a `{field}`"),
        None => String::new(),
    };
    format!("{}{unique}{only}", keys.join(", "))
}

/// What the page says before the tables.
const HEAD: &str = "\
# The MongoDB store

`store.url = mongodb://HOST/DATABASE` keeps everything durable in one database of a replica set. This page is made from
`src/store/mongo/schema/collections.rs` by a test, which also holds every document that is written to it.

- **Look, do not write.** Reports and other tools may read. Where *journal* says yes, the journal holds the same, and
  `shopfleet audit` finds a foreign write; a wrong one can keep the shop from starting.
- **One transaction a batch**, durable on a majority (`w: majority, j: true`). `meta` has the head: every batch moves it
  from exactly the value before, so there is one writer.
- **A replica set is needed**, one member is enough: start `mongod --replSet rs0 …`, then run
  `mongosh --eval 'rs.initiate()'` once. A standalone server is refused.
- **One process leads.** It renews the document `lease` in `meta`; another one waits, says so, and takes over when the
  document has not changed for `store.lease_s` and a quarter more. A leader that could not renew for `store.lease_s` stops to
  poll, send and write by itself, and goes on when it can renew and nobody has taken over. A batch that the old leader left
  unfinished holds the new one up for as long as the server keeps its transaction (a minute, unless it is configured).
- Money is Decimal128 in USDT, times are UTC, numbers are long. Ids of products, items, entries and withdrawals stand
  without the prefix that people see.
- Options, TLS and credentials come from the URI. Nothing prints them: logs and errors show hosts and database.
";
