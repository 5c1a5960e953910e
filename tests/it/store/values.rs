//! What the journal does not cover: goods, files, tokens, dialogs, profiles, the inbox, named values.

use super::{Disk, PRODUCT, World, on_every_store};
use crate::kit::{CUSTOMER, agents_shop, bot, sealed};
use shopfleet::domain::catalog::GoodsKind;
use shopfleet::domain::id::{CategoryId, ChatId, ItemId, ProductId, TenantId, UserId};
use shopfleet::domain::sealed::{Fingerprint, Sealed};
use shopfleet::domain::stock::StockCommand;
use shopfleet::domain::time::{Millis, Timestamp};
use shopfleet::store::StoreError;
use shopfleet::store::batch::{DialogRecord, InboxRecord, Profile, Record};
use shopfleet::store::query::DeadLetter;

on_every_store!(
    goods_are_given_in_the_order_asked_for,
    files_are_whole_and_orphans_go,
    contents_are_known_also_after_they_were_sold,
    a_token_follows_its_shop,
    dialogs_and_profiles_keep_the_last,
    the_inbox_is_a_set_in_the_order_of_arrival,
    a_named_value_is_set_once,
    old_answers_are_forgotten_oldest_first,
);

async fn goods_are_given_in_the_order_asked_for(disk: Disk) {
    let mut world = World::with_shop(disk, 4).await;
    let (_, bought) = world.kit.buy(&TenantId::Master, CUSTOMER, PRODUCT, 2).expect("buys");
    world.write(vec![bought], Vec::new()).await;
    let items = [4, 1, 3, 1].map(ItemId::new);
    let goods = world.store.goods(items.to_vec()).await.expect("all are there");
    let expected = items.map(|item| {
        let content = world.kit.chronicle.items[&item].content;
        (content, sealed(&content))
    });
    assert_eq!(goods, expected);
    assert_eq!(world.store.goods(Vec::new()).await, Ok(Vec::new()));
    let missing = world.store.goods(vec![ItemId::new(1), ItemId::new(99)]).await;
    assert!(matches!(missing, Err(StoreError::Corrupt(_))), "{missing:?}");
}

async fn files_are_whole_and_orphans_go(disk: Disk) {
    let mut world = World::with_shop(disk, 0).await;
    let file = StockCommand::CreateProduct {
        category: CategoryId::new(1),
        name: "File".to_owned(),
        kind: GoodsKind::File,
        price: None,
    };
    let created = world.kit.by_stockist(file);
    let [small, large, orphan] = [(); 3].map(|()| world.kit.draw_content());
    // Two and a half chunks, with a character that lies across the border of two.
    let long = Sealed::from_text(format!("{}ž{}", "x".repeat((1 << 20) - 1), "y".repeat(3 << 19)));
    let short = Sealed::from_text("");
    let (early, late) = (world.kit.now, world.kit.now + Millis::from_hours(1));
    for (content, sealed) in [(large, &short), (large, &long), (small, &short), (orphan, &long)] {
        world.store.put_blob(content, sealed.clone(), early).await.expect("writes");
    }
    let items = vec![large, small];
    let added = world.kit.by_stockist(StockCommand::AddItems { product: ProductId::new(2), items });
    world.write(vec![created, added], Vec::new()).await;
    let stored = world.store.goods(vec![ItemId::new(1), ItemId::new(2)]).await;
    assert_eq!(stored, Ok(vec![(large, long.clone()), (small, short)]));

    assert_eq!(world.store.drop_orphans(early).await, Ok(0), "none is older");
    assert_eq!(world.store.drop_orphans(late).await, Ok(1));
    assert_eq!(world.store.drop_orphans(late).await, Ok(0));
    let stored = world.store.goods(vec![ItemId::new(1)]).await;
    assert_eq!(stored, Ok(vec![(large, long)]), "what an item refers to stays");
    world.check().await;
}

