//! What a chat is told, and what follows once that is durable.

use super::chat::Chats;
use super::mailroom::Job;
use super::step::After;
use crate::domain::id::ChatId;
use crate::telegram::dialog::Effect;
use crate::telegram::inbound::Inbound;
use crate::telegram::outbox::{Outgoing, SendResult};
use crate::telegram::screen::Screen;

impl Chats {
    /// Does what a step led to: goods go out, others are told.
    pub(super) async fn follow(&self, after: Vec<After>) {
        for after in after {
            match after {
                After::Deliver(order) => self.courier.start(order, false),
                After::Redeliver(order) => self.courier.send_again(order),
                After::Tell(news, reply) => news.tell(&self.shop, &reply).await,
            }
        }
    }

    /// Sends what the dialog wants shown. A tap is answered in any case: its button is waiting.
    pub(super) async fn perform(&self, job: &Job, effects: Vec<Effect>) {
        let Inbound { incoming, query } = &job.inbound;
        let chat = incoming.chat;
        let answers_tap = |effect: &Effect| matches!(effect, Effect::AnswerTap { .. });
        if let Some(query) = query
            && !effects.iter().any(answers_tap)
        {
            self.send(Outgoing::answer_tap(chat, query.clone(), None, false));
        }
        for effect in effects {
            match effect {
                Effect::Send(screen) => self.send(Outgoing::reply(chat, screen)),
                Effect::Edit { message_id, screen } => {
                    self.send(Outgoing::edit(chat, message_id, screen));
                }
                Effect::AnswerTap { text, alert } => {
                    if let Some(query) = query {
                        self.send(Outgoing::answer_tap(chat, query.clone(), text, alert));
                    }
                }
                Effect::DeleteIncoming { otherwise } => {
                    if !self.delete(chat, incoming.message, otherwise).await {
                        // What follows would say that it is gone.
                        return;
                    }
                }
            }
        }
    }

    /// Queued at once, in order; what came of it is the outbox's business.
    pub(super) fn send(&self, outgoing: Outgoing) {
        drop(self.shop.outbox.send(outgoing));
    }

    /// Deletes a message; when that fails, says what to do instead. Answers whether it is gone.
    pub(super) async fn delete(
        &self,
        chat: ChatId,
        message: Option<i32>,
        otherwise: Screen,
    ) -> bool {
        let Some(message) = message else { return true };
        match self.shop.outbox.send(Outgoing::delete(chat, message)).await {
            SendResult::Done | SendResult::Sent(_) | SendResult::Closed => true,
            SendResult::Blocked
            | SendResult::TokenRefused
            | SendResult::Refused(_)
            | SendResult::Ambiguous
            | SendResult::Unreachable
            | SendResult::Full(_) => {
                self.send(Outgoing::reply(chat, otherwise));
                false
            }
        }
    }
}
