//! People who write what they like into every field there is. Nothing of it is in the trace, and the
//! trace replays all the same: the same names are taken, the same texts too long.

use super::{check, records};
use crate::kit::{ADMIN, CUSTOMER, OWNER};
use shopfleet::domain::id::UserId;
use shopfleet::domain::time::Millis;
use shopfleet::domain::withdrawal::WithdrawalState;
use shopfleet::sim::{MASTER, World};

/// Where profit is to be paid to, first and later.
const ADDRESSES: [&str; 2] =
    ["TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"];
/// The payment of a withdrawal.
const TXID: &str = "4f3a2b1c4f3a2b1c4f3a2b1c4f3a2b1c4f3a2b1c4f3a2b1c4f3a2b1c4f3aqzjx";

/// What is typed by the admin, and the parts of it that must not be found.
const TYPED: [(&str, &[&str]); 17] = [
    ("/category_add Qzjx <b>&amp;\"Kontrabass\" '); DROP TABLE--", &["Qzjx", "Kontrabass", "DROP"]),
    ("/category_add 奥利维亚的钥匙🔑\u{202e}", &["奥", "维", "钥匙", "🔑"]),
    ("/category_add 奥利维亚的钥匙🔑\u{202e}", &[]),
    (
        "/category_rename cat_1 {\"message\":{\"gap\":0}} Žižkov",
        &["Žižkov", "message\":{\"gap\":0"],
    ),
    ("/product_add cat_1 line 3 Qzjx ﷽ \\u0041\\n Konto", &["Qzjx", "Konto", "﷽", "u0041"]),
    ("/product_rename prd_2 Straße № 5 — ǆ", &["Straße", "№", "ǆ"]),
    (
        "/product_describe prd_2 Frag Olga: olga@example.org\nTel. +49 170 5551234",
        &["Olga", "olga", "example", "5551234"],
    ),
    ("/product_rename prd_2 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &["aaaa"]),
    (
        "/stock_add prd_2\nqzjx-goods-1\nüser:pässwörd:🔥\n{\"login\":\"qzjx\"}",
        &["qzjx-goods", "pässwörd", "login"],
    ),
    ("/credit a1 100 55 Überweisung Qzjx Müller 'null' \\", &["Überweisung", "Müller", "null' "]),
    ("/credit a1 100 5 123456789:AAqzjxAAqzjxAAqzjxAAqzjxAAqzjxAAqzj", &["AAqzjx"]),
    ("/credit a1 100 5 Barzahlung von Krämer", &["Barzahlung", "Krämer"]),
    ("/agent_create qz 123456:notatoken Qzjx", &["notatoken"]),
    ("/agent_pause a1", &[]),
    ("/agent_resume a1", &[]),
    ("/withdraw_list requested", &[]),
    ("/goods", &[]),
];

#[test]
fn nothing_that_somebody_wrote_is_in_the_trace() {
    let mut world = World::new(31).with_shop();
    let mut secrets: Vec<String> = Vec::new();
    for (text, parts) in TYPED {
        say(&mut world, MASTER, ADMIN, text);
        secrets.extend(parts.iter().map(|part| (*part).to_owned()));
    }
    trade(&mut world);
    secrets.extend(ADDRESSES.map(str::to_owned));
    secrets.extend(["Adresse", "Qzjx-Grund", "master_bot", "a1_bot"].map(str::to_owned));
    secrets.extend([TXID.to_owned(), "AAAA-secret".to_owned()]);
    secrets.extend((1..=20).map(|number| format!("KEY-{number:04}")));
    secrets.extend(world.secrets());
    world.check();
    let known = format!("{:?}", world.chronicle());
    for part in [
        "Kontrabass",
        "奥利维亚",
        "Žižkov",
        "Straße",
        "olga@",
        "Müller",
        "Krämer",
        "Qzjx-Grund",
        TXID,
    ] {
        assert!(known.contains(part), "{part} was refused, so it shows nothing");
    }
    let trace = String::from_utf8(world.trace()).expect("JSON is UTF-8");
    for secret in &secrets {
        for form in forms(secret) {
            let found = trace.lines().find(|line| line.contains(&form));
            assert!(found.is_none(), "{secret}: {}", found.unwrap_or_default());
        }
    }
    assert!(
        trace.contains("\"reason\"") && trace.contains("\"txid\"") && trace.contains("\"wallet\"")
    );
    let replayed = check(trace.as_bytes());
    assert!(replayed.counts.decided > 40, "{:?}", replayed.counts);
    let refused = records(trace.as_bytes())
        .into_iter()
        .filter(|record| format!("{:?}", record.outcome).contains("NameTaken"));
    assert_eq!(refused.count(), 1, "the second of two equal names is refused");
}

/// Purchases, wallets and withdrawals, one refused and one paid.
fn trade(world: &mut World) {
    let owner = |world: &mut World, text: &str| say(world, "a1", OWNER, text);
    owner(world, "/start");
    owner(world, "/wallet TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u");
    owner(world, "/markup percent 400");
    tap(world, "1as");
    say(world, "a1", CUSTOMER, "AAAA-secret that nobody asked for");
    for quantity in [1, 2] {
        world.buy("a1", CUSTOMER, quantity);
        world.settle();
    }
    world.wait(Millis::from_hours(49));
    for address in ADDRESSES {
        owner(world, &format!("/wallet {address}"));
        tap(world, "1ax");
        owner(world, "/withdraw 12");
        tap(world, "1ac");
    }
    say(world, MASTER, ADMIN, "/withdraw_reject wdr_1 Qzjx-Grund: Adresse falsch");
    say(world, MASTER, ADMIN, "/withdraw_approve wdr_2");
    say(world, MASTER, ADMIN, &format!("/withdraw_pay wdr_2 {TXID}"));
    let states: Vec<_> = world.chronicle().withdrawals.values().map(|w| w.status.state()).collect();
    assert_eq!(states, [WithdrawalState::Rejected, WithdrawalState::Paid]);
}

/// The owner takes what he was offered.
fn tap(world: &mut World, begins: &str) {
    world.tap("a1", OWNER, begins);
    world.settle();
}

fn say(world: &mut World, shop: &str, user: UserId, text: &str) {
    world.say(shop, user, text);
    world.settle();
}

/// A text as it is, and as it would stand in JSON.
fn forms(secret: &str) -> [String; 2] {
    let json = serde_json::to_string(secret).expect("a text");
    [secret.to_owned(), json.trim_matches('"').to_owned()]
}
