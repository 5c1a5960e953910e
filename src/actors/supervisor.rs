//! Supervisor: one BotActor per tenant, run from the published shops; owner of their liveness.
//!
//! It never awaits and never talks to Telegram. A bot that ends says why; a panic or an error starts
//! it anew after a growing, jittered pause, too many within the window stop it, a refused token or a
//! lasting conflict opens its circuit. A stopped or open bot is probed now and then, and at once when
//! its token changes or an admin resumes it (DESIGN.md, section 5). Nobody else starts bots.

use super::post::Post;
use super::views::ViewHandle;
use crate::clock::SharedClock;
use crate::domain::id::TenantId;
use crate::domain::sealed::Fingerprint;
use crate::domain::tenant::Tenant;
use crate::domain::time::{Millis, Timestamp};
use crate::random::SharedRandom;
use crate::telegram::request::{BotState, BotStatus};
use actix::{Actor, Addr, AsyncContext, Context, Handler, MessageResult};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Restart intensity and pauses; each is a configuration key under `bots`.
#[derive(Clone, Copy, Debug)]
pub struct BotLimits {
    /// First pause after a failure.
    pub backoff_min: Millis,
    /// Longest pause after a failure.
    pub backoff_max: Millis,
    /// Failures within the window before a bot is stopped.
    pub restarts_max: usize,
    /// The window.
    pub restarts_window: Millis,
    /// How often a stopped bot or an open circuit is probed.
    pub probe_every: Millis,
}

/// Why a bot ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BotEnd {
    /// It was told to.
    Stopped,
    /// Something in it panicked.
    Panicked,
    /// Telegram refuses the token.
    TokenRefused,
    /// Another process has used the token for longer than a poll and a lease take.
    Conflict,
    /// Anything else, in words without any secret.
    Failed(String),
}

/// What a bot tells the Supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BotNews {
    /// It receives updates.
    Running,
    /// It has ended.
    Ended(BotEnd),
}

/// Starts bots; production makes BotActors, a test makes what it likes.
pub trait BotFactory: Send + 'static {
    /// Starts a bot for `tenant` and returns at once; the bot reports through `line`.
    fn start(&self, tenant: &Tenant, line: ReportLine) -> StopSwitch;
}

/// Stops a bot when used or dropped.
#[derive(Debug)]
pub struct StopSwitch(watch::Sender<bool>);

impl StopSwitch {
    /// A switch and what its bot listens to.
    pub fn new() -> (Self, watch::Receiver<bool>) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), receiver)
    }

    fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Completes when the bot lets go of its end: it has ended.
    async fn ended(&self) {
        self.0.closed().await;
    }
}

impl Drop for StopSwitch {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A bot's way to report; it carries which run it is, so that news of an earlier run is ignored.
#[derive(Clone)]
pub struct ReportLine {
    tenant: TenantId,
    run: u64,
    supervisor: Addr<Supervisor>,
}

impl ReportLine {
    /// Which run of the bot reports.
    pub const fn run(&self) -> u64 {
        self.run
    }

    /// Tells the Supervisor. Waits while its mailbox is full; a Supervisor that is gone needs no news.
    pub async fn tell(&self, news: BotNews) {
        let report = Report { tenant: self.tenant.clone(), run: self.run, news };
        let _ = self.supervisor.send(report).await;
    }
}

/// How the fleet's bots are, for everybody to read.
#[derive(Clone, Debug, Default)]
pub struct Statuses(Arc<Mutex<BTreeMap<TenantId, BotStatus>>>);

impl Statuses {
    /// All bots by tenant.
    pub fn all(&self) -> Vec<BotStatus> {
        self.lock().values().cloned().collect()
    }

    fn set(&self, status: BotStatus) {
        self.lock().insert(status.tenant.clone(), status);
    }

