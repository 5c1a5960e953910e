//! Records for people: who told whom what, and what came of it; one line a record.

use super::mention::Terms;
use super::record::{Actor, Checkpoint, Message, Record, Verdict};
use crate::domain::command::{Caller, Command};
use crate::domain::id::{AgentId, OrderId, TenantId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::stock::{HoldFate, StockEvent};
use serde::Serialize;
use serde_json::Value;

/// Entries of a list that are written out.
const LIST_MAX: usize = 4;

/// One order, one agent or one chat, and what belongs to it.
#[derive(Clone, Debug)]
pub struct Focus {
    terms: Terms,
    orders: bool,
    /// Records that a batch may publish.
    decided: std::collections::BTreeSet<u64>,
}

impl Focus {
    /// An order, with its quote and the items held for it.
    pub fn order(order: &OrderId) -> Self {
        let mut terms = Terms::default();
        terms.add_thing(order.to_string());
        terms.add_thing(order.quote().to_string());
        Self { terms, orders: true, decided: std::collections::BTreeSet::new() }
    }

    /// An agent: his shop, his profit, his withdrawals.
    pub fn agent(agent: &AgentId) -> Self {
        let mut terms = Terms::default();
        terms.add_agent(agent.to_string());
        Self { terms, orders: false, decided: std::collections::BTreeSet::new() }
    }

    /// A chat, by Telegram's number; a private chat has the number of its person.
    pub fn chat(chat: i64) -> Self {
        let mut terms = Terms::default();
        terms.add_person(chat);
        Self { terms, orders: false, decided: std::collections::BTreeSet::new() }
    }

    /// Whether the record is about it. Records are asked for in order: what is held for it is known
    /// from then on.
    pub fn has(&mut self, record: &Record) -> bool {
        let has = match &record.message {
            Message::Begin(_) | Message::Gap { .. } | Message::Checkpoint(_) => false,
            Message::Published { of, .. } => of.iter().any(|seq| self.decided.contains(seq)),
            Message::Change(_)
            | Message::Ask { .. }
            | Message::Hold { .. }
            | Message::End { .. }
            | Message::Command(_)
            | Message::Fleet(_) => {
                self.terms.are_in(&plain(&record.message))
                    || self.terms.are_in(&plain(&record.outcome))
            }
        };
        if has {
            self.decided.insert(record.seq);
        }
        match (&record.outcome, &record.message) {
            (Some(Verdict::Held { event: StockEvent::Held(hold) }), _) if has => {
                self.terms.add_thing(hold.id.to_string());
            }
            // Its number is given again by the next generation.
            (Some(Verdict::Ended { .. }), Message::End { hold, .. }) if has && self.orders => {
                self.terms.drop_thing(&hold.to_string());
            }
            _ => {}
        }
        has
    }
}

/// The record in one line.
pub fn line(record: &Record) -> String {
    let Record { seq, at, message, outcome, .. } = record;
    let millis = at.ms().rem_euclid(1_000);
    let outcome =
        outcome.as_ref().map_or_else(String::new, |verdict| format!(" => {}", answer(verdict)));
    format!("{seq:>7} {at}.{millis:03} {}{outcome}", told(record.actor, message))
}

fn told(actor: Actor, message: &Message) -> String {
    match message {
        Message::Begin(header) => format!("a trace of shopfleet {} begins", header.program),
        Message::Gap { dropped, since } => format!("{dropped} records since {since} were dropped"),
        Message::Checkpoint(Checkpoint::Stock(stock)) => {
            format!("stock: all it knows, generation {}", stock.generation())
        }
        Message::Checkpoint(Checkpoint::Ledger(_)) => "ledger: all it knows".to_owned(),
        Message::Checkpoint(Checkpoint::View(view)) => {
            format!("committer: all it has published, version {}", view.version)
        }
        Message::Checkpoint(Checkpoint::Supervisor(_)) => "supervisor: all it knows".to_owned(),
        Message::Change(command) => {
            format!("{} -> {actor}: {}", sender(command), words(&command.body))
        }
        Message::Command(command) => {
            format!("{} -> {actor}: {}", giver(command), words(&command.body))
        }
        Message::Ask { ask, .. } => format!(
            "{} -> {actor}: what do {} of {} cost? ({})",
            person(&Caller::User(ask.user), &ask.tenant),
            ask.quantity,
            ask.product,
            ask.quote
        ),
        Message::Hold { quote, tenant, user, .. } => {
            format!("{} -> {actor}: buys at {quote}", person(&Caller::User(*user), tenant))
        }
        Message::End { hold, fate, generation } => {
            let fate = match fate {
                HoldFate::Sold => "is sold",
                HoldFate::Released => "is given back",
            };
            format!("ledger -> {actor}: {hold} of generation {generation} {fate}")
        }
        Message::Fleet(message) => format!("fleet -> {actor}: {}", words(message)),
        Message::Published { version, of } => {
            format!("committer -> everybody: batch {version} is durable, records {}", plain(of))
        }
    }
}

fn answer(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Accepted { events, answer } if events.is_empty() => {
            format!("{}, nothing new", words(answer))
        }
        Verdict::Accepted { events, answer } => {
            let kinds: Vec<String> = events.iter().map(|event| kind(&plain(event))).collect();
            format!("{} [{}]", words(answer), kinds.join(", "))
        }
        Verdict::Refused { rejection, then: None } => format!("refused: {rejection}"),
        Verdict::Refused { rejection, then: Some(event) } => {
            format!("refused: {rejection} [{}]", kind(&plain(event)))
        }
        Verdict::Asked { base, .. } => format!("asked, base price {base}"),
        Verdict::Held { event: StockEvent::Held(hold) } => {
            format!("{} holds {}", hold.id, short(&plain(&hold.items)))
        }
        Verdict::Held { event } | Verdict::Ended { event: Some(event) } => kind(&plain(event)),
        Verdict::NotHeld { refusal, waits: true } => format!("waits: {refusal}"),
        Verdict::NotHeld { refusal, waits: false } => format!("nothing held: {refusal}"),
        Verdict::Ended { event: None } => "not a hold of ours".to_owned(),
        Verdict::Planned(plan) => {
            let effects: Vec<String> = plan.effects().iter().map(words).collect();
            format!("[{}]", effects.join(", "))
        }
    }
}

