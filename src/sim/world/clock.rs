//! Virtual time that goes on from one System to the next, and may jump.

use super::lock;
use crate::clock::{Clock, VirtualClock};
use crate::domain::time::{Millis, Timestamp};
use futures_util::future::BoxFuture;
use std::sync::Mutex;

/// The clock of a world. Its reading outlives the System whose timers it uses.
#[derive(Debug)]
pub struct WorldClock(Mutex<Reading>);

#[derive(Clone, Copy, Debug)]
struct Reading {
    clock: VirtualClock,
    /// How far it was set forward since this System began.
    jumped: Millis,
}

impl WorldClock {
    /// A clock that shows `origin`. Call it inside the paused runtime.
    pub(super) fn starting_at(origin: Timestamp) -> Self {
        Self(Mutex::new(Reading { clock: VirtualClock::starting_at(origin), jumped: Millis::ZERO }))
    }

    /// Goes on at `origin` by the timers of the present System.
    pub(super) fn go_on_at(&self, origin: Timestamp) {
        *lock(&self.0) = Reading { clock: VirtualClock::starting_at(origin), jumped: Millis::ZERO };
    }

    /// Is set forward, as the clock of a machine that slept: timers under way do not notice.
    pub(super) fn jump(&self, span: Millis) {
        let mut reading = lock(&self.0);
        reading.jumped = Millis::from_ms(reading.jumped.ms() + span.ms());
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        let reading = *lock(&self.0);
        reading.clock.now() + reading.jumped
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let span = at.since(self.now());
        let clock = lock(&self.0).clock;
        clock.sleep(span)
    }
}
