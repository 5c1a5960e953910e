//! One chat: takes its updates one after the other, steps the dialog, performs what it asks for.
//!
//! The order is the law: the core's answer first, then the dialog's new state and the update's id in
//! one durable write, then the replies, then the confirmation. So an update that comes again repeats
//! replies and never a step, and a command that was interrupted gets its first answer by its id. An
//! update that panics twice is dead-lettered and confirmed (DESIGN.md, sections 4 and 6).

use super::clerk::{Clerk, Work};
use super::delivery::Courier;
use super::herald::News;
use super::mailroom::{BatchOfUpdates, Job, Mailroom};
use super::memory::{Memory, Warm};
use super::shop::Shop;
use crate::actors::intake::Waiting;
use crate::actors::probe::Point;
use crate::domain::access::Right;
use crate::domain::command::Caller;
use crate::domain::id::{ChatId, TenantId};
use crate::domain::outcome::Outcome;
use crate::domain::time::Millis;
use crate::store::StoreError;
use crate::store::batch::{DialogRecord, Profile, Record};
use crate::telegram::dialog::{self, Effect, Input, State, Step};
use crate::telegram::inbound::Inbound;
use crate::telegram::incoming::{Content, Incoming};
use crate::telegram::intent::{self, Intent};
use crate::telegram::outbox::{Outgoing, SendResult};
use crate::telegram::request::{Reply, Request};
use crate::telegram::screen::{Context, Role};
use crate::telegram::update::RawUpdate;
use futures_util::FutureExt as _;
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

/// Pause before an update is tried again that the store could not serve.
const RETRY: Millis = Millis::from_ms(500);

/// All chats of one bot.
#[derive(Clone)]
pub(super) struct Chats {
    shop: Rc<Shop>,
    courier: Courier,
    mailroom: Rc<Mailroom>,
    warm: Rc<RefCell<Warm>>,
}

/// What a step led to, once every request of the update is answered.
struct Handled {
    state: State,
    effects: Vec<Effect>,
    after: Vec<After>,
    /// The core did not take a request: nothing was decided.
    busy: bool,
}

/// What follows when the new state is durable.
enum After {
    /// Goods go out.
    Deliver(crate::domain::id::OrderId),
    /// Goods go out once more.
    Redeliver(crate::domain::id::OrderId),
    /// Others are told.
    Tell(News, Reply),
}

impl Chats {
    pub(super) fn new(shop: Rc<Shop>, courier: Courier) -> Self {
        Self { shop, courier, mailroom: Rc::default(), warm: Rc::default() }
    }

    pub(super) fn shop(&self) -> &Shop {
        &self.shop
    }

    /// Queues an update and starts a worker for its chat when it has none.
    pub(super) fn enter(
        &self,
        raw: RawUpdate,
        inbound: Inbound,
        spilled: bool,
        batch: Option<&Rc<BatchOfUpdates>>,
    ) -> Rc<Job> {
        let chat = inbound.incoming.chat;
        let (job, idle) = self.mailroom.enter(raw, inbound, spilled, batch);
        if idle {
            let chats = self.clone();
            actix_rt::spawn(async move {
                // What waits when the run ends is the next run's: from the inbox or from Telegram.
                while !chats.courier.is_stopped()
                    && let Some(job) = chats.mailroom.next(chat)
                {
                    chats.work(&job).await;
                    chats.mailroom.finish(&job);
                }
            });
        }
        job
    }

    pub(super) fn spilled(&self) -> usize {
        self.mailroom.spilled()
    }

    pub(super) fn note_spilled(&self, job: &Job) -> bool {
        self.mailroom.note_spilled(job)
    }

