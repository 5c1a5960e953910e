//! shopfleet: a fleet of Telegram shop bots run by one actor system.
//!
//! Read `docs/architecture.md` first; it names the layers below and the laws they keep.

pub mod clock;
pub mod domain;
pub mod sandbox;
pub mod secret;
pub mod telegram;
