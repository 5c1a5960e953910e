//! Starting a bot: token, outbox, what the last run left, actor, pump; and ending it in order.

use super::chat::Chats;
use super::delivery::Courier;
use super::shop::{Fleet, Shop};
use super::{BotActor, Halt, Take, open_token};
use crate::actors::supervisor::{BotEnd, BotFactory, BotNews, ReportLine, StopSwitch};
use crate::domain::tenant::Tenant;
use crate::telegram::client::Client;
use crate::telegram::outbox::Outbox;
use crate::telegram::pump::{Ended, Health, Pump, PumpConfig, Taken, UpdateSink, stop_pair};
use crate::telegram::screen::notices;
use crate::telegram::text::{Lang, Voice};
use crate::telegram::update::RawUpdate;
use actix::{Actor, Addr};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use tokio::sync::{oneshot, watch};

/// Starts BotActors; what the Supervisor is given in production and simulation alike.
pub struct Bots {
    fleet: Fleet,
    pump: PumpConfig,
}

impl Bots {
    /// A factory of this fleet's bots.
    pub const fn new(fleet: Fleet, pump: PumpConfig) -> Self {
        Self { fleet, pump }
    }
}

impl BotFactory for Bots {
    fn start(&self, tenant: &Tenant, line: ReportLine) -> StopSwitch {
        let (switch, stop) = StopSwitch::new();
        let (fleet, pump, tenant) = (self.fleet.clone(), self.pump, tenant.clone());
        let shard = tenant.bot.id.number().unsigned_abs();
        self.fleet.placement.on_bots(
            shard,
            Box::new(move || {
                actix_rt::spawn(async move {
                    let run = live(fleet, pump, tenant, &line, stop);
                    let end = AssertUnwindSafe(run).catch_unwind().await;
                    line.tell(BotNews::Ended(end.unwrap_or(BotEnd::Panicked))).await;
                });
            }),
        );
        switch
    }
}

/// One run of a bot, from its token to its end.
async fn live(
    fleet: Fleet,
    pump: PumpConfig,
    tenant: Tenant,
    line: &ReportLine,
    mut stop: watch::Receiver<bool>,
) -> BotEnd {
    let client = match client(&fleet, &tenant).await {
        Ok(client) => client,
        Err(reason) => return BotEnd::Failed(reason),
    };
    let outbox =
        Outbox::start(client.clone(), fleet.clock.clone(), fleet.settings.outbox, |work| {
            drop(actix_rt::spawn(work));
        });
    let shop = Rc::new(Shop {
        tenant: tenant.id.clone(),
        bot: tenant.bot.id,
        username: tenant.bot.username.clone(),
        client: client.clone(),
        outbox: outbox.clone(),
        fleet: fleet.clone(),
    });
    let courier = Courier::new(shop.clone());
    let chats = Chats::new(shop, courier.clone());
    if let Err(error) = chats.recover_inbox().await {
        return BotEnd::Failed(error.to_string());
    }
    if let Err(error) = courier.recover(None).await {
        return BotEnd::Failed(error.to_string());
    }
    fleet.post.open(&tenant.id, line.run(), outbox);
    actix_rt::spawn(publish_commands(fleet.clone(), client.clone()));
    actix_rt::spawn(courier.clone().sweep());
    let (ended, end) = oneshot::channel();
    let actor = BotActor { chats, ended: Some(ended) }.start();
    let ear = Ear { bot: actor.clone(), line: line.clone() };
    let random = fleet.random.clone();
    let draw = move || {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    };
    let (hold, signal) = stop_pair();
    let pump = Pump::new(client, fleet.clock.clone(), pump, ear, draw);
    let end = tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => BotEnd::Stopped,
        // An actor that drops its end unused died of a panic.
        end = end => end.unwrap_or(BotEnd::Panicked),
        ended = pump.run(signal) => match ended {
            Ended::Stopped => BotEnd::Stopped,
            Ended::TokenRefused => BotEnd::TokenRefused,
            Ended::Conflict => BotEnd::Conflict,
        },
    };
    drop(hold);
    courier.stop();
    // After a conflict or a failure the bot can still send: its owner is told through it.
    if matches!(end, BotEnd::Stopped | BotEnd::TokenRefused) {
        fleet.post.close(&tenant.id, line.run());
    }
    // An actor that is gone needs no telling.
    let _ = actor.send(Halt).await;
    end
}

/// The client of a tenant's bot, or why there is none, in words without any secret.
async fn client(fleet: &Fleet, tenant: &Tenant) -> Result<Client, String> {
    let sealed = fleet.store.token(tenant.id.clone()).await.map_err(|error| error.to_string())?;
    let sealed = sealed.ok_or("the store has no token of this bot")?;
    let token = open_token(&fleet.vault, &tenant.id, &sealed).map_err(|error| error.to_string())?;
    Ok(Client::new(fleet.transport.clone(), token))
}

/// Sets the menu of commands in every language, English for everybody else. A menu that cannot be
/// set is missed by nobody who taps.
async fn publish_commands(fleet: Fleet, client: Client) {
    for lang in Lang::ALL {
        let voice = Voice { texts: &fleet.texts, lang, zone: fleet.settings.zone };
        let list = notices::command_list(voice);
        let list: Vec<_> = list.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let code = (lang != Lang::En).then(|| lang.word());
        if let Err(error) = client.set_my_commands(&list, code).await {
            tracing::debug!(%error, "the menu of commands is not set");
        }
    }
}

/// Between pump and actor.
struct Ear {
    bot: Addr<BotActor>,
    line: ReportLine,
}

impl UpdateSink for Ear {
    async fn take(&self, updates: Vec<RawUpdate>) -> Taken {
        let (taken, answer) = oneshot::channel();
        let sent = self.bot.send(Take { updates, taken }).await;
        if sent.is_ok() && answer.await.is_ok() { Taken::Safe } else { Taken::NotYet }
    }

    fn health(&self, health: Health) {
        match health {
            Health::Receiving => {
                let line = self.line.clone();
                actix_rt::spawn(async move { line.tell(BotNews::Running).await });
            }
            Health::Trouble { error, .. } => tracing::warn!(%error, "a bot does not hear"),
        }
    }
}
