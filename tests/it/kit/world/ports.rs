//! The ports of a world that can be stopped between any two steps.
//!
//! Everything that leaves the fleet goes through one of two gates: a commit and a call of the Bot
//! API. Both, and every probe, count as steps of the [`Trip`]. At the step it was set for, the fleet
//! is as good as dead: no gate opens again, so whatever it still does in memory has no effect, exactly
//! as if the process had been killed there.

use shopfleet::clock::{Clock, VirtualClock};
use shopfleet::domain::chronicle::Chronicle;
use shopfleet::domain::command::CommandKey;
use shopfleet::domain::event::Event;
use shopfleet::domain::id::{AgentId, ChatId, ItemId, OrderId, TenantId, UserId, WithdrawalId};
use shopfleet::domain::ledger::LedgerEvent;
use shopfleet::domain::money::Money;
use shopfleet::domain::order::Order;
use shopfleet::domain::outcome::Outcome;
use shopfleet::domain::sealed::{Fingerprint, Sealed};
use shopfleet::domain::set_aside::SetAside;
use shopfleet::domain::time::Timestamp;
use shopfleet::domain::withdrawal::Withdrawal;
use shopfleet::secret::Secret;
use shopfleet::store::batch::{Batch, DialogRecord, InboxRecord, Profile, Record};
use shopfleet::store::faults::{Fault, FaultScript};
use shopfleet::store::journal::StoredRecord;
use shopfleet::store::query::{AgentBalances, OrderQuery, Page, Unjournalled, WithdrawalQuery};
use shopfleet::store::{Answer, CommitError, Head, Loaded, SharedStore, Store};
use shopfleet::telegram::transport::{ApiCall, ApiError, SharedTransport, Transport};
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What tests leave locked by a panic that they asked for is whole: every change is one statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Virtual time that goes on from one runtime to the next.
pub(super) struct WorldClock(Mutex<VirtualClock>);

impl WorldClock {
    /// Call it inside the paused runtime.
    pub(super) fn starting_at(origin: Timestamp) -> Self {
        Self(Mutex::new(VirtualClock::starting_at(origin)))
    }

    /// Goes on at `origin` by the clock of the present runtime.
    pub(super) fn go_on_at(&self, origin: Timestamp) {
        *lock(&self.0) = VirtualClock::starting_at(origin);
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        lock(&self.0).now()
    }

    fn sleep_until(&self, at: Timestamp) -> futures_util::future::BoxFuture<'static, ()> {
        let clock = *lock(&self.0);
        clock.sleep_until(at)
    }
}

/// Counts steps and ends the world at one of them.
#[derive(Default)]
pub(super) struct Trip {
    state: Mutex<TripState>,
    pub(super) crashed: Notify,
}

#[derive(Default)]
struct TripState {
    steps: u64,
    crash_at: Option<u64>,
    dead: bool,
}

impl Trip {
    /// Ends the world at the `steps`-th step from now.
    pub(super) fn arm(&self, steps: u64) {
        let mut state = lock(&self.state);
        state.crash_at = Some(state.steps + steps);
    }

    /// Nothing is to end any more, and what had ended may begin again.
    pub(super) fn disarm(&self) {
        let mut state = lock(&self.state);
        state.crash_at = None;
        state.dead = false;
    }

    pub(super) fn is_dead(&self) -> bool {
        lock(&self.state).dead
    }

    /// One step, for code that cannot wait.
    pub(super) fn step(&self) {
        let mut state = lock(&self.state);
        state.steps += 1;
        if state.crash_at == Some(state.steps) {
            state.dead = true;
            self.crashed.notify_one();
        }
    }

    /// One step; a dead world never gets past it.
    async fn pass(&self) {
        self.step();
        self.stay_if_dead().await;
    }

    async fn stay_if_dead(&self) {
        if self.is_dead() {
            pending::<()>().await;
        }
    }
}

/// Which commits a fault is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// That with an order.
    Order,
    /// That with an order of this customer, whatever else is in it.
    OrderOf(UserId),
    /// That with a delivery mark.
    Delivery,
    /// That with nothing but a chat's state.
    Dialog,
    /// That with the state of this chat.
    DialogOf(i64),
}

impl Write {
    fn is(self, batch: &Batch) -> bool {
        let mut events = batch.entries.iter().flat_map(|entry| &entry.events);
        let chat_of = |record: &Record| match record {
            Record::Dialog(dialog) => Some(dialog.chat.number()),
            _ => None,
        };
        match self {
            Self::Order => {
                events.any(|event| matches!(event, Event::Ledger(LedgerEvent::OrderPlaced(_))))
            }
            Self::OrderOf(user) => events.any(|event| {
                matches!(event, Event::Ledger(LedgerEvent::OrderPlaced(order)) if order.user == user)
            }),
            Self::Delivery => events
                .any(|event| matches!(event, Event::Ledger(LedgerEvent::DeliveryChanged { .. }))),
            Self::Dialog => {
                batch.entries.is_empty() && batch.records.iter().any(|r| chat_of(r).is_some())
            }
            Self::DialogOf(chat) => batch.records.iter().any(|r| chat_of(r) == Some(chat)),
        }
    }
}

