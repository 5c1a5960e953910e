//! `shopfleet simulate`: worlds from seeds, with every law checked in each.
//!
//! Seeds are independent, so they run on as many threads as there are cores, each with a System of its
//! own. Progress goes to stderr; a seed that breaks a law is one line there, with the command that
//! does it again.

use super::{Failure, Io, say};
use crate::clock::Stopwatch;
use crate::sim::{All, Fault, Report, Simulation, ratio, seconds};
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// Lives through worlds and checks every law in them; exit code 1 when one is broken.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The seeds: A..B without B, or one seed
    #[arg(long, value_name = "A..B")]
    seeds: Seeds,
    /// Orders in each world
    #[arg(long, default_value_t = 1_000)]
    orders: u64,
    /// Customers in each world
    #[arg(long, default_value_t = 40)]
    customers: usize,
    /// What goes wrong: all, none, or names with commas between them
    #[arg(long, default_value = "all", value_name = "LIST")]
    faults: Faults,
    /// Begin no new world after so many seconds
    #[arg(long, value_name = "SECONDS")]
    within: Option<u64>,
    /// Take down what is decided, and decide it again in the end
    #[arg(long)]
    record: bool,
    /// Where the traces of a world that breaks a law are written
    #[arg(long, value_name = "DIR")]
    traces: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// A row of seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seeds(Range<u64>);

/// What is to go wrong, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Faults {
    kinds: BTreeSet<Fault>,
    written: String,
}

/// All worlds together.
#[derive(Default)]
struct Total {
    seeds: u64,
    failed: Vec<u64>,
    orders: u64,
    lived_ms: u128,
    busy: Duration,
    reports: Vec<Report>,
}

/// Runs the command.
pub(super) fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    super::sandbox::quiet_log()?;
    let watch = Stopwatch::start();
    let total = live(args, io)?;
    if args.json {
        say(io, format_args!("{:#}\n", total.to_json(watch.elapsed())))?;
    } else {
        say(io, total.text(watch.elapsed()))?;
    }
    match total.failed.len() {
        0 => Ok(()),
        failed => Err(Failure::Check(format!("{failed} of {} seeds broke a law", total.seeds))),
    }
}

