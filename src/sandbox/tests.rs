//! The sandbox as its users meet it: waiting in virtual time, faults, a restart, and HTTP.

use super::door::SandboxTransport;
use super::service::{Answer, AnswerLost, Changed, Sandbox, Setup};
use super::state::StateError;
use super::world::{Fault, FaultKind, Post, Tap, TapAnswer};
use super::{http, service};
use crate::clock::{SharedClock, VirtualClock};
use crate::domain::time::{Millis, Timestamp};
use crate::secret::Secret;
use crate::telegram::transport::{ApiCall, ApiError, Transport, Upload};
use bytes::Bytes;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

const ANNA: i64 = 3001;

fn virtual_sandbox() -> (Sandbox, SharedClock) {
    let clock: SharedClock =
        Arc::new(VirtualClock::starting_at(Timestamp::from_ms(1_790_000_000_000)));
    let setup = Setup { clock: Some(Arc::clone(&clock)), ..Setup::default() };
    (Sandbox::open(setup).expect("nothing to open"), clock)
}

fn stored(directory: &Path) -> Sandbox {
    let setup = Setup { directory: Some(directory.to_owned()), seed: 3, ..Setup::default() };
    Sandbox::open(setup).expect("the directory is ours")
}

fn make_bot(sandbox: &Sandbox) -> Secret {
    let bot = sandbox.create_bot("shop_bot", "A shop").expect("the name is free");
    Secret::new(bot["token"].as_str().expect("a token"))
}

fn says(sandbox: &Sandbox, text: &str) -> i64 {
    sandbox.user_message(post(text)).expect("a good message").message_id
}

fn post(text: &str) -> Post {
    Post {
        bot: "shop_bot".to_owned(),
        user_id: ANNA,
        chat_id: None,
        text: Some(text.to_owned()),
        document: None,
        from: None,
    }
}

fn fault(kind: FaultKind, left: u32) -> Fault {
    Fault {
        kind,
        bot: None,
        user_id: None,
        method: None,
        until: None,
        left: Some(left),
        retry_after_s: 7,
        latency: Millis::from_secs(4),
    }
}

async fn call(sandbox: &Sandbox, token: &Secret, method: &str, params: Value) -> Answer {
    sandbox.call(token, method, &params, &[]).await.expect("no answer is lost")
}

