//! The records of a trace, version 1: one JSON line each, in the order in which things were handled.
//!
//! Recorded is what the pure machines are asked and what they answer, so that a replay decides again
//! with the functions of production and compares. `docs/trace.md` describes every field; a change of
//! what is written here is a new [`VERSION`], and files of the old one keep replaying.

use crate::domain::access::Access;
use crate::domain::catalog::Product;
use crate::domain::command::{Accepted, Command};
use crate::domain::event::{Event, RULES_VERSION};
use crate::domain::fleet::{FleetMachine, FleetMessage, Plan};
use crate::domain::id::{CommandId, HoldId, QuoteId, TenantId, UserId};
use crate::domain::ledger::{LedgerCommand, LedgerEvent, LedgerMachine, Rules};
use crate::domain::money::Money;
use crate::domain::order::QuoteRejection;
use crate::domain::outcome::Outcome;
use crate::domain::rejection::Rejection;
use crate::domain::stock::{Ask, HoldFate, HoldRefusal, StockCommand, StockEvent, StockMachine};
use crate::domain::time::Timestamp;
use crate::domain::view::View;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Version of the form of a record.
pub const VERSION: u32 = 1;

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the form: [`VERSION`].
    pub v: u32,
    /// Version of the rules by which it was decided: [`RULES_VERSION`].
    pub rules: u32,
    /// Its number. Numbers of one recording have no gap that no [`Message::Gap`] declares.
    pub seq: u64,
    /// When it was handled, by the clock that the decision read.
    pub at: Timestamp,
    /// Who handled it.
    pub actor: Actor,
    /// The command's id, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<CommandId>,
    /// What was asked, told or found.
    pub message: Message,
    /// What came of it; none where nothing is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Verdict>,
}

/// Whose record it is; a word in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// The recorder itself: begins and gaps.
    Recorder,
    /// StockActor.
    Stock,
    /// LedgerActor.
    Ledger,
    /// The Committer, with the view that it publishes.
    Committer,
    /// The Supervisor.
    Supervisor,
}

/// What an actor handled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// A file begins here. Of every actor a checkpoint comes before its first other record.
    Begin(Header),
    /// The queue was full: so many records are missing here. Checkpoints follow as after a begin.
    Gap {
        /// How many.
        dropped: u64,
        /// When the first of them was handled.
        since: Timestamp,
    },
    /// The actor's whole state before its next record.
    Checkpoint(Checkpoint),
    /// StockActor: a change of catalogue or shelves.
    Change(Command<StockCommand>),
    /// StockActor: a customer asks for a price.
    Ask {
        /// What he asks.
        ask: Ask,
        /// Most items of one order.
        quantity_max: u32,
    },
    /// StockActor: a purchase wants its items set aside.
    Hold {
        /// At which price.
        quote: QuoteId,
        /// In which shop.
        tenant: TenantId,
        /// Who buys.
        user: UserId,
        /// Whether there is room for one more purchase that waits for the end of other holds.
        room: bool,
    },
    /// StockActor: a hold has ended.
    End {
        /// The generation that made it.
        generation: u64,
        /// Which.
        hold: HoldId,
        /// How.
        fate: HoldFate,
    },
    /// LedgerActor: a change of money, orders or tenants; prices and purchases come from StockActor.
    Command(Command<LedgerCommand>),
    /// The Committer: a batch is durable, and the view shows it from here on.
    Published {
        /// The batch's number, which is the view's version from here on.
        version: u64,
        /// The records of the decisions in it that had facts, by number, in their order.
        of: Vec<u64>,
    },
    /// The Supervisor: something happened to the fleet.
    Fleet(FleetMessage),
}

/// What was in force when a file began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The program's version.
    pub program: String,
    /// The platform's business numbers.
    pub rules: Rules,
    /// The people with a role.
    pub access: Access,
}

/// The whole state of an actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checkpoint {
    /// StockActor's.
    Stock(Box<StockMachine>),
    /// LedgerActor's.
    Ledger(Box<LedgerMachine>),
    /// What the Committer has published.
    View(Box<View>),
    /// The Supervisor's.
    Supervisor(Box<FleetMachine>),
}

/// What came of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A command is accepted; without facts it was a repeat or changed nothing.
    Accepted {
        /// The facts, in order.
        events: Vec<Event>,
        /// The answer.
        answer: Outcome,
    },
    /// A command or a price is refused.
    Refused {
        /// Why.
        rejection: Rejection,
        /// What follows from it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<Box<LedgerEvent>>,
    },
    /// A price may be asked for.
    Asked {
        /// The fact.
        event: StockEvent,
        /// The product as it is now.
        product: Box<Product>,
        /// Its base price.
        base: Money,
    },
    /// Items are set aside.
    Held {
        /// The fact.
        event: StockEvent,
    },
    /// No items are set aside.
    NotHeld {
        /// Why.
        refusal: HoldRefusal,
        /// Whether the purchase waits for the end of other holds instead of being answered.
        waits: bool,
    },
    /// The end of a hold is heard.
    Ended {
        /// The fact; none when the hold is unknown or another generation's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event: Option<StockEvent>,
    },
    /// What the Supervisor does about it.
    Planned(Plan),
}

