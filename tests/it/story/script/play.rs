//! The player: acts a scenario out in a town of its own, step by step.

use super::super::seat::Seat;
use super::super::world::{ADMIN, MASTER, World};
use super::parse::{Content, Step, script};
use futures_util::FutureExt as _;
use regex::{Captures, Regex};
use std::collections::BTreeMap;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::Path;

/// Plays a script to its end.
///
/// # Errors
/// The first line that does not do what it says, and why.
pub(super) async fn play(path: &Path) -> Result<(), String> {
    let shown = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
    let steps = script(&text).map_err(|error| format!("{shown}: {error}"))?;
    if steps.last().map(|(_, step)| step) != Some(&Step::Audit) {
        return Err(format!("{shown} does not end in `audit`"));
    }
    let mut stage = Stage::open().await;
    for (number, step) in steps {
        let acted = AssertUnwindSafe(stage.act(step.clone())).catch_unwind().await;
        acted.map_err(|panic| {
            let why = panic.downcast_ref::<String>().map_or("an assertion failed", String::as_str);
            format!("{shown}, line {number}, {step:?}: {why}")
        })?;
    }
    Ok(())
}

/// Where a scenario is.
struct Stage {
    world: World,
    /// User names of bots by alias.
    bots: BTreeMap<String, String>,
    /// Id and language of people by alias.
    people: BTreeMap<String, (i64, String)>,
    /// Every chat that somebody opened, by person and bot.
    seats: BTreeMap<(String, String), Seat>,
    /// The chat that `tap`, `expect` and the like are about.
    here: (String, String),
    /// The last thing said.
    said: String,
    /// What `{name}` stands for.
    values: BTreeMap<String, String>,
    /// Files that were sent, by name.
    files: BTreeMap<String, Vec<u8>>,
    running: bool,
}

impl Stage {
    async fn open() -> Self {
        let world = World::open_with(&[]).await;
        let admin = ("admin".to_owned(), "master".to_owned());
        Self {
            bots: [("master".to_owned(), MASTER.to_owned())].into(),
            people: [("admin".to_owned(), (ADMIN, "en".to_owned()))].into(),
            seats: [(admin.clone(), world.admin())].into(),
            world,
            here: admin,
            said: String::new(),
            values: BTreeMap::new(),
            files: BTreeMap::new(),
            running: true,
        }
    }

    async fn act(&mut self, step: Step) {
        assert!(self.running, "the audit is the last step");
        match step {
            Step::Bot { alias, username, name } => {
                let token = self.world.control.make_bot(&username, &name).await;
                self.values.insert(format!("{alias}.token"), token);
                self.bots.insert(alias, username);
            }
            Step::Person { alias, id, language } => {
                self.people.insert(alias, (id, language));
            }
            Step::Say { who, bot, text } => {
                self.turn_to(who, bot);
                if !text.is_empty() {
                    self.said = self.fill(&text);
                    let said = self.said.clone();
                    self.seat().say(&said).await;
                }
            }
            Step::Send { name, content, caption } => {
                let (bytes, caption) = (bytes(content), self.fill(&caption));
                self.seat().send(&name, &bytes, &caption).await;
                self.files.insert(name, bytes);
            }
            Step::Tap(label) => {
                let label = self.fill(&label);
                self.seat().tap(&label).await;
            }
            Step::Expect(text) => self.expect(&text).await,
            Step::Until(text) => {
                let (said, text) = (self.said.clone(), self.fill(&text));
                self.seat().ask_until(&said, &text).await;
            }
            Step::Never(text) => {
                let text = self.fill(&text);
                let said = self.seat().texts().await;
                assert!(!said.iter().any(|said| said.contains(&text)), "{text:?} was said");
            }
            Step::Deleted => self.seat().expect_deleted().await,
            Step::Receive(name) => {
                let sent = self.files.get(&name).cloned().expect("somebody sent it before");
                assert!(self.seat().receive(&name).await == sent, "{name} is not as it was sent");
            }
            Step::Advance(span) => self.world.advance(span).await,
            Step::Restart => {
                self.world.fleet.stop().await;
                self.world.fleet.start();
            }
            Step::Audit => {
                self.world.fleet.stop_and_audit().await;
                self.running = false;
            }
        }
    }

    fn turn_to(&mut self, who: String, bot: String) {
        let here = (who, bot);
        if !self.seats.contains_key(&here) {
            let (id, language) = self.people.get(&here.0).expect("a `person` line comes first");
            let username = self.bots.get(&here.1).expect("a `bot` line comes first");
            let seat = Seat::new(self.world.control.clone(), username, *id, language);
            self.seats.insert(here.clone(), seat);
        }
        self.here = here;
    }

    fn seat(&mut self) -> &mut Seat {
        self.seats.get_mut(&self.here).expect("a chat is opened before it is turned to")
    }

    /// Known names stand for their values, new ones take what is in their place.
    async fn expect(&mut self, text: &str) {
        let text = self.fill(text);
        let names: Vec<String> = holes().captures_iter(&text).map(|c| c[1].to_owned()).collect();
        let pieces: Vec<String> = holes().split(&text).map(regex::escape).collect();
        let pattern = Regex::new(&pieces.join(r"(\S+)")).expect("escaped texts and groups");
        let look = |said: &str| {
            let found = pattern.captures(said)?;
            Some((1..found.len()).map(|at| found[at].to_owned()).collect::<Vec<String>>())
        };
        let found = self.seat().expect_that(&text, look).await;
        self.values.extend(names.into_iter().zip(found));
    }

    /// The text with the value of every name that has one.
    fn fill(&self, text: &str) -> String {
        let value = |hole: &Captures<'_>| {
            self.values.get(&hole[1]).cloned().unwrap_or_else(|| hole[0].to_owned())
        };
        holes().replace_all(text, value).into_owned()
    }
}

fn holes() -> Regex {
    Regex::new(r"\{([a-z_0-9.]+)\}").expect("a constant")
}

fn bytes(content: Content) -> Vec<u8> {
    match content {
        Content::Text(text) => text.into_bytes(),
        Content::Bytes(count) => (0..count).map(|at| (at * at % 251).to_le_bytes()[0]).collect(),
    }
}
