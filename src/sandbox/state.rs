//! What survives a `kill -9`: the world's changes, written through to one SQLite file.
//!
//! Changes are queued in the order they happened, under the world's lock, and written in one
//! transaction by whoever comes next, outside that lock; nobody's answer leaves before the changes
//! it rests on are written. `synchronous` is off on purpose: the operating system keeps what a
//! killed process wrote, and a sandbox need not survive the machine. Without a directory only the
//! files' bytes are kept, in memory.

use super::world::{Change, World};
use bytes::Bytes;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The file's name in the state directory.
const FILE: &str = "sandbox.db";
/// The layout of the file; another one is not read.
const LAYOUT: i64 = 1;

/// Why the state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The directory cannot be made.
    #[error("the sandbox's directory cannot be made: {0}")]
    Directory(std::io::Error),
    /// Another sandbox has the directory.
    #[error("another sandbox is using this directory")]
    InUse,
    /// SQLite failed.
    #[error("the sandbox's state cannot be used: {0}")]
    Database(rusqlite::Error),
    /// A record is not one of ours.
    #[error("the sandbox's state is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// The file was written by another version.
    #[error("the sandbox's state has layout {0}, this version reads {LAYOUT}")]
    Layout(i64),
}

impl From<rusqlite::Error> for StateError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            Some(_) | None => Self::Database(error),
        }
    }
}

/// Keeps the changes.
pub(super) struct Keeper {
    waiting: Mutex<Vec<Change>>,
    place: Mutex<Place>,
}

enum Place {
    Memory(BTreeMap<String, Bytes>),
    Disk(Connection),
}

impl Keeper {
    /// Keeps files' bytes in memory and nothing else.
    pub(super) fn in_memory() -> Self {
        Self::of(Place::Memory(BTreeMap::new()))
    }

    /// Opens a directory, makes the changes stored there in `world`, and returns the clock's
    /// offset in milliseconds.
    pub(super) fn open(directory: &Path, world: &mut World) -> Result<(Self, i64), StateError> {
        std::fs::create_dir_all(directory).map_err(StateError::Directory)?;
        let db = Connection::open(directory.join(FILE))?;
        prepare(&db)?;
        load(&db, world)?;
        let offset = db
            .query_row("SELECT value FROM meta WHERE key = 'offset_ms'", [], |row| row.get(0))
            .optional()?
            .unwrap_or(0);
        Ok((Self::of(Place::Disk(db)), offset))
    }

    fn of(place: Place) -> Self {
        Self { waiting: Mutex::new(vec![]), place: Mutex::new(place) }
    }

    /// Takes changes over. Call it under the world's lock: their order is the world's.
    pub(super) fn queue(&self, changes: Vec<Change>) {
        if !changes.is_empty() {
            lock(&self.waiting).extend(changes);
        }
    }

    /// Returns when everything queued before is written, by this call or another. What could not
    /// be written stays queued.
    pub(super) fn flush(&self) -> Result<(), StateError> {
        let mut place = lock(&self.place);
        let changes = std::mem::take(&mut *lock(&self.waiting));
        if changes.is_empty() {
            return Ok(());
        }
        match &mut *place {
            Place::Memory(files) => {
                for change in changes {
                    if let Change::File(file, bytes) = change {
                        files.insert(file.id, bytes);
                    }
                }
                Ok(())
            }
            Place::Disk(db) => {
                let written = write(db, &changes);
                if written.is_err() {
                    lock(&self.waiting).splice(0..0, changes);
                }
                written
            }
        }
    }

