//! A token pasted by anybody anywhere disappears from the chat and is stored nowhere.

use super::world::{ADMIN, ANNA, MASTER, OWNER, World};
use serde_json::json;

const SHOP: &str = "olivias_keys_bot";
/// A group with the shop's bot in it.
const GROUP: i64 = -100_500;

const REMOVED: &str = "looked like it held a bot token, so it was removed and not stored";

/// Bot, person, and a message with a token in it. `{wide}` is the token in full-width characters,
/// `{split}` has an invisible character inside.
const PASTES: &[(&str, i64, &str)] = &[
    (SHOP, ANNA, "{token}"),
    (SHOP, ANNA, "please keep {token} for me"),
    (SHOP, ANNA, "/buy prd_1 {token}"),
    (SHOP, ANNA, "/start own_{token}"),
    (SHOP, ANNA, "/agent_create mine {token} Mine"),
    (SHOP, ANNA, "/gibberish {token}"),
    (SHOP, ANNA, "https://api.telegram.org/bot{token}/getMe"),
    (SHOP, ANNA, "{wide}"),
    (SHOP, ANNA, "{split}"),
    (SHOP, OWNER, "/wallet {token}"),
    (SHOP, OWNER, "{token}\n{token}"),
    (SHOP, ADMIN, "/agent_create mine {token} Mine"),
    (MASTER, ANNA, "{token}"),
    (MASTER, ADMIN, "{token}"),
    (MASTER, ADMIN, "/category_add {token}"),
    (MASTER, ADMIN, "/stock_add prd_1\nKEY-9\n{token}"),
    (MASTER, ADMIN, "/credit olivia 3001 5 {token}"),
    (MASTER, ADMIN, "/agent_info {token}"),
];

/// The same for a file: its name and its caption.
const FILES: &[(&str, i64, &str, &str)] = &[
    (SHOP, ANNA, "notes.txt", "here: {token}"),
    (SHOP, ANNA, "{token}.txt", ""),
    (MASTER, ADMIN, "keys.txt", "/stock_add prd_1 {token}"),
];

#[tokio::test]
async fn pasted_tokens_are_removed_and_stored_nowhere() {
    let mut world = World::open().await;
    world.open_shelf("Keys", "Key", "10", &["KEY-1"]).await;
    let (_, code) = world.open_agent("olivia", SHOP, "Olivia").await;
    let mut owner = world.seat(SHOP, OWNER).greet().await;
    owner.say(&format!("/start own_{code}")).await;
    owner.expect("You are now the owner").await;
    let token = world.control.make_bot("pasted_bot", "Pasted").await;
    let before = world.business();

    for (bot, user, text) in PASTES {
        let mut seat = world.seat(bot, *user);
        seat.say(&with(text, &token)).await;
        seat.expect(REMOVED).await;
        seat.expect_deleted().await;
    }
    for (bot, user, name, caption) in FILES {
        let mut seat = world.seat(bot, *user);
        seat.send(&with(name, &token), b"KEY-8", &with(caption, &token)).await;
        seat.expect(REMOVED).await;
        seat.expect_deleted().await;
    }
    // An edit is no message, but a token in it is one in the chat.
    let mut editor = world.seat(SHOP, ANNA);
    editor.say("/balance").await;
    editor.expect("Your balance").await;
    editor.edit(&with("{wide}", &token)).await;
    editor.expect(REMOVED).await;
    editor.expect_deleted().await;
    // The one place for a token: a wrong command around it changes nothing of that.
    let mut admin = world.admin();
    for text in ["/agent_create {token}", "/agent_create Mine {token} Mine"] {
        admin.say(&with(text, &token)).await;
        admin.expect("/agent_create <id> <token> <shop name>").await;
        admin.expect_deleted().await;
    }
    // In a group the bot may not delete it, and says what to do.
    let mut group = world.seat(SHOP, ANNA).in_group(GROUP);
    group.say(&token).await;
    group.expect("revoke the token with /revoke at @BotFather").await;
    let said = group.texts().await;
    assert!(!said.iter().any(|text| text.contains("Olivia")), "a shop in a group: {said:?}");
    // A name is shown and stored without it.
    let named = json!({
        "bot": SHOP, "user_id": 3009, "text": "/start", "from": {"first_name": token},
    });
    world.control.post("/sandbox/messages", &named).await;
    world.seat(SHOP, 3009).expect("Welcome to").await;

    assert_eq!(world.business(), before);
    let (_, secret) = token.split_once(':').expect("a token has a colon");
    assert!(world.files_hold("Olivia"), "the search finds what is there");
    assert!(!world.files_hold(secret), "the token is in a file");
    world.fleet.stop_and_audit().await;
    assert!(!world.files_hold(secret), "the token is in a file");
    assert!(!world.fleet.log().contains(secret), "the token is in the log");
}

fn with(text: &str, token: &str) -> String {
    let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).expect("ASCII has full-width forms");
    let split = token.replace(":AA", ":AA\u{200b}");
    text.replace("{token}", token)
        .replace("{wide}", &token.chars().map(wide).collect::<String>())
        .replace("{split}", &split)
}
