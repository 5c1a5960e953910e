//! The store as one simulated process reaches it: late, failing by plan, or not at all.

use super::lock;
use super::outside::{Outside, STORE_DELAY};
use super::trip::Trip;
use crate::clock::Clock as _;
use crate::domain::chronicle::Chronicle;
use crate::domain::command::CommandKey;
use crate::domain::event::Event;
use crate::domain::id::{AgentId, ChatId, ItemId, OrderId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::LedgerEvent;
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::outcome::Outcome;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::set_aside::SetAside;
use crate::domain::time::{Millis, Timestamp};
use crate::domain::withdrawal::Withdrawal;
use crate::store::batch::{Batch, DialogRecord, InboxRecord, Profile, Record};
use crate::store::faults::Fault;
use crate::store::journal::StoredRecord;
use crate::store::query::{AgentBalances, OrderQuery, Page, Unjournalled, WithdrawalQuery};
use crate::store::{Answer, CommitError, Head, Loaded, SharedStore, Store, StoreError};
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex};

/// Which commits a fault is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// Whichever comes next.
    Any,
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
        let order = |event: &Event, by: Option<UserId>| {
            matches!(event, Event::Ledger(LedgerEvent::OrderPlaced(order))
                if by.is_none_or(|user| order.user == user))
        };
        let chat_of = |record: &Record| {
            if let Record::Dialog(dialog) = record { Some(dialog.chat.number()) } else { None }
        };
        match self {
            Self::Any => true,
            Self::Order => events.any(|event| order(event, None)),
            Self::OrderOf(user) => events.any(|event| order(event, Some(user))),
            Self::Delivery => events
                .any(|event| matches!(event, Event::Ledger(LedgerEvent::DeliveryChanged { .. }))),
            Self::Dialog => {
                batch.entries.is_empty() && batch.records.iter().any(|r| chat_of(r).is_some())
            }
            Self::DialogOf(chat) => batch.records.iter().any(|r| chat_of(r) == Some(chat)),
        }
    }
}

/// What is to happen to the store of a world, whichever process calls it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Commits that are to fail, and how often.
    pub(super) faults: Mutex<Vec<(Write, Fault, u32)>>,
    /// Nothing answers before then.
    down_until: Mutex<Timestamp>,
    /// Commits take so much longer before then.
    slow: Mutex<(Timestamp, Millis)>,
    /// Updates that were given up, with the reason.
    pub(super) dead_letters: Mutex<Vec<(u64, String)>>,
}

impl Plan {
    /// Nothing answers before `until`.
    pub(super) fn down(&self, until: Timestamp) {
        *lock(&self.down_until) = until;
    }

    /// Commits take `more` time before `until`.
    pub(super) fn slow(&self, until: Timestamp, more: Millis) {
        *lock(&self.slow) = (until, more);
    }

    /// Everything goes well from now on.
    pub(super) fn heal(&self) {
        lock(&self.faults).clear();
        *lock(&self.down_until) = Timestamp::EPOCH;
        *lock(&self.slow) = (Timestamp::EPOCH, Millis::ZERO);
    }

    fn fault_for(&self, batch: &Batch) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        let place = faults.iter().position(|(write, _, left)| *left > 0 && write.is(batch))?;
        let (_, fault, left) = &mut faults[place];
        *left -= 1;
        let (fault, spent) = (*fault, *left == 0);
        if spent {
            faults.remove(place);
        }
        Some(fault)
    }

    fn note(&self, batch: &Batch) {
        for record in &batch.records {
            if let Record::DeadLetter { update, reason, .. } = record {
                lock(&self.dead_letters).push((*update, reason.clone()));
            }
        }
    }
}

/// The store of one process.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) inner: SharedStore,
    pub(super) outside: Arc<Outside>,
    pub(super) trip: Arc<Trip>,
}

impl Gate {
    /// Waits as the world demands; fails while the store is down.
    async fn enter(&self) -> Result<(), StoreError> {
        self.trip.stay().await;
        if self.outside.delays.pass(&*self.outside.clock, STORE_DELAY).await {
            self.trip.stay().await;
        }
        if self.outside.clock.now() < *lock(&self.outside.plan.down_until) {
            return Err(StoreError::Unavailable("down, on purpose".to_owned()));
        }
        Ok(())
    }

    async fn commit_now(&self, batch: Arc<Batch>) -> Result<Head, CommitError> {
        self.trip.pass().await;
        if let Err(error) = self.enter().await {
            return Err(CommitError::Transient(error.to_string()));
        }
        let Outside { plan, clock, script, .. } = &*self.outside;
        let (until, more) = *lock(&plan.slow);
        if clock.now() < until {
            clock.sleep(more).await;
        }
        if let Some(fault) = plan.fault_for(&batch) {
            script.then(fault);
        }
        let written = self.inner.commit(batch.clone()).await;
        match &written {
            Ok(_) => plan.note(&batch),
            Err(CommitError::Fenced { .. }) => self.trip.note_fenced(clock.now()),
            Err(CommitError::Transient(_) | CommitError::Definite(_) | CommitError::Unknown(_)) => {
            }
        }
        self.trip.pass().await;
        written
    }
}

macro_rules! pass_on {
    ($($name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($arg: $kind),*) -> Answer<$answer> {
            let this = self.clone();
            Box::pin(async move {
                this.enter().await?;
                this.inner.$name($($arg),*).await
            })
        })*
    };
}

impl Store for Gate {
    fn begin_epoch(&self) -> Answer<Head> {
        let this = self.clone();
        Box::pin(async move {
            this.trip.pass().await;
            this.enter().await?;
            this.inner.begin_epoch().await
        })
    }

    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'static, Result<Head, CommitError>> {
        let this = self.clone();
        Box::pin(async move { this.commit_now(batch).await })
    }

    fn leads(&self) -> bool {
        self.inner.leads()
    }

    fn lost(&self) -> BoxFuture<'static, ()> {
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
