//! Many at once: more buyers than goods, and one button under twenty fingers.

use super::seat::Seat;
use super::world::{ANNA, World};
use futures_util::future::join_all;
use std::collections::BTreeSet;

/// Agents of the race, each with a bot.
const BOTS: i64 = 10;
/// Buyers at each bot.
const BUYERS_EACH: i64 = 5;
/// Items they race for.
const ITEMS: [&str; 5] = ["RACE-A", "RACE-B", "RACE-C", "RACE-D", "RACE-E"];

#[tokio::test]
async fn fifty_buyers_race_for_five_items() {
    let mut world = World::open().await;
    world.open_shelf("Keys", "Rare key", "10", &ITEMS).await;
    let mut buyers = Vec::new();
    for number in 1..=BOTS {
        let (shop, bot) = (format!("shop{number}"), format!("shop{number}_bot"));
        world.open_agent(&shop, &bot, &format!("Shop {number}")).await;
        let users = (0..BUYERS_EACH).map(|buyer| 3000 + number * 10 + buyer);
        for user in users {
            world.credit(&shop, user, "25").await;
            buyers.push(world.seat(&bot, user));
        }
    }
    join_all(buyers.iter_mut().map(ask_the_price)).await;
    join_all(buyers.iter_mut().map(|buyer| buyer.tap("Confirm"))).await;
    let got = join_all(buyers.iter_mut().map(what_came)).await;

    let refused = got.iter().filter(|goods| goods.is_none()).count();
    let goods: BTreeSet<&str> = got.into_iter().flatten().collect();
    assert_eq!((goods, refused), (ITEMS.into(), 45));
    assert_eq!(world.count("SELECT count(*) FROM orders"), 5);
    world.fleet.stop_and_audit().await;
}

async fn ask_the_price(buyer: &mut Seat) {
    buyer.say("/buy prd_1 1").await;
    buyer.expect("Total: 10.00 USDT").await;
}

/// The item that a buyer got and paid for; nothing when he was refused and not charged.
async fn what_came(buyer: &mut Seat) -> Option<&'static str> {
    let paid = buyer.expect_that("the outcome", outcome).await;
    let goods = if paid { buyer.expect("🎁 Rare key × 1").await } else { String::new() };
    buyer.say("/balance").await;
    buyer.expect(if paid { "balance: 15.00 USDT" } else { "balance: 25.00 USDT" }).await;
    ITEMS.into_iter().find(|item| goods.contains(item))
}

/// Whether it was paid; nothing while neither is said.
fn outcome(text: &str) -> Option<bool> {
    let refused = text.contains("sold out") && text.contains("Nothing was charged.");
    match text.contains("✅ Paid.") {
        true => Some(true),
        false => refused.then_some(false),
    }
}

#[tokio::test]
async fn twenty_taps_on_one_confirm_button_are_one_order() {
    let mut world = World::open().await;
    world.open_shelf("Keys", "Key", "10", &["ONE-1", "ONE-2", "ONE-3"]).await;
    world.open_agent("olivia", "olivias_keys_bot", "Olivia").await;
    let mut anna = world.seat("olivias_keys_bot", ANNA).greet().await;
    world.credit("olivia", ANNA, "100").await;
    anna.say("/buy prd_1 1").await;
    anna.expect("Total: 10.00 USDT").await;
    let confirm = anna.button("Confirm").await;
    join_all((0..20).map(|_| world.control.post("/sandbox/taps", &confirm))).await;
    anna.expect("✅ Paid.").await;
    anna.expect("🎁 Key × 1").await;
    // The bot works a chat off in order: when this is answered, so were all taps.
    anna.say("/balance").await;
    anna.expect("Your balance: 90.00 USDT").await;
    assert_eq!(world.count("SELECT count(*) FROM orders"), 1);
    world.fleet.stop_and_audit().await;
    // Nobody sends anything any more.
    assert_eq!(deliveries(&anna).await, 1);
}

async fn deliveries(seat: &Seat) -> usize {
    seat.texts().await.iter().filter(|text| text.contains("🎁 Key")).count()
}
