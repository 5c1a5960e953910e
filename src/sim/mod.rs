//! Simulation: the real fleet in virtual time, against a store and a Telegram that go wrong.
//!
//! A [`Simulation`] runs Supervisor, BotActors, dialogs, StockActor, LedgerActor and Committer as they
//! are, on one paused System, from one seed: people who buy, sell, administer and attack; storms in
//! which processes die, stores fail and Telegram is at its worst; and a judge who checks every law of
//! DESIGN.md, section 2, at every durable batch and every message. The same seed gives the same run,
//! byte for byte. [`World`] is the same without people, for tests that break one thing.

mod dice;
mod fault;
mod judge;
mod law;
mod log;
mod report;
mod town;
mod world;

pub use fault::{All, Fault, UnknownFault};
pub use law::{Breach, Law};
pub use report::Report;
pub(crate) use report::{ratio, seconds};
pub use world::{
    ADMIN, CONFIRM, CUSTOMER, Called, ITEMS, MASTER, OWNER, World, WorldClock, Write, bot_name,
    tenant,
};

use crate::app::Ports;
use crate::clock::Stopwatch;
use crate::config::Config;
use crate::domain::time::Millis;
use judge::Judge;
use log::Ear;
use std::collections::BTreeSet;
use std::sync::Arc;
use town::{Scale, Town};
use world::{Ground, Wrap};

/// One world to be lived through. Nothing happens before [`Simulation::run`].
#[derive(Clone)]
pub struct Simulation {
    scale: Scale,
    wrap: Option<Wrap>,
    record: bool,
}

impl Simulation {
    /// The world of that seed: 20 customers, 100 orders, good weather.
    pub fn new(seed: u64) -> Self {
        let scale = Scale { seed, customers: 20, orders: 100, faults: BTreeSet::new() };
        Self { scale, wrap: None, record: false }
    }

    /// So many customers, at least one.
    #[must_use]
    pub fn customers(mut self, count: usize) -> Self {
        self.scale.customers = count.max(1);
        self
    }

    /// Lives until so many orders are paid.
    #[must_use]
    pub const fn orders(mut self, count: u64) -> Self {
        self.scale.orders = count;
        self
    }

    /// This goes wrong, too.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.scale.faults.insert(fault);
        self
    }

    /// All of these go wrong, too: `faults(All)`.
    #[must_use]
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.scale.faults.extend(faults);
        self
    }

    /// Every process runs on what `wrap` makes of its ports: a defect planted there must be found.
    #[must_use]
    pub fn ports(mut self, wrap: impl Fn(Ports) -> Ports + Send + Sync + 'static) -> Self {
        self.wrap = Some(Arc::new(wrap));
        self
    }

    /// Takes down everything that is decided, and decides it again in the end (law 11). The world is
    /// the same with and without.
    #[must_use]
    pub const fn recorded(mut self) -> Self {
        self.record = true;
        self
    }

    /// Lives through it, on the present thread.
    ///
    /// # Panics
    /// When the fleet does not start any more, whatever one does; a report says everything else.
    pub fn run(&self) -> Report {
        let watch = Stopwatch::start();
        let judge = Judge::new();
        let ear = Ear(judge.clone());
        let town = tracing::subscriber::with_default(ear, || self.live(judge));
        let (hash, calls, commits) = town.world.fingerprint();
        let lived = town.world.now().since(town.opened_at).ms() - town.jumped.ms();
        town.judge.with(|court| Report {
            seed: self.scale.seed,
            orders: court.counts.orders,
            lived: Millis::from_ms(lived.max(0)),
            jumped: town.jumped,
            wall: watch.elapsed(),
            commits,
            calls,
            messages: court.counts.messages,
            repeats: court.counts.repeats,
            restarts: town.crashes,
            struck: town.struck().clone(),
            checks: Law::ALL.into_iter().zip(court.counts.checks).collect(),
            fingerprint: hash,
            breaches: court.breaches.clone(),
            traces: town.world.traces(),
        })
    }

    fn live(&self, judge: Judge) -> Town {
        let ground = Ground {
            seed: self.scale.seed,
            admins: town::ADMINS.to_vec(),
            delays: true,
            watch: Some(Arc::new(judge.clone())),
            wrap: self.wrap.clone(),
            record: self.record,
        };
        let world = World::found(ground, tune);
        let mut town = Town::new(world, judge, self.scale.clone());
        if town.open() {
            town.live();
            if !town.is_over() {
                town.close();
            }
        }
        town
    }
}

/// Shorter spans than an installation has, so that a short life sees all of them.
const fn tune(config: &mut Config) {
    config.shop.maturity_h = 1;
    config.shop.maturity_every_min = 1;
    config.bots.backoff_max_s = 5;
    config.bots.circuit_probe_s = 20;
    config.core.restarts_max = 20;
    config.core.restarts_window_s = 10;
}
