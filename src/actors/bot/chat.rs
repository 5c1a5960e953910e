//! One chat: takes its updates one after the other, and keeps the order that the laws demand.
//!
//! The core's answer first, then the dialog's new state and the update's id in one durable write, then
//! the replies, then the confirmation. So an update that comes again repeats replies and never a step,
//! and a command that was interrupted gets its first answer by its id. An update that panics twice is
//! dead-lettered and confirmed (DESIGN.md, sections 4 and 6).

use super::crew::Crew;
use super::delivery::Courier;
use super::mailroom::{Arrival, BatchOfUpdates, Job, Mailroom};
use super::memory::{Memory, Warm};
use super::shop::Shop;
use super::step::Handled;
use crate::actors::probe::Point;
use crate::domain::set_aside::Unhandled;
use crate::domain::time::Millis;
use crate::store::StoreError;
use crate::store::batch::{DialogRecord, Profile, Record};
use crate::telegram::dialog;
use crate::telegram::inbound::Inbound;
use crate::telegram::incoming::{Content, Incoming};
use futures_util::FutureExt as _;
use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

/// Pause before an update is tried again that the store could not serve.
const RETRY: Millis = Millis::from_ms(500);

/// All chats of one bot.
#[derive(Clone)]
pub(super) struct Chats {
    pub(super) shop: Rc<Shop>,
    pub(super) courier: Courier,
    pub(super) crew: Crew,
    pub(super) mailroom: Rc<Mailroom>,
    warm: Rc<RefCell<Warm>>,
}

impl Chats {
    pub(super) fn new(shop: Rc<Shop>, courier: Courier, crew: Crew) -> Self {
        Self { shop, courier, crew, mailroom: Rc::default(), warm: Rc::default() }
    }

    pub(super) fn shop(&self) -> &Shop {
        &self.shop
    }

    /// Queues an update and starts a worker for its chat when it has none; answers whether it had
    /// none.
    pub(super) fn enter(
        &self,
        arrival: Arrival,
        batch: Option<&Rc<BatchOfUpdates>>,
    ) -> (Rc<Job>, bool) {
        let chat = arrival.inbound.incoming.chat;
        let (job, idle) = self.mailroom.enter(arrival, batch);
        if idle {
            let chats = self.clone();
            self.crew.start(async move {
                // What waits when the run ends is the next run's: from the inbox or from Telegram.
                while !chats.crew.is_closed()
                    && let Some(job) = chats.mailroom.next(chat)
                {
                    chats.work(&job).await;
                    chats.mailroom.finish(&job);
                }
            });
        }
        (job, idle)
    }

    /// Handles an update, or gives it up, and leaves nothing of it in the inbox.
    async fn work(&self, job: &Job) {
        let Shop { fleet, .. } = self.shop();
        let age = fleet.clock.now().since(job.at);
        if job.late && age > fleet.settings.rules.keep_ids {
            // What it asked for may have been done, and nobody remembers.
            self.bury(job, Unhandled::TooOld).await;
        } else {
            self.try_twice(job).await;
        }
        // It may have got there while its chat's state was being written.
        if job.spilled.get() && !job.cleared.get() {
            self.unspill(job).await;
        }
    }

    /// Handles an update, twice if it panics, and buries it then.
    async fn try_twice(&self, job: &Job) {
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
        self.bury(job, Unhandled::Panicked).await;
    }

    /// Gives an update up for good.
    async fn bury(&self, job: &Job, why: Unhandled) {
        let spilled = job.spilled.get();
        if self.save(self.burial(job.raw.id, why, spilled)).await && spilled {
            job.cleared.set(true);
        }
    }

    /// What is written about an update that is given up.
    pub(super) fn burial(&self, update: u64, why: Unhandled, spilled: bool) -> Vec<Record> {
        tracing::error!(tenant = %self.shop.tenant, update, why = why.word(), "an update is given up");
        let done = Record::InboxDone { bot: self.shop.bot, update };
        [self.dead_letter(update, why)].into_iter().chain(spilled.then_some(done)).collect()
    }

    /// A dead letter, without the letter.
    pub(super) fn dead_letter(&self, update: u64, why: Unhandled) -> Record {
        let (bot, at) = (self.shop.bot, self.shop.fleet.clock.now());
        Record::DeadLetter { bot, update, reason: why.word().to_owned(), at }
    }

    /// Writes records, for as long as it takes; answers whether the store took them. It is asked
    /// twice and no more, because a refusal costs the core, and so every chat, a restart.
    pub(super) async fn save(&self, records: Vec<Record>) -> bool {
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
            return Ok(());
        }
        let Handled { state, mut effects, after, busy } = self.step(job, &mut memory).await;
        if busy {
            // Nothing was decided, so nothing has to be durable first; and a core that is full has
            // no room for the chat's state either, for as long as the store stalls.
            self.perform(job, std::mem::take(&mut effects)).await;
        }
        memory.note(update, state);
        let spilled = job.spilled.get();
        if self.save(self.records(job, &memory, spilled)).await {
            job.cleared.set(spilled);
            self.warm.borrow_mut().put(incoming.chat, memory);
        } else {
            // The next update finds the chat as it was before this one.
            self.bury(job, Unhandled::Refused).await;
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
    fn records(&self, job: &Job, memory: &Memory, spilled: bool) -> Vec<Record> {
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
        if spilled {
            records.push(Record::InboxDone { bot: self.shop.bot, update });
        }
        records
    }
}
