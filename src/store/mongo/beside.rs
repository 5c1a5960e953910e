//! What the journal does not explain, for the audit: plain records, and fields that repeat for the
//! sake of an index or of a reader what their document says.
//!
//! Nobody reads a field twice to be sure of it, so one that went astray hides an order from delivery
//! or an entry from its agent. Here each is held against its document.

use super::Inner;
use super::decode;
use super::encode;
use super::failure::Failure;
use super::load::head;
use super::reads::Reads;
use super::row::Row;
use super::write::journal_id;
use crate::domain::id::{ChatId, OrderId};
use crate::domain::ledger::Account;
use crate::domain::order::Order;
use crate::store::batch::{DialogRecord, Profile};
use crate::store::query::{Astray, DeadLetter, Unjournalled};
use mongodb::bson::doc;
use std::collections::BTreeMap;
use std::fmt::Display;

/// Everything that the journal does not explain.
pub(super) async fn unjournalled(store: &Inner) -> Result<Unjournalled, Failure> {
    let mut reads = Reads::snapshot(&store.client, &store.db).await?;
    let last = head(&mut reads).await?.seq;
    let orders = reads.all("gmjlu", doc! {}, |row| check_order(row, last)).await?;
    let (orders, mut astray) = apart(orders);
    let orders: BTreeMap<OrderId, Order> =
        orders.into_iter().map(|order| (order.id.clone(), order)).collect();
    let entry = |row: &Row<'_>| check_entry(row, &orders);
    astray.extend(reads.all("agent_ledger", doc! {}, entry).await?.concat());
    astray.extend(reads.all("hb", doc! {}, check_item).await?.into_iter().flatten());
    astray.extend(reads.all("agents", doc! {}, check_shop).await?.into_iter().flatten());
    astray.extend(reads.all("topup", doc! {}, |row| check_credit(row, last)).await?.concat());
    astray.extend(reads.all("journal", doc! {}, check_journal).await?.into_iter().flatten());
    let mut inbox = reads.all("inbox", doc! {}, check_spilled).await?;
    inbox.sort_by_key(|(number, _, _)| *number);
    astray.extend(inbox.iter().filter_map(|(_, _, astray)| astray.clone()));
    let profiles = reads.all("user", doc! {"creation_time": {"$exists": true}}, profile).await?;
    Ok(Unjournalled {
        dialogs: reads.all("dialogs", doc! {}, dialog).await?,
        profiles,
        inbox: inbox.into_iter().map(|(_, spilled, _)| spilled).collect(),
        dead_letters: reads.all("dead_letters", doc! {}, letter).await?,
        empty_accounts: empty_accounts(&mut reads).await?,
        astray,
    })
}

fn apart<T>(found: Vec<(T, Vec<Astray>)>) -> (Vec<T>, Vec<Astray>) {
    let (documents, astray): (Vec<T>, Vec<Vec<Astray>>) = found.into_iter().unzip();
    (documents, astray.concat())
}

/// A customer with a profile has a balance of nothing from the beginning; everybody else's account is
/// made by his first money.
async fn empty_accounts(reads: &mut Reads) -> Result<Vec<Account>, Failure> {
    let strangers = doc! {"creation_time": {"$exists": false}};
    let mut all = reads.all("user", strangers, decode::customer).await?;
    all.extend(reads.all("accounts", doc! {}, decode::account).await?);
    let empty = all.into_iter().filter(|(_, balance)| balance.is_zero());
    Ok(empty.map(|(account, _)| account).collect())
}

fn check_order(row: &Row<'_>, last: u64) -> Result<(Order, Vec<Astray>), Failure> {
    let order = decode::order(row)?;
    let seller = row.inner("sold_by")?;
    let agent = order.tenant.agent().map(ToString::to_string);
    let kind = if agent.is_some() { "agent" } else { "master" };
    let markup = order.price.unit.decimal() - order.price.base.decimal();
    let checks = [
        ("number", arrived(row.int("number")?, last)),
        ("sold_by.type", seller.text("type")? == kind),
        ("sold_by.agent_id", seller.maybe("agent_id", Row::text)? == agent.as_deref()),
        ("count", usize::try_from(row.int("count")?) == Ok(order.quantity())),
        ("markup_value", row.decimal("markup_value")? == markup),
        ("delivered", row.flag("delivered")? == order.delivery.is_done()),
    ];
    let astray = wrong("gmjlu", &order.id, &checks);
    Ok((order, astray))
}

