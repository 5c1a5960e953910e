//! A whole fleet in one thread and virtual time, with a Telegram of its own, for tests that break it.
//!
//! The real [`Fleet`] runs on an actix System whose runtime is paused: time passes only while a method
//! of the [`World`] waits, so between two calls nothing happens, and a seed gives the same run every
//! time. The disk, Telegram and the clock's reading outlive the System: [`World::crash`] drops it and
//! starts the next one on what is left.

mod people;
mod ports;
mod setup;

pub(crate) use people::CONFIRM;
pub(crate) use ports::{Called, Write};

use super::{ADMIN, CUSTOMER};
use ports::{Gate, Plan, Trip, Wire, WorldClock, lock};
use shopfleet::actors::{Point, Probe};
use shopfleet::app::{self, Fleet, Ports};
use shopfleet::audit::audit;
use shopfleet::audit::rebuild::rebuild;
use shopfleet::config::{Config, Environment, Loaded};
use shopfleet::domain::chronicle::Chronicle;
use shopfleet::domain::id::TenantId;
use shopfleet::domain::time::{Millis, Timestamp};
use shopfleet::placement::OneThread;
use shopfleet::random::{SeededRandom, SharedRandom};
use shopfleet::sandbox::door::SandboxTransport;
use shopfleet::sandbox::service::{Sandbox, Setup};
use shopfleet::secret::Secret;
use shopfleet::store::SharedStore;
use shopfleet::store::faults::{Fault, FaultScript, FaultyStore};
use shopfleet::store::memory::{MemoryDisk, MemoryStore};
use shopfleet::telegram::request::BotStatus;
use shopfleet::trace::Recorder;
use shopfleet::trace::line::MemoryTrace;
use shopfleet::vault::Key;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The name of the master in every method that asks for a shop.
pub(crate) const MASTER: &str = "master";
/// When every world begins.
const ORIGIN: Timestamp = Timestamp::from_ms(1_760_000_000_000);
/// How long the disk takes for anything.
const LATENCY: Millis = Millis::from_ms(4);

/// Panics that a test asked for: where, with what in hand, how often.
type Panics = Arc<Mutex<Vec<(Point, String, u32)>>>;

/// How often each point was passed, with what in hand.
type Visits = Arc<Mutex<BTreeMap<(Point, String), u32>>>;

/// A fleet with everything around it.
pub(crate) struct World {
    /// The fleet; dropped before what it runs on.
    fleet: Option<Fleet>,
    system: Option<actix_rt::SystemRunner>,
    clock: Arc<WorldClock>,
    disk: MemoryDisk,
    script: FaultScript,
    plan: Arc<Plan>,
    trip: Arc<Trip>,
    panics: Panics,
    visits: Visits,
    calls: Arc<Mutex<Vec<Called>>>,
    sandbox: Sandbox,
    random: SharedRandom,
    recorder: Recorder,
    trace: MemoryTrace,
    config: Config,
    drawn: u64,
}

impl World {
    /// A world with a master's shop and one product at 10 with twenty items.
    pub(crate) fn new(seed: u64) -> Self {
        Self::tuned(seed, |_| {})
    }

    /// The same with other numbers in its configuration.
    pub(crate) fn tuned(seed: u64, tune: impl FnOnce(&mut Config)) -> Self {
        let system = system();
        let clock = system.block_on(async { Arc::new(WorldClock::starting_at(ORIGIN)) });
        let setup = Setup { clock: Some(clock.clone()), seed, ..Setup::default() };
        let sandbox = Sandbox::open(setup).expect("a sandbox without a directory");
        let random: SharedRandom = Arc::new(SeededRandom::new(seed));
        let bot = system.block_on(async { sandbox.create_bot("master_bot", "Master") });
        let token = Secret::new(bot.expect("a new bot")["token"].as_str().expect("a token"));
        let mut config = configuration(&token, &*random);
        tune(&mut config);
        // Its key is drawn elsewhere, so that a world is the same with and without a trace.
        let (recorder, trace) = MemoryTrace::start(app::header(&config), &SeededRandom::new(seed));
        let mut world = Self {
            fleet: None,
            system: Some(system),
            clock,
            disk: MemoryDisk::default(),
            script: FaultScript::default(),
            plan: Arc::default(),
            trip: Arc::default(),
            panics: Panics::default(),
            visits: Visits::default(),
            calls: Arc::default(),
            sandbox,
            random,
            recorder,
            trace,
            config,
            drawn: 0,
        };
        world.start();
        world.open_shop();
        world
    }

