//! The Telegram half: what a chat sees and how it travels.
//!
//! Pure files (`intent`, `callback`, `dialog`, `screen`, `text`) know only `domain`; the others move
//! bytes through the [`transport::Transport`] port (DESIGN.md, section 6).

pub mod client;
pub mod http;
pub mod outbox;
pub mod pump;
pub mod request;
pub mod transport;
pub mod update;

#[cfg(test)]
mod scripted;
