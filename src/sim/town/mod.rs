//! The people of a simulated world and the order in which they act.
//!
//! Everything that people do stands on one agenda, by virtual time; everything they decide is drawn
//! from one pair of dice. They act on nothing but what they see in their chats. The fleet under them
//! is real and does not know that they are not.

mod customer;
mod hostile;
mod opening;
mod owner;
mod staff;
mod weather;

use super::dice::{Dice, Part};
use super::fault::Fault;
use super::judge::{ChatKey, Court, Judge, Scope, Wait};
use super::law::Law;
use super::world::{World, bot_name};
use crate::domain::id::UserId;
use crate::domain::time::{Millis, Timestamp};
use crate::sandbox::world::{Post, Tap};
use crate::secret::Secret;
use crate::telegram::token::find_token_shaped;
pub(super) use opening::ADMINS;
use std::collections::{BTreeMap, BTreeSet};
use weather::{Deed, Weather};

/// How often somebody listens for those who wait.
const LISTEN_EVERY: Millis = Millis::from_secs(2);
/// How often every law is checked on all documents.
const LOOK_EVERY: Millis = Millis::from_secs(45);
/// What everybody together does in a second, about.
const STEPS_PER_SECOND: usize = 6;

/// What a world is to be like.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    pub(super) seed: u64,
    pub(super) customers: usize,
    pub(super) orders: u64,
    pub(super) faults: BTreeSet<Fault>,
}

/// One shop with its bot.
struct Shop {
    /// `master`, or the agent's id.
    name: String,
    bot: i64,
    token: Secret,
}

/// What somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Customer,
    Owner,
    Admin,
    Hostile,
}

/// Somebody, in the one bot that he talks to.
struct Person {
    id: UserId,
    role: Role,
    shop: usize,
    /// When he did something last.
    acted: Timestamp,
    /// Whether he has blocked the bot.
    blocked: bool,
    /// An admin's next message: goods for a product.
    upload: Option<usize>,
}

/// Something on the agenda.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Somebody does something.
    Person(usize),
    /// Something goes wrong.
    Weather,
    /// Somebody listens for those who wait.
    Listen,
    /// Every law is checked on all documents.
    Look,
    /// The end of something that went wrong.
    Deed(Deed),
}

/// A world with its people.
pub(super) struct Town {
    pub(super) world: World,
    pub(super) judge: Judge,
    scale: Scale,
    dice: Dice,
    weather: Weather,
    agenda: BTreeMap<(Timestamp, u64), Act>,
    entered: u64,
    shops: Vec<Shop>,
    people: Vec<Person>,
    /// Lines of goods, and transactions, that were made up so far.
    made_up: u64,
    /// Since when people buy.
    pub(super) opened_at: Timestamp,
    pub(super) jumped: Millis,
    pub(super) crashes: u32,
}

impl Town {
    /// A town in a world that somebody founded.
    pub(super) fn new(world: World, judge: Judge, scale: Scale) -> Self {
        let (seed, now) = (scale.seed, world.now());
        Self {
            world,
            judge,
            dice: Dice::new(seed, Part::People),
            weather: Weather::new(seed, &scale.faults),
            scale,
            agenda: BTreeMap::new(),
            entered: 0,
            shops: Vec::new(),
            people: Vec::new(),
            made_up: 0,
            opened_at: now,
            jumped: Millis::ZERO,
            crashes: 0,
        }
    }

    /// How often each fault has struck.
    pub(super) fn struck(&self) -> &BTreeMap<Fault, u32> {
        &self.weather.struck
    }

