//! What a bench found: names with units, numbers, and how they are printed.
//!
//! Numbers are whole or thousandths, counted in integers: the program has no float arithmetic.

use serde_json::{Map, Number, Value};
use std::fmt;
use std::time::Duration;

/// Names and numbers, in the order they were found; JSON has them by name.
#[derive(Default)]
pub(super) struct Report {
    rows: Vec<(String, Number)>,
}

/// How long single things took.
#[derive(Default)]
pub(super) struct Times {
    all: Vec<Duration>,
}

impl Report {
    /// Adds a whole number.
    pub(super) fn whole(&mut self, name: impl Into<String>, number: u64) {
        self.rows.push((name.into(), number.into()));
    }

    /// Adds milliseconds with three decimals.
    pub(super) fn ms(&mut self, name: impl Into<String>, span: Duration) {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        self.rows.push((name.into(), thousandths(micros)));
    }

    /// Adds `part / whole` with three decimals; nothing when there is no whole.
    pub(super) fn ratio(&mut self, name: impl Into<String>, part: u128, whole: u128) {
        if let Some(ratio) = (part * 1_000).checked_div(whole) {
            let ratio = u64::try_from(ratio).unwrap_or(u64::MAX);
            self.rows.push((name.into(), thousandths(ratio)));
        }
    }

    /// Adds every row of another report under a prefix.
    pub(super) fn extend(&mut self, prefix: &str, other: Self) {
        let named = |(name, number)| (format!("{prefix}{name}"), number);
        self.rows.extend(other.rows.into_iter().map(named));
    }

    /// One JSON document.
    pub(super) fn to_json(&self) -> Value {
        let pair = |(name, number): &(String, Number)| (name.clone(), number.clone().into());
        Value::Object(self.rows.iter().map(pair).collect::<Map<_, _>>())
    }

    /// A report from its document; numbers that are none are left out.
    pub(super) fn from_json(document: &Value) -> Self {
        let fields = document.as_object().into_iter().flatten();
        let row =
            |(name, value): (&String, &Value)| Some((name.clone(), value.as_number()?.clone()));
        Self { rows: fields.filter_map(row).collect() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, number) in &self.rows {
            writeln!(f, "{name:width$}  {:>14}", number.to_string())?;
        }
        Ok(())
    }
}

impl Times {
    /// Notes one.
    pub(super) fn note(&mut self, span: Duration) {
        self.all.push(span);
    }

    /// The time that so many percent of them did not exceed.
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.all.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        sorted.get(last * percent / 100).copied().unwrap_or_default()
    }
}

/// How many per second; nothing takes less than a nanosecond.
pub(super) fn per_second(count: u64, span: Duration) -> u64 {
    let rate = u128::from(count) * 1_000_000_000 / span.as_nanos().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// A number with three decimals.
fn thousandths(number: u64) -> Number {
    let text = format!("{}.{:03}", number / 1_000, number % 1_000);
    text.parse().unwrap_or_else(|_| Number::from(number / 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_decimals() {
        let mut report = Report::default();
        report.whole("orders", 7);
        report.ms("p99_ms", Duration::from_micros(12_045));
        report.ratio("ratio", 93, 100);
        report.ratio("none", 1, 0);
        assert_eq!(report.to_json().to_string(), r#"{"orders":7,"p99_ms":12.045,"ratio":0.93}"#);
        assert_eq!(report.to_string().lines().count(), 3);
        assert_eq!(Report::from_json(&report.to_json()).to_json(), report.to_json());
    }

    #[test]
    fn percentiles_and_rates() {
        let mut times = Times::default();
        assert_eq!(times.percentile(50), Duration::ZERO);
        for ms in (1..=101).rev() {
            times.note(Duration::from_millis(ms));
        }
        assert_eq!(times.percentile(50), Duration::from_millis(51));
        assert_eq!(times.percentile(99), Duration::from_millis(100));
        assert_eq!(per_second(500, Duration::from_millis(250)), 2_000);
    }
}
