//! The tidy test: rules of the repository that no lint knows (docs/style.md).
//!
//! A rule is a function from a tree of files to complaints. It is tried on a small good tree and on
//! small bad ones before it judges the repository, so that it cannot pass by never looking.

mod documents;
mod layers;
mod paths;
mod secrets;
mod tree;
mod words;

use tree::Tree;

/// A tree in a few lines: path and content of each file.
type Small = &'static [(&'static str, &'static str)];

/// One rule and the trees that show what it does.
struct Rule {
    name: &'static str,
    check: fn(&Tree) -> Vec<String>,
    good: Small,
    /// Each of these must draw exactly one complaint.
    bad: &'static [Small],
}

const FILES: [Rule; 2] = [
    Rule {
        name: "files have fewer than 500 lines",
        check: long_files,
        good: &[("src/a.rs", "//! a\n")],
        bad: &[&[("src/a.rs", FIVE_HUNDRED_LINES)]],
    },
    Rule {
        name: "every file says what it owns",
        check: silent_files,
        good: &[("src/a.rs", "//! a\n"), ("config/a.toml", "a = 1\n")],
        bad: &[&[("src/a.rs", "use b;\n")], &[("tests/it/a.rs", "// a\n//! b\n")]],
    },
];

/// Five hundred empty lines: ten times ten times five.
const FIVE_HUNDRED_LINES: &str = {
    macro_rules! ten {
        ($text:expr) => {
            concat!($text, $text, $text, $text, $text, $text, $text, $text, $text, $text)
        };
    }
    concat!(ten!(ten!("\n\n\n\n\n")))
};

fn rules() -> impl Iterator<Item = &'static Rule> {
    FILES
        .iter()
        .chain(&words::RULES)
        .chain(&layers::RULES)
        .chain(&documents::RULES)
        .chain(&secrets::RULES)
}

#[test]
fn the_repository_keeps_every_rule() {
    let tree = Tree::of_the_repository();
    let complaints: Vec<String> = rules()
        .flat_map(|rule| {
            (rule.check)(&tree).into_iter().map(|complaint| format!("{}: {complaint}", rule.name))
        })
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_rule_tells_good_from_bad() {
    for rule in rules() {
        let complaints = (rule.check)(&Tree::of(rule.good));
        assert!(complaints.is_empty(), "{}: {complaints:?}", rule.name);
        assert!(!rule.bad.is_empty(), "{}: nothing shows that it can fail", rule.name);
        for bad in rule.bad {
            let complaints = (rule.check)(&Tree::of(bad));
            assert_eq!(complaints.len(), 1, "{}: {bad:?} draws {complaints:?}", rule.name);
        }
    }
}

#[test]
fn the_walk_sees_the_repository() {
    let tree = Tree::of_the_repository();
    for path in ["Cargo.toml", ".ci/run", "src/main.rs", "tests/it/tidy/mod.rs", "docs/style.md"] {
        assert!(tree.file(path).is_some(), "{path} was not seen");
    }
}

fn long_files(tree: &Tree) -> Vec<String> {
    let long = |text: &str| text.lines().count() >= 500;
    tree.rust().filter(|file| long(&file.text)).map(|file| file.path.clone()).collect()
}

fn silent_files(tree: &Tree) -> Vec<String> {
    tree.rust()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| file.path.clone())
        .collect()
}
