//! HTML in a name is text: it is shown as it was typed, wherever the name is shown.

use super::super::world::{ANNA, World};

const CATEGORY: &str = "<b>Keys</b> & more";
const PRODUCT: &str = "<i>Key</i> \"1\" &amp; <u>";
const SHOP: &str = "</b><code>Olivia</code> & Co";
const DESCRIPTION: &str = "<a href=\"https://example.org\">click</a> & </pre>";
const GOODS: &str = "user<b>:pass&word</code>";
const REASON: &str = "<b>not</b> & never";

#[tokio::test]
async fn html_in_names_is_text() {
    let mut world = World::open().await;
    world.open_shelf(CATEGORY, PRODUCT, "20", &[GOODS]).await;
    let (_, code) = world.open_agent("olivia", "olivias_keys_bot", SHOP).await;
    let mut admin = world.admin();
    admin.say(&format!("/product_describe prd_1 {DESCRIPTION}")).await;
    admin.expect(DESCRIPTION).await;
    admin.say("/goods").await;
    admin.expect("Pick a category").await;
    admin.tap(CATEGORY).await;
    admin.expect(&format!("🗂 {CATEGORY} cat_1")).await;
    admin.say("/agent_list").await;
    admin.expect(&format!("olivia · {SHOP}")).await;
    admin.say("/agent_pricing olivia fixed 20").await;
    admin.expect(&format!("olivia · {SHOP}")).await;
    world.credit("olivia", ANNA, "40").await;

    let mut anna = world.seat("olivias_keys_bot", ANNA);
    anna.say("/start").await;
    anna.expect(&format!("Welcome to {SHOP}!")).await;
    anna.say("/catalog").await;
    anna.expect("Pick a category").await;
    anna.tap(CATEGORY).await;
    anna.expect(&format!("🗂 {CATEGORY}\n")).await;
    anna.tap(PRODUCT).await;
    let page = anna.expect(&format!("🏷 {PRODUCT}\n")).await;
    assert!(page.contains(DESCRIPTION), "{page}");
    anna.tap("1").await;
    anna.expect(&format!("🧾 {PRODUCT}\n")).await;
    anna.tap("Confirm").await;
    let goods = anna.expect(&format!("🎁 {PRODUCT} × 1")).await;
    assert!(goods.contains(GOODS), "{goods}");

    let mut owner = world.seat("olivias_keys_bot", 2001);
    owner.say(&format!("/start own_{code}")).await;
    owner.expect("You are now the owner").await;
    owner.say("/wallet TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t").await;
    owner.tap("Save").await;
    owner.expect(&format!("💼 {SHOP}")).await;
    world.advance(shopfleet::domain::time::Millis::from_hours(48)).await;
    owner.ask_until("/agent", "Available: 20.00 USDT").await;
    owner.say("/withdraw all").await;
    owner.tap("Confirm").await;
    owner.expect("wdr_1 is requested").await;
    admin.say(&format!("/withdraw_reject wdr_1 {REASON}")).await;
    admin.expect(&format!("Reason: {REASON}")).await;
    owner.expect(&format!("Reason: {REASON}")).await;
    world.fleet.stop_and_audit().await;
}
