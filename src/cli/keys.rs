//! `shopfleet keys`: keys for the vault.

use super::{Failure, Io, say};
use crate::random::OsRandom;
use crate::vault::Key;

/// Keys for the vault.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print one new key as `id:base64`, the form that `vault.keys` takes
    Generate,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    match args.what {
        What::Generate => {
            say(io, format_args!("{}\n", Key::generate(&OsRandom).to_text().expose()))
        }
    }
}