/// Prices and purchases are told to the ledger by the stockroom, in the name of the customer.
fn giver(command: &Command<LedgerCommand>) -> String {
    match command.body {
        LedgerCommand::IssueQuote { .. } | LedgerCommand::PlaceOrder { .. } => {
            format!("stock (for {})", sender(command))
        }
        LedgerCommand::MarkDelivered { .. }
        | LedgerCommand::AwaitCustomer { .. }
        | LedgerCommand::CreateAgent { .. }
        | LedgerCommand::SetStatus { .. }
        | LedgerCommand::SetPricing { .. }
        | LedgerCommand::RenewOwnerLink { .. }
        | LedgerCommand::ClaimOwner { .. }
        | LedgerCommand::SetOwnPricing { .. }
        | LedgerCommand::SetWallet { .. }
        | LedgerCommand::Credit { .. }
        | LedgerCommand::RequestWithdrawal { .. }
        | LedgerCommand::ApproveWithdrawal { .. }
        | LedgerCommand::RejectWithdrawal { .. }
        | LedgerCommand::PayWithdrawal { .. }
        | LedgerCommand::MatureDue { .. }
        | LedgerCommand::RegisterMaster { .. }
        | LedgerCommand::Quarantine { .. } => sender(command),
    }
}

fn sender<Body>(command: &Command<Body>) -> String {
    person(&command.caller, &command.tenant)
}

fn person(caller: &Caller, tenant: &TenantId) -> String {
    match caller {
        Caller::System => "the fleet".to_owned(),
        Caller::User(user) => format!("{user} at {tenant}"),
    }
}

/// An enum value as words: its name, then its fields.
fn words<T: Serialize>(value: &T) -> String {
    match plain(value) {
        Value::Object(map) if map.len() == 1 => {
            let mut words = String::new();
            for (name, fields) in map {
                words = format!("{name} {}", short(&fields));
            }
            words
        }
        Value::String(name) => name,
        other => short(&other),
    }
}

/// What kind of event it is: the innermost name before fields begin.
fn kind(value: &Value) -> String {
    match value {
        Value::Object(map) if map.len() == 1 => map
            .iter()
            .next()
            .map(|(name, inner)| match name.as_str() {
                "stock" | "ledger" => kind(inner),
                name => name.to_owned(),
            })
            .unwrap_or_default(),
        Value::String(name) => name.clone(),
        other => other.to_string(),
    }
}

/// Fields without the signs of JSON, long lists counted.
fn short(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let fields = map.iter().filter(|(_, value)| !value.is_null());
            let fields: Vec<String> =
                fields.map(|(name, value)| format!("{name} {}", short(value))).collect();
            format!("({})", fields.join(", "))
        }
        Value::Array(list) if list.len() > LIST_MAX => {
            let first: Vec<String> = list.iter().take(LIST_MAX - 1).map(short).collect();
            format!("[{}, {} more]", first.join(", "), list.len() + 1 - LIST_MAX)
        }
        Value::Array(list) => {
            format!("[{}]", list.iter().map(short).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) if text.contains(' ') || text.is_empty() => format!("{text:?}"),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn plain<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