    fn remove(&self, tenant: &TenantId) {
        self.lock().remove(tenant);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<TenantId, BotStatus>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the Supervisor is built from.
pub struct SupervisorParts {
    /// The published shops.
    pub views: ViewHandle,
    /// Time and timers.
    pub clock: SharedClock,
    /// For the jitter of pauses.
    pub random: SharedRandom,
    /// Restart intensity and pauses.
    pub limits: BotLimits,
    /// Where it publishes how bots are.
    pub statuses: Statuses,
    /// How it tells admins and owners of trouble.
    pub post: Post,
    /// Starts bots.
    pub factory: Box<dyn BotFactory>,
}

/// The way to the Supervisor.
#[derive(Clone)]
pub struct SupervisorHandle {
    supervisor: Addr<Supervisor>,
}

impl SupervisorHandle {
    /// Starts a stopped or refused bot at once. A Supervisor that is gone has nothing to start.
    pub async fn resume(&self, tenant: TenantId) {
        let _ = self.supervisor.send(Resume { tenant }).await;
    }

    /// Ends every bot and waits until each has ended. A Supervisor that is gone has none to end.
    pub async fn stop(&self) {
        let ending = self.supervisor.send(StopAll).await.unwrap_or_default();
        ending.iter().for_each(StopSwitch::stop);
        for switch in ending {
            switch.ended().await;
        }
    }
}

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Look;

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Report {
    tenant: TenantId,
    run: u64,
    news: BotNews,
}

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Retry {
    tenant: TenantId,
    run: u64,
}

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Resume {
    tenant: TenantId,
}

/// Answered with the switches of all bots that run.
#[derive(actix::Message)]
#[rtype(result = "Vec<StopSwitch>")]
struct StopAll;

/// The actor.
pub struct Supervisor {
    parts: SupervisorParts,
    bots: BTreeMap<TenantId, Slot>,
    next_run: u64,
    stopped: bool,
}

/// One tenant's bot.
struct Slot {
    token: Fingerprint,
    run: u64,
    switch: Option<StopSwitch>,
    failures: VecDeque<Timestamp>,
    told: Option<BotState>,
    /// As it was last published.
    status: Option<BotStatus>,
}

impl Supervisor {
    /// Starts the Supervisor on the current arbiter.
    pub fn start_with(parts: SupervisorParts) -> SupervisorHandle {
        /// Reports wait their turn instead of being lost, so this bounds memory, not bots.
        const MAILBOX: usize = 1024;
        let supervisor = Self::create(|context| {
            context.set_mailbox_capacity(MAILBOX);
            Self { parts, bots: BTreeMap::new(), next_run: 0, stopped: false }
        });
        SupervisorHandle { supervisor }
    }

    /// Runs a bot for every shop, with its present token; ends those that have none any more.
    fn look(&mut self, ctx: &Context<Self>) {
        if self.stopped {
            return;
        }
        let shops = self.parts.views.read().tenants.clone();
        let gone = |id: &TenantId| !shops.contains_key(id);
        let ended: Vec<TenantId> = self.bots.keys().filter(|id| gone(id)).cloned().collect();
        for id in ended {
            self.bots.remove(&id);
            self.parts.statuses.remove(&id);
        }
        for shop in shops.into_values() {
            let known = self.bots.get(&shop.id).is_some_and(|slot| slot.token == shop.bot.token);
            if !known {
                let slot = Slot {
                    token: shop.bot.token,
                    run: 0,
                    switch: None,
                    failures: VecDeque::new(),
                    told: None,
                    status: None,
                };
                self.bots.insert(shop.id.clone(), slot);
                self.run(&shop.id, ctx);
            }
        }
    }

    fn run(&mut self, tenant: &TenantId, ctx: &Context<Self>) {
        let shop = self.parts.views.read().tenants.get(tenant).cloned();
        let (Some(shop), Some(slot)) = (shop, self.bots.get_mut(tenant)) else { return };
        self.next_run += 1;
        slot.run = self.next_run;
        // The switch of the run before, if it still had one, ends that run.
        slot.switch = None;
        let line = ReportLine { tenant: tenant.clone(), run: slot.run, supervisor: ctx.address() };
        slot.switch = Some(self.parts.factory.start(&shop, line));
        self.publish(tenant, BotState::Starting, None, None);
    }

    fn heard(&mut self, tenant: &TenantId, run: u64, news: BotNews, ctx: &Context<Self>) {
        let Some(slot) = self.bots.get_mut(tenant).filter(|slot| slot.run == run) else { return };
        match news {
            BotNews::Running => {
                self.publish(tenant, BotState::Running, None, None);
            }
            BotNews::Ended(end) => {
                slot.switch = None;
                if self.ran_well(tenant)
                    && let Some(slot) = self.bots.get_mut(tenant)
                {
                    slot.told = None;
                }
                self.ended(tenant, &end, ctx);
            }
        }
    }

    fn ended(&mut self, tenant: &TenantId, end: &BotEnd, ctx: &Context<Self>) {
        let limits = self.parts.limits;
        let now = self.parts.clock.now();
        let (state, error) = match end {
            BotEnd::Stopped => return,
            BotEnd::TokenRefused => (BotState::TokenRefused, "telegram refuses the token (401)"),
            BotEnd::Conflict => (BotState::Conflict, "another process uses the token (409)"),
            BotEnd::Panicked => (self.failed(tenant, now), "panicked"),
            BotEnd::Failed(reason) => (self.failed(tenant, now), reason.as_str()),
        };
        let pause = match state {
            BotState::Backoff => self.backoff(tenant),
            BotState::Starting
            | BotState::Running
            | BotState::Stopped
            | BotState::TokenRefused
            | BotState::Conflict => limits.probe_every,
        };
        tracing::warn!(%tenant, ?state, error, pause_ms = pause.ms(), "a bot ended");
        self.publish(tenant, state, Some(now + pause), Some(error.to_owned()));
        self.tell_once(tenant, state);
        self.retry_after(tenant, pause, ctx);
    }

    /// Whether the bot ran for longer than failures are counted. A probe that gets as far as the first
    /// update is no recovery, or a loop of panics would be told again with every probe.
    fn ran_well(&self, tenant: &TenantId) -> bool {
        let now = self.parts.clock.now();
        let ran = |status: &BotStatus| {
            status.state == BotState::Running
                && now.since(status.since) > self.parts.limits.restarts_window
        };
        self.bots.get(tenant).and_then(|slot| slot.status.as_ref()).is_some_and(ran)
    }

    /// Counts a failure; too many within the window stop the bot.
    fn failed(&mut self, tenant: &TenantId, now: Timestamp) -> BotState {
        let limits = self.parts.limits;
        let Some(slot) = self.bots.get_mut(tenant) else { return BotState::Stopped };
        slot.failures.push_back(now);
        while slot.failures.front().is_some_and(|at| now.since(*at) > limits.restarts_window) {
            slot.failures.pop_front();
        }
        if slot.failures.len() > limits.restarts_max {
            BotState::Stopped
        } else {
            BotState::Backoff
        }
    }

    /// Doubles with every failure in the window, plus up to a quarter of jitter.
    fn backoff(&self, tenant: &TenantId) -> Millis {
        let limits = self.parts.limits;
        let failures = self.bots.get(tenant).map_or(1, |slot| slot.failures.len()).max(1);
        let doublings = u32::try_from(failures - 1).unwrap_or(u32::MAX).min(20);
        let pause = limits.backoff_min.ms().saturating_mul(1 << doublings);
        let pause = pause.min(limits.backoff_max.ms());
        let mut drawn = [0; 2];
        self.parts.random.fill(&mut drawn);
        let jitter = pause * i64::from(u16::from_le_bytes(drawn)) / (4 * i64::from(u16::MAX));
        Millis::from_ms(pause + jitter)
    }

    fn retry_after(&self, tenant: &TenantId, pause: Millis, ctx: &Context<Self>) {
        let Some(run) = self.bots.get(tenant).map(|slot| slot.run) else { return };
        let (clock, me, tenant) = (self.parts.clock.clone(), ctx.address(), tenant.clone());
        actix_rt::spawn(async move {
            clock.sleep(pause).await;
            let _ = me.send(Retry { tenant, run }).await;
        });
    }

    fn publish(
        &mut self,
        tenant: &TenantId,
        state: BotState,
        retry_at: Option<Timestamp>,
        last_error: Option<String>,
    ) {
        let Some(slot) = self.bots.get_mut(tenant) else { return };
        let before = slot.status.take();
        let since = before
            .as_ref()
            .filter(|status| status.state == state)
            .map_or_else(|| self.parts.clock.now(), |status| status.since);
        let status = BotStatus {
            tenant: tenant.clone(),
            state,
            since,
            retry_at,
            restarts: u32::try_from(slot.failures.len()).unwrap_or(u32::MAX),
            last_error: last_error.or_else(|| before.and_then(|status| status.last_error)),
        };
        slot.status = Some(status.clone());
        self.parts.statuses.set(status);
    }

    /// Tells admins and the owner about a lasting trouble, once until the bot has run well again.
    fn tell_once(&mut self, tenant: &TenantId, state: BotState) {
        let lasting =
            matches!(state, BotState::Stopped | BotState::TokenRefused | BotState::Conflict);
        let Some(slot) = self.bots.get_mut(tenant) else { return };
        if lasting && slot.told != Some(state) {
            slot.told = Some(state);
            self.parts.post.bot_trouble(tenant, state);
        }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Watched before the first look, so that nothing is published between the two.
        let (me, mut changed) = (ctx.address(), self.parts.views.watch_tenants());
        self.look(ctx);
        actix_rt::spawn(async move {
            while changed.changed().await.is_ok() {
                if me.send(Look).await.is_err() {
                    return;
                }
            }
        });
    }
}

impl Handler<Look> for Supervisor {
    type Result = ();

    fn handle(&mut self, _: Look, ctx: &mut Self::Context) {
        self.look(ctx);
    }
}

impl Handler<Report> for Supervisor {
    type Result = ();

    fn handle(&mut self, report: Report, ctx: &mut Self::Context) {
        self.heard(&report.tenant, report.run, report.news, ctx);
    }
}

impl Handler<Retry> for Supervisor {
    type Result = ();

    fn handle(&mut self, retry: Retry, ctx: &mut Self::Context) {
        let waits = |slot: &Slot| slot.run == retry.run && slot.switch.is_none();
        if !self.stopped && self.bots.get(&retry.tenant).is_some_and(waits) {
            self.run(&retry.tenant, ctx);
        }
    }
}

impl Handler<Resume> for Supervisor {
    type Result = ();

    fn handle(&mut self, resume: Resume, ctx: &mut Self::Context) {
        let Some(slot) = self.bots.get_mut(&resume.tenant) else { return };
        slot.failures.clear();
        slot.told = None;
        if slot.switch.is_none() && !self.stopped {
            self.run(&resume.tenant, ctx);
        }
    }
}

impl Handler<StopAll> for Supervisor {
    type Result = MessageResult<StopAll>;

    fn handle(&mut self, _: StopAll, _: &mut Self::Context) -> Self::Result {
        self.stopped = true;
        let bots = std::mem::take(&mut self.bots);
        MessageResult(bots.into_values().filter_map(|slot| slot.switch).collect())
    }
}
