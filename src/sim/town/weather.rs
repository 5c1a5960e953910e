//! The weather of a world: which fault strikes when, for how long, and whom it touches.
//!
//! Storms and calms take turns. In a storm anything may strike at any time; in a calm at most one bot
//! is in trouble, and everybody else has to be served as if nothing were.

use super::{Act, Role, Town};
use crate::actors::Point;
use crate::domain::time::{Millis, Timestamp};
use crate::sandbox::world::{Fault as Strike, FaultKind};
use crate::sim::dice::{Dice, Part};
use crate::sim::fault::Fault;
use crate::sim::judge::Scope;
use crate::sim::world::{Write, bot_name};
use crate::store::faults::Fault as Commit;
use std::collections::{BTreeMap, BTreeSet};

/// How long it takes until the consequences of a fault are over: pauses between attempts grow.
const AFTERMATH: Millis = Millis::from_secs(30);
/// The same for a bot whose circuit has opened: it is probed now and then.
const PROBED: Millis = Millis::from_secs(75);

/// Which faults there are, and when.
pub(super) struct Weather {
    dice: Dice,
    kinds: Vec<Fault>,
    calm_until: Timestamp,
    storm_until: Timestamp,
    /// How often each has struck.
    pub(super) struck: BTreeMap<Fault, u32>,
}

/// The end of something that went wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    /// Stalled commits go on.
    Release,
    /// A customer lets his bot write again.
    Unblock(usize),
    /// A process that was held goes on.
    ResumeHeld,
    /// The fleet is started with a new token of the master's bot.
    NewToken,
}

/// One way in which Telegram goes wrong: how, for which method, for how many seconds.
struct Wire {
    kind: FaultKind,
    method: Option<&'static str>,
    least: i64,
    most: i64,
}

impl Wire {
    const fn all(kind: FaultKind, least: i64, most: i64) -> Self {
        Self { kind, method: None, least, most }
    }

    const fn polls(kind: FaultKind, least: i64, most: i64) -> Self {
        Self { kind, method: Some("getUpdates"), least, most }
    }

    const fn sends(kind: FaultKind, least: i64, most: i64) -> Self {
        Self { kind, method: Some("sendMessage"), least, most }
    }
}

impl Weather {
    pub(super) fn new(seed: u64, faults: &BTreeSet<Fault>) -> Self {
        Self {
            dice: Dice::new(seed, Part::Weather),
            kinds: faults.iter().copied().collect(),
            calm_until: Timestamp::EPOCH,
            storm_until: Timestamp::EPOCH,
            struck: BTreeMap::new(),
        }
    }

    fn secs(&mut self, least: i64, most: i64) -> Millis {
        self.dice.span(Millis::from_secs(least), Millis::from_secs(most))
    }
}

/// Whether a fault is one bot's alone.
const fn is_local(fault: Fault) -> bool {
    match fault {
        Fault::UpdatesLost
        | Fault::UpdatesLate
        | Fault::UpdatesDoubled
        | Fault::UpdatesReordered
        | Fault::Revoked
        | Fault::Blocked
        | Fault::Conflict
        | Fault::Flood
        | Fault::ServerError
        | Fault::AnswerLost
        | Fault::Latency => true,
        Fault::StoreTransient
        | Fault::StoreDefinite
        | Fault::StoreSlow
        | Fault::StoreLostAnswer
        | Fault::StoreLate
        | Fault::StoreStall
        | Fault::StoreOutage
        | Fault::Crash
        | Fault::Restart
        | Fault::ClockJump
        | Fault::TakeOver
        | Fault::PausedLeader
        | Fault::Panic => false,
    }
}

impl Town {
    /// The weather goes on.
    pub(super) fn storm(&mut self) {
        let now = self.world.now();
        let weather = &mut self.weather;
        if now >= weather.storm_until && now >= weather.calm_until {
            let storm = weather.secs(15, 45);
            let calm = weather.secs(45, 90);
            weather.storm_until = now + storm;
            weather.calm_until = weather.storm_until + calm;
        }
        let stormy = now < weather.storm_until;
        let kinds: Vec<Fault> =
            weather.kinds.iter().copied().filter(|kind| stormy || is_local(*kind)).collect();
        let drawn = weather.dice.pick(&kinds).copied();
        let pause = if stormy { weather.secs(1, 6) } else { weather.secs(30, 60) };
        if let Some(fault) = drawn {
            *weather.struck.entry(fault).or_default() += 1;
            self.strike(fault);
        }
        self.enter(pause, Act::Weather);
    }

