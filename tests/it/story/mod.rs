//! The business as people live it: a real `shopfleet run` in a process of its own, a sandbox as its
//! Telegram, and nothing between the two but HTTP.
//!
//! What people do goes through the sandbox's control routes (DESIGN.md, section 9), what they see is
//! read from their chats. `world` sets it up, `seat` is one person in one chat; the other files are
//! tests, and `script` plays `tests/scenarios/`.

mod bad_input;
mod control;
mod fleet;
mod host;
mod pasted_tokens;
mod race;
mod sale;
mod script;
mod seat;
mod secrets;
mod stock_lines;
mod world;
