//! The housekeeper: what the fleet does by the clock. Profit matures; old command ids are forgotten;
//! orphaned blobs are collected.
//!
//! Maturity is a series of small commands, so that orders never wait behind it; a restart finds what
//! became due meanwhile (DESIGN.md, section 3).

use super::ledger::LedgerHandle;
use crate::clock::SharedClock;
use crate::domain::command::{Caller, Command};
use crate::domain::id::TenantId;
use crate::domain::ledger::LedgerCommand;
use crate::domain::outcome::Outcome;
use crate::domain::time::Millis;
use crate::store::SharedStore;

/// What the housekeeper needs.
#[derive(Clone)]
pub struct Housekeeper {
    /// Where profit matures.
    pub ledger: LedgerHandle,
    /// Where orphans are.
    pub store: SharedStore,
    /// Time and timers.
    pub clock: SharedClock,
    /// How long command ids are remembered.
    pub keep_ids: Millis,
    /// How often profit matures.
    pub every: Millis,
    /// Entries that mature by one command.
    pub batch: u32,
}

impl Housekeeper {
    /// Works until the fleet stops.
    pub async fn run(self) {
        /// Content that no item refers to after this long belongs to an upload that failed.
        const ORPHAN_AGE: Millis = Millis::from_hours(24);
        loop {
            self.mature().await;
            self.forget().await;
            if let Err(error) = self.store.drop_orphans(self.clock.now() - ORPHAN_AGE).await {
                tracing::warn!(%error, "orphaned files could not be collected");
            }
            self.clock.sleep(self.every).await;
        }
    }

    /// Forgets command ids that memory has forgotten long enough ago, in small steps.
    async fn forget(&self) {
        /// Telegram keeps an update for a day, so one that has waited in an inbox for the whole span may
        /// have been handled a day before it got there. Its repeat still finds its answer, and an hour
        /// more is for what takes its time.
        const MARGIN: Millis = Millis::from_hours(25);
        const STEP: u32 = 1_000;
        let before = self.clock.now() - self.keep_ids - MARGIN;
        loop {
            match self.store.forget_answers(before, STEP).await {
                Ok(forgotten) if forgotten < u64::from(STEP) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "old command ids could not be forgotten");
                    return;
                }
            }
        }
    }

    /// Lets everything mature that is due, one command after the other.
    async fn mature(&self) {
        for part in 0_u32.. {
            let id = format!("mature:{}:{part}", self.clock.now().ms());
            let Ok(id) = id.parse() else { return };
            let command = Command {
                id,
                tenant: TenantId::Master,
                caller: Caller::System,
                body: LedgerCommand::MatureDue { limit: self.batch },
            };
            let Ok(mut waiting) = self.ledger.execute(command, Vec::new()).await else { return };
            match waiting.answer().await {
                Ok(Ok(Outcome::Matured { entries, more })) => {
                    if entries > 0 {
                        tracing::info!(entries, "profit matured");
                    }
                    if !more {
                        return;
                    }
                }
                Ok(Ok(_) | Err(_)) | Err(_) => return,
            }
        }
    }
}
