//! The actors: who owns which state, and the handles by which others reach it.
//!
//! `Supervisor` owns liveness, one `BotActor` per tenant talks to Telegram, StockActor and LedgerActor
//! decide, `Committer` makes decisions durable. Nobody outside this folder holds an address: callers
//! know handles, which survive restarts (DESIGN.md, sections 1, 4, 5).

mod committer;
mod core;
mod holds;
mod intake;
mod ledger;
mod life;
mod permits;
mod probe;
mod stock;
mod views;

pub use self::core::{Core, CoreLimits, CoreParts, CoreState};
pub use committer::CommitterHandle;
pub use intake::{CallError, CoreAnswer, Waiting};
pub use ledger::LedgerHandle;
pub use probe::{Point, Probe};
pub use stock::StockHandle;
pub use views::ViewHandle;