    /// A file's bytes.
    pub(super) fn bytes(&self, id: &str) -> Result<Option<Bytes>, StateError> {
        match &*lock(&self.place) {
            Place::Memory(files) => Ok(files.get(id).cloned()),
            Place::Disk(db) => {
                let found = db
                    .prepare_cached("SELECT bytes FROM files WHERE id = ?1")?
                    .query_row([id], |row| row.get::<_, Vec<u8>>(0))
                    .optional()?;
                Ok(found.map(Bytes::from))
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here is half done when a holder panics: SQLite rolls back, lists are whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets the connection up and makes the tables.
fn prepare(db: &Connection) -> Result<(), StateError> {
    // A directory in use stays in use: waiting for it would only hide that.
    db.busy_timeout(std::time::Duration::ZERO)?;
    // Exclusive: a second sandbox on the same directory is refused instead of lost.
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "OFF")?;
    db.set_prepared_statement_cache_capacity(64);
    match db.query_row("PRAGMA user_version", [], |row| row.get(0))? {
        0 | LAYOUT => {}
        other => return Err(StateError::Layout(other)),
    }
    db.execute_batch(
        "BEGIN IMMEDIATE;
         CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS users(id INTEGER PRIMARY KEY, record TEXT NOT NULL);
         CREATE TABLE IF NOT EXISTS bots(id INTEGER PRIMARY KEY, record TEXT NOT NULL);
         CREATE TABLE IF NOT EXISTS counters(bot INTEGER PRIMARY KEY, next_message INTEGER NOT NULL,
             next_update INTEGER NOT NULL);
         CREATE TABLE IF NOT EXISTS chats(bot INTEGER, id INTEGER, record TEXT NOT NULL,
             PRIMARY KEY(bot, id)) WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS messages(bot INTEGER, chat INTEGER, id INTEGER,
             record TEXT NOT NULL, PRIMARY KEY(bot, chat, id)) WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS updates(bot INTEGER, id INTEGER, record TEXT NOT NULL,
             PRIMARY KEY(bot, id)) WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS files(id TEXT PRIMARY KEY, record TEXT NOT NULL,
             bytes BLOB NOT NULL);
         CREATE TABLE IF NOT EXISTS queries(id INTEGER PRIMARY KEY, record TEXT NOT NULL);
         PRAGMA user_version = 1;
         COMMIT;",
    )?;
    Ok(())
}

/// Makes every stored change again: bots first, then what is theirs, by id.
fn load(db: &Connection, world: &mut World) -> Result<(), StateError> {
    each(db, "SELECT 0, 0, record FROM users", |_, _, user| world.restore(Change::User(user)))?;
    each(db, "SELECT 0, 0, record FROM bots", |_, _, bot| world.restore(Change::Bot(bot)))?;
    let mut counters = db.prepare("SELECT bot, next_message, next_update FROM counters")?;
    let mut rows = counters.query([])?;
    while let Some(row) = rows.next()? {
        world.restore(Change::Counters {
            bot: row.get(0)?,
            next_message: row.get(1)?,
            next_update: row.get(2)?,
        });
    }
    each(db, "SELECT 0, 0, record FROM files", |_, _, file| {
        world.restore(Change::File(file, Bytes::new()));
    })?;
    each(db, "SELECT bot, 0, record FROM chats", |bot, _, chat| {
        world.restore(Change::Chat(bot, chat));
    })?;
    each(db, "SELECT bot, chat, record FROM messages", |bot, chat, message| {
        world.restore(Change::Message(bot, chat, Arc::new(message)));
    })?;
    each(db, "SELECT bot, 0, record FROM updates ORDER BY bot, id", |bot, _, update| {
        world.restore(Change::Update(bot, Arc::new(update)));
    })?;
    each(db, "SELECT 0, 0, record FROM queries", |_, _, query| world.restore(Change::Query(query)))
}

/// Reads rows of two numbers and a record.
fn each<T: DeserializeOwned>(
    db: &Connection,
    sql: &str,
    mut take: impl FnMut(i64, i64, T),
) -> Result<(), StateError> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let record =
            serde_json::from_str(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)?;
        take(row.get(0)?, row.get(1)?, record);
    }
    Ok(())
}

fn write(db: &mut Connection, changes: &[Change]) -> Result<(), StateError> {
    let tx = db.transaction()?;
    for change in changes {
        write_one(&tx, change)?;
    }
    tx.commit()?;
    Ok(())
}

fn write_one(tx: &Transaction<'_>, change: &Change) -> Result<(), StateError> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> Result<(), StateError> {
        tx.prepare_cached(sql)?.execute(values)?;
        Ok(())
    };
    match change {
        Change::Bot(bot) => run("REPLACE INTO bots VALUES (?1, ?2)", params![bot.id, json(bot)?]),
        Change::Counters { bot, next_message, next_update } => run(
            "REPLACE INTO counters VALUES (?1, ?2, ?3)",
            params![bot, next_message, next_update],
        ),
        Change::User(user) => {
            run("REPLACE INTO users VALUES (?1, ?2)", params![user.id, json(user)?])
        }
        Change::Chat(bot, chat) => {
            run("REPLACE INTO chats VALUES (?1, ?2, ?3)", params![bot, chat.id, json(chat)?])
        }
        Change::Message(bot, chat, message) => run(
            "REPLACE INTO messages VALUES (?1, ?2, ?3, ?4)",
            params![bot, chat, message.id, json(message.as_ref())?],
        ),
        Change::MessageGone(bot, chat, id) => run(
            "DELETE FROM messages WHERE bot = ?1 AND chat = ?2 AND id = ?3",
            params![bot, chat, id],
        ),
        Change::Update(bot, update) => run(
            "REPLACE INTO updates VALUES (?1, ?2, ?3)",
            params![bot, update.id, json(update.as_ref())?],
        ),
        Change::UpdatesGone(bot, through) => {
            run("DELETE FROM updates WHERE bot = ?1 AND id <= ?2", params![bot, through])
        }
        Change::File(file, bytes) => run(
            "REPLACE INTO files VALUES (?1, ?2, ?3)",
            params![file.id, json(file)?, bytes.as_ref()],
        ),
        Change::Query(query) => {
            run("REPLACE INTO queries VALUES (?1, ?2)", params![query.id, json(query)?])
        }
        Change::QueryGone(id) => run("DELETE FROM queries WHERE id = ?1", params![id]),
        Change::Clock(offset_ms) => {
            run("REPLACE INTO meta VALUES ('offset_ms', ?1)", params![offset_ms])
        }
    }
}

