//! The store of simulations and tests: the same semantics in memory, on virtual time.
//!
//! [`MemoryDisk`] is what a crash leaves: whoever drops a System and every actor in it keeps the
//! disk and starts the next [`MemoryStore`] on it, with a new clock. A commit lands in the middle of
//! its latency, so a crash may come before the write or between the write and its answer.

mod draft;
mod state;

use super::batch::{Batch, DialogRecord, InboxRecord, Profile, Record};
use super::journal::{self, StoredRecord};
use super::query::{AgentBalances, OrderQuery, Page, Unjournalled, WithdrawalQuery};
use super::{Answer, CommitError, Head, Loaded, Store, StoreError};
use crate::clock::SharedClock;
use crate::domain::chronicle::Chronicle;
use crate::domain::command::CommandKey;
use crate::domain::id::{AgentId, ChatId, ItemId, OrderId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::Account;
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::outcome::Outcome;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::set_aside::SetAside;
use crate::domain::time::{Millis, Timestamp};
use crate::domain::withdrawal::{Withdrawal, WithdrawalState};
use draft::{Contradiction, Draft};
use futures_util::future::BoxFuture;
use state::State;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The durable part of a memory store. Clones are the same disk.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
    watch: Arc<OnceLock<Watch>>,
}

/// Told of every batch at the moment it is durable, with the head after it.
type Watch = Box<dyn Fn(&Batch, &Head) + Send + Sync>;

impl MemoryDisk {
    /// Another disk with the same content, as a backup is.
    pub fn copied(&self) -> Self {
        Self { state: Arc::new(Mutex::new(self.state().clone())), watch: Arc::default() }
    }

    /// Has somebody told of every batch, in the order of the journal and before anybody else knows
    /// that it is durable. The first to ask is told; he must not ask the disk while he listens.
    pub fn watch(&self, told: impl Fn(&Batch, &Head) + Send + Sync + 'static) {
        let _ = self.watch.set(Box::new(told));
    }

    /// A panic elsewhere cannot have left a half-made change: changes are merged whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(&self, state: &mut State, batch: &Batch) -> Result<Head, CommitError> {
        let written = commit(state, batch);
        if let (Ok(head), Some(told)) = (&written, self.watch.get()) {
            told(batch, head);
        }
        written
    }
}

impl fmt::Debug for MemoryDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryDisk({:?})", self.state().head)
    }
}

/// A store on a [`MemoryDisk`] that takes its time by a clock.
#[derive(Clone)]
pub struct MemoryStore {
    disk: MemoryDisk,
    clock: SharedClock,
    latency: Millis,
}

impl MemoryStore {
    /// A store whose every answer takes `latency`; with none it answers at once.
    pub const fn new(disk: MemoryDisk, clock: SharedClock, latency: Millis) -> Self {
        Self { disk, clock, latency }
    }

    /// Does something to the disk in the middle of the latency.
    fn at<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut State) -> T + Send + 'static,
    ) -> BoxFuture<'static, T> {
        let Self { disk, clock, latency } = self.clone();
        Box::pin(async move {
            let before = Millis::from_ms(latency.ms() / 2);
            let after = Millis::from_ms(latency.ms() - before.ms());
            if before != Millis::ZERO {
                clock.sleep(before).await;
            }
            let done = act(&mut disk.state());
            if after != Millis::ZERO {
                clock.sleep(after).await;
            }
            done
        })
    }

    fn read<T: Send + 'static>(&self, ask: impl FnOnce(&State) -> T + Send + 'static) -> Answer<T> {
        let answer = self.at(move |state| ask(state));
        Box::pin(async move { Ok(answer.await) })
    }
}

fn commit(state: &mut State, batch: &Batch) -> Result<Head, CommitError> {
    if state.head != batch.follows {
        return Err(CommitError::Fenced { found: state.head.epoch });
    }
    let mut draft = Draft::default();
    let goods = check(state, &mut draft, batch).map_err(CommitError::Definite)?;
    let encoded = journal::encode(batch);
    draft.merge(state);
    state.goods.extend(goods);
    for record in &batch.records {
        keep(state, record);
    }
    let (head, bytes) = (encoded.head, encoded.bytes);
    state.journal.push(StoredRecord { seq: head.seq, hash: head.hash, bytes });
    state.head = head.clone();
    Ok(head)
}

/// Drafts the whole batch; answers the goods of its new items.
fn check(
    state: &State,
    draft: &mut Draft,
    batch: &Batch,
) -> Result<Vec<(ItemId, Sealed)>, Contradiction> {
    for event in batch.entries.iter().flat_map(|entry| &entry.events) {
        draft.add(state, event)?;
    }
    let mut goods = Vec::new();
    for record in &batch.records {
        match record {
            Record::Goods { content, sealed } => {
                let item = draft.take_bare(content).ok_or("goods that no new item has")?;
                goods.push((item, sealed.clone()));
            }
            Record::Token { tenant, .. } if !draft.has_tenant(state, tenant) => {
                return Err(format!("there is no shop {tenant}"));
            }
            Record::Token { .. }
            | Record::Dialog(_)
            | Record::Profile(_)
            | Record::InboxPut(_)
            | Record::InboxDone { .. }
            | Record::DeadLetter { .. } => {}
        }
    }
    draft.finish(state)?;
    Ok(goods)
}

