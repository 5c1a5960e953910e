//! `shopfleet bench`: the figures of DESIGN.md, section 11, measured on this machine.
//!
//! A bench is a program that one runs, never a timed test. Each prints a table for people, or with
//! `--json` one document with the units in its keys. It works in a folder of its own, or in databases
//! of its own, that are removed when it ends.

mod figures;
mod load;
mod orders;
mod raw;
mod replay;
mod scratch;
mod shop;

use super::{Failure, Io, say};
use figures::Report;
use shop::Scale;
use std::path::PathBuf;

/// Measures this machine.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Orders through the actors, beside the raw store in the same run
    Orders(Work),
    /// The raw store: batches of 1,000, 100 and 1 orders; then a start on what was written
    Store(Work),
    /// A start on a store that exists: how long it takes and what it occupies
    Load(load::Args),
    /// Recorded messages decided again, as fast as they go
    Replay(replay::Args),
}

/// How much there is to do.
#[derive(clap::Args)]
struct Work {
    /// Items on the shelves
    #[arg(long, default_value_t = 100_000)]
    items: u64,
    /// Pending profit entries, each of an order that was delivered
    #[arg(long, default_value_t = 100_000)]
    entries: u64,
    /// Customers with a balance, in ten shops
    #[arg(long, default_value_t = 10_000)]
    customers: u64,
    /// Orders of one measurement
    #[arg(long, default_value_t = 100_000)]
    orders: u64,
    /// Orders at once through the actors
    #[arg(long, default_value_t = 4_000)]
    in_flight: u64,
    /// A database on MongoDB instead of a file, `mongodb://HOST/NAME`; two of that name with an
    /// addition are made and removed, the one itself is not touched
    #[arg(long, value_name = "URL", conflicts_with = "dir")]
    store: Option<String>,
    /// Where the folder is made; the system's place for such by default
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    super::sandbox::quiet_log()?;
    let (report, json) = match &args.what {
        What::Orders(work) => (orders::run(work)?, work.json),
        What::Store(work) => (raw::run(work)?, work.json),
        What::Load(args) => (load::run(args)?, args.json),
        What::Replay(args) => (replay::run(args)?, args.json),
    };
    print(io, &report, json)
}

fn print(io: &mut Io<'_>, report: &Report, json: bool) -> Result<(), Failure> {
    if json { say(io, format_args!("{}\n", report.to_json())) } else { say(io, report) }
}

impl Work {
    /// What there is before the measurement, with goods for `orders` more.
    fn scale(&self, orders: u64) -> Result<Scale, Failure> {
        let enough = |name, number: u64, least| {
            if number >= least {
                return Ok(number);
            }
            Err(Failure::Usage(format!("--{name} must be at least {least}")))
        };
        let in_flight = enough("in-flight", self.in_flight, 1)?;
        enough("orders", self.orders, 1)?;
        let scale = Scale {
            items: self.items + orders,
            entries: self.entries,
            customers: enough("customers", self.customers, 10)?,
        };
        // One order a customer at a time: that is a law of the core.
        enough("customers", self.customers, in_flight).map(|_| scale)
    }
}

/// Whatever went wrong below, in its own words.
fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Check(error.to_string())
}
