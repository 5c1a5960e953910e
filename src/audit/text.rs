//! What the journal's bytes themselves must and must not be (laws 10, 11 and 12).

use super::Findings;
use crate::domain::event::{BYTES_PER_COMMAND, EVENTS_PER_COMMAND};
use crate::domain::invariant::{Violation, command_id};
use crate::store::journal::JournalRecord;

/// Fewest digits of a bot's id in a token.
const BOT_DIGITS: usize = 6;
/// Fewest characters after the colon; Telegram's tokens have 35.
const TOKEN_CHARS: usize = 30;

/// Law 11: the same content has the same bytes, so the bytes must be those we would write.
pub(super) fn canonical(record: &JournalRecord, bytes: &[u8], found: &mut Vec<Violation>) {
    if serde_json::to_vec(record).ok().as_deref() != Some(bytes) {
        Findings::new(11, "journal_bytes_are_canonical", found)
            .add(format_args!("journal/{}", record.seq), "would be written in other bytes");
    }
}

/// Law 10: no text that has the shape of a bot token stands in the journal.
pub(super) fn tokens(seq: u64, bytes: &[u8], found: &mut Vec<Violation>) {
    if holds_token(bytes) {
        Findings::new(10, "no_token_is_journalled", found)
            .add(format_args!("journal/{seq}"), "holds text of the shape of a bot token");
    }
}

/// Law 12: no command makes more facts, or larger ones, than a batch can bear. `bytes` is the length
/// of the whole record: one that is small has no large command in it.
pub(super) fn sizes(record: &JournalRecord, bytes: usize, found: &mut Vec<Violation>) {
    for entry in &record.entries {
        let facts = entry.events.len();
        let large = bytes > BYTES_PER_COMMAND
            && serde_json::to_vec(&entry.events)
                .is_ok_and(|events| events.len() > BYTES_PER_COMMAND);
        if facts > EVENTS_PER_COMMAND || large {
            let says = format!("made {facts} facts, or more than {BYTES_PER_COMMAND} bytes");
            Findings::new(12, "commands_are_of_a_size", found)
                .add(command_id(&entry.command.key()), says);
        }
    }
}

/// Whether some digits, a colon and a long run of token characters stand together.
pub(super) fn holds_token(bytes: &[u8]) -> bool {
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-';
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b':').any(|(colon, _)| {
        let before = bytes[..colon].iter().rev().take_while(|b| b.is_ascii_digit()).count();
        before >= BOT_DIGITS
            && bytes[colon + 1..].iter().take_while(|b| is_token(b)).count() >= TOKEN_CHARS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_the_shape_of_a_token_is_seen() {
        let body = "a-b_C".repeat(7);
        for (text, is) in [
            (format!("my token is 123456789:{body}!"), true),
            (format!("12345:{body}"), false),
            (format!("123456789 :{body}"), false),
            ("123456789:short".to_owned(), false),
            (r#"{"at":1735689600000,"id":"u:123456789:42"}"#.to_owned(), false),
        ] {
            assert_eq!(holds_token(text.as_bytes()), is, "{text}");
        }
    }
}
