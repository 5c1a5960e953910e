//! The rule that keeps traces silent: every text in a type that a trace can hold says what it is.

use super::Rule;
use super::tree::{Source, Tree};
use regex::Regex;

/// Where those types are.
const TYPES: [&str; 2] = ["src/domain/", "src/trace/record.rs"];

/// Files there whose types are in no trace: documents of a store, what an audit says, an admin's list.
const ELSEWHERE: [&str; 3] =
    ["src/domain/chronicle.rs", "src/domain/invariant/", "src/domain/set_aside.rs"];

/// Texts that tell nothing of anybody, each with its reason.
const PLAIN: [(&str, &str); 4] = [
    // One of our own words for a command, never a person's.
    ("src/domain/ledger/command.rs", "what: String,"),
    // The program's version.
    ("src/trace/record.rs", "pub program: String,"),
    // Ciphertext lives in its document; no message and no fact holds it.
    ("src/domain/sealed.rs", "pub struct Sealed(String);"),
    // Ids: their alphabets are their own, and machines order by them.
    ("src/domain/id.rs", ""),
];

/// Types that serialise under a name of their own.
const NAMED: [&str; 2] = ["pub struct Txid(String);", "pub struct WalletAddress(String);"];

/// A field, or what a variant or a tuple struct holds.
const TEXT: &str = r"^\s*((pub(\([a-z:\s]+\))? )?[a-z_]+: ([A-Za-z:]+<)*(String|(Arc|Box)<str>|Cow<.*str>)>*,|(pub struct )?[A-Z]\w*\((pub )?([A-Za-z:]+<)*(String|(Arc|Box)<str>)>*\)[,;])$";

pub(super) const RULES: [Rule; 1] = [Rule {
    name: "every text that a trace can hold says what it is",
    check: silent_texts,
    good: &[
        (
            "src/domain/a.rs",
            "pub struct A {\n    #[serde(serialize_with = \"crate::domain::words::serialize\")]\n    \
             pub name: String,\n    pub count: u32,\n}\npub struct Txid(String);",
        ),
        ("src/domain/chronicle.rs", "    pub reason: String,"),
        ("src/actors/a.rs", "    what: String,"),
    ],
    bad: &[
        &[("src/domain/a.rs", "    /// Its name.\n    pub name: String,")],
        &[("src/domain/a/b.rs", "    name: Option<String>,")],
        &[("src/domain/a.rs", "    Named(String),")],
        &[("src/domain/a.rs", "pub struct Title(Arc<str>);")],
        &[("src/trace/record.rs", "    words: Vec<String>,")],
    ],
}];

fn silent_texts(tree: &Tree) -> Vec<String> {
    let text = Regex::new(TEXT).expect("a constant");
    tree.rust().filter(|file| is_told(file)).flat_map(|file| silent(file, &text)).collect()
}

fn is_told(file: &Source) -> bool {
    let among = |paths: &[&str]| paths.iter().any(|path| file.path.starts_with(path));
    among(&TYPES) && !among(&ELSEWHERE) && !file.is_test()
}

fn silent(file: &Source, text: &Regex) -> Vec<String> {
    let code = file.code();
    let mut before = "";
    let mut found = Vec::new();
    for line in code.lines() {
        let is_plain =
            PLAIN.iter().any(|(path, plain)| file.path == *path && line.ends_with(plain));
        let says = before.contains("words::serialize") || NAMED.contains(&line);
        if text.is_match(line) && !says && !is_plain {
            found.push(format!("{}: {}", file.path, line.trim()));
        }
        before = line;
    }
    found
}
