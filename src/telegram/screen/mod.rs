//! What a chat sees: text as HTML and a keyboard below it.
//!
//! Every screen is made here from plain data, within Telegram's limits (4096 UTF-16 units of text,
//! 100 buttons, 64 bytes of data a button), and has a way back. Lists are paged, names are cut to
//! what a phone's button shows, and everything that people wrote is escaped.

mod agents;
mod context;
mod goods;
mod note;
pub mod notices;
mod owner;
mod page;
mod paging;
mod payouts;
mod prompt;
mod purchases;
mod refusal;
mod set_aside;
mod shop;
mod upload;

pub use context::{Context, Role};
pub use note::{CreditNote, Hint, Note, Wrong};
pub use prompt::{GoodsQuestion, Question};
pub use purchases::Offer;
pub use upload::{FileTrouble, LineNumbers, UploadNote};

pub(crate) use agents::created as agent_created;
pub(crate) use note::{note, revoke};
pub(crate) use owner::preset_markup;
pub(crate) use page::{page, with_data};
pub(crate) use paging::ROWS;
pub(crate) use prompt::{prompt, terms};
pub(crate) use shop::{elsewhere, greeting, menu, say_elsewhere};

use crate::domain::id::TenantId;
use crate::telegram::callback::Tap;
use std::fmt;

/// The most UTF-16 units that a message's text may have once its tags are read.
pub const TEXT_MAX: usize = 4096;
/// The most buttons below one message.
pub const BUTTONS_MAX: usize = 100;
/// Characters of a label that a phone shows.
const LABEL_MAX: usize = 40;

/// One message.
#[derive(Clone, PartialEq, Eq)]
pub struct Screen {
    /// The text in Telegram's HTML.
    pub html: String,
    /// The buttons below it, row by row.
    pub keyboard: Vec<Vec<Button>>,
}

/// One button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Button {
    /// Tells the bot that it was tapped.
    Callback {
        /// What is on it.
        label: String,
        /// What comes back, at most 64 bytes.
        data: String,
    },
    /// Opens a page.
    Url {
        /// What is on it.
        label: String,
        /// The page.
        url: String,
    },
}

impl Screen {
    /// A text without buttons.
    pub fn new(html: impl Into<String>) -> Self {
        Self { html: html.into(), keyboard: Vec::new() }
    }

    /// The same with one more row; a row without buttons is none.
    #[must_use]
    pub fn row(mut self, buttons: impl IntoIterator<Item = Button>) -> Self {
        let row: Vec<Button> = buttons.into_iter().collect();
        if !row.is_empty() {
            self.keyboard.push(row);
        }
        self
    }

    /// The same without buttons that do not exist for this person, who may have had another role
    /// when he asked; never without a way back.
    #[must_use]
    pub(crate) fn for_person(mut self, ctx: &Context<'_>) -> Self {
        for row in &mut self.keyboard {
            row.retain(|button| match button {
                Button::Callback { data, .. } => Tap::read(data).is_some_and(|tap| ctx.may(&tap)),
                Button::Url { .. } => true,
            });
        }
        self.keyboard.retain(|row| !row.is_empty());
        if self.keyboard.is_empty() { self.row([shop::back_to_menu(ctx)]) } else { self }
    }

    /// The same with a text above it.
    #[must_use]
    pub(crate) fn below(mut self, html: &str) -> Self {
        self.html = format!("{html}\n\n{}", self.html);
        self
    }
}

impl fmt::Debug for Screen {
    /// An owner's link, names and addresses are on screens: only the size is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Screen({} bytes, {} rows)", self.html.len(), self.keyboard.len())
    }
}

/// A shop as commands name it: `master`, or the agent's id.
fn shop_word(tenant: &TenantId) -> String {
    tenant.agent().map_or_else(|| tenant.to_string(), ToString::to_string)
}

/// A label as a phone shows it: one line, cut where it is too long.
fn label(text: &str) -> String {
    if text.chars().count() <= LABEL_MAX {
        return text.to_owned();
    }
    text.chars().take(LABEL_MAX - 1).chain(['…']).collect()
}
