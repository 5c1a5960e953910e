//! The composition root: the only file that knows every part and puts them together.
//!
//! [`Fleet::start`] takes ports and numbers, so that `run`, `demo` and the tests start the same fleet
//! on different clocks, stores and wires. Everything that can be wrong with an installation is found
//! here, before the first bot speaks, and said in a sentence.

use crate::actors::{
    Bots, Core, CoreLimits, CoreParts, Housekeeper, Lag, Post, PostParts, Probe, Settings,
    Statuses, Supervisor, SupervisorHandle, SupervisorParts, seal_token, token_print,
};
use crate::clock::{SharedClock, SystemClock};
use crate::config::{self, Config, StoreUrl};
use crate::domain::access::Access;
use crate::domain::catalog::NAME_MAX;
use crate::domain::command::{Caller, Command};
use crate::domain::fleet::BotLimits;
use crate::domain::id::{TenantId, UserId};
use crate::domain::ledger::{LedgerCommand, Rules};
use crate::domain::sealed::Sealed;
use crate::domain::tenant::BotIdentity;
use crate::domain::time::Millis;
use crate::placement::{OneThread, SharedPlacement};
use crate::random::SharedRandom;
use crate::store::batch::Record;
use crate::store::memory::{MemoryDisk, MemoryStore};
use crate::store::mongo::{LeaseTerms, MongoStore};
use crate::store::sqlite::SqliteStore;
use crate::store::{SharedStore, StoreError};
use crate::telegram::client::Client;
use crate::telegram::leading::LeadingTransport;
use crate::telegram::outbox::Limits;
use crate::telegram::pump::PumpConfig;
use crate::telegram::text::{Lang, TextError, Texts};
use crate::telegram::token::BotToken;
use crate::telegram::transport::{ApiError, SharedTransport};
use crate::trace::Recorder;
use crate::trace::files::{Keep, Writer};
use crate::trace::record::Header;
use crate::vault::{OpenError, Vault, VaultError};
use std::sync::{Arc, OnceLock};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// The name under which the vault's fingerprint key is kept, sealed, in the store.
const FINGERPRINT_KEY: &str = "fingerprint_key";

/// Files of paid goods in memory at once; each is at most 20 MB, sealed and opened.
const FILES_IN_MEMORY: usize = 4;

/// What a fleet runs on.
#[derive(Clone)]
pub struct Ports {
    /// The durable state.
    pub store: SharedStore,
    /// The wire to Telegram.
    pub transport: SharedTransport,
    /// Time and timers.
    pub clock: SharedClock,
    /// Randomness.
    pub random: SharedRandom,
    /// Threads.
    pub placement: SharedPlacement,
    /// Where tests may look.
    pub probe: Probe,
    /// How long requests to the core and its answers take.
    pub lag: Lag,
    /// What takes down what is decided: [`Recorder::off`], [`record`], or a simulation's.
    pub recorder: Recorder,
}

/// Why a fleet does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration lacks something.
    #[error("{0}")]
    Missing(&'static str),
    /// The store cannot be used.
    #[error("the store cannot be used: {0}")]
    Store(#[source] StoreError),
    /// The vault's keys cannot be used.
    #[error("`vault.keys` cannot be used: {0}")]
    Keys(#[source] VaultError),
    /// The keys are not those this store was sealed with.
    #[error("none of `vault.keys` opens this store: {0}")]
    WrongKeys(#[source] OpenError),
    /// The texts are not complete.
    #[error("the texts cannot be used: {0}")]
    Texts(#[source] TextError),
    /// Telegram refuses the master's token.
    #[error("telegram refuses `telegram.master_token`; take the present one from @BotFather")]
    MasterToken,
    /// Telegram cannot be asked about the master's token.
    #[error("telegram cannot be asked about `telegram.master_token`: {0}")]
    Telegram(#[source] ApiError),
    /// The master's bot is an agent's.
    #[error("the master's bot cannot be registered: {0}")]
    Master(String),
    /// There is no place for the trace.
    #[error("the trace cannot be written to `trace.dir`: {0}")]
    Trace(#[source] std::io::Error),
    /// The core ended before it took requests.
    #[error("the core did not start; the log says why")]
    Core,
}

/// A running fleet.
#[derive(Clone)]
pub struct Fleet {
    /// The way to the core.
    pub core: Core,
    /// The way to the Supervisor.
    pub supervisor: SupervisorHandle,
    /// How bots are.
    pub statuses: Statuses,
    /// Seals and opens.
    pub vault: Arc<Vault>,
    store: SharedStore,
}

/// Opens the store that the configuration names, to write in it. Where another process leads and may
/// end, it waits for that. A driver with sockets lives on `sockets`.
///
/// # Errors
/// [`StoreError`] says what is wrong with it.
pub async fn open_store(
    store: &config::Store,
    sockets: &Handle,
) -> Result<SharedStore, StoreError> {
    match &store.url {
        StoreUrl::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path)?)),
        StoreUrl::Mongodb(url) => {
            let terms = LeaseTerms { ttl: seconds(store.lease_s), patience: None };
            Ok(Arc::new(MongoStore::open(url, terms, sockets).await?))
        }
    }
}

/// Opens a store that exists, to read it: beside a working fleet where the store allows it.
///
/// # Errors
/// [`StoreError`] says what is wrong with it.
pub async fn open_store_to_read(
    store: &config::Store,
    sockets: &Handle,
) -> Result<SharedStore, StoreError> {
    match &store.url {
        StoreUrl::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path)?)),
        StoreUrl::Mongodb(url) => Ok(Arc::new(MongoStore::read_only(url, sockets).await?)),
    }
}

