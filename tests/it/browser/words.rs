//! What the bots say, read from the files they read it from.

use regex::Regex;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The texts of one language.
pub(super) struct Words {
    /// `en` or `zh`.
    pub(super) language: &'static str,
    texts: BTreeMap<String, String>,
}

impl Words {
    /// The texts of `config/text/<language>/`.
    pub(super) fn of(language: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/text").join(language);
        let mut texts = BTreeMap::new();
        for file in fs::read_dir(folder).expect("a folder of texts").flatten() {
            let text = fs::read_to_string(file.path()).expect("a text file");
            let table: BTreeMap<String, String> = toml::from_str(&text).expect("a table of texts");
            texts.extend(table);
        }
        Self { language, texts }
    }

    /// A label, or a text without places to fill in, as it is read.
    pub(super) fn say(&self, key: &str) -> String {
        self.fill(key, &[])
    }

    /// A text with its places filled in, as it is read: without tags, on one line.
    pub(super) fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        let tags = Regex::new("<[^>]+>").expect("a constant");
        let mut text = tags.replace_all(&self.texts[key], "").into_owned();
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        assert!(!text.contains('{'), "{key} has more to fill in: {text}");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
