//! `shopfleet sandbox`: only the Bot API sandbox, with its control routes and the chat page.

use super::hosting::{Server, asked_to_end, host};
use super::{Failure, Io, say};
use crate::config::{Log, LogFormat};
use crate::sandbox::service::{Sandbox, Setup};
use crate::sandbox::{http, page};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use tokio::net::TcpListener;

/// Runs the sandbox.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The port on 127.0.0.1
    #[arg(long, default_value_t = 8081)]
    port: u16,
    /// Where it remembers; without it, it forgets when it ends
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Let bots send as fast as they like
    #[arg(long)]
    no_limits: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    quiet_log()?;
    host(|sockets| async move {
        let setup = Setup {
            directory: args.data.clone(),
            flood_limits: !args.no_limits,
            seed: fresh_seed(),
            ..Setup::default()
        };
        let sandbox = Sandbox::open(setup).map_err(|error| Failure::Usage(error.to_string()))?;
        let (listener, address) = listen(args.port).await?;
        let router = http::router(sandbox).merge(page::router());
        say(io, format_args!("The sandbox answers on http://{address}\n"))?;
        let server = Server::start(listener, router, &sockets);
        asked_to_end().await?;
        server.stop().await;
        Ok(())
    })
}

/// A listener on loopback and its address.
pub(super) async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = http::bind(address).await.map_err(|error| Failure::Usage(error.to_string()))?;
    let address = listener.local_addr().map_err(|error| Failure::Check(error.to_string()))?;
    Ok((listener, address))
}

/// Warnings and worse; a page of requests would hide what matters. `RUST_LOG` is not read.
pub(super) fn quiet_log() -> Result<(), Failure> {
    let log = Log { format: LogFormat::Text, level: "warn,shopfleet=info".to_owned() };
    crate::telemetry::init(&log).map_err(|error| Failure::Usage(error.to_string()))
}

/// A seed that nobody can guess: tokens of a sandbox open its bots.
pub(super) fn fresh_seed() -> u64 {
    use crate::random::Random as _;
    let mut bytes = [0; 8];
    crate::random::OsRandom.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
