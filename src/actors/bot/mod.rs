//! BotActor: one bot, from its updates to its answers.
//!
//! It owns the chats' queues, the outbox and the deliveries of one tenant's bot. The pump hands it
//! updates in batches; each chat works through its own, one after the other, all chats at once. What a
//! chat wants done goes through the handles of the core; a panic in a chat is that chat's, a panic of
//! the actor ends the bot and the Supervisor starts a fresh one (DESIGN.md, sections 5 and 6).

mod chat;
mod clerk;
mod delivery;
mod goods;
mod herald;
mod mailroom;
mod memory;
mod shop;
mod start;
mod upload;

pub use shop::{Fleet, Settings};
pub use start::Bots;

use crate::actors::probe::Point;
use crate::actors::supervisor::BotEnd;
use crate::domain::id::TenantId;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::secret::Secret;
use crate::store::batch::{InboxRecord, Record};
use crate::telegram::inbound;
use crate::telegram::update::{RawUpdate, Read};
use crate::vault::{OpenError, Vault};
use actix::{Actor, ActorContext, Context, Handler};
use chat::Chats;
use mailroom::{BatchOfUpdates, Job};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use tokio::sync::oneshot;

/// A batch of updates; answered when each is handled or in the inbox.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Take {
    updates: Vec<RawUpdate>,
    taken: oneshot::Sender<()>,
}

/// The bot is told to stop.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Halt;

/// The actor.
struct BotActor {
    chats: Chats,
    /// Tells the runner why it ended; dropped unused by a panic.
    ended: Option<oneshot::Sender<BotEnd>>,
}

impl Actor for BotActor {
    type Context = Context<Self>;
}

impl Handler<Take> for BotActor {
    type Result = ();

    fn handle(&mut self, message: Take, ctx: &mut Self::Context) {
        let survived = catch_unwind(AssertUnwindSafe(|| {
            let shop = self.chats.shop();
            shop.fleet.probe.at(Point::Bot, &shop.tenant.to_string());
            self.take(message.updates, message.taken);
        }));
        if survived.is_err() {
            self.end(BotEnd::Panicked);
            ctx.stop();
        }
    }
}

impl Handler<Halt> for BotActor {
    type Result = ();

    fn handle(&mut self, _: Halt, ctx: &mut Self::Context) {
        self.end(BotEnd::Stopped);
        ctx.stop();
    }
}

impl BotActor {
    fn end(&mut self, end: BotEnd) {
        if let Some(ended) = self.ended.take() {
            // A runner that no longer listens has ended the bot itself.
            let _ = ended.send(end);
        }
    }

    /// Sends every update to its chat; the batch is taken when all are handled or spilled.
    fn take(&self, updates: Vec<RawUpdate>, taken: oneshot::Sender<()>) {
        let batch = Rc::new(BatchOfUpdates::default());
        let mut jobs = Vec::with_capacity(updates.len());
        for raw in updates {
            if let Some(inbound) = read(&raw) {
                jobs.push(self.chats.enter(raw, inbound, false, Some(&batch)));
            }
        }
        let chats = self.chats.clone();
        actix_rt::spawn(async move {
            chats.settle(&batch, &jobs).await;
            // The pump that waited is gone when the bot is ending; Telegram will repeat the batch.
            let _ = taken.send(());
        });
    }
}

/// What a person did, if a person did anything.
fn read(raw: &RawUpdate) -> Option<inbound::Inbound> {
    match raw.read() {
        Read::Update(update) => inbound::read(raw.id, &update),
        Read::OtherKind => None,
        Read::Unreadable(unreadable) => {
            tracing::warn!(%unreadable, "an update is passed over");
            None
        }
    }
}

/// Fingerprint and ciphertext of one line of goods, for whoever fills a shop without a chat.
pub fn seal_goods(vault: &Vault, line: &[u8]) -> (Fingerprint, Sealed) {
    let print = goods::fingerprint(vault, line);
    (print, goods::seal(vault, false, print, line))
}

/// The fingerprint by which two shops with one token are recognised.
pub fn token_print(vault: &Vault, token: &Secret) -> Fingerprint {
    vault.fingerprint("token", token.expose().as_bytes())
}

/// The fingerprint by which an owner's invitation is known.
pub fn invitation_print(vault: &Vault, code: &str) -> Fingerprint {
    vault.fingerprint("owner-link", code.as_bytes())
}

/// Seals a bot's token for its tenant.
pub fn seal_token(vault: &Vault, tenant: &TenantId, token: &Secret) -> Sealed {
    vault.seal(&token_owner(tenant), token.expose().as_bytes())
}

/// Opens a bot's token.
///
/// # Errors
/// [`OpenError`] when a vault key is missing or the value was changed.
pub fn open_token(vault: &Vault, tenant: &TenantId, sealed: &Sealed) -> Result<Secret, OpenError> {
    let bytes = vault.open(&token_owner(tenant), sealed)?;
    Ok(Secret::new(String::from_utf8_lossy(bytes.expose()).into_owned()))
}

fn token_owner(tenant: &TenantId) -> String {
    format!("token:{tenant}")
}

impl Chats {
    /// Waits for a batch; what is not handled in time goes to the inbox, durably.
    async fn settle(&self, batch: &BatchOfUpdates, jobs: &[Rc<Job>]) {
        let fleet = &self.shop().fleet;
        let spill_after = fleet.settings.spill_after;
        loop {
            tokio::select! {
                biased;
                () = batch.handled() => return,
                () = fleet.clock.sleep(spill_after) => {}
            }
            // A full inbox stops the pump: what it cannot hold stays with Telegram.
            if self.spilled() >= fleet.settings.inbox_max {
                continue;
            }
            let late: Vec<_> =
                jobs.iter().filter(|job| !job.is_done() && !job.spilled.get()).collect();
            let records = late.iter().map(|job| self.spill(job)).collect();
            if let Ok(mut waiting) = fleet.core.committer().save(records).await
                && matches!(waiting.answer().await, Ok(Ok(_)))
            {
                for job in late {
                    if !self.note_spilled(job) {
                        self.unspill(job.raw.id).await;
                    }
                }
                return;
            }
        }
    }

    /// An update for the inbox: sealed, because it may hold anything.
    fn spill(&self, job: &Job) -> Record {
        let text = job.raw.value.to_string();
        let owner = inbox_owner(self.shop().bot.number(), job.raw.id);
        let sealed = self.shop().fleet.vault.seal(&owner, text.as_bytes());
        Record::InboxPut(InboxRecord { bot: self.shop().bot, update: job.raw.id, sealed })
    }

    /// Takes up what the last run left in the inbox.
    async fn recover_inbox(&self) -> Result<(), crate::store::StoreError> {
        let shop = self.shop();
        // All of it: the bound may have been larger then, and one poll may stand above it.
        for record in shop.fleet.store.inbox(shop.bot, u32::MAX).await? {
            let owner = inbox_owner(record.bot.number(), record.update);
            let opened = shop.fleet.vault.open(&owner, &record.sealed).ok();
            let value = opened.and_then(|bytes| serde_json::from_slice(bytes.expose()).ok());
            let raw = value.and_then(RawUpdate::new);
            match raw.and_then(|raw| Some((read(&raw)?, raw))) {
                Some((inbound, raw)) => drop(self.enter(raw, inbound, true, None)),
                None => {
                    tracing::error!(update = record.update, "a spilled update cannot be read");
                    self.bury(record.update, "unreadable", true).await;
                }
            }
        }
        Ok(())
    }
}

fn inbox_owner(bot: i64, update: u64) -> String {
    format!("inbox:{bot}:{update}")
}
