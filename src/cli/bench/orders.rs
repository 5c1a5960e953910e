//! `bench orders`: purchases through the actors, durable, beside the raw store in the same run.
//!
//! The raw store writes batches of 1,000 and single orders first; then a core starts on the same file
//! and thousands of customers, each with a quote and a purchase at a time, keep it busy. Last, one
//! customer buys alone.

use super::figures::{Report, Times, per_second};
use super::raw::{SINGLES, commits};
use super::scratch::Scratch;
use super::shop::{Shop, customer, quote_id};
use super::{Work, failed, load};
use crate::actors::{CallError, Core, Waiting};
use crate::cli::Failure;
use crate::cli::hosting::host;
use crate::clock::Stopwatch;
use crate::domain::outcome::Outcome;
use crate::domain::stock::Ask;
use crate::store::SharedStore;
use crate::store::sqlite::SqliteStore;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;

/// Runs the bench.
pub(super) fn run(work: &Work) -> Result<Report, Failure> {
    let scratch = Scratch::make(work.dir.as_deref())?;
    let path = scratch.store();
    host(|sockets| async {
        let store: SharedStore = Arc::new(SqliteStore::open(&path).map_err(failed)?);
        measure(work, store, sockets).await
    })
}

async fn measure(work: &Work, store: SharedStore, sockets: Handle) -> Result<Report, Failure> {
    let scale = work.scale(2 * (work.orders + work.in_flight + SINGLES))?;
    let mut shop = Shop::open(store.clone(), scale).await?;
    let raw = commits(&mut shop, 1_000, work.orders).await?;
    let single = commits(&mut shop, 1, SINGLES).await?;
    drop(shop);
    let core = load::start(store, sockets.clone()).await?;
    let (elapsed, times) = crowd(&core, work, &sockets).await?;
    let alone = alone(&core).await?;
    core.stop();
    core.ended().await;

    let rate = per_second(work.orders, elapsed);
    let mut report = Report::default();
    report.whole("orders", work.orders);
    report.whole("in_flight", work.in_flight);
    report.whole("orders_per_second", rate);
    report.ms("p50_ms", times.percentile(50));
    report.ms("p99_ms", times.percentile(99));
    raw.report(&mut report, "raw_");
    report.ratio("ratio", rate.into(), raw.rate().into());
    let (one, commit) = (alone.percentile(50), single.times.percentile(50));
    report.ms("alone_p50_ms", one);
    report.ms("alone_p99_ms", alone.percentile(99));
    report.ms("raw_single_commit_p50_ms", commit);
    report.ms("raw_single_commit_p99_ms", single.times.percentile(99));
    report.ratio("alone_ratio", one.as_nanos(), commit.as_nanos());
    Ok(report)
}

/// Many customers buy at once, each one thing after the other, until so many orders are durable.
async fn crowd(core: &Core, work: &Work, sockets: &Handle) -> Result<(Duration, Times), Failure> {
    let next = Arc::new(AtomicU64::new(0));
    let total = work.orders;
    let began = Stopwatch::start();
    let buyers: Vec<_> = (0..work.in_flight)
        .map(|number| {
            let (core, next) = (core.clone(), next.clone());
            sockets.spawn(async move {
                let mut times = Vec::new();
                loop {
                    let order = next.fetch_add(1, Ordering::Relaxed);
                    if order >= total {
                        return Ok(times);
                    }
                    times.push(buy(&core, number, order).await?);
                }
            })
        })
        .collect();
    let mut times = Times::default();
    for buyer in buyers {
        let spans: Result<Vec<Duration>, Failure> = buyer.await.map_err(failed)?;
        spans?.into_iter().for_each(|span| times.note(span));
    }
    Ok((began.elapsed(), times))
}

/// One customer buys while nobody else does.
async fn alone(core: &Core) -> Result<Times, Failure> {
    let mut times = Times::default();
    for order in 0..SINGLES {
        times.note(buy(core, 0, u64::MAX / 1_000_000_000 - order).await?);
    }
    Ok(times)
}

/// A price, then the purchase; the time of the purchase until it is durable.
async fn buy(core: &Core, number: u64, order: u64) -> Result<Duration, Failure> {
    let (tenant, user, product) = customer(number);
    let quote = quote_id('c', order);
    let ask = Ask { quote: quote.clone(), tenant: tenant.clone(), user, product, quantity: 1 };
    let id = format!("u:7000000000:{order:011}:0").parse().map_err(failed)?;
    let stock = core.stock();
    answer(stock.quote(id, ask).await).await?;
    let began = Stopwatch::start();
    match answer(stock.place(quote, tenant, user).await).await? {
        Outcome::OrderPlaced(_) => Ok(began.elapsed()),
        other => Err(failed(format_args!("not an order: {other:?}"))),
    }
}

async fn answer(waiting: Result<Waiting, CallError>) -> Result<Outcome, Failure> {
    waiting.map_err(failed)?.answer().await.map_err(failed)?.map_err(failed)
}
