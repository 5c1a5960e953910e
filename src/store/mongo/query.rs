//! Answers of pages and handles, each read by a [`View`].

use super::Inner;
use super::decode;
use super::failure::Failure;
use super::load;
use super::reads::Reads;
use super::row::Row;
use super::views::View;
use crate::domain::command::CommandKey;
use crate::domain::id::{AgentId, ChatId, ItemId, OrderId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::Account;
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::outcome::Outcome;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::set_aside::SetAside;
use crate::domain::withdrawal::{Withdrawal, WithdrawalState};
use crate::store::batch::{DialogRecord, InboxRecord, Profile};
use crate::store::journal::StoredRecord;
use crate::store::query::{AgentBalances, OrderQuery, Page, WithdrawalQuery};
use mongodb::options::FindOptions;
use std::collections::BTreeMap;

/// The one document of a view.
async fn one<T>(
    store: &Inner,
    view: View,
    read: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut reads = Reads::plain(&store.client, &store.db).await?;
    reads.first(view.collection, view.filter, read).await
}

/// Every document of a view, in its order.
async fn all<T>(
    reads: &mut Reads,
    view: View,
    read: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let sort = (!view.sort.is_empty()).then_some(view.sort);
    let options = FindOptions::builder().sort(sort).build();
    reads.find(view.collection, view.filter, options, read).await
}

/// Rows and total of one moment.
async fn page<T>(
    store: &Inner,
    view: View,
    (skip, limit): (u32, u32),
    read: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Page<T>, Failure> {
    let mut reads = Reads::transaction(&store.client, &store.db).await?;
    let total = reads.count(view.collection, view.filter.clone()).await?;
    // To the server a limit of zero is no limit.
    let rows = if limit == 0 {
        Vec::new()
    } else {
        let window = FindOptions::builder()
            .sort(view.sort)
            .skip(u64::from(skip))
            .limit(i64::from(limit))
            .build();
        reads.find(view.collection, view.filter, window, read).await?
    };
    reads.end().await?;
    Ok(Page { rows, total })
}

pub(super) async fn outcome(store: &Inner, key: &CommandKey) -> Result<Option<Outcome>, Failure> {
    one(store, View::outcome(key), |row| Ok(decode::answered(row)?.1.outcome)).await
}

pub(super) async fn order(store: &Inner, id: &OrderId) -> Result<Option<Order>, Failure> {
    one(store, View::order(id), decode::order).await
}

pub(super) async fn orders(store: &Inner, query: &OrderQuery) -> Result<Page<Order>, Failure> {
    page(store, View::orders(query), (query.skip, query.limit), decode::order).await
}

pub(super) async fn withdrawals(
    store: &Inner,
    query: &WithdrawalQuery,
) -> Result<Page<Withdrawal>, Failure> {
    page(store, View::withdrawals(query), (query.skip, query.limit), decode::withdrawal).await
}

pub(super) async fn withdrawal(
    store: &Inner,
    id: WithdrawalId,
) -> Result<Option<Withdrawal>, Failure> {
    one(store, View::withdrawal(id), decode::withdrawal).await
}

pub(super) async fn balance(
    store: &Inner,
    tenant: &TenantId,
    user: UserId,
) -> Result<Money, Failure> {
    let found = one(store, View::customer(tenant, user), |row| row.money("USDT")).await?;
    Ok(found.unwrap_or(Money::ZERO))
}

pub(super) async fn agent_balances(
    store: &Inner,
    agent: &AgentId,
) -> Result<AgentBalances, Failure> {
    let mut reads = Reads::transaction(&store.client, &store.db).await?;
    let accounts = all(&mut reads, View::accounts(agent), decode::account).await?;
    let paid = View::withdrawals(&WithdrawalQuery {
        agent: Some(agent.clone()),
        state: Some(WithdrawalState::Paid),
        ..WithdrawalQuery::default()
    });
    let paid = all(&mut reads, paid, |row| row.money("amount")).await?;
    reads.end().await?;
    let paid = paid.into_iter().try_fold(Money::ZERO, Money::checked_add);
    let accounts: BTreeMap<Account, Money> = accounts.into_iter().collect();
    let in_account = |account| accounts.get(&account).copied().unwrap_or(Money::ZERO);
    Ok(AgentBalances {
        pending: in_account(Account::AgentPending(agent.clone())),
        available: in_account(Account::AgentAvailable(agent.clone())),
        held: in_account(Account::AgentHeld(agent.clone())),
        paid: paid.ok_or_else(|| Failure::Damaged(format!("what {agent} was paid")))?,
    })
}

pub(super) async fn goods(
    store: &Inner,
    items: &[ItemId],
) -> Result<Vec<(Fingerprint, Sealed)>, Failure> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let mut reads = Reads::plain(&store.client, &store.db).await?;
    let read = |row: &Row<'_>| {
        let (id, _, content) = decode::shelved(row)?;
        Ok((id, (content, row.maybe("goods", Row::sealed)?)))
    };
    let found: BTreeMap<_, _> =
        all(&mut reads, View::items(items), read).await?.into_iter().collect();
    let mut goods = Vec::with_capacity(items.len());
    for item in items {
        let known = found.get(item);
        let (content, sealed) =
            known.ok_or_else(|| Failure::Damaged(format!("there is no {item}")))?;
        let sealed = match sealed {
            Some(sealed) => sealed.clone(),
            None => file(&mut reads, content, *item).await?,
        };
        goods.push((*content, sealed));
    }
    Ok(goods)
}

