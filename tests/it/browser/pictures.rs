//! Pictures of what people see, for the documents.

use super::page::Page;
use super::story::{Story, Who};
use std::fs;
use std::path::PathBuf;

/// Everybody side by side.
pub(super) async fn desktop(page: &Page, language: &str) {
    page.picture(&file(language, "demo")).await;
}

/// The main screens on a phone.
pub(super) async fn phone(page: &Page, story: &Story<'_>) {
    page.measure(390, 844).await;
    let (words, language) = (&story.words, story.words.language);
    let take = async |name| page.picture(&file(language, name)).await;
    let customer = Who::Customer.column();
    story.look(Who::Customer, "/menu", &story.title()).await;
    take("menu").await;
    page.tap(customer, &words.say("btn_catalog")).await;
    page.tap_like(customer, "🎮").await;
    page.tap_like(customer, "15.00 · Star Harbor").await;
    page.sees(customer, "完整版游戏").await;
    take("product").await;
    page.tap(customer, "1").await;
    page.tap(customer, &words.say("btn_confirm")).await;
    page.sees(customer, "Star Harbor (PC) × 1").await;
    page.sees(customer, "10.00 USDT").await;
    take("goods").await;
    story.look(Who::Owner, "/agent", "TR7NHq").await;
    take("owner").await;
    story.look(Who::Admin, "/admin", "🛠").await;
    take("admin").await;
    story.look(Who::Admin, "/agent_list", "nova").await;
    take("agents").await;
}

/// In the build folder: `.ci/screenshots` copies them to the documents.
fn file(language: &str, name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    fs::create_dir_all(&folder).expect("a folder for pictures");
    folder.join(format!("{name}-{language}.png"))
}
