//! Head, epochs, load, outcomes, journal: what a leader relies on.

use super::{Disk, PRODUCT, World, on_every_store};
use crate::kit::{CUSTOMER, Kit};
use shopfleet::domain::chronicle::Chronicle;
use shopfleet::domain::event::CoreCommand;
use shopfleet::domain::id::TenantId;
use shopfleet::domain::outcome::Outcome;
use shopfleet::domain::time::{Millis, Timestamp};
use shopfleet::store::journal::{GENESIS, verify};
use shopfleet::store::query::{OrderQuery, WithdrawalQuery};
use shopfleet::store::{CommitError, Head};

on_every_store!(
    an_empty_store_loads_as_new_machines,
    the_journal_folds_to_the_documents,
    batches_of_older_epochs_and_other_heads_are_fenced,
    a_batch_without_anything_moves_the_head,
    outcomes_are_kept_and_old_ids_need_not_be_loaded,
    a_store_is_the_same_after_it_was_closed,
);

async fn an_empty_store_loads_as_new_machines(disk: Disk) {
    let store = disk.open().await;
    assert_eq!(store.head().await, Ok(GENESIS));
    let loaded = store.load(Timestamp::EPOCH).await.expect("loads");
    assert_eq!(loaded.head, GENESIS);
    Kit::new().check_loaded(loaded);
    assert_eq!(store.chronicle().await, Ok((GENESIS, Chronicle::default())));
    assert_eq!(store.journal(0, 10).await, Ok(Vec::new()));
    let orders = store.orders(OrderQuery { limit: 5, ..OrderQuery::default() }).await;
    assert_eq!(orders.map(|page| (page.rows.len(), page.total)), Ok((0, 0)));
    let query = WithdrawalQuery { limit: 5, ..WithdrawalQuery::default() };
    assert_eq!(store.withdrawals(query).await.map(|page| page.total), Ok(0));
}

async fn the_journal_folds_to_the_documents(disk: Disk) {
    let mut world = World::with_shop(disk, 3).await;
    let (_, bought) = world.kit.buy(&TenantId::Master, CUSTOMER, PRODUCT, 2).expect("buys");
    world.write(vec![bought], Vec::new()).await;

    let (mut head, mut folded) = (GENESIS, Chronicle::default());
    while let Some(stored) = world.store.journal(head.seq, 1).await.expect("reads").first() {
        let (record, after) = verify(&head, stored).expect("the chain holds");
        for event in record.entries.iter().flat_map(|entry| &entry.events) {
            folded.apply(event);
        }
        head = after;
    }
    assert_eq!(head, world.head);
    assert_eq!(folded, world.kit.chronicle);
    let all = world.store.journal(0, 100).await.expect("reads");
    assert_eq!(all.len() as u64, head.seq);
}

async fn batches_of_older_epochs_and_other_heads_are_fenced(disk: Disk) {
    let mut world = World::with_shop(disk, 1).await;
    let credit = world.kit.credit(&TenantId::Master, CUSTOMER, 1);
    let old = world.batch(vec![credit], Vec::new());
    let before = world.head.clone();
    let epoch = world.store.begin_epoch().await.expect("begins");
    assert_eq!(epoch, Head { epoch: before.epoch + 1, ..before });
    let fenced = Err(CommitError::Fenced { found: epoch.epoch });
    assert_eq!(world.store.commit(old).await, fenced, "another leader began");

    world.head = epoch.clone();
    let entry = world.kit.credit(&TenantId::Master, CUSTOMER, 1);
    world.head.hash[0] ^= 1;
    assert_eq!(world.try_write(vec![entry.clone()], Vec::new()).await, fenced, "another hash");
    world.head = Head { seq: epoch.seq + 1, ..epoch.clone() };
    assert_eq!(world.try_write(vec![entry], Vec::new()).await, fenced, "another number");
    world.head = epoch.clone();
    let sold_twice = world.batch(Vec::new(), Vec::new());
    world.store.commit(sold_twice.clone()).await.expect("the right head");
    assert_eq!(world.store.commit(sold_twice).await, fenced, "the same batch again");
    assert_eq!(world.store.head().await.map(|head| head.seq), Ok(epoch.seq + 1));
}

async fn a_batch_without_anything_moves_the_head(disk: Disk) {
    let mut world = World::new(disk).await;
    let before = world.head.clone();
    world.write(Vec::new(), Vec::new()).await;
    assert_eq!((world.head.epoch, world.head.seq), (before.epoch, before.seq + 1));
    assert_eq!(world.store.head().await.as_ref(), Ok(&world.head));
    world.check().await;
}

async fn outcomes_are_kept_and_old_ids_need_not_be_loaded(disk: Disk) {
    let mut world = World::with_shop(disk, 1).await;
    let early = world.kit.credit(&TenantId::Master, CUSTOMER, 5);
    let CoreCommand::Ledger(command) = &early.command else { panic!("a credit is the ledger's") };
    let (key, since) = (command.key(), world.kit.now);
    world.write(vec![early], Vec::new()).await;
    world.kit.wait(Millis::from_hours(1));
    let later = world.kit.credit(&TenantId::Master, CUSTOMER, 6);
    world.write(vec![later], Vec::new()).await;

    let outcome = world.store.outcome(key.clone()).await.expect("reads");
    assert!(matches!(outcome, Some(Outcome::Credited { .. })), "{outcome:?}");
    let mut unknown = key.clone();
    unknown.tenant = crate::kit::agents_shop();
    assert_eq!(world.store.outcome(unknown).await, Ok(None), "another shop, another command");

    let load = |since| world.store.load(since);
    let all = load(since).await.expect("loads").ledger.answers;
    assert!(all.iter().any(|answered| answered.key == key), "the bound is inclusive");
    let recent = load(since + Millis::from_ms(1)).await.expect("loads");
    assert_eq!(recent.ledger.answers.len(), 1);
    assert!(recent.stock.answers.is_empty());
}

async fn a_store_is_the_same_after_it_was_closed(disk: Disk) {
    let mut world = World::with_shop(disk, 2).await;
    world.store.meta_once("salt", "s".to_owned()).await.expect("writes");
    let before = world.head.clone();
    world = world.reopened().await;
    assert_eq!(world.head, Head { epoch: before.epoch + 1, ..before });
    world.check().await;
    assert_eq!(world.store.meta("salt").await, Ok(Some("s".to_owned())));
    let (_, bought) = world.kit.buy(&TenantId::Master, CUSTOMER, PRODUCT, 1).expect("buys");
    world.write(vec![bought], Vec::new()).await;
    world.check().await;
}