async fn file(reads: &mut Reads, content: &Fingerprint, item: ItemId) -> Result<Sealed, Failure> {
    let bytes = |row: &Row<'_>| row.bytes("bytes").map(<[u8]>::to_vec);
    let parts = all(reads, View::file(content), bytes).await?;
    if parts.is_empty() {
        return Err(Failure::Damaged(format!("the content of {item} is missing")));
    }
    String::from_utf8(parts.concat())
        .map(Sealed::from_text)
        .map_err(|_| Failure::Damaged(format!("the content of {item} is no text")))
}

pub(super) async fn known_contents(
    store: &Inner,
    contents: Vec<Fingerprint>,
) -> Result<Vec<Fingerprint>, Failure> {
    if contents.is_empty() {
        return Ok(contents);
    }
    let mut reads = Reads::plain(&store.client, &store.db).await?;
    let content = |row: &Row<'_>| row.content("content");
    let known = all(&mut reads, View::contents(&contents), content).await?;
    Ok(contents.into_iter().filter(|content| known.contains(content)).collect())
}

pub(super) async fn token(store: &Inner, tenant: &TenantId) -> Result<Option<Sealed>, Failure> {
    let token = |row: &Row<'_>| row.maybe("bot_token_encrypted", Row::sealed);
    Ok(one(store, View::shop(tenant), token).await?.flatten())
}

pub(super) async fn dialog(
    store: &Inner,
    tenant: &TenantId,
    chat: ChatId,
) -> Result<Option<DialogRecord>, Failure> {
    one(store, View::dialog(tenant, chat), |row| {
        let (update, state) = (row.count("update")?, row.text("state")?.to_owned());
        Ok(DialogRecord { tenant: tenant.clone(), chat, update, state })
    })
    .await
}

/// A customer who was only ever given money has no profile.
pub(super) async fn profile(
    store: &Inner,
    tenant: &TenantId,
    user: UserId,
) -> Result<Option<Profile>, Failure> {
    let read = |row: &Row<'_>| {
        if !row.has("creation_time")? {
            return Ok(None);
        }
        decode::profile(row, tenant.clone(), user).map(Some)
    };
    Ok(one(store, View::customer(tenant, user), read).await?.flatten())
}

pub(super) async fn inbox(
    store: &Inner,
    bot: UserId,
    limit: u32,
) -> Result<Vec<InboxRecord>, Failure> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut reads = Reads::plain(&store.client, &store.db).await?;
    let View { collection, filter, sort } = View::inbox(bot);
    let window = FindOptions::builder().sort(sort).limit(i64::from(limit)).build();
    let read = |row: &Row<'_>| {
        let (update, at) = (row.count("update")?, row.time("time")?);
        Ok(InboxRecord { bot, update, at, sealed: row.sealed("sealed")? })
    };
    reads.find(collection, filter, window, read).await
}

/// What was given up, from two collections in one list, newest first.
pub(super) async fn set_aside(
    store: &Inner,
    skip: u32,
    limit: u32,
) -> Result<Page<SetAside>, Failure> {
    let mut reads = Reads::transaction(&store.client, &store.db).await?;
    let [commands, updates] = [View::quarantine(), View::dead_letters()];
    let total = reads.count(commands.collection, commands.filter.clone()).await?
        + reads.count(updates.collection, updates.filter.clone()).await?;
    // Nobody knows how the two mix, so as much is read of each as the page may need.
    let most = i64::from(skip) + i64::from(limit);
    let window = |view: &View| FindOptions::builder().sort(view.sort.clone()).limit(most).build();
    let command = |row: &Row<'_>| {
        let (key, (what, at)) = decode::quarantined(row)?;
        Ok(SetAside::Command { key, what, at })
    };
    let update = |row: &Row<'_>| {
        let (bot, update) = decode::letter_id(row)?;
        let (reason, at) = (row.text("reason")?.to_owned(), row.time("time")?);
        Ok(SetAside::Update { bot, update, reason, at })
    };
    let mut rows = Vec::new();
    if most > 0 {
        let options = window(&commands);
        rows = reads.find(commands.collection, commands.filter, options, command).await?;
        let options = window(&updates);
        rows.extend(reads.find(updates.collection, updates.filter, options, update).await?);
    }
    reads.end().await?;
    rows.sort_by_key(|given_up| std::cmp::Reverse(given_up.at()));
    let rows = rows.into_iter().skip(skip as usize).take(limit as usize).collect();
    Ok(Page { rows, total })
}

pub(super) async fn meta(store: &Inner, name: &str) -> Result<Option<String>, Failure> {
    one(store, View::value(name), |row| row.text("value").map(str::to_owned)).await
}

pub(super) async fn journal(
    store: &Inner,
    after: u64,
    limit: u32,
) -> Result<Vec<StoredRecord>, Failure> {
    let mut reads = Reads::plain(&store.client, &store.db).await?;
    load::journal(&mut reads, after, limit).await
}
