//! The Transport port: one call of the Bot API, one file download.
//!
//! Two implementations: the HTTP client of `http/` and the sandbox's in-process door, which
//! simulations use. Errors are already what a scheduler decides by; none of them can hold a token.

use crate::domain::time::Millis;
use crate::secret::Secret;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::sync::Arc;

/// One call of one method by one bot.
#[derive(Clone)]
pub struct ApiCall {
    /// Who calls.
    pub token: Secret,
    /// The method's name as the Bot API spells it, `sendMessage`.
    pub method: &'static str,
    /// The parameters as a JSON object.
    pub params: Value,
    /// A file that travels with the call.
    pub upload: Option<Upload>,
    /// How long the caller waits for the whole call, long polling included.
    pub timeout: Millis,
}

impl std::fmt::Debug for ApiCall {
    /// Only the method: the parameters may hold goods (law 10).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiCall({}, {:?})", self.method, self.upload)
    }
}

/// A file sent as multipart form data.
#[derive(Clone)]
pub struct Upload {
    /// The parameter that takes it, `document`.
    pub field: &'static str,
    /// The name the receiver sees.
    pub file_name: String,
    /// The content. May be goods: never printed.
    pub bytes: Bytes,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({}, {} bytes)", self.field, self.bytes.len())
    }
}

/// Why a call did not answer with a result. No variant can carry a token or a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 401: the token is wrong or was revoked.
    #[error("telegram refuses the token (401)")]
    Unauthorized,
    /// 409: another process polls with this token, or a webhook is set.
    #[error("another process uses this bot's token (409)")]
    Conflict,
    /// 403: the user blocked the bot, is gone, or the bot may not write there.
    #[error("the chat does not accept messages from the bot (403)")]
    Forbidden,
    /// 429: wait this long before the next call.
    #[error("telegram asks to wait {} ms (429)", .0.ms())]
    RetryAfter(Millis),
    /// 400: the request is wrong; the Bot API's description, safe to log.
    #[error("telegram refuses the request: {0}")]
    BadRequest(String),
    /// 400 with `migrate_to_chat_id`: the group became a supergroup.
    #[error("the group moved to chat {0}")]
    Migrated(i64),
    /// 404: no such method or no such file.
    #[error("telegram does not know that method or file (404)")]
    NotFound,
    /// 413: too large for the Bot API.
    #[error("the file is too large for the Bot API (413)")]
    TooLarge,
    /// 5xx or an unreadable answer: the call **may** have taken effect.
    #[error("telegram failed (status {0})")]
    Server(u16),
    /// The connection could not be made: the call did not take effect.
    #[error("telegram cannot be reached")]
    Unreachable,
    /// The connection broke or timed out after the request went out: the call **may** have taken
    /// effect.
    #[error("the answer of telegram was lost")]
    AnswerLost,
}

impl ApiError {
    /// Whether the call may have taken effect although no result came back.
    pub const fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Server(_) | Self::AnswerLost)
    }
}

/// The wire to the Bot API.
pub trait Transport: Send + Sync + 'static {
    /// Makes one call and returns the `result` of the answer.
    fn call(&self, call: ApiCall) -> BoxFuture<'static, Result<Value, ApiError>>;

    /// Downloads a file by the `file_path` of `getFile`.
    fn download(
        &self,
        token: Secret,
        file_path: String,
    ) -> BoxFuture<'static, Result<Bytes, ApiError>>;
}

/// The transport as everybody holds it.
pub type SharedTransport = Arc<dyn Transport>;