    fn strike(&mut self, fault: Fault) {
        tracing::debug!(%fault, at = self.world.now().ms(), "a fault strikes");
        match fault {
            Fault::StoreTransient => {
                let times = 1 + self.weather.dice.below(5);
                self.break_writes(Commit::Transient, u32::try_from(times).unwrap_or(1));
            }
            Fault::StoreDefinite => self.break_writes(Commit::Definite, 1),
            Fault::StoreLostAnswer => {
                let written = self.weather.dice.percent(50);
                let fault = if written { Commit::AnswerLost } else { Commit::NeverWritten };
                self.break_writes(fault, 1);
            }
            Fault::StoreLate => {
                let by = self.weather.dice.span(Millis::from_ms(1), Millis::from_secs(3));
                let late = [Commit::LateBy(by), Commit::JustBeforeEpoch, Commit::JustAfterEpoch];
                let late = late[self.weather.dice.below(3)];
                self.break_writes(late, 1);
            }
            Fault::StoreStall => {
                let span = self.weather.secs(2, 15);
                self.break_writes(Commit::Stall, 1);
                self.trouble(Scope::All, later(span, AFTERMATH));
                self.enter(span, Act::Deed(Deed::Release));
            }
            Fault::StoreSlow => {
                let (span, more) = (self.weather.secs(5, 20), self.weather.secs(1, 3));
                self.world.store_slow(span, more);
                self.trouble(Scope::All, later(span, AFTERMATH));
            }
            Fault::StoreOutage => {
                let span = self.weather.secs(2, 25);
                self.world.store_down(span);
                self.trouble(Scope::All, later(span, AFTERMATH));
            }
            Fault::Crash => {
                let steps = 1 + self.weather.dice.below(120);
                self.world.die_after(u64::try_from(steps).unwrap_or(1));
                self.trouble(Scope::All, AFTERMATH);
            }
            Fault::Restart => {
                let pause = self.weather.secs(1, 40);
                self.stop_and_start(pause);
            }
            Fault::ClockJump => self.jump(),
            Fault::TakeOver => self.take_over(),
            Fault::PausedLeader => {
                self.world.hold();
                let span = self.weather.secs(1, 8);
                self.trouble(Scope::All, later(span, PROBED));
                let now = self.world.now();
                self.reach(now + span);
                self.take_over();
                let span = self.weather.secs(1, 20);
                self.enter(span, Act::Deed(Deed::ResumeHeld));
            }
            Fault::Panic => self.panic(),
            Fault::Blocked => self.block(),
            Fault::Revoked => self.revoke(),
            Fault::UpdatesLost => self.telegram(&Wire::polls(FaultKind::LostAnswer, 2, 15)),
            Fault::UpdatesLate => self.telegram(&Wire::polls(FaultKind::Latency, 5, 20)),
            Fault::UpdatesDoubled => self.telegram(&Wire::all(FaultKind::Duplicate, 5, 40)),
            Fault::UpdatesReordered => self.telegram(&Wire::all(FaultKind::Reorder, 5, 40)),
            Fault::Conflict => self.telegram(&Wire::all(FaultKind::Conflict, 5, 90)),
            Fault::Flood => self.telegram(&Wire::all(FaultKind::TooMany, 1, 10)),
            Fault::ServerError => self.telegram(&Wire::all(FaultKind::Server, 2, 40)),
            Fault::AnswerLost => self.telegram(&Wire::sends(FaultKind::LostAnswer, 2, 20)),
            Fault::Latency => self.telegram(&Wire::all(FaultKind::Latency, 5, 25)),
        }
    }

    /// The next commits fail.
    fn break_writes(&mut self, fault: Commit, times: u32) {
        self.world.break_write(Write::Any, fault, times);
        self.trouble(Scope::All, AFTERMATH);
    }

    /// Telegram goes wrong for one bot.
    fn telegram(&mut self, trouble: &Wire) {
        let shop = self.weather.dice.below(self.shops.len());
        let Wire { kind, method, least, most } = *trouble;
        let span = self.weather.secs(least, most);
        self.bot_fails(shop, kind, method, span);
        let after = if kind == FaultKind::Conflict { PROBED } else { AFTERMATH };
        self.trouble(Scope::Bot(self.shops[shop].bot), later(span, after));
    }

    fn bot_fails(&mut self, shop: usize, kind: FaultKind, method: Option<&str>, span: Millis) {
        let wait = self.weather.dice.below(5);
        let fault = Strike {
            kind,
            bot: None,
            user_id: None,
            method: method.map(str::to_owned),
            until: None,
            left: None,
            retry_after_s: 1 + i64::try_from(wait).unwrap_or(0),
            latency: self.weather.secs(1, 7),
        };
        let bot = bot_name(&self.shops[shop].name);
        // A bot that is known, and fewer faults than the sandbox takes.
        let _ = self.world.beside(|sandbox| sandbox.fault(Some(&bot), Some(span), fault));
    }

