//! A store that fails on purpose, by a script.
//!
//! For tests and simulation: each commit takes the next fault of the script, when there is one.
//! Nothing here draws a number or starts a task, so the same script gives the same run. A batch that
//! lands late is written just before the first call that could notice that it had not landed.

use super::batch::{Batch, DialogRecord, InboxRecord, Profile};
use super::journal::StoredRecord;
use super::query::{AgentBalances, OrderQuery, Page, Unjournalled, WithdrawalQuery};
use super::{Answer, CommitError, Head, Loaded, SharedStore, Store, StoreError};
use crate::clock::SharedClock;
use crate::domain::chronicle::Chronicle;
use crate::domain::command::CommandKey;
use crate::domain::id::{AgentId, ChatId, ItemId, OrderId, TenantId, UserId, WithdrawalId};
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::outcome::Outcome;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::set_aside::SetAside;
use crate::domain::time::{Millis, Timestamp};
use crate::domain::withdrawal::Withdrawal;
use futures_util::future::BoxFuture;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What happens to one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused for now; nothing is written.
    Transient,
    /// Refused for good; nothing is written.
    Definite,
    /// Written, and the answer is lost: [`CommitError::Unknown`].
    AnswerLost,
    /// Not written, and the answer is lost: [`CommitError::Unknown`].
    NeverWritten,
    /// The answer is lost; the batch lands this much later, unless another epoch fences it.
    LateBy(Millis),
    /// The answer is lost; the batch lands at the last moment before the next epoch begins.
    JustBeforeEpoch,
    /// The answer is lost; the batch arrives at the first moment of the next epoch and is fenced.
    JustAfterEpoch,
    /// Nothing happens before [`FaultScript::release`]; then it is written and answered.
    Stall,
}

/// The script of a [`FaultyStore`], held by the test. Clones are the same script.
#[derive(Clone, Debug)]
pub struct FaultScript(Arc<Script>);

#[derive(Debug)]
struct Script {
    plan: Mutex<Plan>,
    /// How often stalled commits were released.
    released: watch::Sender<u64>,
    /// Whether the lease is held.
    leads: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Plan {
    next: VecDeque<Fault>,
    late: Vec<Late>,
    struck: Vec<Fault>,
}

/// A batch whose answer was lost before it landed.
#[derive(Debug)]
struct Late {
    batch: Arc<Batch>,
    due: Due,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    At(Timestamp),
    BeforeEpoch,
    AfterEpoch,
}

impl Default for FaultScript {
    fn default() -> Self {
        let (released, leads) = (watch::Sender::new(0), watch::Sender::new(true));
        let script = Script { plan: Mutex::default(), released, leads };
        Self(Arc::new(script))
    }
}

impl FaultScript {
    /// The commit after those that have a fault already gets this one.
    pub fn then(&self, fault: Fault) -> &Self {
        self.plan().next.push_back(fault);
        self
    }

    /// Lets every stalled commit go on.
    pub fn release(&self) {
        self.0.released.send_modify(|times| *times += 1);
    }

    /// The lease runs out, or is renewed again.
    pub fn lead(&self, leads: bool) {
        self.0.leads.send_replace(leads);
    }

    fn leads(&self) -> bool {
        *self.0.leads.borrow()
    }

    /// Faults that have struck, in their order.
    pub fn struck(&self) -> Vec<Fault> {
        self.plan().struck.clone()
    }

    /// Faults that wait for a commit.
    pub fn waiting(&self) -> usize {
        self.plan().next.len()
    }

    /// Forgets faults that have not struck and lets stalled commits go on. Late batches still land.
    pub fn heal(&self) {
        self.plan().next.clear();
        self.release();
    }

    /// A panic elsewhere cannot have left a plan half-made: every change is one statement.
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn strike(&self) -> Option<Fault> {
        let mut plan = self.plan();
        let fault = plan.next.pop_front();
        plan.struck.extend(fault);
        fault
    }

    fn delay(&self, batch: Arc<Batch>, due: Due) {
        self.plan().late.push(Late { batch, due });
    }

    /// Takes the late batches that are due, in the order they were committed.
    fn take_due(&self, is_due: impl Fn(Due) -> bool) -> Vec<Arc<Batch>> {
        let mut plan = self.plan();
        let (due, later) =
            std::mem::take(&mut plan.late).into_iter().partition(|late| is_due(late.due));
        plan.late = later;
        let due: Vec<Late> = due;
        due.into_iter().map(|late| late.batch).collect()
    }
}

/// Any store, with the faults of a script.
#[derive(Clone)]
pub struct FaultyStore {
    inner: SharedStore,
    clock: SharedClock,
    script: FaultScript,
}

impl FaultyStore {
    /// `inner` with the faults of `script`; `clock` says when a late batch lands.
    pub const fn new(inner: SharedStore, clock: SharedClock, script: FaultScript) -> Self {
        Self { inner, clock, script }
    }

    /// Calls the store behind, after every batch has landed whose time has come.
    fn call<T: 'static>(
        &self,
        call: impl FnOnce(&SharedStore) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let this = self.clone();
        Box::pin(async move {
            this.land_due().await;
            call(&this.inner).await
        })
    }

