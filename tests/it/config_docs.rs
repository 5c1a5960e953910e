//! `docs/configuration.md` is made from `config/default.toml`, here.
//!
//! When the two differ the test writes the document anew and fails once: look at it and commit it.

use shopfleet::config::DEFAULT;
use std::fmt::Write;
use std::path::Path;

/// One key as the default file explains it.
struct Key {
    section: String,
    name: String,
    default: String,
    /// The comment above it, in one line.
    meaning: String,
}

impl Key {
    fn full(&self) -> String {
        if self.section.is_empty() {
            self.name.clone()
        } else {
            format!("{}.{}", self.section, self.name)
        }
    }
}

#[test]
fn the_document_is_what_the_default_file_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let document = document(&keys(DEFAULT));
    if std::fs::read_to_string(&path).ok().as_ref() != Some(&document) {
        std::fs::write(&path, document).unwrap();
        panic!("docs/configuration.md was out of date and is written anew: look at it, commit it");
    }
}

#[test]
fn every_comment_names_the_default() {
    for key in keys(DEFAULT) {
        let said = match key.default.trim_matches('"') {
            "" | "[]" => "Default: no".to_owned(),
            value => format!("Default: {value}."),
        };
        assert!(key.meaning.contains(&said), "{}: the comment lacks `{said}`", key.full());
    }
}

#[test]
fn every_variable_of_the_example_is_a_key() {
    let example = include_str!("../../.env.example");
    let known: Vec<String> = keys(DEFAULT).iter().map(variable).collect();
    let names: Vec<&str> = example
        .lines()
        .filter_map(|line| line.trim_start_matches(['#', ' ']).split_once('='))
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("SHOPFLEET__"))
        .collect();
    assert!(names.len() >= 4, "{names:?}");
    for name in names {
        assert!(known.iter().any(|key| key == name), "{name} is no key");
    }
}

fn keys(text: &str) -> Vec<Key> {
    let (mut keys, mut section, mut comment) = (Vec::new(), String::new(), Vec::new());
    for line in text.lines() {
        if let Some(words) = line.strip_prefix('#') {
            comment.push(words.trim());
        } else if let Some((name, default)) = line.split_once(" = ") {
            let meaning = comment.join(" ");
            let (name, default) = (name.to_owned(), default.to_owned());
            keys.push(Key { section: section.clone(), name, default, meaning });
            comment.clear();
        } else {
            comment.clear();
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').to_owned();
            }
        }
    }
    keys
}

fn variable(key: &Key) -> String {
    format!("SHOPFLEET__{}", key.full().to_uppercase().replace('.', "__"))
}

fn document(keys: &[Key]) -> String {
    let mut out = HEAD.to_owned();
    let mut section = None;
    for key in keys {
        if section != Some(&key.section) {
            let title = if key.section.is_empty() { "Top level" } else { &key.section };
            let _ =
                write!(out, "\n## {title}\n\n| key | default | meaning |\n| --- | --- | --- |\n");
            section = Some(&key.section);
        }
        // The default has a column of its own, unless its sentence says more.
        let plain = format!(" Default: {}.", key.default.trim_matches('"'));
        let meaning = key.meaning.strip_suffix(&plain).unwrap_or(&key.meaning);
        let _ = writeln!(out, "| `{}` | `{}` | {meaning} |", key.full(), key.default);
    }
    out
}

const HEAD: &str = "\
# Configuration

Made from `config/default.toml` by a test; edit that file, not this one.

Layers, the later one wins: the default, the file named by `--config`, the environment. The key
`shop.zone` is the variable `SHOPFLEET__SHOP__ZONE`, in the environment of the process or in a file
`.env` in the working directory (the process wins); lists take commas and an empty variable counts as not
set. Nothing else is read from the environment.

`shopfleet config check` says whether the configuration is right, `config show` prints every value
in force and where it comes from, `config diff` what differs from the default. All three take
`--config FILE`; secrets are shown as `<set>`. What is wrong is told with file and line, or the
variable, and the nearest valid key, all of it at once; the exit code is then 2.
";
