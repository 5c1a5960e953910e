//! The housekeeper: what the fleet does by the clock. Profit matures; orphaned blobs are collected.
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
            if let Err(error) = self.store.drop_orphans(self.clock.now() - ORPHAN_AGE).await {
                tracing::warn!(%error, "orphaned files could not be collected");
            }
            self.clock.sleep(self.every).await;
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
