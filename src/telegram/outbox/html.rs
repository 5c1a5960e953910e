//! Telegram's HTML as far as sending needs it: how long a text is, how to cut it, how to strip it.
//!
//! Telegram counts UTF-16 units after it has read the markup, so tags are nothing and an entity is
//! one character. What Telegram would not take for a tag is text here too: goods that contain `<key>`
//! must survive when their markup turns out to be broken.

use std::borrow::Cow;

/// The tags that Telegram reads.
const TAGS: [&str; 16] = [
    "a",
    "b",
    "blockquote",
    "code",
    "del",
    "em",
    "i",
    "ins",
    "pre",
    "s",
    "span",
    "strike",
    "strong",
    "tg-emoji",
    "tg-spoiler",
    "u",
];

/// The length of the shown text in UTF-16 units.
pub(super) fn units(html: &str) -> usize {
    Tokens(html).map(|token| token.units()).sum()
}

/// The shown text, without any markup.
pub(super) fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    text.extend(Tokens(html).filter_map(|token| match token {
        Token::Shown { c, .. } => Some(c),
        Token::Open { .. } | Token::Close { .. } => None,
    }));
    text
}

/// Escapes a value for use inside HTML.
#[cfg(test)]
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Cuts `html` into pieces of at most `max` units: at a line's end if the piece has one, else at a
/// blank, else between two characters. Tags that are open at a cut are closed and opened again.
/// Blank pieces, which Telegram refuses, are left out, unless nothing else is there.
pub(super) fn split(html: &str, max: usize) -> Vec<String> {
    if units(html) <= max {
        return vec![html.to_owned()];
    }
    // Below two units not even one character would fit and there would be no end.
    let max = max.max(2);
    let mut pieces = Vec::new();
    let mut rest = html;
    let mut open = Vec::new();
    while !rest.is_empty() {
        let cut = take_piece(rest, &open, max);
        if !plain(&cut.piece).trim().is_empty() {
            pieces.push(cut.piece);
        }
        rest = &rest[cut.consumed..];
        open = cut.open;
    }
    if pieces.is_empty() { vec![html.to_owned()] } else { pieces }
}

/// A tag that is open: its name and how it was written.
#[derive(Clone)]
struct OpenTag<'a> {
    name: Cow<'a, str>,
    raw: &'a str,
}

/// One piece, how much of the rest it took, and what was open where it ended.
struct Cut<'a> {
    piece: String,
    consumed: usize,
    open: Vec<OpenTag<'a>>,
}

/// A place where the piece could end.
struct Mark<'a> {
    length: usize,
    consumed: usize,
    open: Vec<OpenTag<'a>>,
}

fn take_piece<'a>(rest: &'a str, before: &[OpenTag<'a>], max: usize) -> Cut<'a> {
    let mut open = before.to_vec();
    let mut piece: String = open.iter().map(|tag| tag.raw).collect();
    let (mut consumed, mut used) = (0, 0);
    let (mut line_end, mut blank) = (None, None);
    for token in Tokens(rest) {
        if used + token.units() > max {
            let here = Mark { length: piece.len(), consumed, open };
            return close(piece, line_end.or(blank).unwrap_or(here));
        }
        let before_token = piece.len();
        piece.push_str(token.raw());
        consumed += token.raw().len();
        used += token.units();
        match token {
            Token::Open { name, raw } => open.push(OpenTag { name, raw }),
            Token::Close { name, .. } => {
                if let Some(at) = open.iter().rposition(|tag| tag.name == name) {
                    open.remove(at);
                }
            }
            Token::Shown { c: '\n', .. } => {
                line_end = Some(Mark { length: before_token, consumed, open: open.clone() });
            }
            Token::Shown { c: ' ', .. } => {
                blank = Some(Mark { length: before_token, consumed, open: open.clone() });
            }
            Token::Shown { .. } => {}
        }
    }
    // The end of the text: what its writer left open is his.
    Cut { piece, consumed, open: Vec::new() }
}

fn close<'a>(mut piece: String, mark: Mark<'a>) -> Cut<'a> {
    piece.truncate(mark.length);
    for tag in mark.open.iter().rev() {
        piece.push_str("</");
        piece.push_str(&tag.name);
        piece.push('>');
    }
    Cut { piece, consumed: mark.consumed, open: mark.open }
}

/// One step through a text.
enum Token<'a> {
    /// A tag that opens something.
    Open { name: Cow<'a, str>, raw: &'a str },
    /// A tag that closes something.
    Close { name: Cow<'a, str>, raw: &'a str },
    /// One shown character, written bare or as an entity.
    Shown { c: char, raw: &'a str },
}

impl<'a> Token<'a> {
    fn raw(&self) -> &'a str {
        match self {
            Self::Open { raw, .. } | Self::Close { raw, .. } | Self::Shown { raw, .. } => raw,
        }
    }

    fn units(&self) -> usize {
        match self {
            Self::Open { .. } | Self::Close { .. } => 0,
            Self::Shown { c, .. } => c.len_utf16(),
        }
    }
}

