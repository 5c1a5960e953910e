//! The people of a world: what they say and tap, what they are told, what they got for their money.

use super::setup::bot_name;
use super::{Called, World, tenant};
use crate::domain::id::UserId;
use crate::domain::money::Money;
use crate::domain::time::{Millis, Timestamp};
use crate::sandbox::service::Sandbox;
use crate::sandbox::world::{Fault, FaultKind, Post, Rewrite, Tap};
use crate::secret::Secret;
use serde_json::Value;
use std::collections::BTreeMap;

/// How the data of the button begins that takes an offer.
pub const CONFIRM: &str = "1o:";

#[expect(
    clippy::missing_panics_doc,
    reason = "said once: a world is a test kit, and what cannot be done in it ends the test"
)]
impl World {
    /// A person writes to a shop's bot; answers the message's id.
    pub fn say(&mut self, shop: &str, user: UserId, text: &str) -> i64 {
        self.post(shop, user, text, None)
    }

    /// A person sends a file, with words below it.
    pub fn send(&mut self, shop: &str, user: UserId, file: (&str, String), text: &str) {
        let (name, content) = file;
        self.post(shop, user, text, Some((name.to_owned(), content.into())));
    }

    fn post(
        &mut self,
        shop: &str,
        user: UserId,
        text: &str,
        document: Option<(String, bytes::Bytes)>,
    ) -> i64 {
        let post = Post {
            bot: bot_name(shop),
            user_id: user.number(),
            chat_id: None,
            text: Some(text.to_owned()),
            document,
            from: None,
        };
        self.beside(|sandbox| sandbox.user_message(post)).expect("a message").message_id
    }

    /// A person edits what he wrote.
    pub fn edit(&mut self, shop: &str, user: UserId, message_id: i64, text: &str) {
        let edit = Rewrite {
            bot: bot_name(shop),
            user_id: user.number(),
            chat_id: None,
            message_id,
            text: text.to_owned(),
        };
        self.beside(|sandbox| sandbox.rewrite(&edit)).expect("an edit");
    }

    /// The names of the files that a shop's bot sent to a person, oldest first.
    pub fn files(&self, shop: &str, user: UserId) -> Vec<String> {
        let chat = self.chat(shop, user);
        let from_bot = chat.iter().filter(|message| message["from"]["is_bot"] == true);
        let names = from_bot.filter_map(|message| message["document"]["file_name"].as_str());
        names.map(str::to_owned).collect()
    }

    /// Whether a person's own message is still there.
    pub fn is_there(&self, shop: &str, user: UserId, message: i64) -> bool {
        self.chat(shop, user).iter().any(|found| found["message_id"] == message)
    }

    /// A person taps the newest button whose data begins so.
    pub fn tap(&mut self, shop: &str, user: UserId, begins: &str) {
        let Some(button) = self.button(shop, user, begins) else {
            panic!("{user} sees no button {begins}: {:#?}", self.heard(shop, user));
        };
        self.tap_on(shop, user, button);
    }

    /// A person taps a button that may not be there any more: its message and its data.
    pub fn tap_on(&mut self, shop: &str, user: UserId, button: (i64, String)) {
        let (message_id, data) = button;
        let bot = bot_name(shop);
        let tap = Tap { bot, user_id: user.number(), chat_id: None, message_id, data };
        // The app waits for the answer by itself; the world need not.
        self.beside(|sandbox| {
            let sandbox = sandbox.clone();
            actix_rt::spawn(async move { drop(sandbox.tap(&tap).await) });
        });
    }

    /// A customer asks for a price and takes it, without waiting for what comes of it.
    pub fn buy(&mut self, shop: &str, user: UserId, quantity: u32) {
        self.say(shop, user, &format!("/buy prd_1 {quantity}"));
        self.settle();
        self.tap(shop, user, CONFIRM);
    }

    /// A customer takes the offer he sees. When the price was forgotten meanwhile, which costs him
    /// nothing, he asks for it once more.
    pub fn take_offer(&mut self, shop: &str, user: UserId, quantity: u32) {
        let before = self.balance(shop, user);
        self.tap(shop, user, CONFIRM);
        self.settle();
        if self.heard(shop, user).iter().any(|text| text.contains("no longer valid")) {
            assert_eq!(self.balance(shop, user), before, "nothing was charged");
            self.buy(shop, user, quantity);
            self.settle();
        }
    }

