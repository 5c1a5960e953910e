//! A scenario becomes a trace, the trace is replayed, and one order is cut out of it: in process.
//!
//! Run it with `cargo run --example replay`, or with the name of a trace file to replay that one.
//! What a fleet does is recorded when `trace.enabled` is on; `docs/replay.md` goes from such a file to
//! a test.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use shopfleet::domain::access::Access;
use shopfleet::domain::catalog::GoodsKind;
use shopfleet::domain::command::{Caller, Command};
use shopfleet::domain::id::{CategoryId, OrderId, ProductId, QuoteId, TenantId, UserId};
use shopfleet::domain::ledger::{LedgerCommand, Rules};
use shopfleet::domain::money::Money;
use shopfleet::domain::sealed::Fingerprint;
use shopfleet::domain::stock::{Ask, StockCommand};
use shopfleet::domain::tenant::BotIdentity;
use shopfleet::domain::time::Timestamp;
use shopfleet::trace::cut::cut;
use shopfleet::trace::record::Record;
use shopfleet::trace::replay::{Options, Replay, Replayed, replay};
use shopfleet::trace::show::{Focus, line};
use shopfleet::trace::tape::Tape;
use std::convert::Infallible;
use std::error::Error;

const ADMIN: Caller = Caller::User(UserId::new(1));
const ANNA: UserId = UserId::new(2);

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(path) = std::env::args_os().nth(1) {
        return report(&Replay::open(path)?.run(&Options::default())?);
    }
    let (records, order) = sale()?;
    report(&replay(records.clone(), &Options::default())?)?;
    let piece = cut(records.into_iter().map(Ok::<_, Infallible>), Focus::order(&order))?;
    println!("about {order}: {piece}");
    for record in &piece.records {
        println!("{}", line(record));
    }
    Ok(())
}

/// A divergence is the error; it shows message, difference and state.
fn report(replayed: &Replayed) -> Result<(), Box<dyn Error>> {
    if let Some(divergence) = &replayed.divergence {
        return Err(divergence.to_string().into());
    }
    println!("{} messages are decided as they were", replayed.counts.decided);
    Ok(())
}

/// A shop opens, and Anna buys a key.
fn sale() -> Result<(Vec<Record>, OrderId), Box<dyn Error>> {
    let access = Access { admins: [UserId::new(1)].into() };
    let now = Timestamp::from_ms(1_760_000_000_000);
    let mut tape = Tape::begin(Rules::standard(), access, now);
    let bot = BotIdentity {
        id: UserId::new(9),
        username: "keys_bot".to_owned(),
        token: Fingerprint::new([9; 16]),
    };
    let name = "Keys".to_owned();
    tape.command(command("1", Caller::System, LedgerCommand::RegisterMaster { name, bot })?);
    let name = "Keys".to_owned();
    tape.change(command("2", ADMIN, StockCommand::CreateCategory { name })?);
    let (category, name, kind) = (CategoryId::new(1), "Gold".to_owned(), GoodsKind::Line);
    let price = Some(Money::whole(10));
    let product = StockCommand::CreateProduct { category, name, kind, price };
    tape.change(command("3", ADMIN, product)?);
    let (product, items) = (ProductId::new(1), vec![Fingerprint::new([7; 16])]);
    tape.change(command("4", ADMIN, StockCommand::AddItems { product, items })?);
    let (tenant, amount, reason) = (TenantId::Master, Money::whole(20), "a gift".to_owned());
    let credit = LedgerCommand::Credit { tenant: tenant.clone(), user: ANNA, amount, reason };
    tape.command(command("5", ADMIN, credit)?);
    let quote = QuoteId::from_body("anna1")?;
    let ask = Ask { quote: quote.clone(), tenant, user: ANNA, product, quantity: 1 };
    tape.ask("6".parse()?, &ask);
    tape.place(&ask);
    tape.publish();
    Ok((tape.take(), OrderId::of(&quote)))
}

fn command<Body>(id: &str, caller: Caller, body: Body) -> Result<Command<Body>, Box<dyn Error>> {
    Ok(Command { id: id.parse()?, tenant: TenantId::Master, caller, body })
}