fn keep(state: &mut State, record: &Record) {
    match record {
        // Kept with their items.
        Record::Goods { .. } => {}
        Record::Token { tenant, sealed } => {
            state.tokens.insert(tenant.clone(), sealed.clone());
        }
        Record::Dialog(dialog) => {
            state.dialogs.insert((dialog.tenant.clone(), dialog.chat), dialog.clone());
        }
        Record::Profile(profile) => {
            state.profiles.insert((profile.tenant.clone(), profile.user), profile.clone());
        }
        Record::InboxPut(spilled) => {
            let same =
                |known: &InboxRecord| known.bot == spilled.bot && known.update == spilled.update;
            if !state.inbox.iter().any(same) {
                state.inbox.push(spilled.clone());
            }
        }
        Record::InboxDone { bot, update } => {
            state.inbox.retain(|known| known.bot != *bot || known.update != *update);
        }
        Record::DeadLetter { bot, update, reason, at } => {
            state.dead_letters.insert((*bot, *update), (reason.clone(), *at));
        }
    }
}

fn page<'a, T: Clone + 'a>(wanted: impl Iterator<Item = &'a T>, skip: u32, limit: u32) -> Page<T> {
    let wanted: Vec<&T> = wanted.collect();
    let rows = wanted.iter().skip(skip as usize).take(limit as usize);
    Page { rows: rows.map(|row| (*row).clone()).collect(), total: wanted.len() as u64 }
}

fn agent_balances(state: &State, agent: &AgentId) -> AgentBalances {
    let balance = |account| state.docs.balances.get(&account).copied().unwrap_or(Money::ZERO);
    let paid = state
        .docs
        .withdrawals
        .values()
        .filter(|w| w.agent == *agent && w.status.state() == WithdrawalState::Paid)
        .try_fold(Money::ZERO, |sum, w| sum.checked_add(w.amount));
    AgentBalances {
        pending: balance(Account::AgentPending(agent.clone())),
        available: balance(Account::AgentAvailable(agent.clone())),
        held: balance(Account::AgentHeld(agent.clone())),
        paid: paid.unwrap_or(Money::ZERO),
    }
}

/// Everything that was given up, newest first.
fn set_aside(state: &State) -> Vec<SetAside> {
    let commands = state.docs.quarantined.iter().map(|(key, (what, at))| SetAside::Command {
        key: key.clone(),
        what: what.clone(),
        at: *at,
    });
    let updates = state.dead_letters.iter().map(|((bot, update), (reason, at))| SetAside::Update {
        bot: *bot,
        update: *update,
        reason: reason.clone(),
        at: *at,
    });
    let mut all: Vec<SetAside> = commands.chain(updates).collect();
    all.sort_by_key(|given_up| std::cmp::Reverse(given_up.at()));
    all
}

fn goods(state: &State, item: ItemId) -> Result<(Fingerprint, Sealed), StoreError> {
    let missing = |what: &str| StoreError::Corrupt(format!("there is no {what}{item}"));
    let content = state.docs.items.get(&item).ok_or_else(|| missing(""))?.content;
    let blob = || state.blobs.get(&content).map(|(sealed, _)| sealed);
    let sealed = state.goods.get(&item).or_else(blob).ok_or_else(|| missing("content of "))?;
    Ok((content, sealed.clone()))
}

fn drop_orphans(state: &mut State, before: Timestamp) -> u64 {
    let known = state.blobs.len();
    state.blobs.retain(|content, (_, at)| *at >= before || state.seen.contains(content));
    (known - state.blobs.len()) as u64
}

fn forget_answers(state: &mut State, before: Timestamp, limit: u32) -> u64 {
    let answers = &mut state.docs.answers;
    let mut old: Vec<_> = answers
        .values()
        .filter(|answered| answered.at < before)
        .map(|answered| (answered.at, answered.key.clone()))
        .collect();
    old.sort();
    old.truncate(limit as usize);
    for (_, key) in &old {
        answers.remove(key);
    }
    old.len() as u64
}

impl Store for MemoryStore {
    fn begin_epoch(&self) -> Answer<Head> {
        let answer = self.at(|state| {
            state.head.epoch += 1;
            state.head.clone()
        });
        Box::pin(async move { Ok(answer.await) })
    }

    fn head(&self) -> Answer<Head> {
        self.read(|state| state.head.clone())
    }

    fn load(&self, ids_since: Timestamp) -> Answer<Loaded> {
        self.read(move |state| state.load(ids_since))
    }

