//! Rules for what people read: the bots' texts, the documents, the comments of the configuration.

use super::Rule;
use super::tree::Tree;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// Folder or file stem of the bots' texts, one a language.
const LANGUAGES: [&str; 2] = ["config/text/en", "config/text/zh"];

pub(super) const RULES: [Rule; 3] = [
    Rule {
        name: "both languages say the same",
        check: unequal_texts,
        good: &[
            ("config/text/en/a.toml", "[a]\nb = \"{n} of {m}\"\n"),
            ("config/text/zh/a.toml", "[a]\nb = \"{m} 中 {n}\"\n"),
        ],
        bad: &[
            &[("config/text/en.toml", "a = \"b\""), ("config/text/zh.toml", "")],
            &[("config/text/en.toml", ""), ("config/text/zh.toml", "a = \"b\"")],
            &[("config/text/en.toml", "a = \"{n}\""), ("config/text/zh.toml", "a = \"{m}\"")],
            &[("config/text/en.toml", "a = 1"), ("config/text/zh.toml", "a = \"1\"")],
        ],
    },
    Rule {
        name: "every link of a document leads somewhere",
        check: dead_links,
        good: &[
            (
                "docs/a.md",
                "[b](b.md#c), [d](../src/d.rs), [e](https://example.org), [f](#f), [g](h/)",
            ),
            ("docs/b.md", ""),
            ("docs/h/i.md", "![j](../a.md)"),
            ("src/d.rs", "let a = [b](c);"),
        ],
        bad: &[
            &[("docs/a.md", "[b](b.md)")],
            &[("README.md", "[b](../README.md)")],
            &[("docs/h/i.md", "[a](a.md)"), ("docs/a.md", "")],
        ],
    },
    Rule {
        name: "every configuration key is explained",
        check: unexplained_keys,
        good: &[(
            "config/default.toml",
            "# a\n\n# The key. Default: 1.\na = 1\n\n[b]\n# c\n# d\ne = 2\n",
        )],
        bad: &[
            &[("config/default.toml", "# a\n\na = 1\n")],
            &[("config/default.toml", "[a]\n# b\nb = 1\nc = 2\n")],
        ],
    },
];

/// Keys and placeholders of one language.
type Texts = BTreeMap<String, BTreeSet<String>>;

fn unequal_texts(tree: &Tree) -> Vec<String> {
    let [en, zh] = LANGUAGES.map(|language| texts(tree, language));
    let keys: BTreeSet<&String> = en.keys().chain(zh.keys()).collect();
    keys.into_iter()
        .filter(|key| en.get(*key) != zh.get(*key))
        .map(|key| format!("{key}: en {:?}, zh {:?}", en.get(key), zh.get(key)))
        .collect()
}

fn texts(tree: &Tree, language: &str) -> Texts {
    let mut texts = Texts::new();
    let of_language = |path: &str| {
        let rest = path.strip_prefix(language).and_then(|rest| rest.strip_suffix(".toml"));
        rest.filter(|rest| rest.is_empty() || rest.starts_with('/')).map(str::to_owned)
    };
    for file in tree.files() {
        let Some(name) = of_language(&file.path) else { continue };
        let table: toml::Table = file.text.parse().unwrap_or_else(|e| panic!("{}: {e}", file.path));
        flatten(&name, &toml::Value::Table(table), &mut texts);
    }
    texts
}

fn flatten(key: &str, value: &toml::Value, texts: &mut Texts) {
    match value {
        toml::Value::Table(table) => {
            for (name, value) in table {
                flatten(&format!("{key}.{name}"), value, texts);
            }
        }
        toml::Value::String(text) => {
            let pattern = Regex::new(r"\{[a-z_0-9]+\}").expect("a constant");
            let names = pattern.find_iter(text).map(|found| found.as_str().to_owned());
            texts.insert(key.to_owned(), names.collect());
        }
        other => {
            texts.insert(key.to_owned(), BTreeSet::from([format!("not a text: {other}")]));
        }
    }
}

fn dead_links(tree: &Tree) -> Vec<String> {
    let pattern = Regex::new(r"\]\(([^)\s]+)\)").expect("a constant");
    let mut dead = Vec::new();
    for file in tree.files().filter(|file| file.path.ends_with(".md")) {
        for link in pattern.captures_iter(&file.text) {
            let target = link[1].split('#').next().unwrap_or_default();
            let outside =
                target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !outside && !joined(&file.path, target).is_some_and(|path| tree.has(&path)) {
                dead.push(format!("{} links to {target}", file.path));
            }
        }
    }
    dead
}

/// Where `link` in the file `from` leads; nowhere when it leaves the repository.
fn joined(from: &str, link: &str) -> Option<String> {
    let mut at: Vec<&str> = from.split('/').collect();
    at.pop();
    for step in link.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(at.pop()?),
            name => at.push(name),
        }
    }
    Some(at.join("/"))
}

fn unexplained_keys(tree: &Tree) -> Vec<String> {
    let Some(file) = tree.file("config/default.toml") else { return Vec::new() };
    let lines: Vec<&str> = file.text.lines().collect();
    let is_key =
        |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(" = ");
    (0..lines.len())
        .filter(|at| is_key(lines[*at]) && (*at == 0 || !lines[at - 1].starts_with('#')))
        .map(|at| lines[at].to_owned())
        .collect()
}
