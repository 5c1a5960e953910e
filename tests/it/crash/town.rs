//! Everything that survives a crash: Telegram, the store's file, the configuration.

use super::child::Child;
use axum::Router;
use serde_json::{Value, json};
use shopfleet::random::{OsRandom, Random as _};
use shopfleet::sandbox::http;
use shopfleet::sandbox::service::{Changed, Sandbox, Setup};
use shopfleet::vault::Key;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::broadcast;

/// Runs the platform.
pub(super) const ADMIN: i64 = 1;
/// The user name of the master's bot.
pub(super) const MASTER: &str = "town_master_bot";
/// Shop, bot and price of an item in micro-units: the base price is 10, agents add 10 %.
pub(super) const SHOPS: [(&str, &str, i64); 3] = [
    ("master", MASTER, 10_000_000),
    ("agent:a1", "town_first_bot", 11_000_000),
    ("agent:a2", "town_second_bot", 11_000_000),
];
/// Lines on the shelf: more than can be sold in the time of a test.
const LINES: usize = 6_000;
/// Chats that say nothing for so long have nothing more to say.
const QUIET: Duration = Duration::from_millis(1_500);
/// Longer than anything takes that will happen at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// The town.
pub(super) struct Town {
    pub(super) sandbox: Sandbox,
    pub(super) url: String,
    pub(super) http: reqwest::Client,
    directory: TempDir,
    master_token: String,
    vault_key: String,
}

/// The seed of this run; `SHOPFLEET_CRASH_SEED` at build time repeats one.
pub(super) fn seed() -> u64 {
    let given = option_env!("SHOPFLEET_CRASH_SEED").map(|seed| seed.parse().expect("a number"));
    given.unwrap_or_else(|| {
        let mut bytes = [0; 4];
        OsRandom.fill(&mut bytes);
        u64::from(u32::from_le_bytes(bytes))
    })
}

