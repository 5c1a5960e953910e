//! The outbox as a whole, in virtual time, against a scripted Telegram.
//!
//! A case is what is sent when, which calls Telegram fails and how, and what must be seen: the calls
//! with their moments, and the results.

mod bounds;
mod budgets;
mod outcomes;

use super::*;
use crate::clock::VirtualClock;
use crate::domain::time::Millis;
use crate::secret::Secret;
use crate::telegram::screen::{Button, Screen};
use crate::telegram::scripted::Scripted;
use crate::telegram::transport::ApiCall;
use serde_json::{Value, json};

/// How long each call takes.
const LATENCY: Millis = Millis::from_ms(10);

/// One run.
struct Case<'a> {
    limits: Limits,
    /// What is sent, at which millisecond, in the order of sending.
    sends: Vec<(i64, Outgoing)>,
    /// Calls that fail: the first that begins so, once, in this way.
    failures: Vec<(&'a str, ApiError)>,
    /// The calls that must be seen, each with the millisecond it was made.
    calls: &'a [(i64, &'a str)],
    results: &'a [SendResult],
}

impl Default for Case<'_> {
    fn default() -> Self {
        let limits = Limits { attempts: 3, ..Limits::default() };
        Self { limits, sends: Vec::new(), failures: Vec::new(), calls: &[], results: &[] }
    }
}

/// An outbox over a script, with what it takes to look at it.
struct Rig {
    clock: SharedClock,
    wire: Scripted,
    outbox: Outbox,
}

impl Rig {
    fn new(limits: Limits, failures: Vec<(&str, ApiError)>) -> Self {
        let clock: SharedClock = Arc::new(VirtualClock::starting_at(Timestamp::EPOCH));
        let mut failures: Vec<(String, ApiError)> =
            failures.into_iter().map(|(text, error)| (text.to_owned(), error)).collect();
        let mut made = 100;
        let wire = Scripted::answering(move |call| {
            let said = summary(call);
            if let Some(at) = failures.iter().position(|(text, _)| said.starts_with(text)) {
                return Err(failures.remove(at).1);
            }
            made += 1;
            Ok(json!({"message_id": made}))
        });
        let wire = wire.timed(clock.clone(), LATENCY);
        let client = Client::new(wire.shared(), Secret::new("1:t"));
        let spawn = |work| drop(tokio::spawn(work));
        let outbox = Outbox::start(client, clock.clone(), limits, spawn);
        Self { clock, wire, outbox }
    }

    fn calls(&self) -> Vec<(i64, String)> {
        let calls = self.wire.timed_calls();
        calls.iter().map(|(at, call)| (at.ms(), summary(call))).collect()
    }
}

async fn check(case: Case<'_>) {
    let rig = Rig::new(case.limits, case.failures);
    let mut results = Vec::new();
    for (at, outgoing) in case.sends {
        rig.clock.sleep_until(Timestamp::from_ms(at)).await;
        // Polled by nobody until the end: the call alone sends.
        results.push(rig.outbox.send(outgoing));
    }
    let results = futures_util::future::join_all(results).await;
    let calls = rig.calls();
    let calls: Vec<(i64, &str)> = calls.iter().map(|(at, text)| (*at, text.as_str())).collect();
    assert_eq!(calls, case.calls);
    assert_eq!(results, case.results);
    let Stats { queued, parked, in_flight, .. } = rig.outbox.stats();
    assert_eq!((queued, parked, in_flight), (0, 0, 0), "something is left");
}

/// A call in a few words: chat, kind, content.
fn summary(call: &ApiCall) -> String {
    let text = |name: &str| match &call.params[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let format = if call.params["parse_mode"].is_null() { " (plain)" } else { "" };
    let buttons = if call.params["reply_markup"].is_null() { "" } else { " +buttons" };
    let (chat, message) = (text("chat_id"), text("message_id"));
    match call.method {
        "sendMessage" => format!("{chat} {}{format}{buttons}", text("text")),
        "editMessageText" => format!("{chat} edit {message} {}{format}{buttons}", text("text")),
        "deleteMessage" => format!("{chat} delete {message}"),
        "answerCallbackQuery" => format!("tap {}", text("callback_query_id")),
        "sendDocument" => {
            let upload = call.upload.as_ref().map(|upload| {
                format!("{}={}", upload.file_name, String::from_utf8_lossy(&upload.bytes))
            });
            let file = upload.unwrap_or_else(|| text("document"));
            format!("{chat} file {file} {}{buttons}", text("caption"))
        }
        other => other.to_owned(),
    }
}

fn screen(html: &str) -> Screen {
    Screen { html: html.to_owned(), keyboard: Vec::new() }
}

fn with_button(html: &str) -> Screen {
    let button = Button::Callback { label: "ok".to_owned(), data: "1:ok".to_owned() };
    Screen { html: html.to_owned(), keyboard: vec![vec![button]] }
}

fn reply(chat: i64, html: &str) -> Outgoing {
    Outgoing::reply(ChatId::new(chat), screen(html))
}

fn notice(chat: i64, html: &str) -> Outgoing {
    Outgoing::notice(ChatId::new(chat), screen(html))
}

fn broadcast(chat: i64, html: &str) -> Outgoing {
    Outgoing::broadcast(ChatId::new(chat), screen(html))
}

fn goods(chat: i64, html: &str) -> Outgoing {
    let (mark, name) = ("<i>again</i>".to_owned(), "goods.txt".to_owned());
    Outgoing::goods(ChatId::new(chat), screen(html), mark, name)
}

fn tap(chat: i64, query: &str) -> Outgoing {
    Outgoing::answer_tap(ChatId::new(chat), query.to_owned(), None, false)
}

fn refusal(text: &str) -> ApiError {
    ApiError::BadRequest(format!("Bad Request: {text}"))
}

/// `Sent` with ids from `first` on.
fn sent(first: i32, count: i32) -> Vec<SendResult> {
    (first..first + count).map(SendResult::Sent).collect()
}
