//! The dialogs: pure steps from what a person means, or what the fleet answered, to what he sees.
//!
//! `(state, intent | reply, now) → (state, effects, request)`. A step asks for at most one thing; its
//! reply is the next step's input. The state is stored with the update that made it, so an update
//! that comes twice is answered by [`replay`], which says the last thing again and does nothing
//! (DESIGN.md, section 6). The caller keeps the order within a chat: no new intent is stepped before
//! the final reply to the request at hand.

mod answers;
mod flow;
mod replies;
mod requests;
mod state;
mod taps;

pub use state::State;

use super::intent::{Intent, OwnerOffer};
use super::request::{Reply, Request};
use super::screen::{self, Context, FileTrouble, Hint, Note, Question, Screen};
use super::text::key::Key;
use crate::domain::time::Timestamp;
use flow::Flow;
use requests::Follow;
use state::Shown;

/// What a step reacts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// What the person means.
    Intent(Intent),
    /// What came of the last request.
    Reply(Reply),
}

/// What shall happen in the chat, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A new message.
    Send(Screen),
    /// Another content for a message of the bot.
    Edit {
        /// Which.
        message_id: i32,
        /// The content.
        screen: Screen,
    },
    /// Ends the tap's waiting, with words or without.
    AnswerTap {
        /// The words.
        text: Option<String>,
        /// Whether they have to be closed by hand.
        alert: bool,
    },
    /// Deletes the person's message; when that fails, says what to do instead. A message that is
    /// gone already counts as deleted.
    DeleteIncoming {
        /// What to say when it cannot be deleted.
        otherwise: Screen,
    },
}

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The state to store with the update.
    pub state: State,
    /// What happens in the chat.
    pub effects: Vec<Effect>,
    /// What to ask the fleet; its reply is the next input.
    pub request: Option<Request>,
}

/// One step of one chat's dialog.
pub fn step(ctx: &Context<'_>, state: State, input: Input, now: Timestamp) -> Step {
    let mut flow = Flow::new(*ctx, state, now);
    match input {
        Input::Intent(intent) => flow.intent(intent),
        Input::Reply(reply) => flow.reply(reply),
    }
    flow.finish()
}

/// Says the last thing again, for an update that comes twice.
///
/// Into the same message when it was an edit. Changes nothing; a request in it only reads. The end of
/// a tap's waiting is not in it: whoever replays a tap answers it without words.
pub fn replay(ctx: &Context<'_>, state: State, now: Timestamp) -> Step {
    let mut flow = Flow::new(*ctx, state, now);
    flow.again();
    flow.finish()
}

impl Flow<'_> {
    fn intent(&mut self, intent: Intent) {
        match intent {
            Intent::Start => self.start(),
            Intent::Claim(code) => self.elsewhere(|flow| {
                flow.ask(Request::ClaimOwner { code }, Follow::Claim);
            }),
            Intent::Help => self.elsewhere(|flow| flow.note(Note::Help)),
            Intent::Go(tap) => self.go(tap),
            Intent::Tap { message, tap } => {
                self.message = Some(message);
                self.tap(tap);
            }
            Intent::OldTap { message } => {
                self.message = Some(message);
                self.answer_tap(Some(Key::TapOld));
                self.note(Note::Hint(Hint::OldButton));
            }
            Intent::Ask(request) => self.elsewhere(|flow| flow.command(*request)),
            Intent::Offer(offer) => self.offer(offer),
            Intent::Answer(text) => self.answer(&text),
            Intent::Document { document, stock } => self.document(document, stock),
            Intent::Cancel => self.cancel(),
            Intent::Usage(command) => self.elsewhere(|flow| flow.note(Note::Usage(command))),
            Intent::Unknown => self.note(Note::Hint(Hint::Unknown)),
            Intent::TokenPasted => self.note(Note::Hint(Hint::TokenRemoved)),
            Intent::TokenPastedElsewhere => self.token_elsewhere(),
            Intent::NotText => self.note(Note::Hint(Hint::NotText)),
            Intent::Elsewhere => self.effects.push(Effect::Send(screen::elsewhere(&self.ctx))),
            Intent::ElsewhereTap => self.answer_tap(Some(Key::TapElsewhere)),
            Intent::Nothing => {}
        }
    }

    /// A command leaves the open question: what is typed after it must not become its answer.
    fn elsewhere(&mut self, go_on: impl FnOnce(&mut Self)) {
        self.state.question = None;
        go_on(self);
    }

    /// Somebody whose chat is new is greeted; everybody else sees the menu.
    fn start(&mut self) {
        self.state.question = None;
        let screen =
            if self.state.is_new() { screen::greeting(&self.ctx) } else { screen::menu(&self.ctx) };
        self.show(screen, Shown::Page(super::callback::Tap::MENU));
    }

    /// A group is told what to do about a token, and nothing about the shop.
    fn token_elsewhere(&mut self) {
        let say = |key| screen::say_elsewhere(&self.ctx, key);
        let (otherwise, screen) = (say(Key::RevokeToken), say(Key::TokenRemoved));
        self.effects.extend([Effect::DeleteIncoming { otherwise }, Effect::Send(screen)]);
    }

    fn cancel(&mut self) {
        let open = self.state.question.take().is_some();
        let hint = if open { Hint::Cancelled } else { Hint::NothingOpen };
        self.note(Note::Hint(hint));
    }

    fn offer(&mut self, offer: OwnerOffer) {
        match offer {
            OwnerOffer::Markup(markup) => {
                self.open(Question::MarkupSave { agent: None, markup });
            }
            OwnerOffer::Wallet(address) => self.open(Question::WalletSave(address)),
            OwnerOffer::Withdraw(amount) => self.withdraw_some(amount),
        }
    }

    /// The last thing said, without doing anything again.
    fn again(&mut self) {
        self.message = self.state.edited;
        match self.state.shown.clone() {
            Shown::Nothing => {}
            Shown::Page(tap) if self.ctx.may(&tap) => self.go(tap),
            Shown::Page(_) => self.start(),
            Shown::Prompt => match self.state.question.clone() {
                Some(open) => self.show(screen::prompt(&self.ctx, &open.question), Shown::Prompt),
                None => self.start(),
            },
            Shown::Note(note) => self.note(note),
        }
    }

    fn not_wanted(&mut self) {
        self.note(Note::File(FileTrouble::NotWanted));
    }
}

#[cfg(test)]
pub(crate) mod tests;