/// Starts the recorder that the configuration asks for. The writer goes last: dropping it writes what
/// is left.
///
/// # Errors
/// [`StartError::Trace`] when its folder cannot be used.
pub fn record(
    config: &Config,
    random: &SharedRandom,
) -> Result<(Recorder, Option<Writer>), StartError> {
    let trace = &config.trace;
    if !trace.enabled {
        return Ok((Recorder::off(), None));
    }
    let keep = Keep {
        dir: trace.dir.clone(),
        rotate_bytes: u64::from(trace.rotate_mb) * 1024 * 1024,
        rotate_after: hours(trace.rotate_hours),
        files: trace.keep_files,
        queue: trace.queue_records,
    };
    let (recorder, writer) =
        Writer::start(keep, header(config), &**random).map_err(StartError::Trace)?;
    Ok((recorder, Some(writer)))
}

/// What a trace says of the configuration: the numbers that decisions read.
pub fn header(config: &Config) -> Header {
    let program = env!("CARGO_PKG_VERSION").to_owned();
    Header { program, rules: rules(config), access: access(config) }
}

impl Fleet {
    /// Starts core, Supervisor and bots. Call it inside an actix System.
    ///
    /// # Errors
    /// [`StartError`]; nothing keeps running.
    pub async fn start(config: &Config, mut ports: Ports) -> Result<Self, StartError> {
        let wire = LeadingTransport::new(ports.transport.clone(), ports.store.clone());
        ports.transport = Arc::new(wire);
        let token = config.telegram.master_token.as_ref();
        let token = token.ok_or(StartError::Missing("`telegram.master_token` is not set"))?;
        let texts = Arc::new(Texts::load().map_err(StartError::Texts)?);
        let vault = Arc::new(open_vault(config, &ports).await?);
        let identity = identify(token, &vault, &ports).await?;
        let core = Core::start(CoreParts {
            store: ports.store.clone(),
            clock: ports.clock.clone(),
            placement: ports.placement.clone(),
            probe: ports.probe.clone(),
            lag: ports.lag.clone(),
            recorder: ports.recorder.clone(),
            rules: rules(config),
            access: access(config),
            limits: core_limits(config),
        });
        if !core.ready().await {
            return Err(StartError::Core);
        }
        if let Some((name, bot)) = identity {
            register_master(&core, token, name, bot, &vault).await?;
        }
        Ok(Self::start_bots(config, ports, core, vault, texts))
    }

