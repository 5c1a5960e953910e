//! `shopfleet audit`: every law on the store as of one head.

use super::hosting::host;
use super::run::store_failure;
use super::{Failure, Io, say};
use crate::app::open_store_to_read;
use crate::config::StoreUrl;
use std::path::PathBuf;

/// Checks every law on the store; exit code 1 and the ids when one is broken.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The file that is laid over the default
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let config = super::config::load(args.config.as_deref())?.config;
    if let StoreUrl::Sqlite(path) = &config.store.url
        && !path.exists()
    {
        // Opening would make an empty one, in which every law holds.
        return Err(Failure::Usage(format!("there is no store at {}", path.display())));
    }
    host(|sockets| async move {
        let store = open_store_to_read(&config.store, &sockets).await;
        let store = store.map_err(|error| store_failure(&error))?;
        let report = crate::audit::audit(store, config.telegram.inbox_max).await;
        let report = report.map_err(|error| store_failure(&error))?;
        let text = if args.json { report.to_json() } else { report.to_string() };
        say(io, format_args!("{}\n", text.trim_end()))?;
        if report.violations.is_empty() {
            Ok(())
        } else {
            let count = report.violations.len();
            Err(Failure::Check(format!("{count} findings: the store breaks a law")))
        }
    })
}
