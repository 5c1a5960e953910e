//! A Telegram of one's own: the Bot API with its rules, people who chat, and bad days on request.
//!
//! `world/` is Telegram as a plain struct; `service` gives it time, waiting and a memory (`state`);
//! bots come in by `http` or, in the same process, by `door`; people and tests by `control`, and
//! by the chat `page`. The same sandbox serves the demo, the integration tests and the simulation
//! (DESIGN.md, sections 6, 8 and 9).

pub mod control;
pub mod door;
pub mod http;
pub mod page;
pub mod service;
pub mod state;
pub mod world;

#[cfg(test)]
mod tests;
