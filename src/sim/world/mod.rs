//! A whole fleet in one thread and virtual time, with a store and a Telegram of its own.
//!
//! The real [`Fleet`] runs on an actix System whose runtime is paused: time passes only while a method
//! of the [`World`] waits, so between two calls nothing happens, and a seed gives the same run every
//! time. The disk, Telegram and the clock's reading outlive the System: [`World::crash`] drops it and
//! starts the next one on what is left; [`World::take_over`] starts a second process beside it.
//!
//! It is also a test kit: when a world is dropped, it heals, settles and panics about whatever leaked
//! ([`World::leaks`]).

mod clock;
mod gate;
mod leaks;
mod outside;
mod people;
mod setup;
mod trip;
mod wire;

pub use clock::WorldClock;
pub use gate::Write;
pub use people::CONFIRM;
pub use setup::{ADMIN, CUSTOMER, ITEMS, OWNER, bot_name, tenant};
pub(super) use wire::Answered;
pub use wire::Called;

use super::dice::{Dice, Part};
use crate::actors::Point;
use crate::app::{self, Fleet, Ports, StartError};
use crate::clock::Clock as _;
use crate::config::Config;
use crate::domain::chronicle::Chronicle;
use crate::domain::time::{Millis, Timestamp};
use crate::random::{SeededRandom, SharedRandom};
use crate::sandbox::service::{Sandbox, Setup, Witness};
use crate::secret::Secret;
use crate::store::SharedStore;
use crate::store::faults::{Fault, FaultScript};
use crate::store::memory::{MemoryDisk, MemoryStore};
use crate::telegram::request::BotStatus;
use crate::trace::Recorder;
use crate::trace::line::MemoryTrace;
use crate::vault::Vault;
use gate::Plan;
use outside::{Delays, Outside, configuration, ports, watch_disk};
pub(super) use outside::{Ground, Watch, Wrap};
use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use trip::Trip;
use wire::Tape;

/// The name of the master's shop in every method that asks for a shop.
pub const MASTER: &str = "master";
/// When every world begins.
const ORIGIN: Timestamp = Timestamp::from_ms(1_760_000_000_000);
/// How long the disk takes for anything.
const LATENCY: Millis = Millis::from_ms(4);
/// After how long somebody starts a process again that did not start.
const START_AGAIN: Millis = Millis::from_secs(5);

/// A fleet with everything around it.
pub struct World {
    /// The leading process; dropped before what it runs on.
    fleet: Option<Fleet>,
    system: Option<actix_rt::SystemRunner>,
    trip: Arc<Trip>,
    /// Processes that were taken over from.
    elders: Vec<Arc<Trip>>,
    outside: Arc<Outside>,
    config: Config,
    recorder: Recorder,
    /// One a process that led, the present one's last.
    traces: Vec<MemoryTrace>,
    seed: u64,
    /// The clock's reading after whatever ran last: nothing moves it but what runs.
    now: Cell<Timestamp>,
    drawn: u64,
    /// Whether dropping it looks for leaks.
    strict: bool,
}

#[expect(
    clippy::missing_panics_doc,
    reason = "said once: a world is a test kit, and what cannot be done in it ends the test"
)]
impl World {
    /// A world of the test kit: a master's shop and one product at 10 with [`ITEMS`] items; nothing
    /// takes a drawn time, and every call is kept.
    pub fn new(seed: u64) -> Self {
        Self::tuned(seed, |_| {})
    }

    /// The same with other numbers in its configuration.
    pub fn tuned(seed: u64, tune: impl FnOnce(&mut Config)) -> Self {
        Self::kit(seed, None, tune)
    }

    /// The same on what `wrap` makes of its ports.
    pub fn on_ports(seed: u64, wrap: impl Fn(Ports) -> Ports + Send + Sync + 'static) -> Self {
        Self::kit(seed, Some(Arc::new(wrap)), |_| {})
    }

