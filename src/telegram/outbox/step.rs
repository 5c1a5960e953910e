//! One call of the Bot API as the scheduler hands it out, and making it.

use crate::domain::id::ChatId;
use crate::telegram::client::{Client, DocumentFile, Text};
use crate::telegram::screen::Button;
use crate::telegram::transport::ApiError;

/// One call, without the chat it goes to: a group may move between two attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `sendMessage`.
    Message {
        /// The text.
        text: Text,
        /// Rows of buttons.
        keyboard: Vec<Vec<Button>>,
    },
    /// `editMessageText`.
    Edit {
        /// Which message.
        message: i32,
        /// The text.
        text: Text,
        /// Rows of buttons.
        keyboard: Vec<Vec<Button>>,
    },
    /// `sendDocument`.
    Document {
        /// The file.
        file: DocumentFile,
        /// The text below it.
        caption: Option<Text>,
        /// Rows of buttons.
        keyboard: Vec<Vec<Button>>,
    },
    /// `answerCallbackQuery`.
    AnswerTap {
        /// Which tap.
        query: String,
        /// What is shown.
        text: Option<String>,
        /// Whether it must be closed by hand.
        alert: bool,
    },
    /// `deleteMessage`.
    Delete {
        /// Which message.
        message: i32,
    },
}

/// What a call that succeeded has to tell: the id of the message it made or changed, if any.
pub type Made = Option<i32>;

impl Step {
    /// Makes the call.
    pub(super) async fn perform(self, client: Client, chat: ChatId) -> Result<Made, ApiError> {
        match self {
            Self::Message { text, keyboard } => {
                client.send_message(chat, text, &keyboard).await.map(Some)
            }
            Self::Edit { message, text, keyboard } => {
                client.edit_message(chat, message, text, &keyboard).await.map(|()| Some(message))
            }
            Self::Document { file, caption, keyboard } => {
                client.send_document(chat, file, caption, &keyboard).await.map(Some)
            }
            Self::AnswerTap { query, text, alert } => {
                client.answer_callback(query, text, alert).await.map(|()| None)
            }
            Self::Delete { message } => client.delete_message(chat, message).await.map(|()| None),
        }
    }

    /// The text that Telegram reads markup in, if any.
    pub(super) fn text_mut(&mut self) -> Option<&mut Text> {
        match self {
            Self::Message { text, .. } | Self::Edit { text, .. } => Some(text),
            Self::Document { caption, .. } => caption.as_mut(),
            Self::AnswerTap { .. } | Self::Delete { .. } => None,
        }
    }
}
