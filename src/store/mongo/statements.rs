//! The statements of one batch, gathered by collection so that a thousand orders take few round
//! trips, and how they are run inside its transaction.
//!
//! Every change must find exactly one document, so the matched count of a whole command tells whether
//! all of them did. Within a collection deletes come first, then inserts, then changes in their
//! order; whoever gathers makes sure that no change is meant to come before the insert.

use super::failure::Failure;
use mongodb::bson::raw::{CStr, cstr};
use mongodb::bson::{RawArrayBuf, RawDocumentBuf, rawdoc};
use mongodb::{ClientSession, Database};
use std::collections::BTreeMap;

/// Bytes of statements in one command; a command is a document and those end at 16 MiB.
const BYTES: usize = 8 * 1024 * 1024;
/// Statements in one command; the server's own bound is higher.
const COUNT: usize = 10_000;

/// Inserts, changes and deletes of one batch.
#[derive(Debug, Default)]
pub(super) struct Statements(BTreeMap<&'static str, Lists>);

#[derive(Debug, Default)]
struct Lists {
    deletes: Vec<RawDocumentBuf>,
    inserts: Vec<RawDocumentBuf>,
    changes: Vec<RawDocumentBuf>,
}

/// What a command does with its statements.
#[derive(Clone, Copy, Debug)]
enum Verb {
    Delete,
    Insert,
    Update,
}

impl Statements {
    /// A new document.
    pub(super) fn insert(&mut self, collection: &'static str, document: RawDocumentBuf) {
        self.of(collection).inserts.push(document);
    }

    /// A change of the one document that `query` must find.
    pub(super) fn change(
        &mut self,
        collection: &'static str,
        query: RawDocumentBuf,
        update: RawDocumentBuf,
    ) {
        self.of(collection).changes.push(rawdoc! {"q": query, "u": update});
    }

    /// A change of the document that `query` finds, or a new one.
    pub(super) fn put(
        &mut self,
        collection: &'static str,
        query: RawDocumentBuf,
        update: RawDocumentBuf,
    ) {
        self.of(collection).changes.push(rawdoc! {"q": query, "u": update, "upsert": true});
    }

    /// The end of a document, if there is one.
    pub(super) fn delete(&mut self, collection: &'static str, query: RawDocumentBuf) {
        self.of(collection).deletes.push(rawdoc! {"q": query, "limit": 1_i32});
    }

    fn of(&mut self, collection: &'static str) -> &mut Lists {
        self.0.entry(collection).or_default()
    }

    /// Runs everything inside the transaction of the session.
    ///
    /// # Errors
    /// A contradiction when a change finds nothing to change, and what the server says.
    pub(super) async fn run(
        self,
        db: &Database,
        session: &mut ClientSession,
    ) -> Result<(), Failure> {
        for (collection, lists) in self.0 {
            for (verb, list) in [
                (Verb::Delete, lists.deletes),
                (Verb::Insert, lists.inserts),
                (Verb::Update, lists.changes),
            ] {
                let mut list = list.into_iter().peekable();
                while list.peek().is_some() {
                    let (mut chunk, mut bytes, mut count) = (RawArrayBuf::new(), 0, 0);
                    while let Some(next) = list.next_if(|next| {
                        let size = next.as_bytes().len();
                        count == 0 || (count < COUNT && bytes + size <= BYTES)
                    }) {
                        bytes += next.as_bytes().len();
                        count += 1;
                        chunk.push(next);
                    }
                    command(db, session, collection, verb, chunk, count).await?;
                }
            }
        }
        Ok(())
    }
}

/// One command; what it must match is checked.
async fn command(
    db: &Database,
    session: &mut ClientSession,
    collection: &'static str,
    verb: Verb,
    statements: RawArrayBuf,
    count: usize,
) -> Result<(), Failure> {
    let (name, list): (&CStr, &CStr) = match verb {
        Verb::Delete => (cstr!("delete"), cstr!("deletes")),
        Verb::Insert => (cstr!("insert"), cstr!("documents")),
        Verb::Update => (cstr!("update"), cstr!("updates")),
    };
    let mut command = RawDocumentBuf::new();
    command.append(name, collection);
    command.append(list, statements);
    let answer = db.run_raw_command(command).session(session).await?;
    if let Some(failure) = Failure::in_answer(&answer) {
        return Err(failure);
    }
    let matched = answer.get_i32("n").map(i64::from).or_else(|_| answer.get_i64("n"));
    match (verb, matched) {
        (Verb::Delete, Ok(_)) => Ok(()),
        (_, Ok(matched)) if usize::try_from(matched) == Ok(count) => Ok(()),
        (_, Ok(matched)) => Err(Failure::Contradiction(format!(
            "{count} changes of {collection} found {matched} documents that are as they expect"
        ))),
        (_, Err(_)) => Err(Failure::Environment {
            why: "the server's answer to a write has no count".to_owned(),
            again: false,
        }),
    }
}