    fn kit(seed: u64, wrap: Option<Wrap>, tune: impl FnOnce(&mut Config)) -> Self {
        let admins = vec![ADMIN];
        let ground = Ground { seed, admins, delays: false, watch: None, wrap, record: true };
        let mut world = Self::found(ground, tune);
        world.outside.tape.keep();
        world.strict = true;
        world.open_shop();
        world
    }

    /// A world with a master's bot and an empty shop.
    pub(super) fn found(ground: Ground, tune: impl FnOnce(&mut Config)) -> Self {
        let system = system();
        let clock = system.block_on(async { Arc::new(WorldClock::starting_at(ORIGIN)) });
        let Ground { seed, admins, delays, watch, wrap, record } = ground;
        let witness = watch
            .clone()
            .map(|watch| -> Witness { Arc::new(move |at, change| watch.changed(at, change)) });
        let setup = Setup { clock: Some(clock.clone()), seed, witness, ..Setup::default() };
        let sandbox = Sandbox::open(setup).expect("a sandbox without a directory");
        let random: SharedRandom = Arc::new(SeededRandom::new(seed));
        let bot = system.block_on(async { sandbox.create_bot(&bot_name(MASTER), "Master") });
        let token = Secret::new(bot.expect("a new bot")["token"].as_str().expect("a token"));
        let mut config = configuration(&token, &admins, &*random);
        tune(&mut config);
        let (disk, tape) = (MemoryDisk::default(), Arc::new(Tape::default()));
        watch_disk(&disk, &clock, &tape, watch.clone());
        let dice = delays.then(|| Mutex::new(Dice::new(seed, Part::Delays)));
        let outside = Outside {
            clock,
            disk,
            script: FaultScript::default(),
            plan: Plan::default(),
            delays: Delays(dice),
            panics: Mutex::default(),
            visits: Mutex::default(),
            tape,
            watch,
            wrap,
            sandbox,
            random,
        };
        let mut world = Self {
            fleet: None,
            system: Some(system),
            trip: Arc::default(),
            elders: Vec::new(),
            outside: Arc::new(outside),
            config,
            recorder: Recorder::off(),
            traces: Vec::new(),
            seed,
            now: Cell::new(ORIGIN),
            drawn: 0,
            strict: false,
        };
        if record {
            world.record();
        }
        world.fleet = Some(world.start().expect("the fleet starts"));
        world
    }

    /// Drops the System with everything in it and starts a new one on the same disk and Telegram, as
    /// often as it takes.
    pub fn crash(&mut self) {
        self.crash_for(Millis::ZERO);
    }

    /// The same, and the new one starts so much later.
    pub fn crash_for(&mut self, down: Millis) {
        /// A fleet that does not start within this many attempts never will.
        const ATTEMPTS: u32 = 1_000;
        self.now.set(self.now() + down);
        for _ in 0..ATTEMPTS {
            self.fleet = None;
            self.system = None;
            let system = system();
            let at = self.now();
            system.block_on(async { self.outside.clock.go_on_at(at) });
            self.system = Some(system);
            self.trip = Arc::default();
            self.elders.clear();
            match self.start() {
                Ok(fleet) => {
                    self.fleet = Some(fleet);
                    return;
                }
                Err(error) => {
                    tracing::debug!(error = ?error.map(|e| e.to_string()), "does not start");
                    self.now.set(self.now() + START_AGAIN);
                }
            }
        }
        panic!("the fleet does not start any more");
    }

    /// Ends the leading process in order, or gives it up after a while; answers how long that took.
    pub fn stop(&mut self) -> Millis {
        const PATIENCE: Millis = Millis::from_secs(60);
        let before = self.now();
        let (fleet, clock) = (self.fleet().clone(), self.outside.clock.clone());
        self.run(async move {
            tokio::select! {
                biased;
                () = fleet.stop() => {}
                () = clock.sleep(PATIENCE) => {}
            }
        });
        self.now().since(before)
    }

