//! The typed client: the methods of the Bot API that shopfleet uses, over the Transport port.
//!
//! Parameters are teloxide's payloads, answers its types. `teloxide::Bot` itself is not used: its
//! `Debug` prints the token, its URL join loses the path prefix of `telegram.api_url`, and it opens
//! sockets on whichever thread calls it. What is sent is answered by a message id only: an answer
//! whose `Message` a newer Bot API has changed beyond teloxide's reading is still an answer, and
//! must not look like a lost one.

use super::screen::Button;
use super::transport::{ApiCall, ApiError, SharedTransport, Upload};
use crate::domain::id::ChatId;
use crate::domain::time::Millis;
use crate::secret::Secret;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use teloxide::payloads::{
    AnswerCallbackQuery, DeleteMessage, DeleteWebhook, EditMessageText, GetFile, GetMe, GetUpdates,
    SendDocument, SendMessage, SetMyCommands,
};
use teloxide::types::{
    AllowedUpdate, BotCommand, CallbackQueryId, File, FileId, InlineKeyboardButton,
    InlineKeyboardMarkup, InputFile, LinkPreviewOptions, Me, MessageId, ParseMode, Recipient,
    ReplyMarkup,
};

/// How long an ordinary call may take.
const CALL_TIMEOUT: Millis = Millis::from_secs(30);
/// How long a call with a file may take: 50 MB over a slow line.
const UPLOAD_TIMEOUT: Millis = Millis::from_secs(120);

/// One bot's client. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    transport: SharedTransport,
    token: Secret,
}

/// A message's text as it goes out.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    /// The text itself; may hold goods, so it is not printed.
    pub body: String,
    /// How Telegram shall read it.
    pub format: Format,
}

/// How Telegram shall read a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Telegram's HTML.
    Html,
    /// As it stands.
    Plain,
}

/// A document to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentFile {
    /// A new file.
    Upload {
        /// The name the receiver sees.
        name: String,
        /// The content.
        content: Content,
    },
    /// A file that Telegram has, by the id this bot knows it by.
    Id(String),
}

/// A file's content. May be goods: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Content(pub Bytes);

/// One ask for updates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// Confirms every update below it; `None` confirms nothing and asks from the oldest on.
    pub offset: Option<u64>,
    /// How long Telegram may wait for an update; whole seconds count.
    pub timeout: Millis,
    /// What the wire is given beyond `timeout`.
    pub margin: Millis,
    /// Updates at most, 1 to 100.
    pub limit: u8,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(…)")
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({:?}, {} bytes)", self.format, self.body.len())
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.0.len())
    }
}

/// Every method answers with the [`ApiError`] of its one call.
#[expect(clippy::missing_errors_doc, reason = "said once for all methods, above")]
impl Client {
    /// A client of the bot with this token.
    pub fn new(transport: SharedTransport, token: Secret) -> Self {
        Self { transport, token }
    }

    /// Who the bot is; the way to check a token.
    pub async fn get_me(&self) -> Result<Me, ApiError> {
        read(self.call("getMe", &GetMe::new(), CALL_TIMEOUT).await?)
    }

    /// Ends a webhook that was set before, keeping the updates that wait.
    pub async fn delete_webhook(&self) -> Result<(), ApiError> {
        self.call("deleteWebhook", &DeleteWebhook::new(), CALL_TIMEOUT).await.map(drop)
    }

    /// The next updates, unread, of the kinds a shop handles: messages, taps, and who blocked it; edits
    /// and posts of channels only because a token may be in them.
    pub async fn get_updates(&self, poll: Poll) -> Result<Vec<Value>, ApiError> {
        let mut payload = GetUpdates::new();
        payload.timeout = Some(u32::try_from(poll.timeout.ms() / 1000).unwrap_or(0));
        payload.limit = Some(poll.limit);
        payload.allowed_updates = Some(vec![
            AllowedUpdate::Message,
            AllowedUpdate::EditedMessage,
            AllowedUpdate::ChannelPost,
            AllowedUpdate::EditedChannelPost,
            AllowedUpdate::CallbackQuery,
            AllowedUpdate::MyChatMember,
        ]);
        let mut params = encode(&payload)?;
        if let Some(offset) = poll.offset {
            // Beside the payload, which takes 32 bits where the Bot API names no width.
            params["offset"] = Value::from(offset);
        }
        let timeout = Millis::from_ms(poll.timeout.ms().saturating_add(poll.margin.ms()));
        read(self.dispatch("getUpdates", params, None, timeout).await?)
    }