async fn contents_are_known_also_after_they_were_sold(disk: Disk) {
    let mut world = World::with_shop(disk, 2).await;
    let (_, bought) = world.kit.buy(&TenantId::Master, CUSTOMER, PRODUCT, 1).expect("buys");
    world.write(vec![bought], Vec::new()).await;
    let [sold, unsold] = [1, 2].map(|item| world.kit.chronicle.items[&ItemId::new(item)].content);
    let unknown = Fingerprint::new([0xff; 16]);
    let known = world.store.known_contents(vec![unsold, unknown, sold]).await;
    assert_eq!(known, Ok(vec![unsold, sold]));

    // The core that sold it refuses it; a store takes what was sold back as a new item with goods of
    // its own.
    world.kit.restart();
    let items = vec![sold];
    let back = world.kit.by_stockist(StockCommand::AddItems { product: PRODUCT, items });
    let resealed = Sealed::from_text("v1.k2.again");
    let goods = Record::Goods { content: sold, sealed: resealed.clone() };
    world.write(vec![back], vec![goods]).await;
    let both = world.store.goods(vec![ItemId::new(1), ItemId::new(3)]).await;
    assert_eq!(both, Ok(vec![(sold, sealed(&sold)), (sold, resealed)]));
    world.check().await;
}

async fn a_token_follows_its_shop(disk: Disk) {
    let mut world = World::new(disk).await;
    assert_eq!(world.store.token(agents_shop()).await, Ok(None), "there is no such shop");
    let entries = world.kit.open_shop();
    let [first, second] = ["v1.k.first", "v1.k.second"].map(Sealed::from_text);
    let token = |sealed: &Sealed| Record::Token { tenant: agents_shop(), sealed: sealed.clone() };
    world.write(entries, vec![token(&first)]).await;
    assert_eq!(world.store.token(agents_shop()).await, Ok(Some(first.clone())));
    assert_eq!(world.store.token(TenantId::Master).await, Ok(None), "it was given none");
    let paused = shopfleet::domain::ledger::LedgerCommand::SetStatus {
        agent: crate::kit::agent(),
        status: shopfleet::domain::tenant::TenantStatus::Paused,
    };
    let paused = world.kit.by_admin(paused);
    world.write(vec![paused], Vec::new()).await;
    assert_eq!(world.store.token(agents_shop()).await, Ok(Some(first)), "a change keeps it");
    world.write(Vec::new(), vec![token(&second)]).await;
    assert_eq!(world.store.token(agents_shop()).await, Ok(Some(second)));
}