    /// Handles an update, twice if it panics, and buries it then.
    async fn work(&self, job: &Job) {
        /// A panic by accident does not come twice.
        const ATTEMPTS: u32 = 2;
        let mut panics = 0;
        while panics < ATTEMPTS {
            match AssertUnwindSafe(self.handle(job)).catch_unwind().await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => {
                    tracing::warn!(update = job.raw.id, %error, "an update waits for the store");
                    self.shop.fleet.clock.sleep(RETRY).await;
                }
                Err(_) => {
                    panics += 1;
                    tracing::error!(update = job.raw.id, panics, "a chat panicked");
                }
            }
        }
        self.bury(job.raw.id, "panicked twice", job.spilled.get()).await;
    }

    /// Writes a dead letter, without the letter.
    pub(super) async fn bury(&self, update: u64, reason: &str, spilled: bool) {
        let (bot, at) = (self.shop.bot, self.shop.fleet.clock.now());
        let mut records = vec![Record::DeadLetter { bot, update, reason: reason.to_owned(), at }];
        if spilled {
            records.push(Record::InboxDone { bot, update });
        }
        self.save(records).await;
    }

    /// Takes an update out of the inbox that was handled while it was written there.
    pub(super) async fn unspill(&self, update: u64) {
        self.save(vec![Record::InboxDone { bot: self.shop.bot, update }]).await;
    }

    /// Writes records, for as long as it takes; answers whether the store took them. It is asked
    /// twice and no more, because a refusal costs the core, and so every chat, a restart.
    async fn save(&self, records: Vec<Record>) -> bool {
        const REFUSALS_MAX: u32 = 2;
        let mut refusals = 0;
        while refusals < REFUSALS_MAX {
            let waiting = self.shop.fleet.core.committer().save(records.clone()).await;
            if let Ok(mut waiting) = waiting {
                match waiting.answer().await {
                    Ok(Ok(_)) => return true,
                    Ok(Err(rejection)) => {
                        refusals += 1;
                        tracing::error!(%rejection, refusals, "a chat's records are refused");
                    }
                    Err(_) => {}
                }
            }
            self.shop.fleet.clock.sleep(RETRY).await;
        }
        false
    }

    async fn handle(&self, job: &Job) -> Result<(), StoreError> {
        let Inbound { incoming, .. } = &job.inbound;
        self.shop.outbox.heard_from(incoming.chat);
        let mut memory = self.remember(incoming).await?;
        self.shop.fleet.probe.at(Point::Chat, &incoming.chat.number().to_string());
        let update = job.raw.id;
        if memory.knows(update) {
            self.delete_again(job, &memory);
            let now = self.shop.fleet.clock.now();
            let first = self.with_context(incoming, memory.profile.as_ref(), |ctx| {
                dialog::replay(ctx, memory.state.clone(), now)
            });
            let handled = self.drive(job, &mut memory, first).await;
            // It may have been interrupted between the order and its goods.
            self.courier.recover(Some(incoming.user)).await?;
            self.warm.borrow_mut().put(incoming.chat, memory);
            self.perform(job, handled.effects).await;
            if job.spilled.get() {
                self.unspill(update).await;
            }
            return Ok(());
        }
        let Handled { state, mut effects, after, busy } = self.step(job, &mut memory).await;
        if busy {
            // Nothing was decided, so nothing has to be durable first; and a core that is full has
            // no room for the chat's state either, for as long as the store stalls.
            self.perform(job, std::mem::take(&mut effects)).await;
        }
        memory.note(update, state);
        if self.save(self.records(job, &memory)).await {
            self.warm.borrow_mut().put(incoming.chat, memory);
        } else {
            // The next update finds the chat as it was before this one.
            self.bury(update, "the chat's state is refused", job.spilled.get()).await;
        }
        self.shop.fleet.probe.at(Point::Saved, &incoming.chat.number().to_string());
        self.follow(after).await;
        self.perform(job, effects).await;
        if incoming.private && !matches!(incoming.content, Content::Blocked(true)) {
            self.courier.contact(incoming.user);
        }
        Ok(())
    }

    /// The chat as it was left, with the person as Telegram describes him now.
    async fn remember(&self, incoming: &Incoming) -> Result<Memory, StoreError> {
        let warm = self.warm.borrow_mut().take(incoming.chat);
        let mut memory = match warm {
            Some(memory) => memory,
            None => {
                let store = &self.shop.fleet.store;
                let tenant = &self.shop.tenant;
                let record = store.dialog(tenant.clone(), incoming.chat).await?;
                let profile = store.profile(tenant.clone(), incoming.user).await?;
                Memory::read(record, profile)
            }
        };
        if incoming.private {
            let known = memory.profile.take();
            memory.profile = Some(self.profile(incoming, known));
        }
        Ok(memory)
    }

    fn profile(&self, incoming: &Incoming, known: Option<Profile>) -> Profile {
        let lang = || self.shop.language(None, incoming.language_code.as_deref());
        Profile {
            tenant: self.shop.tenant.clone(),
            user: incoming.user,
            name: incoming.display_name(),
            username: incoming.username.clone(),
            language: known
                .as_ref()
                .map_or_else(|| lang().word().to_owned(), |p| p.language.clone()),
            since: known.map_or_else(|| self.shop.fleet.clock.now(), |profile| profile.since),
        }
    }

    /// What is written with the new state.
    fn records(&self, job: &Job, memory: &Memory) -> Vec<Record> {
        let update = job.raw.id;
        let mut records = vec![Record::Dialog(DialogRecord {
            tenant: self.shop.tenant.clone(),
            chat: job.inbound.incoming.chat,
            update,
            state: memory.stored(),
        })];
        // A group is many people; only a private chat says who somebody is.
        if job.inbound.incoming.private {
            records.extend(memory.profile.clone().map(Record::Profile));
        }
        if job.spilled.get() {
            records.push(Record::InboxDone { bot: self.shop.bot, update });
        }
        records
    }

    /// Steps the dialog until it asks for nothing more.
    async fn step(&self, job: &Job, memory: &mut Memory) -> Handled {
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
                    actix_rt::spawn(async move { chats.delete(chat, message, otherwise).await });
                }
                Effect::Send(_) | Effect::Edit { .. } | Effect::AnswerTap { .. } => {
                    rest.push(effect);
                }
            }
        }
        rest
    }

    /// Has a step's request performed, steps on with the reply, and so on.
    async fn drive(&self, job: &Job, memory: &mut Memory, first: Step) -> Handled {
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
    fn delete_again(&self, job: &Job, memory: &Memory) {
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
        if let Request::SetLanguage { language } = request {
            if let Some(profile) = &mut memory.profile {
                profile.language = language;
            }
            return Reply::Done;
        }
        let news = News::of(&request);
        let again = match &request {
            Request::Redeliver { order } => Some(order.clone()),
            _ => None,
        };
        let clerk = Clerk { shop: &self.shop, user: job.inbound.incoming.user, id };
        let reply = match clerk.perform(request).await {
            Work::Ready(reply) => reply,
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

    async fn follow(&self, after: Vec<After>) {
        for after in after {
            match after {
                After::Deliver(order) => self.courier.start(order, false),
                After::Redeliver(order) => self.courier.send_again(order),
                After::Tell(news, reply) => news.tell(&self.shop, &reply).await,
            }
        }
    }

    /// Sends what the dialog wants shown. A tap is answered in any case: its button is waiting.
    async fn perform(&self, job: &Job, effects: Vec<Effect>) {
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
    fn send(&self, outgoing: Outgoing) {
        drop(self.shop.outbox.send(outgoing));
    }

    /// Deletes a message; when that fails, says what to do instead. Answers whether it is gone.
    async fn delete(
        &self,
        chat: ChatId,
        message: Option<i32>,
        otherwise: crate::telegram::screen::Screen,
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

    /// Runs a pure function with what a dialog knows. The published view is borrowed meanwhile, so
    /// nothing in it may wait.
    fn with_context<T>(
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
