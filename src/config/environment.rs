//! The environment: the one place in the program that reads it.
//!
//! Variables of the process win over those of `.env`. Only names that begin with `SHOPFLEET__` are
//! kept, and an empty variable counts as not set: a copied `.env.example` must not clear what a file
//! says.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one file that may read the environment"
)]

use super::fault::{Fault, Faults, Place};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// What every variable of ours begins with.
pub(super) const PREFIX: &str = "SHOPFLEET__";

/// Our variables and where each was written.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, (Place, String)>);

impl Environment {
    /// The process's variables and those of `.env` in `directory`, if there is one.
    ///
    /// # Errors
    /// When `.env` cannot be read, or one of our variables is not UTF-8.
    pub fn of_process(directory: &Path) -> Result<Self, Faults> {
        let mut environment = Self::default();
        let dot_env = directory.join(".env");
        if dot_env.exists() {
            environment.read_file(&dot_env)?;
        }
        environment.add_process(std::env::vars_os())?;
        Ok(environment)
    }

    /// An environment of `variables` alone, for embedding and tests.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            environment.add(Place::Variable((*name).to_owned()), name, (*value).to_owned());
        }
        environment
    }

    /// Name, place and value of each variable, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Place, &str)> {
        self.0.iter().map(|(name, (place, value))| (name.as_str(), place, value.as_str()))
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Fault> {
        // dotenvy's own messages quote the line, which may hold a secret.
        let fault = |sentence: &str| Fault::new(Place::Path(".env".to_owned()), sentence);
        let lines = dotenvy::from_path_iter(path).map_err(|_| fault("cannot be read"))?;
        let mut last = "the first variable".to_owned();
        for line in lines {
            let (name, value) = line.map_err(|_| {
                let hint = "is not NAME=value; quote values with spaces";
                fault(&format!("a line after {last} {hint}"))
            })?;
            self.add(Place::DotEnv(name.clone()), &name, value);
            last = name;
        }
        Ok(())
    }

    fn add_process(
        &mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<(), Fault> {
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            let place = Place::Variable(name.to_owned());
            let Ok(value) = value.into_string() else {
                return Err(Fault::new(place, "is not UTF-8"));
            };
            self.add(place, name, value);
        }
        Ok(())
    }

    fn add(&mut self, place: Place, name: &str, value: String) {
        if name.starts_with(PREFIX) && !value.is_empty() {
            self.0.insert(name.to_owned(), (place, value));
        }
    }
}

impl std::fmt::Debug for Environment {
    /// Names only: values may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str, process: &[(&str, &str)]) -> Result<Environment, Faults> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(".env"), content).unwrap();
        let mut environment = Environment::default();
        environment.read_file(&directory.path().join(".env"))?;
        let process = process.iter().map(|(name, value)| (name.into(), value.into()));
        environment.add_process(process)?;
        Ok(environment)
    }

    #[test]
    fn the_process_wins_over_the_file_and_others_are_left_alone() {
        let environment = read(
            "# ours\nSHOPFLEET__LOG__LEVEL=debug\nOTHER=1\nSHOPFLEET__VAULT__KEYS=k1:ab+/c==,k2:d\n",
            &[
                ("SHOPFLEET__LOG__LEVEL", "warn"),
                ("SHOPFLEET__VAULT__KEYS", ""),
                ("SHOPFLEET__ADMINS", ""),
                ("PATH", "x"),
            ],
        );
        let seen: Vec<(String, String)> = environment
            .unwrap()
            .iter()
            .map(|(_, place, value)| (place.to_string(), value.to_owned()))
            .collect();
        let expected = [
            ("environment variable SHOPFLEET__LOG__LEVEL", "warn"),
            (".env: SHOPFLEET__VAULT__KEYS", "k1:ab+/c==,k2:d"),
        ];
        assert_eq!(seen, expected.map(|(place, value)| (place.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_broken_line_is_located_without_being_shown() {
        let faults = read("SHOPFLEET__LOG__LEVEL=info\nSHOPFLEET SECRET\n", &[]).unwrap_err();
        assert_eq!(
            faults.to_string(),
            ".env: a line after SHOPFLEET__LOG__LEVEL is not NAME=value; quote values with spaces"
        );
    }

    #[test]
    fn debug_shows_names_only() {
        let environment = Environment::of(&[("SHOPFLEET__VAULT__KEYS", "k:secret")]);
        assert_eq!(format!("{environment:?}"), "{\"SHOPFLEET__VAULT__KEYS\"}");
    }
}
