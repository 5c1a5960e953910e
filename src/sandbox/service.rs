//! The sandbox as a service: the world behind one short lock, with time, waiting and a memory.
//!
//! A call takes the lock once or twice, never across an await. Long polls wait on a bell of their
//! own bot and on the clock's timers, so ten thousand idle ones cost no work, and all of it runs in
//! virtual time. Nothing is answered before it is written (see `state.rs`).

use super::state::{Keeper, StateError};
use super::world::{
    Change, Complaint, Event, Fault, Outcome, Poll, Post, Refusal, Rewrite, Sent, Strike, Tap,
    TapAnswer, Upload, World,
};
use crate::clock::{OffsetClock, SharedClock};
use crate::domain::time::{Millis, Timestamp};
use crate::secret::Secret;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, broadcast, oneshot, watch};

/// How long a person's app waits for the answer to a tap.
const TAP_WAIT: Millis = Millis::from_secs(10);
/// The farthest the clock jumps at once; a slip of the keyboard must not end all calendars.
const ADVANCE_MAX: Millis = Millis::from_hours(24 * 3652);
/// How many changes a slow listener may lag behind before it has to look at everything again.
const LISTENER_LAG: usize = 1024;

/// The sandbox. Clones are the same sandbox.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

/// How a sandbox is made.
#[derive(Default)]
pub struct Setup {
    /// Where it remembers; without a directory it forgets when it ends.
    pub directory: Option<PathBuf>,
    /// A clock that somebody else moves; without one, the sandbox has its own, which can be
    /// advanced.
    pub clock: Option<SharedClock>,
    /// The seed of tokens, file ids and first update ids.
    pub seed: u64,
    /// Whether the real flood limits are enforced.
    pub flood_limits: bool,
    /// Who is shown every change at the moment it happens.
    pub witness: Option<Witness>,
}

/// Shown every change, in order, under the sandbox's lock: he must not ask it anything.
pub type Witness = Arc<dyn Fn(Timestamp, &Change) + Send + Sync>;

/// An answer of the Bot API.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: Value,
}

/// The call took effect and its answer was lost, because a fault says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLost;

/// What somebody who watches is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// A chat looks different.
    Chat {
        /// The bot's user name.
        bot: String,
        /// The chat's id.
        chat_id: i64,
    },
    /// The list of bots changed.
    Bots,
    /// The clock was advanced to this time.
    Clock(Timestamp),
}

