//! A real process on a real file, killed while customers buy.
//!
//! The sandbox lives in the test and so survives, as Telegram would; `shopfleet run` is a child. What
//! counts as *a batch in flight* is read from the child's own log: the store writes a line before a
//! batch's transaction begins and one after its COMMIT has returned, each with one write to the pipe
//! that the kernel keeps when the process is gone. A kill counts when the first line is the last one.
//! Whether that batch survived is what the next start says it loaded.
//!
//! `kill -9` takes the process and leaves the kernel's memory, so it shows nothing about fsync. That
//! is what `power` is for.

mod bench;
mod child;
mod customers;
mod power;
mod town;
mod verdict;

use child::Kill;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use shopfleet::clock::{Clock as _, SystemClock};
use shopfleet::domain::time::Millis;
use town::Town;

/// Kills of the whole test.
const KILLS: usize = 50;
/// Kills that must meet a batch in flight.
const IN_FLIGHT: usize = 40;
/// One kill in so many comes whenever it comes; the others wait for a batch to begin.
const BLIND: usize = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_lose_and_double_nothing() {
    let seed = town::seed();
    let mut random = StdRng::seed_from_u64(seed);
    let town = Town::found(seed).await;
    let load = customers::Load::start(&town, seed);
    let (mut kills, mut in_flight, mut survived) = (0, 0, 0);
    let mut begun = None;
    while kills < KILLS || in_flight < IN_FLIGHT {
        assert!(kills < 2 * KILLS, "{in_flight} of {kills} kills met a batch in flight");
        let mut child = town.start(&[]).await;
        if begun.is_some_and(|seq| child.loaded() >= seq) {
            survived += 1;
        }
        SystemClock.sleep(Millis::from_ms(random.random_range(20..250))).await;
        let kill = if kills % BLIND == 0 {
            Kill::Now
        } else {
            Kill::InBatch { after_us: random.random_range(0..2_500) }
        };
        begun = child.kill(kill).await;
        in_flight += usize::from(begun.is_some());
        kills += 1;
    }
    let child = town.start(&[]).await;
    let paid_in = load.stop().await;
    town.settle(&child).await;
    child.end().await;
    let orders = verdict::check(&town, &paid_in).await;
    println!(
        "seed {seed}: {kills} kills, {in_flight} with a batch in flight, of which {survived} were \
         durable and {} were gone; {orders} orders",
        in_flight - survived
    );
}
