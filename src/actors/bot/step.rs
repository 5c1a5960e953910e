//! One step of a chat: what a person meant, asked of the fleet until the dialog asks for nothing more.
//!
//! The dialog is pure; here its requests are performed and their replies stepped. Nothing is shown yet:
//! that waits until the state it belongs to is durable. Two things cannot wait for that: a message
//! with a token in it disappears before anything is asked, and who waits long is told so.

use super::chat::Chats;
use super::clerk::{Clerk, Work};
use super::herald::News;
use super::mailroom::Job;
use super::memory::Memory;
use crate::actors::intake::Waiting;
use crate::domain::access::Right;
use crate::domain::command::Caller;
use crate::domain::id::{OrderId, TenantId};
use crate::domain::outcome::Outcome;
use crate::store::batch::Profile;
use crate::telegram::dialog::{self, Effect, Input, State, Step};
use crate::telegram::incoming::Incoming;
use crate::telegram::intent::{self, Intent};
use crate::telegram::request::{Reply, Request};
use crate::telegram::screen::{Context, Role};

/// What a step led to, once every request of the update is answered.
pub(super) struct Handled {
    /// To be stored.
    pub(super) state: State,
    /// To be shown then.
    pub(super) effects: Vec<Effect>,
    /// To be done then.
    pub(super) after: Vec<After>,
    /// The core did not take a request: nothing was decided.
    pub(super) busy: bool,
}

/// What follows when the new state is durable.
pub(super) enum After {
    /// Goods go out.
    Deliver(OrderId),
    /// Goods go out once more.
    Redeliver(OrderId),
    /// Others are told.
    Tell(News, Reply),
}

impl Chats {
    /// Steps the dialog until it asks for nothing more.
    pub(super) async fn step(&self, job: &Job, memory: &mut Memory) -> Handled {
        let mut first = self.first_step(job, memory);
        if first.request.is_some() {
            // What is asked may take long; the message must not stay that long.
            first.effects = self.delete_first(job, first.effects);
        }
        self.drive(job, memory, first).await
    }

    /// What the person means, as the dialog takes it. Read anew from the update, because an intent
    /// consumes the words, and a panic or a redelivery may make this a second try.
    fn first_step(&self, job: &Job, memory: &Memory) -> Step {
        let intent = super::read(&job.raw).map_or(Intent::Nothing, |words| {
            self.with_context(&job.inbound.incoming, memory.profile.as_ref(), |ctx| {
                intent::parse(words.incoming, ctx)
            })
        });
        self.advance(job, memory, &memory.state, Input::Intent(intent))
    }

    /// Starts deleting a message that must not stay, before anything is asked of anybody, and answers
    /// what else is to be shown. Deleting twice does no harm, so an update that comes again may.
    fn delete_first(&self, job: &Job, effects: Vec<Effect>) -> Vec<Effect> {
        let mut rest = Vec::with_capacity(effects.len());
        for effect in effects {
            match effect {
                Effect::DeleteIncoming { otherwise } => {
                    let Incoming { chat, message, .. } = job.inbound.incoming;
                    let chats = self.clone();
                    self.crew.start(async move {
                        chats.delete(chat, message, otherwise).await;
                    });
                }
                Effect::Send(_) | Effect::Edit { .. } | Effect::AnswerTap { .. } => {
                    rest.push(effect);
                }
            }
        }
        rest
    }

    /// Has a step's request performed, steps on with the reply, and so on.
    pub(super) async fn drive(&self, job: &Job, memory: &mut Memory, first: Step) -> Handled {
        let Step { state, effects, mut request } = first;
        let mut handled = Handled { state, effects, after: Vec::new(), busy: false };
        for number in 0_u32.. {
            let Some(asked) = request else { break };
            let id = format!("u:{}:{}:{number}", self.shop.bot, job.raw.id);
            let reply = self.ask(job, memory, &mut handled, id, asked).await;
            let step = self.advance(job, memory, &handled.state, Input::Reply(reply));
            handled.state = step.state;
            handled.effects.extend(step.effects);
            request = step.request;
        }
        handled
    }

