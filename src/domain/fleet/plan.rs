//! What follows from a message: runs that begin and end, pauses, circuits, who is told.

use super::{Bot, BotEnd, BotNews, BotState, FleetEffect, FleetMachine, FleetMessage, Plan, Shown};
use crate::domain::id::TenantId;
use crate::domain::sealed::Fingerprint;
use crate::domain::time::{Millis, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Doublings of a pause that are counted; the longest pause ends them long before.
const DOUBLINGS_MAX: u32 = 20;

impl FleetMachine {
    /// What is to be done about a message. Changes nothing.
    pub fn plan(&self, message: &FleetMessage, now: Timestamp) -> Plan {
        let mut draft = Draft { machine: self, now, plan: self.idle() };
        match message {
            FleetMessage::Look { gone, tokens } => {
                if !self.stopped {
                    draft.look(gone, tokens);
                }
            }
            FleetMessage::Report { tenant, run, news, draw } => {
                if let Some(bot) = self.bots.get(tenant).filter(|bot| bot.run == *run) {
                    draft.heard(tenant, bot.clone(), news, *draw);
                }
            }
            FleetMessage::Retry { tenant, run } => {
                let waits = |bot: &&Bot| bot.run == *run && !bot.at_work;
                if let Some(bot) = self.bots.get(tenant).filter(waits) {
                    draft.run(tenant, bot.clone());
                }
            }
            FleetMessage::Resume { tenant } => {
                if let Some(bot) = self.bots.get(tenant) {
                    let bot = Bot { failures: VecDeque::new(), told: None, ..bot.clone() };
                    if bot.at_work {
                        draft.keep(tenant, bot);
                    } else {
                        draft.run(tenant, bot);
                    }
                }
            }
            FleetMessage::Stop => draft.stop(),
        }
        draft.plan
    }

    /// Nothing is to be done.
    const fn idle(&self) -> Plan {
        Plan { bots: BTreeMap::new(), runs: self.runs, stopped: self.stopped, effects: Vec::new() }
    }
}

impl Bot {
    const fn new(token: Fingerprint) -> Self {
        Self { token, run: 0, at_work: false, failures: VecDeque::new(), told: None, shown: None }
    }
}

/// A plan in the making.
struct Draft<'m> {
    machine: &'m FleetMachine,
    now: Timestamp,
    plan: Plan,
}

