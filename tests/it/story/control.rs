//! The sandbox's control routes as a client, and the one way in which these tests wait.

use serde_json::{Value, json};
use shopfleet::clock::{Clock as _, SystemClock};
use shopfleet::domain::time::Millis;

/// How long anything may take before a test gives up. Long, because the machine may be busy; a test
/// that passes never waits for it.
const PATIENCE: Millis = Millis::from_secs(30);
/// How often a condition is looked at.
const LOOK_EVERY: Millis = Millis::from_ms(15);

/// Looks until there is something to see; nothing when it takes longer than anybody would wait.
pub(super) async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let deadline = SystemClock.now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return Some(found);
        }
        if SystemClock.now() > deadline {
            return None;
        }
        SystemClock.sleep(LOOK_EVERY).await;
    }
}

/// A client of the control routes. Clones share connections.
#[derive(Clone)]
pub(super) struct Control {
    http: reqwest::Client,
    base: String,
}

impl Control {
    /// A client of the sandbox at `base`, `http://127.0.0.1:8081`.
    pub(super) fn new(base: String) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a plain HTTP client");
        Self { http, base }
    }

    /// Posts a body; the answer has to be 200.
    pub(super) async fn post(&self, route: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{route}", self.base)).json(body);
        let answer = request.send().await.unwrap_or_else(|error| panic!("{route}: {error}"));
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap_or_else(|e| panic!("{route}: {e}"));
        assert_eq!(status, 200, "{route} {body}: {answer}");
        answer
    }

    /// Gets a document; the answer has to be 200.
    pub(super) async fn get(&self, route: &str) -> Value {
        serde_json::from_slice(&self.bytes(route).await).expect("control routes answer in JSON")
    }

    /// Gets bytes; the answer has to be 200.
    pub(super) async fn bytes(&self, route: &str) -> Vec<u8> {
        let answer = self.http.get(format!("{}{route}", self.base)).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{route}: {error}"));
        assert_eq!(answer.status(), 200, "{route}");
        answer.bytes().await.unwrap_or_else(|error| panic!("{route}: {error}")).to_vec()
    }

    /// The messages of a chat, oldest first.
    pub(super) async fn chat(&self, bot: &str, chat: i64) -> Vec<Value> {
        let messages = self.get(&format!("/sandbox/chats/{bot}/{chat}")).await;
        messages.as_array().cloned().expect("a chat is a list")
    }

    /// Makes a bot; answers its token.
    pub(super) async fn make_bot(&self, username: &str, name: &str) -> String {
        let made = self.post("/sandbox/bots", &json!({"username": username, "name": name})).await;
        made["token"].as_str().expect("a bot has a token").to_owned()
    }

    /// Revokes a bot's token; answers the new one.
    pub(super) async fn revoke(&self, username: &str) -> String {
        let made = self.post(&format!("/sandbox/bots/{username}/revoke"), &json!({})).await;
        made["token"].as_str().expect("a bot has a token").to_owned()
    }

    /// Moves everybody's clock.
    pub(super) async fn advance(&self, span: Millis) {
        let advance_s = span.ms() / 1000;
        self.post("/sandbox/clock", &json!({"advance_s": advance_s})).await;
    }

    /// Something goes wrong from now on.
    pub(super) async fn fault(&self, fault: &Value) {
        self.post("/sandbox/faults", fault).await;
    }

    /// Everything goes well again.
    pub(super) async fn clear_faults(&self) {
        let request = self.http.delete(format!("{}/sandbox/faults", self.base)).send().await;
        assert_eq!(request.expect("the sandbox answers").status(), 200);
    }
}