    /// A token is refused for a while; the master's is sometimes replaced for good.
    fn revoke(&mut self) {
        let shop = self.weather.dice.below(self.shops.len());
        let span = self.weather.secs(3, 30);
        let bot = self.shops[shop].bot;
        self.judge.with(|court| court.restarted = true);
        self.trouble(Scope::Bot(bot), later(span, PROBED));
        if shop > 0 {
            self.bot_fails(shop, FaultKind::Unauthorized, None, span);
            return;
        }
        let name = bot_name(&self.shops[0].name);
        let Ok(token) = self.world.beside(|sandbox| sandbox.revoke_token(&name)) else { return };
        self.shops[0].token = token.clone();
        // The operator has it from BotFather at once; the next start, whatever its cause, reads it.
        if let Ok(token) = token.expose().parse() {
            self.world.config_mut().telegram.master_token = Some(token);
        }
        self.enter(span, Act::Deed(Deed::NewToken));
    }

    /// A customer has enough of his bot for a while.
    fn block(&mut self) {
        let customers: Vec<usize> = (0..self.people.len())
            .filter(|who| self.people[*who].role == Role::Customer && !self.people[*who].blocked)
            .collect();
        let Some(who) = self.weather.dice.pick(&customers).copied() else { return };
        let (key, span) = (self.key(who), self.weather.secs(5, 60));
        let bot = bot_name(&self.shops[self.people[who].shop].name);
        let blocked = self.world.beside(|sandbox| sandbox.set_blocked(&bot, key.1, true));
        if blocked.is_ok() {
            self.people[who].blocked = true;
            self.judge.with(|court| {
                court.silence.leave(key);
                court.may_repeat.insert(key);
            });
            self.trouble(Scope::Chat(key), later(span, AFTERMATH));
            self.enter(span, Act::Deed(Deed::Unblock(who)));
        }
    }

    fn panic(&mut self) {
        let shop = self.weather.dice.below(self.shops.len());
        let who = self.weather.dice.below(self.people.len());
        let (point, what) = match self.weather.dice.below(6) {
            0 => (Point::Stock, String::new()),
            1 => (Point::Ledger, String::new()),
            2 => (Point::Commit, String::new()),
            3 => (Point::Bot, self.tenant_of(shop).to_string()),
            4 => (Point::Chat, self.people[who].id.to_string()),
            _ => (Point::Saved, self.people[who].id.to_string()),
        };
        self.world.panic_at(point, &what, 1);
        self.judge.with(|court| court.restarted = true);
        self.trouble(Scope::All, AFTERMATH);
    }

    fn take_over(&mut self) {
        self.trouble(Scope::All, PROBED);
        self.judge.with(|court| court.restarted = true);
        self.crashes += 1;
        if !self.world.take_over() {
            self.world.resume_held();
        }
        self.trouble(Scope::All, PROBED);
    }

    /// The machine sleeps. What stood on the agenda stands there still.
    fn jump(&mut self) {
        let span = self.weather.dice.span(Millis::from_secs(4_000), Millis::from_hours(3));
        self.trouble(Scope::All, AFTERMATH);
        self.world.jump(span);
        self.jumped = Millis::from_ms(self.jumped.ms() + span.ms());
        let agenda = std::mem::take(&mut self.agenda);
        self.agenda = agenda.into_iter().map(|((at, id), act)| ((at + span, id), act)).collect();
        self.trouble(Scope::All, AFTERMATH);
    }

    fn stop_and_start(&mut self, pause: Millis) {
        self.trouble(Scope::All, AFTERMATH);
        self.judge.with(|court| court.restarted = true);
        self.world.stop();
        self.world.crash_for(pause);
        self.crashes += 1;
        self.trouble(Scope::All, AFTERMATH);
    }

    /// The process has died; a service manager starts it again.
    pub(super) fn start_again(&mut self) {
        self.judge.with(|court| court.restarted = true);
        self.trouble(Scope::All, AFTERMATH);
        self.world.crash();
        self.crashes += 1;
        self.trouble(Scope::All, AFTERMATH);
    }

    /// Something that went wrong ends.
    pub(super) fn deed(&mut self, deed: Deed) {
        match deed {
            Deed::Release => self.world.release(),
            Deed::ResumeHeld => self.world.resume_held(),
            Deed::NewToken => self.stop_and_start(Millis::from_secs(1)),
            Deed::Unblock(who) => {
                self.people[who].blocked = false;
                // Whoever writes to a bot that he had blocked lets it write again.
                self.say(who, "/start");
            }
        }
    }

    /// Nothing goes wrong any more, and what went wrong is over.
    pub(super) fn heal(&mut self) {
        let deeds: Vec<Deed> = std::mem::take(&mut self.agenda)
            .into_values()
            .filter_map(|act| if let Act::Deed(deed) = act { Some(deed) } else { None })
            .collect();
        self.world.heal();
        // Nothing of the sandbox is kept in a file that could refuse it.
        let _ = self.world.beside(crate::sandbox::service::Sandbox::clear_faults);
        for deed in deeds {
            self.deed(deed);
        }
        self.trouble(Scope::All, PROBED);
    }
}

/// One span after another.
const fn later(first: Millis, second: Millis) -> Millis {
    Millis::from_ms(first.ms() + second.ms())
}
