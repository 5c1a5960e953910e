//! One thing to send, from its first attempt to its result. Pure.
//!
//! A job is a row of parts, each one call of the Bot API. What Telegram's answer means for it is
//! decided here and nowhere else: go on, try again after a pause, go to another chat, or end. An
//! attempt whose outcome is unknown is made again, because goods that were paid must arrive; its
//! receiver is told that it is a repeat.

use super::html;
use super::limits::Limits;
use super::outgoing::{Kind, Outgoing, Priority, SendResult};
use super::step::{Made, Step};
use crate::domain::id::ChatId;
use crate::domain::time::Millis;
use crate::telegram::client::{Content, DocumentFile, Format, Text};
use crate::telegram::transport::ApiError;
use bytes::Bytes;
use std::collections::VecDeque;

/// The longest text of a message, in UTF-16 units.
const TEXT_MAX: usize = 4096;
/// The longest caption, in UTF-16 units.
const CAPTION_MAX: usize = 1024;
/// More messages than this become a file, for a text that may.
const MESSAGES_MAX: usize = 3;
/// Attempts at the answer to a tap: after some seconds nobody looks at the button any more.
const TAP_ATTEMPTS: u32 = 3;

/// One thing on its way.
pub(super) struct Job {
    pub(super) chat: ChatId,
    pub(super) rank: Rank,
    parts: VecDeque<Step>,
    repeat_html: Option<String>,
    failures: u32,
    maybe_sent: bool,
    last: Made,
}

/// The order between the jobs of a bot, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// The answer to a tap.
    Tap,
    /// The end of a message, which may hold a token.
    Deletion,
    /// Everything else, by its priority.
    Other(Priority),
}

/// What an answer of Telegram means for the job.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The part is done, the next may go.
    Next,
    /// The same part again after a pause.
    Again(Millis),
    /// Telegram wants a pause of everything that goes this way.
    Flood(Millis),
    /// The same part to the chat that the group has become.
    Moved(ChatId),
    /// It is over.
    Over(SendResult),
}

impl Rank {
    /// The rank of what is sent.
    pub(super) fn of(outgoing: &Outgoing) -> Self {
        match outgoing.kind {
            Kind::AnswerTap { .. } => Self::Tap,
            Kind::Delete { .. } => Self::Deletion,
            Kind::Message { .. } | Kind::Edit { .. } | Kind::Document { .. } => {
                Self::Other(outgoing.priority)
            }
        }
    }

    /// Whether it must leave room to answers and goods.
    pub(super) fn gives_way(self) -> bool {
        match self {
            Self::Tap | Self::Deletion | Self::Other(Priority::Delivery | Priority::Reply) => false,
            Self::Other(Priority::Notice | Priority::Broadcast) => true,
        }
    }
}

impl Job {
    pub(super) fn new(outgoing: Outgoing) -> Self {
        let rank = Rank::of(&outgoing);
        let mut repeat_html = None;
        let parts = match outgoing.kind {
            Kind::Message { screen, repeat_html: repeat, file_name } => {
                repeat_html = repeat;
                let pieces = html::split(&screen.html, TEXT_MAX - mark_units(&repeat_html));
                match file_name {
                    Some(name) if pieces.len() > MESSAGES_MAX => {
                        let bytes = Bytes::from(html::plain(&screen.html));
                        let file = DocumentFile::Upload { name, content: Content(bytes) };
                        let keyboard = screen.keyboard;
                        VecDeque::from([Step::Document { file, caption: None, keyboard }])
                    }
                    Some(_) | None => messages(pieces, screen.keyboard),
                }
            }
            Kind::Edit { message, screen } => {
                let mut parts = messages(html::split(&screen.html, TEXT_MAX), screen.keyboard);
                if let Some(Step::Message { text, keyboard }) = parts.pop_front() {
                    parts.push_front(Step::Edit { message, text, keyboard });
                }
                parts
            }
            Kind::Document { file, caption_html, repeat_html: repeat, keyboard } => {
                repeat_html = repeat;
                document(file, caption_html, mark_units(&repeat_html), keyboard)
            }
            Kind::AnswerTap { query, text, alert } => {
                VecDeque::from([Step::AnswerTap { query, text, alert }])
            }
            Kind::Delete { message } => VecDeque::from([Step::Delete { message }]),
        };
        let chat = outgoing.chat;
        Self { chat, rank, parts, repeat_html, failures: 0, maybe_sent: false, last: None }
    }

    /// The call to make now.
    pub(super) fn step(&self) -> Step {
        let mut step = self.parts[0].clone();
        if let (true, Some(mark)) = (self.maybe_sent, &self.repeat_html) {
            match &mut step {
                Step::Document { caption: caption @ None, .. } => {
                    *caption = Some(Text { body: mark.clone(), format: Format::Html });
                }
                other => {
                    if let Some(text) = other.text_mut() {
                        put_above(mark, text);
                    }
                }
            }
        }
        step
    }

