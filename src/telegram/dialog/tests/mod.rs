//! Dialogs tried: one scenario a flow in both languages, and random ones against the limits.

pub(crate) mod kit;

mod admin;
mod customer;
mod owner;
mod random;
mod redelivery;
