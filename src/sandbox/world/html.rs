//! Telegram's HTML: the few tags it knows, its references, and its complaints word for word.
//!
//! The reading is by bytes because the complaints count bytes; the entities count UTF-16 units
//! because the Bot API does. A bot that sends a product's name unescaped must fail here as it
//! would there, with the same sentence.

use super::records::{Entity, Rich};

/// Reads HTML; the error is what follows `can't parse entities: `.
pub(super) fn parse(html: &str) -> Result<Rich, String> {
    let mut reader =
        Reader { html, at: 0, text: String::new(), units: 0, open: vec![], entities: vec![] };
    while reader.at < html.len() {
        match reader.byte(reader.at) {
            b'<' if reader.byte(reader.at + 1) == b'/' => reader.end_tag()?,
            b'<' => reader.start_tag()?,
            _ => reader.character(),
        }
    }
    match reader.open.last() {
        Some(tag) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", tag.name)),
        None => Ok(Rich { text: reader.text, entities: reader.entities }),
    }
}

const TAGS: [&str; 16] = [
    "a",
    "b",
    "strong",
    "i",
    "em",
    "s",
    "strike",
    "del",
    "u",
    "ins",
    "tg-spoiler",
    "tg-emoji",
    "span",
    "pre",
    "code",
    "blockquote",
];

struct Reader<'a> {
    html: &'a str,
    at: usize,
    text: String,
    units: usize,
    open: Vec<Tag>,
    entities: Vec<Entity>,
}

struct Tag {
    name: String,
    argument: String,
    /// Where its content starts, in UTF-16 units and in bytes of the text.
    offset: usize,
    byte: usize,
}

