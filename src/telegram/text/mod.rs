//! Everything a bot says, in every language, loaded and checked once at start.
//!
//! The words live in `config/text/{en,zh}/*.toml`, embedded in the binary; the keys live in
//! [`key::Key`] with the names of their placeholders. A key without text, a text without key, or a
//! placeholder that only one side knows stops the program before a customer could see it.

pub(crate) mod key;
mod voice;

pub use voice::Voice;
pub(crate) use voice::escape;

use key::Key;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A language that bots speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// English.
    En,
    /// Chinese, simplified.
    Zh,
}

impl Lang {
    /// All languages, in the order of the language menu.
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// The word of profiles and the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// The language with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.word() == word)
    }

    /// The language of a Telegram `language_code` such as `zh-hans`, if bots speak it.
    pub fn from_code(code: &str) -> Option<Self> {
        let main = code.split(['-', '_']).next().unwrap_or_default();
        Self::from_word(&main.to_ascii_lowercase())
    }

    const fn files(self) -> [(&'static str, &'static str); 6] {
        macro_rules! files {
            ($dir:literal) => {
                [
                    file!($dir, "common"),
                    file!($dir, "shop"),
                    file!($dir, "owner"),
                    file!($dir, "admin"),
                    file!($dir, "refusal"),
                    file!($dir, "notice"),
                ]
            };
        }
        macro_rules! file {
            ($dir:literal, $name:literal) => {{
                const PATH: &str = concat!("config/text/", $dir, "/", $name, ".toml");
                let text =
                    include_str!(concat!("../../../config/text/", $dir, "/", $name, ".toml"));
                (PATH, text)
            }};
        }
        match self {
            Self::En => files!("en"),
            Self::Zh => files!("zh"),
        }
    }
}

/// Why the texts cannot be used. Each names the file or the language and the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Not TOML, or a value that is not text.
    #[error("{file}: {problem}")]
    Unreadable {
        /// Which file.
        file: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A key that the program needs.
    #[error("config/text/{lang}: `{key}` is missing")]
    Missing {
        /// Of which language.
        lang: &'static str,
        /// Which key.
        key: String,
    },
    /// A key that the program does not know, or one that two files give.
    #[error("{file}: `{key}` is unknown or given twice")]
    Unknown {
        /// In which file.
        file: &'static str,
        /// Which key.
        key: String,
    },
    /// The text's placeholders are not the key's.
    #[error("config/text/{lang}: `{key}` must hold exactly {wanted:?}, it holds {found:?}")]
    Placeholders {
        /// Of which language.
        lang: &'static str,
        /// Which key.
        key: String,
        /// What the program fills in.
        wanted: BTreeSet<String>,
        /// What the text has.
        found: BTreeSet<String>,
    },
}

/// All texts in all languages.
#[derive(Clone, Debug)]
pub struct Texts(BTreeMap<(Lang, Key), String>);

impl Texts {
    /// Reads and checks the embedded texts.
    ///
    /// # Errors
    /// The first [`TextError`] found.
    pub fn load() -> Result<Self, TextError> {
        let mut texts = BTreeMap::new();
        for lang in Lang::ALL {
            for (key, text) in language(lang, &lang.files())? {
                texts.insert((lang, key), text);
            }
        }
        Ok(Self(texts))
    }

    /// The words of one key, with its placeholders. Loading made sure that every key has some.
    pub(crate) fn template(&self, lang: Lang, key: Key) -> &str {
        self.0.get(&(lang, key)).map_or("", String::as_str)
    }
}

