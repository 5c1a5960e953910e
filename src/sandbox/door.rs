//! The sandbox's in-process door: the Transport port without a socket.
//!
//! Simulations and tests of the fleet use it, in virtual time. It answers with the same errors as
//! the HTTP client would after reading the same statuses.

use super::service::{Answer, AnswerLost, Sandbox};
use super::world::{Refusal, Upload};
use crate::domain::time::Millis;
use crate::secret::Secret;
use crate::telegram::transport::{ApiCall, ApiError, Transport};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;

/// The wire to a sandbox in the same process.
#[derive(Clone)]
pub struct SandboxTransport {
    sandbox: Sandbox,
}

impl SandboxTransport {
    /// A door of this sandbox.
    pub fn new(sandbox: Sandbox) -> Self {
        Self { sandbox }
    }
}

impl Transport for SandboxTransport {
    fn call(&self, call: ApiCall) -> BoxFuture<'static, Result<Value, ApiError>> {
        let sandbox = self.sandbox.clone();
        Box::pin(async move {
            let uploads: Vec<Upload> = call
                .upload
                .into_iter()
                .map(|file| Upload {
                    field: file.field.to_owned(),
                    file_name: file.file_name,
                    bytes: file.bytes,
                })
                .collect();
            let clock = sandbox.clock();
            let answer = sandbox.call(&call.token, call.method, &call.params, &uploads);
            tokio::select! {
                biased;
                answer = answer => read(answer),
                () = clock.sleep(call.timeout) => Err(ApiError::AnswerLost),
            }
        })
    }

    fn download(
        &self,
        token: Secret,
        file_path: String,
    ) -> BoxFuture<'static, Result<Bytes, ApiError>> {
        let sandbox = self.sandbox.clone();
        Box::pin(async move {
            sandbox
                .download(&token, &file_path)
                .await
                .map_err(|refusal| refusal.map_or(ApiError::AnswerLost, error_of))
        })
    }
}

fn read(answer: Result<Answer, AnswerLost>) -> Result<Value, ApiError> {
    let Answer { status, mut body } = answer.map_err(|AnswerLost| ApiError::AnswerLost)?;
    if status == 200 {
        return Ok(body["result"].take());
    }
    let description = body["description"].as_str().unwrap_or_default().to_owned();
    let retry_after_s = body["parameters"]["retry_after"].as_i64();
    Err(error_of(Refusal { code: status, description, retry_after_s }))
}

fn error_of(refusal: Refusal) -> ApiError {
    match refusal.code {
        401 => ApiError::Unauthorized,
        403 => ApiError::Forbidden,
        404 => ApiError::NotFound,
        409 => ApiError::Conflict,
        413 => ApiError::TooLarge,
        429 => ApiError::RetryAfter(Millis::from_secs(refusal.retry_after_s.unwrap_or(1))),
        code if code >= 500 => ApiError::Server(code),
        _ => ApiError::BadRequest(refusal.description),
    }
}
