//! The one integration-test binary: what only the whole package can show.
#![expect(clippy::print_stdout, reason = "a test that draws prints its seed and what it counted")]

mod audit;
mod browser;
mod config_docs;
mod crash;
mod faults;
mod kit;
mod recording;
mod sim;
mod store;
mod story;
mod tidy;
mod traces;
mod uploads;
