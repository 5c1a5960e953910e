//! What pages and handles ask, as data: each query is made here and nowhere else, so that a test can
//! ask the server how it would answer it.

use super::encode::{self, binary};
use super::needs::{among, binaries};
use super::records::value_of;
use super::schema::META;
use super::write::journal_id;
use crate::domain::command::CommandKey;
use crate::domain::id::{AgentId, ChatId, ItemId, OrderId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::Account;
use crate::domain::sealed::Fingerprint;
use crate::domain::withdrawal::WithdrawalState;
use crate::store::query::{OrderQuery, WithdrawalQuery};
use mongodb::bson::{Bson, DateTime, Document, doc};

/// One query.
#[derive(Clone, Debug)]
pub struct View {
    /// Where it looks.
    pub collection: &'static str,
    /// What it looks for.
    pub filter: Document,
    /// In which order; empty for any.
    pub sort: Document,
}

impl View {
    const fn new(collection: &'static str, filter: Document, sort: Document) -> Self {
        Self { collection, filter, sort }
    }

    fn by_id(collection: &'static str, id: impl Into<Bson>) -> Self {
        Self::new(collection, doc! {"_id": id.into()}, doc! {})
    }

    /// The answer of a command.
    pub fn outcome(key: &CommandKey) -> Self {
        Self::by_id("commands", encode::key(key))
    }

    /// One order.
    pub fn order(id: &OrderId) -> Self {
        Self::by_id("gmjlu", id.to_string())
    }

    /// Orders, newest first.
    pub fn orders(query: &OrderQuery) -> Self {
        let mut filter = doc! {};
        if let Some(tenant) = &query.tenant {
            filter.insert("tenant", tenant.to_string());
        }
        if let Some(user) = query.user {
            filter.insert("user_id", user.number());
        }
        if query.undelivered {
            filter.insert("delivered", false);
        }
        if filter.is_empty() {
            // All of them, said so that also their number comes from the index.
            filter.insert("number", doc! {"$gte": 0_i64});
        }
        Self::new("gmjlu", filter, doc! {"number": -1})
    }

    /// A customer's balance, and his profile.
    pub fn customer(tenant: &TenantId, user: UserId) -> Self {
        let filter = doc! {"tenant": tenant.to_string(), "user_id": user.number()};
        Self::new("user", filter, doc! {})
    }

    /// The three accounts of an agent.
    pub fn accounts(agent: &AgentId) -> Self {
        let names = [
            Account::AgentPending(agent.clone()),
            Account::AgentAvailable(agent.clone()),
            Account::AgentHeld(agent.clone()),
        ];
        let names = names.map(|account| Bson::String(account.to_string()));
        Self::new("accounts", among("_id", names.into()), doc! {})
    }

    /// Withdrawals, newest first.
    pub fn withdrawals(query: &WithdrawalQuery) -> Self {
        let mut filter = doc! {};
        if let Some(agent) = &query.agent {
            filter.insert("agent_id", agent.to_string());
        }
        if let Some(state) = query.state {
            filter.insert("status", state.word());
        }
        if filter.is_empty() {
            filter.insert("_id", doc! {"$gte": 0_i64});
        }
        Self::new("agent_withdrawals", filter, doc! {"_id": -1})
    }

    /// One withdrawal; a number that none can have finds none.
    pub fn withdrawal(id: WithdrawalId) -> Self {
        Self::by_id("agent_withdrawals", i64::try_from(id.number()).unwrap_or(-1))
    }

    /// Items with their goods.
    pub fn items(items: &[ItemId]) -> Self {
        let ids = items.iter().filter_map(|item| i64::try_from(item.number()).ok());
        Self::new("hb", among("_id", ids.map(Bson::Int64).collect()), doc! {})
    }

    /// The chunks of one file.
    pub fn file(content: &Fingerprint) -> Self {
        Self::new("blobs", doc! {"content": binary(content.bytes())}, doc! {"part": 1})
    }

    /// Items of these contents.
    pub fn contents(contents: &[Fingerprint]) -> Self {
        Self::new("hb", among("content", binaries(contents)), doc! {})
    }

    /// A shop with its sealed token.
    pub fn shop(tenant: &TenantId) -> Self {
        Self::by_id("agents", tenant.to_string())
    }

    /// A chat's dialog.
    pub fn dialog(tenant: &TenantId, chat: ChatId) -> Self {
        Self::by_id("dialogs", format!("{tenant} {chat}"))
    }

    /// The inbox of a bot, oldest first.
    pub fn inbox(bot: UserId) -> Self {
        Self::new("inbox", doc! {"bot": bot.number()}, doc! {"number": 1})
    }

    /// Commands that were set aside, newest first.
    pub fn quarantine() -> Self {
        Self::new("quarantine", doc! {"time": {"$gte": DateTime::MIN}}, doc! {"time": -1, "_id": 1})
    }

    /// Updates that were given up, newest first.
    pub fn dead_letters() -> Self {
        let all = doc! {"time": {"$gte": DateTime::MIN}};
        Self::new("dead_letters", all, doc! {"time": -1, "_id": 1})
    }

    /// A named value.
    pub fn value(name: &str) -> Self {
        Self::new(META, value_of(name), doc! {})
    }

    /// Journal records after a number, oldest first.
    pub fn journal(after: u64) -> Self {
        // Numbers that no record can have are after all of them.
        let last_before = journal_id(after, 255).unwrap_or(i64::MAX);
        let filter = doc! {"_id": {"$gt": last_before}, "part": 0_i32};
        Self::new("journal", filter, doc! {"_id": 1})
    }

    /// One of each kind, lists with each set of filters.
    pub fn samples() -> Vec<Self> {
        let shop = TenantId::Master;
        let user = UserId::new(1);
        let content = Fingerprint::new([0; 16]);
        let key = "sample".parse().ok().map(|id| CommandKey {
            tenant: shop.clone(),
            caller: crate::domain::command::Caller::System,
            id,
        });
        let order = OrderId::from_body("sample").ok();
        let agent: Option<AgentId> = "sample".parse().ok();
        let mut all = vec![
            Self::customer(&shop, user),
            Self::withdrawal(WithdrawalId::new(1)),
            Self::items(&[ItemId::new(1)]),
            Self::file(&content),
            Self::contents(&[content]),
            Self::shop(&shop),
            Self::dialog(&shop, ChatId::new(1)),
            Self::inbox(user),
            Self::quarantine(),
            Self::dead_letters(),
            Self::value("sample"),
            Self::journal(1),
        ];
        all.extend(key.iter().map(Self::outcome));
        all.extend(order.iter().map(Self::order));
        all.extend(agent.iter().map(Self::accounts));
        for bits in 0..8_u8 {
            all.push(Self::orders(&OrderQuery {
                tenant: (bits & 1 != 0).then(|| shop.clone()),
                user: (bits & 2 != 0).then_some(user),
                undelivered: bits & 4 != 0,
                ..OrderQuery::default()
            }));
        }
        for state in [None, Some(WithdrawalState::Paid)] {
            for agent in [None, agent.clone()] {
                all.push(Self::withdrawals(&WithdrawalQuery {
                    agent,
                    state,
                    ..WithdrawalQuery::default()
                }));
            }
        }
        all
    }
}
