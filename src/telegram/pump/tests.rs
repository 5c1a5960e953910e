//! The pump in virtual time against a small Telegram with an update queue.

use super::*;
use crate::clock::VirtualClock;
use crate::secret::Secret;
use crate::telegram::scripted::Scripted;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// A Telegram with updates of one bot: forgets what an offset confirms, as the Bot API does.
#[derive(Clone, Default)]
struct Telegram(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    /// Updates not confirmed yet, in their order.
    updates: Vec<u64>,
    /// What the next calls answer instead, each for one call.
    failures: VecDeque<ApiError>,
    /// What every further call answers instead, if set.
    always: Option<ApiError>,
    /// Added when the queue is asked again after being emptied: ids that start again.
    later: VecDeque<u64>,
}

impl Telegram {
    fn with(updates: &[u64]) -> Self {
        let queue = Queue { updates: updates.to_vec(), ..Queue::default() };
        Self(Arc::new(Mutex::new(queue)))
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.0.lock().expect("no test panics while it holds this")
    }

    fn wire(&self, clock: &SharedClock) -> Scripted {
        let telegram = self.clone();
        let wire =
            Scripted::answering(move |call| telegram.queue().answer(call.method, &call.params));
        wire.timed(clock.clone(), Millis::from_ms(10))
    }
}

impl Queue {
    fn answer(&mut self, method: &str, params: &Value) -> Result<Value, ApiError> {
        if let Some(error) = self.failures.pop_front().or_else(|| self.always.clone()) {
            return Err(error);
        }
        if method == "deleteWebhook" {
            return Ok(json!(true));
        }
        if let Some(offset) = params["offset"].as_u64() {
            self.updates.retain(|id| *id >= offset);
        }
        if self.updates.is_empty()
            && params["offset"].is_null()
            && let Some(id) = self.later.pop_front()
        {
            self.updates.push(id);
        }
        Ok(self.updates.iter().take(100).map(|id| json!({"update_id": id})).collect())
    }
}

/// Remembers the batches it was given; safe unless told otherwise.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    batches: Vec<Vec<u64>>,
    /// How many batches are not safe at first.
    not_yet: u32,
    /// Whether a batch, once seen, is never said to be safe.
    stuck: bool,
    health: Vec<Health>,
}

impl UpdateSink for Sink {
    async fn take(&self, updates: Vec<RawUpdate>) -> Taken {
        let (stuck, taken) = {
            let mut seen = self.0.lock().expect("no test panics while it holds this");
            seen.batches.push(updates.iter().map(|update| update.id).collect());
            let taken = if seen.not_yet == 0 { Taken::Safe } else { Taken::NotYet };
            seen.not_yet = seen.not_yet.saturating_sub(1);
            (seen.stuck, taken)
        };
        if stuck {
            futures_util::future::pending::<()>().await;
        }
        taken
    }

    fn health(&self, health: Health) {
        self.0.lock().expect("no test panics while it holds this").health.push(health);
    }
}

/// One pump with what it takes to look at it.
struct Rig {
    clock: SharedClock,
    wire: Scripted,
    sink: Sink,
}

impl Rig {
    fn new(telegram: &Telegram) -> Self {
        let clock: SharedClock = Arc::new(VirtualClock::starting_at(Timestamp::EPOCH));
        Self { wire: telegram.wire(&clock), clock, sink: Sink::default() }
    }

    /// Runs a pump for so long, or until it ends by itself.
    async fn run(&self, span: Millis) -> Ended {
        let config = PumpConfig { backoff_max: Millis::from_secs(4), ..PumpConfig::default() };
        let client = Client::new(self.wire.shared(), Secret::new("1:t"));
        let pump = Pump::new(client, self.clock.clone(), config, self.sink.clone(), || 0);
        let (handle, stop) = stop_pair();
        let clock = self.clock.clone();
        let timer = tokio::spawn(async move {
            clock.sleep(span).await;
            drop(handle);
        });
        let ended = pump.run(stop).await;
        timer.abort();
        ended
    }

    fn batches(&self) -> Vec<Vec<u64>> {
        self.sink.0.lock().expect("the pump is over").batches.clone()
    }