    /// Sends a message; answers its id.
    pub async fn send_message(
        &self,
        chat: ChatId,
        text: Text,
        keyboard: &[Vec<Button>],
    ) -> Result<i32, ApiError> {
        let mut payload = SendMessage::new(recipient(chat), text.body);
        payload.parse_mode = parse_mode(text.format);
        payload.link_preview_options = Some(no_preview());
        payload.reply_markup = markup(keyboard)?.map(ReplyMarkup::InlineKeyboard);
        message_id(&self.call("sendMessage", &payload, CALL_TIMEOUT).await?)
    }

    /// Replaces a message's text and buttons.
    pub async fn edit_message(
        &self,
        chat: ChatId,
        message: i32,
        text: Text,
        keyboard: &[Vec<Button>],
    ) -> Result<(), ApiError> {
        let mut payload = EditMessageText::new(recipient(chat), MessageId(message), text.body);
        payload.parse_mode = parse_mode(text.format);
        payload.link_preview_options = Some(no_preview());
        payload.reply_markup = markup(keyboard)?;
        self.call("editMessageText", &payload, CALL_TIMEOUT).await.map(drop)
    }

    /// Deletes a message.
    pub async fn delete_message(&self, chat: ChatId, message: i32) -> Result<(), ApiError> {
        let payload = DeleteMessage::new(recipient(chat), MessageId(message));
        self.call("deleteMessage", &payload, CALL_TIMEOUT).await.map(drop)
    }

    /// Answers a tap, with a short text if there is one, as a pop-up when `alert`.
    pub async fn answer_callback(
        &self,
        query: String,
        text: Option<String>,
        alert: bool,
    ) -> Result<(), ApiError> {
        let mut payload = AnswerCallbackQuery::new(CallbackQueryId(query));
        payload.text = text;
        payload.show_alert = alert.then_some(true);
        self.call("answerCallbackQuery", &payload, CALL_TIMEOUT).await.map(drop)
    }

    /// Sends a document; answers the message's id.
    pub async fn send_document(
        &self,
        chat: ChatId,
        file: DocumentFile,
        caption: Option<Text>,
        keyboard: &[Vec<Button>],
    ) -> Result<i32, ApiError> {
        let (id, upload) = match file {
            DocumentFile::Id(id) => (id, None),
            DocumentFile::Upload { name, content } => {
                let part = Upload { field: "document", file_name: name, bytes: content.0 };
                (String::new(), Some(part))
            }
        };
        let mut payload = SendDocument::new(recipient(chat), InputFile::file_id(FileId(id)));
        if let Some(caption) = caption {
            payload.parse_mode = parse_mode(caption.format);
            payload.caption = Some(caption.body);
        }
        payload.reply_markup = markup(keyboard)?.map(ReplyMarkup::InlineKeyboard);
        let mut params = encode(&payload)?;
        let timeout = if upload.is_some() { UPLOAD_TIMEOUT } else { CALL_TIMEOUT };
        if let (Some(upload), Some(fields)) = (&upload, params.as_object_mut()) {
            // The part of the form stands for it.
            fields.remove(upload.field);
        }
        message_id(&self.dispatch("sendDocument", params, upload, timeout).await?)
    }

    /// Where a file that somebody sent can be fetched from, and how large it is.
    pub async fn get_file(&self, file_id: String) -> Result<File, ApiError> {
        read(self.call("getFile", &GetFile::new(FileId(file_id)), CALL_TIMEOUT).await?)
    }

    /// Fetches a file that somebody sent; [`ApiError::TooLarge`] above `max` bytes.
    pub async fn download(&self, file_id: String, max: usize) -> Result<Bytes, ApiError> {
        let file = match self.get_file(file_id).await {
            Ok(file) => file,
            // Telegram's own limit, told in words only.
            Err(ApiError::BadRequest(text)) if text.contains("file is too big") => {
                return Err(ApiError::TooLarge);
            }
            Err(error) => return Err(error),
        };
        // teloxide's value for a size that Telegram did not tell.
        let told = (file.size != u32::MAX).then(|| usize::try_from(file.size).ok()).flatten();
        if told.is_some_and(|size| size > max) {
            return Err(ApiError::TooLarge);
        }
        let content = self.transport.download(self.token.clone(), file.path).await?;
        if content.len() > max { Err(ApiError::TooLarge) } else { Ok(content) }
    }

