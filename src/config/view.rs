//! The configuration in force as `config show` and `config diff` print it: secrets as `<set>`.

use super::layers::Layers;
use super::schema::{Kind, known};
use crate::store::mongo::MongoUrl;
use config::{Value, ValueKind};
use std::fmt::Write;

/// Keys whose values are never printed.
const SECRETS: [&str; 2] = ["telegram.master_token", "vault.keys"];

/// The key that may hold a password among other things.
const STORE_URL: &str = "store.url";

/// Every key with its value in force, in the order of the default file; TOML that reads back, apart
/// from the secrets.
pub(super) fn show(layers: &Layers) -> String {
    let mut out = String::new();
    for entry in known() {
        if entry.kind == Kind::Section {
            let _ = write!(out, "\n[{}]\n", entry.key);
            continue;
        }
        let name = entry.key.split_once('.').map_or(&*entry.key, |(_, name)| name);
        let value = shown(layers, &entry.key);
        let _ = writeln!(out, "{name} = {value} # {}", layers.place(&entry.key));
    }
    out
}

/// A line for each key whose value differs from the default; empty when none does.
pub(super) fn diff(layers: &Layers, default: &Layers) -> String {
    let mut out = String::new();
    for key in known().into_iter().filter(|entry| entry.kind != Kind::Section).map(|e| e.key) {
        let (ours, theirs) = (value(layers, &key), value(default, &key));
        if ours != theirs {
            let (now, before) = (shown(layers, &key), shown(default, &key));
            let _ = writeln!(out, "{key} = {now} # default {before}; {}", layers.place(&key));
        }
    }
    out
}

fn shown(layers: &Layers, key: &str) -> String {
    let value = value(layers, key);
    let unset = value == "\"\"" || value == "[]";
    if SECRETS.contains(&key) && !unset {
        "\"<set>\"".to_owned()
    } else if key == STORE_URL {
        store_url(layers).unwrap_or(value)
    } else {
        value
    }
}

/// A URI of MongoDB without its credentials and options, which may be secret too; none when it has
/// neither.
fn store_url(layers: &Layers) -> Option<String> {
    let text = layers.merged.get_string(STORE_URL).ok()?;
    let url: MongoUrl = text.parse().ok()?;
    let bare = url.to_string();
    (bare != text)
        .then(|| toml::Value::String(format!("{bare} <and what is not shown>")).to_string())
}

fn value(layers: &Layers, key: &str) -> String {
    layers.merged.get::<Value>(key).map_or_else(|_| String::new(), |value| toml_of(&value.kind))
}

fn toml_of(kind: &ValueKind) -> String {
    match kind {
        ValueKind::String(text) => toml::Value::String(text.clone()).to_string(),
        ValueKind::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| toml_of(&item.kind)).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}
