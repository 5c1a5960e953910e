//! The sandbox behind a socket that can go away and come back, as a network does.

use super::control::eventually;
use shopfleet::sandbox::http;
use shopfleet::sandbox::service::{Sandbox, Setup};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// A sandbox in this process, served over HTTP by threads of its own.
pub(super) struct Host {
    sandbox: Sandbox,
    address: SocketAddr,
    threads: Option<Runtime>,
}

impl Host {
    /// A fresh sandbox on a free port. It enforces no flood limits: these tests are about the shop.
    pub(super) async fn open() -> Self {
        let sandbox = Sandbox::open(Setup { seed: 7, ..Setup::default() }).expect("in memory");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut host = Self { sandbox, address, threads: None };
        host.listen().await;
        host
    }

    /// Where it listens.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes the network away: the port is closed and every connection broken.
    pub(super) fn leave(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }

    /// Listens, after [`Self::leave`] on the same port again.
    pub(super) async fn listen(&mut self) {
        let threads = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let threads = threads.expect("threads for the sandbox");
        let address = self.address;
        // The old listener may take a moment to close.
        let listener = eventually(async || {
            let bound = threads.spawn(TcpListener::bind(address)).await;
            bound.expect("binding does not panic").ok()
        });
        let listener = listener.await.expect("the port is free");
        self.address = listener.local_addr().expect("a bound socket has an address");
        let router = http::router(self.sandbox.clone());
        threads.spawn(async move { axum::serve(listener, router).await });
        self.threads = Some(threads);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.leave();
    }
}