impl Reader<'_> {
    /// The byte there, zero past the end.
    fn byte(&self, at: usize) -> u8 {
        self.html.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn skip_while(&mut self, accept: impl Fn(u8) -> bool) {
        while self.byte(self.at) != 0 && accept(self.byte(self.at)) {
            self.at += 1;
        }
    }

    /// One character of text, written plainly or as a reference.
    fn character(&mut self) {
        let found = reference(&self.html[self.at..])
            .or_else(|| self.html[self.at..].chars().next().map(|ch| (ch, ch.len_utf8())));
        if let Some((ch, length)) = found {
            self.text.push(ch);
            self.units += ch.len_utf16();
            self.at += length;
        }
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        self.at += 1;
        self.skip_while(|byte| !is_space(byte) && byte != b'>');
        if self.byte(self.at) == 0 {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }
        let name = self.html[begin + 1..self.at].to_ascii_lowercase();
        if !TAGS.contains(&name.as_str()) {
            return Err(format!("Unsupported start tag \"{name}\" at byte offset {begin}"));
        }
        let mut argument = String::new();
        loop {
            self.skip_while(is_space);
            if self.byte(self.at) == b'>' {
                break;
            }
            let (attribute, value) = self.attribute(&name, begin)?;
            if let Some(taken) = argument_of(&name, &attribute, value) {
                argument = taken;
            }
        }
        self.at += 1;
        if name == "span" && argument != "spoiler" {
            return Err(format!(
                "Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"
            ));
        }
        self.open.push(Tag { name, argument, offset: self.units, byte: self.text.len() });
        Ok(())
    }

    fn attribute(&mut self, tag: &str, begin: usize) -> Result<(String, String), String> {
        let start = self.at;
        self.skip_while(|byte| !is_space(byte) && byte != b'=' && byte != b'>');
        let name = self.html[start..self.at].to_owned();
        if name.is_empty() {
            return Err(format!(
                "Empty attribute name in the tag \"{tag}\" at byte offset {begin}"
            ));
        }
        self.skip_while(is_space);
        match self.byte(self.at) {
            b'=' => self.at += 1,
            0 => return Err(format!("Unclosed start tag \"{tag}\" at byte offset {begin}")),
            // `<blockquote expandable>`: an attribute may stand alone.
            _ => return Ok((name, String::new())),
        }
        self.skip_while(is_space);
        let value = match self.byte(self.at) {
            0 => return Err(format!("Unclosed start tag \"{tag}\" at byte offset {begin}")),
            quote @ (b'\'' | b'"') => self.quoted(quote),
            _ => self.bare()?,
        };
        if self.byte(self.at) == 0 {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }
        Ok((name, value))
    }

    fn quoted(&mut self, quote: u8) -> String {
        self.at += 1;
        let mut value = String::new();
        while self.byte(self.at) != 0 && self.byte(self.at) != quote {
            let rest = &self.html[self.at..];
            let found =
                reference(rest).or_else(|| rest.chars().next().map(|ch| (ch, ch.len_utf8())));
            let Some((ch, length)) = found else { break };
            value.push(ch);
            self.at += length;
        }
        if self.byte(self.at) == quote {
            self.at += 1;
        }
        value
    }

    fn bare(&mut self) -> Result<String, String> {
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-');
        let ended = self.byte(self.at);
        if !is_space(ended) && ended != b'>' {
            return Err(format!("Unexpected end of name token at byte offset {start}"));
        }
        Ok(self.html[start..self.at].to_ascii_lowercase())
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let Some(tag) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {begin}"));
        };
        self.skip_while(|byte| !is_space(byte) && byte != b'>');
        let name = self.html[begin + 2..self.at].to_ascii_lowercase();
        self.skip_while(is_space);
        if self.byte(self.at) != b'>' {
            return Err(format!("Unclosed end tag at byte offset {begin}"));
        }
        self.at += 1;
        if !name.is_empty() && name != tag.name {
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{}>\", found \"</{name}>\"",
                tag.name
            ));
        }
        if self.units > tag.offset {
            self.close(tag);
        }
        Ok(())
    }

    fn close(&mut self, tag: Tag) {
        let mut entity = Entity {
            kind: kind_of(&tag).to_owned(),
            offset: tag.offset,
            length: self.units - tag.offset,
            url: None,
            language: None,
            custom_emoji_id: None,
        };
        let same_place =
            |other: &Entity| (other.offset, other.length) == (tag.offset, self.units - tag.offset);
        match tag.name.as_str() {
            "a" => {
                let target =
                    if tag.argument.is_empty() { &self.text[tag.byte..] } else { &tag.argument };
                // A link that leads nowhere stays plain text, as in Telegram.
                match link(target) {
                    Some(url) => entity.url = Some(url),
                    None => return,
                }
            }
            "tg-emoji" => entity.custom_emoji_id = Some(tag.argument),
            "code" => entity.language = Some(tag.argument).filter(|language| !language.is_empty()),
            "pre" => {
                // `<pre><code class="language-x">` is one entity with a language.
                if let Some(inner) = self.entities.pop_if(|last| {
                    last.kind == "code" && last.language.is_some() && same_place(last)
                }) {
                    entity.language = inner.language;
                }
            }
            _ => {}
        }
        if tag.name != "code" {
            self.forget_code_languages(entity.offset);
        }
        self.entities.push(entity);
    }

    /// A language belongs to `pre` only; it was kept on `code` for the `pre` around it.
    fn forget_code_languages(&mut self, from: usize) {
        for entity in self.entities.iter_mut().rev().take_while(|entity| entity.offset >= from) {
            if entity.kind == "code" {
                entity.language = None;
            }
        }
    }
}

/// The entity a tag makes.
fn kind_of(tag: &Tag) -> &'static str {
    match tag.name.as_str() {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "a" => "text_link",
        "tg-emoji" => "custom_emoji",
        "pre" => "pre",
        "code" => "code",
        "blockquote" if tag.argument.is_empty() => "blockquote",
        "blockquote" => "expandable_blockquote",
        _ => "spoiler",
    }
}

/// What a tag takes from an attribute; other attributes are ignored.
fn argument_of(tag: &str, attribute: &str, value: String) -> Option<String> {
    match (tag, attribute) {
        ("a", "href") | ("tg-emoji", "emoji-id") => Some(value),
        ("code", "class") => value.strip_prefix("language-").map(str::to_owned),
        ("span", "class") => value.strip_prefix("tg-").map(str::to_owned),
        ("blockquote", "expandable") => Some("1".to_owned()),
        _ => None,
    }
}

/// A link Telegram accepts, as it would write it: a scheme it knows, or none and a host.
pub(super) fn link(target: &str) -> Option<String> {
    let target = target.trim();
    let url = match url::Url::parse(target) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "tg" | "ton") => url,
        // `example.com:80` reads as a scheme; like a bare host it gets Telegram's default.
        Ok(_) | Err(_) => url::Url::parse(&format!("http://{target}")).ok()?,
    };
    let plausible = matches!(url.scheme(), "tg" | "ton")
        || url.host_str().is_some_and(|host| host.contains('.') || host == "localhost");
    plausible.then(|| url.to_string())
}

