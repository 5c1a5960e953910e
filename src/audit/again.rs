//! Decides a journal again: do today's machines make the same facts of the recorded commands?
//!
//! The journal holds accepted commands and durable facts, not everything that a machine knew. What
//! it leaves out is taken from the facts themselves: the time of a decision from its events, the
//! promised price from the order that redeemed it, the role from the command that needed it. The
//! numbers of the configuration may have changed since; a command that agrees only under the numbers
//! its own facts name is counted apart and is no difference.

use crate::domain::access::{Access, Right};
use crate::domain::command::{Caller, Command};
use crate::domain::event::{CoreCommand, Event, RULES_VERSION, facts};
use crate::domain::id::{HoldId, UserId};
use crate::domain::ledger::{Entry, LedgerCommand, LedgerEvent, LedgerMachine, Rules};
use crate::domain::money::Money;
use crate::domain::order::{Delivery, Order, Quote};
use crate::domain::rejection::Rejection;
use crate::domain::stock::{Ask, Hold, StockEvent, StockMachine};
use crate::domain::tenant::OwnerLink;
use crate::domain::time::Timestamp;
use crate::store::batch::BatchEntry;
use crate::store::journal::JournalRecord;

/// Both machines, at one point of a journal.
#[derive(Clone, Debug)]
pub struct Again {
    rules: Rules,
    stock: StockMachine,
    ledger: LedgerMachine,
    epoch: u64,
    next_hold: HoldId,
    counts: Counts,
}

/// How many commands were looked at, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Decided alike.
    pub decided: u64,
    /// Among them those that agree under the numbers of their time, not under today's configuration.
    pub under_other_numbers: u64,
    /// Recorded under another version of the rules; their facts were only applied.
    pub only_applied: u64,
}

/// A recorded command of which today's machines make something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// In which journal record.
    pub seq: u64,
    /// What was asked.
    pub command: CoreCommand,
    /// When it was decided.
    pub at: Timestamp,
    /// The facts on record.
    pub expected: Vec<Event>,
    /// What the machines say.
    pub actual: Result<Vec<Event>, Rejection>,
}

impl Again {
    /// Before the first record. `rules` are the numbers of today's configuration.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            stock: StockMachine::new(0, Access::default(), rules.keep_ids),
            ledger: LedgerMachine::new(rules, Access::default()),
            epoch: 0,
            next_hold: HoldId::default(),
            counts: Counts::default(),
        }
    }

    /// Decides the commands of the next record again and applies its facts.
    ///
    /// # Errors
    /// The first command that is decided otherwise. Its facts and what follows are not applied.
    pub fn record(&mut self, record: &JournalRecord) -> Result<(), Box<Differs>> {
        if record.epoch != self.epoch {
            self.epoch = record.epoch;
            self.stock.begin_generation(record.epoch);
        }
        for entry in &record.entries {
            if record.rules == RULES_VERSION {
                self.decide(record, entry)?;
            } else {
                self.counts.only_applied += 1;
            }
            self.apply(&entry.events);
        }
        Ok(())
    }

    /// How many commands were looked at.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The stockroom as of the last record, without holds and asks.
    pub const fn stock(&self) -> &StockMachine {
        &self.stock
    }

    /// The ledger as of the last record, without quotes.
    pub const fn ledger(&self) -> &LedgerMachine {
        &self.ledger
    }

    fn decide(&mut self, record: &JournalRecord, entry: &BatchEntry) -> Result<(), Box<Differs>> {
        let at = entry.events.iter().find_map(decided_at).unwrap_or(record.at);
        self.prepare(entry, at);
        let actual = self.ask(&entry.command, at);
        if actual.as_ref() == Ok(&entry.events) {
            self.counts.decided += 1;
            return Ok(());
        }
        self.ledger.set_rules(numbers_of(entry, at, self.rules));
        let then = self.ask(&entry.command, at);
        self.ledger.set_rules(self.rules);
        if then.as_ref() == Ok(&entry.events) {
            self.counts.decided += 1;
            self.counts.under_other_numbers += 1;
            return Ok(());
        }
        let (command, expected) = (entry.command.clone(), entry.events.clone());
        Err(Box::new(Differs { seq: record.seq, command, at, expected, actual }))
    }

    /// Restores what the machines knew and the journal does not say: the role of an admin, and the
    /// promise that an order redeemed.
    fn prepare(&mut self, entry: &BatchEntry, at: Timestamp) {
        match &entry.command {
            CoreCommand::Stock(command) => {
                if let (Right::Admin, Caller::User(user)) = (command.body.right(), command.caller) {
                    self.stock.admit(user);
                }
            }
            CoreCommand::Ledger(command) => {
                if let (Right::Admin, Caller::User(user)) = (command.body.right(), command.caller) {
                    self.ledger.admit(user);
                }
            }
        }
        let order = entry.events.iter().find_map(order_of);
        if let (Some(order), Some(user)) = (order, buyer(&entry.command)) {
            let earned = entry.events.iter().find_map(earned_of);
            let quote = promise(order, user, earned, at, &self.rules);
            self.ledger.apply(&LedgerEvent::QuoteIssued(quote.into()));
        }
    }

    fn ask(&self, command: &CoreCommand, at: Timestamp) -> Result<Vec<Event>, Rejection> {
        Ok(match command {
            CoreCommand::Stock(command) => {
                self.stock.decide(command, at)?.events.into_iter().map(Event::Stock).collect()
            }
            CoreCommand::Ledger(command) => {
                facts(self.ledger.decide(command, at)?.events.into_iter().map(Event::Ledger))
            }
        })
    }

    /// A sale leaves the shelf as it did: asked for, held, settled.
    fn apply(&mut self, events: &[Event]) {
        let order = events.iter().find_map(order_of);
        for event in events {
            match event {
                Event::Ledger(event) => self.ledger.apply(event),
                Event::Stock(StockEvent::Sold { product, items, .. }) if order.is_some() => {
                    let Some(order) = order else { continue };
                    let ask = Ask {
                        quote: order.id.quote(),
                        tenant: order.tenant.clone(),
                        user: order.user,
                        product: *product,
                        quantity: u32::try_from(items.len()).unwrap_or(u32::MAX),
                    };
                    let hold = self.next_hold;
                    self.next_hold = hold.next();
                    let held = Hold { id: hold, ask: ask.clone(), items: items.clone() };
                    self.stock.apply(&StockEvent::Asked(ask));
                    self.stock.apply(&StockEvent::Held(held));
                    self.stock.apply(&StockEvent::Settled { hold });
                }
                Event::Stock(event) => self.stock.apply(event),
            }
        }
    }
}

