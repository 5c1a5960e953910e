//! A town for a test: a sandbox, a fleet, an admin, and whoever else is needed.

use super::control::Control;
use super::fleet::Fleet;
use super::host::Host;
use super::seat::Seat;
use rusqlite::{Connection, OpenFlags, types::Value};
use shopfleet::domain::time::Millis;
use shopfleet::random::OsRandom;
use shopfleet::vault::Key;
use std::fs;
use tempfile::TempDir;

/// The user name of the master's bot.
pub(super) const MASTER: &str = "fleet_master_bot";
/// The only admin.
pub(super) const ADMIN: i64 = 1001;
/// Who owns the first agent's shop.
pub(super) const OWNER: i64 = 2001;
/// Somebody who buys there.
pub(super) const ANNA: i64 = 3001;

/// Everything that the business decides by; dialogs, profiles and queues are left out.
const BUSINESS: [&str; 11] = [
    "tenants",
    "categories",
    "products",
    "orders",
    "items",
    "goods",
    "blobs",
    "entries",
    "withdrawals",
    "accounts",
    "credits",
];

/// A sandbox and a fleet.
pub(super) struct World {
    /// The fleet; dropped before the files it has open.
    pub(super) fleet: Fleet,
    /// The sandbox's socket.
    pub(super) host: Host,
    /// The control routes.
    pub(super) control: Control,
    directory: TempDir,
    /// The master's token.
    pub(super) master_token: String,
}

impl World {
    /// A running fleet with a master bot and nothing else.
    pub(super) async fn open() -> Self {
        let world = Self::open_with(&[]).await;
        world.admin().greet().await;
        world
    }

    /// The same, with settings of its own, and without waiting for anything.
    pub(super) async fn open_with(settings: &[(&str, &str)]) -> Self {
        let (host, directory) = (Host::open().await, tempfile::tempdir().expect("a directory"));
        let control = Control::new(host.base());
        let master_token = control.make_bot(MASTER, "ShopFleet").await;
        let key = Key::generate(&OsRandom).to_text();
        let (admin, base) = (ADMIN.to_string(), host.base());
        let mut all = vec![
            ("admins", admin.as_str()),
            ("store.url", "sqlite:shop.db"),
            ("telegram.api_url", &base),
            ("telegram.master_token", &master_token),
            ("vault.keys", key.expose()),
            ("clock.source", "sandbox"),
            // Nobody here reads at the speed of a person.
            ("telegram.chat_per_s", "30"),
            ("telegram.chat_burst", "30"),
            ("telegram.budget_per_s", "1000"),
        ];
        all.extend(settings);
        let mut fleet = Fleet::new(directory.path(), &all);
        fleet.start();
        Self { fleet, host, control, directory, master_token }
    }

    /// A person in the private chat with a bot.
    pub(super) fn seat(&self, bot: &str, user: i64) -> Seat {
        Seat::new(self.control.clone(), bot, user, "en")
    }

    /// The admin in the master's bot.
    pub(super) fn admin(&self) -> Seat {
        self.seat(MASTER, ADMIN)
    }

    /// Makes a bot and its agent; answers the bot's token and the code of the owner's link.
    pub(super) async fn open_agent(&self, id: &str, bot: &str, name: &str) -> (String, String) {
        let token = self.control.make_bot(bot, name).await;
        let mut admin = self.admin();
        admin.say(&format!("/agent_create {id} {token} {name}")).await;
        let said = admin.expect(&format!("Agent {id} is ready")).await;
        admin.expect_deleted().await;
        (token, owner_code(&said))
    }

    /// A category and a product of lines in it, with these lines in stock.
    pub(super) async fn open_shelf(
        &self,
        category: &str,
        product: &str,
        price: &str,
        lines: &[&str],
    ) {
        let mut admin = self.admin();
        admin.say(&format!("/category_add {category}")).await;
        admin.expect("Category cat_1 is created").await;
        admin.say(&format!("/product_add cat_1 line {price} {product}")).await;
        admin.expect("Product prd_1 is created").await;
        admin.say(&format!("/stock_add prd_1\n{}", lines.join("\n"))).await;
        admin.expect(&format!("Added: {}", lines.len())).await;
    }

    /// Gives a customer money.
    pub(super) async fn credit(&self, shop: &str, user: i64, amount: &str) {
        let mut admin = self.admin();
        admin.say(&format!("/credit {shop} {user} {amount} a test")).await;
        admin.expect("✅ Credited").await;
    }

    /// Moves everybody's clock.
    pub(super) async fn advance(&self, span: Millis) {
        self.control.advance(span).await;
    }

    /// Everything the business decides by, row by row, as it is in the file now.
    pub(super) fn business(&self) -> Vec<String> {
        let db = self.database();
        BUSINESS.into_iter().flat_map(|table| rows(&db, table)).collect()
    }

    /// A number that a query counts.
    pub(super) fn count(&self, query: &str) -> i64 {
        self.database().query_row(query, [], |row| row.get(0)).expect("a valid query")
    }

    fn database(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(self.fleet.store(), flags).expect("the store's file")
    }

    /// Whether any file of the fleet but its log, the write-ahead log included, holds these bytes.
    pub(super) fn files_hold(&self, text: &str) -> bool {
        let files = fs::read_dir(self.directory.path()).expect("the directory").flatten();
        let stored = files.filter(|file| file.file_name() != "stderr.log");
        let holds = |bytes: Vec<u8>| bytes.windows(text.len()).any(|at| at == text.as_bytes());
        stored.map(|file| fs::read(file.path()).expect("a file of the store")).any(holds)
    }
}

/// The code at the end of an owner's link.
pub(super) fn owner_code(said: &str) -> String {
    let (_, code) = said.split_once("?start=own_").expect("the answer holds the owner's link");
    code.split_whitespace().next().expect("a link has an end").to_owned()
}

fn rows(db: &Connection, table: &str) -> Vec<String> {
    let mut query = db.prepare(&format!("SELECT * FROM {table}")).expect("a table of the store");
    let columns = query.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let cells: Result<Vec<Value>, _> = (0..columns).map(|at| row.get(at)).collect();
        Ok(format!("{table}: {:?}", cells?))
    };
    query.query_map([], row).expect("rows").map(|row| row.expect("a row")).collect()
}
