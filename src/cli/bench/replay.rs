//! `bench replay`: purchases decided again, as a replay does after it has parsed its files.
//!
//! A shop is run by hand, some orders at a time; what was recorded is then replayed, and
//! only the replay is measured: deciding, comparing, applying. How fast lines are parsed is measured
//! beside it, for a replay of files does both.

use super::failed;
use super::figures::{Report, per_second};
use super::shop::quote_id;
use crate::cli::Failure;
use crate::clock::Stopwatch;
use crate::domain::access::Access;
use crate::domain::catalog::GoodsKind;
use crate::domain::command::{Caller, Command};
use crate::domain::id::{AgentId, CategoryId, OrderId, ProductId, TenantId, UserId};
use crate::domain::ledger::{LedgerCommand, Rules};
use crate::domain::money::Money;
use crate::domain::outcome::Outcome;
use crate::domain::pricing::Markup;
use crate::domain::sealed::Fingerprint;
use crate::domain::stock::{Ask, ITEMS_PER_COMMAND, StockCommand};
use crate::domain::tenant::BotIdentity;
use crate::domain::time::{Millis, Timestamp};
use crate::trace::record::{Record, Verdict};
use crate::trace::replay::{Note, Options, Replayer};
use crate::trace::tape::Tape;
use std::time::Duration;

/// Orders recorded before they are replayed. Few, because a replay of files has one record in hand, and
/// not tens of MiB of them that were parsed long ago.
const ROUND: u64 = 100;
/// Orders of one batch.
const BATCH: u64 = 200;
/// The only admin, who owns the agent's shop as well.
const ADMIN: UserId = UserId::new(1);

/// How much there is to do.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Orders that are replayed; each is six messages
    #[arg(long, default_value_t = 200_000)]
    orders: u64,
    /// Customers, in two shops
    #[arg(long, default_value_t = 10_000)]
    customers: u64,
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// Runs the bench.
pub(super) fn run(args: &Args) -> Result<Report, Failure> {
    if args.orders == 0 || args.customers == 0 {
        return Err(Failure::Usage("--orders and --customers must be at least 1".to_owned()));
    }
    let mut shop = Shop::open(args.customers)?;
    let mut replayer = Replayer::new(&Options::default());
    let mut times = Times::default();
    replay(&mut replayer, shop.tape.take())?;
    let opened = replayer.counts().decided;
    let mut done = 0;
    while done < args.orders {
        let until = (done + ROUND).min(args.orders);
        shop.trade(done..until)?;
        let records = parsed(shop.tape.take(), &mut times)?;
        let began = Stopwatch::start();
        replay(&mut replayer, records)?;
        times.replay += began.elapsed();
        done = until;
    }
    let messages = replayer.counts().decided - opened;
    let mut report = Report::default();
    report.whole("orders", args.orders);
    report.whole("messages", messages);
    report.whole("messages_per_second", per_second(messages, times.replay));
    report.whole("parsed_messages_per_second", per_second(messages, times.parse));
    report.whole("bytes_per_message", times.bytes / messages.max(1));
    Ok(report)
}

#[derive(Default)]
struct Times {
    replay: Duration,
    parse: Duration,
    bytes: u64,
}

/// The records as they come out of a file.
fn parsed(records: Vec<Record>, times: &mut Times) -> Result<Vec<Record>, Failure> {
    let lines: Result<Vec<String>, _> = records.iter().map(serde_json::to_string).collect();
    let lines = lines.map_err(failed)?;
    times.bytes += lines.iter().map(|line| line.len() as u64 + 1).sum::<u64>();
    drop(records);
    let began = Stopwatch::start();
    let records: Result<Vec<Record>, _> =
        lines.iter().map(|line| serde_json::from_str(line)).collect();
    times.parse += began.elapsed();
    records.map_err(failed)
}

fn replay(replayer: &mut Replayer, records: Vec<Record>) -> Result<(), Failure> {
    for record in records {
        replayer.record(record).map_err(|note| match note {
            Note::Bad(reason) => Failure::Check(reason),
            Note::Diverges(found) => failed(found),
        })?;
    }
    Ok(())
}

/// A master's and an agent's shop with one product, and its customers.
struct Shop {
    tape: Tape,
    agent: TenantId,
    customers: u64,
    commands: u64,
    items: u64,
}