/// Why the control side failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// What was asked makes no sense.
    #[error(transparent)]
    Complaint(#[from] Complaint),
    /// The state could not be written or read.
    #[error(transparent)]
    State(#[from] StateError),
}

struct Inner {
    state: Mutex<State>,
    keeper: Keeper,
    clock: SharedClock,
    /// The clock's offset in milliseconds, when the clock is the sandbox's own.
    offset_ms: Option<watch::Sender<i64>>,
    changed: broadcast::Sender<Changed>,
    witness: Option<Witness>,
}

struct State {
    world: World,
    /// How far the clock is to be ahead of the machine's, in milliseconds.
    offset_ms: i64,
    /// One bell per bot that has polled.
    bells: BTreeMap<i64, Arc<Notify>>,
    /// The taps whose apps still wait, by query id.
    taps: BTreeMap<i64, oneshot::Sender<TapAnswer>>,
}

impl Sandbox {
    /// Opens a sandbox, with everything its directory remembers.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn open(setup: Setup) -> Result<Self, StateError> {
        let mut world = World::new(setup.seed, setup.flood_limits);
        let (keeper, offset_ms) = match &setup.directory {
            Some(directory) => Keeper::open(directory, &mut world)?,
            None => (Keeper::in_memory(), 0),
        };
        let (clock, mover) = match setup.clock {
            Some(clock) => (clock, None),
            None => {
                let (sender, receiver) = watch::channel(offset_ms);
                (Arc::new(OffsetClock::new(receiver)) as SharedClock, Some(sender))
            }
        };
        let state = State { world, offset_ms, bells: BTreeMap::new(), taps: BTreeMap::new() };
        let changed = broadcast::Sender::new(LISTENER_LAG);
        Ok(Self(Arc::new(Inner {
            state: Mutex::new(state),
            keeper,
            clock,
            offset_ms: mover,
            changed,
            witness: setup.witness,
        })))
    }

    /// One call of the Bot API.
    ///
    /// # Errors
    /// When a fault loses the answer; the call took effect then.
    pub async fn call(
        &self,
        token: &Secret,
        method: &str,
        params: &Value,
        uploads: &[Upload],
    ) -> Result<Answer, AnswerLost> {
        let strike = self.strike(token, method, params).await;
        if let Some(refusal) = strike.refusal {
            return Ok(refusal.into());
        }
        let mut outcome = self.api(|world, now| world.call(now, token, method, params, uploads));
        let answer = loop {
            match outcome {
                Outcome::Done(result) => {
                    break Answer { status: 200, body: json!({"ok": true, "result": result}) };
                }
                Outcome::Refused(refusal) => break refusal.into(),
                Outcome::Wait(poll) => outcome = self.wait(poll).await,
            }
        };
        if strike.lost { Err(AnswerLost) } else { Ok(answer) }
    }

    /// A file as a bot downloads it, by the `file_path` of `getFile`. Faults for the method `file`
    /// apply.
    ///
    /// # Errors
    /// The refusal that Telegram would give; `None` when a fault loses the answer.
    pub async fn download(&self, token: &Secret, path: &str) -> Result<Bytes, Option<Refusal>> {
        let strike = self.strike(token, "file", &Value::Null).await;
        if let Some(refusal) = strike.refusal {
            return Err(Some(refusal));
        }
        if strike.lost {
            return Err(None);
        }
        let id = self
            .with(|world, _| world.downloadable(token, path).map(str::to_owned))
            .map_err(|error| Some(internal(&error)))??;
        let bytes = self.0.keeper.bytes(&id).map_err(|error| Some(internal(&error)))?;
        bytes.ok_or_else(|| Some(Refusal::not_found()))
    }

    /// A person writes.
    ///
    /// # Errors
    /// When the message is not one, or the bot is not there.
    pub fn user_message(&self, post: Post) -> Result<Sent, ControlError> {
        Ok(self.with(|world, now| world.post(now, post))??)
    }

    /// A person edits an own message.
    ///
    /// # Errors
    /// What [`World::rewrite`] says.
    pub fn rewrite(&self, edit: &Rewrite) -> Result<(), ControlError> {
        Ok(self.with(|world, now| world.rewrite(now, edit))??)
    }

    /// A person taps a button, and waits up to ten seconds of the sandbox's clock.
    ///
    /// # Errors
    /// When there is no such message.
    pub async fn tap(&self, tap: &Tap) -> Result<TapAnswer, ControlError> {
        let (tell, told) = oneshot::channel();
        let id = self.with_state(|state, now| {
            let id = state.world.tap(now, tap)?;
            state.taps.insert(id, tell);
            Ok::<_, Complaint>(id)
        })??;
        let _forget = ForgetTap { sandbox: self, id };
        tokio::select! {
            biased;
            answer = told => Ok(answer.unwrap_or_default()),
            () = self.0.clock.sleep(TAP_WAIT) => Ok(TapAnswer::default()),
        }
    }

    /// A person taps a button and does not wait for the answer; returns the tap's id, by which a
    /// witness knows the answer.
    ///
    /// # Errors
    /// When there is no such message.
    pub fn press(&self, tap: &Tap) -> Result<i64, ControlError> {
        Ok(self.with(|world, now| world.tap(now, tap))??)
    }

    /// The messages of a chat, oldest first, deleted ones left out.
    ///
    /// # Errors
    /// When there is no such bot.
    pub fn chat(&self, bot: &str, chat_id: i64) -> Result<Vec<Value>, ControlError> {
        Ok(self.with(|world, _| world.chat(bot, chat_id))??)
    }

    /// A file's name and bytes, whoever's it is; `None` when there is no such file.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn file(&self, id: &str) -> Result<Option<(Option<String>, Bytes)>, ControlError> {
        let Some(name) = self.with(|world, _| world.file(id).map(|file| file.name.clone()))? else {
            return Ok(None);
        };
        Ok(self.0.keeper.bytes(id)?.map(|bytes| (name, bytes)))
    }

    /// Puts a fault in force; `for_span` counts from now.
    ///
    /// # Errors
    /// When there are too many, or the bot is not there.
    pub fn fault(
        &self,
        bot: Option<&str>,
        for_span: Option<Millis>,
        fault: Fault,
    ) -> Result<(), ControlError> {
        Ok(self.with(|world, now| {
            let bot = bot.map(|name| world.bot_id(name)).transpose()?;
            let until = for_span.map(|span| now + span);
            world.add_fault(now, Fault { bot, until, ..fault })
        })??)
    }

    /// Ends all faults.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn clear_faults(&self) -> Result<(), ControlError> {
        Ok(self.with(|world, _| world.clear_faults())?)
    }

    /// Switches the real flood limits.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn set_flood_limits(&self, on: bool) -> Result<(), ControlError> {
        Ok(self.with(|world, _| world.set_flood_limits(on))?)
    }

    /// A person blocks or unblocks a bot.
    ///
    /// # Errors
    /// When there is no such bot.
    pub fn set_blocked(&self, bot: &str, user_id: i64, blocked: bool) -> Result<(), ControlError> {
        Ok(self.with(|world, now| world.set_blocked(now, bot, user_id, blocked))??)
    }

    /// Makes a bot: its id, user name, name and token.
    ///
    /// # Errors
    /// When the user name is taken or not one for a bot.
    pub fn create_bot(&self, username: &str, name: &str) -> Result<Value, ControlError> {
        Ok(self.with(|world, _| world.create_bot(username, name))??)
    }

    /// Gives a bot a new token; the old one is refused from now on.
    ///
    /// # Errors
    /// When there is no such bot.
    pub fn revoke_token(&self, bot: &str) -> Result<Secret, ControlError> {
        Ok(self.with(|world, _| world.revoke_token(bot))??)
    }

    /// The bots with their tokens, by id.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn bots(&self) -> Result<Vec<Value>, ControlError> {
        Ok(self.with(|world, _| world.bots())?)
    }

    /// The clock everybody in this world lives by.
    pub fn clock(&self) -> SharedClock {
        Arc::clone(&self.0.clock)
    }

    /// Moves the clock forward and wakes every timer it passes; returns the new time.
    ///
    /// # Errors
    /// When the clock is not the sandbox's own, or the span is negative or beyond ten years.
    pub fn advance(&self, span: Millis) -> Result<Timestamp, ControlError> {
        let Some(offset_ms) = &self.0.offset_ms else {
            return Err(Complaint::bad("this sandbox's clock is moved by somebody else").into());
        };
        if span < Millis::ZERO || span > ADVANCE_MAX {
            let sentence = "advance_s must be from 0 to ten years";
            return Err(Complaint::bad(sentence).into());
        }
        // Written before anybody sees the new time: after a kill it must not go back.
        let moved = self.with_state(|state, _| {
            state.offset_ms = state.offset_ms.saturating_add(span.ms());
            self.0.keeper.queue(vec![Change::Clock(state.offset_ms)]);
            state.offset_ms
        })?;
        offset_ms.send_modify(|offset| *offset = moved.max(*offset));
        let now = self.0.clock.now();
        self.tell(Changed::Clock(now));
        Ok(now)
    }

    /// What changes from now on.
    pub fn watch(&self) -> broadcast::Receiver<Changed> {
        self.0.changed.subscribe()
    }

    /// Applies the faults that are due and lets a latency pass.
    async fn strike(&self, token: &Secret, method: &str, params: &Value) -> Strike {
        let strike = match self.with(|world, now| world.strike(now, token, method, params)) {
            Ok(strike) => strike,
            Err(error) => Strike { refusal: Some(internal(&error)), ..Strike::default() },
        };
        if strike.latency > Millis::ZERO {
            self.0.clock.sleep(strike.latency).await;
        }
        strike
    }

    /// One step of a call; a state that cannot be written is a 500.
    fn api(&self, step: impl FnOnce(&mut World, Timestamp) -> Outcome) -> Outcome {
        self.with(step).unwrap_or_else(|error| Outcome::Refused(internal(&error)))
    }

    /// Waits until the poll has reason to look again, and looks.
    async fn wait(&self, poll: Poll) -> Outcome {
        let bell = {
            let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(state.bells.entry(poll.bot).or_default())
        };
        let rung = bell.notified();
        tokio::pin!(rung);
        // Listening comes before looking: what happens between the two rings the bell.
        rung.as_mut().enable();
        match self.api(|world, now| world.resume(now, &poll)) {
            Outcome::Wait(_) => {}
            ended => return ended,
        }
        tokio::select! {
            biased;
            () = rung => {}
            () = self.0.clock.sleep_until(poll.until) => {}
        }
        self.api(|world, now| world.resume(now, &poll))
    }

    fn with<T>(&self, step: impl FnOnce(&mut World, Timestamp) -> T) -> Result<T, StateError> {
        self.with_state(|state, now| step(&mut state.world, now))
    }

    /// One step under the lock; then what it changed is written, and who waits is told.
    fn with_state<T>(
        &self,
        step: impl FnOnce(&mut State, Timestamp) -> T,
    ) -> Result<T, StateError> {
        let (result, events, answered) = {
            let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
            let now = self.0.clock.now();
            let result = step(&mut state, now);
            let changes = state.world.take_changes();
            if let Some(witness) = &self.0.witness {
                changes.iter().for_each(|change| witness(now, change));
            }
            self.0.keeper.queue(changes);
            let events = state.world.take_events();
            let answered = state.wake(&events);
            (result, events, answered)
        };
        self.0.keeper.flush()?;
        for (tap, answer) in answered {
            // The app may have gone; then nobody has to be told.
            let _ = tap.send(answer);
        }
        for event in events {
            match event {
                Event::Chat(bot, chat_id) => self.tell(Changed::Chat { bot, chat_id }),
                Event::Bots => self.tell(Changed::Bots),
                Event::Queue(_) | Event::Answered(_, _) => {}
            }
        }
        Ok(result)
    }

    fn tell(&self, changed: Changed) {
        // Nobody watching is no failure.
        let _ = self.0.changed.send(changed);
    }
}

