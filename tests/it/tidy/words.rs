//! Rules that one look at the words of a file decides.
//!
//! The forbidden words are put together from halves here, or this file would break its own rules.

use super::Rule;
use super::tree::Source;
use regex::Regex;

/// No lint is switched off without being expected, no test is switched off at all.
const ATTRIBUTES: &str = r"#!?\[\s*(allow|ignore)\b";

/// What is not built is not there.
const STUBS: &str = r"\b(todo|unimplemented|dbg)!";

/// Unfinished work is an issue, not a comment.
const MARKS: &str = concat!(r"\b(", "TO", "DO|FIX", "ME|XX", r"X)\b");

/// Folders of the machine that something was written on.
const MACHINE_PATHS: &str = r#"(^|[\s"'`(=:,])/(root|home|work|Users)/"#;

/// A test waits for what happens, never for a while.
const SLEEPS: &str = concat!(r"\b(thread|time)::", r"sleep\b");

/// Addresses die with their actor; handles do not.
const ADDRESSES: &str = r"\bactix::(Addr|Recipient)\b|\b(Addr|Recipient)<";

pub(super) const RULES: [Rule; 6] = [
    Rule {
        name: "lints are expected with a reason and tests are never ignored",
        check: |tree| find(tree.rust(), |file| &file.text, ATTRIBUTES),
        good: &[("src/a.rs", "#[expect(dead_code, reason = \"a\")]\n#![forbid(unsafe_code)]")],
        bad: &[
            &[("src/a.rs", concat!("#[al", "low(dead_code)]"))],
            &[("src/a.rs", concat!("#![al", "low(dead_code)]"))],
            &[("tests/it/a.rs", concat!("#[ig", "nore = \"slow\"]"))],
        ],
    },
    Rule {
        name: "no stubs",
        check: |tree| find(tree.rust(), |file| &file.text, STUBS),
        good: &[("src/a.rs", "mastodon!()")],
        bad: &[
            &[("src/a.rs", concat!("fn a() { to", "do!() }"))],
            &[("src/a.rs", concat!("unimple", "mented!()"))],
            &[("src/a.rs", concat!("db", "g!(a)"))],
        ],
    },
    Rule {
        name: "no marks of unfinished work",
        check: |tree| find(tree.files(), |file| &file.text, MARKS),
        good: &[("a.md", "toDo, FIXMENT")],
        bad: &[&[("a.md", concat!("TO", "DO: more"))], &[("a.toml", concat!("# FIX", "ME"))]],
    },
    Rule {
        name: "no path of a machine",
        check: |tree| find(tree.files(), |file| &file.text, MACHINE_PATHS),
        good: &[("a.md", "docs/work/a.md, https://example.org/home/, /var/lib/shopfleet")],
        bad: &[
            &[("a.md", concat!("see /wo", "rk/a"))],
            &[("src/a.rs", concat!("\"/ho", "me/me/a\""))],
            &[(".ci/run", concat!("PATH=/ro", "ot/bin"))],
        ],
    },
    Rule {
        name: "tests do not sleep",
        check: |tree| find(tree.rust(), |file| file.test_code(), SLEEPS),
        good: &[(
            "src/a.rs",
            concat!("time::", "sleep(a);\n#[cfg(test)]\nmod tests { clock.sleep(a) }"),
        )],
        bad: &[
            &[("src/a.rs", concat!("#[cfg(test)]\nmod tests { thread::", "sleep(a) }"))],
            &[("src/a/tests.rs", concat!("tokio::time::", "sleep(a)"))],
            &[("tests/it/a.rs", concat!("tokio::time::", "sleep(a)"))],
        ],
    },
    Rule {
        name: "nobody but an actor's own file holds its address",
        check: |tree| {
            let outside = |file: &&Source| {
                file.path.starts_with("src/") && !file.path.starts_with("src/actors/")
            };
            find(tree.rust().filter(outside), |file| &file.text, ADDRESSES)
        },
        good: &[("src/actors/a.rs", "a: Addr<A>"), ("src/b.rs", "a: SocketAddr, b: MyAddr<C>")],
        bad: &[&[("src/b.rs", "a: Addr<A>")], &[("src/b.rs", "use actix::Recipient;")]],
    },
];

/// A complaint for each line that `pattern` matches in the `part` of each file.
fn find<'a>(
    files: impl Iterator<Item = &'a Source>,
    part: fn(&Source) -> &str,
    pattern: &str,
) -> Vec<String> {
    let pattern = Regex::new(pattern).expect("the patterns are constants");
    files
        .flat_map(|file| part(file).lines().map(|line| (&file.path, line)))
        .filter(|(_, line)| pattern.is_match(line))
        .map(|(path, line)| format!("{path}: {}", line.trim()))
        .collect()
}
