//! The ledger by tables: every refusal, repeats, and the way money, orders and shops go.

mod agents;
mod orders;
mod rights;
mod withdrawals;