impl Shop {
    fn open(customers: u64) -> Result<Self, Failure> {
        let access = Access { admins: [ADMIN].into() };
        let tape = Tape::begin(Rules::standard(), access, Timestamp::from_ms(1_760_000_000_000));
        let id: AgentId = "bench".parse().map_err(failed)?;
        let agent = TenantId::Agent(id.clone());
        let mut shop = Self { tape, agent: agent.clone(), customers, commands: 0, items: 0 };
        let (master, code) = (TenantId::Master, content(u64::MAX));
        let register = LedgerCommand::RegisterMaster { name: "Shop".to_owned(), bot: bot(10) };
        shop.ledger(&master, Caller::System, register)?;
        let (name, bot, markup) = ("Agent".to_owned(), bot(11), Markup::Percent(10.into()));
        let create = LedgerCommand::CreateAgent { agent: id, name, bot, code };
        shop.ledger(&master, Caller::User(ADMIN), create)?;
        shop.ledger(&agent, Caller::User(ADMIN), LedgerCommand::ClaimOwner { code })?;
        shop.ledger(&agent, Caller::User(ADMIN), LedgerCommand::SetOwnPricing { markup })?;
        shop.stock(StockCommand::CreateCategory { name: "Keys".to_owned() })?;
        shop.stock(StockCommand::CreateProduct {
            category: CategoryId::new(1),
            name: "Key".to_owned(),
            kind: GoodsKind::Line,
            price: Some(Money::whole(10)),
        })?;
        for number in 0..customers {
            let (tenant, user) = shop.customer(number);
            let (amount, reason) = (Money::whole(1_000_000), "bench".to_owned());
            let credit = LedgerCommand::Credit { tenant, user, amount, reason };
            shop.ledger(&master, Caller::User(ADMIN), credit)?;
        }
        Ok(shop)
    }

    /// So many orders, each asked for, bought and delivered, in batches.
    fn trade(&mut self, orders: std::ops::Range<u64>) -> Result<(), Failure> {
        for order in orders {
            if order.is_multiple_of(ITEMS_PER_COMMAND as u64) {
                self.restock()?;
            }
            let (tenant, user) = self.customer(order % self.customers);
            let (quote, product) = (quote_id('r', order), ProductId::new(1));
            let placed = OrderId::of(&quote);
            let ask = Ask { quote, tenant, user, product, quantity: 1 };
            let id = self.id("u")?;
            self.tape.ask(id, &ask);
            match self.tape.place(&ask) {
                Verdict::Accepted { answer: Outcome::OrderPlaced(_), .. } => {}
                other => return Err(failed(format_args!("not an order: {other:?}"))),
            }
            let delivered = LedgerCommand::MarkDelivered { order: placed };
            self.ledger(&TenantId::Master, Caller::System, delivered)?;
            if order.is_multiple_of(BATCH) {
                self.tape.publish();
                self.tape.set_now(self.tape.now() + Millis::from_ms(20));
            }
        }
        Ok(())
    }

    fn restock(&mut self) -> Result<(), Failure> {
        let next = self.items + ITEMS_PER_COMMAND as u64;
        let items = (self.items..next).map(content).collect();
        self.items = next;
        self.stock(StockCommand::AddItems { product: ProductId::new(1), items })
    }

    fn stock(&mut self, body: StockCommand) -> Result<(), Failure> {
        let (tenant, caller) = (TenantId::Master, Caller::User(ADMIN));
        let command = Command { id: self.id("s")?, tenant, caller, body };
        accepted(self.tape.change(command))
    }

    fn ledger(
        &mut self,
        tenant: &TenantId,
        caller: Caller,
        body: LedgerCommand,
    ) -> Result<(), Failure> {
        let command = Command { id: self.id("l")?, tenant: tenant.clone(), caller, body };
        accepted(self.tape.command(command))
    }

    fn customer(&self, number: u64) -> (TenantId, UserId) {
        let user = UserId::new(7_000_000_000 + i64::try_from(number).unwrap_or(0));
        if number.is_multiple_of(2) { (TenantId::Master, user) } else { (self.agent.clone(), user) }
    }

    fn id(&mut self, kind: &str) -> Result<crate::domain::id::CommandId, Failure> {
        self.commands += 1;
        format!("{kind}:{}", self.commands).parse().map_err(failed)
    }
}

fn accepted(verdict: Verdict) -> Result<(), Failure> {
    match verdict {
        Verdict::Accepted { .. } => Ok(()),
        other => Err(failed(format_args!("not accepted: {other:?}"))),
    }
}

fn content(number: u64) -> Fingerprint {
    Fingerprint::new(u128::from(number).to_be_bytes())
}

fn bot(id: i64) -> BotIdentity {
    BotIdentity {
        id: UserId::new(id),
        username: format!("bench_{id}_bot"),
        token: content(u64::MAX - id.unsigned_abs()),
    }
}
