//! The load: customers who buy as fast as they are answered, and an admin who gives them money.
//!
//! They act by control routes and look at their chats. None of them knows that the program dies; who
//! is not answered in time starts over, as people do, and sometimes taps twice.

use super::town::{ADMIN, MASTER, SHOPS, Town, control};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use shopfleet::sandbox::service::{Changed, Sandbox};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

/// Customers of each shop.
const CUSTOMERS: i64 = 8;
/// How long a customer waits for a price.
const PATIENCE: Duration = Duration::from_millis(1_200);
/// What an admin gives at a time, in USDT.
const CREDIT: i64 = 200;

/// Shop and customer.
pub(super) type Who = (usize, i64);

/// What each customer was given, in USDT.
pub(super) type PaidIn = BTreeMap<Who, i64>;

/// Everybody who is busy.
pub(super) struct Load {
    stop: watch::Sender<bool>,
    customers: Vec<JoinHandle<()>>,
    admin: JoinHandle<PaidIn>,
}

/// All customers of all shops.
pub(super) fn everybody() -> impl Iterator<Item = Who> {
    (0..SHOPS.len()).flat_map(|shop| (0..CUSTOMERS).map(move |number| (shop, 100 + number)))
}

impl Load {
    /// Begins.
    pub(super) fn start(town: &Town, seed: u64) -> Self {
        let (stop, stopped) = watch::channel(false);
        let customers = everybody()
            .zip(1..)
            .map(|(who, number)| {
                let customer = Customer {
                    who,
                    sandbox: town.sandbox.clone(),
                    http: town.http.clone(),
                    url: town.url.clone(),
                    random: StdRng::seed_from_u64(seed.wrapping_add(number)),
                };
                tokio::spawn(customer.live(stopped.clone()))
            })
            .collect();
        let (http, url) = (town.http.clone(), town.url.clone());
        let admin = tokio::spawn(pay_in(http, url, stopped));
        Self { stop, customers, admin }
    }

    /// Lets everybody finish what he is doing; answers what the admin gave.
    pub(super) async fn stop(self) -> PaidIn {
        self.stop.send_replace(true);
        for customer in self.customers {
            customer.await.expect("customers do not panic");
        }
        self.admin.await.expect("the admin does not panic")
    }
}

/// Gives everybody money, again and again. Every message is one credit, however often the program
/// dies meanwhile.
async fn pay_in(http: reqwest::Client, url: String, stopped: watch::Receiver<bool>) -> PaidIn {
    let mut paid_in = PaidIn::new();
    let mut pause = stopped.clone();
    while !*stopped.borrow() {
        for (shop, user) in everybody() {
            let text = format!("/credit {} {user} {CREDIT} crash", SHOPS[shop].0);
            let message = json!({"bot": MASTER, "user_id": ADMIN, "text": text});
            control(&http, &url, "messages", &message).await;
            *paid_in.entry((shop, user)).or_default() += CREDIT;
        }
        // The next round, or the end, whichever comes first.
        let _ = tokio::time::timeout(Duration::from_secs(4), pause.changed()).await;
    }
    paid_in
}

struct Customer {
    who: Who,
    sandbox: Sandbox,
    http: reqwest::Client,
    url: String,
    random: StdRng,
}

impl Customer {
    async fn live(mut self, stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            self.buy().await;
        }
    }

    /// Asks for a price and confirms it.
    async fn buy(&mut self) {
        let (bot, user) = (SHOPS[self.who.0].1, self.who.1);
        let mut changes = self.sandbox.watch();
        let before = self.offers().last().map(|(message, _)| *message);
        let text = format!("/buy prd_1 {}", self.random.random_range(1..=3));
        let message = json!({"bot": bot, "user_id": user, "text": text});
        control(&self.http, &self.url, "messages", &message).await;
        let offered = async {
            loop {
                let offer = self.offers().pop();
                if let Some((message, data)) = offer.filter(|(id, _)| Some(*id) != before) {
                    return (message, data);
                }
                self.wait_for_news(&mut changes).await;
            }
        };
        let Ok((message, data)) = tokio::time::timeout(PATIENCE, offered).await else { return };
        let tap = json!({"bot": bot, "user_id": user, "message_id": message, "data": data});
        let taps = if self.random.random_bool(0.2) { 2 } else { 1 };
        let taps = (0..taps).map(|_| control(&self.http, &self.url, "taps", &tap));
        // The tap arrives in any case; nobody waits for its little clock to end.
        let _ = tokio::time::timeout(PATIENCE, futures_util::future::join_all(taps)).await;
    }

    /// Messages with a confirm button, and what it holds.
    fn offers(&self) -> Vec<(i64, String)> {
        let messages = self.sandbox.chat(SHOPS[self.who.0].1, self.who.1).unwrap_or_default();
        messages.iter().rev().take(12).rev().filter_map(offer).collect()
    }

    async fn wait_for_news(&self, changes: &mut broadcast::Receiver<Changed>) {
        loop {
            match changes.recv().await {
                Ok(Changed::Chat { chat_id, .. }) if chat_id != self.who.1 => {}
                // A customer who missed something looks again.
                Ok(_) | Err(_) => return,
            }
        }
    }
}

fn offer(message: &Value) -> Option<(i64, String)> {
    let rows = message["reply_markup"]["inline_keyboard"].as_array()?;
    let buttons = rows.iter().filter_map(Value::as_array).flatten();
    let data = buttons.filter_map(|button| button["callback_data"].as_str());
    let confirm = data.into_iter().find(|data| data.starts_with("1o:"))?;
    Some((message["message_id"].as_i64()?, confirm.to_owned()))
}
