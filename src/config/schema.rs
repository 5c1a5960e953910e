//! Which keys exist and of which kind each is: read from `config/default.toml`, so never out of
//! step with it.

use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// The embedded default file.
pub const DEFAULT: &str = include_str!("../../config/default.toml");

/// Lists of numbers; an empty list in the default file cannot say so itself.
const NUMBER_LISTS: [&str; 1] = ["admins"];

/// What a value is, as TOML writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `[section]`
    Section,
    /// `true` or `false`
    Flag,
    /// `12`
    Whole,
    /// `"text"`
    Text,
    /// `[1, 2]`
    Wholes,
    /// `["a", "b"]`
    Texts,
    /// `[]`
    Empty,
    /// Everything that no key takes: floats, dates, mixed lists.
    Other,
}

impl Kind {
    /// Whether a key of this kind takes a value of kind `found`.
    pub(super) fn takes(self, found: Self) -> bool {
        self == found || (found == Self::Empty && matches!(self, Self::Wholes | Self::Texts))
    }

    /// What a person is told that a key of this kind must be.
    pub(super) const fn described(self) -> &'static str {
        match self {
            Self::Section => "a section",
            Self::Flag => "true or false",
            Self::Whole => "a whole number",
            Self::Text => "a text in quotes",
            Self::Wholes => "a list of whole numbers",
            Self::Texts => "a list of texts in quotes",
            Self::Empty => "an empty list",
            Self::Other => "something else",
        }
    }

    fn of(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::Table(_) => Self::Section,
            DeValue::Boolean(_) => Self::Flag,
            DeValue::Integer(_) => Self::Whole,
            DeValue::String(_) => Self::Text,
            DeValue::Float(_) | DeValue::Datetime(_) => Self::Other,
            DeValue::Array(items) => {
                let all = |kind| items.iter().all(|item| Self::of(item.get_ref()) == kind);
                match items.is_empty() {
                    true => Self::Empty,
                    false if all(Self::Whole) => Self::Wholes,
                    false if all(Self::Text) => Self::Texts,
                    false => Self::Other,
                }
            }
        }
    }
}

/// One key of a file, a section's own name included.
#[derive(Debug)]
pub(super) struct Entry {
    /// `shop.zone`, or `shop` for the section.
    pub(super) key: String,
    pub(super) kind: Kind,
    /// The line of the key, counted from 1.
    pub(super) line: usize,
}

/// Why a file is no TOML, and the line; the message quotes nothing of the file.
pub(super) struct NotToml {
    pub(super) line: usize,
    pub(super) message: String,
}

/// The keys of a TOML text in the order they are written.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, NotToml> {
    let table = DeTable::parse(text).map_err(|error| NotToml {
        line: line_at(text, error.span()),
        message: error.message().to_owned(),
    })?;
    let mut found = Vec::new();
    collect(text, "", table.get_ref(), &mut found);
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, entry)| entry).collect())
}

/// The keys of the default file, sections included, in its order.
///
/// # Panics
/// Never: the default file is part of the program and a test reads it.
pub(super) fn known() -> Vec<Entry> {
    let mut known = entries(DEFAULT).ok().expect("the embedded default is TOML");
    for entry in &mut known {
        if entry.kind == Kind::Empty {
            let numbers = NUMBER_LISTS.contains(&entry.key.as_str());
            entry.kind = if numbers { Kind::Wholes } else { Kind::Texts };
        }
    }
    known
}

/// Goes one table deep: a table in a section is a value of a wrong kind.
fn collect(text: &str, section: &str, table: &DeTable<'_>, found: &mut Vec<(usize, Entry)>) {
    for (name, value) in table {
        let key = match section {
            "" => name.get_ref().to_string(),
            section => format!("{section}.{}", name.get_ref()),
        };
        let line = line_at(text, Some(name.span()));
        let kind = Kind::of(value.get_ref());
        found.push((name.span().start, Entry { key: key.clone(), kind, line }));
        if let (DeValue::Table(inner), "") = (value.get_ref(), section) {
            collect(text, &key, inner, found);
        }
    }
}

fn line_at(text: &str, span: Option<Range<usize>>) -> usize {
    let end = span.map_or(0, |span| span.start).min(text.len());
    1 + text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count()
}
