//! One batch entry's worth of facts and commands, as the journal and the stores see them.

use super::command::Command;
use super::ledger::{LedgerCommand, LedgerEvent};
use super::stock::{StockCommand, StockEvent};
use serde::{Deserialize, Serialize};

/// Version of the rules by which commands become events. A journal is re-decided only where it was
/// written under this version (DESIGN.md, section 8).
pub const RULES_VERSION: u32 = 1;

/// A fact of either machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// About catalogue or shelves.
    Stock(StockEvent),
    /// About money, orders or tenants.
    Ledger(LedgerEvent),
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

/// What a batch keeps of LedgerActor's facts: those that survive a restart, and before each order the
/// sale of its items, which is a fact of the stockroom.
pub fn durable(facts: impl IntoIterator<Item = LedgerEvent>) -> Vec<Event> {
    let facts = facts.into_iter();
    let mut events = Vec::with_capacity(facts.size_hint().0 + 1);
    for fact in facts.filter(LedgerEvent::is_durable) {
        if let LedgerEvent::OrderPlaced(order) = &fact {
            events.push(Event::Stock(StockEvent::Sold {
                product: order.product,
                items: order.items.clone(),
                order: order.id.clone(),
            }));
        }
        events.push(Event::Ledger(fact));
    }
    events
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
