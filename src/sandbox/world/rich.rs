//! A text on its way into a message: parse mode, trimming, and what Telegram finds by itself.

use super::answer::Refusal;
use super::html;
use super::params::Params;
use super::records::{Entity, Rich};
use regex::Regex;
use std::cmp::Reverse;
use std::sync::LazyLock;

/// The longest text of a message, in UTF-16 units after parsing.
pub(super) const TEXT_MAX: usize = 4096;
/// The longest caption, in UTF-16 units after parsing.
pub(super) const CAPTION_MAX: usize = 1024;

/// Links, commands, mentions: what a client makes tappable without being told.
static FOUND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        // Plain URL characters only: Chinese texts put a full stop right behind a link.
        r"(?P<url>(?:https?://|t\.me/)[A-Za-z0-9_\-.~:/?#@!$&'()*+,;=%]+)",
        r"|(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)",
        r"|(?P<mention>@[A-Za-z0-9_]{3,32})",
    ))
    .expect("the pattern is a constant")
});

/// Reads a text and its entities as a bot sends them.
pub(super) fn read(params: Params<'_>, text: &str, entities: &str) -> Result<Rich, Refusal> {
    let raw = clean(&params.text(text).unwrap_or_default());
    let mode = params.text("parse_mode").unwrap_or_default().to_ascii_lowercase();
    let rich = match mode.as_str() {
        "html" => html::parse(&raw)
            .map_err(|reason| Refusal::bad(format!("can't parse entities: {reason}")))?,
        "" => Rich { text: raw, entities: explicit(params, entities)? },
        _ => return Err(Refusal::bad("unsupported parse_mode")),
    };
    Ok(finish(rich))
}

/// A text as a person types it: no markup, but commands and links are found.
pub(super) fn typed(text: &str) -> Rich {
    finish(Rich { text: clean(text), entities: vec![] })
}

/// The length Telegram counts.
pub(super) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Telegram drops carriage returns and makes other control characters spaces.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|ch| *ch != '\r')
        .map(|ch| if ch < ' ' && ch != '\n' { ' ' } else { ch })
        .collect()
}

fn explicit(params: Params<'_>, key: &str) -> Result<Vec<Entity>, Refusal> {
    let Some(list) = params.json(key, "entities")? else { return Ok(vec![]) };
    serde_json::from_value(list).map_err(|_| Refusal::bad("can't parse entities JSON object"))
}

fn finish(rich: Rich) -> Rich {
    let mut rich = trim(rich);
    drop_inside_code(&mut rich.entities);
    let found: Vec<Entity> = find(&rich.text)
        .into_iter()
        .filter(|found| !rich.entities.iter().any(|old| covers(old) && overlap(old, found)))
        .collect();
    rich.entities.extend(found);
    rich.entities.sort_by_key(|e| (e.offset, Reverse(e.length), priority(&e.kind)));
    rich
}

/// Cuts blanks at both ends, in front only up to the first entity, and fits the entities.
fn trim(rich: Rich) -> Rich {
    let first = rich.entities.iter().map(|entity| entity.offset).min().unwrap_or(usize::MAX);
    let (mut cut, mut cut_bytes) = (0, 0);
    for ch in rich.text.chars() {
        if !ch.is_whitespace() || cut >= first {
            break;
        }
        cut += ch.len_utf16();
        cut_bytes += ch.len_utf8();
    }
    let text = rich.text[cut_bytes..].trim_end().to_owned();
    let length = units(&text);
    let entities = rich
        .entities
        .into_iter()
        .filter_map(|mut entity| {
            let end = entity.offset.saturating_add(entity.length).checked_sub(cut)?.min(length);
            entity.offset = entity.offset.saturating_sub(cut);
            entity.length = end.checked_sub(entity.offset).filter(|length| *length > 0)?;
            Some(entity)
        })
        .collect();
    Rich { text, entities }
}

/// Code is shown as it is: nothing inside it stands out.
fn drop_inside_code(entities: &mut Vec<Entity>) {
    let code: Vec<(usize, usize)> = entities
        .iter()
        .filter(|entity| matches!(entity.kind.as_str(), "pre" | "code"))
        .map(|entity| (entity.offset, entity.length))
        .collect();
    entities.retain(|entity| {
        let is_code = matches!(entity.kind.as_str(), "pre" | "code");
        let inside = code.iter().any(|&(offset, length)| {
            offset <= entity.offset && entity.offset + entity.length <= offset + length
        });
        is_code || !inside
    });
}

