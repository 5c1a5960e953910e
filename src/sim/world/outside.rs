//! What outlives a process: store, Telegram, time, and what is to go wrong; and the ports by which one
//! process reaches it.

use super::clock::WorldClock;
use super::gate::{Gate, Plan};
use super::lock;
use super::trip::Trip;
use super::wire::{Answered, Tape, Wire};
use crate::actors::{Lag, Point, Probe};
use crate::app::Ports;
use crate::clock::Clock as _;
use crate::config::{Config, Environment, Loaded};
use crate::domain::id::UserId;
use crate::domain::time::{Millis, Timestamp};
use crate::placement::OneThread;
use crate::random::{Random, SharedRandom};
use crate::sandbox::door::SandboxTransport;
use crate::sandbox::service::Sandbox;
use crate::sandbox::world::Change;
use crate::secret::Secret;
use crate::sim::dice::Dice;
use crate::store::batch::Batch;
use crate::store::faults::{FaultScript, FaultyStore};
use crate::store::memory::MemoryDisk;
use crate::store::{Head, SharedStore};
use crate::trace::Recorder;
use crate::vault::Key;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// How long a message between a bot and the core takes, where delays are drawn.
const LAG: (i64, i64) = (0, 6);
/// How much longer the store takes, where delays are drawn.
pub(super) const STORE_DELAY: (i64, i64) = (0, 4);
/// How long each way to Telegram takes, where delays are drawn.
pub(super) const WIRE_DELAY: (i64, i64) = (2, 40);

/// Makes other ports of the fleet's, to plant something in them.
pub(in crate::sim) type Wrap = Arc<dyn Fn(Ports) -> Ports + Send + Sync>;

/// Who watches a world.
pub(in crate::sim) trait Watch: Send + Sync {
    /// A batch is durable; nobody else knows yet.
    fn durable(&self, at: Timestamp, batch: &Batch, head: &Head);
    /// Telegram looks different.
    fn changed(&self, at: Timestamp, change: &Change);
    /// A call of the Bot API was answered.
    fn called(&self, at: Timestamp, answered: &Answered);
}

/// What a world is made from.
pub(in crate::sim) struct Ground {
    pub(in crate::sim) seed: u64,
    pub(in crate::sim) admins: Vec<UserId>,
    /// Whether every message and call takes a drawn time.
    pub(in crate::sim) delays: bool,
    pub(in crate::sim) watch: Option<Arc<dyn Watch>>,
    pub(in crate::sim) wrap: Option<Wrap>,
    /// Whether everything that is decided is taken down.
    pub(in crate::sim) record: bool,
}

/// What outlives a process: store, Telegram, time, and what is to go wrong.
pub(super) struct Outside {
    pub(super) clock: Arc<WorldClock>,
    pub(super) disk: MemoryDisk,
    pub(super) script: FaultScript,
    pub(super) plan: Plan,
    pub(super) delays: Delays,
    pub(super) panics: Mutex<Vec<(Point, String, u32)>>,
    pub(super) visits: Mutex<BTreeMap<(Point, String), u32>>,
    pub(super) tape: Arc<Tape>,
    pub(super) watch: Option<Arc<dyn Watch>>,
    pub(super) wrap: Option<Wrap>,
    pub(super) sandbox: Sandbox,
    pub(super) random: SharedRandom,
}

/// Drawn delays, or none.
pub(super) struct Delays(pub(super) Option<Mutex<Dice>>);

impl Delays {
    fn draw(&self, (least, most): (i64, i64)) -> Millis {
        let drawn =
            |dice: &Mutex<Dice>| lock(dice).span(Millis::from_ms(least), Millis::from_ms(most));
        self.0.as_ref().map_or(Millis::ZERO, drawn)
    }

    /// Lets a drawn time pass; answers whether it took any.
    pub(super) async fn pass(&self, clock: &WorldClock, range: (i64, i64)) -> bool {
        let span = self.draw(range);
        if span > Millis::ZERO {
            clock.sleep(span).await;
        }
        span > Millis::ZERO
    }
}

pub(super) fn configuration(token: &Secret, admins: &[UserId], random: &dyn Random) -> Config {
    let admins: Vec<String> = admins.iter().map(ToString::to_string).collect();
    let (admins, key) = (admins.join(","), Key::generate(random).to_text());
    let environment = Environment::of(&[
        ("SHOPFLEET__TELEGRAM__MASTER_TOKEN", token.expose()),
        ("SHOPFLEET__ADMINS", &admins),
        ("SHOPFLEET__VAULT__KEYS", key.expose()),
    ]);
    let loaded = Loaded::read(None, &environment);
    loaded.map_err(|faults| faults.to_string()).expect("a right configuration").config
}

/// Every durable batch goes on the tape and to whoever watches.
pub(super) fn watch_disk(
    disk: &MemoryDisk,
    clock: &Arc<WorldClock>,
    tape: &Arc<Tape>,
    watch: Option<Arc<dyn Watch>>,
) {
    let (clock, tape) = (clock.clone(), tape.clone());
    disk.watch(move |batch, head| {
        let now = clock.now();
        tape.commit(now, head, batch.records.len());
        if let Some(watch) = &watch {
            watch.durable(now, batch, head);
        }
    });
}

/// What one process runs on.
pub(super) fn ports(
    outside: &Arc<Outside>,
    trip: &Arc<Trip>,
    store: SharedStore,
    recorder: Recorder,
) -> Ports {
    let clock = outside.clock.clone();
    let faulty = FaultyStore::new(store, clock.clone(), outside.script.clone());
    let gate = Gate { inner: Arc::new(faulty), outside: outside.clone(), trip: trip.clone() };
    let sandbox = Arc::new(SandboxTransport::new(outside.sandbox.clone()));
    let wire = Wire { inner: sandbox, outside: outside.clone(), trip: trip.clone() };
    let ports = Ports {
        store: Arc::new(gate),
        transport: Arc::new(wire),
        clock,
        random: outside.random.clone(),
        placement: Arc::new(OneThread),
        probe: probe(outside, trip),
        lag: lag(outside),
        recorder,
    };
    match &outside.wrap {
        Some(wrap) => wrap(ports),
        None => ports,
    }
}

fn lag(outside: &Arc<Outside>) -> Lag {
    if outside.delays.0.is_none() {
        return Lag::none();
    }
    let outside = outside.clone();
    Lag::drawn(move || {
        let outside = outside.clone();
        Box::pin(async move {
            outside.delays.pass(&outside.clock, LAG).await;
        })
    })
}

/// Counts steps and visits, and panics where it was asked to.
fn probe(outside: &Arc<Outside>, trip: &Arc<Trip>) -> Probe {
    let (outside, trip) = (outside.clone(), trip.clone());
    Probe::new(move |point, what| {
        trip.step();
        *lock(&outside.visits).entry((point, what.to_owned())).or_default() += 1;
        let mut armed = lock(&outside.panics);
        let due = armed.iter_mut().find(|(at, with, times)| {
            *at == point && *times > 0 && (with.is_empty() || with == what)
        });
        if let Some((_, _, times)) = due {
            *times -= 1;
            drop(armed);
            panic!("on purpose, at {point:?} with {what}");
        }
    })
}
