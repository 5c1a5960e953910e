//! What the Bot API's answers mean: from status and body to a result or an [`ApiError`]. Pure.
//!
//! A failure counts as Telegram's only when its body is Telegram's: a proxy's 401 page must not stop
//! a bot, so an unreadable body is a failing server whatever its status says.

use crate::domain::time::Millis;
use crate::secret::Secret;
use crate::telegram::transport::ApiError;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

/// Longest description that is kept, in characters.
const DESCRIPTION_MAX: usize = 200;
/// The pause when Telegram asks for one without saying how long.
const UNNAMED_PAUSE: Millis = Millis::from_secs(1);

/// A whole answer; `body` is `None` when it was larger than anybody should send.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Option<Bytes>,
}

/// The envelope of every answer of the Bot API.
#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    #[serde(default)]
    result: Value,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    migrate_to_chat_id: Option<i64>,
    retry_after: Option<i64>,
}

/// The `result` of a call's answer.
pub(super) fn read_call(reply: &Reply, token: &Secret) -> Result<Value, ApiError> {
    let Some(envelope) = envelope(reply) else { return Err(unreadable(reply.status)) };
    if envelope.ok { Ok(envelope.result) } else { Err(refusal(reply.status, envelope, token)) }
}

/// The content of a file.
pub(super) fn read_file(reply: Reply, token: &Secret) -> Result<Bytes, ApiError> {
    if (200..300).contains(&reply.status) {
        return reply.body.ok_or(ApiError::TooLarge);
    }
    match envelope(&reply) {
        Some(envelope) => Err(refusal(reply.status, envelope, token)),
        // A file server's plain 404 page is an answer to the question.
        None if reply.status == 404 => Err(ApiError::NotFound),
        None => Err(unreadable(reply.status)),
    }
}

fn envelope(reply: &Reply) -> Option<Envelope> {
    serde_json::from_slice(reply.body.as_ref()?).ok()
}

fn unreadable(status: u16) -> ApiError {
    // A gateway in front refuses large bodies in its own words.
    if status == 413 { ApiError::TooLarge } else { ApiError::Server(status) }
}

fn refusal(status: u16, envelope: Envelope, token: &Secret) -> ApiError {
    let parameters = envelope.parameters;
    let retry_after = parameters.as_ref().and_then(|p| p.retry_after);
    match envelope.error_code.unwrap_or(status) {
        401 => ApiError::Unauthorized,
        403 => ApiError::Forbidden,
        404 => ApiError::NotFound,
        409 => ApiError::Conflict,
        413 => ApiError::TooLarge,
        429 => ApiError::RetryAfter(retry_after.map_or(UNNAMED_PAUSE, Millis::from_secs)),
        code @ 400..=499 => match parameters.and_then(|p| p.migrate_to_chat_id) {
            Some(chat) => ApiError::Migrated(chat),
            None => ApiError::BadRequest(describe(code, envelope.description, token)),
        },
        code => ApiError::Server(code),
    }
}

/// A description that can be logged: Telegram quotes pieces of the text it was sent, which may be
/// goods, and something in between may quote the address, which holds the token.
fn describe(code: u16, description: Option<String>, token: &Secret) -> String {
    let Some(text) = description else { return format!("error {code}") };
    let text = text.replace(token.expose(), "<token>");
    let mut shown = String::new();
    for (index, piece) in text.split('"').enumerate() {
        if index % 2 == 0 {
            shown.push_str(piece);
        } else {
            shown.push_str("\"…\"");
        }
    }
    shown.chars().take(DESCRIPTION_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(text: &str) -> ApiError {
        ApiError::BadRequest(text.to_owned())
    }

    #[track_caller]
    fn check(status: u16, body: &'static str, expected: &Result<Value, ApiError>) {
        let reply = Reply { status, body: Some(Bytes::from_static(body.as_bytes())) };
        assert_eq!(&read_call(&reply, &Secret::new("77:tok")), expected, "{status} {body}");
    }

    #[test]
    fn every_answer_has_one_meaning() {
        check(200, r#"{"ok":true,"result":5}"#, &Ok(Value::from(5)));
        check(200, r#"{"ok":true"#, &Err(ApiError::Server(200)));
        check(502, "<html>bad gateway</html>", &Err(ApiError::Server(502)));
        check(401, "<html>proxy login</html>", &Err(ApiError::Server(401)));
        check(413, "<html>too large</html>", &Err(ApiError::TooLarge));
        for (code, expected) in [
            (401, ApiError::Unauthorized),
            (403, ApiError::Forbidden),
            (404, ApiError::NotFound),
            (409, ApiError::Conflict),
            (413, ApiError::TooLarge),
            (429, ApiError::RetryAfter(Millis::from_secs(1))),
            (500, ApiError::Server(500)),
            (400, bad("error 400")),
        ] {
            check(code, r#"{"ok":false}"#, &Err(expected));
        }
        check(
            429,
            r#"{"ok":false,"error_code":429,"parameters":{"retry_after":7}}"#,
            &Err(ApiError::RetryAfter(Millis::from_secs(7))),
        );
        check(
            400,
            r#"{"ok":false,"error_code":400,"parameters":{"migrate_to_chat_id":-1009}}"#,
            &Err(ApiError::Migrated(-1009)),
        );
    }

    #[test]
    fn a_description_quotes_neither_text_nor_token() {
        check(
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: can't parse entities: Unsupported start tag \"KEY-1\" at byte offset 3"}"#,
            &Err(bad(
                "Bad Request: can't parse entities: Unsupported start tag \"…\" at byte offset 3",
            )),
        );
        check(
            400,
            r#"{"ok":false,"error_code":400,"description":"no route /bot77:tok/x \"open"}"#,
            &Err(bad("no route /bot<token>/x \"…\"")),
        );
    }

    #[test]
    fn an_oversized_answer_is_not_read() {
        let token = Secret::new("77:tok");
        let big = |status| Reply { status, body: None };
        assert_eq!(read_call(&big(200), &token), Err(ApiError::Server(200)));
        assert_eq!(read_file(big(200), &token), Err(ApiError::TooLarge));
    }
}
