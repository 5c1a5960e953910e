//! The machine by tables: what happens, one word a line, and what the Supervisor does about it.

use super::*;
use crate::domain::id::AgentId;

/// Two failures within a minute are too many; pauses of 1, 2, 4 … 10 s; probes every 100 s.
const LIMITS: BotLimits = BotLimits {
    backoff_min: Millis::from_secs(1),
    backoff_max: Millis::from_secs(10),
    restarts_max: 2,
    restarts_window: Millis::from_secs(60),
    probe_every: Millis::from_secs(100),
};

fn shop(name: &str) -> TenantId {
    let agent: AgentId = name.parse().expect("a short name");
    TenantId::Agent(agent)
}

/// A fleet with one bot, told things at times.
struct Fleet {
    machine: FleetMachine,
    now: Timestamp,
    draw: u16,
}

impl Fleet {
    fn new() -> Self {
        let now = Timestamp::from_ms(1_000_000);
        let mut fleet = Self { machine: FleetMachine::new(LIMITS), now, draw: 0 };
        assert_eq!(fleet.token(1), ["start 1", "show Starting"]);
        fleet
    }

    fn token(&mut self, byte: u8) -> Vec<String> {
        let tokens = [(shop("a1"), Fingerprint::new([byte; 16]))].into();
        self.tell(&FleetMessage::Look { gone: BTreeSet::new(), tokens })
    }

    /// Tells what a word says, `after` seconds later.
    fn hear(&mut self, after: i64, word: &str) -> Vec<String> {
        self.now = self.now + Millis::from_secs(after);
        let run = self.machine.runs;
        let tenant = shop("a1");
        let ended = |end| BotNews::Ended(end);
        let news = match word {
            "runs" => BotNews::Running,
            "panics" => ended(BotEnd::Panicked),
            "fails" => ended(BotEnd::Failed("no net".to_owned())),
            "stops" => ended(BotEnd::Stopped),
            "401" => ended(BotEnd::TokenRefused),
            "409" => ended(BotEnd::Conflict),
            "retry" => return self.tell(&FleetMessage::Retry { tenant, run }),
            "resume" => return self.tell(&FleetMessage::Resume { tenant }),
            "stop" => return self.tell(&FleetMessage::Stop),
            "old panics" => {
                let (run, news) = (run - 1, ended(BotEnd::Panicked));
                return self.tell(&FleetMessage::Report { tenant, run, news, draw: 0 });
            }
            "old retry" => return self.tell(&FleetMessage::Retry { tenant, run: run - 1 }),
            "gone" => {
                let (gone, tokens) = ([tenant].into(), BTreeMap::new());
                return self.tell(&FleetMessage::Look { gone, tokens });
            }
            "new token" => return self.token(2),
            word => panic!("{word} is no word"),
        };
        let draw = self.draw;
        self.tell(&FleetMessage::Report { tenant, run, news, draw })
    }

    fn tell(&mut self, message: &FleetMessage) -> Vec<String> {
        let plan = self.machine.plan(message, self.now);
        let again: Plan = serde_json::from_str(&serde_json::to_string(&plan).expect("JSON"))
            .expect("a plan reads back");
        assert_eq!(again, plan);
        let effects = self.machine.apply(plan);
        effects.iter().map(|effect| self.word(effect)).collect()
    }

    fn word(&self, effect: &FleetEffect) -> String {
        match effect {
            FleetEffect::End { .. } => "end".to_owned(),
            FleetEffect::Start { run, .. } => format!("start {run}"),
            FleetEffect::Show { shown, .. } => format!("show {:?}", shown.state),
            FleetEffect::Hide { .. } => "hide".to_owned(),
            FleetEffect::Tell { state, .. } => format!("tell {state:?}"),
            FleetEffect::Wake { at, .. } => format!("wake {}", at.since(self.now).ms()),
        }
    }
}

#[track_caller]
fn check(script: &[(i64, &str, &[&str])]) {
    let mut fleet = Fleet::new();
    for (line, (after, word, expected)) in script.iter().enumerate() {
        assert_eq!(fleet.hear(*after, word), *expected, "line {line}: {word}");
    }
}