    fn start_bots(
        config: &Config,
        ports: Ports,
        core: Core,
        vault: Arc<Vault>,
        texts: Arc<Texts>,
    ) -> Self {
        let statuses = Statuses::default();
        let post = Post::new(PostParts {
            store: ports.store.clone(),
            views: core.views().clone(),
            placement: ports.placement.clone(),
            texts: texts.clone(),
            admins: config.admins.iter().copied().collect(),
            default_language: language(config),
            zone: config.shop.zone.offset(),
        });
        actix_rt::spawn(post.clone().tell_of_set_aside());
        let handle = Arc::new(OnceLock::new());
        let fleet = crate::actors::BotFleet {
            core: core.clone(),
            store: ports.store.clone(),
            vault: vault.clone(),
            transport: ports.transport,
            clock: ports.clock.clone(),
            random: ports.random.clone(),
            placement: ports.placement,
            probe: ports.probe,
            texts,
            statuses: statuses.clone(),
            post: post.clone(),
            supervisor: handle.clone(),
            files: Arc::new(Semaphore::new(FILES_IN_MEMORY)),
            settings: Arc::new(settings(config)),
        };
        let supervisor = Supervisor::start_with(SupervisorParts {
            views: core.views().clone(),
            clock: ports.clock.clone(),
            random: ports.random,
            limits: bot_limits(config),
            statuses: statuses.clone(),
            post,
            recorder: ports.recorder,
            factory: Box::new(Bots::new(fleet, pump_config(config))),
        });
        let _ = handle.set(supervisor.clone());
        let housekeeper = Housekeeper {
            ledger: core.ledger(),
            store: ports.store.clone(),
            clock: ports.clock,
            keep_ids: hours(config.shop.command_ids_h),
            every: minutes(config.shop.maturity_every_min),
            batch: u32::try_from(config.shop.maturity_batch).unwrap_or(u32::MAX),
        };
        actix_rt::spawn(housekeeper.run());
        Self { core, supervisor, statuses, vault, store: ports.store }
    }

    /// Ends in order: bots stop listening and send what they have to say, for as long as `bots.drain_s`
    /// allows; then the core finishes what is in its pipeline, and the lease is given back.
    pub async fn stop(&self) {
        self.supervisor.stop().await;
        self.core.stop();
        self.core.ended().await;
        self.store.close().await;
    }
}

/// The vault with its fingerprint key, which is made once and kept sealed in the store.
async fn open_vault(config: &Config, ports: &Ports) -> Result<Vault, StartError> {
    if config.vault.keys.is_empty() {
        return Err(StartError::Missing(
            "`vault.keys` is not set; `shopfleet keys generate` prints one",
        ));
    }
    let vault = Vault::new(config.vault.keys.clone(), ports.random.clone());
    let vault = vault.map_err(StartError::Keys)?;
    let fresh = vault.new_fingerprint_key().text().to_owned();
    let stored = ports.store.meta_once(FINGERPRINT_KEY, fresh).await.map_err(StartError::Store)?;
    vault.with_fingerprint_key(&Sealed::from_text(stored)).map_err(StartError::WrongKeys)
}

/// Asks Telegram whose token it is. A store that knows the token already can start without Telegram.
async fn identify(
    token: &BotToken,
    vault: &Vault,
    ports: &Ports,
) -> Result<Option<(String, BotIdentity)>, StartError> {
    let secret = token.secret();
    match Client::new(ports.transport.clone(), secret.clone()).get_me().await {
        Ok(me) => {
            let bot = BotIdentity {
                id: UserId::new(token.bot_id()),
                username: me.username().to_owned(),
                token: token_print(vault, secret),
            };
            // Telegram's display names are longer than ours may be.
            let name = me.user.first_name.chars().take(NAME_MAX).collect();
            Ok(Some((name, bot)))
        }
        Err(ApiError::Unauthorized | ApiError::NotFound) => Err(StartError::MasterToken),
        Err(error) => {
            let known = ports.store.token(TenantId::Master).await.map_err(StartError::Store)?;
            let same = known.is_some_and(|sealed| {
                let opened = crate::actors::open_token(vault, &TenantId::Master, &sealed);
                opened.is_ok_and(|known| known == *secret)
            });
            if same { Ok(None) } else { Err(StartError::Telegram(error)) }
        }
    }
}

/// Makes the master's shop known to the core, with its sealed token.
async fn register_master(
    core: &Core,
    token: &BotToken,
    name: String,
    bot: BotIdentity,
    vault: &Vault,
) -> Result<(), StartError> {
    let sealed = seal_token(vault, &TenantId::Master, token.secret());
    let id = format!("master:{}", bot.token).parse();
    let command = Command {
        id: id.map_err(|_| StartError::Core)?,
        tenant: TenantId::Master,
        caller: Caller::System,
        body: LedgerCommand::RegisterMaster { name, bot },
    };
    let record = Record::Token { tenant: TenantId::Master, sealed };
    let waiting = core.ledger().execute(command, vec![record]).await;
    let answer = waiting.map_err(|_| StartError::Core)?.answer().await;
    match answer.map_err(|_| StartError::Core)? {
        Ok(_) => Ok(()),
        Err(rejection) => Err(StartError::Master(rejection.to_string())),
    }
}