    /// People live until enough was bought or a law is broken.
    pub(super) fn live(&mut self) {
        /// Even in bad weather somebody buys now and then.
        const PER_ORDER: Millis = Millis::from_secs(5);
        const AT_LEAST: Millis = Millis::from_secs(900);
        self.begin();
        let wanted = self.scale.orders;
        let long = i64::try_from(wanted).unwrap_or(i64::MAX).saturating_mul(PER_ORDER.ms());
        let mut deadline = self.opened_at + Millis::from_ms(AT_LEAST.ms().saturating_add(long));
        let jumped = self.jumped;
        while !self.is_over() && self.judge.with(|court| court.counts.orders) < wanted {
            let Some(((at, _), act)) = self.agenda.pop_first() else { return };
            self.reach(at);
            let before = self.jumped;
            self.perform(act);
            deadline = deadline + Millis::from_ms(self.jumped.ms() - before.ms());
            if self.world.now() > deadline {
                let at = self.world.now();
                let lived = at.since(self.opened_at).ms() - (self.jumped.ms() - jumped.ms());
                self.judge.with(|court| {
                    let says = format!("{} of {wanted} orders in {lived} ms", court.counts.orders);
                    court.breach(Law::Bounded, at, says);
                });
            }
        }
    }

    /// Whether a law was broken.
    pub(super) fn is_over(&self) -> bool {
        self.judge.with(|court| !court.breaches.is_empty())
    }

    /// Everybody's first entry on the agenda.
    fn begin(&mut self) {
        for who in 0..self.people.len() {
            let pause = self.pause(who);
            self.enter(pause, Act::Person(who));
        }
        self.enter(LISTEN_EVERY, Act::Listen);
        self.enter(LOOK_EVERY, Act::Look);
        if !self.scale.faults.is_empty() {
            self.enter(Millis::from_secs(10), Act::Weather);
        }
    }

    fn enter(&mut self, after: Millis, act: Act) {
        self.entered += 1;
        self.agenda.insert((self.world.now() + after, self.entered), act);
    }

    /// How long somebody does nothing.
    fn pause(&mut self, who: usize) -> Millis {
        let crowd = i64::try_from(self.scale.customers * 1_000 / STEPS_PER_SECOND).unwrap_or(1_000);
        let mean = match self.people[who].role {
            Role::Customer => Millis::from_ms(crowd.max(1_500)),
            Role::Admin => Millis::from_ms(1_500),
            Role::Owner => Millis::from_secs(12),
            Role::Hostile => Millis::from_secs(6),
        };
        self.dice.around(mean)
    }

    /// Lets time pass until a moment; whoever dies meanwhile is started again.
    fn reach(&mut self, at: Timestamp) {
        loop {
            if self.world.is_dead() {
                self.start_again();
            }
            let now = self.world.now();
            if now >= at {
                return;
            }
            self.world.wait(at.since(now));
        }
    }

    fn perform(&mut self, act: Act) {
        match act {
            Act::Person(who) => {
                self.step(who);
                let pause = self.pause(who);
                self.enter(pause, Act::Person(who));
            }
            Act::Weather => self.storm(),
            Act::Listen => {
                let now = self.world.now();
                self.judge.with(|court| court.listen(now));
                self.enter(LISTEN_EVERY, Act::Listen);
            }
            Act::Look => {
                self.judge.with(Court::all_documents);
                self.enter(LOOK_EVERY, Act::Look);
            }
            Act::Deed(deed) => self.deed(deed),
        }
    }

    fn step(&mut self, who: usize) {
        if self.people[who].blocked || self.ask_again(who) {
            return;
        }
        match self.people[who].role {
            Role::Customer => self.customer(who),
            Role::Owner => self.owner(who),
            Role::Admin => self.admin(who),
            Role::Hostile => self.hostile(who),
        }
    }

    /// Somebody who may have been passed over in bad weather asks once more when it is over.
    fn ask_again(&mut self, who: usize) -> bool {
        let (key, now) = (self.key(who), self.world.now());
        let due = self.judge.with(|court| {
            let calm = court.silence.is_calm(key, now - LISTEN_EVERY, now);
            calm && court.silence.unsure.remove(&key)
        });
        if due {
            self.say(who, "/menu");
        }
        due
    }

    /// The chat that somebody talks in.
    fn key(&self, who: usize) -> ChatKey {
        let person = &self.people[who];
        (self.shops[person.shop].bot, person.id.number())
    }

    /// Whether somebody still waits for what he asked.
    fn waits(&self, who: usize) -> usize {
        let key = self.key(who);
        self.judge.with(|court| court.silence.waiting_in(key))
    }