const fn order_of(event: &Event) -> Option<&Order> {
    match event {
        Event::Ledger(LedgerEvent::OrderPlaced(order)) => Some(order),
        Event::Ledger(_) | Event::Stock(_) => None,
    }
}

const fn earned_of(event: &Event) -> Option<&Entry> {
    match event {
        Event::Ledger(LedgerEvent::ProfitEarned(entry)) => Some(entry),
        Event::Ledger(_) | Event::Stock(_) => None,
    }
}

/// The customer who placed an order.
const fn buyer(command: &CoreCommand) -> Option<UserId> {
    match command {
        CoreCommand::Ledger(Command {
            body: LedgerCommand::PlaceOrder { .. },
            caller: Caller::User(user),
            ..
        }) => Some(*user),
        CoreCommand::Ledger(_) | CoreCommand::Stock(_) => None,
    }
}

/// The promise that became this order. What the ledger checks of it (who, how many, the sums) stands
/// against the order's own command, items and payment.
fn promise(
    order: &Order,
    user: UserId,
    earned: Option<&Entry>,
    at: Timestamp,
    rules: &Rules,
) -> Quote {
    Quote {
        id: order.id.quote(),
        tenant: order.tenant.clone(),
        user,
        product: order.product,
        product_name: order.product_name.clone(),
        kind: order.kind,
        quantity: u32::try_from(order.items.len()).unwrap_or(u32::MAX),
        price: order.price,
        total: order
            .price
            .unit
            .checked_mul(order.items.len().try_into().unwrap_or(u32::MAX))
            .unwrap_or(order.total),
        maturity: earned.map_or(rules.maturity, |entry| entry.mature_at.since(entry.earned_at)),
        expires_at: at + rules.quote_ttl,
    }
}

/// When a fact was decided, if it says so.
const fn decided_at(event: &Event) -> Option<Timestamp> {
    match event {
        Event::Stock(StockEvent::Answered(answered))
        | Event::Ledger(LedgerEvent::Answered(answered)) => Some(answered.at),
        Event::Ledger(
            LedgerEvent::Moved { at, .. }
            | LedgerEvent::ProfitMatured { at, .. }
            | LedgerEvent::DeliveryChanged { delivery: Delivery::Delivered { at }, .. },
        ) => Some(*at),
        Event::Ledger(LedgerEvent::TenantOpened(tenant)) => Some(tenant.created_at),
        Event::Ledger(_) | Event::Stock(_) => None,
    }
}

/// The numbers in force when these facts were decided, as far as they show; limits that only refuse
/// are opened, for what is on record was not refused.
fn numbers_of(entry: &BatchEntry, at: Timestamp, today: Rules) -> Rules {
    let mut rules = Rules { markup_percent_max: u32::MAX, withdrawal_min: Money::ZERO, ..today };
    for event in &entry.events {
        if let Event::Ledger(LedgerEvent::WithdrawalRequested(withdrawal)) = event {
            rules.withdrawal_fee = withdrawal.fee;
        }
        if let Some(link) = link_of(event) {
            rules.owner_link_ttl = link.expires_at.since(at);
        }
    }
    rules
}

fn link_of(event: &Event) -> Option<OwnerLink> {
    match event {
        Event::Ledger(LedgerEvent::OwnerLinkRenewed { link, .. }) => Some(*link),
        Event::Ledger(LedgerEvent::TenantOpened(tenant)) => tenant.link,
        Event::Ledger(_) | Event::Stock(_) => None,
    }
}
