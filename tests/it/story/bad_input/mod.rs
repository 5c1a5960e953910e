//! What bad input gets: one clear answer, and nothing changed.
//!
//! `rows` is the table: who says what where, and what he reads. Before and after every row all that
//! the business decides by is read from the store's file and has to be the same.

mod names;
mod roles;
mod rows;

use super::seat::Seat;
use super::world::{ADMIN, ANNA, MASTER, OWNER, World};
use rows::{TABLES, Table, Who};

/// The agent's bot that all rows are about.
const SHOP: &str = "olivias_keys_bot";

#[tokio::test]
async fn what_admins_get_wrong() {
    check_all(Who::Admin).await;
}

#[tokio::test]
async fn what_owners_get_wrong() {
    check_all(Who::Owner).await;
}

#[tokio::test]
async fn what_customers_get_wrong() {
    check_all(Who::Customer).await;
}

/// Every row of the tables of these people.
async fn check_all(who: Who) {
    let mut town = Town::open().await;
    let mut wrong = Vec::new();
    for table in TABLES.iter().filter(|table| table.who == who) {
        wrong.extend(town.check(table).await);
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n\n"));
    // Digits of any width are digits, and what is accepted does change something.
    let before = town.world.business();
    let mut admin = town.seat(Who::Admin);
    admin.say("/credit olivia 3001 １０．５ gift").await;
    admin.expect("Credited 10.50 USDT").await;
    assert_ne!(town.world.business(), before);
    town.world.fleet.stop_and_audit().await;
}

/// One shop with an owner, a wallet, goods, a customer with money, and profit that is available.
struct Town {
    world: World,
    /// The token of the agent's bot.
    taken: String,
    /// The token of a bot that nobody has.
    free: String,
    /// A token that was revoked.
    revoked: String,
}

impl Town {
    async fn open() -> Self {
        let world = World::open().await;
        world.open_shelf("Keys", "Key", "100", &["OLD-1", "OLD-2", "OLD-3", "OLD-4"]).await;
        let mut admin = world.admin();
        admin.say("/product_add cat_1 file 5 Map").await;
        admin.expect("Product prd_2 is created").await;
        let (taken, code) = world.open_agent("olivia", SHOP, "Olivia").await;
        let mut owner = world.seat(SHOP, OWNER).greet().await;
        owner.say(&format!("/start own_{code}")).await;
        owner.expect("You are now the owner").await;
        let anna = world.seat(SHOP, ANNA).greet().await;
        world.credit("olivia", ANNA, "500").await;
        anna.expect("You received 500.00 USDT").await;
        let revoked = world.control.make_bot("revoked_bot", "Revoked").await;
        world.control.revoke("revoked_bot").await;
        let free = world.control.make_bot("free_bot", "Free").await;
        let town = Self { world, taken, free, revoked };
        town.earn().await;
        town
    }

    /// 50 available, 10 of it requested, and a wallet.
    async fn earn(&self) {
        let mut admin = self.world.admin();
        admin.say("/agent_pricing olivia percent 50").await;
        admin.expect("Markup: +50%").await;
        let mut anna = self.world.seat(SHOP, ANNA);
        anna.say("/buy prd_1 1").await;
        anna.expect("Total: 150.00 USDT").await;
        anna.tap("Confirm").await;
        anna.expect("OLD-1").await;
        self.world.advance(shopfleet::domain::time::Millis::from_hours(48)).await;
        let mut owner = self.world.seat(SHOP, OWNER);
        owner.ask_until("/agent", "Available: 50.00 USDT").await;
        owner.say("/wallet TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t").await;
        owner.expect("Please check every character").await;
        owner.tap("Save").await;
        owner.expect("Wallet: TR7N").await;
        owner.say("/withdraw 10").await;
        owner.expect("Please check your withdrawal").await;
        owner.tap("Confirm").await;
        owner.expect("Withdrawal wdr_1 is requested").await;
        // Nothing may come by itself once the rows begin: it would pass for an answer.
        admin.expect("olivia asks to be paid").await;
    }

    fn seat(&self, who: Who) -> Seat {
        let (bot, user) = match who {
            Who::Admin => (MASTER, ADMIN),
            Who::Owner => (SHOP, OWNER),
            Who::Customer => (SHOP, ANNA),
        };
        self.world.seat(bot, user)
    }

    /// The rows of a table that do not get what they should.
    async fn check(&mut self, table: &Table) -> Vec<String> {
        let mut seat = self.seat(table.who);
        let mut wrong = Vec::new();
        for step in table.open {
            match step.strip_prefix("tap ") {
                Some(label) => drop(seat.tap(label).await),
                None => seat.say(step).await,
            }
            seat.expect("").await;
        }
        for (text, expected) in table.rows {
            let said = self.fill(text);
            let before = self.world.business();
            seat.say(&said).await;
            let answer = seat.expect("").await;
            if !answer.contains(expected) {
                wrong.push(format!("{text:?} should get {expected:?} and gets {answer:?}"));
            }
            if self.world.business() != before {
                wrong.push(format!("{text:?} changed something"));
            }
        }
        wrong
    }

    /// The text with real tokens in it.
    fn fill(&self, text: &str) -> String {
        text.replace("{taken}", &self.taken)
            .replace("{master}", &self.world.master_token)
            .replace("{free}", &self.free)
            .replace("{revoked}", &self.revoked)
    }
}
