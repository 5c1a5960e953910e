//! The demo as a newcomer meets it: the program started like from a shell, its page in a real
//! browser, the whole story by taps and texts in both languages.
//!
//! The words on buttons and screens are read from `config/text/`, so that a better wording breaks
//! nothing here. Every act waits for its effect on the page; nothing waits for a while. The tests
//! leave pictures of what people see in the build folder; `.ci/screenshots` takes them to `docs/`.

mod demo;
mod driver;
mod page;
mod patience;
mod pictures;
mod story;
mod words;

use demo::Demo;
use page::Page;
use story::Story;
use words::Words;

/// Who opens a browser beside the demo, tells the story and looks at it again on a phone.
async fn tell(language: &'static str, shop: &'static str) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Demo::start(folder.path(), 0).await;
    let page = Page::open(&demo.address).await;
    let story = Story::new(&page, Words::of(language), shop);
    story.set_up().await;
    story.open_the_shop(demo.spare_token()).await;
    story.sell().await;
    story.earn().await;
    story.pay_out().await;
    pictures::desktop(&page, language).await;
    demo.stop().await;
    demo.logged_no_trouble();
    page.says_that_nothing_answers().await;
    let mut again = Demo::start(folder.path(), demo.port()).await;
    story.continues().await;
    pictures::phone(&page, &story).await;
    page.close().await;
    again.stop().await;
    again.logged_no_trouble();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_story_in_english() {
    tell("en", "Nova Keys").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_story_in_chinese() {
    tell("zh", "新星数码").await;
}
