//! What the core needs to go on, and everything there is: both as of one head.
//!
//! A leader that loads has begun its epoch, so nobody else writes and plain reads are of one moment;
//! the head is read before and after all the same. An audit reads beside a working fleet, in a
//! session whose reads share a snapshot; where a server only pretends to have those, the two heads
//! differ and the reading begins again.

use super::Inner;
use super::decode;
use super::encode::{open_states, time};
use super::failure::Failure;
use super::needs::among;
use super::reads::Reads;
use super::row::Row;
use super::schema::META;
use super::views::View;
use super::write::journal_id;
use crate::domain::catalog::Catalog;
use crate::domain::chronicle::Chronicle;
use crate::domain::command::Answered;
use crate::domain::id::{EntryId, ItemId, ProductId, WithdrawalId};
use crate::domain::ledger::{Account, Entry, LoadedLedger};
use crate::domain::money::Money;
use crate::domain::stock::LoadedStock;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::Withdrawal;
use crate::store::journal::StoredRecord;
use crate::store::{Head, Loaded};
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOptions;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// How often everything is read anew when the head has moved meanwhile.
const TRIES: u32 = 5;

/// The state of both machines.
pub(super) async fn load(store: &Inner, ids_since: Timestamp) -> Result<Loaded, Failure> {
    let mut reads = Reads::plain(&store.client, &store.db).await?;
    let before = head(&mut reads).await?;
    check_last_record(&mut reads, &before).await?;
    let (stock_answers, ledger_answers) = answers(&mut reads, ids_since).await?;
    let stock = load_stock(&mut reads, stock_answers).await?;
    let ledger = load_ledger(&mut reads, ledger_answers).await?;
    if head(&mut reads).await? == before {
        Ok(Loaded { head: before, stock, ledger })
    } else {
        let why = "the head moved while the store was loaded".to_owned();
        Err(Failure::Environment { why, again: false })
    }
}

async fn load_stock(reads: &mut Reads, answers: Vec<Answered>) -> Result<LoadedStock, Failure> {
    let products = sorted(reads, "ejfl", decode::product).await?;
    // By product, because that is the seed's index.
    let of = products.iter().filter_map(|product| i64::try_from(product.id.number()).ok());
    let mut unsold = among("nowuid", of.map(Bson::Int64).collect());
    unsold.insert("state", 0_i32);
    let mut items = reads.all("hb", unsold, decode::unsold).await?;
    items.sort_unstable();
    Ok(LoadedStock {
        categories: sorted(reads, "fenlei", decode::category).await?,
        products,
        items,
        next_item: ItemId::new(next(reads, "hb").await?),
        answers,
    })
}

async fn load_ledger(reads: &mut Reads, answers: Vec<Answered>) -> Result<LoadedLedger, Failure> {
    let open: Vec<Bson> = open_states().map(|word| Bson::String(word.to_owned())).collect();
    let mut withdrawals =
        reads.all("agent_withdrawals", among("status", open), decode::withdrawal).await?;
    withdrawals.sort_by_key(|withdrawal| withdrawal.id);
    let mut undelivered =
        reads.find("gmjlu", doc! {"delivered": false}, by("number", 1), decode::order).await?;
    undelivered.shrink_to_fit();
    let paid = doc! {"txid": {"$exists": true}};
    let only_txid = FindOptions::builder().projection(doc! {"txid": 1}).build();
    let mut txids =
        reads.find("agent_withdrawals", paid, only_txid, |row| row.parsed("txid")).await?;
    txids.sort();
    let mut quarantined = reads.all("quarantine", doc! {}, decode::key).await?;
    quarantined.sort();
    Ok(LoadedLedger {
        balances: balances(reads).await?,
        tenants: sorted(reads, "agents", decode::tenant).await?,
        entries: open_entries(reads, &withdrawals).await?,
        next_entry: EntryId::new(next(reads, "agent_ledger").await?),
        undelivered,
        next_withdrawal: WithdrawalId::new(next(reads, "agent_withdrawals").await?),
        withdrawals,
        txids,
        answers,
        quarantined,
    })
}

