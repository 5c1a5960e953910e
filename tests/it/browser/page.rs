//! The chat page as a person uses it: tap, type, look.

use super::driver::Driver;
use super::patience::until;
use axum::http::Method;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use url::{ParseError, Url};

/// How long the browser may take to show something.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is asked.
const EVERY: Duration = Duration::from_millis(100);

/// The page in a browser of its own.
pub(super) struct Page {
    client: Client,
    _driver: Driver,
}

/// One column of it: a person and a bot.
#[derive(Clone, Copy)]
pub(super) struct Column(pub(super) u32, pub(super) &'static str);

impl Column {
    fn id(self) -> String {
        format!("column-{}-{}", self.0, self.1)
    }

    /// Elements below the column, as an `XPath`.
    fn path(self, below: &str) -> String {
        format!("//section[@data-testid='{}']{below}", self.id())
    }
}

impl Page {
    /// Opens it on a screen of 1400 × 900.
    pub(super) async fn open(address: &str) -> Self {
        let driver = Driver::start();
        let client = driver.browser(1400, 900).await;
        let page = Self { client, _driver: driver };
        page.measure(1400, 900).await;
        page.client.goto(address).await.expect("the page opens");
        page
    }

    pub(super) async fn close(self) {
        self.client.close().await.expect("the browser closes");
    }

    /// Presses what has this test id, somewhere outside the columns.
    pub(super) async fn press(&self, test_id: &str) {
        let path = format!("//*[@data-testid='{test_id}']");
        self.click(&path, test_id).await;
    }

    /// Opens a chat of a person in the list with a bot.
    pub(super) async fn add_chat(&self, column: Column) {
        self.press("add-chat").await;
        for (field, value) in [("add-person", column.0.to_string()), ("add-bot", column.1.into())] {
            let select = self.find(&format!("//select[@data-testid='{field}']")).await;
            select.select_by_value(&value).await.expect("the choice is offered");
        }
        self.press("add-submit").await;
        self.find(&column.path("")).await;
    }

    /// Closes a column.
    pub(super) async fn remove(&self, column: Column) {
        self.click(&column.path("//*[@data-testid='remove']"), "remove").await;
    }

    /// Presses the Start of a chat without messages.
    pub(super) async fn start(&self, column: Column) {
        self.click(&column.path("//*[@data-testid='start']"), "start").await;
    }

    /// Types a line and sends it.
    pub(super) async fn say(&self, column: Column, text: &str) {
        let input = self.find(&column.path("//*[@data-testid='input']")).await;
        input.send_keys(text).await.expect("it can be typed");
        self.click(&column.path("//*[@data-testid='send']"), "send").await;
    }

    /// Taps the newest button that says `label`.
    pub(super) async fn tap(&self, column: Column, label: &str) {
        let words = format!("normalize-space(.)={}", quoted(label));
        self.tap_where(column, &words, label).await;
    }

    /// Taps the newest button with `part` in its words.
    pub(super) async fn tap_like(&self, column: Column, part: &str) {
        self.tap_where(column, &format!("contains(., {})", quoted(part)), part).await;
    }

    async fn tap_where(&self, column: Column, words: &str, what: &str) {
        let buttons = column.path(&format!("//button[@data-testid='button'][{words}]"));
        self.click(&format!("({buttons})[last()]"), what).await;
    }

    /// Taps the newest link that begins with `address`.
    pub(super) async fn follow(&self, column: Column, address: &str) {
        let links = format!("//a[starts-with(@href, {})]", quoted(address));
        self.click(&format!("({})[last()]", column.path(&links)), address).await;
    }

    /// Waits until a message says `text`.
    pub(super) async fn sees(&self, column: Column, text: &str) {
        self.find(&column.path(&format!("//article[{}]", says(text)))).await;
    }

    /// Waits until the newest message says `text`.
    pub(super) async fn sees_last(&self, column: Column, text: &str) {
        let messages = column.path("//article");
        self.find(&format!("({messages})[last()][{}]", says(text))).await;
    }

    /// What the newest `code` that begins with `start` says.
    pub(super) async fn reads_code(&self, column: Column, start: &str) -> String {
        let codes = format!("//code[starts-with(., {})]", quoted(start));
        let code = self.find(&format!("({})[last()]", column.path(&codes))).await;
        code.text().await.expect("it has a text")
    }

    /// Waits until nothing in the column says `text`.
    pub(super) async fn sees_no(&self, column: Column, text: &str) {
        let path = column.path(&format!("//article[contains(., {})]", quoted(text)));
        until(&format!("{text} to disappear"), async || {
            let found = self.client.find_all(Locator::XPath(&path)).await.expect("it can look");
            found.is_empty().then_some(())
        })
        .await;
    }

    /// The demo has stopped, and the page tells.
    pub(super) async fn says_that_nothing_answers(&self) {
        self.find("//*[@id='notices']//*[@data-testid='error']").await;
    }

    /// The demo is back, and the page has noticed by itself.
    pub(super) async fn is_at_peace(&self) {
        until("the page to find the demo again", async || {
            let errors = Locator::Css("[data-testid=error]");
            self.client.find_all(errors).await.ok()?.is_empty().then_some(())
        })
        .await;
    }

    /// The same page on a screen of another size.
    pub(super) async fn measure(&self, width: u32, height: u32) {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        let command = Devtools { cmd: "Emulation.setDeviceMetricsOverride", params: metrics };
        self.client.issue_cmd(command).await.expect("the size can be set");
    }

    /// A picture of what is in sight.
    pub(super) async fn picture(&self, path: &Path) {
        let png = self.client.screenshot().await.expect("a picture");
        std::fs::write(path, png).expect("it can be written");
    }

    async fn find(&self, path: &str) -> Element {
        let wait = self.client.wait().at_most(PATIENCE).every(EVERY);
        match wait.for_element(Locator::XPath(path)).await {
            Ok(element) => element,
            Err(error) => panic!("{path}: {error}\n{}", self.everything().await),
        }
    }

    /// Clicks; again when the page was drawn anew just then or something passed over it.
    async fn click(&self, path: &str, what: &str) {
        self.find(path).await;
        until(&format!("{what} to take a click"), async || {
            let element = self.client.find(Locator::XPath(path)).await.ok()?;
            match element.click().await {
                Ok(()) => Some(()),
                Err(CmdError::Standard(_)) => None,
                Err(error) => panic!("{what}: {error}"),
            }
        })
        .await;
    }

    /// All words on the page, for whoever reads why a test failed.
    async fn everything(&self) -> String {
        let body = self.client.execute("return document.body.innerText", Vec::new()).await;
        body.map_or_else(|error| error.to_string(), |text| text.as_str().unwrap_or("").to_owned())
    }
}

/// The condition that a message says `text`, whatever its line breaks.
fn says(text: &str) -> String {
    format!("contains(normalize-space(.//div[contains(@class, 'text')]), {})", quoted(text))
}

/// A text as an `XPath` literal, which knows no escapes.
fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "{text}");
    format!("\"{text}\"")
}

/// A command of the browser's own protocol, which chromedriver passes on.
#[derive(Debug)]
struct Devtools {
    cmd: &'static str,
    params: Value,
}

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"cmd": self.cmd, "params": self.params}).to_string()))
    }
}
