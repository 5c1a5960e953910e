//! The Bot API over HTTP, as any library expects it, and the one place that may listen.
//!
//! The router can be nested under a prefix. Parameters come in the query, as JSON, as a form or as
//! multipart, on GET and POST alike. A lost answer breaks the connection in the middle of the body:
//! the client cannot know what became of its call.

use super::control;
use super::service::{Answer, AnswerLost, Sandbox};
use super::world::{Refusal, Upload};
use crate::secret::Secret;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Map, Value};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// The most bytes of one request: the largest upload with its wrapping, as multipart or base64.
pub(super) const BODY_MAX: usize = 84 * 1024 * 1024;

/// Why the sandbox does not listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Everybody who reaches the sandbox can read every chat and every token in it.
    #[error("the sandbox listens on loopback only, and {0} is not")]
    NotLoopback(SocketAddr),
    /// The port cannot be had.
    #[error("the sandbox cannot listen on {0}: {1}")]
    Io(SocketAddr, std::io::Error),
}

/// The Bot API and the control routes.
pub fn router(sandbox: Sandbox) -> Router {
    api_router(sandbox.clone()).merge(control::router(sandbox))
}

/// The Bot API alone: `/bot{token}/{method}` and `/file/bot{token}/{file_path}`.
pub fn api_router(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/bot{token}/{method}", get(call).post(call))
        .route("/file/bot{token}/{*path}", get(download))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(sandbox)
}

/// A listener on a loopback address.
///
/// # Errors
/// When the address is not loopback or cannot be had.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    if !address.ip().is_loopback() {
        return Err(BindError::NotLoopback(address));
    }
    TcpListener::bind(address).await.map_err(|error| BindError::Io(address, error))
}

async fn call(
    State(sandbox): State<Sandbox>,
    Path((token, method)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (params, uploads) = match read(request).await {
        Ok(read) => read,
        Err(refusal) => return answered(refusal.into()),
    };
    match sandbox.call(&Secret::new(token), &method, &Value::Object(params), &uploads).await {
        Ok(answer) => answered(answer),
        Err(AnswerLost) => broken(),
    }
}

async fn download(
    State(sandbox): State<Sandbox>,
    Path((token, path)): Path<(String, String)>,
) -> Response {
    match sandbox.download(&Secret::new(token), &path).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response(),
        Err(Some(refusal)) => answered(refusal.into()),
        Err(None) => broken(),
    }
}

fn answered(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(answer.body)).into_response()
}

/// An answer that ends in the middle.
fn broken() -> Response {
    let cut = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
    Body::from_stream(stream::iter([Ok(Bytes::from_static(b"{")), Err(cut)])).into_response()
}

/// The parameters and files of a request; what the body says wins over the query.
async fn read(request: Request) -> Result<(Map<String, Value>, Vec<Upload>), Refusal> {
    let mut params = pairs(request.uri().query().unwrap_or_default().as_bytes());
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    if content_type.starts_with("multipart/form-data") {
        let uploads = read_multipart(request, &mut params).await?;
        return Ok((params, uploads));
    }
    let body = to_bytes(request.into_body(), BODY_MAX).await.map_err(|_| Refusal::too_large())?;
    if content_type.starts_with("application/x-www-form-urlencoded") {
        params.extend(pairs(&body));
    } else if !body.is_empty() {
        let Ok(Value::Object(given)) = serde_json::from_slice(&body) else {
            return Err(Refusal::bad("can't parse JSON object"));
        };
        params.extend(given);
    }
    Ok((params, vec![]))
}

fn pairs(encoded: &[u8]) -> Map<String, Value> {
    url::form_urlencoded::parse(encoded)
        .map(|(key, value)| (key.into_owned(), Value::String(value.into_owned())))
        .collect()
}

async fn read_multipart(
    request: Request,
    params: &mut Map<String, Value>,
) -> Result<Vec<Upload>, Refusal> {
    let unread = || Refusal::bad("can't parse multipart form data");
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| unread())?;
    let mut uploads = vec![];
    let refused = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::too_large(),
        _ => unread(),
    };
    while let Some(field) = form.next_field().await.map_err(refused)? {
        let name = field.name().unwrap_or_default().to_owned();
        match field.file_name().map(str::to_owned) {
            Some(file_name) => {
                let bytes = field.bytes().await.map_err(refused)?;
                uploads.push(Upload { field: name, file_name, bytes });
            }
            None => {
                let text = field.text().await.map_err(refused)?;
                params.insert(name, Value::String(text));
            }
        }
    }
    Ok(uploads)
}
