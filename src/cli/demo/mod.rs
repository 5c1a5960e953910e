//! `shopfleet demo`: the whole business on one loopback port, with a page to live through it.
//!
//! A sandbox, its chat page, a fleet on SQLite and a sample shop, in one process. What happened is
//! kept in the data directory, so the next start continues where this one ended.

mod guide;
mod people;
mod seed;

use super::hosting::{Server, asked_to_end, host};
use super::sandbox::{fresh_seed, listen, quiet_log};
use super::{Failure, Io, say};
use crate::actors::{Lag, Probe};
use crate::app::{self, Fleet, Ports, open_store};
use crate::config::{Config, Environment, Loaded};
use crate::placement::Threads;
use crate::random::{OsRandom, SharedRandom};
use crate::sandbox::service::{Sandbox, Setup};
use crate::sandbox::{http, page};
use crate::telegram::http::HttpTransport;
use crate::vault::Key;
use people::{ADMIN, Cast};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;

/// Runs the demo.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The port on 127.0.0.1
    #[arg(long, default_value_t = 7070)]
    port: u16,
    /// Where it remembers
    #[arg(long, value_name = "DIR", default_value = "shopfleet-demo")]
    data: PathBuf,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    quiet_log()?;
    fs::create_dir_all(&args.data).map_err(|error| {
        Failure::Usage(format!("{} cannot be used: {error}", args.data.display()))
    })?;
    host(|sockets| demo(args, io, sockets))
}

async fn demo(args: &Args, io: &mut Io<'_>, sockets: Handle) -> Result<(), Failure> {
    let setup = Setup {
        directory: Some(args.data.join("sandbox")),
        flood_limits: true,
        seed: fresh_seed(),
        ..Setup::default()
    };
    let sandbox = Sandbox::open(setup).map_err(|error| Failure::Usage(error.to_string()))?;
    let cast = Cast::on(&sandbox).map_err(|error| Failure::Check(error.to_string()))?;
    let (listener, address) = listen(args.port).await?;
    let router = http::router(sandbox.clone()).merge(page::router()).merge(people::router(&cast));
    let server = Server::start(listener, router, &sockets);
    let config = configuration(args, address, &cast)?;
    let transport = HttpTransport::new(config.telegram.api_url.clone(), sockets.clone())
        .map_err(|error| Failure::Check(error.to_string()))?;
    let random: SharedRandom = Arc::new(OsRandom);
    let (recorder, writer) =
        app::record(&config, &random).map_err(|error| super::run::start_failure(&error))?;
    let ports = Ports {
        store: open_store(&config.store, &sockets)
            .await
            .map_err(|error| super::run::store_failure(&error))?,
        transport: Arc::new(transport),
        clock: sandbox.clock(),
        random,
        placement: Arc::new(Threads::start(1, sockets)),
        probe: Probe::none(),
        lag: Lag::none(),
        recorder,
    };
    let fleet =
        Fleet::start(&config, ports).await.map_err(|error| super::run::start_failure(&error))?;
    let fresh = seed::open_shop(&fleet, &cast).await?;
    let grown =
        fleet.core.views().read().tenants.values().any(|t| t.bot.id.number() == cast.spare.id);
    let program = std::env::args().next().unwrap_or_else(|| "shopfleet".to_owned());
    let start = guide::Start { address, data: &args.data, program: &program, fresh, grown };
    say(io, guide::text(&start, &cast))?;
    asked_to_end().await?;
    super::run::end(&fleet).await?;
    drop(writer);
    server.stop().await;
    say(io, "\nStopped. The next start continues here.\n")
}

/// The fleet's configuration, made as an operator's would be.
fn configuration(args: &Args, address: SocketAddr, cast: &Cast) -> Result<Config, Failure> {
    let store = format!("sqlite:{}", args.data.join("shop.db").display());
    let traces = args.data.join("traces").display().to_string();
    let api_url = format!("http://{address}");
    let (admins, key) = (ADMIN.id.to_string(), vault_key(&args.data.join("vault.key"))?);
    let environment = Environment::of(&[
        ("SHOPFLEET__STORE__URL", store.as_str()),
        ("SHOPFLEET__TELEGRAM__API_URL", &api_url),
        ("SHOPFLEET__TELEGRAM__MASTER_TOKEN", cast.master.token.expose()),
        ("SHOPFLEET__ADMINS", &admins),
        ("SHOPFLEET__VAULT__KEYS", &key),
        ("SHOPFLEET__TRACE__ENABLED", "true"),
        ("SHOPFLEET__TRACE__DIR", &traces),
    ]);
    let loaded = Loaded::read(None, &environment);
    Ok(loaded.map_err(|faults| Failure::Check(faults.to_string()))?.config)
}

/// The demo's vault key, made at the first start.
fn vault_key(path: &Path) -> Result<String, Failure> {
    let broken = |error: std::io::Error| Failure::Check(format!("{}: {error}", path.display()));
    if path.exists() {
        return fs::read_to_string(path).map(|key| key.trim().to_owned()).map_err(broken);
    }
    let key = Key::generate(&OsRandom).to_text().expose().to_owned();
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).map_err(broken)?;
    writeln!(file, "{key}").and_then(|()| file.sync_all()).map_err(broken)?;
    Ok(key)
}
