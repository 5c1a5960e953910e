//! The durable inbox of a bot: what a busy chat leaves behind, so that the others are heard.
//!
//! A batch that comes in is safe once each of its updates is handled or in here. What belongs to a
//! chat that is still busy with an earlier batch goes here at once: waiting for it would make the bot
//! deaf to everybody else (DESIGN.md, law 8). One chat may have so many waiting and no more, or it
//! could fill the inbox of all; what comes beyond is given up, and the chat is told.

use super::chat::Chats;
use super::mailroom::{Arrival, BatchOfUpdates, Job};
use crate::domain::id::ChatId;
use crate::domain::set_aside::Unhandled;
use crate::store::StoreError;
use crate::store::batch::{InboxRecord, Record};
use crate::telegram::inbound::Inbound;
use crate::telegram::outbox::Outgoing;
use crate::telegram::screen::{self, notices};
use crate::telegram::update::RawUpdate;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use tokio::sync::oneshot;

/// The updates of one poll, sorted.
#[derive(Default)]
struct Sorted {
    /// For their chats.
    jobs: Vec<Rc<Job>>,
    /// Those of them whose chats are busy with an earlier batch.
    behind: Vec<Rc<Job>>,
    /// Given up, to be recorded.
    letters: Vec<Record>,
    /// How many were given up, by chat.
    passed_over: BTreeMap<ChatId, u64>,
}

impl Chats {
    /// Sends every update to its chat; the batch is taken when all are handled or spilled.
    pub(super) fn take(&self, updates: Vec<RawUpdate>, taken: oneshot::Sender<()>) {
        let batch = Rc::new(BatchOfUpdates::default());
        let mut sorted = Sorted::default();
        // Chats that were idle before this batch.
        let mut roused = BTreeSet::new();
        for raw in updates {
            let Some(inbound) = super::read(&raw) else { continue };
            let chat = inbound.incoming.chat;
            if let Err(count) = self.mailroom.room(chat, self.shop().fleet.settings.chat_inbox_max)
            {
                *sorted.passed_over.entry(chat).or_default() += 1;
                sorted.letters.push(self.dead_letter(raw.id, Unhandled::TooMany));
                self.pass_over(inbound, count == 1);
                continue;
            }
            let at = self.shop().fleet.clock.now();
            let (job, idle) = self.enter(Arrival { raw, inbound, at }, Some(&batch));
            if idle {
                roused.insert(chat);
            } else if !roused.contains(&chat) {
                sorted.behind.push(job.clone());
            }
            sorted.jobs.push(job);
        }
        for (chat, count) in &sorted.passed_over {
            tracing::warn!(tenant = %self.shop().tenant, %chat, count,
                "a chat has too many updates waiting; these were given up");
        }
        let chats = self.clone();
        self.crew.start(async move {
            chats.settle(&batch, sorted).await;
            // The pump that waited is gone when the bot is ending; Telegram will repeat the batch.
            let _ = taken.send(());
        });
    }

    /// What is done about an update that found no room: a token in it goes all the same, a button
    /// stops waiting, and the person is told, the first time.
    fn pass_over(&self, inbound: Inbound, first: bool) {
        let Inbound { incoming, query } = inbound;
        let chat = incoming.chat;
        if incoming.content.holds_token() {
            let otherwise = self.with_context(&incoming, None, screen::revoke);
            let chats = self.clone();
            self.crew.start(async move {
                chats.delete(chat, incoming.message, otherwise).await;
            });
        }
        if let Some(query) = query {
            self.send(Outgoing::answer_tap(chat, query, None, false));
        }
        if first && incoming.private {
            let voice = self.shop().voice(None, incoming.language_code.as_deref());
            self.send(Outgoing::reply(chat, notices::too_many_waiting(voice)));
        }
    }

    /// Waits until a batch is safe; what is not handled in time goes to the inbox, durably.
    async fn settle(&self, batch: &BatchOfUpdates, sorted: Sorted) {
        let Sorted { jobs, behind: mut due, mut letters, .. } = sorted;
        let fleet = &self.shop().fleet;
        loop {
            if self.put_away(due, &letters).await {
                letters.clear();
            }
            tokio::select! {
                biased;
                () = batch.safe(), if letters.is_empty() => return,
                () = fleet.clock.sleep(fleet.settings.spill_after) => {}
            }
            due = jobs.iter().filter(|job| job.is_open()).cloned().collect();
        }
    }

    /// Writes updates to the inbox, and dead letters; answers whether that is done. A full inbox stops
    /// the pump: what it cannot hold stays with Telegram.
    async fn put_away(&self, due: Vec<Rc<Job>>, letters: &[Record]) -> bool {
        let fleet = &self.shop().fleet;
        let full = self.mailroom.spilled() >= fleet.settings.inbox_max;
        let due = if full { Vec::new() } else { due };
        let mut records: Vec<Record> = due.iter().map(|job| self.spill(job)).collect();
        records.extend_from_slice(letters);
        if records.is_empty() {
            return true;
        }
        let Ok(mut waiting) = fleet.core.committer().save(records).await else { return false };
        if !matches!(waiting.answer().await, Ok(Ok(_))) {
            return false;
        }
        for job in due {
            if !self.mailroom.note_spilled(&job) {
                self.unspill(&job).await;
            }
        }
        true
    }

    /// An update for the inbox: sealed, because it may hold anything.
    fn spill(&self, job: &Job) -> Record {
        let shop = self.shop();
        let text = job.raw.value.to_string();
        let owner = owner(shop.bot.number(), job.raw.id);
        let sealed = shop.fleet.vault.seal(&owner, text.as_bytes());
        Record::InboxPut(InboxRecord { bot: shop.bot, update: job.raw.id, at: job.at, sealed })
    }

    /// Takes an update out of the inbox that was handled while it was written there.
    pub(super) async fn unspill(&self, job: &Job) {
        job.cleared.set(true);
        self.save(vec![Record::InboxDone { bot: self.shop().bot, update: job.raw.id }]).await;
    }

    /// Takes up what the last run left in the inbox.
    pub(super) async fn recover_inbox(&self) -> Result<(), StoreError> {
        let shop = self.shop();
        // All of it: the bound may have been larger then, and one poll may stand above it.
        for record in shop.fleet.store.inbox(shop.bot, u32::MAX).await? {
            let owner = owner(record.bot.number(), record.update);
            let opened = shop.fleet.vault.open(&owner, &record.sealed).ok();
            let value = opened.and_then(|bytes| serde_json::from_slice(bytes.expose()).ok());
            let raw = value.and_then(RawUpdate::new);
            match raw.and_then(|raw| Some((super::read(&raw)?, raw))) {
                Some((inbound, raw)) => {
                    drop(self.enter(Arrival { raw, inbound, at: record.at }, None));
                }
                None => {
                    tracing::error!(update = record.update, "a spilled update cannot be read");
                    self.save(self.burial(record.update, Unhandled::Unreadable, true)).await;
                }
            }
        }
        Ok(())
    }
}

fn owner(bot: i64, update: u64) -> String {
    format!("inbox:{bot}:{update}")
}
