//! The scheduler's pure core: what goes out next, and when. No clock, no socket, no task.
//!
//! Lanes whose first job may go stand in `ready` by urgency and age, the others in `waiting` by the
//! moment they may. So the next call costs a logarithm however many chats there are, and a chat with
//! a thousand messages holds up nobody: it stands in `waiting` while its budget is spent.

use super::blocked::Blocked;
use super::job::{Job, Rank, Verdict};
use super::lane::{JobId, Lane, LaneKey, Place};
use super::limits::Limits;
use super::outgoing::{Full, Outgoing, Priority, Queue, SendResult};
use super::pace::Window;
use super::step::{Made, Step};
use crate::domain::id::ChatId;
use crate::domain::time::{Millis, Timestamp};
use crate::telegram::transport::ApiError;
use std::collections::{BTreeMap, BTreeSet};

/// Two chats told to wait within this span mean that the bot as a whole is too fast.
const FLOOD_OF_ALL: Millis = Millis::from_secs(1);
/// The fewest lanes worth sweeping for forgettable ones.
const SWEEP_MIN: usize = 64;

/// One bot's schedule.
pub struct Scheduler {
    limits: Limits,
    jobs: BTreeMap<JobId, Job>,
    lanes: BTreeMap<LaneKey, Lane>,
    ready: BTreeSet<(Rank, JobId, LaneKey)>,
    waiting: BTreeSet<(Timestamp, LaneKey)>,
    budget: Window,
    paused_until: Timestamp,
    last_flood: Option<(Timestamp, ChatId)>,
    floods: u64,
    flying: usize,
    blocked: Blocked,
    last_id: u64,
    sweep_at: usize,
}

/// What the driver is to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Make this call and tell its outcome.
    Send(Flight),
    /// Ask again then, or when something was pushed or done.
    Wait(Timestamp),
    /// Ask again when something was pushed or done.
    Idle,
}

/// One call to make.
#[derive(Debug, PartialEq, Eq)]
pub struct Flight {
    /// Whose outcome it will be.
    pub job: JobId,
    /// Where to.
    pub chat: ChatId,
    /// What.
    pub step: Step,
}

/// Why something is not scheduled at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// Its chat takes nothing from this bot.
    Blocked,
    /// There is no room for it now.
    Full(Full),
}

/// What an operator wants to know of a bot's outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Things that wait or are under way.
    pub queued: usize,
    /// Deliveries whose senders wait for room.
    pub parked: usize,
    /// Calls under way.
    pub in_flight: usize,
    /// How often Telegram asked to wait.
    pub floods: u64,
    /// Until when the whole bot waits, if it does.
    pub paused_until: Option<Timestamp>,
    /// Chats that are known to take nothing.
    pub blocked: usize,
}

