//! shopfleet: a fleet of Telegram shop bots run by one actor system.
//!
//! Read `docs/architecture.md` first; it names the layers below and the laws they keep.

pub mod actors;
pub mod app;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod placement;
pub mod random;
pub mod sandbox;
pub mod secret;
pub mod sim;
pub mod store;
pub mod telegram;
pub mod telemetry;
pub mod trace;
pub mod vault;