pub(super) async fn head(reads: &mut Reads) -> Result<Head, Failure> {
    let found = reads.first(META, doc! {"_id": "head"}, decode::head).await?;
    found.ok_or_else(|| Failure::Damaged("the head is missing".to_owned()))
}

/// The head names the hash of the last record; a journal may be cut, but never that far.
async fn check_last_record(reads: &mut Reads, head: &Head) -> Result<(), Failure> {
    if head.seq == 0 {
        return Ok(());
    }
    let last = journal(reads, head.seq - 1, 1).await?.pop();
    match last {
        Some(last)
            if last.seq == head.seq
                && last.hash == head.hash
                && head.hash == <[u8; 32]>::from(Sha256::digest(&last.bytes)) =>
        {
            Ok(())
        }
        Some(_) | None => {
            Err(Failure::Damaged(format!("journal record {} is not the head's", head.seq)))
        }
    }
}

/// Journal records after `seq`, oldest first, each put together from its parts.
pub(super) async fn journal(
    reads: &mut Reads,
    after: u64,
    limit: u32,
) -> Result<Vec<StoredRecord>, Failure> {
    let mut records: Vec<StoredRecord> = Vec::new();
    if limit == 0 {
        return Ok(records);
    }
    let View { collection, filter, sort } = View::journal(after);
    let window = FindOptions::builder().sort(sort).limit(i64::from(limit)).build();
    let read = |row: &Row<'_>| {
        let hash = row.array("hash")?;
        let record =
            StoredRecord { seq: row.count("seq")?, hash, bytes: row.bytes("bytes")?.into() };
        Ok((record, row.int("parts")?))
    };
    for (mut record, parts) in reads.find(collection, filter, window, read).await? {
        if parts > 1 {
            let rest = doc! {"_id": {
                "$gt": journal_id(record.seq, 0)?, "$lte": journal_id(record.seq, 255)?,
            }};
            let bytes = |row: &Row<'_>| row.bytes("bytes").map(<[u8]>::to_vec);
            let rest = reads.find("journal", rest, by("_id", 1), bytes).await?;
            record.bytes.extend(rest.concat());
        }
        records.push(record);
    }
    Ok(records)
}

/// The number after the last one of a collection.
async fn next(reads: &mut Reads, collection: &'static str) -> Result<u64, Failure> {
    let last = FindOptions::builder().sort(doc! {"_id": -1}).limit(1).projection(doc! {"_id": 1});
    let last = reads.find(collection, doc! {}, last.build(), |row| row.count("_id")).await?;
    Ok(last.first().map_or(1, |last| last + 1))
}

/// Answers of either machine since then, oldest first.
async fn answers(
    reads: &mut Reads,
    since: Timestamp,
) -> Result<(Vec<Answered>, Vec<Answered>), Failure> {
    let recent = doc! {"time": {"$gte": time(since)}};
    let mut recent = reads.all("commands", recent, decode::answered).await?;
    recent.sort_by(|(_, a), (_, b)| (a.at, &a.key).cmp(&(b.at, &b.key)));
    let (stock, ledger): (Vec<_>, Vec<_>) = recent.into_iter().partition(|(by_stock, _)| *by_stock);
    let alone = |answers: Vec<(bool, Answered)>| answers.into_iter().map(|(_, it)| it).collect();
    Ok((alone(stock), alone(ledger)))
}

/// Entries that are pending or not used up, and used up ones that an open withdrawal may give back.
async fn open_entries(
    reads: &mut Reads,
    withdrawals: &[Withdrawal],
) -> Result<Vec<Entry>, Failure> {
    let open = doc! {"status": {"$in": ["pending", "matured"]}};
    let mut entries = reads.all("agent_ledger", open, decode::entry).await?;
    let held: BTreeSet<EntryId> =
        withdrawals.iter().flat_map(|w| &w.allocations).map(|share| share.entry).collect();
    let held: Vec<Bson> = held
        .into_iter()
        .filter_map(|id| i64::try_from(id.number()).ok().map(Bson::Int64))
        .collect();
    if !held.is_empty() {
        let mut used_up = among("_id", held);
        used_up.insert("status", "withdrawn");
        entries.extend(reads.all("agent_ledger", used_up, decode::entry).await?);
    }
    entries.sort_by_key(|entry| entry.id);
    Ok(entries)
}

