//! Stock by lines: blank, doubled and present ones are reported by number, the rest is accepted.

use super::seat::Seat;
use super::world::{ANNA, World};

/// Four good lines among five that are not: OLD-1 is sold, OLD-2 is on the shelf.
const LINES: &str = "NEW-1\n\nNEW-1\nOLD-1\n  \nNEW-2\nOLD-2\nNEW-2 \nNEW-3";
const REPORT: [&str; 4] = [
    "Added: 3",
    "Blank, line no. 2, 5",
    "Repeated within the upload, line no. 3, 8",
    "In stock or sold already, line no. 4, 7",
];

#[tokio::test]
async fn bad_lines_are_reported_by_number_and_the_rest_is_accepted() {
    let mut world = World::open().await;
    world.open_shelf("Keys", "Key", "10", &["OLD-1", "OLD-2"]).await;
    world.credit("master", ANNA, "10").await;
    let mut anna = world.seat(super::world::MASTER, ANNA).greet().await;
    anna.say("/buy prd_1 1").await;
    anna.expect("Total: 10.00 USDT").await;
    anna.tap("Confirm").await;
    anna.expect("OLD-1").await;

    let mut admin = world.admin();
    admin.say(&format!("/stock_add prd_1\n{LINES}")).await;
    check(&admin, &REPORT).await;
    check_count(&mut admin, 4).await;
    // Everything of it is present now.
    admin.say("/stock_add prd_1").await;
    admin.expect("please send the goods, one item per line").await;
    admin.say("NEW-1\nNEW-2\nNEW-3").await;
    check(&admin, &["Added: 0", "In stock or sold already, line no. 1–3"]).await;
    check_count(&mut admin, 4).await;
    // As a document with Windows' line ends and a byte order mark.
    let text = "\u{feff}FILE-1\r\n\r\nFILE-1\r\nNEW-1\r\nFILE-2\r\n";
    admin.send("keys.txt", text.as_bytes(), "/stock_add prd_1").await;
    let report = [
        "Added: 2",
        "Blank, line no. 2",
        "Repeated within the upload, line no. 3",
        "In stock or sold already, line no. 4",
    ];
    check(&admin, &report).await;
    check_count(&mut admin, 6).await;
    // Documents that hold no lines.
    let before = world.business();
    for (name, bytes, answer) in [
        ("keys.txt", &b" \n \n"[..], "The file is empty"),
        ("keys.txt", &b"\xff\xfe\x00K"[..], "a .txt document in UTF-8"),
        ("keys.pdf", &b"KEY"[..], "a .txt document in UTF-8"),
    ] {
        admin.send(name, bytes, "/stock_add prd_1").await;
        admin.expect(answer).await;
    }
    assert_eq!(world.business(), before);
    world.fleet.stop_and_audit().await;
}

async fn check(admin: &Seat, report: &[&str]) {
    let said = admin.expect("Added:").await;
    for line in report {
        assert!(said.contains(line), "{line:?} is not in {said:?}");
    }
    assert_eq!(said.lines().filter(|line| !line.is_empty()).count(), report.len(), "{said}");
}

async fn check_count(admin: &mut Seat, count: u32) {
    admin.say("/goods").await;
    admin.expect("Pick a category").await;
    admin.tap("Keys").await;
    admin.expect("cat_1").await;
    admin.tap("Key").await;
    admin.expect(&format!("In stock: {count}\n")).await;
}
