//! Bots in trouble: what the Supervisor planned is on record, replays by itself, and says nothing that
//! a failure said.

use super::{check, records};
use crate::kit::CUSTOMER;
use shopfleet::actors::Point;
use shopfleet::domain::fleet::{
    BotEnd, BotLimits, BotNews, BotState, FleetEffect, FleetMachine, FleetMessage,
};
use shopfleet::domain::id::TenantId;
use shopfleet::domain::sealed::Fingerprint;
use shopfleet::domain::time::{Millis, Timestamp};
use shopfleet::random::SeededRandom;
use shopfleet::sim::World;
use shopfleet::trace::line;
use shopfleet::trace::pseudonym::Pseudonyms;
use shopfleet::trace::record::{Actor, Entry, Message, Record, Verdict};
use shopfleet::trace::replay::{Options, replay};
use std::collections::BTreeSet;

fn agent() -> TenantId {
    TenantId::Agent("a1".parse().expect("a short name"))
}

#[test]
fn the_trouble_of_a_bot_replays_from_its_first_panic_to_the_lost_token() {
    let mut world = World::new(26).with_shop();
    world.panic_at(Point::Bot, "agent:a1", u32::MAX);
    world.say("a1", CUSTOMER, "/balance");
    world.wait(Millis::from_secs(60));
    assert_eq!(world.bot("a1").state, BotState::Stopped);
    world.heal();
    world.wait(Millis::from_hours(1));
    assert_eq!(world.bot("a1").state, BotState::Running);
    world.revoke_token("a1");
    world.wait(Millis::from_secs(60));
    assert_eq!(world.bot("a1").state, BotState::TokenRefused);

    let trace = world.trace();
    check(&trace);
    let mut told = Vec::new();
    let mut planned = 0;
    for record in records(&trace) {
        let Some(Verdict::Planned(plan)) = record.outcome else { continue };
        planned += 1;
        for effect in plan.effects() {
            if let FleetEffect::Tell { tenant, state } = effect {
                assert_eq!(*tenant, agent());
                told.push(*state);
            }
        }
    }
    assert_eq!(told, [BotState::Stopped, BotState::TokenRefused]);
    let options = Options { actor: Some(Actor::Supervisor), ..Options::default() };
    let alone = replay(records(&trace), &options).expect("a trace");
    assert!(alone.divergence.is_none());
    assert_eq!(alone.counts.decided, planned);
    assert!(planned > 10, "{planned}");
}

#[test]
fn one_changed_draw_diverges() {
    let mut world = World::new(27).with_shop();
    world.panic_at(Point::Bot, "agent:a1", 1);
    world.say("a1", CUSTOMER, "/balance");
    world.wait(Millis::from_secs(60));
    let mut records = records(&world.trace());
    let changed = records.iter_mut().find_map(|record| match &mut record.message {
        Message::Fleet(FleetMessage::Report { news: BotNews::Ended(_), draw, .. }) => {
            *draw ^= 0x8000;
            Some(record.seq)
        }
        _ => None,
    });
    let replayed = replay(records, &Options::default()).expect("a trace");
    assert!(changed.is_some(), "a bot panicked");
    assert_eq!(replayed.divergence.map(|found| found.record.seq), changed);
}

#[test]
fn what_a_failure_said_is_a_pseudonym_and_the_plan_is_the_same() {
    const SAID: &str = "cannot open Qzjx-Kontor/Olga: disk of host-17 is full";
    let now = Timestamp::from_ms(1_760_000_000_000);
    let mut machine = FleetMachine::new(BotLimits {
        backoff_min: Millis::from_secs(1),
        backoff_max: Millis::from_secs(10),
        restarts_max: 2,
        restarts_window: Millis::from_secs(60),
        probe_every: Millis::from_secs(100),
    });
    let tokens = [(agent(), Fingerprint::new([1; 16]))].into();
    let started = machine.plan(&FleetMessage::Look { gone: BTreeSet::new(), tokens }, now);
    assert_eq!(machine.apply(started).len(), 2);

    let news = BotNews::Ended(BotEnd::Failed(SAID.to_owned()));
    let report = FleetMessage::Report { tenant: agent(), run: 1, news, draw: 7 };
    let outcome = Some(Verdict::Planned(machine.plan(&report, now)));
    let entry = Entry { id: None, message: Message::Fleet(report), outcome };
    let names = Pseudonyms::new(&SeededRandom::new(1));
    let mut written = Vec::new();
    line::write(&entry.into_record(1, now, Actor::Supervisor), &names, &mut written)
        .expect("a record can be written");
    let text = String::from_utf8(written).expect("JSON is UTF-8");
    for part in ["Qzjx", "Kontor", "Olga", "disk", "17 "] {
        assert!(!text.contains(part), "{part}: {text}");
    }
    let told: Record = serde_json::from_str(&text).expect("it reads back");
    let Message::Fleet(message) = &told.message else { panic!("{text}") };
    assert_eq!(told.outcome, Some(Verdict::Planned(machine.plan(message, now))));
}