    /// Whether what somebody did a moment ago shows nothing yet. Telegram takes about a message a second
    /// in one chat; who does not wait for it acts on what is no longer so.
    fn is_expecting(&self, who: usize) -> bool {
        const PATIENCE: Millis = Millis::from_secs(8);
        let (key, acted) = (self.key(who), self.people[who].acted);
        let changed = self.judge.with(|court| court.chats.get(&key).map(|view| view.changed));
        changed.unwrap_or(Timestamp::EPOCH) < acted && self.world.now().since(acted) < PATIENCE
    }

    /// Somebody writes.
    fn say(&mut self, who: usize, text: &str) {
        let (key, at) = (self.key(who), self.world.now());
        self.people[who].acted = at;
        let person = &self.people[who];
        let post = Post {
            bot: bot_name(&self.shops[person.shop].name),
            user_id: person.id.number(),
            chat_id: None,
            text: Some(text.to_owned()),
            document: None,
            from: None,
        };
        let waits = person.role != Role::Hostile;
        let holds_token = find_token_shaped(text);
        let Ok(sent) = self.world.beside(|sandbox| sandbox.user_message(post)) else { return };
        let token = holds_token.then_some(sent.message_id);
        if waits || holds_token {
            let wait = Wait { at, query: None, token };
            self.judge.with(|court| court.silence.waits(key, wait));
        }
    }

    /// Somebody taps a button, one that he sees or one that he made up.
    fn tap(&mut self, who: usize, message_id: i64, data: &str) {
        let (key, at) = (self.key(who), self.world.now());
        self.people[who].acted = at;
        let person = &self.people[who];
        let tap = Tap {
            bot: bot_name(&self.shops[person.shop].name),
            user_id: person.id.number(),
            chat_id: None,
            message_id,
            data: data.to_owned(),
        };
        let waits = person.role != Role::Hostile;
        self.judge.with(|court| {
            if let Some(body) = data.strip_prefix("1o:quo_") {
                court.taps.insert((body.to_owned(), key.1));
            }
            if data.starts_with("1r:") {
                court.may_repeat.insert(key);
            }
        });
        // A message that is gone has no button.
        let Ok(query) = self.world.beside(|sandbox| sandbox.press(&tap)) else { return };
        if waits {
            let wait = Wait { at, query: Some(query), token: None };
            self.judge.with(|court| court.silence.waits(key, wait));
        }
    }

    /// The buttons that somebody sees, the newest message's first.
    fn buttons(&self, who: usize) -> Vec<(i64, Vec<String>)> {
        let key = self.key(who);
        self.judge.with(|court| {
            let view = court.chats.get(&key);
            let owned =
                |(id, data): (i64, Vec<&str>)| (id, data.into_iter().map(str::to_owned).collect());
            view.map(|view| view.buttons().map(owned).collect()).unwrap_or_default()
        })
    }

    /// The newest message with buttons that somebody sees.
    fn newest(&self, who: usize) -> Option<(i64, Vec<String>)> {
        let key = self.key(who);
        self.judge.with(|court| {
            let (id, data) = court.chats.get(&key)?.buttons().next()?;
            Some((id, data.into_iter().map(str::to_owned).collect()))
        })
    }

    /// Taps the newest button whose data begins so; answers whether there was one.
    fn tap_newest(&mut self, who: usize, begins: &str) -> bool {
        let found = self.buttons(who).into_iter().find_map(|(id, data)| {
            data.into_iter().find(|data| data.starts_with(begins)).map(|data| (id, data))
        });
        match found {
            Some((id, data)) => {
                self.tap(who, id, &data);
                true
            }
            None => false,
        }
    }

    /// Something goes wrong from now on, and its consequences are over then.
    fn trouble(&self, scope: Scope, span: Millis) {
        let now = self.world.now();
        self.judge.with(|court| court.silence.trouble(scope, now, now + span));
    }

    /// A number that nothing else has.
    fn make_up(&mut self) -> u64 {
        self.made_up += 1;
        self.made_up
    }
}
