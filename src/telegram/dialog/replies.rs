//! What the fleet answered, and what is said about it.

use super::Effect;
use super::flow::Flow;
use super::requests::{Awaiting, Follow};
use super::state::Shown;
use crate::domain::outcome::Outcome;
use crate::domain::rejection::Rejection;
use crate::domain::withdrawal::WithdrawalRejection;
use crate::telegram::callback::{GoodsTap, OwnerTap, PayoutTap, Tap};
use crate::telegram::request::{Reply, UploadReport};
use crate::telegram::screen::{self, CreditNote, Note, Question, UploadNote};
use std::sync::Arc;

impl Flow<'_> {
    /// The reply to the request at hand.
    pub(super) fn reply(&mut self, reply: Reply) {
        let awaiting = self.state.awaiting.take();
        let Awaiting { follow, message, saved } = awaiting.unwrap_or(Awaiting {
            follow: Follow::Then(Tap::MENU),
            message: None,
            saved: false,
        });
        self.message = message;
        match reply {
            Reply::Recording => self.recording(follow),
            Reply::Busy => self.note(Note::Busy(follow.again())),
            Reply::Unavailable => self.note(Note::Unavailable(follow.again())),
            Reply::Rejected(rejection) => self.rejected(&follow, rejection),
            Reply::Accepted(outcome) => self.accepted(follow, outcome),
            Reply::Done => self.done(follow),
            Reply::BadToken => self.note(Note::BadToken),
            Reply::BadFile(problem) => self.note(Note::File(problem.into())),
            Reply::AgentCreated { agent, username, link, expires_at } => {
                let renewed = matches!(follow, Follow::Renew(_));
                let screen = screen::agent_created(
                    &self.ctx,
                    &agent,
                    &username,
                    link.expose(),
                    expires_at,
                    renewed,
                );
                self.show(screen, Shown::Note(Note::AgentReady(agent)));
            }
            Reply::Uploaded(report) => self.uploaded(&follow, &report),
            Reply::Redelivering(sent) => {
                let order = if let Follow::Redeliver(order) = follow { Some(order) } else { None };
                let said = order.map(|order| Note::Redelivering { order, sent });
                self.note(said.unwrap_or(Note::Done));
            }
            Reply::AgentPanel { available, .. } if matches!(follow, Follow::Withdraw { .. }) => {
                if follow == (Follow::Withdraw { all: true }) {
                    self.offer_withdrawal(available);
                } else {
                    self.open(Question::Withdraw { available });
                }
            }
            Reply::AgentPanel { available, .. } if let Follow::WithdrawSome(amount) = follow => {
                self.withdraw_of(available, amount);
            }
            Reply::Balance(_)
            | Reply::Orders { .. }
            | Reply::Order(_)
            | Reply::AgentPanel { .. }
            | Reply::Withdrawals { .. }
            | Reply::Withdrawal(_)
            | Reply::Bots(_)
            | Reply::SetAside { .. } => self.data(follow, &reply, saved),
        }
    }

    /// Lines are asked for once: whatever is typed next is not meant to be goods. Files come one
    /// after the other, so their question stays.
    fn uploaded(&mut self, follow: &Follow, report: &UploadReport) {
        if matches!(self.state.question_at(self.now), Some(Question::StockLines(_))) {
            self.state.question = None;
        }
        let Follow::Upload(product) = follow else {
            self.note(Note::Done);
            return;
        };
        self.note(Note::Uploaded(UploadNote::new(*product, report)));
    }

    /// Told at once in a message of its own; the reply follows by itself.
    fn recording(&mut self, follow: Follow) {
        let screen = screen::note(&self.ctx, &Note::Recording);
        self.effects.push(Effect::Send(screen));
        self.state.shown = Shown::Note(Note::Recording);
        self.state.edited = None;
        self.state.awaiting = Some(Awaiting { follow, message: None, saved: false });
    }

    fn data(&mut self, follow: Follow, reply: &Reply, saved: bool) {
        let page = if let Follow::Page(tap) = follow { Some(tap) } else { None };
        let Some(tap) = page.filter(|tap| self.ctx.may(tap)) else {
            self.note(Note::Done);
            return;
        };
        match screen::with_data(&self.ctx, &tap, reply, self.now) {
            Some(screen) => {
                self.saved = saved;
                self.show(screen, Shown::Page(tap));
            }
            None => self.note(Note::Done),
        }
    }

    fn rejected(&mut self, follow: &Follow, rejection: Rejection) {
        if let Rejection::Withdrawal(WithdrawalRejection::AgentNegative { available }) = rejection
            && let Follow::Pay(withdrawal, txid) = follow
        {
            let (withdrawal, txid) = (*withdrawal, txid.clone());
            self.open(Question::PaySave { withdrawal, txid, available });
            return;
        }
        self.note(Note::Refused { rejection, wanted: follow.wanted() });
    }

    fn accepted(&mut self, follow: Follow, outcome: Outcome) {
        let keeps_asking = matches!(follow, Follow::Upload(_));
        if !keeps_asking {
            self.state.question = None;
        }
        match outcome {
            Outcome::Done | Outcome::WithdrawalMoved(_) => self.done(follow),
            Outcome::CategoryCreated(id) => self.note(Note::CategoryCreated(id)),
            Outcome::ProductCreated(id) => self.note(Note::ProductCreated(id)),
            Outcome::Quoted(quote) => self.note(Note::Offer(Arc::unwrap_or_clone(quote).into())),
            Outcome::OrderPlaced(receipt) => self.note(Note::Receipt(receipt)),
            Outcome::AgentCreated(agent) => self.note(Note::AgentReady(agent)),
            Outcome::OwnerClaimed(_) => self.note(Note::Welcome),
            Outcome::Credited { balance } => {
                let Follow::Credit { tenant, user, amount } = follow else {
                    self.note(Note::Done);
                    return;
                };
                self.note(Note::Credited(CreditNote { tenant, user, amount, balance }));
            }
            Outcome::WithdrawalRequested(terms) => self.note(Note::WithdrawalAsked(terms)),
            Outcome::ItemsAdded(_) | Outcome::Matured { .. } => self.note(Note::Done),
        }
    }

    /// Done, without a result to show: on to where the change can be seen.
    fn done(&mut self, follow: Follow) {
        self.state.question = None;
        match follow {
            Follow::Language(lang) => {
                self.ctx = self.ctx.speaking(lang);
                self.show(screen::menu(&self.ctx), Shown::Page(Tap::MENU));
            }
            Follow::Then(tap) | Follow::Page(tap) => self.saved_at(tap),
            Follow::Pay(withdrawal, _) => {
                self.saved_at(Tap::Payout(PayoutTap::One(withdrawal)));
            }
            Follow::Withdrawal | Follow::Withdraw { .. } | Follow::WithdrawSome(_) => {
                self.saved_at(Tap::Owner(OwnerTap::Panel));
            }
            Follow::Upload(product) => self.saved_at(Tap::Goods(GoodsTap::Product(product))),
            Follow::Create(agent) | Follow::Renew(agent) => self.note(Note::AgentReady(agent)),
            Follow::Claim => self.note(Note::Welcome),
            Follow::Redeliver(order) => self.note(Note::Redelivering { order, sent: true }),
            Follow::Quote(..) | Follow::Place { .. } | Follow::Credit { .. } | Follow::Created => {
                self.note(Note::Done);
            }
        }
    }

    fn saved_at(&mut self, tap: Tap) {
        self.saved = true;
        self.go(tap);
    }
}
