//! What people see: every message of a bot is compared with what is durable at that moment, and kept
//! for the person, who acts on nothing else.

use super::words::Told;
use super::{ChatKey, Court, GOODS};
use crate::domain::id::{TenantId, UserId};
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::time::Timestamp;
use crate::sandbox::world::{Change, Content, MessageRecord};
use crate::sim::law::Law;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Messages of a chat that its person still looks at.
const IN_SIGHT: usize = 12;
/// Digits of a person's number, and of nothing else that a bot writes in digits alone.
const ID_DIGITS: usize = 9;
/// What stands above goods that were sent before.
const MARK: char = '🔁';

/// A chat as its person sees it.
#[derive(Default)]
pub(in crate::sim) struct ChatView {
    messages: BTreeMap<i64, Arc<MessageRecord>>,
    /// When the bot last said something.
    pub(in crate::sim) changed: Timestamp,
    /// Whether its person was told that he has too little, and nobody has helped yet.
    pub(in crate::sim) poor: bool,
}

impl ChatView {
    fn show(&mut self, at: Timestamp, message: &Arc<MessageRecord>) {
        self.changed = at;
        self.messages.insert(message.id, message.clone());
        while self.messages.len() > IN_SIGHT {
            self.messages.pop_first();
        }
    }

    /// Whether any message in sight says this.
    pub(in crate::sim) fn says(&self, part: &str) -> Option<&str> {
        self.messages.values().rev().map(|message| text(message)).find(|text| text.contains(part))
    }

    /// The buttons in sight, the newest message's first: its id and what each holds.
    pub(in crate::sim) fn buttons(&self) -> impl Iterator<Item = (i64, Vec<&str>)> {
        self.messages.values().rev().filter_map(|message| {
            let rows = message.markup.as_ref()?.get("inline_keyboard")?.as_array()?;
            let buttons = rows.iter().filter_map(Value::as_array).flatten();
            let data: Vec<&str> =
                buttons.filter_map(|button| button.get("callback_data")?.as_str()).collect();
            (!data.is_empty()).then_some((message.id, data))
        })
    }
}

fn text(message: &MessageRecord) -> &str {
    match &message.content {
        Content::Text(rich) => &rich.text,
        Content::Document { caption, .. } | Content::Photo { caption, .. } => &caption.text,
    }
}

impl Court {
    /// Telegram looks different.
    pub(super) fn changed(&mut self, at: Timestamp, change: &Change) {
        match change {
            Change::Message(bot, chat, message) if message.from == *bot => {
                self.message(at, (*bot, *chat), message);
            }
            Change::MessageGone(bot, chat, id) => {
                let key = (*bot, *chat);
                if let Some(view) = self.chats.get_mut(&key) {
                    view.messages.remove(id);
                }
                self.silence.gone(key, *id);
            }
            Change::Query(query) if query.answer.is_some() => self.silence.answered(query.id),
            Change::Message(..)
            | Change::Query(_)
            | Change::Bot(_)
            | Change::Counters { .. }
            | Change::User(_)
            | Change::Chat(..)
            | Change::Update(..)
            | Change::UpdatesGone(..)
            | Change::File(..)
            | Change::QueryGone(_)
            | Change::Clock(_) => {}
        }
    }

    /// A bot's message, new or edited.
    fn message(&mut self, at: Timestamp, key: ChatKey, message: &Arc<MessageRecord>) {
        self.counts.messages += 1;
        self.chats.entry(key).or_default().show(at, message);
        self.silence.heard(key);
        let text = text(message);
        let told = self.words.read(text);
        if let Some(told) = &told {
            self.understood(at, key, message, told);
        }
        self.words_of(at, key, message.id, text);
        self.foreign_names(at, key, text);
        self.count(Law::Secrets);
        if crate::telegram::token::find_token_shaped(text) {
            self.breach(Law::Secrets, at, format!("a message to {} holds a token", key.1));
        }
    }