#[test]
fn pauses_grow_and_too_many_failures_stop_a_bot_until_it_is_probed() {
    check(&[
        (0, "runs", &["show Running"]),
        (1, "panics", &["end", "show Backoff", "wake 1000"]),
        (1, "retry", &["start 2", "show Starting"]),
        (1, "fails", &["end", "show Backoff", "wake 2000"]),
        (2, "retry", &["start 3", "show Starting"]),
        (1, "panics", &["end", "show Stopped", "tell Stopped", "wake 100000"]),
        // The probe comes when the window is over: a failure begins a new one.
        (100, "retry", &["start 4", "show Starting"]),
        (1, "panics", &["end", "show Backoff", "wake 1000"]),
        (1, "retry", &["start 5", "show Starting"]),
        (1, "panics", &["end", "show Backoff", "wake 2000"]),
        (2, "retry", &["start 6", "show Starting"]),
        // Told once, because it never ran well.
        (1, "panics", &["end", "show Stopped", "wake 100000"]),
    ]);
}

#[test]
fn a_circuit_opens_at_once_and_is_told_again_only_after_it_ran_well() {
    check(&[
        (0, "401", &["end", "show TokenRefused", "tell TokenRefused", "wake 100000"]),
        (100, "retry", &["start 2", "show Starting"]),
        (0, "runs", &["show Running"]),
        (59, "401", &["end", "show TokenRefused", "wake 100000"]),
        (100, "retry", &["start 3", "show Starting"]),
        (0, "runs", &["show Running"]),
        (61, "401", &["end", "show TokenRefused", "tell TokenRefused", "wake 100000"]),
        // Another trouble is another thing to tell; a resume makes the old one new.
        (100, "retry", &["start 4", "show Starting"]),
        (0, "409", &["end", "show Conflict", "tell Conflict", "wake 100000"]),
        (1, "resume", &["start 5", "show Starting"]),
        (0, "409", &["end", "show Conflict", "tell Conflict", "wake 100000"]),
    ]);
}

#[test]
fn news_of_another_run_and_wakes_of_a_bot_at_work_are_nothing() {
    check(&[
        (1, "panics", &["end", "show Backoff", "wake 1000"]),
        (0, "old panics", &[]),
        (0, "old retry", &[]),
        (0, "resume", &["start 2", "show Starting"]),
        (1, "retry", &[]),
        (0, "resume", &[]),
        (0, "stops", &["end"]),
    ]);
}

#[test]
fn a_new_token_is_a_new_bot_and_a_shop_that_is_gone_is_none() {
    check(&[
        (0, "401", &["end", "show TokenRefused", "tell TokenRefused", "wake 100000"]),
        (0, "new token", &["start 2", "show Starting"]),
        (0, "401", &["end", "show TokenRefused", "tell TokenRefused", "wake 100000"]),
        (0, "gone", &["end", "hide"]),
        (0, "retry", &[]),
        (0, "resume", &[]),
    ]);
}

#[test]
fn after_the_end_nothing_begins() {
    check(&[
        (0, "runs", &["show Running"]),
        (0, "stop", &["end"]),
        (0, "stops", &[]),
        (0, "new token", &[]),
        (0, "resume", &[]),
    ]);
}

#[test]
fn jitter_is_at_most_a_quarter_and_pauses_have_an_end() {
    for (draw, failures, pause) in [
        (0, 1, 1_000),
        (u16::MAX, 1, 1_250),
        (u16::MAX, 2, 2_500),
        (u16::MAX, 3, 5_000),
        (0, 5, 10_000),
        (u16::MAX, 40, 12_500),
    ] {
        let mut fleet = Fleet::new();
        fleet.machine.limits.restarts_max = 100;
        for _ in 1..failures {
            fleet.hear(0, "fails");
            fleet.hear(0, "retry");
        }
        fleet.draw = draw;
        let wake = format!("wake {pause}");
        assert_eq!(fleet.hear(0, "fails"), ["end", "show Backoff", wake.as_str()]);
    }
}
