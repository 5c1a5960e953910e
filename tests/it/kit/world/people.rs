//! The people of a world: what they say and tap, what they are told, what they got for their money.

use super::setup::bot_name;
use super::{Called, World, tenant};
use serde_json::Value;
use shopfleet::domain::id::{TenantId, UserId};
use shopfleet::domain::money::Money;
use shopfleet::domain::time::{Millis, Timestamp};
use shopfleet::sandbox::service::Sandbox;
use shopfleet::sandbox::world::{Fault, FaultKind, Post, Rewrite, Tap};
use shopfleet::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};

/// How the data of the button begins that takes an offer.
pub(crate) const CONFIRM: &str = "1o:";

impl World {
    /// A person writes to a shop's bot; answers the message's id.
    pub(crate) fn say(&mut self, shop: &str, user: UserId, text: &str) -> i64 {
        self.post(shop, user, text, None)
    }

    /// A person sends a file, with words below it.
    pub(crate) fn send(&mut self, shop: &str, user: UserId, file: (&str, String), text: &str) {
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
    pub(crate) fn edit(&mut self, shop: &str, user: UserId, message_id: i64, text: &str) {
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
    pub(crate) fn files(&self, shop: &str, user: UserId) -> Vec<String> {
        let chat = self.chat(shop, user);
        let from_bot = chat.iter().filter(|message| message["from"]["is_bot"] == true);
        let names = from_bot.filter_map(|message| message["document"]["file_name"].as_str());
        names.map(str::to_owned).collect()
    }

    /// Whether a person's own message is still there.
    pub(crate) fn is_there(&self, shop: &str, user: UserId, message: i64) -> bool {
        self.chat(shop, user).iter().any(|found| found["message_id"] == message)
    }

    /// A person taps the newest button whose data begins so.
    pub(crate) fn tap(&mut self, shop: &str, user: UserId, begins: &str) {
        let Some(button) = self.button(shop, user, begins) else {
            panic!("{user} sees no button {begins}: {:#?}", self.heard(shop, user));
        };
        self.tap_on(shop, user, button);
    }

    /// A person taps a button that may not be there any more: its message and its data.
    pub(crate) fn tap_on(&mut self, shop: &str, user: UserId, button: (i64, String)) {
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
    pub(crate) fn buy(&mut self, shop: &str, user: UserId, quantity: u32) {
        self.say(shop, user, &format!("/buy prd_1 {quantity}"));
        self.settle();
        self.tap(shop, user, CONFIRM);
    }

    /// A customer takes the offer he sees. When the price was forgotten meanwhile, which costs him
    /// nothing, he asks for it once more.
    pub(crate) fn take_offer(&mut self, shop: &str, user: UserId, quantity: u32) {
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
    pub(crate) fn heard(&self, shop: &str, user: UserId) -> Vec<String> {
        let from_bot = |message: &&Value| message["from"]["is_bot"] == true;
        let text = |message: &Value| message["text"].as_str().unwrap_or_default().to_owned();
        self.chat(shop, user).iter().filter(from_bot).map(text).collect()
    }

    /// How many messages of a shop's bot to a person say this.
    pub(crate) fn told(&self, shop: &str, user: UserId, part: &str) -> usize {
        self.heard(shop, user).iter().filter(|text| text.contains(part)).count()
    }

    /// The goods a person sees, each with the number of messages that hold it.
    pub(crate) fn goods(&self, shop: &str, user: UserId) -> BTreeMap<String, usize> {
        let mut goods = BTreeMap::new();
        for text in self.heard(shop, user) {
            for line in text.split_whitespace().filter(|word| word.starts_with("KEY-")) {
                *goods.entry(line.to_owned()).or_default() += 1;
            }
        }
        goods
    }

    /// When Telegram was first asked to send something to a person from then on.
    pub(crate) fn first_send_to(&self, user: UserId, from: Timestamp) -> Option<Timestamp> {
        let chat = format!("\"chat_id\":{user},");
        let sends = |call: &&Called| {
            call.at >= from.ms() && call.method == "sendMessage" && call.params.contains(&chat)
        };
        self.calls().iter().find(sends).map(|call| Timestamp::from_ms(call.at))
    }

    /// A customer's balance, as it is on the disk.
    pub(crate) fn balance(&self, shop: &str, user: UserId) -> Money {
        let (store, tenant) = (self.plain_store(), tenant(shop));
        let read = self.system().block_on(async move { store.balance(tenant, user).await });
        read.expect("a memory store can always be read")
    }

    /// Telegram goes wrong for a shop's bot.
    pub(crate) fn telegram_fails(&self, shop: &str, kind: FaultKind, span: Millis) {
        self.method_fails(shop, None, kind, span);
    }

    /// One method goes wrong, or all.
    pub(crate) fn method_fails(
        &self,
        shop: &str,
        method: Option<&str>,
        kind: FaultKind,
        span: Millis,
    ) {
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
    pub(crate) fn revoke_token(&self, shop: &str) -> Secret {
        self.beside(|sandbox| sandbox.revoke_token(&bot_name(shop))).expect("a known bot")
    }

    /// Everything that must hold when nothing is on its way any more: the audit is clean, every
    /// request is answered, every order is delivered to its customer, whole, to nobody else, once
    /// or with a mark that it may be a repeat; and what the core recorded replays.
    pub(crate) fn check(&self) {
        let core = self.fleet().core.clone();
        let patience = Millis::from_secs(300);
        let clock = self.clock.clone();
        let idle = self.run(async move {
            use shopfleet::clock::Clock as _;
            tokio::select! {
                biased;
                () = core.idle() => true,
                () = clock.sleep(patience) => false,
            }
        });
        assert_eq!(idle, Some(true), "a request is without an answer");
        self.audit();
        crate::recording::check(&self.trace());
        let chronicle = self.chronicle();
        let mut bought: BTreeMap<(TenantId, UserId), usize> = BTreeMap::new();
        for order in chronicle.orders.values() {
            assert!(order.delivery.is_done(), "{order:?}");
            *bought.entry((order.tenant.clone(), order.user)).or_default() += order.items.len();
        }
        let mut seen = BTreeSet::new();
        for ((tenant, user), items) in bought {
            let shop = tenant.to_string();
            let shop = shop.trim_start_matches("agent:");
            let goods = self.goods(shop, user);
            assert_eq!(goods.len(), items, "{user} paid for {items} and has {goods:?}");
            for (line, times) in goods {
                assert!(seen.insert(line.clone()), "{line} was sold twice");
                let marked = |text: &String| text.contains(&line) && text.contains('🔁');
                let repeats = self.heard(shop, user).iter().filter(|text| marked(text)).count();
                assert!(times - repeats <= 1, "{line} came {times} times, {repeats} marked");
            }
        }
    }

    /// Somebody can buy everything that no order has: nothing is held for nobody.
    pub(crate) fn check_nothing_is_held(&mut self, shop: &str, rich: UserId) {
        let unsold = self.chronicle().items.values().filter(|item| item.order.is_none()).count();
        self.buy(shop, rich, u32::try_from(unsold).expect("a few"));
        self.settle();
        self.check();
        let left = self.chronicle().items.values().filter(|item| item.order.is_none()).count();
        assert_eq!(left, 0, "{:#?}", self.heard(shop, rich));
    }

    /// Does something to Telegram at the present moment.
    pub(super) fn beside<T>(&self, act: impl FnOnce(&Sandbox) -> T) -> T {
        self.system().block_on(async { act(&self.sandbox) })
    }

    fn chat(&self, shop: &str, user: UserId) -> Vec<Value> {
        let chat = self.beside(|sandbox| sandbox.chat(&bot_name(shop), user.number()));
        chat.expect("a known bot")
    }

    /// The newest button that a person sees whose data begins so: its message and its data.
    pub(crate) fn button(&self, shop: &str, user: UserId, begins: &str) -> Option<(i64, String)> {
        self.chat(shop, user).iter().rev().find_map(|message| {
            let rows = message["reply_markup"]["inline_keyboard"].as_array()?;
            let buttons = rows.iter().filter_map(Value::as_array).flatten();
            let data = buttons.filter_map(|button| button["callback_data"].as_str());
            let data = data.into_iter().find(|data| data.starts_with(begins))?;
            Some((message["message_id"].as_i64()?, data.to_owned()))
        })
    }
}
