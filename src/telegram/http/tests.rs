//! The HTTP transport against a small server on a loopback port.

use super::*;
use crate::domain::time::Millis;
use axum::Router;
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::json;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const TOKEN: &str = "123456789:AAH-secret_secret_secret_secret_1";

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
    address
}

fn transport(base: &str) -> HttpTransport {
    let url = Url::parse(base).expect("a test address");
    HttpTransport::new(url, Handle::current()).expect("a client")
}

fn call(method: &'static str) -> ApiCall {
    ApiCall {
        token: Secret::new(TOKEN),
        method,
        params: json!({"chat_id": 5, "text": "hi", "reply_markup": {"inline_keyboard": []}}),
        upload: None,
        timeout: Millis::from_secs(5),
    }
}

/// Answers every call with the path it came on and the body it brought.
async fn echo(Path(path): Path<String>, body: String) -> impl IntoResponse {
    json!({"ok": true, "result": {"path": path, "body": body}}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_prefix_stays_and_slashes_do_not_matter() {
    let address = serve(Router::new().route("/{*path}", post(echo))).await;
    for (base, expected) in [
        ("", format!("bot{TOKEN}/getMe")),
        ("/", format!("bot{TOKEN}/getMe")),
        ("/tg/x", format!("tg/x/bot{TOKEN}/getMe")),
        ("/tg/x/", format!("tg/x/bot{TOKEN}/getMe")),
        ("/tg/x/?a=b#c", format!("tg/x/bot{TOKEN}/getMe")),
    ] {
        let answer = transport(&format!("http://{address}{base}")).call(call("getMe")).await;
        let answer = answer.expect("echoed");
        assert_eq!(answer["path"], expected, "{base}");
        let body: Value =
            serde_json::from_str(answer["body"].as_str().expect("text")).expect("json");
        assert_eq!(body, call("getMe").params);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_travels_as_a_form() {
    async fn fields(mut form: Multipart) -> impl IntoResponse {
        let mut seen = Vec::new();
        while let Some(field) = form.next_field().await.expect("a form") {
            let name = field.name().unwrap_or_default().to_owned();
            let file = field.file_name().map(str::to_owned);
            seen.push(json!([name, file, field.text().await.expect("text")]));
        }
        json!({"ok": true, "result": seen}).to_string()
    }
    let address = serve(Router::new().route("/{bot}/sendDocument", post(fields))).await;
    let mut call = call("sendDocument");
    call.upload = Some(Upload {
        field: "document",
        file_name: "goods ü.txt".to_owned(),
        bytes: Bytes::from_static(b"KEY-1"),
    });
    let answer = transport(&format!("http://{address}")).call(call).await.expect("taken");
    assert_eq!(
        answer,
        json!([
            ["chat_id", null, "5"],
            ["reply_markup", null, "{\"inline_keyboard\":[]}"],
            ["text", null, "hi"],
            ["document", "goods ü.txt", "KEY-1"],
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_from_below_the_prefix_and_climb_nowhere() {
    async fn file(Path(path): Path<String>) -> impl IntoResponse {
        if path.ends_with("gone.txt") { Err(StatusCode::NOT_FOUND) } else { Ok(path) }
    }
    let address = serve(Router::new().route("/tg/{*path}", get(file))).await;
    let transport = transport(&format!("http://{address}/tg/"));
    for (path, expected) in [
        ("documents/file 1.txt", Ok(format!("file/bot{TOKEN}/documents/file 1.txt"))),
        ("/documents//a?b#c", Ok(format!("file/bot{TOKEN}/documents/a?b#c"))),
        ("../../x", Ok(format!("file/bot{TOKEN}/x"))),
        ("gone.txt", Err(ApiError::NotFound)),
    ] {
        let content = transport.download(Secret::new(TOKEN), path.to_owned()).await;
        let content = content.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert_eq!(content, expected, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_bounded() {
    async fn endless() -> impl IntoResponse {
        "x".repeat(CALL_ANSWER_MAX + 1)
    }
    let address = serve(Router::new().route("/{bot}/getMe", post(endless))).await;
    let answer = transport(&format!("http://{address}")).call(call("getMe")).await;
    assert_eq!(answer, Err(ApiError::Server(200)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    async fn away() -> impl IntoResponse {
        (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")])
    }
    let router = Router::new()
        .route("/{bot}/getMe", post(away))
        .route("/elsewhere", post(async || r#"{"ok":true,"result":"followed"}"#));
    let address = serve(router).await;
    let answer = transport(&format!("http://{address}")).call(call("getMe")).await;
    assert_eq!(answer, Err(ApiError::Server(307)));
}

/// A port that nobody listens on: bound, then given back.
async fn closed_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("bound")
}

/// A server that takes the request and hangs up, or never answers when `silent`.
async fn rude_server(silent: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            socket.readable().await.expect("a request");
            if silent {
                held.push(socket);
            }
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_network_shows_no_token() {
    let closed = closed_port().await;
    for (base, expected) in [
        (format!("http://{closed}"), ApiError::Unreachable),
        (format!("https://{closed}/p"), ApiError::Unreachable),
        (format!("http://{}", rude_server(false).await), ApiError::AnswerLost),
        (format!("http://{}", rude_server(true).await), ApiError::AnswerLost),
    ] {
        let call = ApiCall { timeout: Millis::from_ms(300), ..call("sendMessage") };
        let mut all = format!("{call:?}");
        let error = transport(&base).call(call).await.expect_err("nobody answers");
        all.push_str(&format!("{error:?} {error}"));
        assert_eq!(error, expected, "{base}");
        assert!(!all.contains("AAH-secret"), "{all}");
    }
    let file = transport(&format!("http://{closed}")).download(Secret::new(TOKEN), "a".to_owned());
    let error = file.await.expect_err("nobody answers");
    assert!(!format!("{error:?} {error}").contains("AAH-secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_could_change_the_path_is_refused() {
    let transport = transport("http://127.0.0.1:9");
    for token in ["", "1:a/../../x", "1:a?x", "1:a b", "1:é"] {
        let call = ApiCall { token: Secret::new(token), ..call("getMe") };
        assert_eq!(transport.call(call).await, Err(ApiError::Unauthorized), "{token}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_the_call_gives_up_the_request() {
    async fn hold(State(seen): State<mpsc::Sender<mpsc::Sender<()>>>) -> String {
        let (alive, mut released) = mpsc::channel(1);
        seen.send(alive).await.expect("the test listens");
        released.recv().await;
        String::new()
    }
    let (seen, mut arrivals) = mpsc::channel(1);
    let address =
        serve(Router::new().route("/{bot}/getUpdates", post(hold)).with_state(seen)).await;
    let poll = tokio::spawn(transport(&format!("http://{address}")).call(call("getUpdates")));
    let held = arrivals.recv().await.expect("the poll arrived");
    poll.abort();
    // The server sees its client hang up and drops the handler, which is what closes the channel.
    held.closed().await;
}

#[test]
fn only_http_addresses_are_taken() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for address in ["ftp://x", "file:///tmp", "data:text/plain,x"] {
        let url = Url::parse(address).expect("a url");
        let made = HttpTransport::new(url, runtime.handle().clone());
        assert_eq!(made.err(), Some(HttpSetupError::BadAddress), "{address}");
    }
}

#[test]
fn a_caller_needs_no_socket_of_its_own() {
    let sockets = tokio::runtime::Runtime::new().expect("a multi-thread runtime");
    let address = sockets.block_on(serve(Router::new().route("/{*path}", post(echo))));
    let url = Url::parse(&format!("http://{address}")).expect("a test address");
    let transport = HttpTransport::new(url, sockets.handle().clone()).expect("a client");
    // No I/O driver and no timer here: a socket or timeout on this thread would panic.
    let caller = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let answer = caller.block_on(transport.call(call("getMe"))).expect("echoed");
    assert_eq!(answer["path"], format!("bot{TOKEN}/getMe"));
    drop(sockets);
    assert_eq!(caller.block_on(transport.call(call("getMe"))), Err(ApiError::AnswerLost));
}
