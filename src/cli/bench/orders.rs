//! `bench orders`: purchases through the actors, durable, beside the raw store in the same run.
//!
//! Two stores hold the same shop. On one the raw store writes batches, on the other a core serves
//! thousands of customers, each with a quote and a purchase at a time. They take turns, in rounds and
//! order by order, so that whatever else the machine does falls on both; what is printed is the round
//! in the middle.

use super::figures::{Report, Times, per_second};
use super::raw::{SINGLES, commits};
use super::scratch::Scratch;
use super::shop::{SHOPS, Shop, customer, quote_id};
use super::{Work, failed, load};
use crate::actors::{CallError, Core, Waiting};
use crate::cli::Failure;
use crate::cli::hosting::host;
use crate::clock::Stopwatch;
use crate::domain::outcome::Outcome;
use crate::domain::stock::Ask;
use crate::store::SharedStore;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;

/// Orders of the customer who buys alone begin with this number.
const ALONE: u64 = 10_000_000_000;
/// Turns of the raw store and the actors.
const ROUNDS: u64 = 5;

/// Runs the bench.
pub(super) fn run(work: &Work) -> Result<Report, Failure> {
    let scratch = Scratch::make(work)?;
    let scratch = &scratch;
    host(|sockets| async move {
        let measured = measure(work, scratch, sockets.clone()).await;
        scratch.remove(&sockets).await;
        measured
    })
}

async fn measure(work: &Work, scratch: &Scratch, sockets: Handle) -> Result<Report, Failure> {
    // Quick customers buy more than slow ones, and each buys of one product: goods for both.
    let scale = work.scale(2 * (work.orders + SINGLES))?;
    let (raw, mut shop, twin) = scratch.twins(scale, &sockets).await?;
    let core = load::start(twin.clone(), sockets.clone()).await?;
    let mut report = Report::default();
    report.whole("orders", work.orders);
    report.whole("in_flight", work.in_flight);
    rounds(work, (&mut shop, &raw), &core, &sockets, &mut report).await?;
    one_by_one((&mut shop, &raw), &core, &mut report).await?;
    core.stop();
    core.ended().await;
    raw.close().await;
    twin.close().await;
    Ok(report)
}

async fn rounds(
    work: &Work,
    (shop, raw_store): (&mut Shop, &SharedStore),
    core: &Core,
    sockets: &Handle,
    report: &mut Report,
) -> Result<(), Failure> {
    let (orders, mut times) = (work.orders.div_ceil(ROUNDS), Times::default());
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let raw = commits(shop, raw_store, 1_000, orders).await?.rate();
        let range = round * orders..(round + 1) * orders;
        let elapsed = crowd(core, work.in_flight, range, sockets, &mut times).await?;
        let rate = per_second(orders, elapsed);
        rounds.push((rate * 1_000 / raw.max(1), rate, raw));
    }
    rounds.sort_unstable();
    let (_, rate, raw) = rounds[rounds.len() / 2];
    report.whole("orders_per_second", rate);
    report.ms("p50_ms", times.percentile(50));
    report.ms("p99_ms", times.percentile(99));
    report.whole("raw_orders_per_second", raw);
    report.ratio("ratio", rate.into(), raw.into());
    Ok(())
}

/// One commit, one purchase, and so on.
async fn one_by_one(
    (shop, store): (&mut Shop, &SharedStore),
    core: &Core,
    report: &mut Report,
) -> Result<(), Failure> {
    let (mut raw, mut alone) = (Times::default(), Times::default());
    for order in 0..SINGLES {
        raw.note(commits(shop, store, 1, 1).await?.elapsed);
        alone.note(buy(core, order % SHOPS, ALONE + order).await?);
    }
    report.ms("alone_p50_ms", alone.percentile(50));
    report.ms("alone_p99_ms", alone.percentile(99));
    report.ms("raw_single_commit_p50_ms", raw.percentile(50));
    report.ms("raw_single_commit_p99_ms", raw.percentile(99));
    report.ratio("alone_ratio", alone.percentile(50).as_nanos(), raw.percentile(50).as_nanos());
    Ok(())
}

/// Many customers buy at once, each one thing after the other, until so many orders are durable.
async fn crowd(
    core: &Core,
    in_flight: u64,
    orders: Range<u64>,
    sockets: &Handle,
    times: &mut Times,
) -> Result<Duration, Failure> {
    let next = Arc::new(AtomicU64::new(orders.start));
    let total = orders.end;
    let began = Stopwatch::start();
    let buyers: Vec<_> = (0..in_flight)
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
    for buyer in buyers {
        let spans: Result<Vec<Duration>, Failure> = buyer.await.map_err(failed)?;
        spans?.into_iter().for_each(|span| times.note(span));
    }
    Ok(began.elapsed())
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
