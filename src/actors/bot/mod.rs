//! BotActor: one bot, from its updates to its answers.
//!
//! It owns the chats' queues, the outbox and the deliveries of one tenant's bot. The pump hands it
//! updates in batches; each chat works through its own, one after the other, all chats at once. What a
//! chat wants done goes through the handles of the core; a panic in a chat is that chat's, a panic of
//! the actor ends the bot and the Supervisor starts a fresh one (DESIGN.md, sections 5 and 6).

mod chat;
mod clerk;
mod crew;
mod delivery;
mod goods;
mod herald;
mod inbox;
mod mailroom;
mod memory;
mod say;
mod shop;
mod start;
mod step;
mod upload;

pub use shop::{Fleet, Settings};
pub use start::Bots;

use crate::actors::probe::Point;
use crate::domain::fleet::BotEnd;
use crate::domain::id::TenantId;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::secret::Secret;
use crate::telegram::inbound::{self, Inbound};
use crate::telegram::update::{RawUpdate, Read};
use crate::vault::{OpenError, Vault};
use actix::{Actor, ActorContext, Context, Handler};
use chat::Chats;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
            self.chats.take(message.updates, message.taken);
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
}

/// What a person did, if a person did anything; and whatever anybody wrote that holds a token: an
/// edit, a post of a channel, a kind of message that nothing else is read from.
fn read(raw: &RawUpdate) -> Option<Inbound> {
    let known = match raw.read() {
        Read::Update(update) => inbound::read(raw.id, &update),
        Read::OtherKind => None,
        Read::Unreadable(unreadable) => {
            tracing::warn!(%unreadable, "an update is passed over");
            None
        }
    };
    if known.as_ref().is_some_and(|known| known.incoming.content.holds_token()) {
        return known;
    }
    inbound::overhear(raw).or(known)
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