/// What an actor gives the recorder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The command's id, where there is one.
    pub id: Option<CommandId>,
    /// What was asked, told or found.
    pub message: Message,
    /// What came of it.
    pub outcome: Option<Verdict>,
}

impl Entry {
    /// The line that it becomes under the present versions.
    pub fn into_record(self, seq: u64, at: Timestamp, actor: Actor) -> Record {
        let Self { id, message, outcome } = self;
        Record { v: VERSION, rules: RULES_VERSION, seq, at, actor, id, message, outcome }
    }
}

impl From<Message> for Entry {
    /// A message that nobody decides about.
    fn from(message: Message) -> Self {
        Self { id: None, message, outcome: None }
    }
}

impl Message {
    /// Who handles it.
    pub const fn actor(&self) -> Actor {
        match self {
            Self::Begin(_) | Self::Gap { .. } => Actor::Recorder,
            Self::Checkpoint(checkpoint) => checkpoint.actor(),
            Self::Change(_) | Self::Ask { .. } | Self::Hold { .. } | Self::End { .. } => {
                Actor::Stock
            }
            Self::Command(_) => Actor::Ledger,
            Self::Published { .. } => Actor::Committer,
            Self::Fleet(_) => Actor::Supervisor,
        }
    }

    /// The shop through which it came, where there is one.
    pub const fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Change(command) => Some(&command.tenant),
            Self::Command(command) => Some(&command.tenant),
            Self::Ask { ask, .. } => Some(&ask.tenant),
            Self::Hold { tenant, .. } => Some(tenant),
            Self::Fleet(message) => message.tenant(),
            Self::Begin(_)
            | Self::Gap { .. }
            | Self::Checkpoint(_)
            | Self::End { .. }
            | Self::Published { .. } => None,
        }
    }
}

impl Checkpoint {
    /// Whose state it is.
    pub const fn actor(&self) -> Actor {
        match self {
            Self::Stock(_) => Actor::Stock,
            Self::Ledger(_) => Actor::Ledger,
            Self::View(_) => Actor::Committer,
            Self::Supervisor(_) => Actor::Supervisor,
        }
    }
}

impl Verdict {
    /// What [`StockMachine::decide`] answered.
    pub fn of_change(decided: Result<Accepted<StockEvent>, Rejection>) -> Self {
        match decided {
            Ok(accepted) => Self::accepted(accepted, Event::Stock),
            Err(rejection) => Self::Refused { rejection, then: None },
        }
    }

    /// What [`LedgerMachine::decide`] answered, with what [`LedgerMachine::after_rejection`] says.
    pub fn of_command(
        decided: Result<Accepted<LedgerEvent>, Rejection>,
        then: Option<LedgerEvent>,
    ) -> Self {
        match decided {
            Ok(accepted) => Self::accepted(accepted, Event::Ledger),
            Err(rejection) => Self::Refused { rejection, then: then.map(Box::new) },
        }
    }

    /// What [`StockMachine::decide_ask`] answered.
    pub fn of_ask(decided: Result<(StockEvent, Product, Money), QuoteRejection>) -> Self {
        match decided {
            Ok((event, product, base)) => Self::Asked { event, product: Box::new(product), base },
            Err(rejection) => Self::Refused { rejection: rejection.into(), then: None },
        }
    }

    /// What [`StockMachine::decide_hold`] answered, and whether the purchase waits.
    pub fn of_hold(decided: Result<StockEvent, HoldRefusal>, waits: bool) -> Self {
        match decided {
            Ok(event) => Self::Held { event },
            Err(refusal) => Self::NotHeld { refusal, waits },
        }
    }

    fn accepted<E>(accepted: Accepted<E>, event: fn(E) -> Event) -> Self {
        let events = accepted.events.into_iter().map(event).collect();
        Self::Accepted { events, answer: accepted.outcome }
    }
}

impl Actor {
    /// Everybody who can have a record.
    pub const ALL: [Self; 5] =
        [Self::Recorder, Self::Stock, Self::Ledger, Self::Committer, Self::Supervisor];
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recorder => "recorder",
            Self::Stock => "stock",
            Self::Ledger => "ledger",
            Self::Committer => "committer",
            Self::Supervisor => "supervisor",
        })
    }
}

/// A text that names no actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an actor of a trace")]
pub struct InvalidActor;

impl FromStr for Actor {
    type Err = InvalidActor;

    fn from_str(text: &str) -> Result<Self, InvalidActor> {
        Self::ALL.into_iter().find(|actor| actor.to_string() == text).ok_or(InvalidActor)
    }
}

impl Serialize for Actor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
