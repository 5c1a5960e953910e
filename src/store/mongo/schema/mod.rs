//! Collections, fields and indexes: what a declaration is, and how a database is brought to it.
//!
//! The declaration itself is `collections.rs`, the one place. It makes the database at start and
//! `docs/mongodb.md`; a test holds every document that is written to it.

mod collections;

pub use collections::COLLECTIONS;

use super::failure::Failure;
use crate::store::StoreError;
use crate::store::journal::GENESIS;
use futures_util::future::try_join_all;
use mongodb::Database;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, doc};
use mongodb::options::ReturnDocument;

/// The version this program writes.
pub const VERSION: u32 = 1;

/// Where the head, the lease, the version and named values are.
pub(super) const META: &str = "meta";
/// The document of the version, written first of all.
const VERSION_ID: &str = "schema";

/// What is known of one collection.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// Its name, the seed's where the seed has one.
    pub name: &'static str,
    /// What one document is.
    pub meaning: &'static str,
    /// Every field that is written.
    pub fields: &'static [Field],
    /// Indexes beside that of `_id`.
    pub indexes: &'static [Index],
}

/// One field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name; a point leads into a document or the documents of a list.
    pub name: &'static str,
    /// Its type in BSON.
    pub kind: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Whether the journal says it too, so that the audit finds a foreign write.
    pub journalled: bool,
}

/// One index.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    /// Fields, 1 for ascending, -1 for descending.
    pub keys: &'static [(&'static str, i32)],
    /// Whether two documents may not agree in it.
    pub unique: bool,
    /// Only documents with this are in it.
    pub only: Option<Only>,
}

/// Which documents a partial index holds.
#[derive(Clone, Copy, Debug)]
pub enum Only {
    /// Those whose flag has this value.
    Flag(&'static str, bool),
    /// Those that have the field.
    Having(&'static str),
}

impl Index {
    /// Its name, made of its fields as MongoDB itself would.
    pub fn name(&self) -> String {
        let parts: Vec<String> =
            self.keys.iter().map(|(field, order)| format!("{field}_{order}")).collect();
        parts.join("_")
    }

    fn specification(&self) -> Document {
        let keys: Document = self
            .keys
            .iter()
            .map(|(field, order)| ((*field).to_owned(), Bson::Int32(*order)))
            .collect();
        let mut index = doc! {"name": self.name(), "key": keys};
        if self.unique {
            index.insert("unique", true);
        }
        match self.only {
            Some(Only::Flag(field, value)) => {
                index.insert("partialFilterExpression", doc! {field: value});
            }
            Some(Only::Having(field)) => {
                index.insert("partialFilterExpression", doc! {field: {"$exists": true}});
            }
            None => {}
        }
        index
    }
}

/// Makes what is missing, or refuses a database that is not ours to change.
///
/// # Errors
/// [`StoreError::NewerSchema`]; [`StoreError::Corrupt`] for a database of something else, such as
/// that of the Python system.
pub(super) async fn prepare(db: &Database) -> Result<(), StoreError> {
    let meta = db.collection::<Document>(META);
    let version = meta.find_one(doc! {"_id": VERSION_ID}).await.map_err(Failure::from)?;
    match version.map(|known| known.get_i64("version").ok().and_then(|n| u32::try_from(n).ok())) {
        Some(Some(found)) if found > VERSION => {
            return Err(StoreError::NewerSchema { found, known: VERSION });
        }
        Some(Some(VERSION)) => {}
        Some(_) => return Err(foreign(db)),
        None => {
            let names = db.list_collection_names().await.map_err(Failure::from)?;
            if !names.is_empty() {
                return Err(foreign(db));
            }
            once(db, doc! {"_id": VERSION_ID, "version": i64::from(VERSION)}).await?;
        }
    }
    try_join_all(COLLECTIONS.iter().map(|collection| make(db, collection))).await?;
    let hash = Binary { subtype: BinarySubtype::Generic, bytes: GENESIS.hash.into() };
    once(db, doc! {"_id": "head", "epoch": 0_i64, "seq": 0_i64, "hash": hash}).await?;
    Ok(())
}

/// Whether the database holds a store already; an audit makes none.
pub(super) async fn exists(db: &Database) -> Result<bool, Failure> {
    let version = doc! {"_id": VERSION_ID};
    Ok(db.collection::<Document>(META).find_one(version).await?.is_some())
}

/// Refuses a version that is not this program's, and makes nothing.
///
/// # Errors
/// [`StoreError::NewerSchema`]; [`StoreError::Corrupt`] when there is no store.
pub(super) async fn check(db: &Database) -> Result<(), StoreError> {
    if !exists(db).await? {
        return Err(StoreError::Corrupt(format!("there is no store in database {}", db.name())));
    }
    prepare(db).await
}

fn foreign(db: &Database) -> StoreError {
    let name = db.name();
    StoreError::Corrupt(format!("database {name} is not empty and not a store of this program"))
}

/// Writes a document of `meta` unless there is one of its id.
async fn once(db: &Database, document: Document) -> Result<(), Failure> {
    let id = document.get("_id").cloned().unwrap_or(Bson::Null);
    db.collection::<Document>(META)
        .find_one_and_update(doc! {"_id": id}, doc! {"$setOnInsert": document})
        .upsert(true)
        .return_document(ReturnDocument::After)
        .await?;
    Ok(())
}

async fn make(db: &Database, collection: &Collection) -> Result<(), Failure> {
    /// There is one already.
    const EXISTS: i32 = 48;
    let name = collection.name;
    if collection.indexes.is_empty() {
        match db.run_command(doc! {"create": name}).await.map_err(|error| (code(&error), error)) {
            Ok(_) | Err((Some(EXISTS), _)) => return Ok(()),
            Err((_, error)) => return Err(error.into()),
        }
    }
    let indexes: Vec<Document> = collection.indexes.iter().map(Index::specification).collect();
    db.run_command(doc! {"createIndexes": name, "indexes": indexes}).await?;
    Ok(())
}

fn code(error: &mongodb::error::Error) -> Option<i32> {
    match error.kind.as_ref() {
        mongodb::error::ErrorKind::Command(command) => Some(command.code),
        _ => None,
    }
}