async fn dialogs_and_profiles_keep_the_last(disk: Disk) {
    let mut world = World::new(disk).await;
    let (tenant, chat) = (agents_shop(), ChatId::new(-100));
    let dialog = |update, state: &str| DialogRecord {
        tenant: tenant.clone(),
        chat,
        update,
        state: state.to_owned(),
    };
    let profile = |name: &str, username: Option<&str>| Profile {
        tenant: tenant.clone(),
        user: CUSTOMER,
        name: name.to_owned(),
        username: username.map(str::to_owned),
        language: "zh".to_owned(),
        since: Timestamp::from_ms(3),
    };
    let records = vec![
        Record::Dialog(dialog(1, "{}")),
        Record::Profile(profile("小明", Some("ming"))),
        Record::Dialog(dialog(2, r#"{"at":"menu"}"#)),
        Record::Profile(profile("<b>", None)),
    ];
    world.write(Vec::new(), records).await;
    let stored = world.store.dialog(tenant.clone(), chat).await;
    assert_eq!(stored, Ok(Some(dialog(2, r#"{"at":"menu"}"#))));
    assert_eq!(world.store.dialog(TenantId::Master, chat).await, Ok(None), "shops are apart");
    let stored = world.store.profile(tenant.clone(), CUSTOMER).await;
    assert_eq!(stored, Ok(Some(profile("<b>", None))));
    assert_eq!(world.store.profile(TenantId::Master, CUSTOMER).await, Ok(None));
    let beside = world.store.unjournalled().await.expect("reads");
    let last = (vec![dialog(2, r#"{"at":"menu"}"#)], vec![profile("<b>", None)]);
    assert_eq!((beside.dialogs, beside.profiles), last, "as the audit sees them");
}

async fn the_inbox_is_a_set_in_the_order_of_arrival(disk: Disk) {
    let mut world = World::new(disk).await;
    let spilled = |id: i64, update| InboxRecord {
        bot: bot(id).id,
        update,
        at: Timestamp::from_ms(1_000 + id),
        sealed: Sealed::from_text(format!("v1.k.{id}.{update}")),
    };
    let put = |id, update| Record::InboxPut(spilled(id, update));
    // Update ids may begin again anywhere.
    let records = vec![put(10, 900), put(10, 5), put(11, 5), put(10, 900), put(10, 7)];
    world.write(Vec::new(), records).await;
    let of = |id: i64| world.store.inbox(UserId::new(id), 10);
    assert_eq!(of(10).await, Ok(vec![spilled(10, 900), spilled(10, 5), spilled(10, 7)]));
    assert_eq!(of(11).await, Ok(vec![spilled(11, 5)]));
    assert_eq!(of(12).await, Ok(Vec::new()));
    let first = world.store.inbox(UserId::new(10), 1).await;
    assert_eq!(first, Ok(vec![spilled(10, 900)]));

    let done = |id, update| Record::InboxDone { bot: UserId::new(id), update };
    let letter = Record::DeadLetter {
        bot: UserId::new(10),
        update: 5,
        reason: "panicked twice".to_owned(),
        at: world.kit.now,
    };
    let records = vec![letter.clone(), done(10, 5), done(10, 12_345), letter];
    world.write(Vec::new(), records).await;
    let left = world.store.inbox(UserId::new(10), 10).await;
    assert_eq!(left, Ok(vec![spilled(10, 900), spilled(10, 7)]));
    world = world.reopened().await;
    assert_eq!(world.store.inbox(UserId::new(11), 10).await, Ok(vec![spilled(11, 5)]));
    let mut beside = world.store.unjournalled().await.expect("reads");
    beside.inbox.sort_unstable();
    assert_eq!(beside.inbox, [(10, 7), (10, 900), (11, 5)].map(|(id, at)| (UserId::new(id), at)));
    let (reason, at) = ("panicked twice".to_owned(), world.kit.now);
    let letter = DeadLetter { bot: UserId::new(10), update: 5, reason, at };
    assert_eq!(beside.dead_letters, vec![letter]);
}

async fn a_named_value_is_set_once(disk: Disk) {
    let store = disk.open().await;
    assert_eq!(store.meta("salt").await, Ok(None));
    assert_eq!(store.meta_once("salt", "a".to_owned()).await.as_deref(), Ok("a"));
    assert_eq!(store.meta_once("salt", "b".to_owned()).await.as_deref(), Ok("a"));
    assert_eq!(store.meta("salt").await, Ok(Some("a".to_owned())));
    assert_eq!(store.meta("pepper").await, Ok(None));
}

async fn old_answers_are_forgotten_oldest_first(disk: Disk) {
    let world = World::with_shop(disk, 1).await;
    let count = |world: &World| world.kit.chronicle.answers.len() as u64;
    let known = count(&world);
    assert!(known > 2, "opening a shop takes commands");
    let everything = Timestamp::from_ms(i64::MAX);
    assert_eq!(world.store.forget_answers(Timestamp::EPOCH, 10).await, Ok(0), "none is that old");
    assert_eq!(world.store.forget_answers(everything, 2).await, Ok(2));
    let (_, kept) = world.store.chronicle().await.expect("reads");
    assert_eq!(kept.answers.len() as u64, known - 2);
    assert_eq!(world.store.forget_answers(everything, 1_000).await, Ok(known - 2));
    let (_, kept) = world.store.chronicle().await.expect("reads");
    assert!(kept.answers.is_empty());
    assert_eq!(kept.orders, world.kit.chronicle.orders, "orders stay for ever");
}
