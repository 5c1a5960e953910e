//! One batch entry's worth of facts and commands, as the journal and the stores see them.

use super::command::{Command, CommandKey};
use super::ledger::{LedgerCommand, LedgerEvent};
use super::stock::{StockCommand, StockEvent};
use serde::{Deserialize, Serialize};

/// Version of the rules by which commands become events. A journal is re-decided only where it was
/// written under this version (DESIGN.md, section 8).
pub const RULES_VERSION: u32 = 1;

/// Facts that one command makes at most (law 12); what is more is a series of commands.
pub const EVENTS_PER_COMMAND: usize = 1_000;
/// Bytes of journal that the facts of one command take at most.
pub const BYTES_PER_COMMAND: usize = 1024 * 1024;

/// A fact of either machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// About catalogue or shelves.
    Stock(StockEvent),
    /// About money, orders or tenants.
    Ledger(LedgerEvent),
}

/// What becomes durable of a decision, of its facts as the machine has them: those that survive a
/// restart, and before an order the fact that its items are sold.
pub fn facts(decided: impl Iterator<Item = Event>) -> Vec<Event> {
    let mut facts = Vec::with_capacity(decided.size_hint().0 + 1);
    for event in decided {
        if let Event::Ledger(LedgerEvent::OrderPlaced(order)) = &event {
            facts.push(Event::Stock(StockEvent::Sold {
                product: order.product,
                items: order.items.clone(),
                order: order.id.clone(),
            }));
        }
        if event.is_durable() {
            facts.push(event);
        }
    }
    facts
}

/// A command of either machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoreCommand {
    /// For StockActor.
    Stock(Command<StockCommand>),
    /// For LedgerActor.
    Ledger(Command<LedgerCommand>),
}

impl CoreCommand {
    /// What makes it the same command as another.
    pub fn key(&self) -> CommandKey {
        match self {
            Self::Stock(command) => command.key(),
            Self::Ledger(command) => command.key(),
        }
    }
}

impl Event {
    /// Whether the fact is journalled and survives a restart.
    pub const fn is_durable(&self) -> bool {
        match self {
            Self::Stock(event) => event.is_durable(),
            Self::Ledger(event) => event.is_durable(),
        }
    }
}
