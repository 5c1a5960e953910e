//! What a person did, as plain data: the pure half's only view of a Telegram update.
//!
//! Whatever a person typed may be a secret (a token, goods, an owner's code), so it is a [`Secret`]
//! until it is parsed, and nothing in here prints it (DESIGN.md, law 10).

use super::token;
use crate::domain::id::{ChatId, UserId};
use crate::secret::Secret;
use std::fmt;

/// Characters of a person's name that are kept.
const NAME_KEPT: usize = 64;

/// One update by one person.
pub struct Incoming {
    /// Telegram's id of the update.
    pub update: u64,
    /// Where.
    pub chat: ChatId,
    /// Whether the chat is the person's own with the bot.
    pub private: bool,
    /// Who.
    pub user: UserId,
    /// The person's first and last name as Telegram sends them; for a profile use
    /// [`Incoming::display_name`].
    pub name: String,
    /// The person's `@name`, without the `@`.
    pub username: Option<String>,
    /// The language of the person's Telegram.
    pub language_code: Option<String>,
    /// The message that the person sent; none for taps.
    pub message: Option<i32>,
    /// What it was.
    pub content: Content,
}

/// What a person did.
pub enum Content {
    /// Sent a text.
    Text(Secret),
    /// Sent a file.
    Document(Document),
    /// Tapped a button.
    Tap {
        /// Of which message of the bot.
        message: i32,
        /// What the client says the button holds. Anything can be in it.
        data: String,
    },
    /// Sent something else: a photo, a sticker, a contact.
    Other {
        /// The words below it.
        caption: Option<Secret>,
    },
    /// Wrote a bot token where nothing else is read: in an edit, in a channel, behind a link.
    Overheard,
    /// Blocked the bot or let it write again.
    Blocked(bool),
}

/// A file somebody sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Telegram's id of it.
    pub file_id: String,
    /// Its name; empty when Telegram gives none.
    pub file_name: String,
    /// Its size in bytes, when Telegram says.
    pub size: Option<u64>,
    /// The words below it.
    pub caption: Option<Secret>,
}

impl Content {
    /// Whether something in it looks like a bot token.
    pub fn holds_token(&self) -> bool {
        let words = |words: &Option<Secret>| {
            words.as_ref().is_some_and(|words| token::find_token_shaped(words.expose()))
        };
        match self {
            Self::Text(text) => token::find_token_shaped(text.expose()),
            Self::Document(document) => {
                words(&document.caption) || token::find_token_shaped(&document.file_name)
            }
            Self::Other { caption } => words(caption),
            Self::Overheard => true,
            Self::Tap { .. } | Self::Blocked(_) => false,
        }
    }
}

impl Incoming {
    /// The person's name for a profile: cut, and without anything that looks like a bot token.
    pub fn display_name(&self) -> String {
        token::redact(&self.name).chars().filter(|c| !c.is_control()).take(NAME_KEPT).collect()
    }
}

impl fmt::Debug for Incoming {
    /// Who and where, not what: names are personal and texts may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("update", &self.update)
            .field("chat", &self.chat)
            .field("user", &self.user)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text"),
            Self::Document(_) => f.write_str("Document"),
            Self::Tap { message, .. } => write!(f, "Tap({message})"),
            Self::Other { .. } => f.write_str("Other"),
            Self::Overheard => f.write_str("Overheard"),
            Self::Blocked(blocked) => write!(f, "Blocked({blocked})"),
        }
    }
}

impl fmt::Debug for Document {
    /// A file's name and caption are the sender's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({:?} bytes)", self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_smuggle_a_token_and_nothing_is_printed() {
        let token = format!("123456789:{}", "A".repeat(35));
        let incoming = Incoming {
            update: 1,
            chat: ChatId::new(5),
            private: true,
            user: UserId::new(5),
            name: format!("Ann {token}\n"),
            username: None,
            language_code: None,
            message: Some(3),
            content: Content::Text(Secret::new(token.as_str())),
        };
        assert_eq!(incoming.display_name(), "Ann <token>");
        assert!(!format!("{incoming:?}").contains("AAAA"));
        let tap = Content::Tap { message: 1, data: token.clone() };
        let file = Document {
            file_id: token.clone(),
            file_name: token.clone(),
            size: None,
            caption: Some(Secret::new(token)),
        };
        assert!(!format!("{tap:?}{file:?}").contains("AAAA"));
    }
}
