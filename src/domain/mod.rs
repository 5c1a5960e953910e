//! The pure core: what the business decides, and nothing else.
//!
//! No async, clock, I/O, randomness or hash-map order in here. Each machine has two functions:
//! `decide(&self, command, now)` looks and changes nothing; `apply(&mut self, &event)` changes and
//! cannot fail. Recovery, replay and simulation call the same two (DESIGN.md, section 3).

pub mod sealed;
pub mod time;
