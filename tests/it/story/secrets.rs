//! A bad day at log level `trace`: revoked tokens, failing calls, a network that is gone. Neither the
//! log nor any chat may hold a token, and goods are in their customer's chat only.

use super::control::eventually;
use super::world::{ADMIN, ANNA, MASTER, OWNER, World};
use serde_json::{Value, json};
use shopfleet::domain::time::Millis;
use std::collections::BTreeSet;

const SHOP: &str = "olivias_keys_bot";
/// Goods, each a text that nothing else contains.
const LINES: [&str; 4] = ["qzjx-secret-1", "qzjx-secret-2", "qzjx-secret-3", "qzjx-secret-4"];
/// The content of a file that is sold.
const FILE: &str = "qzjx-secret-file";
/// Where the bots and the people of the test may have talked.
const CHATS: [(&str, i64); 7] = [
    (MASTER, ADMIN),
    (MASTER, ANNA),
    (SHOP, ANNA),
    (SHOP, OWNER),
    (SHOP, ADMIN),
    ("second_bot", ANNA),
    ("second_bot", OWNER),
];

#[tokio::test]
async fn no_token_and_no_goods_in_log_or_chats_of_a_bad_day() {
    let mut day = Day { world: World::open_with(&[("log.level", "trace")]).await, tokens: vec![] };
    day.world.admin().greet().await;
    day.open().await;
    day.fail_calls().await;
    day.revoke().await;
    day.lose_the_network().await;
    day.world.fleet.stop_and_audit().await;
    day.check().await;
}

struct Day {
    world: World,
    /// Every token there ever was.
    tokens: Vec<String>,
}

impl Day {
    async fn open(&mut self) {
        let world = &self.world;
        self.tokens.push(world.master_token.clone());
        world.open_shelf("Keys", "Key", "10", &LINES).await;
        let mut admin = world.admin();
        admin.say("/product_add cat_1 file 10 Map").await;
        admin.expect("Product prd_2 is created").await;
        admin.say("/stock_file prd_2").await;
        admin.expect("please send the files").await;
        admin.send("map.bin", FILE.as_bytes(), "").await;
        admin.expect("Added: 1").await;
        let (token, code) = world.open_agent("olivia", SHOP, "Olivia").await;
        self.tokens.push(token);
        let (token, _) = world.open_agent("second", "second_bot", "Second").await;
        self.tokens.push(token);
        let mut owner = world.seat(SHOP, OWNER).greet().await;
        owner.say(&format!("/start own_{code}")).await;
        owner.expect("You are now the owner").await;
        world.credit("olivia", ANNA, "100").await;
        world.seat(SHOP, ANNA).greet().await;
    }

    /// Every kind of failing call while somebody buys; the goods come all the same.
    async fn fail_calls(&mut self) {
        for (number, fault) in [
            json!({"kind": "5xx", "count": 4}),
            json!({"kind": "lost_answer", "count": 2, "method": "sendMessage"}),
            json!({"kind": 429, "count": 2, "retry_after_s": 1}),
        ]
        .iter()
        .enumerate()
        {
            let mut anna = self.world.seat(SHOP, ANNA);
            anna.ask_until("/buy prd_1 1", "Total: 10.00 USDT").await;
            self.world.control.fault(fault).await;
            anna.tap("Confirm").await;
            self.patience().await;
            anna.expect(LINES[number]).await;
            self.world.control.clear_faults().await;
        }
        // A token that may be revoked or not, a poller that may be there or not, a download that fails.
        for fault in [
            json!({"bot": "second_bot", "kind": 401, "count": 1}),
            json!({"bot": SHOP, "kind": 409, "count": 2}),
            json!({"bot": MASTER, "kind": "5xx", "method": "getFile", "count": 1}),
        ] {
            self.world.control.fault(&fault).await;
        }
        let mut admin = self.world.admin();
        admin.send("more.txt", b"qzjx-secret-5", "/stock_add prd_1").await;
        admin.expect("").await;
        self.patience().await;
        self.world.control.clear_faults().await;
    }

    /// Both agents' tokens are revoked; an admin is told, tries the new one and the old one.
    async fn revoke(&mut self) {
        for bot in [SHOP, "second_bot"] {
            self.tokens.push(self.world.control.revoke(bot).await);
            self.world.admin().expect(&format!("refuses the token of @{bot}")).await;
        }
        let mut admin = self.world.admin();
        admin.say(&format!("/agent_create third {} Third", self.tokens[1])).await;
        admin.expect("Telegram does not accept this token").await;
        admin.say("/agent_list").await;
        admin.expect("Telegram refuses the token").await;
        admin.say("/agent_info olivia").await;
        admin.expect("Last error").await;
        admin.say("/agent_resume olivia").await;
        admin.expect("Saved").await;
    }

    /// Telegram is gone for a while and comes back; the fleet goes on by itself.
    async fn lose_the_network(&mut self) {
        let mut anna = self.world.seat(MASTER, ANNA).greet().await;
        let before = self.world.fleet.log().len();
        self.world.host.leave();
        let failed = eventually(async || {
            let log = self.world.fleet.log();
            log[before..].contains("telegram cannot be reached").then_some(())
        });
        assert!(failed.await.is_some(), "nobody noticed");
        self.world.host.listen().await;
        anna.ask_until("/balance", "Your balance: 0.00 USDT").await;
    }

    /// Lets pauses end: retries wait on the sandbox's clock.
    async fn patience(&self) {
        self.world.advance(Millis::from_secs(20)).await;
    }

    async fn check(&self) {
        let log = self.world.fleet.log();
        assert!(log.contains("TRACE"), "the log is at trace level");
        let mut chats = BTreeSet::new();
        for (bot, user) in CHATS {
            let chat = self.world.control.chat(bot, user).await;
            chats.insert((bot, user, Value::Array(chat).to_string()));
        }
        for token in &self.tokens {
            let (_, secret) = token.split_once(':').expect("a token has a colon");
            assert!(!log.contains(secret), "{}", around(&log, secret));
            for (bot, user, chat) in &chats {
                assert!(!chat.contains(secret), "{user} at {bot}: {}", around(chat, secret));
            }
        }
        assert!(!log.contains("qzjx-secret"), "{}", around(&log, "qzjx-secret"));
        for (bot, user, chat) in &chats {
            // The admin typed them in; the customer bought them.
            let may = (*bot, *user) == (MASTER, ADMIN) || (*bot, *user) == (SHOP, ANNA);
            assert_eq!(chat.contains("qzjx-secret"), may, "{user} at {bot}");
        }
    }
}

/// The line of a text that holds what it must not.
fn around<'t>(text: &'t str, found: &str) -> &'t str {
    text.lines().find(|line| line.contains(found)).unwrap_or_default()
}
