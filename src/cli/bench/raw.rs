//! `bench store`: what the store does without any actor, and a start on what it then holds.

use super::figures::{Report, Times, per_second};
use super::scratch::Scratch;
use super::shop::Shop;
use super::{Work, failed, load};
use crate::app::open_store;
use crate::cli::Failure;
use crate::cli::hosting::host;
use crate::clock::Stopwatch;
use crate::store::SharedStore;
use std::time::Duration;

/// Commits of one order; more would only take longer.
pub(super) const SINGLES: u64 = 500;

/// What a series of commits took.
pub(super) struct Series {
    pub(super) orders: u64,
    pub(super) elapsed: Duration,
    pub(super) times: Times,
}

/// Runs the bench.
pub(super) fn run(work: &Work) -> Result<Report, Failure> {
    let scratch = Scratch::make(work)?;
    let place = scratch.store();
    let hundreds = work.orders.min(work.orders / 5 + 100);
    let measured = host(|sockets| async move {
        let store = open_store(&place, &sockets).await.map_err(failed)?;
        let set_up = Stopwatch::start();
        let scale = work.scale(work.orders + hundreds + SINGLES)?;
        let mut shop = Shop::open(&store, scale).await?;
        let mut report = Report::default();
        report.ms("set_up_ms", set_up.elapsed());
        for (size, orders) in [(1_000, work.orders), (100, hundreds), (1, SINGLES.min(work.orders))]
        {
            let series = commits(&mut shop, &store, size, orders).await?;
            series.report(&mut report, &format!("batches_of_{size}_"));
        }
        store.close().await;
        Ok(report)
    });
    let measured = measured.and_then(|report| started(report, &scratch));
    host(|sockets| async move {
        scratch.remove(&sockets).await;
        measured
    })
}

/// Adds what is left when the store is closed: its size, and a start on it.
fn started(mut report: Report, scratch: &Scratch) -> Result<Report, Failure> {
    if let Some(bytes) = scratch.size()? {
        report.whole("store_bytes", bytes);
    }
    report.extend("start_", load::in_a_new_process(&scratch.store().url)?);
    Ok(report)
}

/// Writes `orders` in batches of `size`, one after the other. Deciding is not
/// part of the time, encoding is.
pub(super) async fn commits(
    shop: &mut Shop,
    store: &SharedStore,
    size: u64,
    orders: u64,
) -> Result<Series, Failure> {
    let mut batches = Vec::new();
    let mut left = orders;
    while left > 0 {
        batches.push(shop.orders(left.min(size))?);
        left -= left.min(size);
    }
    let mut series = Series { orders, elapsed: Duration::ZERO, times: Times::default() };
    let all = Stopwatch::start();
    for entries in batches {
        let one = Stopwatch::start();
        let batch = shop.batch(entries, Vec::new());
        shop.commit(store, batch).await?;
        series.times.note(one.elapsed());
    }
    series.elapsed = all.elapsed();
    Ok(series)
}

impl Series {
    /// Orders per second.
    pub(super) fn rate(&self) -> u64 {
        per_second(self.orders, self.elapsed)
    }

    /// Rate and percentiles of single commits.
    pub(super) fn report(&self, report: &mut Report, prefix: &str) {
        report.whole(format!("{prefix}orders_per_second"), self.rate());
        report.ms(format!("{prefix}commit_p50_ms"), self.times.percentile(50));
        report.ms(format!("{prefix}commit_p99_ms"), self.times.percentile(99));
    }
}