/// Whether Telegram looks for nothing under this entity.
fn covers(entity: &Entity) -> bool {
    matches!(entity.kind.as_str(), "pre" | "code" | "text_link" | "url")
}

fn overlap(a: &Entity, b: &Entity) -> bool {
    a.offset < b.offset + b.length && b.offset < a.offset + a.length
}

fn find(text: &str) -> Vec<Entity> {
    // A match must not continue a word: "3/4" holds no command, "a@b" no mention.
    let in_word = |ch: char| ch.is_alphanumeric() || ch == '_';
    FOUND
        .captures_iter(text)
        .filter_map(|captures| {
            let (kind, found) = ["url", "bot_command", "mention"]
                .into_iter()
                .find_map(|kind| captures.name(kind).map(|found| (kind, found)))?;
            let before = text[..found.start()].chars().next_back();
            let after = text[found.end()..].chars().next();
            let joined = before.is_some_and(|ch| in_word(ch) || ch == '/' || ch == '@')
                || (kind != "url" && after.is_some_and(|ch| in_word(ch) || ch == '/'));
            let shown = match kind {
                "url" => found.as_str().trim_end_matches(['.', ',', ':', ';', '!', '?', ')', '"']),
                _ => found.as_str(),
            };
            (!joined).then(|| Entity {
                kind: kind.to_owned(),
                offset: units(&text[..found.start()]),
                length: units(shown),
                url: None,
                language: None,
                custom_emoji_id: None,
            })
        })
        .collect()
}

/// The order of entities that cover the same stretch.
fn priority(kind: &str) -> u8 {
    match kind {
        "blockquote" | "expandable_blockquote" => 0,
        "pre" => 10,
        "code" => 20,
        "text_link" => 49,
        "bold" => 90,
        "italic" => 91,
        "underline" => 92,
        "strikethrough" => 93,
        "spoiler" => 94,
        _ => 50,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(params: &serde_json::Value, text: &str, entities: &[(&str, usize, usize)]) {
        let rich = read(Params(params), "text", "entities").expect("a good text");
        let found: Vec<_> =
            rich.entities.iter().map(|e| (e.kind.as_str(), e.offset, e.length)).collect();
        assert_eq!((rich.text.as_str(), found.as_slice()), (text, entities), "{params}");
    }

    #[test]
    fn texts_are_trimmed_and_searched() {
        check(&json!({"text": "  a\r\n\tb \n"}), "a\n b", &[]);
        check(&json!({"text": " <b> x </b> ", "parse_mode": "HTML"}), " x", &[("bold", 0, 2)]);
        check(
            &json!({"text": "😀 /start@x_bot 3/4"}),
            "😀 /start@x_bot 3/4",
            &[("bot_command", 3, 12)],
        );
        check(
            &json!({"text": "see https://t.me/x_bot?start=1, @anna a@b.c"}),
            "see https://t.me/x_bot?start=1, @anna a@b.c",
            &[("url", 4, 26), ("mention", 32, 5)],
        );
        check(
            &json!({"text": "https://a.b/c？x=1，谢谢"}),
            "https://a.b/c？x=1，谢谢",
            &[("url", 0, 13)],
        );
        check(
            &json!({"text": "<code>/x <b>y</b></code>", "parse_mode": "html"}),
            "/x y",
            &[("code", 0, 4)],
        );
        check(
            &json!({"text": "ab", "entities": "[{\"type\":\"bold\",\"offset\":1,\"length\":9}]"}),
            "ab",
            &[("bold", 1, 1)],
        );
        check(
            &json!({"text": "<i><b>x</b></i>", "parse_mode": "HTML"}),
            "x",
            &[("bold", 0, 1), ("italic", 0, 1)],
        );
    }

    #[test]
    fn bad_markup_is_refused() {
        for (params, description) in [
            (
                json!({"text": "<x>", "parse_mode": "HTML"}),
                "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 0",
            ),
            (json!({"text": "x", "parse_mode": "rtf"}), "Bad Request: unsupported parse_mode"),
            (
                json!({"text": "x", "entities": "[{}]"}),
                "Bad Request: can't parse entities JSON object",
            ),
        ] {
            let refused = read(Params(&params), "text", "entities").err().expect("a refusal");
            assert_eq!(refused.description, description);
        }
    }
}