    async fn land_due(&self) {
        let now = self.clock.now();
        self.land(|due| matches!(due, Due::At(at) if at <= now)).await;
    }

    async fn land(&self, is_due: impl Fn(Due) -> bool) {
        for batch in self.script.take_due(is_due) {
            // Its answer was lost when it was delayed.
            let _ = self.inner.commit(batch).await;
        }
    }

    async fn strike(&self, fault: Fault, batch: Arc<Batch>) -> Result<Head, CommitError> {
        let lost = || CommitError::Unknown("the answer is lost, on purpose".to_owned());
        match fault {
            Fault::Transient => Err(CommitError::Transient("on purpose".to_owned())),
            Fault::Definite => Err(CommitError::Definite("on purpose".to_owned())),
            Fault::AnswerLost => {
                let _ = self.inner.commit(batch).await;
                Err(lost())
            }
            Fault::NeverWritten => Err(lost()),
            Fault::LateBy(span) => {
                self.script.delay(batch, Due::At(self.clock.now() + span));
                Err(lost())
            }
            Fault::JustBeforeEpoch => {
                self.script.delay(batch, Due::BeforeEpoch);
                Err(lost())
            }
            Fault::JustAfterEpoch => {
                self.script.delay(batch, Due::AfterEpoch);
                Err(lost())
            }
            Fault::Stall => {
                let mut released = self.script.0.released.subscribe();
                // The sender lives in the script, which this store holds.
                let _ = released.changed().await;
                self.inner.commit(batch).await
            }
        }
    }
}

