//! `shopfleet config`: is the configuration right, what is in force, what differs from the default.

use super::{Failure, Io, say};
use crate::config::{Environment, Loaded};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The configuration.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
    /// The file that is laid over the default
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Say whether it is right; exit code 2 when it is not
    Check,
    /// Print every key with its value and where it comes from
    Show,
    /// Print the keys that differ from the default
    Diff,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let loaded = load(args.config.as_deref())?;
    let text = match args.what {
        What::Check => checked(&loaded),
        What::Show => loaded.show(),
        What::Diff => loaded.diff().map_err(|faults| Failure::Usage(faults.to_string()))?,
    };
    say(io, text)
}

/// The configuration of this process: default, `file`, environment and `.env`.
///
/// # Errors
/// Everything that is wrong with it, as bad usage.
pub(super) fn load(file: Option<&Path>) -> Result<Loaded, Failure> {
    Environment::of_process(Path::new("."))
        .and_then(|environment| Loaded::read(file, &environment))
        .map_err(|faults| Failure::Usage(faults.to_string()))
}

fn checked(loaded: &Loaded) -> String {
    let mut text = "the configuration is right\n".to_owned();
    for lack in loaded.config.missing_to_run() {
        let _ = writeln!(text, "before the fleet can start: {lack}");
    }
    text
}
