//! The shop that is measured: decided by the real machines, written to the store as a core writes it.
//!
//! Ten agents with a markup of ten percent sell ten products. Orders come out as batch entries with
//! exactly the facts that StockActor and LedgerActor would hand to the Committer, so that the raw
//! store and the actors write the same.

use super::failed;
use crate::cli::Failure;
use crate::clock::{Clock as _, SystemClock};
use crate::domain::access::Access;
use crate::domain::catalog::GoodsKind;
use crate::domain::command::{Caller, Command};
use crate::domain::event::{CoreCommand, Event};
use crate::domain::id::{CategoryId, OrderId, ProductId, QuoteId, TenantId, UserId};
use crate::domain::ledger::{LedgerCommand, LedgerMachine, Rules};
use crate::domain::money::Money;
use crate::domain::pricing::Markup;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::stock::{
    Ask, HoldFate, ITEMS_PER_COMMAND, StockCommand, StockEvent, StockMachine,
};
use crate::domain::tenant::BotIdentity;
use crate::domain::time::Timestamp;
use crate::store::batch::{Batch, BatchEntry, Record};
use crate::store::{CommitError, Head, SharedStore};
use std::sync::Arc;

/// Shops, and products.
pub(super) const SHOPS: u64 = 10;
/// Who sets everything up.
const ADMIN: UserId = UserId::new(1);
/// Commands of one batch while the shop is set up.
const BATCH: u64 = 1_000;
/// A sealed line of some sixty characters has this length; nobody opens it here.
const SEALED_LENGTH: usize = 140;

/// How large the shop is.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub(super) items: u64,
    pub(super) entries: u64,
    pub(super) customers: u64,
}

/// The machines and where their store stands.
pub(super) struct Shop {
    stock: StockMachine,
    ledger: LedgerMachine,
    head: Head,
    now: Timestamp,
    drawn: u64,
    customers: u64,
}

/// Who may set up the shop.
pub(super) fn access() -> Access {
    Access { admins: [ADMIN].into() }
}

/// The shop, the product and the number of a customer, evenly spread.
pub(super) fn customer(number: u64) -> (TenantId, UserId, ProductId) {
    let shop = number % SHOPS;
    let agent = format!("a{shop}").parse().expect("a letter and a digit");
    let user = i64::try_from(1_000 + number).expect("a bench has fewer customers");
    (TenantId::Agent(agent), UserId::new(user), ProductId::new(shop + 1))
}

/// A quote id like those of the bots: time first, then what nobody else has.
pub(super) fn quote_id(word: char, number: u64) -> QuoteId {
    QuoteId::from_body(&format!("0k3v7m9{word}{number:011}")).expect("letters and digits")
}

impl Shop {
    /// Opens the shop in an empty store.
    pub(super) async fn open(store: &SharedStore, scale: Scale) -> Result<Self, Failure> {
        let rules = Rules::standard();
        let head = store.begin_epoch().await.map_err(failed)?;
        let mut shop = Self {
            stock: StockMachine::new(head.epoch, access(), rules.keep_ids),
            ledger: LedgerMachine::new(rules, access()),
            head,
            now: SystemClock.now(),
            drawn: 0,
            customers: scale.customers,
        };
        shop.found(store).await?;
        // What is sold while setting up has to lie on a shelf first, the same number on each.
        shop.fill(store, scale.items + scale.entries + SHOPS).await?;
        shop.credit(store).await?;
        shop.sell(store, scale.entries).await?;
        Ok(shop)
    }

    /// So many orders, decided and not yet written.
    pub(super) fn orders(&mut self, count: u64) -> Result<Vec<BatchEntry>, Failure> {
        (0..count).map(|_| self.order().map(|(_, entry)| entry)).collect()
    }

    /// The batch of these entries that follows the head.
    pub(super) fn batch(&self, entries: Vec<BatchEntry>, records: Vec<Record>) -> Arc<Batch> {
        let (follows, at, entries) = (self.head.clone(), self.now, entries.into());
        Arc::new(Batch { follows, at, entries, records })
    }

