//! The trace: what every actor was told and what it decided, so that a failure in production can be
//! decided again at a developer's desk (DESIGN.md, section 8; `docs/trace.md`).

pub mod cut;
mod mention;
pub mod record;
pub mod replay;
pub mod show;
pub mod tape;
