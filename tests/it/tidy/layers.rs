//! The layer rule: which part of the package may lean on which (docs/style.md).

use super::Rule;
use super::paths::paths;
use super::tree::{Source, Tree};

/// One layer: whose files, and what they may lean on.
struct Layer {
    /// Paths of files and, without `.rs`, folders below `src/`.
    files: &'static [&'static str],
    /// Modules of ours that it may use beside its own.
    uses: &'static [&'static str],
    /// Modules in those that it may not use.
    except: &'static [&'static str],
    crates: Crates,
}

/// Which crates from outside a layer may use; `std` and its parts are everybody's.
enum Crates {
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

/// Everything that waits, draws or touches the world.
const IO: &[&str] = &[
    "actix",
    "actix_rt",
    "axum",
    "clap",
    "config",
    "dotenvy",
    "futures_util",
    "getrandom",
    "mongodb",
    "rand",
    "rand_chacha",
    "reqwest",
    "rusqlite",
    "teloxide",
    "tokio",
    "tracing_subscriber",
];

/// The pure files of the Telegram half.
const PURE_TELEGRAM: &[&str] = &[
    "telegram::callback",
    "telegram::dialog",
    "telegram::incoming",
    "telegram::intent",
    "telegram::notices",
    "telegram::request",
    "telegram::screen",
    "telegram::text",
    "telegram::token",
];

const LAYERS: [Layer; 5] = [
    Layer {
        files: &["domain"],
        uses: &[],
        except: &[],
        // `bs58` reads payout addresses: a plain function.
        crates: Crates::Only(&["bs58", "chrono", "rust_decimal", "serde", "thiserror"]),
    },
    Layer {
        files: PURE_TELEGRAM,
        uses: &["domain", "secret"],
        except: &[],
        crates: Crates::AllBut(IO),
    },
    Layer {
        files: &["store"],
        uses: &["clock", "domain", "placement", "random", "secret"],
        except: &[],
        crates: Crates::AllBut(&["actix", "actix_rt", "axum", "clap", "reqwest", "teloxide"]),
    },
    Layer {
        files: &["trace"],
        uses: &["domain", "random"],
        except: &[],
        crates: Crates::AllBut(IO),
    },
    Layer {
        files: &["actors"],
        uses: &[
            "clock",
            "config",
            "domain",
            "placement",
            "random",
            "secret",
            "store",
            "telegram",
            "trace",
            "vault",
        ],
        except: &["store::memory", "store::mongo", "store::sqlite", "telegram::http"],
        crates: Crates::AllBut(&["axum", "clap", "getrandom", "mongodb", "reqwest", "rusqlite"]),
    },
];

/// Who may use the composition root.
const ABOVE_APP: [&str; 5] = ["src/app.rs", "src/main.rs", "src/lib.rs", "src/cli/", "src/sim/"];

pub(super) const RULES: [Rule; 2] = [
    Rule {
        name: "layers lean downwards",
        check: |tree| sources(tree).flat_map(leaning).collect(),
        good: &[
            ("src/domain/a.rs", "use super::b::C;\nuse crate::domain::d;\nuse serde::Serialize;"),
            ("src/telegram/screen/a.rs", "use super::b;\nuse crate::telegram::text::Text;"),
            ("src/domain/a/tests.rs", "use proptest::prelude::*;\nuse serde_json::json;"),
            ("src/telegram/client.rs", "use reqwest::Client;\nuse crate::clock::Clock;"),
            ("src/store/sqlite/a.rs", "use rusqlite::Row;\nuse crate::store::Store;"),
            ("src/actors/a.rs", "use crate::store::Store;\nuse actix::Actor;"),
            ("src/trace/a.rs", "use crate::domain::b;\nuse std::thread::Builder;"),
        ],
        bad: &[
            &[("src/domain/a.rs", "use crate::clock::Clock;")],
            &[("src/domain/a/b.rs", "use super::super::super::store::Store;")],
            &[("src/domain/a.rs", "fn a() { tokio::spawn(b) }")],
            &[("src/domain/a.rs", "use std::{mem, sync::Arc};\nuse serde_json::Value;")],
            &[("src/telegram/intent.rs", "use super::pump::Pump;")],
            &[("src/telegram/dialog/a.rs", "use crate::{domain::B, actors::C};")],
            &[("src/telegram/text.rs", "use teloxide::types::Message;")],
            &[("src/store/memory.rs", "use crate::vault::Vault;")],
            &[("src/store/mod.rs", "use actix::Actor;")],
            &[("src/actors/a.rs", "use crate::store::sqlite::Sqlite;")],
            &[("src/actors/a.rs", "use crate::sandbox::Sandbox;")],
            &[("src/actors/a.rs", "use reqwest::Client;")],
            &[("src/trace/a.rs", "use crate::actors::Core;")],
        ],
    },
    Rule {
        name: "only the entry uses the composition root",
        check: |tree| sources(tree).filter(|file| !above_app(file)).flat_map(composing).collect(),
        good: &[
            ("src/cli/run.rs", "use crate::app::App;"),
            ("src/app.rs", "use crate::actors::A;\nuse self::a::B;"),
            ("src/b.rs", "use crate::apple::A;"),
        ],
        bad: &[
            &[("src/sandbox/a.rs", "use crate::app::App;")],
            &[("src/telemetry.rs", "use super::app;")],
        ],
    },
];

/// The program's own files; a test may lean on anything.
fn sources(tree: &Tree) -> impl Iterator<Item = &Source> {
    tree.rust().filter(|file| file.path.starts_with("src/") && !file.is_test())
}

fn above_app(file: &Source) -> bool {
    ABOVE_APP.iter().any(|path| file.path.starts_with(path))
}

fn composing(file: &Source) -> Vec<String> {
    let composes = |path: &&Vec<String>| path.starts_with(&["crate".to_owned(), "app".to_owned()]);
    paths(file).iter().filter(composes).map(|path| complaint(file, path)).collect()
}

/// What `file` leans on and may not.
fn leaning(file: &Source) -> Vec<String> {
    let module = file.path.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::");
    let Some(layer) = LAYERS.iter().find(|layer| below_any(&module, layer.files)) else {
        return Vec::new();
    };
    let may = |path: &Vec<String>| match path.split_first() {
        Some((first, rest)) if first == "crate" => {
            let module = rest.join("::");
            let may = below_any(&module, layer.files) || below_any(&module, layer.uses);
            may && !below_any(&module, layer.except)
        }
        Some((name, _)) if is_crate(name) => match layer.crates {
            Crates::Only(names) => names.contains(&name.as_str()),
            Crates::AllBut(names) => !names.contains(&name.as_str()),
        },
        _ => true,
    };
    paths(file).iter().filter(|path| !may(path)).map(|path| complaint(file, path)).collect()
}

/// Whether `module` is one of `roots` or below one.
fn below_any(module: &str, roots: &[&str]) -> bool {
    let below = |root: &&str| {
        module.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    roots.iter().any(below)
}

/// Whether a path's first name is a crate of the package's manifest.
fn is_crate(name: &str) -> bool {
    const MANIFEST: &str = include_str!("../../../Cargo.toml");
    MANIFEST
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .any(|(key, _)| key.replace('-', "_") == name)
}

fn complaint(file: &Source, path: &[String]) -> String {
    format!("{} uses {}", file.path, path.join("::"))
}