/// The steps through a text.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let c = self.0.chars().next()?;
        let special = match c {
            '<' => tag(self.0),
            '&' => entity(self.0),
            _ => None,
        };
        let token = special.unwrap_or_else(|| Token::Shown { c, raw: &self.0[..c.len_utf8()] });
        self.0 = &self.0[token.raw().len()..];
        Some(token)
    }
}

/// The tag at the beginning of `text`, if Telegram would read one there.
fn tag(text: &str) -> Option<Token<'_>> {
    let closing = text.starts_with("</");
    let inner = &text[if closing { 2 } else { 1 }..];
    let name_end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '-')?;
    let name = match &inner[..name_end] {
        lower if !lower.bytes().any(|b| b.is_ascii_uppercase()) => Cow::Borrowed(lower),
        mixed => Cow::Owned(mixed.to_ascii_lowercase()),
    };
    if TAGS.binary_search(&name.as_ref()).is_err() {
        return None;
    }
    let mut quote = None;
    let end = inner[name_end..].find(|c: char| match quote {
        Some(open) => {
            if c == open {
                quote = None;
            }
            false
        }
        None => {
            if matches!(c, '"' | '\'') {
                quote = Some(c);
            }
            c == '>'
        }
    })?;
    let raw = &text[..text.len() - inner.len() + name_end + end + 1];
    Some(if closing { Token::Close { name, raw } } else { Token::Open { name, raw } })
}

/// The entity at the beginning of `text`, if Telegram would read one there.
fn entity(text: &str) -> Option<Token<'_>> {
    /// The longest that makes sense, `&#x10FFFF;`, in bytes.
    const LONGEST: usize = 10;
    let end = text.bytes().take(LONGEST).position(|b| b == b';')?;
    let c = match &text[1..end] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        name => {
            let digits = name.strip_prefix('#')?;
            let number = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(number).filter(|c| *c != '\0')?
        }
    };
    Some(Token::Shown { c, raw: &text[..=end] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn length_and_plain_text() {
        for (html, text) in [
            ("", ""),
            ("<b>a</b> &lt;i&gt;", "a <i>"),
            ("<B class='x>y'>a</B>", "a"),
            ("<a href=\"https://x/?a>b\">link</a>", "link"),
            ("&amp;amp; &quot; &#65;&#x1F600; &nbsp; &", "&amp; \" A😀 &nbsp; &"),
            ("<key> <b unclosed", "<key> <b unclosed"),
            ("a < b && c > d <", "a < b && c > d <"),
            ("<tg-spoiler>x</tg-spoiler><bold>", "x<bold>"),
            ("&#0;&#xD800;&#99999999999;", "&#0;&#xD800;&#99999999999;"),
            ("&é;", "&é;"),
        ] {
            assert_eq!(plain(html), text, "{html}");
            assert_eq!(units(html), text.encode_utf16().count(), "{html}");
            assert_eq!(plain(&escape(text)), text, "escaped");
        }
    }

    #[test]
    fn texts_are_cut_at_lines_blanks_or_anywhere() {
        for (html, max, pieces) in [
            ("short", 5, &["short"] as &[&str]),
            ("one\ntwo\nthree", 8, &["one\ntwo", "three"]),
            ("one two three", 8, &["one two", "three"]),
            ("a b\nccccc", 6, &["a b", "ccccc"]),
            ("aaaaaa", 4, &["aaaa", "aa"]),
            ("<b>one\ntwo</b>", 4, &["<b>one</b>", "<b>two</b>"]),
            (
                "<pre><code class=\"x\">aa\nbb</code></pre>",
                3,
                &[
                    "<pre><code class=\"x\">aa</code></pre>",
                    "<pre><code class=\"x\">bb</code></pre>",
                ],
            ),
            ("a&lt;&gt;&amp;b", 3, &["a&lt;&gt;", "&amp;b"]),
            ("😀😀😀", 3, &["😀", "😀", "😀"]),
            ("a\n\n\n\n\nb", 2, &["a", "b"]),
            ("   ", 2, &["   "]),
            ("ab</i>cd", 3, &["ab</i>c", "d"]),
        ] {
            assert_eq!(split(html, max), pieces, "{html} at {max}");
        }
    }

    proptest! {
        #[test]
        fn no_cut_breaks_or_loses_anything(
            parts in prop::collection::vec("(<b>|</b>|<i>|</i>|&lt;|&amp;|<key>|\n| |[a-c]{1,5}|😀)", 0..60),
            max in 2_usize..20,
        ) {
            let html: String = parts.concat();
            let pieces = split(&html, max);
            let ink = |text: &str| text.split_whitespace().collect::<String>();
            let joined: String = pieces.iter().map(|piece| plain(piece)).collect();
            prop_assert_eq!(ink(&joined), ink(&plain(&html)));
            if pieces.len() > 1 {
                for piece in &pieces {
                    prop_assert!(units(piece) <= max, "{piece:?} is longer than {max}");
                }
            }
        }
    }
}
