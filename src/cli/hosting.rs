//! How a long-running command lives: one runtime for sockets, one actix System for actors, and an end
//! that waits for what is under way.

use super::Failure;
use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

/// Runs `work` inside an actix System, with the runtime of the sockets beside it.
///
/// # Errors
/// The work's own failure, or that no runtime can be made.
pub(super) fn host<F, T>(work: impl FnOnce(Handle) -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let sockets = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("io")
        .enable_all()
        .build()
        .map_err(|error| Failure::Check(format!("no threads for the network: {error}")))?;
    let handle = sockets.handle().clone();
    let done = actix_rt::System::new().block_on(work(handle));
    // Polls under way hang for half a minute; nothing in them is worth waiting for.
    sockets.shutdown_background();
    done
}

/// Completes when the process is asked to end: Ctrl-C or SIGTERM.
///
/// # Errors
/// When signals cannot be listened to.
pub(super) async fn asked_to_end() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let broken = |error: std::io::Error| Failure::Check(format!("no signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(broken)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(broken)?;
    tokio::select! {
        biased;
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// A server that ends before its runtime does: a runtime that ends under it makes it complain.
pub(super) struct Server(JoinHandle<()>);

impl Server {
    /// Serves from now on.
    pub(super) fn start(listener: TcpListener, router: Router, sockets: &Handle) -> Self {
        Self(sockets.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "a server stopped listening");
            }
        }))
    }

    /// Takes no more calls. Those under way, such as an event stream, end with the runtime.
    pub(super) async fn stop(self) {
        self.0.abort();
        let _ = self.0.await;
    }
}
