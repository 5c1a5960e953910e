//! What the journal does not cover: tokens, dialogs, profiles, the inbox; files and named values,
//! which are written outside of batches.

use super::Inner;
use super::encode::{self, binary, int, place};
use super::failure::Failure;
use super::needs::{among, binaries};
use super::reads::{Reads, transaction};
use super::row::Row;
use super::schema::META;
use super::statements::Statements;
use crate::domain::id::UserId;
use crate::domain::money::Money;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::time::Timestamp;
use crate::store::batch::{DialogRecord, InboxRecord, Profile, Record};
use mongodb::bson::raw::cstr;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc, rawdoc};
use mongodb::options::{FindOptions, ReturnDocument};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of one chunk of a file.
const CHUNK: usize = 1024 * 1024;

/// The records of one batch: of several for one thing the last one counts.
#[derive(Debug)]
pub(super) struct Records<'a> {
    seq: u64,
    puts: usize,
    plain: Vec<(&'static str, RawDocumentBuf, RawDocumentBuf)>,
    tokens: Vec<(RawDocumentBuf, RawDocumentBuf)>,
    inbox: BTreeMap<(UserId, u64), Spill<'a>>,
}

/// What the batch does to one place of the inbox.
#[derive(Debug, Default)]
struct Spill<'a> {
    /// Whatever was stored before goes.
    done: bool,
    put: Option<(i64, &'a InboxRecord)>,
}

impl<'a> Records<'a> {
    /// No records of the batch of this number yet.
    pub(super) const fn new(seq: u64) -> Self {
        Self { seq, puts: 0, plain: Vec::new(), tokens: Vec::new(), inbox: BTreeMap::new() }
    }

    /// Gathers a record that is no goods.
    ///
    /// # Errors
    /// A contradiction for a number that does not fit.
    pub(super) fn add(&mut self, record: &'a Record) -> Result<(), Failure> {
        match record {
            // Kept with their items.
            Record::Goods { .. } => {}
            Record::Token { tenant, sealed } => {
                let update = rawdoc! {"$set": {"bot_token_encrypted": sealed.text()}};
                self.tokens.push((rawdoc! {"_id": tenant.to_string()}, update));
            }
            Record::Dialog(dialog) => {
                self.plain.push(("dialogs", dialog_id(dialog), update_of(dialog)?));
            }
            Record::Profile(profile) => self.plain.push(profile_put(profile)),
            Record::InboxPut(spilled) => {
                let place = place(self.seq, self.puts)?;
                self.puts += 1;
                let spill = self.inbox.entry((spilled.bot, spilled.update)).or_default();
                // An update that is spilled twice is one update: the first copy stays in its place.
                spill.put.get_or_insert((place, spilled));
            }
            Record::InboxDone { bot, update } => {
                let spill = self.inbox.entry((*bot, *update)).or_default();
                *spill = Spill { done: true, put: None };
            }
            Record::DeadLetter { bot, update, reason, at } => {
                let query = rawdoc! {"_id": inbox_id(*bot, *update)};
                let set = rawdoc! {"reason": reason.as_str(), "time": encode::time(*at)};
                self.plain.push(("dead_letters", query, rawdoc! {"$set": set}));
            }
        }
        Ok(())
    }

    /// Hands the gathered over; a token comes after the shop it belongs to.
    ///
    /// # Errors
    /// A contradiction for a number that does not fit.
    pub(super) fn write(self, statements: &mut Statements) -> Result<(), Failure> {
        for (collection, query, update) in self.plain {
            statements.put(collection, query, update);
        }
        for (query, update) in self.tokens {
            statements.change("agents", query, update);
        }
        for ((bot, update), Spill { done, put }) in self.inbox {
            let query = rawdoc! {"_id": inbox_id(bot, update)};
            if done {
                statements.delete("inbox", query.clone());
            }
            if let Some((number, spilled)) = put {
                let document = rawdoc! {
                    "number": number,
                    "bot": bot.number(),
                    "update": int(update)?,
                    "time": encode::time(spilled.at),
                    "sealed": spilled.sealed.text(),
                };
                statements.put("inbox", query, rawdoc! {"$setOnInsert": document});
            }
        }
        Ok(())
    }
}

/// The id of an update that waits or was given up.
pub(super) fn inbox_id(bot: UserId, update: u64) -> String {
    format!("{bot} {update}")
}

fn dialog_id(dialog: &DialogRecord) -> RawDocumentBuf {
    rawdoc! {"_id": format!("{} {}", dialog.tenant, dialog.chat)}
}

fn update_of(dialog: &DialogRecord) -> Result<RawDocumentBuf, Failure> {
    Ok(rawdoc! {"$set": {"update": int(dialog.update)?, "state": dialog.state.as_str()}})
}

