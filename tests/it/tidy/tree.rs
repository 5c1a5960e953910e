//! The files a rule looks at: the repository's, or a few that a test writes down.

use regex::Regex;
use std::fs;
use std::path::Path;

/// One file; what is no text has an empty one.
pub(super) struct Source {
    /// Its path in the repository, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

/// All files, in the order of their paths.
pub(super) struct Tree(Vec<Source>);

impl Tree {
    /// Every file of the repository that is not built or version control's own.
    pub(super) fn of_the_repository() -> Self {
        let mut files = Vec::new();
        walk(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self(files)
    }

    /// A tree of `files` alone.
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| Source {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        Self(files.iter().map(file).collect())
    }

    /// Every file.
    pub(super) fn files(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// Rust files.
    pub(super) fn rust(&self) -> impl Iterator<Item = &Source> {
        self.0.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// One file.
    pub(super) fn file(&self, path: &str) -> Option<&Source> {
        self.0.iter().find(|file| file.path == path)
    }

    /// Whether `path` is a file or a folder with files.
    pub(super) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.0.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    }
}

impl Source {
    /// The lines of the program itself: no comments, and nothing from the unit tests on, which
    /// stand last in a file.
    pub(super) fn code(&self) -> String {
        let tests = Regex::new(r"#\[cfg\(test\)\]\n(#\[.*\]\n)*mod tests \{").expect("a constant");
        let tests = tests.find(&self.text).map_or(self.text.len(), |found| found.start());
        let code = self.text[..tests].lines().map(|line| match line.split_once("//") {
            Some((before, _)) if !before.ends_with(':') => before,
            _ => line,
        });
        code.collect::<Vec<_>>().join("\n")
    }

    /// Whether the whole file is tests.
    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.contains("/tests/")
    }

    /// The part of it that is tests.
    pub(super) fn test_code(&self) -> &str {
        match self.text.find("#[cfg(test)]") {
            _ if self.is_test() => &self.text,
            Some(start) => &self.text[start..],
            None => "",
        }
    }
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("the repository can be read").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // `.env` is the developer's own, `shopfleet-demo` the demo's memory; neither is committed.
        if matches!(
            name.as_str(),
            "target" | ".git" | ".env" | "shopfleet-demo" | "Cargo.lock" | "node_modules"
        ) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{path}/"), files);
        } else {
            // A picture is no text, but a document may show it.
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            files.push(Source { path, text });
        }
    }
}
