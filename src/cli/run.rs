//! `shopfleet run`: the fleet, until it is asked to end.

use super::hosting::{asked_to_end, host};
use super::sandbox_clock::SandboxClock;
use super::{Failure, Io};
use crate::actors::{CoreState, Lag, Probe};
use crate::app::{self, Fleet, Ports, StartError, open_store};
use crate::clock::{Clock as _, SharedClock, SystemClock};
use crate::config::{ClockSource, Config};
use crate::domain::time::Millis;
use crate::placement::Threads;
use crate::random::{OsRandom, SharedRandom};
use crate::store::StoreError;
use crate::telegram::http::HttpTransport;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Threads that run bots; the core has one of its own.
const BOT_THREADS: usize = 2;

/// Runs the fleet.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The file that is laid over the default
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(args: &Args, _: &mut Io<'_>) -> Result<(), Failure> {
    let loaded = super::config::load(args.config.as_deref())?;
    let config = loaded.config;
    crate::telemetry::init(&config.log).map_err(|error| Failure::Usage(error.to_string()))?;
    if let Some(lack) = config.missing_to_run().first() {
        return Err(Failure::Usage((*lack).to_owned()));
    }
    host(|sockets| fleet(config, sockets))
}

async fn fleet(config: Config, sockets: Handle) -> Result<(), Failure> {
    let opening = open_store(&config.store, &sockets);
    let store = tokio::select! {
        biased;
        opened = opening => opened.map_err(|error| store_failure(&error))?,
        // It may be waiting for another process.
        asked = asked_to_end() => return asked,
    };
    let transport = HttpTransport::new(config.telegram.api_url.clone(), sockets.clone())
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let clock: SharedClock = match config.clock.source {
        ClockSource::System => Arc::new(SystemClock),
        ClockSource::Sandbox => {
            SandboxClock::follow(&config.telegram.api_url, &sockets).await?.clock()
        }
    };
    let random: SharedRandom = Arc::new(OsRandom);
    let (recorder, writer) =
        app::record(&config, &random).map_err(|error| start_failure(&error))?;
    let ports = Ports {
        store,
        transport: Arc::new(transport),
        clock,
        random,
        placement: Arc::new(Threads::start(BOT_THREADS, sockets.clone())),
        probe: Probe::none(),
        lag: Lag::none(),
        recorder,
    };
    let fleet = Fleet::start(&config, ports).await.map_err(|error| start_failure(&error))?;
    let health = match config.web.listen {
        Some(address) => {
            let (core, statuses) = (fleet.core.clone(), fleet.statuses.clone());
            Some(super::health::serve(address, core, statuses, &sockets).await?)
        }
        None => None,
    };
    tracing::info!("the fleet runs");
    let mut core = fleet.core.state();
    let ended = core.wait_for(|state| matches!(state, CoreState::Ended { .. }));
    tokio::select! {
        biased;
        asked = asked_to_end() => asked?,
        _ = ended => return Err(Failure::Check("the core has ended; the log says why".to_owned())),
    }
    tracing::info!("the fleet ends");
    let ended = end(&fleet).await;
    drop(writer);
    if let Some(health) = health {
        health.stop().await;
    }
    ended
}

/// Ends in order, but not at any price: a second signal, or a store that keeps hanging, ends at once.
/// Nothing is lost by that, it only takes a recovery at the next start.
pub(super) async fn end(fleet: &Fleet) -> Result<(), Failure> {
    /// What a service manager grants before it kills.
    const PATIENCE: Millis = Millis::from_secs(30);
    tokio::select! {
        biased;
        () = fleet.stop() => Ok(()),
        asked = asked_to_end() => asked,
        () = SystemClock.sleep(PATIENCE) => {
            Err(Failure::Check("the store hangs; ended without waiting for it".to_owned()))
        }
    }
}

/// A store in use or of another version is a matter of configuration; anything else is a failure.
pub(super) fn store_failure(error: &StoreError) -> Failure {
    match error {
        StoreError::Leased => Failure::Usage(
            "another process works on this store; stop it, or name another `store.url`".to_owned(),
        ),
        StoreError::NewerSchema { .. } | StoreError::Unsuited(_) => {
            Failure::Usage(error.to_string())
        }
        StoreError::Unavailable(_) | StoreError::Corrupt(_) | StoreError::Fenced => {
            Failure::Check(error.to_string())
        }
    }
}

pub(super) fn start_failure(error: &StartError) -> Failure {
    match error {
        StartError::Missing(_)
        | StartError::Keys(_)
        | StartError::WrongKeys(_)
        | StartError::MasterToken
        | StartError::Master(_)
        | StartError::Trace(_) => Failure::Usage(error.to_string()),
        StartError::Store(_)
        | StartError::Texts(_)
        | StartError::Telegram(_)
        | StartError::Core => Failure::Check(error.to_string()),
    }
}