impl Scheduler {
    /// An empty schedule.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            jobs: BTreeMap::new(),
            lanes: BTreeMap::new(),
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
            budget: Window::new(limits.bot_per_s, Millis::from_secs(1)),
            paused_until: Timestamp::EPOCH,
            last_flood: None,
            floods: 0,
            flying: 0,
            blocked: Blocked::new(limits.blocked_memory),
            last_id: 0,
            sweep_at: SWEEP_MIN,
        }
    }

    /// Whether there is room for it now.
    ///
    /// # Errors
    /// [`Full`] names the queue that is at its bound.
    pub fn room(&self, outgoing: &Outgoing) -> Result<(), Full> {
        let rank = Rank::of(outgoing);
        let share = |bound: usize| if rank.gives_way() { bound / 2 } else { bound };
        let lane = self.lanes.get(&LaneKey::new(outgoing.chat, rank));
        let queues = [
            (Queue::Chat, lane.map_or(0, |lane| lane.jobs.len()), self.limits.chat_queue),
            (Queue::Bot, self.jobs.len(), self.limits.bot_queue),
        ];
        for (queue, length, whole) in queues {
            let bound = share(whole).max(1);
            if length >= bound {
                return Err(Full { queue, bound });
            }
        }
        Ok(())
    }

    /// Takes one thing to send.
    ///
    /// # Errors
    /// [`NotTaken`] when it is not scheduled: for want of room, or because its chat is known to
    /// refuse. An answer is tried even then: who asks is there.
    pub fn push(&mut self, now: Timestamp, outgoing: Outgoing) -> Result<JobId, NotTaken> {
        let rank = Rank::of(&outgoing);
        match rank {
            Rank::Tap | Rank::Deletion | Rank::Other(Priority::Reply) => {}
            Rank::Other(Priority::Delivery | Priority::Notice | Priority::Broadcast) => {
                if self.blocked.holds(outgoing.chat) {
                    return Err(NotTaken::Blocked);
                }
            }
        }
        self.room(&outgoing).map_err(NotTaken::Full)?;
        self.sweep(now);
        self.last_id += 1;
        let id = JobId(self.last_id);
        let key = LaneKey::new(outgoing.chat, rank);
        self.jobs.insert(id, Job::new(outgoing));
        self.lane(key).jobs.insert((rank, id));
        self.settle(now, key);
        Ok(id)
    }

    /// What to do at `now`. Each [`Next::Send`] is under way until [`Scheduler::done`].
    pub fn next(&mut self, now: Timestamp) -> Next {
        while let Some(&(at, key)) = self.waiting.first()
            && at <= now
        {
            self.settle(now, key);
        }
        if self.flying >= self.limits.in_flight {
            return Next::Idle;
        }
        let Some(&(rank, id, key)) = self.ready.first() else {
            return self.waiting.first().map_or(Next::Idle, |(at, _)| Next::Wait(*at));
        };
        // What gives way leaves a quarter of the bot's budget to answers and goods.
        let free_at = self.budget.free_at(if rank.gives_way() { 3 } else { 4 });
        let gate = free_at.max(self.paused_until);
        if gate > now {
            // Something more urgent may become ready before the gate of this one opens.
            return Next::Wait(self.waiting.first().map_or(gate, |(at, _)| gate.min(*at)));
        }
        self.budget.take(now);
        self.flying += 1;
        let lane = self.lane(key);
        lane.pace.take(now);
        lane.flying = Some(id);
        self.settle(now, key);
        Next::Send(Flight { job: id, chat: key.chat, step: self.jobs[&id].step() })
    }

    /// The outcome of a call that [`Scheduler::next`] handed out; answers what is over by it, each
    /// with its result.
    pub fn done(
        &mut self,
        now: Timestamp,
        id: JobId,
        answer: Result<Made, ApiError>,
    ) -> Vec<(JobId, SendResult)> {
        let Some(job) = self.jobs.get_mut(&id) else { return Vec::new() };
        self.flying -= 1;
        let key = LaneKey::new(job.chat, job.rank);
        if answer.is_ok() {
            self.blocked.forget(key.chat);
        }
        let verdict = job.outcome(answer, &self.limits);
        self.lane(key).flying = None;
        let over = match verdict {
            Verdict::Next => Vec::new(),
            Verdict::Again(pause) => self.hold(now, key, pause),
            Verdict::Flood(pause) => {
                self.flood(now, key.chat, pause);
                self.hold(now, key, pause)
            }
            Verdict::Moved(chat) => self.move_lane(now, key, chat),
            Verdict::Over(SendResult::Blocked) => {
                self.blocked.remember(key.chat);
                self.end_lane(key, &SendResult::Blocked)
            }
            Verdict::Over(SendResult::TokenRefused) => self.end_all(),
            Verdict::Over(result) => vec![(self.end(id), result)],
        };
        self.settle(now, key);
        over
    }

    /// Somebody wrote or tapped in this chat: it takes messages again.
    pub fn heard_from(&mut self, chat: ChatId) {
        self.blocked.forget(chat);
    }

    /// Figures at `now`.
    pub fn stats(&self, now: Timestamp) -> Stats {
        Stats {
            queued: self.jobs.len(),
            parked: 0,
            in_flight: self.flying,
            floods: self.floods,
            paused_until: (self.paused_until > now).then_some(self.paused_until),
            blocked: self.blocked.len(),
        }
    }

    fn lane(&mut self, key: LaneKey) -> &mut Lane {
        self.lanes.entry(key).or_insert_with(|| Lane::new(key, &self.limits))
    }

    /// Puts a lane where it belongs.
    fn settle(&mut self, now: Timestamp, key: LaneKey) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        match lane.place {
            Place::Nowhere => {}
            Place::Ready(rank, job) => drop(self.ready.remove(&(rank, job, key))),
            Place::Waiting(at) => drop(self.waiting.remove(&(at, key))),
        }
        lane.place = lane.belongs(now);
        match lane.place {
            Place::Nowhere => {}
            Place::Ready(rank, job) => drop(self.ready.insert((rank, job, key))),
            Place::Waiting(at) => drop(self.waiting.insert((at, key))),
        }
    }

    fn hold(&mut self, now: Timestamp, key: LaneKey, pause: Millis) -> Vec<(JobId, SendResult)> {
        let lane = self.lane(key);
        lane.not_before = lane.not_before.max(now + pause);
        Vec::new()
    }

    /// A pause is the chat's own, unless another chat was told to wait a moment ago.
    fn flood(&mut self, now: Timestamp, chat: ChatId, pause: Millis) {
        self.floods += 1;
        let of_all = self
            .last_flood
            .is_some_and(|(at, other)| other != chat && now.since(at) <= FLOOD_OF_ALL);
        if of_all {
            self.paused_until = self.paused_until.max(now + pause);
        }
        self.last_flood = Some((now, chat));
    }

    /// A group became another chat: all that waits for it goes there.
    fn move_lane(
        &mut self,
        now: Timestamp,
        key: LaneKey,
        chat: ChatId,
    ) -> Vec<(JobId, SendResult)> {
        let moved = std::mem::take(&mut self.lane(key).jobs);
        for (_, id) in &moved {
            if let Some(job) = self.jobs.get_mut(id) {
                job.chat = chat;
            }
        }
        let target = LaneKey { chat, ..key };
        self.lane(target).jobs.extend(moved);
        self.settle(now, target);
        Vec::new()
    }

    /// Takes a job out; answers its id for the result.
    fn end(&mut self, id: JobId) -> JobId {
        if let Some(job) = self.jobs.remove(&id) {
            let key = LaneKey::new(job.chat, job.rank);
            self.lane(key).jobs.remove(&(job.rank, id));
        }
        id
    }

    /// Ends all that a lane holds; its call, if one was under way, has just ended.
    fn end_lane(&mut self, key: LaneKey, result: &SendResult) -> Vec<(JobId, SendResult)> {
        let jobs = std::mem::take(&mut self.lane(key).jobs);
        jobs.into_iter().map(|(_, id)| (self.end(id), result.clone())).collect()
    }

    /// The token is refused: all ends but what is under way, which will be told the same.
    fn end_all(&mut self) -> Vec<(JobId, SendResult)> {
        let flying: BTreeSet<JobId> = self.lanes.values().filter_map(|lane| lane.flying).collect();
        let ending: Vec<JobId> =
            self.jobs.keys().copied().filter(|id| !flying.contains(id)).collect();
        for place in std::mem::take(&mut self.ready) {
            self.lane(place.2).place = Place::Nowhere;
        }
        for place in std::mem::take(&mut self.waiting) {
            self.lane(place.1).place = Place::Nowhere;
        }
        ending.into_iter().map(|id| (self.end(id), SendResult::TokenRefused)).collect()
    }

    /// Forgets lanes that would be made anew as they are. Costs as much as the lanes that were made
    /// since the last time.
    fn sweep(&mut self, now: Timestamp) {
        if self.lanes.len() >= self.sweep_at {
            self.lanes.retain(|_, lane| !lane.is_forgettable(now));
            self.sweep_at = SWEEP_MIN.max(2 * self.lanes.len());
        }
    }
}

#[cfg(test)]
impl Scheduler {
    /// How many lanes are kept.
    pub(super) fn lane_count(&self) -> usize {
        self.lanes.len()
    }
}