impl Draft<'_> {
    /// Runs a bot for every new shop and every new token; ends those of shops that are no more.
    fn look(&mut self, gone: &BTreeSet<TenantId>, tokens: &BTreeMap<TenantId, Fingerprint>) {
        for tenant in gone {
            self.plan.bots.insert(tenant.clone(), None);
            self.end(tenant);
            self.act(FleetEffect::Hide { tenant: tenant.clone() });
        }
        for (tenant, token) in tokens {
            self.run(tenant, Bot::new(*token));
        }
    }

    fn stop(&mut self) {
        self.plan.stopped = true;
        let machine = self.machine;
        for (tenant, bot) in &machine.bots {
            self.plan.bots.insert(tenant.clone(), None);
            if bot.at_work {
                self.end(tenant);
            }
        }
    }

    fn run(&mut self, tenant: &TenantId, mut bot: Bot) {
        self.plan.runs += 1;
        bot.run = self.plan.runs;
        bot.at_work = true;
        self.act(FleetEffect::Start { tenant: tenant.clone(), run: bot.run });
        self.show(tenant, &mut bot, BotState::Starting, None);
        self.keep(tenant, bot);
    }

    fn heard(&mut self, tenant: &TenantId, mut bot: Bot, news: &BotNews, draw: u16) {
        match news {
            BotNews::Running => self.show(tenant, &mut bot, BotState::Running, None),
            BotNews::Ended(end) => {
                bot.at_work = false;
                self.end(tenant);
                if self.ran_well(&bot) {
                    bot.told = None;
                }
                self.ended(tenant, &mut bot, end, draw);
            }
        }
        self.keep(tenant, bot);
    }

    fn ended(&mut self, tenant: &TenantId, bot: &mut Bot, end: &BotEnd, draw: u16) {
        let state = match end {
            BotEnd::Stopped => return,
            BotEnd::TokenRefused => BotState::TokenRefused,
            BotEnd::Conflict => BotState::Conflict,
            BotEnd::Panicked | BotEnd::Failed(_) => self.failed(bot),
        };
        let pause = match state {
            BotState::Backoff => self.backoff(bot, draw),
            BotState::Starting
            | BotState::Running
            | BotState::Stopped
            | BotState::TokenRefused
            | BotState::Conflict => self.machine.limits.probe_every,
        };
        let at = self.now + pause;
        self.show(tenant, bot, state, Some((at, end)));
        self.tell_once(tenant, bot, state);
        self.act(FleetEffect::Wake { tenant: tenant.clone(), run: bot.run, at });
    }

    /// Whether the bot ran for longer than failures are counted. A probe that gets as far as the first
    /// update is no recovery, or a loop of panics would be told again with every probe.
    fn ran_well(&self, bot: &Bot) -> bool {
        let window = self.machine.limits.restarts_window;
        bot.shown.as_ref().is_some_and(|shown| {
            shown.state == BotState::Running && self.now.since(shown.since) > window
        })
    }

    /// Counts a failure; too many within the window stop the bot.
    fn failed(&self, bot: &mut Bot) -> BotState {
        let limits = self.machine.limits;
        bot.failures.push_back(self.now);
        let is_old = |at: &Timestamp| self.now.since(*at) > limits.restarts_window;
        while bot.failures.front().is_some_and(is_old) {
            bot.failures.pop_front();
        }
        if bot.failures.len() > limits.restarts_max { BotState::Stopped } else { BotState::Backoff }
    }

    /// Doubles with every failure in the window, plus up to a quarter of jitter.
    fn backoff(&self, bot: &Bot, draw: u16) -> Millis {
        let limits = self.machine.limits;
        let failures = bot.failures.len().max(1);
        let doublings = u32::try_from(failures - 1).unwrap_or(u32::MAX).min(DOUBLINGS_MAX);
        let pause = limits.backoff_min.ms().saturating_mul(1 << doublings);
        let pause = pause.min(limits.backoff_max.ms());
        Millis::from_ms(pause + pause * i64::from(draw) / (4 * i64::from(u16::MAX)))
    }

    fn show(
        &mut self,
        tenant: &TenantId,
        bot: &mut Bot,
        state: BotState,
        ended: Option<(Timestamp, &BotEnd)>,
    ) {
        let before = bot.shown.take();
        let same = before.as_ref().filter(|shown| shown.state == state);
        let since = same.map_or(self.now, |shown| shown.since);
        let (retry_at, error) = match ended {
            Some((at, end)) => (Some(at), Some(end.clone())),
            None => (None, before.and_then(|shown| shown.error)),
        };
        let restarts = u32::try_from(bot.failures.len()).unwrap_or(u32::MAX);
        let shown = Shown { state, since, retry_at, restarts, error };
        bot.shown = Some(shown.clone());
        self.act(FleetEffect::Show { tenant: tenant.clone(), shown });
    }

    /// Tells of a lasting trouble, once until the bot has run well again.
    fn tell_once(&mut self, tenant: &TenantId, bot: &mut Bot, state: BotState) {
        let lasting = match state {
            BotState::Stopped | BotState::TokenRefused | BotState::Conflict => true,
            BotState::Starting | BotState::Running | BotState::Backoff => false,
        };
        if lasting && bot.told != Some(state) {
            bot.told = Some(state);
            self.act(FleetEffect::Tell { tenant: tenant.clone(), state });
        }
    }

    fn end(&mut self, tenant: &TenantId) {
        self.act(FleetEffect::End { tenant: tenant.clone() });
    }

    fn act(&mut self, effect: FleetEffect) {
        self.plan.effects.push(effect);
    }

    fn keep(&mut self, tenant: &TenantId, bot: Bot) {
        self.plan.bots.insert(tenant.clone(), Some(bot));
    }
}
