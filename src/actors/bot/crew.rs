//! The crew: everything that works for one run of a bot, so that nothing of it outlives the run.
//!
//! A chat's worker or a delivery that went on beside the next run would do things twice. A run ends in
//! two steps: [`Crew::close`] begins nothing new and lets what is under way finish; after a deadline
//! [`Crew::dismiss`] ends the rest where it stands, which is as safe as a crash: what it was doing is
//! in the inbox, with Telegram, or recorded, and the next run takes it up.

use std::cell::Cell;
use std::rc::Rc;
use tokio::sync::Notify;

/// Everybody who works for one run. Clones are the same crew.
#[derive(Clone, Default)]
pub(super) struct Crew(Rc<State>);

#[derive(Default)]
struct State {
    at_work: Cell<usize>,
    closed: Cell<bool>,
    dismissed: Cell<bool>,
    /// Woken when a piece of work ends.
    one_less: Notify,
    /// Woken by closing and by dismissing.
    told: Notify,
}

/// Counts a piece of work for as long as its future exists, however that ends.
struct Shift(Crew);

impl Drop for Shift {
    fn drop(&mut self) {
        let state = &self.0.0;
        state.at_work.set(state.at_work.get().saturating_sub(1));
        state.one_less.notify_waiters();
    }
}

impl Crew {
    /// Starts a piece of work that the end of the run waits for.
    pub(super) fn start(&self, work: impl Future<Output = ()> + 'static) {
        if self.0.dismissed.get() {
            return;
        }
        self.0.at_work.set(self.0.at_work.get() + 1);
        let shift = Shift(self.clone());
        self.spawn(async move {
            work.await;
            drop(shift);
        });
    }

    /// Starts something that goes on for as long as the run and that nobody waits for.
    pub(super) fn keep(&self, work: impl Future<Output = ()> + 'static) {
        let crew = self.clone();
        self.spawn(async move {
            tokio::select! {
                biased;
                () = crew.closing() => {}
                () = work => {}
            }
        });
    }

    /// Nothing new is begun from now on.
    pub(super) fn close(&self) {
        self.0.closed.set(true);
        self.0.told.notify_waiters();
    }

    /// Whether nothing new is to be begun.
    pub(super) fn is_closed(&self) -> bool {
        self.0.closed.get()
    }

    /// Completes when nothing new is to be begun.
    pub(super) async fn closing(&self) {
        self.until(|state| state.closed.get(), |state| &state.told).await;
    }

    /// Completes when nobody is at work.
    pub(super) async fn idle(&self) {
        self.until(|state| state.at_work.get() == 0, |state| &state.one_less).await;
    }

    /// Ends everything where it stands.
    pub(super) fn dismiss(&self) {
        self.0.dismissed.set(true);
        self.close();
    }

    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        let crew = self.clone();
        actix_rt::spawn(async move {
            tokio::select! {
                biased;
                () = crew.until(|state| state.dismissed.get(), |state| &state.told) => {}
                () = work => {}
            }
        });
    }

    async fn until(&self, reached: impl Fn(&State) -> bool, word: impl Fn(&State) -> &Notify) {
        loop {
            let mut woken = std::pin::pin!(word(&self.0).notified());
            woken.as_mut().enable();
            if reached(&self.0) {
                return;
            }
            woken.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SharedClock, VirtualClock};
    use crate::domain::time::{Millis, Timestamp};
    use std::sync::Arc;

    /// Two workers of one and of nine seconds and one who never ends; after five seconds the rest is
    /// sent away.
    #[test]
    fn a_crew_finishes_or_is_sent_away() {
        actix_rt::System::with_tokio_rt(|| {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_time().start_paused(true).build().expect("a runtime without sockets")
        })
        .block_on(async {
            let clock: SharedClock = Arc::new(VirtualClock::starting_at(Timestamp::EPOCH));
            let (crew, done) = (Crew::default(), Rc::new(Cell::new(0)));
            for seconds in [1, 9] {
                let (clock, done) = (clock.clone(), done.clone());
                crew.start(async move {
                    clock.sleep(Millis::from_secs(seconds)).await;
                    done.set(done.get() + seconds);
                });
            }
            crew.keep(std::future::pending());
            crew.close();
            tokio::select! {
                biased;
                () = crew.idle() => panic!("one works for nine seconds"),
                () = clock.sleep(Millis::from_secs(5)) => {}
            }
            crew.dismiss();
            crew.idle().await;
            assert_eq!((done.get(), clock.now()), (1, Timestamp::from_ms(5_000)));
            crew.start(async { panic!("nobody begins after that") });
            crew.idle().await;
        });
    }
}
