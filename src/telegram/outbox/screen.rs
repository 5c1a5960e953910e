//! What a chat is shown: one message's text with its buttons, as plain data.
//!
//! The same two types as those of the dialogs, so that a dialog's screen is sent as it is.

/// One message: HTML of Telegram's kind and its buttons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// The text; inserted values are already escaped.
    pub html: String,
    /// Rows of buttons below it; may be empty.
    pub keyboard: Vec<Vec<Button>>,
}

/// One button below a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Button {
    /// Comes back to the bot as a callback query.
    Callback {
        /// What the button says.
        label: String,
        /// What comes back: 1 to 64 bytes.
        data: String,
    },
    /// Opens an address.
    Url {
        /// What the button says.
        label: String,
        /// What it opens.
        url: String,
    },
}