    /// Writes a batch and follows it.
    pub(super) async fn commit(
        &mut self,
        store: &SharedStore,
        batch: Arc<Batch>,
    ) -> Result<(), Failure> {
        let written: Result<Head, CommitError> = store.commit(batch).await;
        self.head = written.map_err(failed)?;
        Ok(())
    }

    async fn write(
        &mut self,
        store: &SharedStore,
        entries: Vec<BatchEntry>,
        records: Vec<Record>,
    ) -> Result<(), Failure> {
        let batch = self.batch(entries, records);
        self.commit(store, batch).await
    }

    async fn found(&mut self, store: &SharedStore) -> Result<(), Failure> {
        let bot = bot(0);
        let master = LedgerCommand::RegisterMaster { name: "Bench".to_owned(), bot };
        let mut entries = vec![
            self.ledger(Caller::System, TenantId::Master, master)?,
            self.stock(StockCommand::CreateCategory { name: "Keys".to_owned() })?,
        ];
        for shop in 0..SHOPS {
            let (tenant, _, _) = customer(shop);
            let Some(agent) = tenant.agent().cloned() else { continue };
            entries.push(self.stock(StockCommand::CreateProduct {
                category: CategoryId::new(1),
                name: format!("Licence key {shop}"),
                kind: GoodsKind::Line,
                price: Some(Money::whole(10)),
            })?);
            entries.push(self.admin(LedgerCommand::CreateAgent {
                agent: agent.clone(),
                name: format!("Shop {shop}"),
                bot: self::bot(shop + 1),
                code: print(u128::from(shop)),
            })?);
            let markup = Markup::Percent(10.into());
            entries.push(self.admin(LedgerCommand::SetPricing { agent, markup })?);
        }
        self.write(store, entries, Vec::new()).await
    }

    async fn fill(&mut self, store: &SharedStore, items: u64) -> Result<(), Failure> {
        for shop in 0..SHOPS {
            let mut left = usize::try_from(items.div_ceil(SHOPS)).map_err(failed)?;
            while left > 0 {
                let count = left.min(ITEMS_PER_COMMAND);
                left -= count;
                let items: Vec<_> = (0..count).map(|_| print(self.draw().into())).collect();
                let sealed = Sealed::from_text("v1.bench.".to_owned() + &"A".repeat(SEALED_LENGTH));
                let goods = |content: &Fingerprint| Record::Goods {
                    content: *content,
                    sealed: sealed.clone(),
                };
                let records = items.iter().map(goods).collect();
                let product = ProductId::new(shop + 1);
                let entry = self.stock(StockCommand::AddItems { product, items })?;
                self.write(store, vec![entry], records).await?;
            }
        }
        Ok(())
    }

    async fn credit(&mut self, store: &SharedStore) -> Result<(), Failure> {
        let mut entries = Vec::new();
        for number in 0..self.customers {
            let (tenant, user, _) = customer(number);
            let amount = Money::whole(1_000_000);
            let reason = "bench".to_owned();
            entries.push(self.admin(LedgerCommand::Credit { tenant, user, amount, reason })?);
            if entries.len() as u64 == BATCH || number + 1 == self.customers {
                self.write(store, std::mem::take(&mut entries), Vec::new()).await?;
            }
        }
        Ok(())
    }

    /// Orders of the past: paid, delivered, their profit pending.
    async fn sell(&mut self, store: &SharedStore, count: u64) -> Result<(), Failure> {
        let mut left = count;
        while left > 0 {
            let size = left.min(BATCH);
            left -= size;
            let sold: Vec<_> = (0..size).map(|_| self.order()).collect::<Result<_, _>>()?;
            let (orders, entries): (Vec<OrderId>, Vec<BatchEntry>) = sold.into_iter().unzip();
            self.write(store, entries, Vec::new()).await?;
            let mut delivered = Vec::new();
            for order in orders {
                let body = LedgerCommand::MarkDelivered { order };
                delivered.push(self.ledger(Caller::System, TenantId::Master, body)?);
            }
            self.write(store, delivered, Vec::new()).await?;
        }
        Ok(())
    }

