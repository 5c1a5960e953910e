//! The pure core: what the business decides, and nothing else.
//!
//! No async, clock, I/O, randomness or hash-map order in here. Each machine has two functions:
//! `decide(&self, command, now)` looks and changes nothing; `apply(&mut self, &event)` changes and
//! cannot fail. Recovery, replay and simulation call the same two (DESIGN.md, section 3).

pub mod access;
pub mod catalog;
pub mod chronicle;
pub mod command;
pub mod event;
pub mod fleet;
pub mod id;
pub mod invariant;
pub mod ledger;
pub mod money;
pub mod order;
pub mod outcome;
mod pairs;
pub mod pricing;
pub mod rejection;
pub mod sealed;
pub mod set_aside;
pub mod stock;
pub mod tenant;
pub mod time;
pub mod view;
pub mod withdrawal;
pub mod words;

#[cfg(test)]
mod tests;