impl State {
    /// Wakes the polls that have reason to look, and returns the apps whose taps were answered.
    /// A poll asks the keeper before it answers, so it may be woken before the change is written;
    /// an app does not.
    fn wake(&mut self, events: &[Event]) -> Vec<(oneshot::Sender<TapAnswer>, TapAnswer)> {
        let mut answered = vec![];
        for event in events {
            match event {
                Event::Queue(bot) => {
                    if let Some(bell) = self.bells.get(bot) {
                        bell.notify_waiters();
                    }
                }
                Event::Answered(query, answer) => {
                    answered.extend(self.taps.remove(query).map(|tap| (tap, answer.clone())));
                }
                Event::Chat(_, _) | Event::Bots => {}
            }
        }
        answered
    }
}

/// Takes a tap off the list when its app stops waiting for whatever reason.
struct ForgetTap<'a> {
    sandbox: &'a Sandbox,
    id: i64,
}

impl Drop for ForgetTap<'_> {
    fn drop(&mut self) {
        let mut state = self.sandbox.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.taps.remove(&self.id);
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self { status: refusal.code, body: refusal.body() }
    }
}

/// The state cannot be written: said once in the log, 500 to the caller.
fn internal(error: &StateError) -> Refusal {
    tracing::error!(%error, "the sandbox cannot remember");
    Refusal::new(500, "Internal Server Error: the sandbox cannot write its state")
}