    /// Drops the System with everything in it and starts a new one on the same disk and Telegram.
    pub(crate) fn crash(&mut self) {
        self.crash_for(Millis::ZERO);
    }

    /// The same, and the new one starts so much later.
    pub(crate) fn crash_for(&mut self, down: Millis) {
        let at = self.now() + down;
        self.fleet = None;
        self.system = None;
        let system = system();
        system.block_on(async { self.clock.go_on_at(at) });
        self.system = Some(system);
        self.trip.disarm();
        self.start();
    }

    /// Ends the fleet in order, and answers how long that took.
    pub(crate) fn stop(&mut self) -> Millis {
        let (fleet, before) = (self.fleet().clone(), self.now());
        self.run(async move { fleet.stop().await });
        self.now().since(before)
    }

    /// The fleet dies at the `steps`-th step from now; see [`World::is_dead`].
    pub(crate) fn die_after(&mut self, steps: u64) {
        self.trip.arm(steps);
    }

    /// Whether it died, and waits for [`World::crash`].
    pub(crate) fn is_dead(&self) -> bool {
        self.trip.is_dead()
    }

    /// Panics `times` at `point` with `what` in hand: a bot's shop, a chat, a command's word.
    pub(crate) fn panic_at(&self, point: Point, what: &str, times: u32) {
        lock(&self.panics).push((point, what.to_owned(), times));
    }

    /// How often a point was passed with this in hand.
    pub(crate) fn visits(&self, point: Point, what: &str) -> u32 {
        lock(&self.visits).get(&(point, what.to_owned())).copied().unwrap_or(0)
    }

    /// Panics that have not happened.
    pub(crate) fn panics_left(&self) -> u32 {
        lock(&self.panics).iter().map(|(_, _, times)| times).sum()
    }

    /// The next `times` of such commits fail so.
    pub(crate) fn break_write(&self, write: Write, fault: Fault, times: u32) {
        lock(&self.plan.faults).push((write, fault, times));
    }

    /// No commit fails any more, stalled ones go on, nothing panics.
    pub(crate) fn heal(&self) {
        lock(&self.plan.faults).clear();
        lock(&self.panics).clear();
        self.script.heal();
    }

    /// The lease runs out, or is renewed again.
    pub(crate) fn lead(&self, leads: bool) {
        self.script.lead(leads);
    }

    /// Stalled commits go on.
    pub(crate) fn release(&self) {
        self.script.release();
    }

    /// Faults that have struck.
    pub(crate) fn struck(&self) -> Vec<Fault> {
        self.script.struck()
    }

    /// Updates that were given up, with the reason.
    pub(crate) fn dead_letters(&self) -> Vec<(u64, String)> {
        lock(&self.plan.dead_letters).clone()
    }

    /// Lets time pass until nothing is left to do but waiting for somebody.
    pub(crate) fn settle(&mut self) {
        self.wait(Millis::from_secs(20));
    }

    /// Lets so much time pass, or less when the world dies meanwhile.
    pub(crate) fn wait(&mut self, span: Millis) {
        let clock = self.clock.clone();
        self.run(async move {
            use shopfleet::clock::Clock as _;
            clock.sleep(span).await;
        });
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Timestamp {
        use shopfleet::clock::Clock as _;
        self.system().block_on(async { self.clock.now() })
    }

    /// Everything that the core has recorded, crashes included.
    pub(crate) fn trace(&self) -> Vec<u8> {
        self.trace.bytes()
    }

    /// The batch that the view shows.
    pub(crate) fn version(&self) -> u64 {
        self.fleet().core.views().read().version
    }

    /// What the operator keeps to himself: the master's token and the vault's keys.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let token = self.config.telegram.master_token.as_ref().expect("a world has a master");
        let keys = self.config.vault.keys.iter().map(|key| key.to_text().expose().to_owned());
        keys.chain([token.secret().expose().to_owned()]).collect()
    }

    /// Every call that reached Telegram.
    pub(crate) fn calls(&self) -> Vec<Called> {
        lock(&self.calls).clone()
    }

