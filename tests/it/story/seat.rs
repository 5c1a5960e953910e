//! One person in one chat with one bot: says, taps, and sees what changed since.
//!
//! Whatever a person does first remembers how the chat looks; what is expected afterwards has to be
//! new or changed since then, so an answer of long ago never passes for the answer to this.

use super::control::{Control, eventually};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A person in a chat.
pub(super) struct Seat {
    control: Control,
    bot: String,
    user: i64,
    chat: i64,
    language: String,
    /// The chat before the last thing done, by message id.
    before: BTreeMap<i64, Value>,
    /// The last message said.
    said: i64,
}

impl Seat {
    /// `user` in the private chat with `bot`.
    pub(super) fn new(control: Control, bot: &str, user: i64, language: &str) -> Self {
        let (before, language) = (BTreeMap::new(), language.to_owned());
        Self { control, bot: bot.to_owned(), user, chat: user, language, before, said: 0 }
    }

    /// The same person in a group with the bot.
    pub(super) fn in_group(self, chat: i64) -> Self {
        Self { chat, ..self }
    }

    /// Comes in for the first time and waits to be greeted.
    pub(super) async fn greet(mut self) -> Self {
        self.say("/start").await;
        self.expect("Welcome to").await;
        self
    }

    /// Comes in, for the first time or not.
    pub(super) async fn greet_again(mut self) -> Self {
        self.say("/start").await;
        self.expect("").await;
        self
    }

    /// Writes a text.
    pub(super) async fn say(&mut self, text: &str) {
        self.write(json!({"text": text})).await;
    }

    /// Edits the last message said.
    pub(super) async fn edit(&mut self, text: &str) {
        self.before = self.messages().await;
        let edit = json!({
            "bot": self.bot,
            "user_id": self.user,
            "chat_id": self.chat,
            "message_id": self.said,
            "text": text,
        });
        self.control.post("/sandbox/edits", &edit).await;
    }

    /// Sends a file, with words below it or without.
    pub(super) async fn send(&mut self, name: &str, bytes: &[u8], caption: &str) {
        let document = json!({"name": name, "base64": STANDARD.encode(bytes)});
        self.write(json!({"document": document, "text": caption})).await;
    }

    async fn write(&mut self, mut message: Value) {
        self.before = self.messages().await;
        message["bot"] = json!(self.bot);
        message["user_id"] = json!(self.user);
        message["chat_id"] = json!(self.chat);
        message["from"] = json!({"language_code": self.language});
        let sent = self.control.post("/sandbox/messages", &message).await;
        self.said = sent["message_id"].as_i64().expect("a message has an id");
    }

    /// Taps the newest button with this label, or one that holds it when none is exactly it.
    pub(super) async fn tap(&mut self, label: &str) -> Value {
        let button = self.button(label).await;
        self.before = self.messages().await;
        self.control.post("/sandbox/taps", &button).await
    }

    /// The tap on a button, to be posted by whoever taps it.
    pub(super) async fn button(&self, label: &str) -> Value {
        let found = eventually(async || find_button(&self.messages().await, label)).await;
        let Some((message_id, data)) = found else {
            panic!("{} never got a button {label:?}; there is:\n{}", self.user, self.show().await)
        };
        json!({
            "bot": self.bot,
            "user_id": self.user,
            "chat_id": self.chat,
            "message_id": message_id,
            "data": data,
        })
    }

    /// Waits for a message, new or changed since the last thing done, that holds this text; answers
    /// the whole text.
    pub(super) async fn expect(&self, text: &str) -> String {
        self.expect_that(text, |found| found.contains(text).then(|| found.to_owned())).await
    }

    /// The same for what `look` finds in a message's text.
    pub(super) async fn expect_that<T>(&self, what: &str, look: impl Fn(&str) -> Option<T>) -> T {
        let found = eventually(async || {
            self.news().await.iter().rev().find_map(|message| look(text_of(message)))
        });
        match found.await {
            Some(found) => found,
            None => panic!(
                "{} at {} waited in vain for {what:?}; the chat is:\n{}",
                self.user,
                self.bot,
                self.show().await
            ),
        }
    }

    /// Says the same thing until the answer holds a text: for what the fleet does in its own time.
    pub(super) async fn ask_until(&mut self, say: &str, text: &str) -> String {
        let answer = eventually(async || {
            self.say(say).await;
            let answer = self.expect("").await;
            answer.contains(text).then_some(answer)
        });
        answer.await.unwrap_or_else(|| panic!("{say} never led to {text:?}"))
    }

    /// Waits for a file and answers its bytes.
    pub(super) async fn receive(&self, name: &str) -> Vec<u8> {
        let file = eventually(async || {
            let news = self.news().await;
            let file = news.iter().map(|m| &m["document"]).find(|d| d["file_name"] == name);
            file.and_then(|document| document["file_id"].as_str().map(str::to_owned))
        });
        let Some(file) = file.await else {
            panic!("{} never got the file {name}; there is:\n{}", self.user, self.show().await)
        };
        self.control.bytes(&format!("/sandbox/files/{file}")).await
    }

    /// Waits until the last message said is gone from the chat.
    pub(super) async fn expect_deleted(&self) {
        let gone =
            eventually(async || (!self.messages().await.contains_key(&self.said)).then_some(()));
        assert!(gone.await.is_some(), "the message stays:\n{}", self.show().await);
    }

    /// The texts of all messages, deleted ones left out.
    pub(super) async fn texts(&self) -> Vec<String> {
        self.messages().await.values().map(|message| text_of(message).to_owned()).collect()
    }

    /// What the bot sent or changed since the last thing done, oldest first.
    async fn news(&self) -> Vec<Value> {
        let fresh = |(id, message): &(i64, Value)| {
            message["from"]["is_bot"] == true && self.before.get(id) != Some(message)
        };
        self.messages().await.into_iter().filter(fresh).map(|(_, message)| message).collect()
    }

    async fn messages(&self) -> BTreeMap<i64, Value> {
        let chat = self.control.chat(&self.bot, self.chat).await;
        let id = |message: &Value| message["message_id"].as_i64().expect("a message has an id");
        chat.into_iter().map(|message| (id(&message), message)).collect()
    }

    /// The chat for a person who reads a failed test.
    async fn show(&self) -> String {
        let line = |(id, message): (i64, Value)| {
            let file = message["document"]["file_name"].as_str().unwrap_or_default();
            let buttons: Vec<_> = buttons(&message).map(|(label, _)| label.to_owned()).collect();
            format!("{id}. {}{file} {buttons:?}", text_of(&message))
        };
        self.messages().await.into_iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// The words of a message.
fn text_of(message: &Value) -> &str {
    message["text"].as_str().or_else(|| message["caption"].as_str()).unwrap_or_default()
}

/// Label and data of the buttons of a message.
fn buttons(message: &Value) -> impl Iterator<Item = (&str, &str)> {
    let rows = message["reply_markup"]["inline_keyboard"].as_array();
    let buttons = rows.into_iter().flatten().filter_map(Value::as_array).flatten();
    buttons.filter_map(|b| Some((b["text"].as_str()?, b["callback_data"].as_str()?)))
}

fn find_button(messages: &BTreeMap<i64, Value>, label: &str) -> Option<(i64, String)> {
    messages.iter().rev().find_map(|(id, message)| {
        let exact = buttons(message).find(|(shown, _)| *shown == label);
        let found = exact.or_else(|| buttons(message).find(|(shown, _)| shown.contains(label)))?;
        Some((*id, found.1.to_owned()))
    })
}