/// A customer has a balance from the first word on, if only of nothing.
fn profile_put(profile: &Profile) -> (&'static str, RawDocumentBuf, RawDocumentBuf) {
    let query = rawdoc! {"tenant": profile.tenant.to_string(), "user_id": profile.user.number()};
    let mut set = rawdoc! {
        "fullname": profile.name.as_str(),
        "lang": profile.language.as_str(),
        "creation_time": encode::time(profile.since),
    };
    let nothing = super::decimal::from_money(Money::ZERO);
    let mut update = rawdoc! {"$setOnInsert": {"USDT": nothing}};
    if let Some(username) = &profile.username {
        set.append(cstr!("username"), username.as_str());
    } else {
        update.append(cstr!("$unset"), rawdoc! {"username": true});
    }
    update.append(cstr!("$set"), set);
    ("user", query, update)
}

/// Writes a file's sealed content in chunks; the same content again replaces it.
///
/// # Errors
/// What the server says.
pub(super) async fn put_blob(
    store: &Inner,
    content: &Fingerprint,
    sealed: &Sealed,
    at: Timestamp,
) -> Result<(), Failure> {
    let mut session = store.client.start_session().await?;
    session.start_transaction().with_options(transaction()).await?;
    let blobs = store.db.collection::<Document>("blobs");
    let all = doc! {"content": binary(content.bytes())};
    let mut statements = Statements::default();
    // An empty content is one empty chunk, not none.
    let empty = sealed.text().is_empty().then_some(&[][..]);
    let chunks = empty.into_iter().chain(sealed.text().as_bytes().chunks(CHUNK));
    for (part, chunk) in (0_i32..).zip(chunks) {
        let document = rawdoc! {
            "content": binary(content.bytes()),
            "part": part,
            "time": encode::time(at),
            "bytes": binary(chunk),
        };
        statements.insert("blobs", document);
    }
    blobs.delete_many(all).session(&mut session).await?;
    statements.run(&store.db, &mut session).await?;
    Ok(session.commit_transaction().await?)
}

/// Deletes files older than `before` that no item, sold or not, refers to; answers how many.
///
/// # Errors
/// What the server says.
pub(super) async fn drop_orphans(store: &Inner, before: Timestamp) -> Result<u64, Failure> {
    let mut reads = Reads::plain(&store.client, &store.db).await?;
    let old = doc! {"part": 0_i32, "time": {"$lt": encode::time(before)}};
    let content = |row: &Row<'_>| row.content("content");
    let mut orphans: BTreeSet<Fingerprint> =
        reads.contents(old, content).await?.into_iter().collect();
    for known in known_contents(&mut reads, orphans.iter()).await? {
        orphans.remove(&known);
    }
    for orphan in &orphans {
        let all = doc! {"content": binary(orphan.bytes())};
        store.db.collection::<Document>("blobs").delete_many(all).await?;
    }
    Ok(orphans.len() as u64)
}

/// Which of these contents some item has or had.
///
/// # Errors
/// What the server says.
pub(super) async fn known_contents<'a>(
    reads: &mut Reads,
    contents: impl Iterator<Item = &'a Fingerprint>,
) -> Result<BTreeSet<Fingerprint>, Failure> {
    let wanted = binaries(contents);
    if wanted.is_empty() {
        return Ok(BTreeSet::new());
    }
    let only = FindOptions::builder().projection(doc! {"content": 1}).build();
    let content = |row: &Row<'_>| row.content("content");
    Ok(reads.find("hb", among("content", wanted), only, content).await?.into_iter().collect())
}

/// Forgets the oldest answers first.
///
/// # Errors
/// What the server says.
pub(super) async fn forget_answers(
    store: &Inner,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Failure> {
    if limit == 0 {
        return Ok(0);
    }
    let mut reads = Reads::plain(&store.client, &store.db).await?;
    let options = FindOptions::builder()
        .projection(doc! {"_id": 1})
        .sort(doc! {"time": 1})
        .limit(i64::from(limit))
        .build();
    let old = doc! {"time": {"$lt": encode::time(before)}};
    let id = |row: &Row<'_>| row.text("_id").map(|id| Bson::String(id.to_owned()));
    let ids = reads.find("commands", old, options, id).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let commands = store.db.collection::<Document>("commands");
    Ok(commands.delete_many(among("_id", ids)).await?.deleted_count)
}

/// Sets a named value unless it is set; answers the value that stands.
///
/// # Errors
/// What the server says.
pub(super) async fn meta_once(store: &Inner, name: &str, value: &str) -> Result<String, Failure> {
    let found = store
        .db
        .collection::<RawDocumentBuf>(META)
        .find_one_and_update(value_of(name), doc! {"$setOnInsert": {"value": value}})
        .upsert(true)
        .return_document(ReturnDocument::After)
        .await?;
    let found = found.ok_or_else(|| Failure::Damaged(format!("the value {name} is missing")))?;
    Row::new(META, &found).text("value").map(str::to_owned)
}

/// The filter for a named value.
pub(super) fn value_of(name: &str) -> Document {
    doc! {"_id": format!("value:{name}")}
}