impl Store for FaultyStore {
    fn begin_epoch(&self) -> Answer<Head> {
        let this = self.clone();
        Box::pin(async move {
            this.land_due().await;
            if !this.script.leads() {
                return Err(StoreError::Unavailable("the lease ran out, on purpose".to_owned()));
            }
            this.land(|due| due == Due::BeforeEpoch).await;
            let head = this.inner.begin_epoch().await?;
            this.land(|due| due == Due::AfterEpoch).await;
            Ok(head)
        })
    }

    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'static, Result<Head, CommitError>> {
        let this = self.clone();
        Box::pin(async move {
            this.land_due().await;
            if !this.script.leads() {
                return Err(CommitError::Transient("the lease ran out, on purpose".to_owned()));
            }
            match this.script.strike() {
                Some(fault) => this.strike(fault, batch).await,
                None => this.inner.commit(batch).await,
            }
        })
    }

    fn head(&self) -> Answer<Head> {
        self.call(|store| store.head())
    }

    fn load(&self, ids_since: Timestamp) -> Answer<Loaded> {
        self.call(move |store| store.load(ids_since))
    }

    fn outcome(&self, key: CommandKey) -> Answer<Option<Outcome>> {
        self.call(move |store| store.outcome(key))
    }

    fn order(&self, id: OrderId) -> Answer<Option<Order>> {
        self.call(move |store| store.order(id))
    }

    fn orders(&self, query: OrderQuery) -> Answer<Page<Order>> {
        self.call(move |store| store.orders(query))
    }

    fn balance(&self, tenant: TenantId, user: UserId) -> Answer<Money> {
        self.call(move |store| store.balance(tenant, user))
    }

    fn agent_balances(&self, agent: AgentId) -> Answer<AgentBalances> {
        self.call(move |store| store.agent_balances(agent))
    }

    fn withdrawals(&self, query: WithdrawalQuery) -> Answer<Page<Withdrawal>> {
        self.call(move |store| store.withdrawals(query))
    }

    fn withdrawal(&self, id: WithdrawalId) -> Answer<Option<Withdrawal>> {
        self.call(move |store| store.withdrawal(id))
    }

    fn goods(&self, items: Vec<ItemId>) -> Answer<Vec<(Fingerprint, Sealed)>> {
        self.call(move |store| store.goods(items))
    }

    fn put_blob(&self, content: Fingerprint, sealed: Sealed, at: Timestamp) -> Answer<()> {
        self.call(move |store| store.put_blob(content, sealed, at))
    }

    fn drop_orphans(&self, before: Timestamp) -> Answer<u64> {
        self.call(move |store| store.drop_orphans(before))
    }

    fn forget_answers(&self, before: Timestamp, limit: u32) -> Answer<u64> {
        self.call(move |store| store.forget_answers(before, limit))
    }

    fn chronicle(&self) -> Answer<(Head, Chronicle)> {
        self.call(|store| store.chronicle())
    }

    fn unjournalled(&self) -> Answer<Unjournalled> {
        self.call(move |store| store.unjournalled())
    }

    fn missing_goods(&self) -> Answer<Vec<ItemId>> {
        self.call(move |store| store.missing_goods())
    }

    fn known_contents(&self, contents: Vec<Fingerprint>) -> Answer<Vec<Fingerprint>> {
        self.call(move |store| store.known_contents(contents))
    }

    fn token(&self, tenant: TenantId) -> Answer<Option<Sealed>> {
        self.call(move |store| store.token(tenant))
    }

    fn dialog(&self, tenant: TenantId, chat: ChatId) -> Answer<Option<DialogRecord>> {
        self.call(move |store| store.dialog(tenant, chat))
    }

    fn profile(&self, tenant: TenantId, user: UserId) -> Answer<Option<Profile>> {
        self.call(move |store| store.profile(tenant, user))
    }

    fn inbox(&self, bot: UserId, limit: u32) -> Answer<Vec<InboxRecord>> {
        self.call(move |store| store.inbox(bot, limit))
    }

    fn set_aside(&self, skip: u32, limit: u32) -> Answer<Page<SetAside>> {
        self.call(move |store| store.set_aside(skip, limit))
    }

    fn meta(&self, name: &'static str) -> Answer<Option<String>> {
        self.call(move |store| store.meta(name))
    }

    fn meta_once(&self, name: &'static str, value: String) -> Answer<String> {
        self.call(move |store| store.meta_once(name, value))
    }

    fn journal(&self, after: u64, limit: u32) -> Answer<Vec<StoredRecord>> {
        self.call(move |store| store.journal(after, limit))
    }

    fn leads(&self) -> bool {
        self.script.leads() && self.inner.leads()
    }

    fn lost(&self) -> BoxFuture<'static, ()> {
        let (lost, mut leads) = (self.inner.lost(), self.script.0.leads.subscribe());
        Box::pin(async move {
            tokio::select! {
                biased;
                () = lost => {}
                // The sender lives in the script, which this store holds.
                _ = leads.wait_for(|leads| !leads) => {}
            }
        })
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        self.inner.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;
    use crate::store::entries::Entries;
    use crate::store::memory::{MemoryDisk, MemoryStore};

    struct Bench {
        store: FaultyStore,
        script: FaultScript,
        clock: SharedClock,
    }

    impl Bench {
        fn new() -> Self {
            let clock: SharedClock = Arc::new(VirtualClock::starting_at(Timestamp::EPOCH));
            let script = FaultScript::default();
            let disk = MemoryDisk::default();
            let inner = MemoryStore::new(disk, Arc::clone(&clock), Millis::ZERO);
            let store = FaultyStore::new(Arc::new(inner), Arc::clone(&clock), script.clone());
            Self { store, script, clock }
        }

        async fn commit(&self) -> Result<Head, CommitError> {
            let follows = self.store.head().await.expect("reads");
            let at = self.clock.now();
            let batch = Batch { follows, at, entries: Entries::default(), records: Vec::new() };
            self.store.commit(Arc::new(batch)).await
        }

        async fn seq(&self) -> u64 {
            self.store.head().await.expect("reads").seq
        }
    }

    /// Commits under a fault; then the number of the head at once, in the next epoch, and after the
    /// next commit.
    async fn check(fault: Fault, written: [u64; 3]) {
        let bench = Bench::new();
        bench.script.then(fault);
        bench.commit().await.expect_err("the fault strikes");
        assert_eq!(bench.script.struck(), [fault]);
        let at_once = bench.seq().await;
        let in_next_epoch = bench.store.begin_epoch().await.expect("begins").seq;
        bench.commit().await.expect("only one fault");
        assert_eq!([at_once, in_next_epoch, bench.seq().await], written, "{fault:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn each_fault_does_what_it_says() {
        check(Fault::Transient, [0, 0, 1]).await;
        check(Fault::Definite, [0, 0, 1]).await;
        check(Fault::AnswerLost, [1, 1, 2]).await;
        check(Fault::NeverWritten, [0, 0, 1]).await;
        check(Fault::JustBeforeEpoch, [0, 1, 2]).await;
        check(Fault::JustAfterEpoch, [0, 0, 1]).await;
        check(Fault::LateBy(Millis::from_secs(1)), [0, 0, 1]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_batch_lands_when_its_time_comes_unless_it_is_fenced() {
        let bench = Bench::new();
        bench.script.then(Fault::LateBy(Millis::from_secs(1)));
        bench.commit().await.expect_err("the answer is lost");
        bench.clock.sleep(Millis::from_ms(999)).await;
        assert_eq!(bench.seq().await, 0);
        bench.clock.sleep(Millis::from_ms(1)).await;
        assert_eq!(bench.seq().await, 1);

        bench.script.then(Fault::LateBy(Millis::from_secs(1)));
        bench.commit().await.expect_err("the answer is lost");
        bench.store.begin_epoch().await.expect("begins");
        bench.clock.sleep(Millis::from_secs(2)).await;
        assert_eq!(bench.seq().await, 1, "the next epoch fenced it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_commit_waits_for_its_release() {
        let bench = Arc::new(Bench::new());
        bench.script.then(Fault::Stall);
        let stalled = tokio::spawn({
            let bench = Arc::clone(&bench);
            async move { bench.commit().await }
        });
        bench.clock.sleep(Millis::from_hours(1)).await;
        assert!(!stalled.is_finished());
        assert_eq!((bench.seq().await, bench.script.waiting()), (0, 0));
        bench.script.release();
        assert_eq!(stalled.await.expect("runs").map(|head| head.seq), Ok(1));
    }
}