/// The business numbers of a configuration.
pub fn rules(config: &Config) -> Rules {
    let shop = &config.shop;
    Rules {
        maturity: hours(shop.maturity_h),
        withdrawal_min: shop.withdrawal_min,
        withdrawal_fee: shop.withdrawal_fee,
        quote_ttl: minutes(shop.quote_ttl_min),
        quantity_max: shop.max_quantity,
        markup_percent_max: shop.markup_percent_max,
        owner_link_ttl: hours(shop.owner_link_ttl_h),
        keep_ids: hours(shop.command_ids_h),
    }
}

/// The people with a role.
pub fn access(config: &Config) -> Access {
    Access { admins: config.admins.iter().copied().collect() }
}

/// The pipeline's bounds.
pub fn core_limits(config: &Config) -> CoreLimits {
    /// A restart of the core takes a fraction of this.
    const PATIENCE: Millis = Millis::from_secs(5);
    let core = &config.core;
    CoreLimits {
        permits: core.permits,
        permit_bytes: core.permit_bytes_mb * 1024 * 1024,
        batch_max: core.batch_max,
        shortage_waiters: core.shortage_waiters,
        patience: PATIENCE,
        restarts_max: usize::try_from(core.restarts_max).unwrap_or(usize::MAX),
        restarts_window: seconds(core.restarts_window_s),
    }
}

/// Parts of a core without file, socket or thread, under the standard rules: what examples and tests
/// of callers need. Its store takes a millisecond by the machine's clock.
pub fn core_in_memory(admins: impl IntoIterator<Item = UserId>) -> CoreParts {
    let clock: SharedClock = Arc::new(SystemClock);
    let latency = Millis::from_ms(1);
    CoreParts {
        store: Arc::new(MemoryStore::new(MemoryDisk::default(), clock.clone(), latency)),
        clock,
        placement: Arc::new(OneThread),
        probe: Probe::none(),
        lag: Lag::none(),
        recorder: Recorder::off(),
        rules: Rules::standard(),
        access: Access { admins: admins.into_iter().collect() },
        limits: CoreLimits {
            permits: 64,
            permit_bytes: 1 << 20,
            batch_max: 64,
            shortage_waiters: 8,
            patience: Millis::from_secs(5),
            restarts_max: 5,
            restarts_window: Millis::from_secs(60),
        },
    }
}

fn settings(config: &Config) -> Settings {
    let telegram = &config.telegram;
    Settings {
        access: access(config),
        rules: rules(config),
        default_language: language(config),
        zone: config.shop.zone.offset(),
        file_max_mb: config.shop.file_max_mb,
        plain_goods: config.vault.plain_goods,
        inbox_max: telegram.inbox_max,
        chat_inbox_max: telegram.chat_inbox_max,
        outbox: Limits {
            bot_per_s: telegram.budget_per_s,
            chat_per_s: telegram.chat_per_s,
            chat_burst: telegram.chat_burst,
            group_per_min: telegram.group_per_min,
            chat_queue: telegram.chat_queue_max,
            ..Limits::default()
        },
        recording_after: Millis::from_secs(2),
        spill_after: Millis::from_ms(100),
        drain: seconds(config.bots.drain_s),
    }
}

fn bot_limits(config: &Config) -> BotLimits {
    let bots = &config.bots;
    BotLimits {
        backoff_min: Millis::from_ms(i64::from(bots.backoff_min_ms)),
        backoff_max: seconds(bots.backoff_max_s),
        restarts_max: usize::try_from(bots.restarts_max).unwrap_or(usize::MAX),
        restarts_window: seconds(bots.restarts_window_s),
        probe_every: seconds(bots.circuit_probe_s),
    }
}

fn pump_config(config: &Config) -> PumpConfig {
    PumpConfig {
        poll_timeout: seconds(config.telegram.poll_timeout_s),
        backoff_min: Millis::from_ms(i64::from(config.bots.backoff_min_ms)),
        backoff_max: seconds(config.bots.backoff_max_s),
        ..PumpConfig::default()
    }
}

fn language(config: &Config) -> Lang {
    match config.shop.default_language {
        config::Language::En => Lang::En,
        config::Language::Zh => Lang::Zh,
    }
}

fn hours(count: u32) -> Millis {
    Millis::from_hours(i64::from(count))
}

fn minutes(count: u32) -> Millis {
    Millis::from_secs(i64::from(count) * 60)
}

fn seconds(count: u32) -> Millis {
    Millis::from_secs(i64::from(count))
}