    /// A message that had to go may still be there when its update comes again.
    pub(super) fn delete_again(&self, job: &Job, memory: &Memory) {
        let step = self.first_step(job, memory);
        // Only the deletion is wanted; everything else of the step was done before. A step that asked
        // for nothing has its deletion in the replay.
        if step.request.is_some() {
            drop(self.delete_first(job, step.effects));
        }
    }

    fn advance(&self, job: &Job, memory: &Memory, state: &State, input: Input) -> Step {
        let now = self.shop.fleet.clock.now();
        self.with_context(&job.inbound.incoming, memory.profile.as_ref(), |ctx| {
            dialog::step(ctx, state.clone(), input, now)
        })
    }

    /// Has a request performed and notes what follows from it.
    async fn ask(
        &self,
        job: &Job,
        memory: &mut Memory,
        handled: &mut Handled,
        id: String,
        request: Request,
    ) -> Reply {
        if let (Request::SetLanguage { language }, Some(profile)) = (&request, &mut memory.profile)
        {
            profile.language.clone_from(language);
        }
        let news = News::of(&request);
        let again = match &request {
            Request::Redeliver { order } => Some(order.clone()),
            _ => None,
        };
        let clerk = Clerk { shop: &self.shop, user: job.inbound.incoming.user, id, late: job.late };
        let reply = match clerk.perform(request).await {
            Work::Ready(reply) => reply,
            Work::Known(outcome, finish) => finish(Ok(outcome)),
            Work::Waiting(waiting, finish) => {
                match self.wait(job, memory, handled, waiting).await {
                    Some(answer) => finish(answer),
                    None => Reply::Unavailable,
                }
            }
        };
        handled.busy |= matches!(reply, Reply::Busy);
        if let Reply::Accepted(Outcome::OrderPlaced(receipt)) = &reply {
            handled.after.push(After::Deliver(receipt.order.clone()));
        }
        if let (Reply::Redelivering(true), Some(order)) = (&reply, again) {
            handled.after.push(After::Redeliver(order));
        }
        handled.after.push(After::Tell(news, reply.clone()));
        reply
    }

    /// Waits for the core; tells the person when it takes long that it is being recorded.
    async fn wait(
        &self,
        job: &Job,
        memory: &Memory,
        handled: &Handled,
        mut waiting: Waiting,
    ) -> Option<crate::actors::CoreAnswer> {
        let fleet = &self.shop.fleet;
        tokio::select! {
            biased;
            answer = waiting.answer() => return answer.ok(),
            () = fleet.clock.sleep(fleet.settings.recording_after) => {}
        }
        let recording = Input::Reply(Reply::Recording);
        let Step { effects, .. } = self.advance(job, memory, &handled.state, recording);
        self.perform(job, effects).await;
        waiting.answer().await.ok()
    }

    /// Runs a pure function with what a dialog knows. The published view is borrowed meanwhile, so
    /// nothing in it may wait.
    pub(super) fn with_context<T>(
        &self,
        incoming: &Incoming,
        profile: Option<&Profile>,
        pure: impl FnOnce(&Context<'_>) -> T,
    ) -> T {
        let fleet = &self.shop.fleet;
        let view = fleet.core.views().read();
        let shop = view.tenants.get(&self.shop.tenant);
        let caller = Caller::User(incoming.user);
        let has =
            |right| fleet.settings.access.check(right, caller, &self.shop.tenant, shop).is_ok();
        let role = if self.shop.tenant == TenantId::Master && has(Right::Admin) {
            Role::Admin
        } else if has(Right::Owner) {
            Role::Owner
        } else {
            Role::Customer
        };
        pure(&Context {
            tenant: &self.shop.tenant,
            bot_username: &self.shop.username,
            user: incoming.user,
            view: &view,
            role,
            voice: self.shop.voice(profile, incoming.language_code.as_deref()),
            rules: &fleet.settings.rules,
            file_max_mb: fleet.settings.file_max_mb,
        })
    }
}