fn check_entry(row: &Row<'_>, orders: &BTreeMap<OrderId, Order>) -> Result<Vec<Astray>, Failure> {
    let entry = decode::entry(row)?;
    let mut checks = vec![
        ("type", row.text("type")? == "sale"),
        ("status", row.text("status")? == encode::entry_status(&entry)),
    ];
    if let Some(order) = orders.get(&entry.order) {
        let is = |field: &str, amount| {
            Ok::<_, Failure>(row.maybe(field, Row::money)?.is_none_or(|known| known == amount))
        };
        let quantity = row.maybe("qty", Row::int)?;
        let quantity = quantity.is_none_or(|known| usize::try_from(known) == Ok(order.quantity()));
        checks.extend([
            ("base_price", is("base_price", order.price.base)?),
            ("agent_price", is("agent_price", order.price.unit)?),
            ("markup_per_item", is("markup_per_item", order.price.profit())?),
            ("qty", quantity),
        ]);
    }
    Ok(wrong("agent_ledger", entry.id, &checks))
}

fn check_item(row: &Row<'_>) -> Result<Option<Astray>, Failure> {
    let (id, item) = decode::item(row)?;
    let state = i64::from(item.order.is_some());
    Ok((row.int("state")? != state).then(|| astray("hb", id, "state")))
}

fn check_shop(row: &Row<'_>) -> Result<Option<Astray>, Failure> {
    let shop = decode::tenant(row)?;
    let agent = shop.agent().map(ToString::to_string);
    let same = row.maybe("agent_id", Row::text)? == agent.as_deref();
    Ok((!same).then(|| astray("agents", &shop.id, "agent_id")))
}

fn check_credit(row: &Row<'_>, last: u64) -> Result<Vec<Astray>, Failure> {
    let credit = decode::credit(row)?;
    let id = format!("{}/{}/{}", credit.tenant, credit.user, credit.at.ms());
    let checks = [
        ("_id", arrived(row.int("_id")?, last)),
        ("cz_type", row.text("cz_type")? == "admin"),
        ("status", row.text("status")? == "success"),
    ];
    Ok(wrong("topup", id, &checks))
}

/// The bytes begin with number and epoch; the audit itself checks everything else of them.
fn check_journal(row: &Row<'_>) -> Result<Option<Astray>, Failure> {
    let (seq, part) = (row.count("seq")?, row.int("part")?);
    let part = i32::try_from(part).unwrap_or(i32::MAX);
    if journal_id(seq, part).ok() != Some(row.int("_id")?) {
        return Ok(Some(astray("journal", seq, "_id")));
    }
    let begins = format!("{{\"seq\":{seq},\"epoch\":{},", row.count("epoch")?);
    let same = part > 0 || row.bytes("bytes")?.starts_with(begins.as_bytes());
    Ok((!same).then(|| astray("journal", seq, "epoch")))
}

type Spilled = (i64, (crate::domain::id::UserId, u64), Option<Astray>);

fn check_spilled(row: &Row<'_>) -> Result<Spilled, Failure> {
    let (bot, update) = (decode::user(row, "bot")?, row.count("update")?);
    let id = row.text("_id")?;
    let same = id == super::records::inbox_id(bot, update);
    Ok((row.int("number")?, (bot, update), (!same).then(|| astray("inbox", id, "_id"))))
}

fn dialog(row: &Row<'_>) -> Result<DialogRecord, Failure> {
    let wrong = || row.damaged("_id", &"not a shop and a chat");
    let (tenant, chat) = row.text("_id")?.split_once(' ').ok_or_else(wrong)?;
    Ok(DialogRecord {
        tenant: tenant.parse().map_err(|_| wrong())?,
        chat: ChatId::new(chat.parse().map_err(|_| wrong())?),
        update: row.count("update")?,
        state: row.text("state")?.to_owned(),
    })
}

fn profile(row: &Row<'_>) -> Result<Profile, Failure> {
    decode::profile(row, row.parsed("tenant")?, decode::user(row, "user_id")?)
}

fn letter(row: &Row<'_>) -> Result<DeadLetter, Failure> {
    let (bot, update) = decode::letter_id(row)?;
    let (reason, at) = (row.text("reason")?.to_owned(), row.time("time")?);
    Ok(DeadLetter { bot, update, reason, at })
}

/// A place in the order of arrival is of some batch up to the last.
fn arrived(place: i64, last: u64) -> bool {
    u64::try_from(place).is_ok_and(|place| (1..=last).contains(&(place >> 20)))
}

fn wrong(collection: &str, id: impl Display, checks: &[(&'static str, bool)]) -> Vec<Astray> {
    let wrong = checks.iter().filter(|(_, right)| !right);
    wrong.map(|(field, _)| astray(collection, &id, field)).collect()
}

fn astray(collection: &str, id: impl Display, field: &'static str) -> Astray {
    Astray { of: format!("{collection}/{id}"), field }
}
