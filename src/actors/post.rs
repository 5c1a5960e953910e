//! The post: messages to people who did not just ask. Each goes out through the bot of its shop.
//!
//! Notices are kind, not owed: they wait in the bot's outbox behind replies, and one that cannot be
//! sent is forgotten. What is owed (goods) does not travel by post.

use super::views::{SetAside, ViewHandle};
use crate::domain::fleet::BotState;
use crate::domain::id::{ChatId, TenantId, UserId};
use crate::placement::SharedPlacement;
use crate::store::SharedStore;
use crate::telegram::outbox::{Outbox, Outgoing};
use crate::telegram::screen::Screen;
use crate::telegram::screen::notices::{self, BotTrouble};
use crate::telegram::text::{Lang, Texts, Voice};
use chrono::FixedOffset;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::broadcast::error::RecvError;

/// Everybody's way to send a notice.
#[derive(Clone)]
pub struct Post(Arc<Inner>);

/// What the post is built from.
pub struct PostParts {
    /// Where languages of people are kept.
    pub store: SharedStore,
    /// The published shops.
    pub views: ViewHandle,
    /// Where notices are sent from.
    pub placement: SharedPlacement,
    /// Both languages.
    pub texts: Arc<Texts>,
    /// The admins.
    pub admins: BTreeSet<UserId>,
    /// The language of somebody who has not chosen one.
    pub default_language: Lang,
    /// The operator's zone.
    pub zone: FixedOffset,
}

struct Inner {
    parts: PostParts,
    outboxes: RwLock<BTreeMap<TenantId, (u64, Outbox)>>,
}

impl Post {
    /// A post without bots.
    pub fn new(parts: PostParts) -> Self {
        Self(Arc::new(Inner { parts, outboxes: RwLock::default() }))
    }

    /// A bot runs; its notices go through `outbox`, unless a later run's do.
    pub(super) fn open(&self, tenant: &TenantId, run: u64, outbox: Outbox) {
        let mut outboxes = self.0.outboxes.write().unwrap_or_else(PoisonError::into_inner);
        if outboxes.get(tenant).is_none_or(|(open, _)| *open <= run) {
            outboxes.insert(tenant.clone(), (run, outbox));
        }
    }

    /// A run of a bot has ended. A later run's outbox stays.
    pub(super) fn close(&self, tenant: &TenantId, run: u64) {
        let mut outboxes = self.0.outboxes.write().unwrap_or_else(PoisonError::into_inner);
        if outboxes.get(tenant).is_some_and(|(open, _)| *open == run) {
            outboxes.remove(tenant);
        }
    }

    /// Tells one person through one shop's bot, in his language.
    pub(super) fn tell(
        &self,
        tenant: &TenantId,
        user: UserId,
        write: impl FnOnce(Voice<'_>) -> Screen + Send + 'static,
    ) {
        let outbox = {
            let outboxes = self.0.outboxes.read().unwrap_or_else(PoisonError::into_inner);
            outboxes.get(tenant).map(|(_, outbox)| outbox.clone())
        };
        let Some(outbox) = outbox else { return };
        let (inner, tenant) = (self.0.clone(), tenant.clone());
        self.0.parts.placement.in_background(Box::pin(async move {
            let parts = &inner.parts;
            let profile = parts.store.profile(tenant, user).await.ok().flatten();
            let lang = profile.and_then(|profile| Lang::from_word(&profile.language));
            let lang = lang.unwrap_or(parts.default_language);
            let screen = write(Voice { texts: &parts.texts, lang, zone: parts.zone });
            // A notice that cannot be sent is forgotten: it is shown on the screens as well.
            let _ = outbox.send(Outgoing::notice(ChatId::new(user.number()), screen)).await;
        }));
    }

    /// Tells every admin through the master's bot.
    pub(super) fn tell_admins(&self, write: impl Fn(Voice<'_>) -> Screen + Clone + Send + 'static) {
        for admin in &self.0.parts.admins {
            self.tell(&TenantId::Master, *admin, write.clone());
        }
    }

    /// Tells admins of every command that is set aside, until the fleet ends.
    pub async fn tell_of_set_aside(self) {
        let mut set_aside = self.0.parts.views.watch_set_aside();
        loop {
            match set_aside.recv().await {
                Ok(SetAside { key, what }) => {
                    self.tell_admins(move |voice| notices::set_aside(voice, &key, &what));
                }
                // The store remembers them all.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Tells admins, and the owner through nobody's bot but his own, that a bot does not work. His own
    /// is the one in trouble, so the owner is told only when it can still send.
    pub(super) fn bot_trouble(&self, tenant: &TenantId, state: BotState) {
        let trouble = match state {
            BotState::TokenRefused => BotTrouble::TokenRefused,
            BotState::Conflict => BotTrouble::Conflict,
            BotState::Stopped => BotTrouble::Stopped,
            BotState::Starting | BotState::Running | BotState::Backoff => return,
        };
        let shop = self.0.parts.views.read().tenants.get(tenant).cloned();
        let Some(shop) = shop else { return };
        let (agent, username) = (shop.agent().cloned(), shop.bot.username.clone());
        self.tell_admins(move |voice| {
            notices::bot_trouble(voice, agent.as_ref(), &username, trouble)
        });
        if let Some(owner) = shop.owner
            && trouble != BotTrouble::TokenRefused
        {
            self.tell(tenant, owner, move |voice| notices::own_bot_trouble(voice, trouble));
        }
    }
}
