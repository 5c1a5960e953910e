//! The Telegram half: what a chat sees and how it travels.
//!
//! Pure files (`incoming`, `intent`, `callback`, `dialog`, `screen`, `text`, `token`, `request`)
//! know only `domain`; the others move bytes through the [`transport::Transport`] port (DESIGN.md,
//! section 6).

pub mod callback;
pub mod client;
pub mod dialog;
pub mod http;
pub mod inbound;
pub mod incoming;
pub mod intent;
pub mod leading;
pub mod outbox;
pub mod pump;
pub mod request;
pub mod screen;
pub mod text;
pub mod token;
pub mod transport;
pub mod update;

#[cfg(test)]
mod scripted;