    /// What the answer to that call means.
    pub(super) fn outcome(&mut self, answer: Result<Made, ApiError>, limits: &Limits) -> Verdict {
        match answer {
            Ok(made) => self.part_done(made),
            Err(ApiError::RetryAfter(pause)) => Verdict::Flood(pause),
            Err(ApiError::Unauthorized) => Verdict::Over(SendResult::TokenRefused),
            Err(ApiError::Forbidden) => Verdict::Over(SendResult::Blocked),
            Err(ApiError::BadRequest(description)) => self.refused(description),
            Err(ApiError::Migrated(chat)) => match self.failed(limits) {
                Verdict::Again(_) => Verdict::Moved(ChatId::new(chat)),
                over => over,
            },
            Err(error @ (ApiError::Unreachable | ApiError::Server(_) | ApiError::AnswerLost)) => {
                self.maybe_sent |= error.is_ambiguous();
                self.failed(limits)
            }
            Err(error @ (ApiError::NotFound | ApiError::TooLarge | ApiError::Conflict)) => {
                Verdict::Over(SendResult::Refused(error.to_string()))
            }
        }
    }

    fn part_done(&mut self, made: Made) -> Verdict {
        self.last = made.or(self.last);
        self.failures = 0;
        self.maybe_sent = false;
        self.parts.pop_front();
        match (self.parts.is_empty(), self.last) {
            (false, _) => Verdict::Next,
            (true, Some(id)) => Verdict::Over(SendResult::Sent(id)),
            (true, None) => Verdict::Over(SendResult::Done),
        }
    }

    fn failed(&mut self, limits: &Limits) -> Verdict {
        self.failures += 1;
        let attempts = match self.rank {
            Rank::Tap => TAP_ATTEMPTS.min(limits.attempts),
            Rank::Deletion | Rank::Other(_) => limits.attempts,
        };
        if self.failures >= attempts {
            let unknown = self.maybe_sent;
            return Verdict::Over(if unknown {
                SendResult::Ambiguous
            } else {
                SendResult::Unreachable
            });
        }
        let doubled = limits.backoff.ms().saturating_mul(1 << (self.failures - 1).min(20));
        Verdict::Again(Millis::from_ms(doubled.min(limits.backoff_max.ms())))
    }

    /// A refusal in words: some of them only mean that it must be said differently.
    fn refused(&mut self, description: String) -> Verdict {
        let says = |words: &str| description.to_lowercase().contains(words);
        if says("chat not found") || says("peer_id_invalid") {
            return Verdict::Over(SendResult::Blocked);
        }
        let Some(part) = self.parts.front_mut() else {
            return Verdict::Over(SendResult::Refused(description));
        };
        if says("can't parse entities")
            && let Some(text) = part.text_mut().filter(|text| text.format == Format::Html)
        {
            *text = Text { body: html::plain(&text.body), format: Format::Plain };
            return Verdict::Again(Millis::ZERO);
        }
        match part {
            Step::Edit { message, .. } if says("message is not modified") => {
                let made = Some(*message);
                self.part_done(made)
            }
            Step::Edit { text, keyboard, .. }
                if says("message to edit not found") || says("message can't be edited") =>
            {
                let (text, keyboard) = (text.clone(), std::mem::take(keyboard));
                *part = Step::Message { text, keyboard };
                Verdict::Again(Millis::ZERO)
            }
            Step::Delete { .. } if says("message to delete not found") => self.part_done(None),
            Step::Message { .. }
            | Step::Edit { .. }
            | Step::Document { .. }
            | Step::AnswerTap { .. }
            | Step::Delete { .. } => Verdict::Over(SendResult::Refused(description)),
        }
    }
}

/// The room that the line above a repeat takes.
fn mark_units(repeat_html: &Option<String>) -> usize {
    // A mark that leaves no room for what it marks would be a mistake of the texts.
    repeat_html.as_ref().map_or(0, |mark| html::units(mark) + 2).min(CAPTION_MAX / 2)
}

fn put_above(mark: &str, text: &mut Text) {
    text.body = match text.format {
        Format::Html => format!("{mark}\n\n{}", text.body),
        Format::Plain => format!("{}\n\n{}", html::plain(mark), text.body),
    };
}

/// The pieces as messages, the buttons below the last.
fn messages(
    pieces: Vec<String>,
    keyboard: Vec<Vec<crate::telegram::screen::Button>>,
) -> VecDeque<Step> {
    let mut parts: VecDeque<Step> = pieces
        .into_iter()
        .map(|body| Step::Message {
            text: Text { body, format: Format::Html },
            keyboard: Vec::new(),
        })
        .collect();
    if let Some(Step::Message { keyboard: last, .. }) = parts.back_mut() {
        *last = keyboard;
    }
    parts
}

/// A file with its caption, which follows as messages when it does not fit below.
fn document(
    file: DocumentFile,
    caption: String,
    mark_units: usize,
    keyboard: Vec<Vec<crate::telegram::screen::Button>>,
) -> VecDeque<Step> {
    if html::units(&caption) + mark_units <= CAPTION_MAX {
        let text = Text { body: caption, format: Format::Html };
        let caption = (!text.body.is_empty()).then_some(text);
        return VecDeque::from([Step::Document { file, caption, keyboard }]);
    }
    let mut parts = messages(html::split(&caption, TEXT_MAX - mark_units), keyboard);
    parts.push_front(Step::Document { file, caption: None, keyboard: Vec::new() });
    parts
}
