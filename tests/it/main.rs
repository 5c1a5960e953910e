//! The one integration-test binary: what only the whole package can show.

mod audit;
mod browser;
mod config_docs;
mod crash;
mod faults;
mod kit;
mod store;
mod story;
mod tidy;