    /// The polls: when, and with which offset.
    fn polls(&self) -> Vec<(i64, Option<u64>)> {
        let calls = self.wire.timed_calls().into_iter();
        let polls = calls.filter(|(_, call)| call.method == "getUpdates");
        polls.map(|(at, call)| (at.ms(), call.params["offset"].as_u64())).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_confirmed_after_it_was_taken() {
    let telegram = Telegram::with(&[7, 8]);
    let rig = Rig::new(&telegram);
    assert_eq!(rig.run(Millis::from_secs(30)).await, Ended::Stopped);
    assert_eq!(rig.clock.now().ms(), 30_000, "a poll under way is given up");
    assert_eq!(rig.batches(), [[7, 8]]);
    assert_eq!(rig.wire.calls()[0].method, "deleteWebhook");
    // Confirmed by the second poll; from then on there is nothing to confirm.
    assert_eq!(rig.polls(), [(10, None), (20, Some(9)), (25_020, None)]);
    assert_eq!(rig.sink.0.lock().expect("over").health, [Health::Receiving]);
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_but_not_confirmed_comes_again() {
    let telegram = Telegram::with(&[7, 8]);
    let crashed = Rig::new(&telegram);
    crashed.sink.0.lock().expect("not begun").stuck = true;
    // Ends while the sink has the batch in hand.
    crashed.run(Millis::from_secs(60)).await;
    assert_eq!((crashed.batches(), crashed.polls()), (vec![vec![7, 8]], vec![(10, None)]));
    let next = Rig::new(&telegram);
    next.run(Millis::from_secs(1)).await;
    assert_eq!(next.batches(), [[7, 8]]);
    assert_eq!(telegram.queue().updates, Vec::<u64>::new());
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_not_safe_is_fetched_again() {
    let telegram = Telegram::with(&[7, 8]);
    let rig = Rig::new(&telegram);
    rig.sink.0.lock().expect("not begun").not_yet = 2;
    rig.run(Millis::from_secs(3)).await;
    assert_eq!(rig.batches(), [[7, 8]; 3]);
    assert_eq!(rig.polls(), [(10, None), (270, None), (780, None), (790, Some(9))]);
}

#[tokio::test(start_paused = true)]
async fn ids_that_start_again_are_new_and_repeated_ones_are_not() {
    let telegram = Telegram::with(&[900, 901]);
    telegram.queue().later = [5, 6, 901].into();
    let rig = Rig::new(&telegram);
    rig.run(Millis::from_secs(300)).await;
    assert_eq!(rig.batches(), [vec![900, 901], vec![5], vec![6]]);
    let offsets: Vec<_> = rig.polls().into_iter().map(|(_, offset)| offset).collect();
    let confirmed = [902, 6, 7, 902].map(Some);
    let expected: Vec<_> = confirmed.iter().flat_map(|offset| [None, *offset]).collect();
    assert_eq!(offsets[..8], expected);
    assert!(offsets[8..].iter().all(Option::is_none), "nothing is left to confirm");
}

#[tokio::test(start_paused = true)]
async fn a_batch_with_repeats_and_in_disorder_is_taken_once_each() {
    let telegram = Telegram::with(&[8, 7, 8]);
    let rig = Rig::new(&telegram);
    rig.run(Millis::from_secs(1)).await;
    assert_eq!(rig.batches(), [[8, 7]]);
    assert_eq!(rig.polls()[1], (20, Some(9)));
}

/// Failures in their order, what every further call fails with, the moments of the polls, and how
/// and when it ends within five minutes.
async fn check_trouble(
    failures: Vec<ApiError>,
    always: Option<ApiError>,
    polls: &[i64],
    ended: (Ended, i64),
) {
    let telegram = Telegram::with(&[]);
    telegram.queue().failures = failures.into();
    telegram.queue().always = always;
    let rig = Rig::new(&telegram);
    let got = rig.run(Millis::from_secs(300)).await;
    assert_eq!((got, rig.clock.now().ms()), ended);
    let times: Vec<i64> = rig.polls().iter().map(|(at, _)| *at).take(polls.len()).collect();
    assert_eq!(times, polls);
}

#[tokio::test(start_paused = true)]
async fn failures_are_waited_out_and_refusals_end_it() {
    let stopped = (Ended::Stopped, 300_000);
    let never = |error| check_trouble(vec![], Some(error), &[], (Ended::TokenRefused, 10));
    never(ApiError::Unauthorized).await;
    // The first call is deleteWebhook, which fails in the same ways. The first poll does not wait.
    let unreachable = vec![ApiError::Unreachable, ApiError::Server(502), ApiError::AnswerLost];
    check_trouble(unreachable, None, &[1790, 2040, 27_040], stopped).await;
    let wait = vec![ApiError::RetryAfter(Millis::from_secs(9))];
    check_trouble(wait, None, &[9020], stopped).await;
    // Doubling from half of 500 ms to half of the cap of 4 s.
    let mut capped = vec![ApiError::NotFound; 7];
    capped.push(ApiError::Unauthorized);
    check_trouble(capped, None, &[], (Ended::TokenRefused, 80 + 250 + 500 + 1000 + 4 * 2000)).await;
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_one_when_it_outlasts_a_poll_and_the_grace() {
    let telegram = Telegram::with(&[]);
    telegram.queue().always = Some(ApiError::Conflict);
    let rig = Rig::new(&telegram);
    assert_eq!(rig.run(Millis::from_secs(300)).await, Ended::Conflict);
    // 25 s of a poll and 30 s of grace after the first, and the call that found it lasting.
    assert_eq!(rig.clock.now().ms(), 10 + 55_000 + 10);
    let short = vec![ApiError::Conflict; 5];
    check_trouble(short, None, &[5810], (Ended::Stopped, 300_000)).await;
}

#[tokio::test(start_paused = true)]
async fn trouble_is_told_with_the_next_attempt_and_the_end_of_it() {
    let telegram = Telegram::with(&[]);
    telegram.queue().failures = [ApiError::Server(500), ApiError::Server(500)].into();
    let rig = Rig::new(&telegram);
    rig.run(Millis::from_secs(60)).await;
    let trouble =
        |at| Health::Trouble { error: ApiError::Server(500), retry_at: Timestamp::from_ms(at) };
    let health = rig.sink.0.lock().expect("over").health.clone();
    assert_eq!(health, [trouble(260), trouble(770), Health::Receiving]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_holds_no_poll_open_makes_no_storm() {
    let clock: SharedClock = Arc::new(VirtualClock::starting_at(Timestamp::EPOCH));
    // Every answer is one update without an id, at once: nothing to confirm, nothing to take.
    let wire = Scripted::answering(|_| Ok(json!([{"message": 1}])));
    let rig = Rig { wire: wire.timed(clock.clone(), Millis::ZERO), clock, sink: Sink::default() };
    rig.run(Millis::from_ms(900)).await;
    assert_eq!(rig.batches(), Vec::<Vec<u64>>::new());
    assert_eq!(rig.polls().len(), 4);
}
