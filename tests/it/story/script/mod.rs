//! Scenario scripts: every file of `tests/scenarios/` is played, each in a town of its own.
//!
//! The language is described in docs/scenarios.md; `parse` reads it, `play` acts it out.

mod parse;
mod play;

use futures_util::future::join_all;
use std::fs;
use std::path::{Path, PathBuf};

#[tokio::test]
async fn every_scenario_plays_to_its_end() {
    let scripts = scripts();
    let names: Vec<_> = scripts.iter().filter_map(|path| path.file_name()).collect();
    assert!(names.iter().any(|name| *name == "first_sale.txt"), "{names:?}");
    let plays = join_all(scripts.iter().map(|path| play::play(path))).await;
    let failed: Vec<String> = plays.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n\n"));
}

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let files = fs::read_dir(folder).expect("the folder of the scenarios").flatten();
    let mut scripts: Vec<PathBuf> = files.map(|file| file.path()).collect();
    scripts.sort();
    scripts
}
