//! The Transport port over HTTP: one shared client, one runtime, no token in anything that comes out.
//!
//! Arbiters own no socket (DESIGN.md, section 5): a pooled connection opened on one makes the others
//! wait whenever it is busy. So every request is spawned on one multi-thread runtime and the caller
//! only waits for its answer; when the caller goes away, the request is given up with it, which is
//! what ends a long poll at once when its bot stops.
//!
//! An error of `reqwest` prints the URL, and the URL of the Bot API holds the token. No such error
//! leaves this file: it is asked what kind it is and dropped.

mod answer;
#[cfg(test)]
mod tests;

use super::transport::{ApiCall, ApiError, Transport, Upload};
use crate::secret::Secret;
use answer::Reply;
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use reqwest::{Client, Response, multipart, redirect};
use serde_json::Value;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use url::{Host, Url};

/// Largest answer of a call that is read; a full batch of 100 updates stays far below.
const CALL_ANSWER_MAX: usize = 8 << 20;
/// Largest file that is read; the Bot API itself hands out 20 MB at most.
const FILE_MAX: usize = 32 << 20;
/// How long a connection may take to come about. Long enough for TLS over a bad line.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a whole download may take.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(120);

/// The Bot API over HTTP. Cheap to clone; all clones share one connection pool.
#[derive(Clone)]
pub struct HttpTransport {
    client: Client,
    base: Url,
    runtime: Handle,
}

/// Why no transport can be made from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpSetupError {
    /// `telegram.api_url` is not of a kind that can be called.
    #[error("the Bot API's address must be http:// or https:// with a host")]
    BadAddress,
    /// The TLS library would not start.
    #[error("the HTTP client cannot be set up")]
    Client,
}

impl HttpTransport {
    /// A transport to the Bot API at `api_url` (any path prefix, with or without a closing slash),
    /// whose sockets live on `runtime`.
    ///
    /// # Errors
    /// [`HttpSetupError`] when the address cannot be called or TLS cannot be set up.
    pub fn new(api_url: Url, runtime: Handle) -> Result<Self, HttpSetupError> {
        if !matches!(api_url.scheme(), "http" | "https") || !api_url.has_host() {
            return Err(HttpSetupError::BadAddress);
        }
        let mut base = api_url;
        base.set_query(None);
        base.set_fragment(None);
        let mut builder = Client::builder()
            // A redirect would carry the token, as the referrer too, to whom it points.
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(Duration::from_secs(60));
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|_| HttpSetupError::Client)?;
        Ok(Self { client, base, runtime })
    }

    /// `{base}{head}{token}/{rest…}`; `None` when the token could change the path.
    fn url(&self, head: &[&str], token: &Secret, rest: &str) -> Option<Url> {
        let token = token.expose();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'_' | b'-');
        if token.is_empty() || !token.bytes().all(plain) {
            return None;
        }
        let mut url = self.base.clone();
        {
            let mut path = url.path_segments_mut().ok()?;
            path.pop_if_empty().extend(head).push(&format!("bot{token}"));
            path.extend(rest.split('/').filter(|segment| !segment.is_empty()));
        }
        Some(url)
    }

    /// Runs `work` on the runtime of the sockets.
    fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, ApiError>> {
        let runtime = self.runtime.clone();
        Box::pin(async move {
            let mut task = AbortOnDrop(runtime.spawn(work));
            // The task neither panics nor is aborted while it is awaited; the runtime may go away.
            (&mut task.0).await.unwrap_or(Err(ApiError::AnswerLost))
        })
    }
}

impl Transport for HttpTransport {
    fn call(&self, call: ApiCall) -> BoxFuture<'static, Result<Value, ApiError>> {
        let Some(url) = self.url(&[], &call.token, call.method) else {
            return Box::pin(async { Err(ApiError::Unauthorized) });
        };
        let client = self.client.clone();
        self.run(async move {
            let request = client.post(url).timeout(call.timeout.to_std());
            let request = match call.upload {
                None => request.json(&call.params),
                Some(upload) => request.multipart(form(&call.params, upload)),
            };
            let response = request.send().await.map_err(|e| classify(&e))?;
            let reply = read(response, CALL_ANSWER_MAX).await?;
            answer::read_call(&reply, &call.token)
        })
    }

    fn download(
        &self,
        token: Secret,
        file_path: String,
    ) -> BoxFuture<'static, Result<Bytes, ApiError>> {
        let Some(url) = self.url(&["file"], &token, &file_path) else {
            return Box::pin(async { Err(ApiError::Unauthorized) });
        };
        let client = self.client.clone();
        self.run(async move {
            let request = client.get(url).timeout(DOWNLOAD_TIMEOUT);
            let response = request.send().await.map_err(|e| classify(&e))?;
            let reply = read(response, FILE_MAX).await?;
            answer::read_file(reply, &token)
        })
    }
}

/// Gives the request up when nobody waits for it any more.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A sandbox or a local Bot API server is never behind the proxy of the environment.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The parameters as form fields, each as the Bot API wants it: texts bare, all else as JSON.
fn form(params: &Value, upload: Upload) -> multipart::Form {
    let mut form = multipart::Form::new();
    for (name, value) in params.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        form = form.text(name.clone(), text);
    }
    let part = multipart::Part::stream(upload.bytes).file_name(upload.file_name);
    form.part(upload.field, part)
}

/// What a failure means for the caller; the error itself, which holds the URL, ends here.
fn classify(error: &reqwest::Error) -> ApiError {
    if error.is_connect() {
        ApiError::Unreachable
    } else if error.is_builder() {
        ApiError::BadRequest("the request cannot be written".to_owned())
    } else {
        ApiError::AnswerLost
    }
}

/// Reads the body up to `max` bytes; what is beyond is not read.
async fn read(mut response: Response, max: usize) -> Result<Reply, ApiError> {
    let status = response.status().as_u16();
    let announced = response.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let mut body = BytesMut::with_capacity(announced.min(64 << 10));
    while let Some(chunk) = response.chunk().await.map_err(|e| classify(&e))? {
        if body.len() + chunk.len() > max {
            return Ok(Reply { status, body: None });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, body: Some(body.freeze()) })
}
