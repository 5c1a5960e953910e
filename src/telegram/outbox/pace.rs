//! Budgets as plain values: how often, and when next. Pure, in whole milliseconds.

use crate::domain::time::{Millis, Timestamp};
use std::collections::VecDeque;

/// At most so many in any span of this length. Exact: no two spans side by side can add up to more,
/// as two full buckets would.
#[derive(Clone, Debug)]
pub(super) struct Window {
    span: Millis,
    limit: usize,
    taken: VecDeque<Timestamp>,
}

impl Window {
    /// `limit` in any `span`; never less than one.
    pub(super) fn new(limit: u32, span: Millis) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
        Self { span, limit, taken: VecDeque::new() }
    }

    /// When the next one may go. With `share` (in quarters of the whole) for things that must leave
    /// room to more urgent ones.
    pub(super) fn free_at(&self, quarters: usize) -> Timestamp {
        let limit = (self.limit.saturating_mul(quarters) / 4).max(1);
        match self.taken.len().checked_sub(limit) {
            None => Timestamp::EPOCH,
            Some(index) => self.taken[index] + self.span,
        }
    }

    /// Takes one at `now`.
    pub(super) fn take(&mut self, now: Timestamp) {
        while self.taken.front().is_some_and(|first| *first + self.span <= now) {
            self.taken.pop_front();
        }
        self.taken.push_back(now);
    }
}

/// How often one chat may be written to.
#[derive(Clone, Debug)]
pub(super) enum Pace {
    /// No limit of its own: answers to taps, and deletions.
    Free,
    /// A private chat: one each `step` on the long run, some at once after a silence. `spent` is the
    /// moment until which the allowance is used up (the generic cell rate algorithm).
    Private { step: Millis, slack: Millis, spent: Timestamp },
    /// A group.
    Group(Window),
}

impl Pace {
    /// The pace of a private chat: `per_s` a second, `burst` at once.
    pub(super) fn private(per_s: u32, burst: u32) -> Self {
        let step = 1000 / i64::from(per_s.clamp(1, 1000));
        let slack = step * i64::from(burst.max(1) - 1);
        let (step, slack) = (Millis::from_ms(step), Millis::from_ms(slack));
        Self::Private { step, slack, spent: Timestamp::EPOCH }
    }

    /// When the next one may go; in the past when at once.
    pub(super) fn free_at(&self) -> Timestamp {
        match self {
            Self::Free => Timestamp::EPOCH,
            Self::Private { slack, spent, .. } => *spent - *slack,
            Self::Group(window) => window.free_at(4),
        }
    }

    /// Takes one at `now`.
    pub(super) fn take(&mut self, now: Timestamp) {
        match self {
            Self::Free => {}
            Self::Private { step, spent, .. } => *spent = now.max(*spent) + *step,
            Self::Group(window) => window.take(now),
        }
    }

    /// Whether forgetting it at `now` would change nothing.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        match self {
            Self::Free => true,
            Self::Private { spent, .. } => *spent <= now,
            Self::Group(window) => {
                window.taken.back().is_none_or(|last| *last + window.span <= now)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes as early as `free_at` allows, `count` times from 1,000,000 ms on.
    fn times(
        count: usize,
        free_at: impl Fn() -> Timestamp,
        mut take: impl FnMut(Timestamp),
    ) -> Vec<i64> {
        let begin = Timestamp::from_ms(1_000_000);
        let mut now = begin;
        (0..count)
            .map(|_| {
                now = now.max(free_at());
                take(now);
                now.since(begin).ms()
            })
            .collect()
    }

    #[track_caller]
    fn check(pace: Pace, expected: &[i64]) {
        let pace = std::cell::RefCell::new(pace);
        let got = times(expected.len(), || pace.borrow().free_at(), |t| pace.borrow_mut().take(t));
        assert_eq!(got, expected);
        let last = Timestamp::from_ms(1_000_000 + expected.last().copied().unwrap_or(0));
        let pace = pace.into_inner();
        assert_eq!(pace.is_fresh(last), matches!(pace, Pace::Free));
        assert!(pace.is_fresh(last + Millis::from_secs(100)));
    }

    #[test]
    fn paces() {
        check(Pace::Free, &[0, 0, 0, 0]);
        check(Pace::private(1, 1), &[0, 1000, 2000]);
        check(Pace::private(1, 3), &[0, 0, 0, 1000, 2000]);
        check(Pace::private(4, 2), &[0, 0, 250, 500]);
        let group = Pace::Group(Window::new(2, Millis::from_secs(60)));
        check(group, &[0, 0, 60_000, 60_000, 120_000]);
    }

    #[test]
    fn a_window_keeps_a_share_free() {
        let begin = Timestamp::from_ms(5_000);
        let mut window = Window::new(8, Millis::from_secs(1));
        for _ in 0..6 {
            window.take(begin);
        }
        assert_eq!(window.free_at(3), begin + Millis::from_secs(1));
        assert_eq!(window.free_at(4), Timestamp::EPOCH);
    }
}
