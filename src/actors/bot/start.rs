//! Starting a bot: token, outbox, what the last run left, actor, pump; and ending it in order.

use super::chat::Chats;
use super::crew::Crew;
use super::delivery::Courier;
use super::shop::{Fleet, Shop};
use super::{BotActor, Halt, Take, open_token};
use crate::actors::probe::Point;
use crate::actors::supervisor::{BotFactory, ReportLine, StopSwitch};
use crate::domain::fleet::{BotEnd, BotNews};
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

/// One run of a bot, from its token to its end. Nothing of it is at work when it returns. It holds
/// `stop` for as long as it lives: whoever stopped it learns by that when it has ended.
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
    let shop = Rc::new(Shop {
        tenant: tenant.id.clone(),
        bot: tenant.bot.id,
        username: tenant.bot.username.clone(),
        outbox: open_outbox(&fleet, &client),
        client,
        fleet,
    });
    let run = Run { shop, crew: Crew::default() };
    let end = AssertUnwindSafe(run.work(pump, line, &mut stop)).catch_unwind().await;
    let end = end.unwrap_or(BotEnd::Panicked);
    run.finish(&end, line).await;
    end
}

/// What works for one run. Whichever way the run ends, a panic included, all of it ends with it.
struct Run {
    shop: Rc<Shop>,
    crew: Crew,
}

impl Drop for Run {
    fn drop(&mut self) {
        self.crew.dismiss();
        self.shop.outbox.close();
    }
}

impl Run {
    /// Takes up what the last run left, then listens until something ends it.
    async fn work(
        &self,
        pump: PumpConfig,
        line: &ReportLine,
        stop: &mut watch::Receiver<bool>,
    ) -> BotEnd {
        let Self { shop, crew } = self;
        let courier = Courier::new(shop.clone(), crew.clone());
        let chats = Chats::new(shop.clone(), courier.clone(), crew.clone());
        if let Err(error) = chats.recover_inbox().await {
            return BotEnd::Failed(error.to_string());
        }
        if let Err(error) = courier.recover(None).await {
            return BotEnd::Failed(error.to_string());
        }
        let fleet = &shop.fleet;
        fleet.post.open(&shop.tenant, line.run(), shop.outbox.clone());
        crew.keep(publish_commands(fleet.clone(), shop.client.clone()));
        crew.keep(courier.sweep());
        fleet.probe.at(Point::Run, &shop.tenant.to_string());
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
        let pump = Pump::new(shop.client.clone(), fleet.clock.clone(), pump, ear, draw);
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
        // An actor that is gone needs no telling.
        let _ = actor.send(Halt).await;
        end
    }

    /// Lets what is under way finish and what waits go out, for a while; then ends the rest. What is
    /// durable comes again in the next run.
    async fn finish(self, end: &BotEnd, line: &ReportLine) {
        let Shop { fleet, tenant, outbox, client, .. } = &*self.shop;
        self.crew.close();
        tokio::select! {
            biased;
            () = async {
                self.crew.idle().await;
                outbox.drained().await;
            } => {}
            () = fleet.clock.sleep(fleet.settings.drain) => {
                tracing::warn!(%tenant, waiting = outbox.stats().queued,
                    "a bot ends before all is done; what is durable comes again");
            }
        }
        self.crew.dismiss();
        self.crew.idle().await;
        outbox.close();
        if matches!(end, BotEnd::Stopped | BotEnd::TokenRefused) {
            fleet.post.close(tenant, line.run());
        } else {
            // After a conflict or a failure the bot can still send: its owner is told through it.
            fleet.post.open(tenant, line.run(), open_outbox(fleet, client));
        }
    }
}

fn open_outbox(fleet: &Fleet, client: &Client) -> Outbox {
    Outbox::start(client.clone(), fleet.clock.clone(), fleet.settings.outbox, |work| {
        drop(actix_rt::spawn(work));
    })
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
