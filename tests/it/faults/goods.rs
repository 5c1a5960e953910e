//! Goods on their way in and out, interrupted; and tokens, which are removed before anything else.

use crate::kit::{ADMIN, CUSTOMER};
use shopfleet::domain::id::UserId;
use shopfleet::domain::time::Millis;
use shopfleet::sandbox::world::FaultKind;
use shopfleet::sim::{CONFIRM, MASTER, World};

/// The world ends at any step of an upload of several commands; all its lines get on the shelf, once.
#[test]
fn an_upload_goes_on_after_a_crash_and_keeps_its_lines() {
    const LINES: u32 = 600;
    let lines: Vec<String> = (0..LINES).map(|number| format!("UP-{number}")).collect();
    let mut crashes = 0;
    for step in 1..=12 {
        let mut world = World::new(50).with_admin();
        let before = world.chronicle().items.len();
        world.die_after(step);
        world.send(MASTER, ADMIN, ("keys.txt", lines.join("\n")), "/stock_add prd_1");
        world.settle();
        if world.is_dead() {
            crashes += 1;
            world.crash();
            world.settle();
        }
        let added = world.chronicle().items.len() - before;
        assert_eq!(added, lines.len(), "step {step}: {:#?}", world.heard(MASTER, ADMIN));
        assert!(world.told(MASTER, ADMIN, "Added: ") > 0, "step {step}");
        world.audit();
    }
    assert!(crashes >= 10, "{crashes} steps");
}

/// More deliveries than a page holds: each that is made shortens the list that the next page is taken
/// from, and none may be skipped.
#[test]
fn all_pages_of_owed_goods_are_sent() {
    const ORDERS: u32 = 230;
    let buyers: Vec<UserId> = (1_000..).take(ORDERS as usize).map(UserId::new).collect();
    let mut world = World::tuned(51, |config| config.telegram.budget_per_s = 1_000).with_shop();
    world.add_items(101..=100 + ORDERS);
    for buyer in &buyers {
        world.say("a1", *buyer, "/start");
    }
    world.settle();
    for buyer in &buyers {
        world.order_past_the_bots("a1", *buyer);
    }
    world.crash();
    world.wait(Millis::from_secs(20));
    let missing = buyers.iter().filter(|buyer| world.goods("a1", **buyer).is_empty()).count();
    assert_eq!(missing, 0, "after one look, not the next in five minutes");
    world.check();
}

/// Files are sent one by one; what interrupts that goes on at the file it stopped at.
#[test]
fn files_that_arrived_are_not_sent_again() {
    const FILES: usize = 6;
    let mut world = World::new(52).with_shop();
    world.say(MASTER, ADMIN, "/product_add cat_1 file 5 Documents");
    world.settle();
    world.say(MASTER, ADMIN, "/stock_file prd_2");
    world.settle();
    for number in 0..FILES {
        world.send(MASTER, ADMIN, (&format!("{number}.pdf"), format!("content {number}")), "");
        world.settle();
    }
    world.say("a1", CUSTOMER, &format!("/buy prd_2 {FILES}"));
    world.settle();
    world.tap("a1", CUSTOMER, CONFIRM);
    world.wait(Millis::from_ms(1_500));
    let sent = world.files("a1", CUSTOMER).len();
    assert!((1..FILES).contains(&sent), "{sent} files are there");
    // Long enough for the outbox to give the present file up.
    world.method_fails("a1", Some("sendDocument"), FaultKind::Server, Millis::from_secs(150));
    world.wait(Millis::from_secs(100));
    assert_eq!(world.files("a1", CUSTOMER).len(), sent);
    world.wait(Millis::from_secs(600));
    let expected: Vec<String> = (0..FILES).map(|number| format!("{number}.pdf")).collect();
    assert_eq!(world.files("a1", CUSTOMER), expected);
    world.audit();
}

/// The message with a token goes at once, however long it takes to try the token.
#[test]
fn a_token_is_removed_before_it_is_tried() {
    let mut world = World::new(53).with_admin();
    let token = world.make_bot("a9");
    world.method_fails("a9", Some("getMe"), FaultKind::Latency, Millis::from_secs(60));
    let message = world.say(MASTER, ADMIN, &format!("/agent_create a9 {} Nine", token.expose()));
    world.wait(Millis::from_secs(1));
    assert!(!world.is_there(MASTER, ADMIN, message));
    let ready = "Agent a9 is ready";
    assert_eq!(world.told(MASTER, ADMIN, ready), 0, "getMe has not answered yet");
    world.settle();
    assert_eq!(world.told(MASTER, ADMIN, ready), 1, "{:#?}", world.heard(MASTER, ADMIN));
}

/// An edit may put a token where there was none; any other edit changes nothing.
#[test]
fn a_token_put_in_by_an_edit_is_removed() {
    const TOKEN: &str = "7000000009:AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let mut world = World::new(54).with_shop();
    let [first, second] = ["/balance", "hello"].map(|text| {
        let message = world.say("a1", CUSTOMER, text);
        world.settle();
        message
    });
    let before = world.heard("a1", CUSTOMER).len();
    world.edit("a1", CUSTOMER, first, "/orders");
    world.settle();
    assert_eq!(world.heard("a1", CUSTOMER).len(), before, "an edit is no message");
    world.edit("a1", CUSTOMER, second, &format!("my token: {TOKEN}"));
    world.settle();
    assert!(!world.is_there("a1", CUSTOMER, second));
    assert!(world.is_there("a1", CUSTOMER, first));
    assert_eq!(world.told("a1", CUSTOMER, "looked like it held a bot token"), 1);
}
