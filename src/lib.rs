//! shopfleet: a fleet of Telegram shop bots run by one actor system.
//!
//! Read `docs/architecture.md` first; it names the layers below and the laws they keep.

pub mod audit;
pub mod clock;
pub mod domain;
pub mod secret;
pub mod store;
pub mod telegram;