    /// Laws 1, 2, 5 and 9 on what a message tells.
    fn understood(&mut self, at: Timestamp, key: ChatKey, message: &MessageRecord, told: &Told) {
        match told {
            Told::Receipt { order, total, balance } => {
                self.count(Law::Once);
                let before = self.receipts.insert(order.clone(), total.clone());
                if before.as_ref().is_some_and(|before| before != total) {
                    let says = format!("{order} was receipted with {before:?} and {total}");
                    self.breach(Law::Once, at, says);
                }
                self.balance(at, key, key.1, balance);
            }
            Told::Offer { total } => {
                let confirm = message.markup.as_ref().map(Value::to_string).unwrap_or_default();
                if let Some((_, rest)) = confirm.split_once("1o:quo_") {
                    let body: String =
                        rest.chars().take_while(char::is_ascii_alphanumeric).collect();
                    self.offers.insert(body, (key.1, total.clone()));
                }
            }
            Told::Balance { balance } => self.balance(at, key, key.1, balance),
            Told::Poor { balance } => {
                self.chats.entry(key).or_default().poor = true;
                self.balance(at, key, key.1, balance);
            }
            Told::Credited { user, amount, balance: _ } => {
                self.count(Law::Deposits);
                if self.told_credits.insert((key, message.id)) && !self.is_credited(user, amount) {
                    let says = format!("{amount} for {user} was told and is not in the book");
                    self.breach(Law::Deposits, at, says);
                }
            }
            Told::Revoke => self.silence.revoke_told(key),
        }
    }

    /// A balance that a customer reads is one that he had.
    fn balance(&mut self, at: Timestamp, key: ChatKey, user: i64, told: &str) {
        self.count(Law::Durable);
        let Some(tenant) = self.tenant(key.0).cloned() else { return };
        let amount = told.strip_suffix(" USDT").and_then(|told| told.parse::<Money>().ok());
        let had = self.balances.get(&(tenant, user));
        let known = amount
            .is_some_and(|amount| amount.is_zero() || had.is_some_and(|had| had.contains(&amount)));
        if !known {
            self.breach(Law::Durable, at, format!("{user} reads a balance of {told}, never his"));
        }
    }

    fn is_credited(&self, user: &str, amount: &str) -> bool {
        self.documents.credits.iter().any(|credit| {
            credit.user.to_string() == user && format!("{} USDT", credit.amount) == *amount
        })
    }

    /// Ids, goods, numbers and prices in a message.
    fn words_of(&mut self, at: Timestamp, key: ChatKey, message: i64, text: &str) {
        let marked = text.contains(MARK);
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let words = text.split(|c: char| !is_part(c));
        for word in words.map(|word| word.trim_matches('.')).filter(|word| word.len() > 4) {
            if word.starts_with("ord_") {
                self.order_told(at, key, word);
            } else if word.starts_with("wdr_") {
                self.withdrawal_told(at, key, word);
            } else if word.starts_with(GOODS) {
                self.goods_seen(at, key, message, word, marked);
            } else if word.as_bytes()[0].is_ascii_digit() {
                self.number_told(at, key, word);
            }
        }
    }

    /// Laws 1 and 7: an order that somebody reads of is durable and his, or he is an admin.
    fn order_told(&mut self, at: Timestamp, key: ChatKey, word: &str) {
        self.count(Law::Durable);
        self.count(Law::Tenants);
        let order = word.parse().ok().and_then(|id| self.documents.orders.get(&id));
        let Some(order) = order else {
            let says = format!("{} reads of {word}, which is not durable", key.1);
            return self.breach(Law::Durable, at, says);
        };
        let mut his = order.user.number() == key.1;
        his &= self.bots.get(&key.0).is_some_and(|bot| bot.tenant == order.tenant);
        if !his && !self.is_admins(key) {
            self.breach(Law::Tenants, at, format!("{} reads of {word}, not his", key.1));
        }
    }

    fn withdrawal_told(&mut self, at: Timestamp, key: ChatKey, word: &str) {
        self.count(Law::Durable);
        let withdrawal = word.parse().ok().and_then(|id| self.documents.withdrawals.get(&id));
        let Some(withdrawal) = withdrawal else {
            let says = format!("{} reads of {word}, which is not durable", key.1);
            return self.breach(Law::Durable, at, says);
        };
        let agents = self.tenant(key.0).and_then(TenantId::agent) == Some(&withdrawal.agent);
        if !(self.is_admins(key) || agents && self.is_owners(key)) {
            self.breach(Law::Tenants, at, format!("{} reads of {word}, not his", key.1));
        }
    }