/// One language's texts from its files, checked against the keys.
fn language(
    lang: Lang,
    files: &[(&'static str, &'static str)],
) -> Result<BTreeMap<Key, String>, TextError> {
    let names: BTreeMap<String, Key> = Key::ALL.iter().map(|key| (key.name(), *key)).collect();
    let mut texts = BTreeMap::new();
    for (file, content) in files {
        let table: BTreeMap<String, String> = toml::from_str(content)
            .map_err(|error| TextError::Unreadable { file, problem: error.to_string() })?;
        for (name, text) in table {
            let known = names.get(&name).filter(|key| !texts.contains_key(*key));
            let Some(key) = known else { return Err(TextError::Unknown { file, key: name }) };
            texts.insert(*key, text);
        }
    }
    for key in Key::ALL {
        let text = texts
            .get(key)
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| TextError::Missing { lang: lang.word(), key: key.name() })?;
        let found = placeholders(text);
        let wanted: BTreeSet<String> = key.holes().iter().map(|hole| (*hole).to_owned()).collect();
        if found != wanted {
            let (lang, key) = (lang.word(), key.name());
            return Err(TextError::Placeholders { lang, key, wanted, found });
        }
    }
    Ok(texts)
}

/// The names between braces.
fn placeholders(text: &str) -> BTreeSet<String> {
    let after_brace = text.split('{').skip(1);
    after_brace.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_are_complete() {
        let texts = Texts::load().expect("the embedded texts fit the keys");
        assert_eq!(texts.0.len(), Key::ALL.len() * Lang::ALL.len());
    }

    #[test]
    fn texts_are_well_formed_html_and_labels_are_plain() {
        let texts = Texts::load().expect("the embedded texts fit the keys");
        for ((lang, key), text) in &texts.0 {
            let name = key.name();
            for tag in ["b", "i", "code", "pre"] {
                let count = |what: &str| text.matches(what).count();
                let (opened, closed) = (count(&format!("<{tag}>")), count(&format!("</{tag}>")));
                assert_eq!(opened, closed, "{lang:?} {name}: <{tag}>");
            }
            if name.starts_with("btn_") || name.starts_with("tap_") {
                let plain = !text.contains(['<', '>', '&', '\n']);
                assert!(plain && text.chars().count() <= 60, "{lang:?} {name}: {text}");
            }
        }
    }

    #[test]
    fn every_key_is_used_somewhere() {
        let mut sources = String::new();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/telegram");
        for folder in ["dialog", "screen"] {
            for entry in std::fs::read_dir(root.join(folder)).expect("a folder of sources") {
                let path = entry.expect("readable").path();
                if path.is_file() {
                    sources.push_str(&std::fs::read_to_string(path).expect("UTF-8"));
                }
            }
        }
        sources.push_str(include_str!("../intent/command.rs"));
        let words: BTreeSet<&str> =
            sources.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
        for key in Key::ALL {
            let name = format!("{key:?}");
            assert!(words.contains(name.as_str()), "{name} is never said");
        }
    }

    fn check(files: &[(&'static str, &'static str)], expected: &str) {
        let error = language(Lang::En, files).expect_err("refused");
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn bad_texts_stop_the_program() {
        check(&[("a.toml", "btn_back = 5")], "a.toml: ");
        check(&[("a.toml", "btn_backk = \"x\"")], "`btn_backk` is unknown");
        check(
            &[("a.toml", "btn_back = \"x\""), ("b.toml", "btn_back = \"y\"")],
            "b.toml: `btn_back` is unknown or given twice",
        );
        check(&[("a.toml", "")], "is missing");
        let files = Lang::En.files();
        check(&files[1..], "is missing");
        let holed = Box::leak(files[0].1.replacen("{shop}", "{shp}", 1).into_boxed_str());
        let mut changed = files.to_vec();
        changed[0].1 = holed;
        check(&changed, "must hold exactly");
    }

    #[test]
    fn language_codes_of_telegram() {
        for (code, lang) in [
            ("en", Some(Lang::En)),
            ("en-GB", Some(Lang::En)),
            ("zh-hans", Some(Lang::Zh)),
            ("ZH_tw", Some(Lang::Zh)),
            ("de", None),
            ("", None),
        ] {
            assert_eq!(Lang::from_code(code), lang, "{code}");
        }
    }
}
