//! One lane: the jobs of one chat that go one after the other. Pure.
//!
//! A chat has three: its messages; the answers to its taps; and what is to disappear from it, which may
//! be somebody's token. The latter two neither wait for the messages nor count against the chat. In each at most one call is under way, which is what keeps the order.

use super::job::Rank;
use super::limits::Limits;
use super::pace::{Pace, Window};
use crate::domain::id::ChatId;
use crate::domain::time::{Millis, Timestamp};
use std::collections::BTreeSet;

/// One thing on its way; later ones have greater numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobId(pub(super) u64);

/// What goes on a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Track {
    /// Messages, new and edited.
    Messages,
    /// Answers to taps.
    Taps,
    /// Deletions.
    Deletions,
}

/// Which lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LaneKey {
    pub(super) chat: ChatId,
    pub(super) track: Track,
}

/// The jobs of a lane and when the first of them may go.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    /// What waits, the one under way included.
    pub(super) jobs: BTreeSet<(Rank, JobId)>,
    /// What is under way.
    pub(super) flying: Option<JobId>,
    /// Not before, whatever the budget says.
    pub(super) not_before: Timestamp,
    pub(super) pace: Pace,
    pub(super) place: Place,
}

/// Where the scheduler has the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing to do, or a call is under way.
    Nowhere,
    /// Its first job may go.
    Ready(Rank, JobId),
    /// Its first job may go then.
    Waiting(Timestamp),
}

impl LaneKey {
    pub(super) fn new(chat: ChatId, rank: Rank) -> Self {
        let track = match rank {
            Rank::Tap => Track::Taps,
            Rank::Deletion => Track::Deletions,
            Rank::Other(_) => Track::Messages,
        };
        Self { chat, track }
    }
}

impl Lane {
    pub(super) fn new(key: LaneKey, limits: &Limits) -> Self {
        let pace = if key.track != Track::Messages {
            Pace::Free
        } else if key.chat.number() < 0 {
            Pace::Group(Window::new(limits.group_per_min, Millis::from_secs(60)))
        } else {
            Pace::private(limits.chat_per_s, limits.chat_burst)
        };
        Self {
            jobs: BTreeSet::new(),
            flying: None,
            not_before: Timestamp::EPOCH,
            pace,
            place: Place::Nowhere,
        }
    }

    /// Where it belongs at `now`.
    pub(super) fn belongs(&self, now: Timestamp) -> Place {
        let Some((rank, job)) = self.jobs.first() else { return Place::Nowhere };
        if self.flying.is_some() {
            return Place::Nowhere;
        }
        let at = self.not_before.max(self.pace.free_at());
        if at <= now { Place::Ready(*rank, *job) } else { Place::Waiting(at) }
    }

    /// Whether forgetting it at `now` would change nothing.
    pub(super) fn is_forgettable(&self, now: Timestamp) -> bool {
        self.jobs.is_empty() && self.not_before <= now && self.pace.is_fresh(now)
    }
}
