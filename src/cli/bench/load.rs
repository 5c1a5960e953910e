//! `bench load`: a core starts on a store that exists, in a process that has done nothing else.

use super::figures::Report;
use super::{failed, shop};
use crate::actors::{Core, CoreParts, Lag, Probe};
use crate::app::{core_limits, open_store, rules};
use crate::cli::Failure;
use crate::cli::hosting::host;
use crate::clock::{Stopwatch, SystemClock};
use crate::config::{Config, Environment, Loaded, StoreUrl};
use crate::placement::Threads;
use crate::store::SharedStore;
use crate::trace::Recorder;
use std::cell::Cell;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Starts a core and ends it.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The store's file; without it the store that `store.url` names
    #[arg(value_name = "FILE")]
    store: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// Runs the bench.
pub(super) fn run(args: &Args) -> Result<Report, Failure> {
    let mut place = crate::cli::config::load(None)?.config.store;
    if let Some(file) = &args.store {
        place.url = StoreUrl::Sqlite(file.clone());
    }
    if let StoreUrl::Sqlite(file) = &place.url
        && !file.exists()
    {
        return Err(Failure::Usage(format!("{}: there is no such file", file.display())));
    }
    let took = Cell::new(Duration::ZERO);
    host(|sockets| async {
        let began = Stopwatch::start();
        let store = open_store(&place, &sockets).await.map_err(failed)?;
        let core = start(store.clone(), sockets).await?;
        took.set(began.elapsed());
        core.stop();
        core.ended().await;
        store.close().await;
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
pub(super) fn in_a_new_process(store: &StoreUrl) -> Result<Report, Failure> {
    let program = std::env::current_exe().map_err(failed)?;
    let mut command = Command::new(program);
    // Arguments are everybody's to read; a URI may hold a password.
    let url = match store {
        StoreUrl::Sqlite(file) => format!("sqlite:{}", file.display()),
        StoreUrl::Mongodb(url) => url.uri().expose().to_owned(),
    };
    command.env("SHOPFLEET__STORE__URL", url);
    command.args(["bench", "load", "--json"]).stdin(Stdio::null());
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
