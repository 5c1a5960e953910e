//! The commands `replay`, `trace show` and `trace cut` as a shell calls them.

use super::{as_lines, day};
use std::fs;
use std::path::Path;

/// Exit code, stdout and stderr of one command line; FILE stands for the trace.
fn shell(file: &Path, line: &str) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut io = shopfleet::cli::Io { input: &mut std::io::empty(), out: &mut out, err: &mut err };
    let words = line.split(' ').map(|word| match word {
        "FILE" => file.display().to_string(),
        word => word.to_owned(),
    });
    let code = shopfleet::cli::run(std::iter::once("shopfleet".to_owned()).chain(words), &mut io);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn replay_says_what_it_did_and_exits_accordingly() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.jsonl");
    let lines = as_lines(&day::records(2));
    fs::write(&file, &lines).unwrap();
    let (code, out, err) = shell(&file, "replay FILE");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.ends_with(" messages decided alike\nno divergence\n"), "{out}");

    let (code, out, _) = shell(&file, "replay FILE --state --until 40 --actor ledger --json");
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, document["counts"]["records"].as_u64()), (0, Some(40)));
    assert!(document["state"]["ledger"]["book"].is_object());
    assert!(document["state"]["stock"].is_null());

    let wrong = lines.replace("\"balance\":\"7\"", "\"balance\":\"6\"");
    fs::write(&file, wrong).unwrap();
    let (code, out, err) = shell(&file, "replay FILE");
    assert_eq!(code, 1);
    assert!(out.contains("first divergence at record "), "{out}");
    assert!(err.starts_with("the trace diverges at record "), "{err}");
    let (code, out, _) = shell(&file, "replay FILE --json");
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 1);
    let difference = &document["divergence"]["differences"][0];
    assert_eq!((&difference["expected"], &difference["actual"]), (&"6".into(), &"7".into()));

    fs::write(&file, "{\"v\":9}\n").unwrap();
    for line in ["replay FILE", "trace show FILE", "trace cut FILE --chat 5"] {
        let (code, out, err) = shell(&file, line);
        assert_eq!((code, out.as_str()), (2, ""), "{line}");
        assert!(err.contains("t.jsonl:1: the record has version 9"), "{err}");
    }
    for line in ["replay", "replay no/such/file", "trace cut FILE", "replay FILE --from-store"] {
        assert_eq!(shell(&file, line).0, 2, "{line}");
    }
}

#[test]
fn show_and_cut_follow_one_order() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.jsonl");
    fs::write(&file, as_lines(&day::records(5))).unwrap();
    let order = day::order(3);
    let (code, all, _) = shell(&file, "trace show FILE");
    let (_, mine, _) = shell(&file, &format!("trace show FILE --order {order}"));
    assert_eq!(code, 0);
    assert!(mine.lines().count() < all.lines().count() / 4, "{mine}");
    for told in [
        "503 at agent:a1 -> stock: what do 1 of prd_1 cost? (quo_qa0003) => asked, base price 10",
        "503 at agent:a1 -> stock: buys at quo_qa0003 => hld_",
        "stock (for 503 at agent:a1) -> ledger: place_order",
        "ledger -> stock: hld_",
        "the fleet -> ledger: mark_delivered (order ord_qa0003) => done [delivery_changed]",
        "committer -> everybody: batch ",
    ] {
        assert!(mine.contains(told), "{told:?} is not in\n{mine}");
    }
    let (_, shop, _) = shell(&file, "trace show FILE --tenant agent:a1 --actor ledger");
    assert!(shop.lines().all(|line| line.contains("at agent:a1")), "{shop}");

    let piece = folder.path().join("piece.jsonl");
    let cut = format!("trace cut FILE --order {order} --output {}", piece.display());
    let (code, out, err) = shell(&file, &cut);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(err.ends_with("the piece replays without divergence\n"), "{err}");
    let (code, out, _) = shell(&piece, "replay FILE");
    assert_eq!(code, 0, "{out}");
}