    /// The next customer asks for a price and takes it.
    fn order(&mut self) -> Result<(OrderId, BatchEntry), Failure> {
        let number = self.draw();
        let (tenant, user, product) = customer(number % self.customers);
        let quote = quote_id('s', number);
        let ask = Ask { quote: quote.clone(), tenant: tenant.clone(), user, product, quantity: 1 };
        let (asked, product, base) =
            self.stock.decide_ask(&ask, self.ledger.rules().quantity_max).map_err(failed)?;
        self.stock.apply(&asked);
        let product = Box::new(product);
        let issue = LedgerCommand::IssueQuote { quote: quote.clone(), product, base, quantity: 1 };
        self.ledger(Caller::User(user), tenant.clone(), issue)?;
        let held = self.stock.decide_hold(&quote, &tenant, user).map_err(failed)?;
        self.stock.apply(&held);
        let StockEvent::Held(hold) = held else { return Err(failed("a hold is none")) };
        let body =
            LedgerCommand::PlaceOrder { quote: quote.clone(), holding: Ok(hold.items.clone()) };
        let mut entry = self.ledger(Caller::User(user), tenant, body)?;
        let fate = self.stock.decide_fate(self.stock.generation(), hold.id, HoldFate::Sold);
        if let Some(settled) = fate {
            self.stock.apply(&settled);
        }
        let order = OrderId::of(&quote);
        let (product, items) = (hold.ask.product, hold.items);
        let sold = StockEvent::Sold { product, items, order: order.clone() };
        entry.events.insert(0, Event::Stock(sold));
        Ok((order, entry))
    }

    fn stock(&mut self, body: StockCommand) -> Result<BatchEntry, Failure> {
        let command = self.command(Caller::User(ADMIN), TenantId::Master, body)?;
        let accepted = self.stock.decide(&command, self.now).map_err(failed)?;
        for event in &accepted.events {
            self.stock.apply(event);
        }
        let events = accepted.events.into_iter().map(Event::Stock).collect();
        Ok(BatchEntry { command: CoreCommand::Stock(command), events })
    }

    fn admin(&mut self, body: LedgerCommand) -> Result<BatchEntry, Failure> {
        self.ledger(Caller::User(ADMIN), TenantId::Master, body)
    }

    fn ledger(
        &mut self,
        caller: Caller,
        tenant: TenantId,
        body: LedgerCommand,
    ) -> Result<BatchEntry, Failure> {
        let command = self.command(caller, tenant, body)?;
        let accepted = self.ledger.decide(&command, self.now).map_err(failed)?;
        for event in &accepted.events {
            self.ledger.apply(event);
        }
        let durable = accepted.events.into_iter().filter(|event| event.is_durable());
        let events = durable.map(Event::Ledger).collect();
        Ok(BatchEntry { command: CoreCommand::Ledger(command), events })
    }

    /// A command whose id is as long as those of the bots.
    fn command<Body>(
        &mut self,
        caller: Caller,
        tenant: TenantId,
        body: Body,
    ) -> Result<Command<Body>, Failure> {
        let id = format!("u:7000000000:{:011}:0", self.draw()).parse().map_err(failed)?;
        Ok(Command { id, tenant, caller, body })
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }
}

fn print(number: u128) -> Fingerprint {
    // Spread like a digest, so that indexes see what they would see.
    Fingerprint::new(number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835).to_be_bytes())
}

fn bot(number: u64) -> BotIdentity {
    let id = i64::try_from(7_000_000_000 + number).expect("eleven bots");
    let token = print(u128::MAX - u128::from(number));
    BotIdentity { id: UserId::new(id), username: format!("bench{number}_bot"), token }
}