    /// Sets the bot's command menu, for everybody or for those whose client speaks `language`.
    pub async fn set_my_commands(
        &self,
        commands: &[(&str, &str)],
        language: Option<&str>,
    ) -> Result<(), ApiError> {
        let commands = commands.iter().map(|(command, text)| BotCommand::new(*command, *text));
        let mut payload = SetMyCommands::new(commands);
        payload.language_code = language.map(str::to_owned);
        self.call("setMyCommands", &payload, CALL_TIMEOUT).await.map(drop)
    }

    async fn call(
        &self,
        method: &'static str,
        payload: &(impl Serialize + Sync),
        timeout: Millis,
    ) -> Result<Value, ApiError> {
        let params = encode(payload)?;
        self.dispatch(method, params, None, timeout).await
    }

    async fn dispatch(
        &self,
        method: &'static str,
        params: Value,
        upload: Option<Upload>,
        timeout: Millis,
    ) -> Result<Value, ApiError> {
        let token = self.token.clone();
        self.transport.call(ApiCall { token, method, params, upload, timeout }).await
    }
}

fn encode(payload: &impl Serialize) -> Result<Value, ApiError> {
    let unwritable = |_| ApiError::BadRequest("the request cannot be written".to_owned());
    serde_json::to_value(payload).map_err(unwritable)
}

/// The error of serde quotes what it read, so it is dropped.
fn read<T: DeserializeOwned>(result: Value) -> Result<T, ApiError> {
    serde_json::from_value(result).map_err(|_| ApiError::Server(200))
}

fn message_id(result: &Value) -> Result<i32, ApiError> {
    let id = result["message_id"].as_i64().and_then(|id| i32::try_from(id).ok());
    id.ok_or(ApiError::Server(200))
}

fn recipient(chat: ChatId) -> Recipient {
    Recipient::Id(teloxide::types::ChatId(chat.number()))
}

fn parse_mode(format: Format) -> Option<ParseMode> {
    match format {
        Format::Html => Some(ParseMode::Html),
        Format::Plain => None,
    }
}

/// Telegram's servers open a link to show a preview of it, and goods may be links of one use.
fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

fn markup(keyboard: &[Vec<Button>]) -> Result<Option<InlineKeyboardMarkup>, ApiError> {
    if keyboard.is_empty() {
        return Ok(None);
    }
    let rows = keyboard.iter().map(|row| row.iter().map(button).collect());
    let rows = rows.collect::<Result<Vec<Vec<_>>, _>>()?;
    Ok(Some(InlineKeyboardMarkup::new(rows)))
}

