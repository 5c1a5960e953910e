//! A wire that falls silent when this process does not lead.
//!
//! Whoever took the lease over polls and sends for the same bots. A process that was asleep does not
//! know yet that it lost it, so the question is asked at every call and not once (DESIGN.md, law 13).

use super::transport::{ApiCall, ApiError, SharedTransport, Transport};
use crate::secret::Secret;
use crate::store::SharedStore;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;

/// Any wire, for as long as the store says that this process leads.
pub struct LeadingTransport {
    inner: SharedTransport,
    store: SharedStore,
}

impl LeadingTransport {
    /// `inner`, for as long as `store` leads.
    pub const fn new(inner: SharedTransport, store: SharedStore) -> Self {
        Self { inner, store }
    }
}

impl Transport for LeadingTransport {
    fn call(&self, call: ApiCall) -> BoxFuture<'static, Result<Value, ApiError>> {
        let (inner, store) = (self.inner.clone(), self.store.clone());
        Box::pin(async move {
            if !store.leads() {
                return Err(ApiError::Unreachable);
            }
            let polled = call.method == "getUpdates";
            let answer = inner.call(call).await;
            // Updates that arrive too late are the next leader's; what was sent was sent.
            if polled && !store.leads() { Err(ApiError::Unreachable) } else { answer }
        })
    }

    fn download(
        &self,
        token: Secret,
        file_path: String,
    ) -> BoxFuture<'static, Result<Bytes, ApiError>> {
        let (inner, store) = (self.inner.clone(), self.store.clone());
        Box::pin(async move {
            if store.leads() {
                inner.download(token, file_path).await
            } else {
                Err(ApiError::Unreachable)
            }
        })
    }
}
