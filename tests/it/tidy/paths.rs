//! The paths that a Rust file names: `use` trees unfolded, `super` and `self` resolved.
//!
//! A reader of tokens, not of the language: enough to see which modules and crates a file leans on.

use super::tree::Source;
use regex::Regex;

/// Every path of two or more segments in the code of `file`. What begins with `crate` is absolute
/// within the package; everything else is as written.
pub(super) fn paths(file: &Source) -> Vec<Vec<String>> {
    let pattern = Regex::new(r"[A-Za-z_][A-Za-z0-9_]*|::|[{},*]|\S").expect("a constant");
    let code = file.code();
    let tokens: Vec<&str> = pattern.find_iter(&code).map(|token| token.as_str()).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        at = if is_name(tokens[at]) { path(&tokens, at, &[], &mut found) } else { at + 1 };
    }
    let module = module_of(&file.path);
    found.into_iter().filter(|path| path.len() > 1).map(|path| resolve(path, &module)).collect()
}

/// Reads one path at `at`, and each path of a group that ends it; returns where it ends.
fn path(tokens: &[&str], mut at: usize, stem: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut segments = stem.to_vec();
    loop {
        segments.push(tokens[at].to_owned());
        at += 1;
        if tokens.get(at) != Some(&"::") {
            break;
        }
        match tokens.get(at + 1) {
            Some(next) if is_name(next) => at += 1,
            Some(&"{") => return group(tokens, at + 2, &segments, found),
            Some(&"*") => {
                at += 2;
                break;
            }
            _ => break,
        }
    }
    found.push(segments);
    at
}

/// Reads `a, b::{c, d}}` behind an opening brace; returns where it ends.
fn group(tokens: &[&str], mut at: usize, stem: &[String], found: &mut Vec<Vec<String>>) -> usize {
    while let Some(token) = tokens.get(at) {
        match *token {
            "}" => return at + 1,
            "as" => at += 2,
            // The stem itself, and everything in it.
            "self" | "*" => {
                found.push(stem.to_vec());
                at += 1;
            }
            name if is_name(name) => at = path(tokens, at, stem, found),
            _ => at += 1,
        }
    }
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// The module that a file is: `src/telegram/text/mod.rs` is `telegram::text`.
fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        module.pop();
    }
    module
}

fn resolve(path: Vec<String>, module: &[String]) -> Vec<String> {
    let mut at = match path[0].as_str() {
        "self" | "super" => module.to_vec(),
        _ => return path,
    };
    let mut rest = path.into_iter().peekable();
    while let Some(step) = rest.next_if(|step| step == "self" || step == "super") {
        if step == "super" {
            at.pop();
        }
    }
    ["crate".to_owned()].into_iter().chain(at).chain(rest).collect()
}

#[test]
fn use_trees_unfold_and_relatives_resolve() {
    let text = "//! crate::not::this\n\
                use crate::a::{self, b::C, d::{e, F as G}, h::*};\n\
                use super::super::i::J;\n\
                pub(crate) fn k(l: &m::N) -> self::O<P> { q::<R>(); std::mem::take(s) }\n\
                #[cfg(test)]\nmod tests { use crate::t::U; }";
    let file = Source { path: "src/x/y.rs".to_owned(), text: text.to_owned() };
    let found: Vec<String> = paths(&file).iter().map(|path| path.join("::")).collect();
    let expected = [
        "crate::a",
        "crate::a::b::C",
        "crate::a::d::e",
        "crate::a::d::F",
        "crate::a::h",
        "crate::i::J",
        "m::N",
        "crate::x::y::O",
        "std::mem::take",
    ];
    assert_eq!(found, expected);
}
