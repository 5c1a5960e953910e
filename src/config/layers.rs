//! The three layers, laid over one another by the `config` crate: default, file, environment.
//!
//! That crate would take `1.5` for a whole number and `yes` for a user id, and cannot name a line.
//! So names and kinds are checked here first, and where each value came from is kept for the faults
//! that are found later.

use super::environment::{Environment, PREFIX};
use super::fault::{Fault, Faults, Place};
use super::schema::{DEFAULT, Entry, Kind, entries, known};
use config::{File, FileFormat, Value, ValueKind};
use std::collections::BTreeMap;
use std::path::Path;

/// Under this likeness (0 to 1) a wrong key is nothing like the nearest valid one.
const LIKENESS_MIN: f64 = 0.4;

/// The layers laid over one another, and where each value that is not a default was written.
#[derive(Clone)]
pub(super) struct Layers {
    pub(super) merged: config::Config,
    places: BTreeMap<String, Place>,
}

impl Layers {
    /// Reads and lays over one another the default, `file` if there is one, and `environment`.
    pub(super) fn read(file: Option<&Path>, environment: &Environment) -> Result<Self, Faults> {
        let known = known();
        let mut faults = Vec::new();
        let mut places = BTreeMap::new();
        let mut builder =
            config::Config::builder().add_source(File::from_str(DEFAULT, FileFormat::Toml));
        if let Some(file) = file {
            let path = file.display().to_string();
            let text = std::fs::read_to_string(file).map_err(|error| {
                Fault::new(Place::Path(path.clone()), format!("cannot be read: {}", error.kind()))
            })?;
            check_file(&path, &text, &known, &mut places, &mut faults)?;
            builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
        }
        let mut overrides = Vec::new();
        for (name, place, text) in environment.iter() {
            match variable(name, text, &known) {
                Ok((key, value)) => {
                    places.insert(key.clone(), place.clone());
                    overrides.push((key, value));
                }
                Err(sentence) => faults.push(Fault::new(place.clone(), sentence)),
            }
        }
        Faults::none_of(faults)?;
        for (key, value) in overrides {
            builder = builder
                .set_override(&key, Value::new(None, value))
                .map_err(|_| Fault::new(Place::Variable(key), "is no key"))?;
        }
        // Every layer has been read as TOML and its names checked: what is left is a wrong default.
        let merged =
            builder.build().map_err(|error| Fault::new(Place::Default, error.to_string()))?;
        Ok(Self { merged, places })
    }

    /// Where the value of `key` was written.
    pub(super) fn place(&self, key: &str) -> Place {
        self.places.get(key).cloned().unwrap_or(Place::Default)
    }

    /// A fault of the value of `key`.
    pub(super) fn fault(&self, key: &str, sentence: &str) -> Fault {
        Fault::new(self.place(key), format!("`{key}` {sentence}"))
    }
}

/// Checks the names and kinds of a file and remembers its places.
fn check_file(
    path: &str,
    text: &str,
    known: &[Entry],
    places: &mut BTreeMap<String, Place>,
    faults: &mut Vec<Fault>,
) -> Result<(), Fault> {
    let place = |line| Place::File { path: path.to_owned(), line };
    let found = entries(text).map_err(|error| {
        Fault::new(place(error.line), format!("is not TOML: {}", error.message))
    })?;
    let is_known = |key: &str| known.iter().any(|entry| entry.key == key);
    for Entry { key, kind, line } in found {
        let section = key.split_once('.').map(|(section, _)| section);
        if section.is_some_and(|section| !is_known(section)) {
            continue; // The section has been reported.
        }
        match known.iter().find(|entry| entry.key == key) {
            Some(entry) if entry.kind.takes(kind) => {
                places.insert(key, place(line));
            }
            Some(entry) => {
                let must = entry.kind.described();
                faults.push(Fault::new(place(line), format!("`{key}` must be {must}")));
            }
            None => {
                let what = if kind == Kind::Section { "section" } else { "key" };
                let hint = nearest(&key, kind == Kind::Section, known)
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                faults.push(Fault::new(place(line), format!("unknown {what} `{key}`{hint}")));
            }
        }
    }
    Ok(())
}

/// The key and the value that a variable means.
fn variable(name: &str, text: &str, known: &[Entry]) -> Result<(String, ValueKind), String> {
    let key = name[PREFIX.len()..].split("__").collect::<Vec<_>>().join(".").to_lowercase();
    let canonical = |key: &str| format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"));
    let is_value = |entry: &&Entry| entry.kind != Kind::Section && canonical(&entry.key) == name;
    let Some(entry) = known.iter().find(is_value) else {
        let hint = nearest(&key, false, known)
            .map_or_else(String::new, |near| format!("; did you mean {}?", canonical(near)));
        return Err(format!("unknown key `{key}`{hint}"));
    };
    let items = || text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let list = |kinds: Vec<ValueKind>| {
        ValueKind::Array(kinds.into_iter().map(|kind| Value::new(None, kind)).collect())
    };
    let whole = |text: &str| text.trim().parse::<i64>().ok().map(ValueKind::I64);
    let value = match entry.kind {
        Kind::Flag => text.trim().parse().ok().map(ValueKind::Boolean),
        Kind::Whole => whole(text),
        Kind::Text => Some(ValueKind::String(text.to_owned())),
        Kind::Wholes => items().map(whole).collect::<Option<Vec<_>>>().map(list),
        Kind::Texts => Some(list(items().map(|item| ValueKind::String(item.to_owned())).collect())),
        Kind::Section | Kind::Empty | Kind::Other => None,
    };
    match value {
        Some(value) => Ok((key, value)),
        None if entry.kind == Kind::Wholes => {
            Err(format!("`{key}` must be whole numbers with commas between them"))
        }
        None => Err(format!("`{key}` must be {}", entry.kind.described())),
    }
}

/// The known key (or section) that `wrong` was probably meant to be.
fn nearest<'a>(wrong: &str, section: bool, known: &'a [Entry]) -> Option<&'a str> {
    known
        .iter()
        .filter(|entry| (entry.kind == Kind::Section) == section)
        .map(|entry| (strsim::normalized_damerau_levenshtein(wrong, &entry.key), &*entry.key))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, key)| key)
}