impl Town {
    /// A town with three shops, goods on the shelf and nobody's money yet.
    pub(super) async fn found(seed: u64) -> Self {
        println!("seed {seed}");
        let sandbox = Sandbox::open(Setup { seed, ..Setup::default() }).expect("opens");
        let listener = http::bind("127.0.0.1:0".parse().expect("valid")).await.expect("binds");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let router: Router = http::router(sandbox.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let tokens = SHOPS.map(|(_, bot, _)| {
            let made = sandbox.create_bot(bot, bot).expect("a new bot");
            made["token"].as_str().expect("a token").to_owned()
        });
        let [master_token, first, second] = tokens;
        let town = Self {
            sandbox,
            url,
            http: reqwest::Client::new(),
            directory: tempfile::tempdir().expect("a directory"),
            master_token,
            vault_key: Key::generate(&OsRandom).to_text().expose().to_owned(),
        };
        let child = town.start(&[]).await;
        town.admin("/category_add Keys", None).await;
        town.admin("/product_add cat_1 line 10 Key", None).await;
        let mut lines = String::new();
        for number in 0..LINES {
            writeln!(lines, "GOODS-{number:06}").expect("a string takes everything");
        }
        town.admin("/stock_add prd_1", Some(&lines)).await;
        town.admin(&format!("/agent_create a1 {first} First"), None).await;
        town.admin(&format!("/agent_create a2 {second} Second"), None).await;
        for agent in ["a1", "a2"] {
            town.admin(&format!("/agent_pricing {agent} percent 10"), None).await;
        }
        child.end().await;
        town
    }

    /// The store's file.
    pub(super) fn store(&self) -> PathBuf {
        self.directory.path().join("town.db")
    }

    /// A folder of the test's own beside it.
    pub(super) fn folder(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// Starts the program; `extra` is added to its environment.
    pub(super) async fn start(&self, extra: &[(&str, String)]) -> Child {
        let mut command = self.program(&["run"]);
        command.envs(extra.iter().map(|(name, value)| (*name, value)));
        Child::start(command).await
    }

    /// The program with this town's configuration.
    pub(super) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shopfleet"));
        let log = "warn,shopfleet::store=debug,shopfleet::actors=info";
        command.args(arguments).current_dir(self.directory.path()).envs([
            ("SHOPFLEET__STORE__URL", format!("sqlite:{}", self.store().display()).as_str()),
            ("SHOPFLEET__TELEGRAM__API_URL", &self.url),
            ("SHOPFLEET__TELEGRAM__MASTER_TOKEN", &self.master_token),
            ("SHOPFLEET__VAULT__KEYS", &self.vault_key),
            ("SHOPFLEET__ADMINS", &ADMIN.to_string()),
            // As fast as the configuration lets it; the sandbox asks nobody to wait here.
            ("SHOPFLEET__TELEGRAM__BUDGET_PER_S", "1000"),
            ("SHOPFLEET__TELEGRAM__CHAT_PER_S", "30"),
            ("SHOPFLEET__TELEGRAM__CHAT_BURST", "30"),
            ("SHOPFLEET__LOG__FORMAT", "json"),
            ("SHOPFLEET__LOG__LEVEL", log),
        ]);
        command
    }

    /// Posts to a control route; answers what it says.
    pub(super) async fn control(&self, route: &str, body: &Value) -> Value {
        control(&self.http, &self.url, route, body).await
    }

    /// Waits until every chat is silent and every order has arrived.
    pub(super) async fn settle(&self, child: &Child) {
        let quiet = async {
            let mut watch = self.sandbox.watch();
            loop {
                match tokio::time::timeout(QUIET, watch.recv()).await {
                    Ok(Ok(_) | Err(broadcast::error::RecvError::Lagged(_))) => {}
                    Ok(Err(broadcast::error::RecvError::Closed)) => panic!("the sandbox is gone"),
                    Err(_) if self.undelivered() == 0 => return,
                    Err(_) => {}
                }
            }
        };
        let settled = tokio::time::timeout(PATIENCE, quiet).await;
        assert!(settled.is_ok(), "{} orders do not arrive: {child:?}", self.undelivered());
    }

    /// Orders whose goods are on their way, read beside the running program.
    fn undelivered(&self) -> i64 {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let db = rusqlite::Connection::open_with_flags(self.store(), flags).expect("opens");
        db.query_row("SELECT count(*) FROM orders WHERE done = 0", [], |row| row.get(0))
            .expect("reads")
    }

    /// An admin writes to the master's bot and gets an answer.
    async fn admin(&self, text: &str, document: Option<&str>) {
        use base64::Engine as _;
        let mut watch = self.sandbox.watch();
        let before = self.answers();
        let mut message = json!({"bot": MASTER, "user_id": ADMIN, "text": text});
        if let Some(lines) = document {
            let base64 = base64::engine::general_purpose::STANDARD.encode(lines);
            message["document"] = json!({"name": "lines.txt", "base64": base64});
        }
        self.control("messages", &message).await;
        let answered = async {
            while self.answers() <= before {
                let chat = |changed: &Changed| matches!(changed, Changed::Chat { .. });
                while !watch.recv().await.as_ref().is_ok_and(chat) {}
            }
        };
        let answered = tokio::time::timeout(PATIENCE, answered).await;
        assert!(answered.is_ok(), "no answer to {}", text.split(' ').next().unwrap_or_default());
    }

    /// Messages of the master's bot to the admin.
    fn answers(&self) -> usize {
        let messages = self.sandbox.chat(MASTER, ADMIN).expect("there is the bot");
        messages.iter().filter(|message| message["from"]["is_bot"] == true).count()
    }
}

/// Posts to a control route of the sandbox at `url`.
pub(super) async fn control(http: &reqwest::Client, url: &str, route: &str, body: &Value) -> Value {
    let sent = http.post(format!("{url}/sandbox/{route}")).json(body).send().await;
    let answer = sent.expect("the sandbox answers");
    let good = answer.status().is_success();
    let answer: Value = answer.json().await.expect("it answers JSON");
    assert!(good, "{route}: {answer}");
    answer
}
