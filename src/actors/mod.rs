//! The actors: who owns which state, and the handles by which others reach it.
//!
//! `Supervisor` owns liveness, one `BotActor` per tenant talks to Telegram, StockActor and LedgerActor
//! decide, `Committer` makes decisions durable. Nobody outside this folder holds an address: callers
//! know handles, which survive restarts (DESIGN.md, sections 1, 4, 5).

mod bot;
mod committer;
mod core;
mod holds;
mod housekeeper;
mod intake;
mod lag;
mod ledger;
mod life;
mod permits;
mod post;
mod probe;
mod stock;
mod supervisor;
mod views;

pub use self::core::{Core, CoreLimits, CoreParts, CoreState};
pub use bot::{
    Bots, Fleet as BotFleet, Settings, invitation_print, open_token, seal_goods, seal_token,
    token_print,
};
pub use committer::CommitterHandle;
pub use housekeeper::Housekeeper;
pub use intake::{CallError, CoreAnswer, Waiting};
pub use lag::Lag;
pub use ledger::LedgerHandle;
pub use post::{Post, PostParts};
pub use probe::{Point, Probe};
pub use stock::StockHandle;
pub use supervisor::{
    BotFactory, ReportLine, Statuses, StopSwitch, Supervisor, SupervisorHandle, SupervisorParts,
};
pub use views::ViewHandle;
