//! The configuration: default, file, environment; and the only place that reads the environment.
//!
//! `config/default.toml` is the one list of keys. It is embedded, so the program always knows every
//! key, its kind and its default; a test keeps it and the structs in `sections.rs` in step, and
//! another generates `docs/configuration.md` from it. What is wrong is reported all at once, each
//! with file and line or variable, and never with the value.

mod environment;
mod fault;
mod layers;
mod rules;
mod schema;
mod sections;
mod values;
mod view;

pub use environment::Environment;
pub use fault::{Fault, Faults, Place};
pub use schema::DEFAULT;
pub use sections::{
    Bots, Clock, ClockSource, Config, Core, Language, Log, LogFormat, Shop, Store, Telegram, Trace,
    Vault, Web,
};
pub use values::{StoreUrl, Zone};

use layers::Layers;
use std::path::Path;

/// A configuration that was read and found right, with what is needed to explain it.
#[derive(Clone)]
pub struct Loaded {
    /// The typed configuration.
    pub config: Config,
    layers: Layers,
}

impl Loaded {
    /// Reads the default, then `file` if there is one, then `environment`.
    ///
    /// # Errors
    /// Everything that is wrong: unknown keys with the nearest valid one, wrong kinds, values out of
    /// range, values that contradict one another.
    pub fn read(file: Option<&Path>, environment: &Environment) -> Result<Self, Faults> {
        let layers = Layers::read(file, environment)?;
        let config = rules::typed(&layers)?;
        Ok(Self { config, layers })
    }

    /// Every key with its value and where it comes from, as TOML; secrets as `<set>`.
    pub fn show(&self) -> String {
        view::show(&self.layers)
    }

    /// A line for each key that differs from the default; secrets as `<set>`.
    ///
    /// # Errors
    /// When the embedded default does not read, which a test rules out.
    pub fn diff(&self) -> Result<String, Faults> {
        Ok(view::diff(&self.layers, &Layers::read(None, &Environment::default())?))
    }
}

impl Config {
    /// What a fleet still lacks to start, a sentence each: a right configuration can be without a
    /// token, a key or an admin.
    pub fn missing_to_run(&self) -> Vec<&'static str> {
        rules::missing_to_run(self)
    }
}

#[cfg(test)]
mod tests;
