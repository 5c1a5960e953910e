//! The control routes: how people, tests and the chat page act on the sandbox (DESIGN.md, §9).
//!
//! JSON in, JSON out, every id an integer. What makes no sense is 400 with a sentence, a bot or
//! file that is not there is 404; unknown fields are refused, because a misspelt one would be
//! silently no limit at all.

use super::http::BODY_MAX;
use super::service::{Changed, ControlError, Sandbox};
use super::world::{Complaint, Fault, FaultKind, Person, Post, Rewrite, Tap};
use crate::domain::time::Millis;
use axum::body::to_bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::convert::Infallible;

/// How long a latency is when the fault does not say, in milliseconds.
const LATENCY_MS: i64 = 1_000;
/// What a 429 asks to wait when the fault does not say, in seconds.
const RETRY_AFTER_S: i64 = 3;

/// The routes below `/sandbox/`.
pub fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/sandbox/bots", get(bots).post(create_bot))
        .route("/sandbox/bots/{username}/revoke", post(revoke))
        .route("/sandbox/messages", post(message))
        .route("/sandbox/edits", post(edit))
        .route("/sandbox/taps", post(tap))
        .route("/sandbox/blocks", post(block))
        .route("/sandbox/chats/{bot}/{chat_id}", get(chat))
        .route("/sandbox/files/{file_id}", get(file))
        .route("/sandbox/clock", get(clock).post(advance))
        .route("/sandbox/faults", delete(clear_faults).post(fault))
        .route("/sandbox/events", get(events))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(sandbox)
}

/// What a control route answers.
type Controlled = Result<Response, ControlError>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewBot {
    username: String,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMessage {
    bot: String,
    user_id: i64,
    chat_id: Option<i64>,
    text: Option<String>,
    document: Option<NewDocument>,
    from: Option<Person>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDocument {
    name: String,
    base64: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    bot: String,
    user_id: i64,
    blocked: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    bot: Option<String>,
    user_id: Option<i64>,
    method: Option<String>,
    /// `"429"` or `429`: both are natural to write.
    kind: Value,
    for_s: Option<u32>,
    count: Option<u32>,
    retry_after_s: Option<u32>,
    latency_ms: Option<u32>,
}

async fn bots(State(sandbox): State<Sandbox>) -> Controlled {
    Ok(Json(sandbox.bots()?).into_response())
}

async fn create_bot(State(sandbox): State<Sandbox>, request: Request) -> Controlled {
    let new: NewBot = body(request).await?;
    let name = new.name.as_deref().unwrap_or(&new.username);
    let made = sandbox.create_bot(&new.username, name)?;
    Ok(Json(json!({"id": made["id"], "username": made["username"], "token": made["token"]}))
        .into_response())
}

async fn revoke(State(sandbox): State<Sandbox>, Path(username): Path<String>) -> Controlled {
    let token = sandbox.revoke_token(&username)?;
    Ok(Json(json!({"token": token.expose()})).into_response())
}

async fn message(State(sandbox): State<Sandbox>, request: Request) -> Controlled {
    let new: NewMessage = body(request).await?;
    let document = match new.document {
        Some(document) => {
            let bytes = STANDARD
                .decode(document.base64.trim())
                .map_err(|error| Complaint::bad(format!("document.base64: {error}")))?;
            Some((document.name, Bytes::from(bytes)))
        }
        None => None,
    };
    let sent = sandbox.user_message(Post {
        bot: new.bot,
        user_id: new.user_id,
        chat_id: new.chat_id,
        text: new.text,
        document,
        from: new.from,
    })?;
    Ok(Json(json!({"message_id": sent.message_id})).into_response())
}

async fn edit(State(sandbox): State<Sandbox>, request: Request) -> Controlled {
    let edit: Rewrite = body(request).await?;
    sandbox.rewrite(&edit)?;
    Ok(Json(json!({"message_id": edit.message_id})).into_response())
}

async fn tap(State(sandbox): State<Sandbox>, request: Request) -> Controlled {
    let tap: Tap = body(request).await?;
    Ok(Json(sandbox.tap(&tap).await?).into_response())
}

async fn block(State(sandbox): State<Sandbox>, request: Request) -> Controlled {
    let block: Block = body(request).await?;
    sandbox.set_blocked(&block.bot, block.user_id, block.blocked)?;
    Ok(Json(json!({"blocked": block.blocked})).into_response())
}

async fn chat(
    State(sandbox): State<Sandbox>,
    Path((bot, chat_id)): Path<(String, String)>,
) -> Controlled {
    let chat_id =
        chat_id.parse().map_err(|_| Complaint::bad("the chat's id must be an integer"))?;
    Ok(Json(sandbox.chat(&bot, chat_id)?).into_response())
}

async fn file(State(sandbox): State<Sandbox>, Path(file_id): Path<String>) -> Controlled {
    let Some((name, bytes)) = sandbox.file(&file_id)? else {
        return Ok(refused(StatusCode::NOT_FOUND, "there is no such file"));
    };
    // The name as RFC 5987 writes it: any character, and no way out of the header.
    let name: String =
        url::form_urlencoded::byte_serialize(name.unwrap_or_else(|| "file".to_owned()).as_bytes())
            .collect();
    let disposition = format!("attachment; filename*=UTF-8''{}", name.replace('+', "%20"));
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, bytes).into_response())
}

