//! Bot tokens: one type for a valid token, one rule for text that looks like one.
//!
//! The rule is wider than the type: every [`BotToken`] is token-shaped, so nothing that could be
//! used as a token gets past [`redact`]. It looks through full-width characters and zero-width ones,
//! which are how a token survives a careless paste (DESIGN.md, law 10).

use crate::secret::Secret;
use regex::Regex;
use std::borrow::Cow;
use std::ops::Range;
use std::str::FromStr;
use std::sync::LazyLock;

/// What [`redact`] writes in a token's place.
pub const REDACTED: &str = "<token>";

/// A bot id, a colon (also as a URL writes it), and at least thirty characters.
static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9]{6,12}(?::|%3[Aa])[A-Za-z0-9_-]{30,}").expect("the pattern is a constant")
});

/// A bot token as BotFather gives it, `123456789:AA…`. `Debug` shows the bot's id only.
#[derive(Clone, PartialEq, Eq)]
pub struct BotToken {
    bot_id: i64,
    secret: Secret,
}

/// Why a text is not a bot token. Never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a bot token is the bot's number, a colon and 30 or more letters, digits, - and _")]
pub struct TokenError;

impl BotToken {
    /// The numeric id of the bot, the part before the colon.
    pub const fn bot_id(&self) -> i64 {
        self.bot_id
    }

    /// The token, for the call that sends it.
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl FromStr for BotToken {
    type Err = TokenError;

    /// Takes surrounding white space away and nothing else.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let whole = SHAPE.find(text).is_some_and(|found| found.range() == (0..text.len()));
        let (id, _) = text.split_once(':').filter(|_| whole).ok_or(TokenError)?;
        let bot_id = id.parse().map_err(|_| TokenError)?;
        Ok(Self { bot_id, secret: Secret::new(text) })
    }
}

impl std::fmt::Debug for BotToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BotToken({}:…)", self.bot_id)
    }
}

/// Whether `text` holds anything that looks like a bot token.
pub fn find_token_shaped(text: &str) -> bool {
    may_hold_one(text) && SHAPE.is_match(&fold(text).text)
}

/// `text` with everything that looks like a bot token replaced by [`REDACTED`].
pub fn redact(text: &str) -> Cow<'_, str> {
    if !may_hold_one(text) {
        return Cow::Borrowed(text);
    }
    let folded = fold(text);
    let mut clean = String::new();
    let mut kept_to = 0;
    for found in SHAPE.find_iter(&folded.text) {
        clean.push_str(&text[kept_to..folded.places[found.start()].start]);
        clean.push_str(REDACTED);
        kept_to = folded.places[found.end() - 1].end;
    }
    if kept_to == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[kept_to..]);
    Cow::Owned(clean)
}

/// A cheap look that spares most log lines the folding.
fn may_hold_one(text: &str) -> bool {
    text.len() > 36 && text.contains([':', '：', '%'])
}

/// A text with one byte for each visible character, and where in the original each stood.
struct Folded {
    text: String,
    places: Vec<Range<usize>>,
}

/// Maps full-width forms to ASCII, leaves out what cannot be seen, and stands a zero byte, which is
/// part of no token, for everything else.
fn fold(text: &str) -> Folded {
    let mut folded = Folded { text: String::with_capacity(text.len()), places: Vec::new() };
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let start = text.len() - rest.len();
        let (seen, length) = match escaped(rest) {
            Some((hidden, length)) if is_invisible(hidden) => (hidden, length),
            _ => (first, first.len_utf8()),
        };
        if !is_invisible(seen) {
            folded.text.push(to_ascii(seen));
            folded.places.push(start..start + length);
        }
        rest = &rest[length..];
    }
    folded
}

/// A character as Rust's `Debug` escapes it, `\u{200b}`, and the length of the escape: that is how
/// invisible characters reach a log line.
fn escaped(text: &str) -> Option<(char, usize)> {
    let digits = text.strip_prefix("\\u{")?;
    let end = digits.bytes().take(7).position(|byte| byte == b'}')?;
    let code = u32::from_str_radix(&digits[..end], 16).ok()?;
    Some((char::from_u32(code)?, "\\u{".len() + end + 1))
}

fn to_ascii(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or('\0'),
        c if c.is_ascii() => c,
        _ => '\0',
    }
}

/// Soft hyphen, joiners, zero-width spaces, direction marks, variation selectors.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOpp_-q";

    #[test]
    fn a_token_knows_its_bot_and_hides_the_rest() {
        let token: BotToken = format!(" {TOKEN}\n").parse().unwrap();
        assert_eq!(token.bot_id(), 123_456_789);
        assert_eq!(token.secret().expose(), TOKEN);
        assert_eq!(format!("{token:?}"), "BotToken(123456789:…)");
    }

    #[test]
    fn other_texts_are_no_token() {
        let letters = "a".repeat(30);
        for bad in [
            String::new(),
            "123456".to_owned(),
            format!("12345:{letters}"),
            format!("1234567890123:{letters}"),
            format!("123456:{}", "a".repeat(29)),
            format!("123456:{letters}!"),
            format!("123456 :{letters}"),
            format!("123456%3A{letters}"),
            format!("-123456:{letters}"),
            format!("１２３４５６:{letters}"),
        ] {
            assert_eq!(bad.parse::<BotToken>(), Err(TokenError), "{bad}");
        }
    }

    #[test]
    fn token_shaped_text_is_found_and_replaced() {
        let full_width: String = TOKEN
            .chars()
            .map(|c| char::from_u32(u32::from(c) + 0xfee0).expect("ASCII has full-width forms"))
            .collect();
        let split = TOKEN.replace("cc", "c").replace("CC", "C\u{200b}C\u{feff}");
        let in_url = format!("https://example.org/bot{TOKEN}/getMe");
        let table = [
            (format!("my token {TOKEN}, keep it"), "my token <token>, keep it"),
            (in_url.clone(), "https://example.org/bot<token>/getMe"),
            (
                in_url.replace(':', "%3A").replace("https%3A", "https:"),
                "https://example.org/bot<token>/getMe",
            ),
            (format!("看{full_width}。"), "看<token>。"),
            (format!("a {split}。"), "a <token>。"),
            (format!("{:?}", format!("x{split}")), "\"x<token>\""),
            (format!("{TOKEN} and {TOKEN}"), "<token> and <token>"),
            (format!("9999{TOKEN}"), "9<token>"),
        ];
        for (text, clean) in table {
            assert!(find_token_shaped(&text), "{text}");
            assert_eq!(redact(&text), clean);
        }
    }

    #[test]
    fn ordinary_text_stays() {
        for text in [
            "",
            "2025-01-01 00:00:00 INFO shopfleet: 12 orders at 10:30",
            "order ord_123456789 paid: TXID 4f3a2b1c4f3a2b1c4f3a2b1c4f3a2b1c4f3a2b1c",
            "价格：100 USDT，数量：123456，一共还有很多很多很多很多很多库存",
            "\\u{zz} \\u{110000} \\u{ a long line with : that only looks like an escape \\u{",
        ] {
            assert!(!find_token_shaped(text), "{text}");
            assert!(matches!(redact(text), Cow::Borrowed(same) if same == text));
        }
    }
}
