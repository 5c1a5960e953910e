//! The one integration-test binary: what only the whole package can show.

mod kit;
mod store;
