//! What a simulation found, for people and for scripts.

use super::fault::Fault;
use super::law::{Breach, Law};
use crate::domain::time::Millis;
use crate::store::journal::hex;
use serde_json::{Map, Number, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// One run of one seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Orders that were paid.
    pub orders: u64,
    /// Virtual time that was lived, from the first shop's opening to the verdict; what a clock
    /// jumped over is not in it.
    pub lived: Millis,
    /// What clocks jumped over.
    pub jumped: Millis,
    /// Real time of the whole run. Differs from run to run.
    pub wall: Duration,
    /// Durable batches.
    pub commits: u64,
    /// Calls of the Bot API, polls included.
    pub calls: u64,
    /// Messages from bots that people saw, edits included.
    pub messages: u64,
    /// Goods that were sent once more.
    pub repeats: u64,
    /// Processes that ended before the end.
    pub restarts: u32,
    /// How often each fault struck.
    pub struck: BTreeMap<Fault, u32>,
    /// How often each law was looked at.
    pub checks: BTreeMap<Law, u64>,
    /// SHA-256 over every durable batch's canonical bytes and every call, each with its time: the
    /// same seed with the same settings gives the same.
    pub fingerprint: [u8; 32],
    /// What was broken; nothing when every law held.
    pub breaches: Vec<Breach>,
    /// What the cores recorded, one trace a process that led; nothing unless that was asked for.
    pub traces: Vec<Vec<u8>>,
}

impl Report {
    /// Whether every law held.
    pub const fn is_clean(&self) -> bool {
        self.breaches.is_empty()
    }

    /// The same run without what differs from machine to machine, and without its traces.
    #[must_use]
    pub fn without_wall_time(mut self) -> Self {
        self.wall = Duration::ZERO;
        self.traces.clear();
        self
    }

    /// The fingerprint as text.
    pub fn fingerprint_text(&self) -> String {
        hex(&self.fingerprint)
    }

    /// One JSON document with units in its keys.
    pub fn to_json(&self) -> Value {
        let struck: Map<String, Value> =
            self.struck.iter().map(|(fault, n)| (fault.name().to_owned(), json!(n))).collect();
        let checks: Map<String, Value> =
            self.checks.iter().map(|(law, n)| (law.name().to_owned(), json!(n))).collect();
        let breach = |breach: &Breach| {
            json!({
                "law": breach.law.number(),
                "name": breach.law.name(),
                "at_ms": breach.at.ms(),
                "says": breach.says,
            })
        };
        json!({
            "seed": self.seed,
            "orders": self.orders,
            "virtual_seconds": seconds(self.lived_ms()),
            "jumped_seconds": seconds(u128::try_from(self.jumped.ms()).unwrap_or(0)),
            "wall_seconds": seconds(self.wall.as_millis()),
            "orders_per_virtual_second": ratio(u128::from(self.orders) * 1_000, self.lived_ms()),
            "times_real_time": ratio(self.lived_ms(), self.wall.as_millis()),
            "commits": self.commits,
            "calls": self.calls,
            "messages": self.messages,
            "repeated_goods": self.repeats,
            "restarts": self.restarts,
            "faults": struck,
            "checks": checks,
            "fingerprint": self.fingerprint_text(),
            "breaches": self.breaches.iter().map(breach).collect::<Vec<_>>(),
        })
    }

    fn lived_ms(&self) -> u128 {
        u128::try_from(self.lived.ms()).unwrap_or(0)
    }
}

impl fmt::Display for Report {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "seed {}: {} orders in {} virtual s ({} × real time), {} restarts, {}…",
            self.seed,
            self.orders,
            seconds(self.lived_ms()),
            ratio(self.lived_ms(), self.wall.as_millis()),
            self.restarts,
            &self.fingerprint_text()[..16],
        )?;
        self.breaches.first().map_or(Ok(()), |breach| write!(f, ": {breach}"))
    }
}

/// Milliseconds as seconds with three decimals; the program has no float arithmetic.
pub(crate) fn seconds(ms: u128) -> Number {
    thousandths(ms)
}

/// `part / whole` with three decimals; nothing takes less than a unit.
pub(crate) fn ratio(part: u128, whole: u128) -> Number {
    thousandths(part.saturating_mul(1_000) / whole.max(1))
}

fn thousandths(count: u128) -> Number {
    let text = format!("{}.{:03}", count / 1_000, count % 1_000);
    text.parse().unwrap_or_else(|_| Number::from(0))
}