fn json(record: &impl Serialize) -> Result<String, StateError> {
    Ok(serde_json::to_string(record)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::sandbox::world::{Outcome, Post, Tap};
    use crate::secret::Secret;
    use serde_json::{Value, json};

    const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
    const ANNA: i64 = 3001;

    fn call(world: &mut World, token: &Secret, method: &str, params: &Value) -> Value {
        match world.call(NOW, token, method, params, &[]) {
            Outcome::Done(result) => result,
            Outcome::Refused(refusal) => json!(refusal.description),
            Outcome::Wait(_) => json!("waits"),
        }
    }

    fn fill(world: &mut World) -> (Secret, i64) {
        let bot = world.create_bot("shop_bot", "A shop").unwrap();
        let token = Secret::new(bot["token"].as_str().unwrap());
        let commands = json!({"commands": [{"command": "start", "description": "Begin"}]});
        call(world, &token, "setMyCommands", &commands);
        call(world, &token, "getUpdates", &json!({"allowed_updates": ["callback_query"]}));
        let bot = || "shop_bot".to_owned();
        let text = Some("/start".to_owned());
        let post =
            Post { bot: bot(), user_id: ANNA, chat_id: None, text, document: None, from: None };
        world.post(NOW, post).unwrap();
        let sent = call(world, &token, "sendMessage", &json!({"chat_id": ANNA, "text": "x"}));
        let message_id = sent["message_id"].as_i64().unwrap();
        let tap =
            Tap { bot: bot(), user_id: ANNA, chat_id: None, message_id, data: "d".to_owned() };
        let query = world.tap(NOW, &tap).unwrap();
        world.set_blocked(NOW, "shop_bot", ANNA, true).unwrap();
        (token, query)
    }

    /// What two worlds answer to the same questions.
    #[test]
    fn a_reloaded_world_answers_the_same() {
        let home = tempfile::tempdir().unwrap();
        let mut world = World::new(1, false);
        let (keeper, offset_ms) = Keeper::open(home.path(), &mut world).unwrap();
        assert_eq!(offset_ms, 0);
        let (token, query) = fill(&mut world);
        keeper.queue(world.take_changes());
        keeper.queue(vec![Change::Clock(77)]);
        keeper.flush().unwrap();
        drop(keeper);
        let mut again = World::new(2, false);
        let (_keeper, offset_ms) = Keeper::open(home.path(), &mut again).unwrap();
        assert_eq!(offset_ms, 77);
        assert_eq!(world.bots(), again.bots());
        assert_eq!(world.chat("shop_bot", ANNA), again.chat("shop_bot", ANNA));
        for (method, params, expected) in [
            ("getMyCommands", json!({}), json!([{"command": "start", "description": "Begin"}])),
            ("answerCallbackQuery", json!({"callback_query_id": query}), json!(true)),
            (
                "sendMessage",
                json!({"chat_id": ANNA, "text": "x"}),
                json!("Forbidden: bot was blocked by the user"),
            ),
        ] {
            let answers =
                [&mut world, &mut again].map(|world| call(world, &token, method, &params));
            assert_eq!(answers, [expected.clone(), expected], "{method}");
        }
        let updates = call(&mut again, &token, "getUpdates", &json!({}));
        assert_eq!(call(&mut world, &token, "getUpdates", &json!({})), updates);
        assert_eq!(updates[0]["callback_query"]["data"], "d", "only the wanted kind was queued");
        assert_eq!(updates.as_array().map(Vec::len), Some(1));
    }
}