fn button(button: &Button) -> Result<InlineKeyboardButton, ApiError> {
    match button {
        Button::Callback { label, data } => Ok(InlineKeyboardButton::callback(label, data)),
        Button::Url { label, url } => {
            let bad = |_| ApiError::BadRequest("a button's address is not a URL".to_owned());
            Ok(InlineKeyboardButton::url(label, url.parse().map_err(bad)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::scripted::Scripted;
    use serde_json::json;

    fn client(script: &Scripted) -> Client {
        Client::new(script.shared(), Secret::new("1:t"))
    }

    fn html(body: &str) -> Text {
        Text { body: body.to_owned(), format: Format::Html }
    }

    #[tokio::test]
    async fn a_message_is_written_as_the_bot_api_wants_it() {
        let script = Scripted::answering(|_| Ok(json!({"message_id": 9, "new": "field"})));
        let keyboard = [vec![
            Button::Callback { label: "Buy".to_owned(), data: "1:q".to_owned() },
            Button::Url { label: "Open".to_owned(), url: "https://t.me/x".to_owned() },
        ]];
        let sent = client(&script).send_message(ChatId::new(-5), html("<b>a</b>"), &keyboard).await;
        assert_eq!(sent, Ok(9));
        let call = script.calls().remove(0);
        assert_eq!(call.method, "sendMessage");
        assert_eq!(
            call.params,
            json!({
                "chat_id": -5, "text": "<b>a</b>", "parse_mode": "HTML",
                "link_preview_options": {"is_disabled": true},
                "reply_markup": {"inline_keyboard": [[
                    {"text": "Buy", "callback_data": "1:q"},
                    {"text": "Open", "url": "https://t.me/x"},
                ]]},
            })
        );
    }

    #[tokio::test]
    async fn the_other_calls_are_too() {
        let script = Scripted::answering(|_| Ok(json!({"message_id": 9})));
        let client = client(&script);
        let chat = ChatId::new(5);
        let plain = Text { body: "a<".to_owned(), format: Format::Plain };
        client.edit_message(chat, 3, plain, &[]).await.expect("taken");
        client.delete_message(chat, 3).await.expect("taken");
        client.answer_callback("q".to_owned(), Some("x".to_owned()), true).await.expect("taken");
        client.set_my_commands(&[("start", "Begin")], Some("en")).await.expect("taken");
        client.delete_webhook().await.expect("taken");
        let file = DocumentFile::Id("F".to_owned());
        client.send_document(chat, file, Some(html("c")), &[]).await.expect("taken");
        let content = Content(Bytes::from_static(b"K"));
        let file = DocumentFile::Upload { name: "a.txt".to_owned(), content };
        client.send_document(chat, file, None, &[]).await.expect("taken");
        let seen: Vec<_> = script.calls().into_iter().map(|c| (c.method, c.params)).collect();
        let preview = json!({"is_disabled": true});
        assert_eq!(
            seen,
            [
                (
                    "editMessageText",
                    json!({"chat_id": 5, "message_id": 3, "text": "a<", "link_preview_options": preview})
                ),
                ("deleteMessage", json!({"chat_id": 5, "message_id": 3})),
                (
                    "answerCallbackQuery",
                    json!({"callback_query_id": "q", "text": "x", "show_alert": true})
                ),
                (
                    "setMyCommands",
                    json!({"commands": [{"command": "start", "description": "Begin"}], "language_code": "en"})
                ),
                ("deleteWebhook", json!({})),
                (
                    "sendDocument",
                    json!({"chat_id": 5, "document": "F", "caption": "c", "parse_mode": "HTML"})
                ),
                ("sendDocument", json!({"chat_id": 5})),
            ]
        );
        let upload = script.calls().remove(6).upload.expect("a file travels");
        assert_eq!((upload.field, upload.bytes.as_ref()), ("document", b"K".as_slice()));
    }

    #[tokio::test]
    async fn a_poll_names_its_kinds_and_waits_longer_than_telegram() {
        let script = Scripted::answering(|_| Ok(json!([{"update_id": 1}])));
        let poll = Poll {
            offset: Some(1 << 40),
            timeout: Millis::from_secs(25),
            margin: Millis::from_secs(10),
            limit: 100,
        };
        let updates = client(&script).get_updates(poll).await;
        assert_eq!(updates, Ok(vec![json!({"update_id": 1})]));
        let call = script.calls().remove(0);
        assert_eq!(call.timeout, Millis::from_secs(35));
        let kinds = json!([
            "message",
            "edited_message",
            "channel_post",
            "edited_channel_post",
            "callback_query",
            "my_chat_member",
        ]);
        let expected =
            json!({"offset": 1_u64 << 40, "limit": 100, "timeout": 25, "allowed_updates": kinds});
        assert_eq!(call.params, expected);
    }

    #[tokio::test]
    async fn a_download_keeps_its_limit() {
        for (told, stored, expected) in [
            (Some(3), "abc", Ok(Bytes::from_static(b"abc"))),
            (Some(4), "abcd", Err(ApiError::TooLarge)),
            (None, "abc", Ok(Bytes::from_static(b"abc"))),
            (None, "abcd", Err(ApiError::TooLarge)),
        ] {
            let mut file = json!({"file_id": "F", "file_unique_id": "u", "file_path": "d/f"});
            if let Some(size) = told {
                file["file_size"] = json!(size);
            }
            let script = Scripted::answering(move |_| Ok(file.clone())).with_file(stored);
            let got = client(&script).download("F".to_owned(), 3).await;
            assert_eq!(got, expected, "{told:?} {stored}");
        }
        let refused = ApiError::BadRequest("Bad Request: file is too big".to_owned());
        let script = Scripted::answering(move |_| Err(refused.clone()));
        let got = client(&script).download("F".to_owned(), 3).await;
        assert_eq!(got, Err(ApiError::TooLarge));
    }

    #[tokio::test]
    async fn nothing_of_it_prints_a_token_or_goods() {
        let script = Scripted::answering(|_| Ok(json!("KEY-1")));
        let client = client(&script);
        assert_eq!(format!("{client:?}"), "Client(…)");
        assert_eq!(format!("{:?}", html("KEY-1")), "Text(Html, 5 bytes)");
        assert_eq!(format!("{:?}", Content(Bytes::from_static(b"K"))), "Content(1 bytes)");
        assert_eq!(client.get_me().await, Err(ApiError::Server(200)));
        let _sent = client.send_message(ChatId::new(1), html("KEY-1"), &[]).await;
        assert!(!format!("{:?}", script.calls()).contains("KEY-1"));
    }
}