async fn texts(sandbox: &Sandbox, token: &Secret, params: Value) -> Vec<String> {
    let answer = call(sandbox, token, "getUpdates", params).await;
    let updates = answer.body["result"].as_array().expect("a list").clone();
    updates
        .iter()
        .map(|update| update["message"]["text"].as_str().unwrap_or("?").to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_empty_or_at_once_with_news() {
    let (sandbox, clock) = virtual_sandbox();
    let token = make_bot(&sandbox);
    let began = clock.now();
    assert!(texts(&sandbox, &token, json!({"timeout": 25})).await.is_empty());
    assert_eq!(clock.now(), began + Millis::from_secs(25));
    let speaker = sandbox.clone();
    let later = clock.sleep(Millis::from_secs(3));
    let speaking = tokio::spawn(async move {
        later.await;
        says(&speaker, "news")
    });
    assert_eq!(texts(&sandbox, &token, json!({"timeout": 25})).await, ["news"]);
    assert_eq!(clock.now(), began + Millis::from_secs(28));
    speaking.await.expect("she spoke");
}

#[tokio::test(start_paused = true)]
async fn waiting_polls_end_when_taken_over_or_revoked() {
    let (sandbox, clock) = virtual_sandbox();
    let token = make_bot(&sandbox);
    let poll = |token: Secret| {
        let sandbox = sandbox.clone();
        tokio::spawn(
            async move { call(&sandbox, &token, "getUpdates", json!({"timeout": 50})).await },
        )
    };
    let began = clock.now();
    let first = poll(token.clone());
    clock.sleep(Millis::from_secs(1)).await;
    let second = poll(token.clone());
    assert_eq!(first.await.expect("it ended").status, 409);
    clock.sleep(Millis::from_secs(1)).await;
    sandbox.revoke_token("shop_bot").expect("the bot is there");
    assert_eq!(second.await.expect("it ended").status, 401);
    assert_eq!(clock.now(), began + Millis::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_tap_waits_for_its_answer() {
    let (sandbox, clock) = virtual_sandbox();
    let token = make_bot(&sandbox);
    says(&sandbox, "/start");
    let keyboard = json!({"inline_keyboard": [[{"text": "OK", "callback_data": "ok"}]]});
    let sent = call(
        &sandbox,
        &token,
        "sendMessage",
        json!({"chat_id": ANNA, "text": "x", "reply_markup": keyboard}),
    )
    .await;
    let tap = Tap {
        bot: "shop_bot".to_owned(),
        user_id: ANNA,
        chat_id: None,
        message_id: sent.body["result"]["message_id"].as_i64().expect("an id"),
        data: "ok".to_owned(),
    };
    let began = clock.now();
    assert_eq!(sandbox.tap(&tap).await.expect("the message is there"), TapAnswer::default());
    assert_eq!(clock.now(), began + Millis::from_secs(10));
    call(&sandbox, &token, "getUpdates", json!({"offset": i32::MAX})).await;
    let bot = async {
        let updates = call(&sandbox, &token, "getUpdates", json!({"timeout": 20})).await;
        let id = updates.body["result"][0]["callback_query"]["id"].clone();
        call(
            &sandbox,
            &token,
            "answerCallbackQuery",
            json!({"callback_query_id": id, "text": "hi"}),
        )
        .await
    };
    let (answer, answered) = tokio::join!(biased; sandbox.tap(&tap), bot);
    assert_eq!(answered.status, 200);
    let told = TapAnswer { answered: true, text: Some("hi".to_owned()), ..TapAnswer::default() };
    assert_eq!(answer.expect("the message is there"), told);
}

#[tokio::test(start_paused = true)]
async fn faults_strike_as_often_as_asked() {
    let (sandbox, clock) = virtual_sandbox();
    let token = make_bot(&sandbox);
    says(&sandbox, "/start");
    let send = json!({"chat_id": ANNA, "text": "x"});
    for (kind, status) in [
        (FaultKind::TooMany, 429),
        (FaultKind::Unauthorized, 401),
        (FaultKind::Forbidden, 403),
        (FaultKind::Server, 502),
    ] {
        sandbox.fault(Some("shop_bot"), None, fault(kind, 1)).expect("few faults");
        assert_eq!(call(&sandbox, &token, "sendMessage", send.clone()).await.status, status);
        assert_eq!(call(&sandbox, &token, "sendMessage", send.clone()).await.status, 200);
    }
    sandbox.fault(None, None, fault(FaultKind::Conflict, 1)).expect("few faults");
    assert_eq!(call(&sandbox, &token, "getMe", json!({})).await.status, 200);
    assert_eq!(call(&sandbox, &token, "getUpdates", json!({})).await.status, 409);
    sandbox.fault(None, None, fault(FaultKind::Latency, 1)).expect("few faults");
    let began = clock.now();
    call(&sandbox, &token, "getMe", json!({})).await;
    assert_eq!(clock.now(), began + Millis::from_secs(4));
    let before = sandbox.chat("shop_bot", ANNA).expect("the bot is there").len();
    sandbox.fault(None, None, fault(FaultKind::LostAnswer, 1)).expect("few faults");
    assert_eq!(sandbox.call(&token, "sendMessage", &send, &[]).await, Err(AnswerLost));
    assert_eq!(sandbox.chat("shop_bot", ANNA).expect("the bot is there").len(), before + 1);
    let lasting = Fault { left: None, ..fault(FaultKind::Server, 1) };
    sandbox.fault(None, Some(Millis::from_secs(60)), lasting).expect("few faults");
    assert_eq!(call(&sandbox, &token, "getMe", json!({})).await.status, 502);
    clock.sleep(Millis::from_secs(60)).await;
    assert_eq!(call(&sandbox, &token, "getMe", json!({})).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn updates_come_twice_or_backwards_on_request() {
    let (sandbox, _clock) = virtual_sandbox();
    let token = make_bot(&sandbox);
    says(&sandbox, "one");
    says(&sandbox, "two");
    sandbox.fault(None, None, fault(FaultKind::Reorder, 1)).expect("few faults");
    assert_eq!(texts(&sandbox, &token, json!({})).await, ["two", "one"]);
    sandbox.fault(None, None, fault(FaultKind::Duplicate, 1)).expect("few faults");
    assert_eq!(texts(&sandbox, &token, json!({"offset": i32::MAX})).await, ["one", "two"]);
    assert!(texts(&sandbox, &token, json!({"offset": i32::MAX})).await.is_empty());
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let home = tempfile::tempdir().expect("a directory");
    let before = stored(home.path());
    let token = make_bot(&before);
    says(&before, "first");
    let mut with_file = post("second");
    with_file.document = Some(("a.txt".to_owned(), Bytes::from_static(b"goods")));
    before.user_message(with_file).expect("a good message");
    let deleted = says(&before, "gone");
    call(&before, &token, "deleteMessage", json!({"chat_id": ANNA, "message_id": deleted})).await;
    let updates = call(&before, &token, "getUpdates", json!({})).await.body;
    let offset = updates["result"][1]["update_id"].clone();
    let pending = call(&before, &token, "getUpdates", json!({"offset": offset})).await;
    let advanced = before.advance(Millis::from_hours(30)).expect("its own clock");
    let chat = before.chat("shop_bot", ANNA).expect("the bot is there");
    // What a killed process leaves: the files as they are while it runs, nothing tidied up.
    let left = tempfile::tempdir().expect("a directory");
    for entry in std::fs::read_dir(home.path()).expect("readable") {
        let entry = entry.expect("readable");
        std::fs::copy(entry.path(), left.path().join(entry.file_name())).expect("copied");
    }

    let after = stored(left.path());
    assert!(after.clock().now() >= advanced, "the clock does not go back");
    assert_eq!(after.chat("shop_bot", ANNA).expect("the bot is there"), chat);
    let file = chat[1]["document"]["file_id"].as_str().expect("a file");
    let (name, bytes) = after.file(file).expect("readable").expect("kept");
    assert_eq!((name.as_deref(), &bytes[..]), (Some("a.txt"), &b"goods"[..]));
    assert_eq!(pending.body["result"].as_array().map(Vec::len), Some(2));
    assert!(texts(&after, &token, json!({})).await.is_empty(), "a day has passed");
    assert!(says(&after, "next") > deleted, "ids are not used twice");
    drop(after);

    let last = stored(left.path());
    assert_eq!(texts(&last, &token, json!({})).await, ["next"]);
    let setup = Setup { directory: Some(left.path().to_owned()), ..Setup::default() };
    assert!(matches!(Sandbox::open(setup), Err(StateError::InUse)), "one sandbox per directory");
}

#[tokio::test(start_paused = true)]
async fn the_door_speaks_the_ports_errors() {
    let (sandbox, _clock) = virtual_sandbox();
    let token = make_bot(&sandbox);
    let door = SandboxTransport::new(sandbox.clone());
    let send = |method: &'static str, params: Value, upload: Option<Upload>, seconds: i64| {
        let timeout = Millis::from_secs(seconds);
        door.call(ApiCall { token: token.clone(), method, params, upload, timeout })
    };
    says(&sandbox, "/start");
    let file = Upload {
        field: "document",
        file_name: "k.txt".to_owned(),
        bytes: Bytes::from_static(b"k"),
    };
    let sent = send("sendDocument", json!({"chat_id": ANNA}), Some(file), 5).await.expect("sent");
    let found = send("getFile", json!({"file_id": sent["document"]["file_id"]}), None, 5)
        .await
        .expect("found");
    let path = found["file_path"].as_str().expect("a path").to_owned();
    assert_eq!(door.download(token.clone(), path).await, Ok(Bytes::from_static(b"k")));
    assert_eq!(
        door.download(token.clone(), "documents/none".to_owned()).await,
        Err(ApiError::NotFound)
    );
    let bad = send("sendMessage", json!({"chat_id": ANNA}), None, 5).await;
    assert_eq!(bad, Err(ApiError::BadRequest("Bad Request: message text is empty".to_owned())));
    sandbox.fault(None, None, fault(FaultKind::TooMany, 1)).expect("few faults");
    assert_eq!(
        send("getMe", json!({}), None, 5).await,
        Err(ApiError::RetryAfter(Millis::from_secs(7)))
    );
    sandbox.fault(None, None, fault(FaultKind::Latency, 1)).expect("few faults");
    assert_eq!(send("getMe", json!({}), None, 2).await, Err(ApiError::AnswerLost));
}

#[tokio::test]
async fn watchers_are_told() {
    let (sandbox, _clock) = virtual_sandbox();
    let mut watching = sandbox.watch();
    make_bot(&sandbox);
    assert_eq!(watching.recv().await, Ok(Changed::Bots));
    says(&sandbox, "x");
    let chat = Changed::Chat { bot: "shop_bot".to_owned(), chat_id: ANNA };
    assert_eq!(watching.recv().await, Ok(chat));
    let refused = sandbox.advance(Millis::from_secs(1));
    assert!(matches!(refused, Err(service::ControlError::Complaint(_))), "not its own clock");
}

/// A sandbox on a socket, below a prefix.
struct Web {
    base: String,
    client: reqwest::Client,
}

impl Web {
    async fn serve() -> Self {
        let sandbox = Sandbox::open(Setup::default()).expect("nothing to open");
        let router = axum::Router::new().nest("/tg/prefix", http::router(sandbox));
        let listener = http::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let base = format!("http://{}/tg/prefix", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, client: reqwest::Client::new() }
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/sandbox/{path}", self.base);
        let sent = self.client.post(url).body(body.to_string()).send().await.expect("served");
        (sent.status().as_u16(), sent.json().await.expect("JSON"))
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(format!("{}/{path}", self.base)).send().await.expect("served")
    }

    async fn make_bot(&self) -> String {
        let (status, bot) = self.post("bots", json!({"username": "shop_bot", "name": "A"})).await;
        assert_eq!((status, &bot["id"]), (200, &json!(7_000_000_001_i64)));
        bot["token"].as_str().expect("a token").to_owned()
    }
}

#[tokio::test]
async fn control_refuses_with_a_sentence() {
    let web = Web::serve().await;
    web.make_bot().await;
    let doc = json!({"name": "a", "base64": "*"});
    for (path, body, status, part) in [
        ("bots", json!({"username": "shop_bot", "name": "x"}), 400, "is taken"),
        ("bots", json!({"nickname": "x"}), 400, "unknown field `nickname`"),
        ("messages", json!({"bot": "no_bot", "user_id": ANNA, "text": "x"}), 404, "named no_bot"),
        ("messages", json!({"bot": "shop_bot", "user_id": "1", "text": "x"}), 400, "expected i64"),
        ("messages", json!({"bot": "shop_bot", "user_id": 1, "document": doc}), 400, "base64"),
        ("clock", json!({"advance_s": -1}), 400, "advance_s"),
        ("clock", json!({"advance_s": 1.5}), 400, "expected i64"),
        ("faults", json!({"kind": 418}), 400, "kind must be one of"),
        ("faults", json!({"kind": "reorder", "user_id": ANNA}), 400, "no user_id"),
        ("bots/no_bot/revoke", json!({}), 404, "named no_bot"),
    ] {
        let (found, answer) = web.post(path, body).await;
        let sentence = answer["error"].as_str().expect("a sentence").to_owned();
        assert!(found == status && sentence.contains(part), "{path}: {found} {sentence}");
    }
    assert_eq!(web.get("sandbox/files/none").await.status(), 404);
    assert_eq!(web.get("sandbox/chats/shop_bot/five").await.status(), 400);
    let bound = http::bind(([0, 0, 0, 0], 0).into()).await;
    assert!(matches!(bound, Err(http::BindError::NotLoopback(_))));
}

#[tokio::test]
async fn control_moves_the_clock_and_streams_what_changes() {
    let web = Web::serve().await;
    let mut stream = web.get("sandbox/events").await;
    let (_, moved) = web.post("clock", json!({"advance_s": 172_800})).await;
    let now: Value = web.get("sandbox/clock").await.json().await.expect("JSON");
    assert!(now["now_ms"].as_i64() >= moved["now_ms"].as_i64() && moved["now_ms"].is_i64());
    web.make_bot().await;
    let document = json!({"name": "清单.csv", "base64": "MSwy"});
    let message = json!({"bot": "shop_bot", "user_id": ANNA, "text": "see", "document": document});
    assert_eq!(web.post("messages", message).await, (200, json!({"message_id": 1})));
    let mut told = String::new();
    while !told.contains("chat_id") {
        let chunk = stream.chunk().await.expect("open").expect("more");
        told.push_str(std::str::from_utf8(&chunk).expect("text"));
    }
    let lines: Vec<&str> = told.lines().filter(|line| !line.is_empty()).collect();
    let clock = format!("data: {moved}");
    let chat = r#"data: {"bot":"shop_bot","chat_id":3001}"#;
    assert_eq!(lines, [&clock, r#"data: {"bots":true}"#, chat]);
    let seen: Value = web.get("sandbox/chats/shop_bot/3001").await.json().await.expect("JSON");
    assert_eq!(seen[0]["caption"], "see");
    let file = seen[0]["document"]["file_id"].as_str().expect("a file");
    let file = web.get(&format!("sandbox/files/{file}")).await;
    let name = file.headers()["content-disposition"].to_str().expect("ASCII").to_owned();
    assert_eq!(name, "attachment; filename*=UTF-8''%E6%B8%85%E5%8D%95.csv");
    assert_eq!(file.bytes().await.expect("bytes"), &b"1,2"[..]);
}

/// The whole way of a call, by the client that bots use and by hand.
#[tokio::test]
async fn http_serves_bots() {
    let web = Web::serve().await;
    let token = web.make_bot().await;
    let from = json!({"first_name": "Anna"});
    let start = json!({"bot": "shop_bot", "user_id": ANNA, "text": "/start", "from": from});
    assert_eq!(web.post("messages", start).await, (200, json!({"message_id": 1})));
    let bot = teloxide::Bot::new(&token).set_api_url(web.base.parse().expect("a URL"));
    http_bot(&bot).await;
    let form = web.client.post(format!("{}/bot{token}/sendMessage", web.base));
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let sent = form.body("chat_id=3001&text=a%26b").send().await.expect("served");
    assert_eq!(sent.json::<Value>().await.expect("JSON")["result"]["text"], "a&b");
    let sent = web.get(&format!("bot{token}/sendMessage?chat_id=3001&text=")).await;
    assert_eq!(sent.status(), 400);
    let fault = json!({"kind": "lost_answer", "count": 1, "method": "getMe"});
    assert_eq!(web.post("faults", fault).await.0, 200);
    let url = format!("{}/bot{token}/getMe", web.base);
    let lost = match web.client.get(&url).send().await {
        Ok(answer) => answer.text().await.is_err(),
        Err(_) => true,
    };
    assert!(lost, "the connection broke");
    assert_eq!(web.client.get(&url).send().await.expect("served").status(), 200);
}

async fn http_bot(bot: &teloxide::Bot) {
    use teloxide::net::Download;
    use teloxide::requests::Requester;
    use teloxide::types::{ChatId, InputFile};
    let updates = bot.get_updates().await.expect("updates");
    let from = updates[0].from().map(|user| user.first_name.clone());
    assert_eq!(from.as_deref(), Some("Anna"));
    bot.send_message(ChatId(ANNA), "hi").await.expect("sent");
    let file = InputFile::memory(&b"goods"[..]).file_name("k.txt");
    let sent = bot.send_document(ChatId(ANNA), file).await.expect("sent");
    let id = sent.document().expect("a document").file.id.clone();
    let file = bot.get_file(id).await.expect("found");
    let mut bytes = Vec::new();
    bot.download_file(&file.path, &mut bytes).await.expect("downloaded");
    assert_eq!(bytes, b"goods");
    let refused = bot.send_message(ChatId(5), "x").await.expect_err("nobody there");
    assert!(matches!(refused, teloxide::RequestError::Api(teloxide::ApiError::ChatNotFound)));
}
