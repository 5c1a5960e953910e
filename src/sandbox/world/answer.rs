//! How a call ends: a result, a refusal in Telegram's words, or a poll that waits.

use super::records::BotRecord;
use crate::domain::time::Timestamp;
use crate::secret::Secret;
use serde_json::{Value, json};

/// How one call of the Bot API ends.
pub enum Outcome {
    /// The `result` of the answer.
    Done(Value),
    /// The answer says no.
    Refused(Refusal),
    /// Nothing to fetch yet: ask again with [`super::World::resume`] when the bot's queue moves or
    /// the time is over.
    Wait(Poll),
}

/// A long poll that waits for updates.
#[derive(Clone)]
pub struct Poll {
    /// The bot whose queue it watches.
    pub bot: i64,
    /// When it ends with an empty answer.
    pub until: Timestamp,
    pub(super) token: Secret,
    pub(super) generation: u64,
    pub(super) limit: usize,
}

/// A refusal as the Bot API words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status, which is also the body's `error_code`.
    pub code: u16,
    /// The whole description.
    pub description: String,
    /// Seconds to wait, with code 429.
    pub retry_after_s: Option<i64>,
}

/// What a method gives back.
pub(super) type Reply = Result<Value, Refusal>;

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        match reply {
            Ok(result) => Self::Done(result),
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

impl Refusal {
    /// A refusal with exactly this description.
    pub fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), retry_after_s: None }
    }

    /// 400 with Telegram's prefix.
    pub fn bad(reason: impl std::fmt::Display) -> Self {
        Self::new(400, format!("Bad Request: {reason}"))
    }

    /// 401: the token is unknown or was revoked.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized")
    }

    /// 403 with Telegram's prefix.
    pub fn forbidden(reason: impl std::fmt::Display) -> Self {
        Self::new(403, format!("Forbidden: {reason}"))
    }

    /// 404: no such method, no such file, or no token at all.
    pub fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    /// 409: a later poll took over.
    pub fn conflict() -> Self {
        Self::new(
            409,
            "Conflict: terminated by other getUpdates request; make sure that only one bot \
             instance is running",
        )
    }

    /// 413: the upload is larger than the Bot API takes.
    pub fn too_large() -> Self {
        Self::new(413, "Request Entity Too Large")
    }

    /// 429: wait this many seconds.
    pub fn too_many(retry_after_s: i64) -> Self {
        Self {
            retry_after_s: Some(retry_after_s),
            ..Self::new(429, format!("Too Many Requests: retry after {retry_after_s}"))
        }
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        let mut body =
            json!({"ok": false, "error_code": self.code, "description": self.description});
        if let Some(seconds) = self.retry_after_s {
            body["parameters"] = json!({"retry_after": seconds});
        }
        body
    }
}

/// Why the control side of the sandbox could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Complaint {
    /// There is no bot of that user name.
    #[error("there is no bot named {0}")]
    UnknownBot(String),
    /// The request makes no sense, and why.
    #[error("{0}")]
    Bad(String),
}

impl Complaint {
    /// A complaint in one sentence.
    pub fn bad(reason: impl Into<String>) -> Self {
        Self::Bad(reason.into())
    }
}

/// A bot as the control side shows it, token included: it is what BotFather would tell.
pub fn bot_json(bot: &BotRecord) -> Value {
    json!({
        "id": bot.id,
        "username": bot.username,
        "name": bot.name,
        "token": bot.token.expose(),
    })
}
