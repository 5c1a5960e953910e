//! Supervisor: one BotActor per tenant, run from the published shops; owner of their liveness.
//!
//! It never awaits and never talks to Telegram. A bot that ends says why; a panic or an error starts
//! it anew after a growing, jittered pause, too many within the window stop it, a refused token or a
//! lasting conflict opens its circuit. A stopped or open bot is probed now and then, and at once when
//! its token changes or an admin resumes it (DESIGN.md, section 5). Nobody else starts bots. What
//! follows from what is planned by `domain/fleet`; here it is recorded and done.

use super::post::Post;
use super::views::ViewHandle;
use crate::clock::SharedClock;
use crate::domain::fleet::{BotLimits, BotNews, FleetEffect, FleetMachine, FleetMessage, Shown};
use crate::domain::id::TenantId;
use crate::domain::tenant::Tenant;
use crate::random::SharedRandom;
use crate::telegram::request::BotStatus;
use crate::trace::Recorder;
use crate::trace::record::{self, Checkpoint, Entry, Message, Verdict};
use actix::{Actor, Addr, AsyncContext, Context, Handler, MessageResult};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

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
    /// Where what it handles is recorded.
    pub recorder: Recorder,
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
    machine: FleetMachine,
    /// Of every run that has not ended.
    switches: BTreeMap<TenantId, StopSwitch>,
}

impl Supervisor {
    /// Starts the Supervisor on the current arbiter.
    pub fn start_with(parts: SupervisorParts) -> SupervisorHandle {
        /// Reports wait their turn instead of being lost, so this bounds memory, not bots.
        const MAILBOX: usize = 1024;
        let supervisor = Self::create(|context| {
            context.set_mailbox_capacity(MAILBOX);
            let machine = FleetMachine::new(parts.limits);
            Self { parts, machine, switches: BTreeMap::new() }
        });
        SupervisorHandle { supervisor }
    }

    fn look(&mut self, ctx: &Context<Self>) {
        let message = self.machine.look_at(&self.parts.views.read().tenants);
        drop(self.handle_message(message, ctx));
    }

    /// Plans, records and does what follows from a message. Returns the switches of runs that are to
    /// end; dropping one ends its run.
    fn handle_message(&mut self, message: FleetMessage, ctx: &Context<Self>) -> Vec<StopSwitch> {
        let now = self.parts.clock.now();
        let plan = self.machine.plan(&message, now);
        self.parts.recorder.record(
            record::Actor::Supervisor,
            || now,
            || Checkpoint::Supervisor(Box::new(self.machine.clone())),
            || Entry {
                id: None,
                message: Message::Fleet(message),
                outcome: Some(Verdict::Planned(plan.clone())),
            },
        );
        let mut ending = Vec::new();
        for effect in self.machine.apply(plan) {
            ending.extend(self.perform(effect, ctx));
        }
        ending
    }

    /// Does one thing; returns the switch of a run that is to end.
    fn perform(&mut self, effect: FleetEffect, ctx: &Context<Self>) -> Option<StopSwitch> {
        match effect {
            FleetEffect::End { tenant } => return self.switches.remove(&tenant),
            FleetEffect::Start { tenant, run } => self.start_run(tenant, run, ctx),
            FleetEffect::Show { tenant, shown } => self.show(tenant, shown),
            FleetEffect::Hide { tenant } => self.parts.statuses.remove(&tenant),
            FleetEffect::Tell { tenant, state } => self.parts.post.bot_trouble(&tenant, state),
            FleetEffect::Wake { tenant, run, at } => {
                let (clock, me) = (self.parts.clock.clone(), ctx.address());
                actix_rt::spawn(async move {
                    clock.sleep_until(at).await;
                    let _ = me.send(Retry { tenant, run }).await;
                });
            }
        }
        None
    }

    fn start_run(&mut self, tenant: TenantId, run: u64, ctx: &Context<Self>) {
        // The run before, if there still is one, ends first.
        drop(self.switches.remove(&tenant));
        // A shop that has just gone has nothing to run; the next look forgets its bot.
        let Some(shop) = self.parts.views.read().tenants.get(&tenant).cloned() else { return };
        let line = ReportLine { tenant: tenant.clone(), run, supervisor: ctx.address() };
        let switch = self.parts.factory.start(&shop, line);
        self.switches.insert(tenant, switch);
    }

    fn show(&self, tenant: TenantId, shown: Shown) {
        let Shown { state, since, retry_at, restarts, error } = shown;
        let last_error = error.map(|end| end.reason().to_owned());
        if let Some(at) = retry_at {
            let pause_ms = at.since(self.parts.clock.now()).ms();
            let error = last_error.as_deref().unwrap_or_default();
            tracing::warn!(%tenant, ?state, error, pause_ms, "a bot ended");
        }
        let status = BotStatus { tenant, state, since, retry_at, restarts, last_error };
        self.parts.statuses.set(status);
    }

    /// For the jitter of a pause.
    fn draw(&self) -> u16 {
        let mut drawn = [0; 2];
        self.parts.random.fill(&mut drawn);
        u16::from_le_bytes(drawn)
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let Self { parts: SupervisorParts { recorder, clock, .. }, machine, .. } = &*self;
        recorder.renew(|| clock.now(), || Checkpoint::Supervisor(Box::new(machine.clone())));
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
        let Report { tenant, run, news } = report;
        let draw = if news.draws() { self.draw() } else { 0 };
        drop(self.handle_message(FleetMessage::Report { tenant, run, news, draw }, ctx));
    }
}

impl Handler<Retry> for Supervisor {
    type Result = ();

    fn handle(&mut self, retry: Retry, ctx: &mut Self::Context) {
        let Retry { tenant, run } = retry;
        drop(self.handle_message(FleetMessage::Retry { tenant, run }, ctx));
    }
}

impl Handler<Resume> for Supervisor {
    type Result = ();

    fn handle(&mut self, resume: Resume, ctx: &mut Self::Context) {
        let Resume { tenant } = resume;
        drop(self.handle_message(FleetMessage::Resume { tenant }, ctx));
    }
}

impl Handler<StopAll> for Supervisor {
    type Result = MessageResult<StopAll>;

    fn handle(&mut self, _: StopAll, ctx: &mut Self::Context) -> Self::Result {
        MessageResult(self.handle_message(FleetMessage::Stop, ctx))
    }
}