    /// What a shop's bot wrote to a person, oldest first.
    pub fn heard(&self, shop: &str, user: UserId) -> Vec<String> {
        let from_bot = |message: &&Value| message["from"]["is_bot"] == true;
        let text = |message: &Value| message["text"].as_str().unwrap_or_default().to_owned();
        self.chat(shop, user).iter().filter(from_bot).map(text).collect()
    }

    /// How many messages of a shop's bot to a person say this.
    pub fn told(&self, shop: &str, user: UserId, part: &str) -> usize {
        self.heard(shop, user).iter().filter(|text| text.contains(part)).count()
    }

    /// The goods a person sees, each with the number of messages that hold it.
    pub fn goods(&self, shop: &str, user: UserId) -> BTreeMap<String, usize> {
        let mut goods = BTreeMap::new();
        for text in self.heard(shop, user) {
            for line in text.split_whitespace().filter(|word| word.starts_with("KEY-")) {
                *goods.entry(line.to_owned()).or_default() += 1;
            }
        }
        goods
    }

    /// When Telegram was first asked to send something to a person from then on.
    pub fn first_send_to(&self, user: UserId, from: Timestamp) -> Option<Timestamp> {
        let chat = format!("\"chat_id\":{user},");
        let sends = |call: &&Called| {
            call.at >= from.ms() && call.method == "sendMessage" && call.params.contains(&chat)
        };
        self.calls().iter().find(sends).map(|call| Timestamp::from_ms(call.at))
    }

    /// A customer's balance, as it is on the disk.
    pub fn balance(&self, shop: &str, user: UserId) -> Money {
        let (store, tenant) = (self.plain_store(), tenant(shop));
        let read = self.system().block_on(async move { store.balance(tenant, user).await });
        read.expect("a memory store can always be read")
    }

    /// Telegram goes wrong for a shop's bot.
    pub fn telegram_fails(&self, shop: &str, kind: FaultKind, span: Millis) {
        self.method_fails(shop, None, kind, span);
    }

    /// One method goes wrong, or all.
    pub fn method_fails(&self, shop: &str, method: Option<&str>, kind: FaultKind, span: Millis) {
        let fault = Fault {
            kind,
            bot: None,
            user_id: None,
            method: method.map(str::to_owned),
            until: None,
            left: None,
            retry_after_s: 1,
            latency: Millis::from_secs(5),
        };
        let bot = bot_name(shop);
        self.beside(|sandbox| sandbox.fault(Some(&bot), Some(span), fault)).expect("a known bot");
    }

    /// BotFather gives a shop's bot another token.
    pub fn revoke_token(&self, shop: &str) -> Secret {
        self.beside(|sandbox| sandbox.revoke_token(&bot_name(shop))).expect("a known bot")
    }

    /// Does something to Telegram at the present moment.
    pub(in crate::sim) fn beside<T>(&self, act: impl FnOnce(&Sandbox) -> T) -> T {
        self.system().block_on(async { act(&self.outside.sandbox) })
    }

    fn chat(&self, shop: &str, user: UserId) -> Vec<Value> {
        let chat = self.beside(|sandbox| sandbox.chat(&bot_name(shop), user.number()));
        chat.expect("a known bot")
    }

    /// The newest button that a person sees whose data begins so: its message and its data.
    pub fn button(&self, shop: &str, user: UserId, begins: &str) -> Option<(i64, String)> {
        self.chat(shop, user).iter().rev().find_map(|message| {
            let rows = message["reply_markup"]["inline_keyboard"].as_array()?;
            let buttons = rows.iter().filter_map(Value::as_array).flatten();
            let data = buttons.filter_map(|button| button["callback_data"].as_str());
            let data = data.into_iter().find(|data| data.starts_with(begins))?;
            Some((message["message_id"].as_i64()?, data.to_owned()))
        })
    }
}