    /// A second process starts on the same disk and leads from now on; the first is not told.
    /// Answers whether it came up.
    pub fn take_over(&mut self) -> bool {
        let elder = std::mem::take(&mut self.trip);
        if !self.traces.is_empty() {
            self.record();
        }
        match self.start() {
            Ok(fleet) => {
                self.fleet = Some(fleet);
                self.elders.push(elder);
                true
            }
            Err(_) => {
                self.trip.end();
                self.trip = elder;
                false
            }
        }
    }

    /// The leading process gets no processor until [`World::resume_held`].
    pub fn hold(&self) {
        self.trip.hold();
    }

    /// Processes that were held go on, not knowing what happened meanwhile.
    pub fn resume_held(&self) {
        self.elders.iter().chain([&self.trip]).for_each(|trip| trip.resume());
    }

    /// The leading process dies at the `steps`-th step from now; see [`World::is_dead`].
    pub fn die_after(&mut self, steps: u64) {
        self.trip.arm(steps);
    }

    /// Whether it died, and waits for [`World::crash`].
    pub fn is_dead(&self) -> bool {
        self.trip.is_dead()
    }

    /// Panics `times` at `point` with `what` in hand: a bot's shop, a chat, a command's word.
    pub fn panic_at(&self, point: Point, what: &str, times: u32) {
        lock(&self.outside.panics).push((point, what.to_owned(), times));
    }

    /// How often a point was passed with this in hand.
    pub fn visits(&self, point: Point, what: &str) -> u32 {
        lock(&self.outside.visits).get(&(point, what.to_owned())).copied().unwrap_or(0)
    }

    /// Panics that have not happened.
    pub fn panics_left(&self) -> u32 {
        lock(&self.outside.panics).iter().map(|(_, _, times)| times).sum()
    }

    /// The next `times` of such commits fail so.
    pub fn break_write(&self, write: Write, fault: Fault, times: u32) {
        lock(&self.outside.plan.faults).push((write, fault, times));
    }

    /// The store answers nothing for a while.
    pub fn store_down(&self, span: Millis) {
        self.outside.plan.down(self.now() + span);
    }

    /// The store takes `more` time for every commit, for a while.
    pub fn store_slow(&self, span: Millis, more: Millis) {
        self.outside.plan.slow(self.now() + span, more);
    }

    /// No commit fails any more, stalled ones go on, nothing panics, nobody is held, no death waits.
    pub fn heal(&self) {
        self.outside.plan.heal();
        lock(&self.outside.panics).clear();
        self.outside.script.heal();
        self.trip.disarm();
        self.resume_held();
    }

    /// The lease runs out, or is renewed again.
    pub fn lead(&self, leads: bool) {
        self.outside.script.lead(leads);
    }

    /// Stalled commits go on.
    pub fn release(&self) {
        self.outside.script.release();
    }

    /// Faults of the store that have struck.
    pub fn struck(&self) -> Vec<Fault> {
        self.outside.script.struck()
    }

    /// Updates that were given up, with the reason.
    pub fn dead_letters(&self) -> Vec<(u64, String)> {
        lock(&self.outside.plan.dead_letters).clone()
    }

    /// Lets time pass until nothing is left to do but waiting for somebody.
    pub fn settle(&mut self) {
        self.wait(Millis::from_secs(20));
    }

    /// Lets so much time pass, or less when the leading process dies meanwhile.
    pub fn wait(&mut self, span: Millis) {
        let clock = self.outside.clock.clone();
        self.run(async move { clock.sleep(span).await });
    }

    /// Sets the clock forward, as that of a machine that slept: timers under way do not notice.
    pub fn jump(&mut self, span: Millis) {
        self.outside.clock.jump(span);
        self.now.set(self.now() + span);
    }

    /// The present moment.
    pub const fn now(&self) -> Timestamp {
        self.now.get()
    }

    /// Every call that reached Telegram.
    pub fn calls(&self) -> Vec<Called> {
        self.outside.tape.calls()
    }

