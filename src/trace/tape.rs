//! A trace made by hand: the machines are told what a developer likes, and everything is on record.
//!
//! For tests, benches and examples: a scenario becomes a trace without an actor, a store or a clock.
//! What a fleet does is recorded by its recorder.

use super::record::{Checkpoint, Entry, Header, Message, Record, Verdict};
use super::replay::Machines;
use crate::domain::access::Access;
use crate::domain::command::{Caller, Command};
use crate::domain::id::{CommandId, TenantId, UserId};
use crate::domain::ledger::{LedgerCommand, LedgerMachine, Rules};
use crate::domain::outcome::Outcome;
use crate::domain::stock::{Ask, HoldFate, StockCommand, StockEvent, StockMachine};
use crate::domain::time::Timestamp;
use crate::domain::view::View;
use std::collections::BTreeMap;

/// The generation of the core in a trace made by hand.
const GENERATION: u64 = 1;

/// Machines and what they were told.
#[derive(Clone, Debug)]
pub struct Tape {
    machines: Machines,
    records: Vec<Record>,
    next: u64,
    now: Timestamp,
    rules: Rules,
    /// Decisions with facts that no batch has published.
    decided: Vec<u64>,
    version: u64,
}

impl Tape {
    /// An empty business under these rules, at this time.
    pub fn begin(rules: Rules, access: Access, now: Timestamp) -> Self {
        let stock = StockMachine::new(GENERATION, access.clone(), rules.keep_ids);
        let ledger = LedgerMachine::new(rules, access.clone());
        let view = View::new(0, &stock, BTreeMap::new());
        let mut tape = Self {
            machines: Machines::default(),
            records: Vec::new(),
            next: 1,
            now,
            rules,
            decided: Vec::new(),
            version: 0,
        };
        let program = env!("CARGO_PKG_VERSION").to_owned();
        tape.note(None, Message::Begin(Header { program, rules, access }), None);
        for checkpoint in [
            Checkpoint::Stock(Box::new(stock)),
            Checkpoint::Ledger(Box::new(ledger)),
            Checkpoint::View(Box::new(view)),
        ] {
            tape.machines.restore(checkpoint.clone());
            tape.note(None, Message::Checkpoint(checkpoint), None);
        }
        tape
    }

    /// The time from now on.
    pub const fn set_now(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// The time now.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// What the machines know.
    pub const fn machines(&self) -> &Machines {
        &self.machines
    }

    /// Tells StockActor to change something.
    pub fn change(&mut self, command: Command<StockCommand>) -> Verdict {
        self.tell(Some(command.id.clone()), Message::Change(command))
    }

    /// Tells LedgerActor to change something.
    pub fn command(&mut self, command: Command<LedgerCommand>) -> Verdict {
        self.tell(Some(command.id.clone()), Message::Command(command))
    }

    /// A customer asks for a price.
    pub fn ask(&mut self, id: CommandId, ask: &Ask) -> Verdict {
        let message = Message::Ask { ask: ask.clone(), quantity_max: self.rules.quantity_max };
        let asked = self.tell(Some(id.clone()), message);
        let Verdict::Asked { product, base, .. } = asked else { return asked };
        let (quote, quantity) = (ask.quote.clone(), ask.quantity);
        let issue = LedgerCommand::IssueQuote { quote, product, base, quantity };
        self.command(customer(id, &ask.tenant, ask.user, issue))
    }

    /// A customer buys at the price he was promised, and his hold ends as it should.
    pub fn place(&mut self, ask: &Ask) -> Verdict {
        let (quote, tenant, user) = (ask.quote.clone(), ask.tenant.clone(), ask.user);
        let message = Message::Hold { quote: quote.clone(), tenant, user, room: true };
        let (holding, hold) = match self.tell(None, message) {
            Verdict::Held { event: StockEvent::Held(hold) } => (Ok(hold.items), Some(hold.id)),
            Verdict::NotHeld { refusal, waits: false } => (Err(refusal), None),
            other => return other,
        };
        let body = LedgerCommand::PlaceOrder { quote, holding };
        let verdict = self.command(purchase(ask, body));
        if let Some(hold) = hold {
            let sold = matches!(
                &verdict,
                Verdict::Accepted { events, answer: Outcome::OrderPlaced(_) } if !events.is_empty()
            );
            let fate = if sold { HoldFate::Sold } else { HoldFate::Released };
            self.tell(None, Message::End { generation: GENERATION, hold, fate });
        }
        verdict
    }

    /// A batch with everything decided so far is durable.
    pub fn publish(&mut self) {
        let of = std::mem::take(&mut self.decided);
        if of.is_empty() {
            return;
        }
        self.version += 1;
        // All of them are decisions of this tape.
        let _ = self.machines.publish(self.version, &of, 0);
        self.note(None, Message::Published { version: self.version, of }, None);
    }

    /// Takes what is on record since the last time.
    pub fn take(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    fn tell(&mut self, id: Option<CommandId>, message: Message) -> Verdict {
        let decided = self.machines.decide(&message, self.now);
        let decided = decided.ok().flatten().expect("all machines are known, and it is theirs");
        if let Verdict::Accepted { events, .. } = &decided
            && events.iter().any(crate::domain::event::Event::is_durable)
        {
            self.decided.push(self.next);
        }
        self.machines.apply(self.next, decided.clone());
        self.note(id, message, Some(decided.clone()));
        decided
    }

    fn note(&mut self, id: Option<CommandId>, message: Message, outcome: Option<Verdict>) {
        let actor = message.actor();
        let entry = Entry { id, message, outcome };
        self.records.push(entry.into_record(self.next, self.now, actor));
        self.next += 1;
    }
}

/// A purchase is named by its quote.
fn purchase(ask: &Ask, body: LedgerCommand) -> Command<LedgerCommand> {
    let Ask { quote, tenant, user, .. } = ask;
    let id = quote.to_string().parse().expect("a quote's id is short printable ASCII");
    customer(id, tenant, *user, body)
}

fn customer<Body>(id: CommandId, tenant: &TenantId, user: UserId, body: Body) -> Command<Body> {
    Command { id, tenant: tenant.clone(), caller: Caller::User(user), body }
}
