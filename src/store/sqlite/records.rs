//! What the journal does not cover: sealed values, dialogs, profiles, the inbox, named values.

use super::documents::{Documents, one};
use super::failure::Failure;
use super::rows::{content, first, int};
use crate::domain::id::ItemId;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::time::Timestamp;
use crate::store::batch::{DialogRecord, InboxRecord, Profile, Record};
use rusqlite::{Connection, OptionalExtension, params};

/// Bytes of one chunk of a file.
const CHUNK: usize = 1024 * 1024;

/// Writes a record of a batch.
///
/// # Errors
/// A contradiction for goods that no new item has, and for the token of a shop that is none.
pub(super) fn add(
    db: &Connection,
    documents: &mut Documents<'_>,
    record: &Record,
) -> Result<(), Failure> {
    match record {
        Record::Goods { content, sealed } => match documents.take_bare(content) {
            Some(item) => one(
                db,
                "INSERT INTO goods (item, sealed) VALUES (?1, ?2)",
                params![int(item.number())?, sealed.text()],
                format_args!("the goods of {item}"),
            ),
            None => Err(Failure::Contradiction("goods that no new item has".to_owned())),
        },
        Record::Token { tenant, sealed } => one(
            db,
            "UPDATE tenants SET token = ?2 WHERE id = ?1",
            params![tenant.to_string(), sealed.text()],
            format_args!("there is no shop {tenant}"),
        ),
        Record::Dialog(dialog) => put_dialog(db, dialog),
        Record::Profile(profile) => put_profile(db, profile),
        Record::InboxPut(spilled) => put_inbox(db, spilled),
        Record::InboxDone { bot, update } => {
            db.prepare_cached("DELETE FROM inbox WHERE bot = ?1 AND update_id = ?2")?
                .execute(params![bot.number(), int(*update)?])?;
            Ok(())
        }
        Record::DeadLetter { bot, update, reason, at } => one(
            db,
            "INSERT INTO dead_letters (bot, update_id, reason, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET reason = excluded.reason, at = excluded.at",
            params![bot.number(), int(*update)?, reason, at.ms()],
            format_args!("a dead letter"),
        ),
    }
}

fn put_dialog(db: &Connection, dialog: &DialogRecord) -> Result<(), Failure> {
    one(
        db,
        "INSERT INTO dialogs (tenant, chat, update_id, state) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET update_id = excluded.update_id, state = excluded.state",
        params![dialog.tenant.to_string(), dialog.chat.number(), int(dialog.update)?, dialog.state],
        format_args!("a dialog"),
    )
}

fn put_profile(db: &Connection, profile: &Profile) -> Result<(), Failure> {
    one(
        db,
        "INSERT INTO profiles (tenant, user, name, username, language, since)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET name = excluded.name, username = excluded.username,
                                   language = excluded.language, since = excluded.since",
        params![
            profile.tenant.to_string(),
            profile.user.number(),
            profile.name,
            profile.username,
            profile.language,
            profile.since.ms(),
        ],
        format_args!("a profile"),
    )
}

/// An update that is spilled twice is one update: the first copy stays in its place.
fn put_inbox(db: &Connection, spilled: &InboxRecord) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO inbox (bot, update_id, at, sealed) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        spilled.bot.number(),
        int(spilled.update)?,
        spilled.at.ms(),
        spilled.sealed.text(),
    ])?;
    Ok(())
}

/// Writes a file's sealed content in chunks; the same content again replaces it.
///
/// # Errors
/// What SQLite says.
pub(super) fn put_blob(
    db: &Connection,
    content: &Fingerprint,
    sealed: &Sealed,
    at: Timestamp,
) -> Result<(), Failure> {
    db.execute("DELETE FROM blobs WHERE content = ?1", [content.bytes()])?;
    let mut insert =
        db.prepare_cached("INSERT INTO blobs (content, part, at, bytes) VALUES (?1, ?2, ?3, ?4)")?;
    // An empty content is one empty chunk, not none.
    let empty = sealed.text().is_empty().then_some(&[][..]);
    for (part, chunk) in
        (0_i64..).zip(empty.into_iter().chain(sealed.text().as_bytes().chunks(CHUNK)))
    {
        insert.execute(params![content.bytes(), part, at.ms(), chunk])?;
    }
    Ok(())
}

/// Forgets the oldest answers first.
pub(super) fn forget_answers(
    db: &Connection,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Failure> {
    let forgotten = db.execute(
        "DELETE FROM commands WHERE rowid IN
         (SELECT rowid FROM commands WHERE at < ?1 ORDER BY at LIMIT ?2)",
        params![before.ms(), limit],
    )?;
    Ok(forgotten as u64)
}

/// Deletes files older than `before` that no item, sold or not, refers to; answers how many.
///
/// # Errors
/// What SQLite says.
pub(super) fn drop_orphans(db: &Connection, before: Timestamp) -> Result<u64, Failure> {
    let orphans = super::rows::all(
        db,
        "SELECT content FROM blobs WHERE part = 0 AND at < ?1
         AND NOT EXISTS (SELECT 1 FROM items WHERE items.content = blobs.content)",
        [before.ms()],
        |row| content(row, 0),
    )?;
    for orphan in &orphans {
        db.execute("DELETE FROM blobs WHERE content = ?1", [orphan.bytes()])?;
    }
    Ok(orphans.len() as u64)
}

/// The sealed content of one item.
///
/// # Errors
/// Damage when there is no such item or nothing is stored for it.
pub(super) fn goods(db: &Connection, item: ItemId) -> Result<(Fingerprint, Sealed), Failure> {
    let found = first(
        db,
        "SELECT content, sealed FROM items LEFT JOIN goods ON goods.item = items.id
         WHERE items.id = ?1",
        [int(item.number())?],
        |row| Ok((content(row, 0)?, row.get::<_, Option<String>>(1)?)),
    )?;
    let (content, sealed) = found.ok_or_else(|| Failure::Damaged(format!("there is no {item}")))?;
    let sealed = match sealed {
        Some(text) => Sealed::from_text(text),
        None => blob(db, &content, item)?,
    };
    Ok((content, sealed))
}

fn blob(db: &Connection, content: &Fingerprint, item: ItemId) -> Result<Sealed, Failure> {
    let parts = super::rows::all(
        db,
        "SELECT bytes FROM blobs WHERE content = ?1 ORDER BY part",
        [content.bytes()],
        |row| Ok(row.get::<_, Vec<u8>>(0)?),
    )?;
    if parts.is_empty() {
        return Err(Failure::Damaged(format!("the content of {item} is missing")));
    }
    String::from_utf8(parts.concat())
        .map(Sealed::from_text)
        .map_err(|_| Failure::Damaged(format!("the content of {item} is no text")))
}

/// Sets a named value unless it is set; answers the value that stands.
///
/// # Errors
/// What SQLite says.
pub(super) fn meta_once(db: &Connection, name: &str, value: &str) -> Result<String, Failure> {
    db.execute(
        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        [name, value],
    )?;
    meta(db, name)?.ok_or_else(|| Failure::Damaged(format!("the value {name} is missing")))
}

/// A named value.
///
/// # Errors
/// What SQLite says.
pub(super) fn meta(db: &Connection, name: &str) -> Result<Option<String>, Failure> {
    let value = db
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(value)
}
