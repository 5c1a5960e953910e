//! `bench load`: a core starts on a store that exists, in a process that has done nothing else.

use super::figures::Report;
use super::{failed, shop};
use crate::actors::{Core, CoreParts, Lag, Probe};
use crate::app::{core_limits, rules};
use crate::cli::Failure;
use crate::cli::hosting::host;
use crate::clock::{Stopwatch, SystemClock};
use crate::config::{Config, Environment, Loaded};
use crate::placement::Threads;
use crate::store::SharedStore;
use crate::store::sqlite::SqliteStore;
use crate::trace::Recorder;
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Starts a core and ends it.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The store's file
    #[arg(value_name = "FILE")]
    store: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// Runs the bench.
pub(super) fn run(args: &Args) -> Result<Report, Failure> {
    if !args.store.exists() {
        return Err(Failure::Usage(format!("{}: there is no such file", args.store.display())));
    }
    let took = Cell::new(Duration::ZERO);
    host(|sockets| async {
        let began = Stopwatch::start();
        let store: SharedStore = Arc::new(SqliteStore::open(&args.store).map_err(failed)?);
        let core = start(store, sockets).await?;
        took.set(began.elapsed());
        core.stop();
        core.ended().await;
        Ok(())
    })?;
    let mut report = Report::default();
    report.ms("ms", took.get());
    for (name, field) in [("rss_bytes", "VmRSS:"), ("peak_rss_bytes", "VmHWM:")] {
        if let Some(bytes) = memory(field) {
            report.whole(name, bytes);
        }
    }
    Ok(report)
}

/// A core as `run` starts it, ready for requests.
pub(super) async fn start(store: SharedStore, sockets: Handle) -> Result<Core, Failure> {
    let config = default_config()?;
    let core = Core::start(CoreParts {
        store,
        clock: Arc::new(SystemClock),
        placement: Arc::new(Threads::start(1, sockets)),
        probe: Probe::none(),
        lag: Lag::none(),
        recorder: Recorder::off(),
        rules: rules(&config),
        access: shop::access(),
        limits: core_limits(&config),
    });
    if core.ready().await { Ok(core) } else { Err(failed("the core did not start")) }
}

/// Runs this bench in a process of its own, whose memory nothing else has used.
pub(super) fn in_a_new_process(store: &Path) -> Result<Report, Failure> {
    let program = std::env::current_exe().map_err(failed)?;
    let mut command = Command::new(program);
    command.args(["bench", "load", "--json"]).arg(store).stdin(Stdio::null());
    let output = command.stderr(Stdio::inherit()).output().map_err(failed)?;
    if !output.status.success() {
        return Err(failed("the start in a new process failed"));
    }
    let document = serde_json::from_slice(&output.stdout).map_err(failed)?;
    Ok(Report::from_json(&document))
}

fn default_config() -> Result<Config, Failure> {
    Loaded::read(None, &Environment::of(&[])).map(|loaded| loaded.config).map_err(failed)
}

/// A figure that Linux keeps of this process, in bytes; nothing elsewhere.
fn memory(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}