/// Lives through all worlds, as many at once as there are cores.
fn live(args: &Args, io: &mut Io<'_>) -> Result<Total, Failure> {
    let next = AtomicU64::new(args.seeds.0.start);
    let watch = Stopwatch::start();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (done, reports) = mpsc::channel();
    let mut total = Total::default();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (done, next) = (done.clone(), &next);
            // Each thread lives in worlds of its own; nothing of the product runs on it.
            scope.spawn(move || {
                loop {
                    let late =
                        args.within.is_some_and(|within| watch.elapsed().as_secs() >= within);
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if late || seed >= args.seeds.0.end {
                        return;
                    }
                    // A receiver that is gone has failed to print; nobody wants more.
                    if done.send(args.simulation(seed).run()).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        for mut report in reports {
            let told = tell(args, io, &report).and_then(|()| write_traces(args, io, &report));
            told.map_err(|error| Failure::Check(error.to_string()))?;
            report.traces.clear();
            total.add(report, args.json);
        }
        Ok(total)
    })
}

/// Progress for people, one line a world.
fn tell(args: &Args, io: &mut Io<'_>, report: &Report) -> std::io::Result<()> {
    if report.is_clean() {
        writeln!(io.err, "{report}")
    } else {
        writeln!(io.err, "FAILED {report}\n  again: {}", args.again(report.seed))
    }
}

/// Writes what the cores of a broken world recorded. It is lived through once more for that when it
/// was not recorded: the world is the same with and without.
fn write_traces(args: &Args, io: &mut Io<'_>, report: &Report) -> std::io::Result<()> {
    let Some(directory) = args.traces.as_ref().filter(|_| !report.is_clean()) else {
        return Ok(());
    };
    std::fs::create_dir_all(directory)?;
    let again = report.traces.is_empty().then(|| args.simulation(report.seed).recorded().run());
    let traces = &again.as_ref().unwrap_or(report).traces;
    for (number, trace) in traces.iter().enumerate() {
        let file = directory.join(format!("seed-{}-{number}.jsonl", report.seed));
        std::fs::write(&file, trace)?;
        writeln!(io.err, "  trace: {}", file.display())?;
    }
    Ok(())
}

impl Args {
    fn simulation(&self, seed: u64) -> Simulation {
        let world = Simulation::new(seed).customers(self.customers).orders(self.orders);
        let world = world.faults(self.faults.kinds.iter().copied());
        if self.record { world.recorded() } else { world }
    }

    /// The command that lives through one world again.
    fn again(&self, seed: u64) -> String {
        let Self { orders, customers, faults, .. } = self;
        format!(
            "shopfleet simulate --seeds {seed} --orders {orders} --customers {customers} \
             --faults {}",
            faults.written
        )
    }
}

impl Total {
    fn add(&mut self, report: Report, keep: bool) {
        self.seeds += 1;
        self.orders += report.orders;
        self.lived_ms += u128::try_from(report.lived.ms()).unwrap_or(0);
        self.busy += report.wall;
        if !report.is_clean() {
            self.failed.push(report.seed);
        }
        if keep {
            self.reports.push(report);
        }
    }

    fn to_json(&self, wall: Duration) -> serde_json::Value {
        let mut reports: Vec<&Report> = self.reports.iter().collect();
        reports.sort_by_key(|report| report.seed);
        json!({
            "seeds": self.seeds,
            "failed_seeds": self.failed,
            "orders": self.orders,
            "virtual_seconds": seconds(self.lived_ms),
            "wall_seconds": seconds(wall.as_millis()),
            "thread_seconds": seconds(self.busy.as_millis()),
            "orders_per_virtual_second": ratio(u128::from(self.orders) * 1_000, self.lived_ms),
            "times_real_time": ratio(self.lived_ms, wall.as_millis()),
            "times_real_time_per_thread": ratio(self.lived_ms, self.busy.as_millis()),
            "worlds": reports.iter().map(|report| report.to_json()).collect::<Vec<_>>(),
        })
    }

    fn text(&self, wall: Duration) -> String {
        format!(
            "{} seeds, {} failed; {} orders in {} virtual s ({} a virtual s); {} s of real time, \
             {} × real time, {} × a thread\n",
            self.seeds,
            self.failed.len(),
            self.orders,
            seconds(self.lived_ms),
            ratio(u128::from(self.orders) * 1_000, self.lived_ms),
            seconds(wall.as_millis()),
            ratio(self.lived_ms, wall.as_millis()),
            ratio(self.lived_ms, self.busy.as_millis()),
        )
    }
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is neither A..B nor one seed");
        let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
        let range = match text.split_once("..") {
            Some((from, to)) => number(from)?..number(to)?,
            None => number(text)?..number(text)?.saturating_add(1),
        };
        if range.is_empty() {
            Err(format!("there is no seed in `{text}`"))
        } else {
            Ok(Self(range))
        }
    }
}

impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let kinds = match text {
            "all" => All.into_iter().collect(),
            "none" => BTreeSet::new(),
            list => list
                .split(',')
                .map(|name| name.trim().parse::<Fault>().map_err(|error| error.to_string()))
                .collect::<Result<_, _>>()?,
        };
        Ok(Self { kinds, written: text.to_owned() })
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    /// What is printed below a broken seed lives through the same world.
    #[test]
    fn the_command_that_does_it_again_means_the_same_world() {
        let read = |line: &str| Line::try_parse_from(line.split_whitespace()).unwrap().args;
        let first = read("simulate --seeds 3..9 --orders 7 --customers 5 --faults crash,flood");
        let again = first.again(4);
        let again = again.strip_prefix("shopfleet ").unwrap();
        let second = read(again);
        assert_eq!(second.seeds, Seeds(4..5));
        assert_eq!(
            (second.orders, second.customers, second.faults),
            (first.orders, first.customers, first.faults)
        );
    }

    #[test]
    fn seeds_and_faults_are_read_strictly() {
        assert_eq!("3..7".parse(), Ok(Seeds(3..7)));
        assert_eq!("9".parse(), Ok(Seeds(9..10)));
        for wrong in ["", "7..3", "3..3", "a..b", "-1", "1..2..3"] {
            assert!(wrong.parse::<Seeds>().is_err(), "{wrong}");
        }
        assert_eq!("none".parse::<Faults>().unwrap().kinds, BTreeSet::new());
        assert_eq!("all".parse::<Faults>().unwrap().kinds.len(), Fault::ALL.len());
        let two = "crash, flood".parse::<Faults>().unwrap();
        assert_eq!(two.kinds, BTreeSet::from([Fault::Crash, Fault::Flood]));
        assert!("rain".parse::<Faults>().unwrap_err().contains("crash, restart"));
    }
}