/// The character a reference at the start of `text` stands for, and the reference's length.
fn reference(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    let (ch, length) = if let Some(number) = body.strip_prefix('#') {
        let (digits, radix, prefix) = match number.strip_prefix(['x', 'X']) {
            Some(hex) => (hex, 16, 2),
            None => (number, 10, 1),
        };
        let count = digits.chars().take_while(|ch| ch.is_digit(radix)).count();
        let code = u32::from_str_radix(&digits[..count], radix).ok()?;
        (char::from_u32(code).filter(|ch| *ch != '\0')?, prefix + count)
    } else {
        let count = body.chars().take_while(char::is_ascii_alphabetic).count();
        let ch = match &body[..count] {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            _ => return None,
        };
        (ch, count)
    };
    let semicolon = usize::from(body[length..].starts_with(';'));
    Some((ch, 1 + length + semicolon))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text and its entities: kind, offset, length.
    type Read<'a> = (&'a str, &'a [(&'a str, usize, usize)]);

    fn check(html: &str, expected: Result<Read<'_>, &str>) {
        let found = parse(html);
        let shown = found.as_ref().map(|rich| {
            let entities: Vec<_> =
                rich.entities.iter().map(|e| (e.kind.as_str(), e.offset, e.length)).collect();
            (rich.text.as_str(), entities)
        });
        let expected = expected.map(|(text, entities)| (text, entities.to_vec()));
        assert_eq!(shown.map_err(String::as_str), expected, "{html}");
    }

    #[test]
    fn tags_become_entities() {
        check("a <b>bold</b> c", Ok(("a bold c", &[("bold", 2, 4)])));
        check("😀<i>x</i>", Ok(("😀x", &[("italic", 2, 1)])));
        check("<b>你<U>好</U></>", Ok(("你好", &[("underline", 1, 1), ("bold", 0, 2)])));
        check("<b></b>x", Ok(("x", &[])));
        check("&lt;&amp;&gt;&quot;&#65;&#x1F600;&nbsp;&lt", Ok(("<&>\"A😀&nbsp;<", &[])));
        check("<span class=\"tg-spoiler\">s</span>", Ok(("s", &[("spoiler", 0, 1)])));
        check("<pre><code class='language-rs'>f</code></pre>", Ok(("f", &[("pre", 0, 1)])));
        check(
            "<a href=\"https://t.me/x_bot?start=1&amp;a=2\">go</a>",
            Ok(("go", &[("text_link", 0, 2)])),
        );
        check("<a href=\"nowhere\">go</a>", Ok(("go", &[])));
        check(
            "<blockquote expandable>q</blockquote>",
            Ok(("q", &[("expandable_blockquote", 0, 1)])),
        );
    }

    #[test]
    fn languages_stay_with_pre() {
        let rich = parse("<pre><code class=\"language-rs\">f</code></pre>").unwrap();
        assert_eq!(rich.entities[0].language.as_deref(), Some("rs"));
        let rich = parse("<b><code class=\"language-rs\">f</code></b>").unwrap();
        assert_eq!(rich.entities[0].language, None);
    }

    #[test]
    fn complaints_are_telegrams() {
        check("I <3 you", Err("Unsupported start tag \"3\" at byte offset 2"));
        check("<kbd>x</kbd>", Err("Unsupported start tag \"kbd\" at byte offset 0"));
        check("<b", Err("Unclosed start tag at byte offset 0"));
        check("<b>x", Err("Can't find end tag corresponding to start tag \"b\""));
        check("x</b>", Err("Unexpected end tag at byte offset 1"));
        check(
            "<b>x</i>",
            Err("Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""),
        );
        check("<b>x</b", Err("Unclosed end tag at byte offset 4"));
        check("<a href", Err("Unclosed start tag \"a\" at byte offset 0"));
        check("<a =\"x\">x</a>", Err("Empty attribute name in the tag \"a\" at byte offset 0"));
        check("<a href=x$>x</a>", Err("Unexpected end of name token at byte offset 8"));
        check("<a href=", Err("Unclosed start tag \"a\" at byte offset 0"));
        check(
            "<span>x</span>",
            Err("Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"),
        );
    }
}