    /// A hash over every durable batch and every call with its time, and how many of each.
    pub fn fingerprint(&self) -> ([u8; 32], u64, u64) {
        self.outside.tape.read()
    }

    /// What the disk says now.
    pub fn chronicle(&self) -> Chronicle {
        let store = self.plain_store();
        let read = self.system().block_on(async move { store.chronicle().await });
        read.expect("a memory store can always be read").1
    }

    /// How a shop's bot is.
    pub fn bot(&self, shop: &str) -> BotStatus {
        let tenant = tenant(shop);
        let all = self.fleet().statuses.all();
        all.into_iter().find(|bot| bot.tenant == tenant).expect("the fleet knows the bot")
    }

    /// Everything that the cores have recorded, crashes included: one trace a process that led.
    pub fn traces(&self) -> Vec<Vec<u8>> {
        self.traces.iter().map(MemoryTrace::bytes).collect()
    }

    /// Everything that the leading core and those before its crashes have recorded.
    pub fn trace(&self) -> Vec<u8> {
        self.traces.last().map(MemoryTrace::bytes).unwrap_or_default()
    }

    /// The batch that the view shows.
    pub fn version(&self) -> u64 {
        self.fleet().core.views().read().version
    }

    /// What the operator keeps to himself: the master's token and the vault's keys.
    pub fn secrets(&self) -> Vec<String> {
        let token = self.config.telegram.master_token.as_ref().expect("a world has a master");
        let keys = self.config.vault.keys.iter().map(|key| key.to_text().expose().to_owned());
        keys.chain([token.secret().expose().to_owned()]).collect()
    }

    /// The fleet's present configuration; the next start reads it.
    pub(super) fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// What seals and opens in this world.
    pub(super) fn vault(&self) -> Arc<Vault> {
        self.fleet().vault.clone()
    }

    /// Runs something beside the fleet until it is done; nothing when the process dies first.
    fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let (trip, clock) = (self.trip.clone(), self.outside.clock.clone());
        let (done, now) = self.system().block_on(async move {
            let done = if trip.is_dead() {
                None
            } else {
                tokio::select! {
                    biased;
                    () = trip.ended.notified() => None,
                    done = work => Some(done),
                }
            };
            (done, clock.now())
        });
        self.now.set(now);
        done
    }

    /// The next process has a trace of its own. Its key is drawn elsewhere, so that a world is the
    /// same with and without a trace.
    fn record(&mut self) {
        let random = SeededRandom::new(self.seed);
        let (recorder, trace) = MemoryTrace::start(app::header(&self.config), &random);
        self.recorder = recorder;
        self.traces.push(trace);
    }

    /// Starts a process. As `run` does, it ends when its core ends.
    fn start(&mut self) -> Result<Fleet, Option<StartError>> {
        let recorder = self.recorder.clone();
        let ports = ports(&self.outside, &self.trip, self.plain_store(), recorder);
        let (config, trip) = (self.config.clone(), self.trip.clone());
        let started = self.run(async move {
            let fleet = Fleet::start(&config, ports).await?;
            let core = fleet.core.clone();
            actix_rt::spawn(async move {
                core.ended().await;
                trip.end();
            });
            Ok(fleet)
        });
        match started {
            Some(Ok(fleet)) => Ok(fleet),
            Some(Err(error)) => Err(Some(error)),
            None => Err(None),
        }
    }

    /// The disk without faults.
    fn plain_store(&self) -> SharedStore {
        let Outside { disk, clock, .. } = &*self.outside;
        Arc::new(MemoryStore::new(disk.clone(), clock.clone(), LATENCY))
    }

    fn system(&self) -> &actix_rt::SystemRunner {
        self.system.as_ref().expect("a world always has a System, but for a moment in a crash")
    }

    fn fleet(&self) -> &Fleet {
        self.fleet.as_ref().expect("a world always has a fleet, but for a moment in a crash")
    }
}

/// What somebody leaves locked by a panic that was asked for is whole: every change is one statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
