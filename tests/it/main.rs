//! tests
mod audit;
