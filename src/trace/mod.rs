//! The trace: what every actor was told and what it decided, so that a failure in production can be
//! decided again at a developer's desk (DESIGN.md, section 8; `docs/trace.md`).

pub mod cut;
pub mod files;
pub mod line;
mod mention;
pub mod pseudonym;
pub mod record;
pub mod recorder;
pub mod redact;
pub mod replay;
pub mod show;
pub mod tape;

pub use recorder::Recorder;
