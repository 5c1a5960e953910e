//! The store rebuilt from its journal: a good one is equal, and whatever is changed in a table, in
//! the journal or in what a command is said to have caused is the first difference.

use super::day::{business, documents, shop};
use super::{Stored, stored};
use crate::kit::{CUSTOMER, agents_shop};
use crate::store::{Disk, PRODUCT, World, file};
use shopfleet::audit::rebuild::{Difference, Rebuilt};
use shopfleet::domain::event::{CoreCommand, Event};
use shopfleet::domain::id::TenantId;
use shopfleet::domain::ledger::{Account, Rules};
use shopfleet::domain::money::Money;
use shopfleet::domain::time::Millis;
use shopfleet::store::batch::BatchEntry;
use shopfleet::store::journal::ChainError;
use std::collections::BTreeSet;
use std::path::Path;

fn rebuilt(stored: &Stored, rules: Rules) -> Rebuilt {
    let mut rebuilt = Rebuilt::new(rules);
    for record in &stored.records {
        if rebuilt.difference.is_none() {
            rebuilt.record(record);
        }
    }
    rebuilt.compare(&stored.head, &stored.documents);
    rebuilt
}

#[test]
fn a_good_store_is_what_its_journal_makes() {
    let entries = business();
    let again = rebuilt(&stored(&entries), Rules::standard());
    assert_eq!(again.difference, None);
    let counts = again.counts();
    assert_eq!(counts.decided, u64::try_from(entries.len()).unwrap());
    assert_eq!((counts.under_other_numbers, counts.only_applied), (0, 0));
    assert_eq!(again.documents, documents(&entries));
    assert_eq!(again.machines.ledger().tenants().len(), 3);
}

#[test]
fn numbers_that_were_changed_since_are_no_difference() {
    let rules = Rules {
        withdrawal_min: Money::whole(100),
        withdrawal_fee: Money::whole(2),
        owner_link_ttl: Millis::from_hours(1),
        maturity: Millis::from_hours(1),
        markup_percent_max: 10,
        quantity_max: 1,
        ..Rules::standard()
    };
    let again = rebuilt(&stored(&business()), rules);
    assert_eq!(again.difference, None);
    assert_eq!(again.counts().under_other_numbers, 7, "two agents, one markup, four withdrawals");
}

#[test]
fn a_changed_byte_and_a_changed_table_are_the_first_difference() {
    let mut broken = stored(&business());
    broken.records[4].bytes[100] ^= 1;
    let first = rebuilt(&broken, Rules::standard()).difference;
    assert_eq!(first, Some(Difference::Chain(ChainError::Hash { seq: 5 })));

    let mut short = stored(&business());
    short.records.pop();
    let first = rebuilt(&short, Rules::standard()).difference;
    assert!(matches!(first, Some(Difference::End { .. })), "{first:?}");

    let mut foreign = stored(&business());
    let account = Account::Customer(shop("a1"), 7.to_string().parse().unwrap());
    *foreign.documents.balances.get_mut(&account).unwrap() = "1.01".parse().unwrap();
    let first = rebuilt(&foreign, Rules::standard()).difference.unwrap();
    assert_eq!(first.to_string(), "accounts/customer/agent:a1/7: differs in its value");
}

/// Fields whose value is taken from the facts themselves, because the journal does not say where they
/// come from: terms of the promise that an order redeemed, numbers of the configuration, and when a
/// command with a single time in its facts was decided. A changed table shows them all.
const FROM_THE_FACTS: [&str; 6] = ["base", "mature_at", "fee", "expires_at", "at", "created_at"];

#[test]
fn one_changed_digit_of_a_fact_is_decided_otherwise() {
    let entries = business();
    let (mut found, mut missed) = (0, BTreeSet::new());
    for place in 0..entries.len() {
        let text = serde_json::to_string(&entries[place].events).unwrap();
        for (at, digit) in text.char_indices().filter(|(_, char)| char.is_ascii_digit()).step_by(5)
        {
            let next = char::from_digit((digit.to_digit(10).unwrap() + 1) % 10, 10).unwrap();
            let mut changed = text.clone();
            changed.replace_range(at..=at, &next.to_string());
            let Ok(events) = serde_json::from_str::<Vec<Event>>(&changed) else { continue };
            if events == entries[place].events {
                continue;
            }
            let mut forged = entries[..=place].to_vec();
            forged[place].events = events;
            match first_decision(&forged) {
                Some(command) => {
                    assert_eq!(command, forged[place].command);
                    found += 1;
                }
                None => {
                    missed.insert(field_at(&text, at).to_owned());
                }
            }
        }
    }
    assert!(found > 300, "only {found} digits were found");
    missed.retain(|field| !FROM_THE_FACTS.contains(&field.as_str()));
    assert!(missed.is_empty(), "changed digits are not found in {missed:?}");
}

/// The command that is decided otherwise, with machines alone: tables would show it as well.
fn first_decision(entries: &[BatchEntry]) -> Option<CoreCommand> {
    let (_, records) = super::write(entries);
    let mut again = Rebuilt::new(Rules::standard());
    for record in &records {
        again.record(record);
        if let Some(Difference::Decision(differs)) = again.difference {
            return Some(differs.command);
        }
    }
    None
}

/// The name before the value at this place.
fn field_at(text: &str, at: usize) -> &str {
    text[..at].rsplit("\":").nth(1).and_then(|before| before.rsplit('"').next()).unwrap_or("")
}

/// A store in a file: two shops, and a purchase in each.
async fn store_in_a_file() -> World {
    let mut world = World::with_shop(Disk::sqlite(), 5).await;
    for tenant in [TenantId::Master, agents_shop()] {
        let (_, entry) = world.kit.buy(&tenant, CUSTOMER, PRODUCT, 2).unwrap();
        world.write(vec![entry], Vec::new()).await;
    }
    world
}

fn shell(config: &Path, line: &str) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut io = shopfleet::cli::Io { input: &mut std::io::empty(), out: &mut out, err: &mut err };
    let config = config.display().to_string();
    let words = line.split(' ').map(|word| if word == "FILE" { &config } else { word });
    let code = shopfleet::cli::run(std::iter::once("shopfleet").chain(words), &mut io);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn the_command_rebuilds_a_store_in_a_file() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let World { disk, store, .. } = runtime.block_on(store_in_a_file());
    // The file is free when its last holder lets go.
    drop((store, runtime));
    let Disk::Sqlite(folder) = &disk else { panic!("it is in a file") };
    let (path, config) = (file(folder), folder.path().join("shop.toml"));
    std::fs::write(&config, format!("[store]\nurl = \"sqlite:{}\"\n", path.display())).unwrap();
    let (code, out, err) = shell(&config, "replay --from-store --config FILE");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.ends_with("every journalled table is what the journal makes of it\n"), "{out}");
    let (code, out, _) =
        shell(&config, "replay --from-store --config FILE --until 2 --state --json");
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, document["head"]["seq"].as_u64()), (0, Some(2)));
    assert!(document["state"]["ledger"]["tenants"]["agent:a1"].is_object(), "{out}");

    let writer = rusqlite::Connection::open(&path).unwrap();
    let changed = writer.execute("UPDATE accounts SET balance = balance + 1 WHERE balance > 0", []);
    assert!(changed.unwrap() > 0);
    drop(writer);
    let (code, out, err) = shell(&config, "replay --from-store --config FILE");
    assert_eq!((code, err.as_str()), (1, "the store is not what its journal makes\n"));
    assert!(out.contains("first difference: accounts/"), "{out}");
}
