//! One step under way: collects what happens and keeps the state's account of it.

use super::requests::{Awaiting, Follow};
use super::state::{Open, Shown};
use super::{Effect, State, Step};
use crate::domain::time::Timestamp;
use crate::telegram::request::Request;
use crate::telegram::screen::{self, Context, Note, Question, Screen};
use crate::telegram::text::key::Key;

/// A step under way.
pub(super) struct Flow<'a> {
    pub(super) ctx: Context<'a>,
    pub(super) state: State,
    pub(super) now: Timestamp,
    /// The message to write into; none sends a new one.
    pub(super) message: Option<i32>,
    /// Whether the next page says that something was saved.
    pub(super) saved: bool,
    pub(super) effects: Vec<Effect>,
    request: Option<Request>,
}

impl<'a> Flow<'a> {
    pub(super) const fn new(ctx: Context<'a>, state: State, now: Timestamp) -> Self {
        Self { ctx, state, now, message: None, saved: false, effects: Vec::new(), request: None }
    }

    pub(super) fn finish(self) -> Step {
        Step { state: self.state, effects: self.effects, request: self.request }
    }

    /// Shows a screen and remembers what it was.
    pub(super) fn show(&mut self, screen: Screen, shown: Shown) {
        let screen = if std::mem::take(&mut self.saved) {
            screen.below(&self.ctx.html(Key::Saved, &[]))
        } else {
            screen
        };
        let screen = screen.for_person(&self.ctx);
        self.state.shown = shown;
        self.state.edited = self.message;
        self.effects.push(match self.message {
            Some(message_id) => Effect::Edit { message_id, screen },
            None => Effect::Send(screen),
        });
    }

    /// Says something once.
    pub(super) fn note(&mut self, note: Note) {
        self.saved = false;
        if note.deletes_incoming() && self.message.is_none() {
            self.delete_incoming();
        }
        self.show(screen::note(&self.ctx, &note), Shown::Note(note));
    }

    /// Asks a question and waits for its answer.
    pub(super) fn open(&mut self, question: Question) {
        self.show(screen::prompt(&self.ctx, &question), Shown::Prompt);
        self.state.question = Some(Open { question, asked_at: self.now });
    }

    /// Asks the fleet.
    pub(super) fn ask(&mut self, request: Request, follow: Follow) {
        let (message, saved) = (self.message, std::mem::take(&mut self.saved));
        self.state.awaiting = Some(Awaiting { follow, message, saved });
        self.request = Some(request);
    }

    /// Ends the waiting of a tap.
    pub(super) fn answer_tap(&mut self, key: Option<Key>) {
        let text = key.map(|key| self.ctx.plain(key, &[]));
        let alert = text.is_some();
        self.effects.push(Effect::AnswerTap { text, alert });
    }

    /// Has the person's message deleted, because it holds a token or may hold one.
    pub(super) fn delete_incoming(&mut self) {
        let otherwise = screen::revoke(&self.ctx);
        self.effects.push(Effect::DeleteIncoming { otherwise });
    }
}