    /// Law 4: goods are paid, and seen by their buyer alone, once without a mark.
    fn goods_seen(&mut self, at: Timestamp, key: ChatKey, message: i64, line: &str, marked: bool) {
        self.count(Law::Goods);
        let item = self.lines.get(line).and_then(|content| self.contents.get(content));
        let order = item.and_then(|item| self.documents.items.get(item)?.order.as_ref());
        let order = order.and_then(|id| self.documents.orders.get(id));
        let is_his = |order: &Order| {
            order.user.number() == key.1 && self.tenant(key.0) == Some(&order.tenant)
        };
        match order {
            None => {
                let says = format!("{} got {line}, which nobody paid for", key.1);
                return self.breach(Law::Goods, at, says);
            }
            Some(order) if !is_his(order) => {
                let says = format!("{} got {line}, which {} paid for", key.1, order.user);
                return self.breach(Law::Goods, at, says);
            }
            Some(_) => {}
        }
        let sighting = self.seen.entry(line.to_owned()).or_default();
        let new = if marked {
            self.counts.repeats += 1;
            sighting.marked.insert(message)
        } else {
            sighting.plain.insert(message)
        };
        if !marked && sighting.plain.len() > 1 {
            self.breach(Law::Goods, at, format!("{} got {line} twice, unmarked", key.1));
        } else if marked && new && !self.restarted && !self.may_repeat.contains(&key) {
            let says = format!("{} got {line} as a repeat, and nothing was unknown", key.1);
            self.breach(Law::Goods, at, says);
        }
    }

    /// Law 7: base prices, and the numbers of other people.
    fn number_told(&mut self, at: Timestamp, key: ChatKey, word: &str) {
        if self.is_admins(key) {
            return;
        }
        let agents = self.tenant(key.0).is_some_and(|tenant| tenant.agent().is_some());
        let own = || {
            let had = self.tenant(key.0).and_then(|t| self.balances.get(&(t.clone(), key.1)));
            word.parse::<Money>().is_ok_and(|word| had.is_some_and(|had| had.contains(&word)))
        };
        if agents && !self.is_owners(key) && self.bases.contains(word) && !own() {
            self.breach(Law::Tenants, at, format!("{} reads the base price {word}", key.1));
        }
        if word.len() >= ID_DIGITS
            && let Some(other) = self.people.get(word)
            && *other != key.1
        {
            self.breach(Law::Tenants, at, format!("{} reads the number of {other}", key.1));
        }
    }

    /// Law 7: in an agent's bot nobody reads the name of another bot or shop.
    fn foreign_names(&mut self, at: Timestamp, key: ChatKey, text: &str) {
        let Some(here) = self.bots.get(&key.0) else { return };
        if here.tenant == TenantId::Master {
            return;
        }
        let foreign = |bot: &&super::BotFacts| {
            bot.tenant != here.tenant && (text.contains(&bot.username) || text.contains(&bot.shop))
        };
        let found = self.bots.values().find(foreign).map(|bot| bot.tenant.to_string());
        self.count(Law::Tenants);
        if let Some(other) = found {
            self.breach(Law::Tenants, at, format!("{} reads of {other}", key.1));
        }
    }

    /// Whether it is an admin's chat with the master's bot.
    fn is_admins(&self, key: ChatKey) -> bool {
        self.tenant(key.0) == Some(&TenantId::Master) && self.admins.contains(&UserId::new(key.1))
    }

    /// Whether it is a shop's owner's chat with his bot.
    fn is_owners(&self, key: ChatKey) -> bool {
        let shop = self.tenant(key.0).and_then(|tenant| self.documents.tenants.get(tenant));
        shop.is_some_and(|shop| shop.owner == Some(UserId::new(key.1)))
    }

    /// In the end everybody has seen what he paid for.
    pub(in crate::sim) fn all_seen(&mut self) {
        let at = self.now;
        let mut by_item = BTreeMap::new();
        for (line, content) in &self.lines {
            if let Some(item) = self.contents.get(content) {
                by_item.insert(*item, line);
            }
        }
        let mut missed = Vec::new();
        for order in self.documents.orders.values() {
            let saw = |line: &&String| self.seen.contains_key(*line);
            let unseen = order
                .items
                .iter()
                .filter(|item| by_item.get(item).filter(|line| saw(line)).is_none())
                .count();
            if unseen > 0 {
                missed.push(format!("{} never saw {unseen} items of {}", order.user, order.id));
            }
            if !order.delivery.is_done() {
                missed
                    .push(format!("{} is paid and not delivered: {:?}", order.id, order.delivery));
            }
        }
        self.count(Law::Goods);
        for says in missed {
            self.breach(Law::Goods, at, says);
        }
    }
}