    fn commit(&self, batch: Arc<Batch>) -> BoxFuture<'static, Result<Head, CommitError>> {
        let disk = self.disk.clone();
        self.at(move |state| disk.commit(state, &batch))
    }

    fn outcome(&self, key: CommandKey) -> Answer<Option<Outcome>> {
        self.read(move |state| state.docs.answers.get(&key).map(|known| known.outcome.clone()))
    }

    fn order(&self, id: OrderId) -> Answer<Option<Order>> {
        self.read(move |state| state.docs.orders.get(&id).cloned())
    }

    fn orders(&self, query: OrderQuery) -> Answer<Page<Order>> {
        self.read(move |state| {
            let newest_first =
                state.arrivals.iter().rev().filter_map(|id| state.docs.orders.get(id));
            let wanted = newest_first.filter(|order| {
                query.tenant.as_ref().is_none_or(|tenant| order.tenant == *tenant)
                    && query.user.is_none_or(|user| order.user == user)
                    && !(query.undelivered && order.delivery.is_done())
            });
            page(wanted, query.skip, query.limit)
        })
    }

    fn balance(&self, tenant: TenantId, user: UserId) -> Answer<Money> {
        let account = Account::Customer(tenant, user);
        self.read(move |state| state.docs.balances.get(&account).copied().unwrap_or(Money::ZERO))
    }

    fn agent_balances(&self, agent: AgentId) -> Answer<AgentBalances> {
        self.read(move |state| agent_balances(state, &agent))
    }

    fn withdrawals(&self, query: WithdrawalQuery) -> Answer<Page<Withdrawal>> {
        self.read(move |state| {
            let wanted = state.docs.withdrawals.values().rev().filter(|withdrawal| {
                query.agent.as_ref().is_none_or(|agent| withdrawal.agent == *agent)
                    && query.state.is_none_or(|state| withdrawal.status.state() == state)
            });
            page(wanted, query.skip, query.limit)
        })
    }

    fn withdrawal(&self, id: WithdrawalId) -> Answer<Option<Withdrawal>> {
        self.read(move |state| state.docs.withdrawals.get(&id).cloned())
    }

    fn goods(&self, items: Vec<ItemId>) -> Answer<Vec<(Fingerprint, Sealed)>> {
        self.at(move |state| items.into_iter().map(|item| goods(state, item)).collect())
    }

    fn put_blob(&self, content: Fingerprint, sealed: Sealed, at: Timestamp) -> Answer<()> {
        let answer = self.at(move |state| drop(state.blobs.insert(content, (sealed, at))));
        Box::pin(async move {
            answer.await;
            Ok(())
        })
    }

    fn drop_orphans(&self, before: Timestamp) -> Answer<u64> {
        let answer = self.at(move |state| drop_orphans(state, before));
        Box::pin(async move { Ok(answer.await) })
    }

    fn forget_answers(&self, before: Timestamp, limit: u32) -> Answer<u64> {
        let answer = self.at(move |state| forget_answers(state, before, limit));
        Box::pin(async move { Ok(answer.await) })
    }

    fn chronicle(&self) -> Answer<(Head, Chronicle)> {
        self.read(|state| (state.head.clone(), state.docs.clone()))
    }

    fn unjournalled(&self) -> Answer<Unjournalled> {
        self.read(State::unjournalled)
    }

    fn missing_goods(&self) -> Answer<Vec<ItemId>> {
        self.read(|state| {
            let missing = |item: &&ItemId| goods(state, **item).is_err();
            state.docs.items.keys().filter(missing).copied().collect()
        })
    }

    fn known_contents(&self, contents: Vec<Fingerprint>) -> Answer<Vec<Fingerprint>> {
        self.read(move |state| {
            contents.into_iter().filter(|content| state.seen.contains(content)).collect()
        })
    }

    fn token(&self, tenant: TenantId) -> Answer<Option<Sealed>> {
        self.read(move |state| state.tokens.get(&tenant).cloned())
    }

    fn dialog(&self, tenant: TenantId, chat: ChatId) -> Answer<Option<DialogRecord>> {
        self.read(move |state| state.dialogs.get(&(tenant, chat)).cloned())
    }

    fn profile(&self, tenant: TenantId, user: UserId) -> Answer<Option<Profile>> {
        self.read(move |state| state.profiles.get(&(tenant, user)).cloned())
    }

    fn inbox(&self, bot: UserId, limit: u32) -> Answer<Vec<InboxRecord>> {
        self.read(move |state| {
            let of_bot = state.inbox.iter().filter(|spilled| spilled.bot == bot);
            of_bot.take(limit as usize).cloned().collect()
        })
    }

    fn set_aside(&self, skip: u32, limit: u32) -> Answer<Page<SetAside>> {
        self.read(move |state| page(set_aside(state).iter(), skip, limit))
    }

    fn meta(&self, name: &'static str) -> Answer<Option<String>> {
        self.read(move |state| state.meta.get(name).cloned())
    }

    fn meta_once(&self, name: &'static str, value: String) -> Answer<String> {
        let answer =
            self.at(move |state| state.meta.entry(name.to_owned()).or_insert(value).clone());
        Box::pin(async move { Ok(answer.await) })
    }

    fn journal(&self, after: u64, limit: u32) -> Answer<Vec<StoredRecord>> {
        self.read(move |state| {
            let later = state.journal.iter().filter(|record| record.seq > after);
            later.take(limit as usize).cloned().collect()
        })
    }
}
