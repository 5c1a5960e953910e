//! Lost answers: what a leader finds when it takes a new epoch and reads the head.

use super::{Disk, World, on_every_store};
use crate::kit::CUSTOMER;
use shopfleet::clock::SystemClock;
use shopfleet::domain::event::CoreCommand;
use shopfleet::domain::id::TenantId;
use shopfleet::store::CommitError;
use shopfleet::store::faults::{Fault, FaultScript, FaultyStore};
use std::sync::Arc;

on_every_store!(the_head_tells_the_fate_of_a_lost_answer, a_refused_batch_can_be_tried_again);

async fn the_head_tells_the_fate_of_a_lost_answer(disk: Disk) {
    let mut world = World::with_shop(disk, 0).await;
    let script = wrap(&mut world);
    for (fault, written) in [
        (Fault::AnswerLost, true),
        (Fault::JustBeforeEpoch, true),
        (Fault::NeverWritten, false),
        (Fault::JustAfterEpoch, false),
    ] {
        let known = world.kit.chronicle.clone();
        let credit = world.kit.credit(&TenantId::Master, CUSTOMER, 1);
        let CoreCommand::Ledger(command) = &credit.command else { panic!("it is the ledger's") };
        let key = command.key();
        script.then(fault);
        let lost = world.try_write(vec![credit.clone()], Vec::new()).await;
        assert!(matches!(lost, Err(CommitError::Unknown(_))), "{lost:?}");

        let head = world.store.begin_epoch().await.expect("begins");
        assert_eq!(head.seq, world.head.seq + u64::from(written), "{fault:?}");
        let outcome = world.store.outcome(key).await.expect("reads");
        assert_eq!(outcome.is_some(), written, "{fault:?}");
        let (read, chronicle) = world.store.chronicle().await.expect("reads");
        assert_eq!(read, head);
        let expected = if written { &world.kit.chronicle } else { &known };
        assert_eq!(&chronicle, expected, "{fault:?}");
        world.head = head;
        if !written {
            // Decided again, as a leader would that tells nobody otherwise.
            world.write(vec![credit], Vec::new()).await;
        }
        world.check().await;
    }
}

async fn a_refused_batch_can_be_tried_again(disk: Disk) {
    let mut world = World::with_shop(disk, 0).await;
    let script = wrap(&mut world);
    let credit = world.kit.credit(&TenantId::Master, CUSTOMER, 1);
    script.then(Fault::Transient).then(Fault::Definite);
    let refused = world.try_write(vec![credit.clone()], Vec::new()).await;
    assert!(matches!(refused, Err(CommitError::Transient(_))), "{refused:?}");
    let refused = world.try_write(vec![credit.clone()], Vec::new()).await;
    assert!(matches!(refused, Err(CommitError::Definite(_))), "{refused:?}");
    world.write(vec![credit], Vec::new()).await;
    world.check().await;
}

/// Puts a script between the world and its store.
fn wrap(world: &mut World) -> FaultScript {
    let script = FaultScript::default();
    let faulty = FaultyStore::new(world.store.clone(), Arc::new(SystemClock), script.clone());
    world.store = Arc::new(faulty);
    script
}
