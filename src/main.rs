//! shopfleet
fn main() {}