/// Balances that are not zero.
async fn balances(reads: &mut Reads) -> Result<Vec<(Account, Money)>, Failure> {
    let mut all = reads.all("user", doc! {}, decode::customer).await?;
    all.extend(reads.all("accounts", doc! {}, decode::account).await?);
    all.retain(|(_, balance)| !balance.is_zero());
    all.sort();
    Ok(all)
}

/// Every document of a collection, by id.
async fn sorted<T>(
    reads: &mut Reads,
    collection: &'static str,
    read: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    reads.find(collection, doc! {}, by("_id", 1), read).await
}

/// Options that ask for an order.
fn by(field: &str, direction: i32) -> FindOptions {
    FindOptions::builder().sort(doc! {field: direction}).build()
}

/// Every document.
pub(super) async fn chronicle(store: &Inner) -> Result<(Head, Chronicle), Failure> {
    for _ in 0..TRIES {
        let mut reads = Reads::snapshot(&store.client, &store.db).await?;
        let before = head(&mut reads).await?;
        let chronicle = everything(&mut reads).await?;
        if head(&mut reads).await? == before {
            return Ok((before, chronicle));
        }
    }
    let why = "the head moves faster than the documents can be read".to_owned();
    Err(Failure::Environment { why, again: false })
}

async fn everything(reads: &mut Reads) -> Result<Chronicle, Failure> {
    let categories = reads.all("fenlei", doc! {}, decode::category).await?;
    let products = reads.all("ejfl", doc! {}, decode::product).await?;
    let orders = reads.all("gmjlu", doc! {}, decode::order).await?;
    let entries = reads.all("agent_ledger", doc! {}, decode::entry).await?;
    let withdrawals = reads.all("agent_withdrawals", doc! {}, decode::withdrawal).await?;
    let tenants = reads.all("agents", doc! {}, decode::tenant).await?;
    let answers = reads.all("commands", doc! {}, decode::answered).await?;
    Ok(Chronicle {
        balances: balances(reads).await?.into_iter().collect(),
        catalog: Catalog {
            categories: categories.into_iter().map(|category| (category.id, category)).collect(),
            products: products.into_iter().map(|product| (product.id, product)).collect(),
        },
        items: reads.all("hb", doc! {}, decode::item).await?.into_iter().collect(),
        orders: orders.into_iter().map(|order| (order.id.clone(), order)).collect(),
        entries: entries.into_iter().map(|entry| (entry.id, entry)).collect(),
        withdrawals: withdrawals.into_iter().map(|asked| (asked.id, asked)).collect(),
        tenants: tenants.into_iter().map(|tenant| (tenant.id.clone(), tenant)).collect(),
        credits: reads.find("topup", doc! {}, by("_id", 1), decode::credit).await?,
        answers: answers.into_iter().map(|(_, it)| (it.key.clone(), it)).collect(),
        quarantined: reads
            .all("quarantine", doc! {}, decode::quarantined)
            .await?
            .into_iter()
            .collect(),
    })
}

/// Items whose content is neither with them nor among the files.
pub(super) async fn missing_goods(store: &Inner) -> Result<Vec<ItemId>, Failure> {
    let mut reads = Reads::plain(&store.client, &store.db).await?;
    let bare = doc! {"goods": {"$exists": false}};
    let mut items: Vec<(ItemId, ProductId, _)> = reads.all("hb", bare, decode::shelved).await?;
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let files: Document = doc! {"part": 0_i32};
    let files = reads.contents(files, |row| row.content("content")).await?;
    let files: BTreeSet<_> = files.into_iter().collect();
    items.retain(|(_, _, content)| !files.contains(content));
    items.sort_unstable();
    Ok(items.into_iter().map(|(item, _, _)| item).collect())
}