    /// What the disk says now.
    pub(crate) fn chronicle(&self) -> Chronicle {
        let store = self.plain_store();
        let read = self.system().block_on(async move { store.chronicle().await });
        read.expect("a memory store can always be read").1
    }

    /// Runs the audit, and rebuilds the store from its journal; what they find ends the test.
    pub(crate) fn audit(&self) {
        let rebuilt = rebuild(self.plain_store(), app::rules(&self.config), None, |_, _| {});
        let rebuilt = self.system().block_on(rebuilt).expect("a memory store can be read");
        assert_eq!(rebuilt.difference, None);
        let store = self.plain_store();
        let asked = audit(store, self.config.telegram.inbox_max);
        let report = self.system().block_on(asked).expect("a memory store can be read");
        assert!(report.violations.is_empty(), "{:#?}", report.violations);
    }

    /// How an agent's bot is.
    pub(crate) fn bot(&self, shop: &str) -> BotStatus {
        let tenant = tenant(shop);
        let all = self.fleet().statuses.all();
        all.into_iter().find(|bot| bot.tenant == tenant).expect("the fleet knows the bot")
    }

    /// Runs something beside the fleet until it is done; nothing when the world dies first.
    fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let trip = self.trip.clone();
        self.system().block_on(async move {
            if trip.is_dead() {
                return None;
            }
            tokio::select! {
                biased;
                () = trip.crashed.notified() => None,
                done = work => Some(done),
            }
        })
    }

    fn start(&mut self) {
        let ports = self.ports();
        let started = self.system().block_on(Fleet::start(&self.config, ports));
        self.fleet = Some(started.expect("the fleet starts"));
    }

    fn ports(&self) -> Ports {
        let store = FaultyStore::new(self.plain_store(), self.clock.clone(), self.script.clone());
        let gate = Gate {
            inner: Arc::new(store),
            script: self.script.clone(),
            plan: self.plan.clone(),
            trip: self.trip.clone(),
        };
        let wire = Wire {
            inner: Arc::new(SandboxTransport::new(self.sandbox.clone())),
            clock: self.clock.clone(),
            trip: self.trip.clone(),
            calls: self.calls.clone(),
        };
        Ports {
            store: Arc::new(gate),
            transport: Arc::new(wire),
            clock: self.clock.clone(),
            random: self.random.clone(),
            placement: Arc::new(OneThread),
            probe: self.probe(),
            recorder: self.recorder.clone(),
        }
    }

    fn probe(&self) -> Probe {
        let (panics, trip) = (self.panics.clone(), self.trip.clone());
        let visits = self.visits.clone();
        Probe::new(move |point, what| {
            trip.step();
            *lock(&visits).entry((point, what.to_owned())).or_default() += 1;
            let mut armed = lock(&panics);
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

    /// The disk without faults.
    fn plain_store(&self) -> SharedStore {
        Arc::new(MemoryStore::new(self.disk.clone(), self.clock.clone(), LATENCY))
    }

    fn system(&self) -> &actix_rt::SystemRunner {
        self.system.as_ref().expect("a world always has a System, but for a moment in a crash")
    }

    fn fleet(&self) -> &Fleet {
        self.fleet.as_ref().expect("a world always has a fleet, but for a moment in a crash")
    }
}

/// A System whose time passes only while everything waits.
fn system() -> actix_rt::SystemRunner {
    actix_rt::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without sockets")
    })
}

fn configuration(token: &Secret, random: &dyn shopfleet::random::Random) -> Config {
    let (admins, key) = (ADMIN.to_string(), Key::generate(random).to_text());
    let environment = Environment::of(&[
        ("SHOPFLEET__TELEGRAM__MASTER_TOKEN", token.expose()),
        ("SHOPFLEET__ADMINS", &admins),
        ("SHOPFLEET__VAULT__KEYS", key.expose()),
    ]);
    let loaded = Loaded::read(None, &environment);
    loaded.map_err(|faults| faults.to_string()).expect("a right configuration").config
}

/// The shop of that name.
pub(crate) fn tenant(shop: &str) -> TenantId {
    match shop {
        MASTER => TenantId::Master,
        agent => TenantId::Agent(agent.parse().expect("a valid id")),
    }
}
