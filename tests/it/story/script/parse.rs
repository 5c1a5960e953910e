//! The language of the scenarios: one step a line. Pure; docs/scenarios.md describes it.

use shopfleet::domain::time::Millis;

/// One step of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `bot olivia olivias_keys_bot Olivia's Keys`
    Bot { alias: String, username: String, name: String },
    /// `person anna 3001 zh-hans`
    Person { alias: String, id: i64, language: String },
    /// `anna@olivia> text`; without a text, only turns to that chat.
    Say { who: String, bot: String, text: String },
    /// `send "keys.txt" "KEY-1\nKEY-2" "caption"`; the caption may be left out.
    Send { name: String, content: Content, caption: String },
    /// `tap "Confirm"`
    Tap(String),
    /// `expect "Order: {order}"`
    Expect(String),
    /// `until "Available: 22"`: says the last thing again until the answer holds it.
    Until(String),
    /// `never "base price"`: no message of this chat holds it.
    Never(String),
    /// `deleted`: the last thing said is gone.
    Deleted,
    /// `receive "map.bin"`: the file arrives as it was sent.
    Receive(String),
    /// `advance 48h`
    Advance(Millis),
    /// `restart`: the fleet is stopped and started.
    Restart,
    /// `audit`: the fleet is stopped and no law is broken.
    Audit,
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A text.
    Text(String),
    /// So many bytes that are no text.
    Bytes(u32),
}

/// The steps of a script, each with its line's number.
///
/// # Errors
/// The first line that is none, with its number.
pub(super) fn script(text: &str) -> Result<Vec<(usize, Step)>, String> {
    let lines = (1..).zip(text.lines().map(str::trim));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| match step(line) {
            Some(step) => Ok((number, step)),
            None => Err(format!("line {number} is no step: {line}")),
        })
        .collect()
}

fn step(line: &str) -> Option<Step> {
    if let Some(said) = say(line) {
        return Some(said);
    }
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    match verb {
        "bot" => {
            let (alias, rest) = rest.split_once(' ')?;
            let (username, name) = rest.trim().split_once(' ')?;
            let [alias, username, name] = [alias, username, name.trim()].map(str::to_owned);
            Some(Step::Bot { alias, username, name })
        }
        "person" => {
            let words: Vec<&str> = rest.split_whitespace().collect();
            let [alias, id, language] = words[..] else { return None };
            let (alias, language) = (alias.to_owned(), language.to_owned());
            Some(Step::Person { alias, id: id.parse().ok()?, language })
        }
        "send" => send(rest),
        "tap" => only(rest).map(Step::Tap),
        "expect" => only(rest).map(Step::Expect),
        "until" => only(rest).map(Step::Until),
        "never" => only(rest).map(Step::Never),
        "receive" => only(rest).map(Step::Receive),
        "advance" => span(rest).map(Step::Advance),
        "deleted" if rest.is_empty() => Some(Step::Deleted),
        "restart" if rest.is_empty() => Some(Step::Restart),
        "audit" if rest.is_empty() => Some(Step::Audit),
        _ => None,
    }
}

/// `who@bot> text`; without a bot it is the master's.
fn say(line: &str) -> Option<Step> {
    let (head, text) = line.split_once('>')?;
    let (who, bot) = head.split_once('@').unwrap_or((head, "master"));
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    if !is_name(who) || !is_name(bot) {
        return None;
    }
    let text = text.trim().replace("\\n", "\n");
    Some(Step::Say { who: who.to_owned(), bot: bot.to_owned(), text })
}

fn send(rest: &str) -> Option<Step> {
    let (name, rest) = quoted(rest)?;
    let (content, rest) = match quoted(rest) {
        Some((text, rest)) => (Content::Text(text), rest),
        None => {
            let (count, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            (Content::Bytes(count.parse().ok()?), rest)
        }
    };
    let caption = if rest.is_empty() { String::new() } else { only(rest)? };
    Some(Step::Send { name, content, caption })
}

/// One quoted text and nothing else.
fn only(text: &str) -> Option<String> {
    quoted(text).and_then(|(text, rest)| rest.is_empty().then_some(text))
}

/// The quoted text at the start, with `\n` and `\"` read, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut read = String::new();
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match (escaped, c) {
            (false, '"') => return Some((read, inside[at + 1..].trim())),
            (false, '\\') => escaped = true,
            (false, c) => read.push(c),
            (true, 'n') => {
                read.push('\n');
                escaped = false;
            }
            (true, c) => {
                read.push(c);
                escaped = false;
            }
        }
    }
    None
}

fn span(text: &str) -> Option<Millis> {
    let unit = text.chars().last()?;
    let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
    match unit {
        's' => Some(Millis::from_secs(count)),
        'm' => Some(Millis::from_secs(count * 60)),
        'h' => Some(Millis::from_hours(count)),
        _ => None,
    }
}

#[test]
fn every_kind_of_line_is_read() {
    let own = str::to_owned;
    let (who, bot) = (own("anna"), own("shop_1"));
    for (line, expected) in [
        ("anna@shop_1> /start", Step::Say { who, bot, text: own("/start") }),
        (
            "admin> /stock_add prd_1\\nA > B",
            Step::Say {
                who: own("admin"),
                bot: own("master"),
                text: own("/stock_add prd_1\nA > B"),
            },
        ),
        ("admin>", Step::Say { who: own("admin"), bot: own("master"), text: String::new() }),
        (
            "bot shop shop_bot Olivia's Keys",
            Step::Bot { alias: own("shop"), username: own("shop_bot"), name: own("Olivia's Keys") },
        ),
        ("person bo 7 zh-hans", Step::Person { alias: own("bo"), id: 7, language: own("zh-hans") }),
        ("tap \"Confirm\"", Step::Tap(own("Confirm"))),
        ("expect \"a \\\"b\\\"\\nc > d\"", Step::Expect(own("a \"b\"\nc > d"))),
        ("until \"22\"", Step::Until(own("22"))),
        ("never \"base\"", Step::Never(own("base"))),
        (
            "send \"a.txt\" \"A\\nB\" \"for prd_1\"",
            Step::Send {
                name: own("a.txt"),
                content: Content::Text(own("A\nB")),
                caption: own("for prd_1"),
            },
        ),
        (
            "send \"a.bin\" 4096",
            Step::Send {
                name: own("a.bin"),
                content: Content::Bytes(4096),
                caption: String::new(),
            },
        ),
        ("receive \"a.bin\"", Step::Receive(own("a.bin"))),
        ("advance 48h", Step::Advance(Millis::from_hours(48))),
        ("advance 90m", Step::Advance(Millis::from_secs(5400))),
        ("deleted", Step::Deleted),
        ("restart", Step::Restart),
        ("audit", Step::Audit),
    ] {
        assert_eq!(script(&format!("# why\n\n  {line}")), Ok(vec![(3, expected)]), "{line}");
    }
}

#[test]
fn what_is_no_step_is_named_by_its_line() {
    for line in [
        "tap Confirm",
        "tap \"Confirm",
        "tap \"Confirm\" twice",
        "expect",
        "advance soon",
        "advance 48",
        "advance 2d",
        "bot shop",
        "person bo seven en",
        "send \"a.txt\"",
        "audit it",
        "an na> hello",
        "wait 5",
    ] {
        let expected = Err(format!("line 2 is no step: {line}"));
        assert_eq!(script(&format!("audit\n{line}\naudit")), expected);
    }
}