async fn clock(State(sandbox): State<Sandbox>) -> Controlled {
    Ok(Json(json!({"now_ms": sandbox.clock().now().ms()})).into_response())
}

async fn advance(State(sandbox): State<Sandbox>, request: Request) -> Controlled {
    let span: Advance = body(request).await?;
    let now = sandbox.advance(Millis::from_secs(span.advance_s))?;
    Ok(Json(json!({"now_ms": now.ms()})).into_response())
}

async fn fault(State(sandbox): State<Sandbox>, request: Request) -> Controlled {
    let new: NewFault = body(request).await?;
    let kind = fault_kind(&new.kind)?;
    if new.count == Some(0) {
        return Err(Complaint::bad("count must be at least 1").into());
    }
    let about_queues =
        matches!(kind, FaultKind::Duplicate | FaultKind::Reorder | FaultKind::Conflict);
    if about_queues && new.user_id.is_some() {
        return Err(Complaint::bad("this kind is about a bot's queue: it takes no user_id").into());
    }
    let fault = Fault {
        kind,
        bot: None,
        user_id: new.user_id,
        method: new.method,
        until: None,
        left: new.count,
        retry_after_s: new.retry_after_s.map_or(RETRY_AFTER_S, i64::from),
        latency: Millis::from_ms(new.latency_ms.map_or(LATENCY_MS, i64::from)),
    };
    let span = new.for_s.map(|seconds| Millis::from_secs(seconds.into()));
    sandbox.fault(new.bot.as_deref(), span, fault)?;
    Ok(Json(json!({"ok": true})).into_response())
}

async fn clear_faults(State(sandbox): State<Sandbox>) -> Controlled {
    sandbox.clear_faults()?;
    Ok(Json(json!({"ok": true})).into_response())
}

/// What changes, as it changes. A listener that lags too far is cut off; its browser comes back
/// and looks at everything again.
async fn events(
    State(sandbox): State<Sandbox>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let listening = sandbox.watch();
    let lines = stream::unfold(listening, |mut listening| async move {
        let changed = listening.recv().await.ok()?;
        let line = match changed {
            Changed::Chat { bot, chat_id } => json!({"bot": bot, "chat_id": chat_id}),
            Changed::Bots => json!({"bots": true}),
            Changed::Clock(now) => json!({"now_ms": now.ms()}),
        };
        Some((Ok(Event::default().data(line.to_string())), listening))
    });
    Sse::new(lines).keep_alive(KeepAlive::default())
}

fn fault_kind(given: &Value) -> Result<FaultKind, Complaint> {
    let name = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
    match name.as_str() {
        "429" => Ok(FaultKind::TooMany),
        "401" => Ok(FaultKind::Unauthorized),
        "403" => Ok(FaultKind::Forbidden),
        "409" => Ok(FaultKind::Conflict),
        "5xx" => Ok(FaultKind::Server),
        "latency" => Ok(FaultKind::Latency),
        "lost_answer" => Ok(FaultKind::LostAnswer),
        "duplicate" => Ok(FaultKind::Duplicate),
        "reorder" => Ok(FaultKind::Reorder),
        _ => Err(Complaint::bad(
            "kind must be one of 429, 401, 403, 409, 5xx, latency, lost_answer, duplicate, reorder",
        )),
    }
}

/// The request's body, whatever it calls itself: scripts forget the content type.
async fn body<T: DeserializeOwned>(request: Request) -> Result<T, Complaint> {
    let bytes = to_bytes(request.into_body(), BODY_MAX)
        .await
        .map_err(|_| Complaint::bad("the body could not be read or is too large"))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Complaint::bad(format!("the body is not what this route takes: {error}")))
}

fn refused(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({"error": sentence}))).into_response()
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Complaint(Complaint::UnknownBot(_)) => StatusCode::NOT_FOUND,
            Self::Complaint(Complaint::Bad(_)) => StatusCode::BAD_REQUEST,
            Self::State(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        refused(status, &self.to_string())
    }
}
