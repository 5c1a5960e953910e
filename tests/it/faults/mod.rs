//! The fleet on its bad days: panics, failing commits, a crash at every step, bots in trouble.
//!
//! Each test breaks one thing in a [`World`](shopfleet::sim::World), lets time pass, and looks at
//! what customers and admins were told and at every law ([`World::check`](shopfleet::sim::World)).

mod bots;
mod commits;
mod crash;
mod ends;
mod goods;
mod inbox;
mod lease;
mod panics;
mod repeat;
