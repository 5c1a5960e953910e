//! What the chats say against what the store says, once everything has settled.

use super::customers::{PaidIn, everybody};
use super::town::{SHOPS, Town};
use regex::Regex;
use shopfleet::domain::chronicle::Chronicle;
use shopfleet::domain::id::{TenantId, UserId};
use shopfleet::store::Store as _;
use shopfleet::store::sqlite::SqliteStore;
use std::collections::{BTreeMap, BTreeSet};

/// Goods that arrived in a chat: the message's order, its lines, and whether it says "again".
struct Parcel {
    order: String,
    lines: BTreeSet<String>,
    repeat: bool,
}

/// Checks that nothing is lost or doubled; answers how many orders there are.
pub(super) async fn check(town: &Town, paid_in: &PaidIn) -> usize {
    audit(town);
    let (store, chronicle) = books(town).await;
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    let mut arrived = 0;
    for who in everybody() {
        let (tenant, bot, price) = SHOPS[who.0];
        let orders = arrivals(&parcels(town, bot, who.1), &mut owners);
        let (shop, user): (TenantId, _) = (tenant.parse().expect("valid"), UserId::new(who.1));
        let paid: BTreeMap<String, usize> = chronicle
            .orders
            .values()
            .filter(|order| order.tenant == shop && order.user == user)
            .map(|order| (order.id.to_string(), order.items.len()))
            .collect();
        assert_eq!(orders, paid, "{bot}, {user}: what arrived is what was paid");
        let items = i64::try_from(orders.values().sum::<usize>()).expect("a small number");
        let given = paid_in.get(&who).copied().unwrap_or(0) * 1_000_000;
        let balance = store.balance(shop, user).await.expect("reads");
        assert_eq!(balance.micros(), given - items * price, "{bot}, {user}: money");
        arrived += orders.len();
    }
    assert_eq!(arrived, chronicle.orders.len(), "every order is somebody's");
    assert!(chronicle.orders.values().all(|order| order.delivery.is_done()));
    arrived
}

/// `shopfleet audit` on the store.
pub(super) fn audit(town: &Town) {
    let audited = town.program(&["audit"]).output().expect("runs");
    let said = [audited.stdout, audited.stderr].concat();
    assert!(audited.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// The store and everything in it; the program must not run.
pub(super) async fn books(town: &Town) -> (SqliteStore, Chronicle) {
    let store = SqliteStore::open(&town.store()).expect("nobody else has it");
    let (_, chronicle) = store.chronicle().await.expect("reads");
    (store, chronicle)
}

/// Every order id that any customer was ever shown as paid or delivered.
pub(super) fn promised(town: &Town) -> BTreeSet<String> {
    let id = Regex::new(r"\bord_[0-9a-z]+").expect("a constant");
    let mut promised = BTreeSet::new();
    for (shop, user) in everybody() {
        for text in texts(town, SHOPS[shop].1, user) {
            promised.extend(id.find_iter(&text).map(|found| found.as_str().to_owned()));
        }
    }
    promised
}

/// Orders with the number of their items. The same goods may come again when the message says so;
/// nobody else's, never others.
fn arrivals(parcels: &[Parcel], owners: &mut BTreeMap<String, String>) -> BTreeMap<String, usize> {
    let mut orders: BTreeMap<String, &Parcel> = BTreeMap::new();
    for parcel in parcels {
        let Parcel { order, lines, repeat } = parcel;
        if let Some(first) = orders.get(order) {
            assert!(repeat, "{order} came twice and nothing says so");
            assert_eq!(&first.lines, lines, "{order} came with other goods");
            continue;
        }
        for line in lines {
            let other = owners.insert(line.clone(), order.clone());
            assert_eq!(other, None, "{line} is in two orders, one is {order}");
        }
        orders.insert(order.clone(), parcel);
    }
    orders.into_iter().map(|(order, parcel)| (order, parcel.lines.len())).collect()
}

/// The goods in a chat, oldest first.
fn parcels(town: &Town, bot: &str, user: i64) -> Vec<Parcel> {
    let order = Regex::new(r"\bord_[0-9a-z]+").expect("a constant");
    let line = Regex::new(r"GOODS-\d{6}").expect("a constant");
    let parcel = |text: String| {
        let all = line.find_iter(&text).map(|found| found.as_str().to_owned());
        let lines: BTreeSet<_> = all.collect();
        let order = order.find(&text).map(|found| found.as_str().to_owned());
        let repeat = text.contains("Sent again");
        (!lines.is_empty()).then(|| Parcel { order: order.expect("goods name it"), lines, repeat })
    };
    texts(town, bot, user).into_iter().filter_map(parcel).collect()
}

/// What a bot wrote to somebody.
fn texts(town: &Town, bot: &str, user: i64) -> Vec<String> {
    let messages = town.sandbox.chat(bot, user).expect("there is the bot");
    let of_bot = messages.iter().filter(|message| message["from"]["is_bot"] == true);
    of_bot.filter_map(|message| message["text"].as_str()).map(str::to_owned).collect()
}
