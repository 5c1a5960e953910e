//! `GET /healthz`: how core and bots are, for a monitor. 200 while the core takes requests.

use super::Failure;
use super::hosting::Server;
use crate::actors::{Core, CoreState, Statuses};
use crate::domain::fleet::BotState;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Listens, and serves on the runtime of the sockets until it is stopped.
///
/// # Errors
/// When the address cannot be had.
pub(super) async fn serve(
    address: SocketAddr,
    core: Core,
    statuses: Statuses,
    sockets: &tokio::runtime::Handle,
) -> Result<Server, Failure> {
    let taken =
        |error| Failure::Usage(format!("`web.listen`: cannot listen on {address}: {error}"));
    let listener = sockets.spawn(TcpListener::bind(address)).await;
    let listener = listener.map_err(|error| Failure::Check(error.to_string()))?.map_err(taken)?;
    let health = get(move || async move { answer(&core.state().borrow(), &statuses) });
    Ok(Server::start(listener, Router::new().route("/healthz", health), sockets))
}

fn answer(core: &CoreState, statuses: &Statuses) -> (StatusCode, Json<Value>) {
    let (status, core) = match core {
        CoreState::Running { epoch } => {
            (StatusCode::OK, json!({"state": "running", "epoch": epoch}))
        }
        CoreState::Starting => (StatusCode::SERVICE_UNAVAILABLE, json!({"state": "starting"})),
        CoreState::Waiting { because, .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, json!({"state": "waiting", "because": because}))
        }
        CoreState::Ended { because } => {
            (StatusCode::SERVICE_UNAVAILABLE, json!({"state": "ended", "because": because}))
        }
    };
    let bots = statuses.all();
    let running = bots.iter().filter(|bot| bot.state == BotState::Running).count();
    let body = json!({"core": core, "bots": {"total": bots.len(), "running": running}});
    (status, Json(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_running_core_is_healthy() {
        let ended = CoreState::Ended { because: "the fleet stops".to_owned() };
        for (core, status) in
            [(CoreState::Running { epoch: 3 }, 200), (CoreState::Starting, 503), (ended, 503)]
        {
            let (answered, Json(body)) = answer(&core, &Statuses::default());
            assert_eq!(answered.as_u16(), status, "{body}");
            assert_eq!(body["bots"]["total"], 0);
        }
    }
}