/// Which commits are to fail, and what was written.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) faults: Mutex<Vec<(Write, Fault, u32)>>,
    /// Updates that were given up, with the reason.
    pub(super) dead_letters: Mutex<Vec<(u64, String)>>,
}

impl Plan {
    fn fault_for(&self, batch: &Batch) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        let (_, fault, left) =
            faults.iter_mut().find(|(write, _, left)| *left > 0 && write.is(batch))?;
        *left -= 1;
        Some(*fault)
    }

    fn note(&self, batch: &Batch) {
        for record in &batch.records {
            if let Record::DeadLetter { update, reason, .. } = record {
                lock(&self.dead_letters).push((*update, reason.clone()));
            }
        }
    }
}

/// The store of a world: the plan says which commits fail, the trip whether any happen at all.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) inner: SharedStore,
    pub(super) script: FaultScript,
    pub(super) plan: Arc<Plan>,
    pub(super) trip: Arc<Trip>,
}

macro_rules! pass_on {
    ($($name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($arg: $kind),*) -> Answer<$answer> {
            self.inner.$name($($arg),*)
        })*
    };
}

impl Store for Gate {
    fn begin_epoch(&self) -> Answer<Head> {
        let this = self.clone();
        Box::pin(async move {
            this.trip.pass().await;
            this.inner.begin_epoch().await
        })
    }

    fn commit(
        &self,
        batch: Arc<Batch>,
    ) -> futures_util::future::BoxFuture<'static, Result<Head, CommitError>> {
        let this = self.clone();
        Box::pin(async move {
            this.trip.pass().await;
            if let Some(fault) = this.plan.fault_for(&batch) {
                this.script.then(fault);
            }
            let written = this.inner.commit(batch.clone()).await;
            if written.is_ok() {
                this.plan.note(&batch);
            }
            this.trip.pass().await;
            written
        })
    }

    fn leads(&self) -> bool {
        self.inner.leads()
    }

    fn lost(&self) -> futures_util::future::BoxFuture<'static, ()> {
        self.inner.lost()
    }

    pass_on! {
        head() -> Head;
        load(ids_since: Timestamp) -> Loaded;
        outcome(key: CommandKey) -> Option<Outcome>;
        order(id: OrderId) -> Option<Order>;
        orders(query: OrderQuery) -> Page<Order>;
        balance(tenant: TenantId, user: UserId) -> Money;
        agent_balances(agent: AgentId) -> AgentBalances;
        withdrawals(query: WithdrawalQuery) -> Page<Withdrawal>;
        withdrawal(id: WithdrawalId) -> Option<Withdrawal>;
        goods(items: Vec<ItemId>) -> Vec<(Fingerprint, Sealed)>;
        missing_goods() -> Vec<ItemId>;
        unjournalled() -> Unjournalled;
        put_blob(content: Fingerprint, sealed: Sealed, at: Timestamp) -> ();
        drop_orphans(before: Timestamp) -> u64;
        forget_answers(before: Timestamp, limit: u32) -> u64;
        chronicle() -> (Head, Chronicle);
        known_contents(contents: Vec<Fingerprint>) -> Vec<Fingerprint>;
        token(tenant: TenantId) -> Option<Sealed>;
        dialog(tenant: TenantId, chat: ChatId) -> Option<DialogRecord>;
        profile(tenant: TenantId, user: UserId) -> Option<Profile>;
        inbox(bot: UserId, limit: u32) -> Vec<InboxRecord>;
        set_aside(skip: u32, limit: u32) -> Page<SetAside>;
        meta(name: &'static str) -> Option<String>;
        meta_once(name: &'static str, value: String) -> String;
        journal(after: u64, limit: u32) -> Vec<StoredRecord>;
    }
}

/// One call that reached Telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Called {
    /// When, in milliseconds.
    pub(crate) at: i64,
    pub(crate) bot: String,
    pub(crate) method: &'static str,
    pub(crate) params: String,
}

/// The wire of a world: writes down every call, and opens while the trip lets it.
#[derive(Clone)]
pub(super) struct Wire {
    pub(super) inner: SharedTransport,
    pub(super) clock: Arc<WorldClock>,
    pub(super) trip: Arc<Trip>,
    pub(super) calls: Arc<Mutex<Vec<Called>>>,
}

impl Transport for Wire {
    fn call(
        &self,
        call: ApiCall,
    ) -> futures_util::future::BoxFuture<'static, Result<serde_json::Value, ApiError>> {
        let this = self.clone();
        Box::pin(async move {
            // Idle polls are no steps, or every second crash would hit one.
            let counts = call.method != "getUpdates";
            if counts {
                this.trip.pass().await;
            }
            this.trip.stay_if_dead().await;
            let bot = call.token.expose().split(':').next().unwrap_or_default().to_owned();
            lock(&this.calls).push(Called {
                at: this.clock.now().ms(),
                bot,
                method: call.method,
                params: call.params.to_string(),
            });
            let answer = this.inner.call(call).await;
            if counts {
                this.trip.pass().await;
            }
            answer
        })
    }

    fn download(
        &self,
        token: Secret,
        file_path: String,
    ) -> futures_util::future::BoxFuture<'static, Result<bytes::Bytes, ApiError>> {
        self.inner.download(token, file_path)
    }
}
