//! A scripted day of business through both machines, recorded as a store would have it.

use shopfleet::domain::access::Access;
use shopfleet::domain::catalog::GoodsKind;
use shopfleet::domain::chronicle::Chronicle;
use shopfleet::domain::command::{Caller, Command, CommandKey};
use shopfleet::domain::event::{CoreCommand, Event};
use shopfleet::domain::id::{
    CategoryId, ItemId, OrderId, ProductId, QuoteId, TenantId, UserId, WithdrawalId,
};
use shopfleet::domain::ledger::{LedgerCommand as L, LedgerMachine, Rules};
use shopfleet::domain::money::Money;
use shopfleet::domain::order::AwaitCause;
use shopfleet::domain::pricing::Markup;
use shopfleet::domain::sealed::Fingerprint;
use shopfleet::domain::stock::{Ask, HoldFate, StockCommand as S, StockEvent, StockMachine};
use shopfleet::domain::tenant::BotIdentity;
use shopfleet::domain::time::{Millis, Timestamp};
use shopfleet::store::Head;
use shopfleet::store::batch::{Batch, BatchEntry};
use shopfleet::store::journal::{GENESIS, StoredRecord, encode};

pub(super) const ADMIN: Caller = Caller::User(UserId::new(1));
pub(super) const OWNER: Caller = Caller::User(UserId::new(10));

/// The machines and what they recorded.
struct Day {
    stock: StockMachine,
    ledger: LedgerMachine,
    now: Timestamp,
    entries: Vec<BatchEntry>,
}

/// Everything that happened: two agents, six orders in three shops, one delivered, one waiting;
/// withdrawal 1 paid, 2 rejected, 3 approved, 4 requested; product 2 has items 9 and 10 unsold; a
/// command was set aside.
pub(super) fn business() -> Vec<BatchEntry> {
    let access = Access { admins: [UserId::new(1)].into() };
    let rules = Rules::standard();
    let mut day = Day {
        stock: StockMachine::new(1, access.clone(), rules.keep_ids),
        ledger: LedgerMachine::new(rules, access),
        now: Timestamp::from_ms(1_700_000_000_000),
        entries: Vec::new(),
    };
    day.open();
    day.trade();
    day.pay_out();
    day.entries
}

impl Day {
    fn open(&mut self) {
        let master = TenantId::Master;
        self.ledger(
            &master,
            Caller::System,
            L::RegisterMaster { name: "Main".into(), bot: bot(100) },
        );
        for (number, agent) in [(1, "a1"), (2, "a2")] {
            let id = agent.parse().unwrap();
            let (bot, code) = (bot(100 + number), print(200 + u32::try_from(number).unwrap()));
            let create = L::CreateAgent { agent: id, name: agent.to_uppercase(), bot, code };
            self.ledger(&master, ADMIN, create);
        }
        let address = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t".parse().unwrap();
        self.ledger(&shop("a1"), OWNER, L::ClaimOwner { code: print(201) });
        self.ledger(&shop("a1"), OWNER, L::SetOwnPricing { markup: Markup::Fixed(usdt("20")) });
        self.ledger(&shop("a1"), OWNER, L::SetWallet { address });
        let (agent, markup) = ("a2".parse().unwrap(), Markup::Percent(50.into()));
        self.ledger(&master, ADMIN, L::SetPricing { agent, markup });
        self.stock(S::CreateCategory { name: "Keys".into() });
        for (name, price, contents) in [("Gold", "10", 0..5), ("Tin", "2.5", 5..10)] {
            let (category, kind) = (CategoryId::new(1), GoodsKind::Line);
            let price = Some(usdt(price));
            self.stock(S::CreateProduct { category, name: name.into(), kind, price });
            let product = ProductId::new(u64::from(contents.start / 5) + 1);
            self.stock(S::AddItems { product, items: contents.map(print).collect() });
        }
        for (tenant, user) in
            [(master.clone(), 7), (shop("a1"), 7), (shop("a1"), 8), (shop("a2"), 8)]
        {
            let (user, amount, reason) = (UserId::new(user), usdt("200"), "top-up".into());
            self.ledger(&master, ADMIN, L::Credit { tenant, user, amount, reason });
        }
    }

    fn trade(&mut self) {
        self.buy(&TenantId::Master, 7, "m1", 1, 1);
        self.buy(&shop("a1"), 7, "b1", 1, 2);
        self.buy(&shop("a1"), 8, "b2", 1, 1);
        self.buy(&shop("a2"), 8, "c1", 2, 2);
        self.now = self.now + Millis::from_hours(1);
        self.buy(&shop("a1"), 8, "b3", 2, 1);
        let fleet = |day: &mut Self, body| day.ledger(&TenantId::Master, Caller::System, body);
        fleet(self, L::MarkDelivered { order: order("b1") });
        fleet(self, L::AwaitCustomer { order: order("b2"), cause: AwaitCause::Blocked });
        self.now = self.now + Millis::from_hours(48);
        fleet(self, L::MatureDue { limit: 2 });
        fleet(self, L::MatureDue { limit: 100 });
        self.buy(&shop("a1"), 8, "b4", 1, 1);
    }

    fn pay_out(&mut self) {
        let reason: String = "wrong network".into();
        let (txid, although_negative) = ("aa11bb22cc33".parse().unwrap(), false);
        for amount in ["15", "11", "12.5", "10"] {
            self.ledger(&shop("a1"), OWNER, L::RequestWithdrawal { amount: usdt(amount) });
        }
        let withdrawal = WithdrawalId::new;
        let admin = |day: &mut Self, body| day.ledger(&TenantId::Master, ADMIN, body);
        admin(self, L::ApproveWithdrawal { withdrawal: withdrawal(1) });
        let pay = L::PayWithdrawal { withdrawal: withdrawal(1), txid, although_negative };
        admin(self, pay);
        admin(self, L::RejectWithdrawal { withdrawal: withdrawal(2), reason });
        admin(self, L::ApproveWithdrawal { withdrawal: withdrawal(3) });
        let user = UserId::new(9);
        let (tenant, amount, reason) = (shop("a2"), usdt("0.5"), "gift".into());
        admin(self, L::Credit { tenant, user, amount, reason });
        let (tenant, caller) = (shop("a1"), Caller::User(UserId::new(8)));
        let key = CommandKey { tenant, caller, id: "poison".parse().unwrap() };
        let what = "place_order".into();
        self.ledger(&TenantId::Master, Caller::System, L::Quarantine { key, what });
    }

    fn stock(&mut self, body: S) {
        let command = self.command(&TenantId::Master, ADMIN, body);
        let accepted = self.stock.decide(&command, self.now).unwrap();
        let events: Vec<Event> = accepted.events.into_iter().map(Event::Stock).collect();
        self.record(CoreCommand::Stock(command), events);
    }

    fn ledger(&mut self, tenant: &TenantId, caller: Caller, body: L) {
        let command = self.command(tenant, caller, body);
        let accepted = self.ledger.decide(&command, self.now).unwrap();
        let events = accepted.events.into_iter().map(Event::Ledger).collect();
        self.record(CoreCommand::Ledger(command), events);
    }

    fn buy(&mut self, tenant: &TenantId, user: i64, name: &str, product: u64, quantity: u32) {
        let (user, quote) = (UserId::new(user), QuoteId::from_body(name).unwrap());
        let product = ProductId::new(product);
        let ask = Ask { quote: quote.clone(), tenant: tenant.clone(), user, product, quantity };
        let (asked, product, base) = self.stock.decide_ask(&ask, 500).unwrap();
        self.stock.apply(&asked);
        let issue =
            L::IssueQuote { quote: quote.clone(), product: Box::new(product), base, quantity };
        self.ledger(tenant, Caller::User(user), issue);
        let held = self.stock.decide_hold(&quote, tenant, user).unwrap();
        self.stock.apply(&held);
        let StockEvent::Held(hold) = held else { panic!("a hold was decided, not {held:?}") };
        let place = L::PlaceOrder { quote: quote.clone(), holding: Ok(hold.items.clone()) };
        let command = self.command(tenant, Caller::User(user), place);
        let accepted = self.ledger.decide(&command, self.now).unwrap();
        let (product, order) = (hold.ask.product, OrderId::of(&quote));
        let sold = Event::Stock(StockEvent::Sold { product, items: hold.items, order });
        let facts = accepted.events.into_iter().map(Event::Ledger);
        let events = std::iter::once(sold).chain(facts).collect();
        self.record(CoreCommand::Ledger(command), events);
        let end = self.stock.decide_fate(1, hold.id, HoldFate::Sold).unwrap();
        self.stock.apply(&end);
    }

    fn command<Body>(&self, tenant: &TenantId, caller: Caller, body: Body) -> Command<Body> {
        let id = format!("c{}", self.entries.len()).parse().unwrap();
        Command { id, tenant: tenant.clone(), caller, body }
    }

    fn record(&mut self, command: CoreCommand, events: Vec<Event>) {
        for event in &events {
            match event {
                Event::Stock(event) => self.stock.apply(event),
                Event::Ledger(event) => self.ledger.apply(event),
            }
        }
        let events: Vec<Event> = events.into_iter().filter(Event::is_durable).collect();
        if !events.is_empty() {
            self.entries.push(BatchEntry { command, events });
        }
    }
}

/// The documents that these entries make.
pub(super) fn documents(entries: &[BatchEntry]) -> Chronicle {
    let mut documents = Chronicle::default();
    for event in entries.iter().flat_map(|entry| &entry.events) {
        documents.apply(event);
    }
    documents
}

/// The journal of these entries, three a batch, as a leader that took over once wrote it.
pub(super) fn journal(entries: &[BatchEntry]) -> (Head, Vec<StoredRecord>) {
    let mut head = Head { epoch: 1, ..GENESIS };
    let mut records = Vec::new();
    for (number, entries) in entries.chunks(3).enumerate() {
        if number == 4 {
            head.epoch += 1;
        }
        let hours = i64::try_from(number).unwrap();
        let batch = Batch {
            follows: head,
            at: Timestamp::from_ms(1_700_000_000_000) + Millis::from_hours(hours),
            entries: entries.to_vec().into(),
            records: Vec::new(),
        };
        let encoded = encode(&batch);
        head = encoded.head;
        records.push(StoredRecord { seq: head.seq, hash: head.hash, bytes: encoded.bytes });
    }
    head.epoch += 1;
    (head, records)
}

pub(super) fn shop(agent: &str) -> TenantId {
    TenantId::Agent(agent.parse().unwrap())
}

pub(super) fn usdt(text: &str) -> Money {
    text.parse().unwrap()
}

pub(super) fn order(name: &str) -> OrderId {
    OrderId::from_body(name).unwrap()
}

pub(super) fn item(number: u64) -> ItemId {
    ItemId::new(number)
}

/// The fingerprint of content, code or token number `n`.
pub(super) fn print(n: u32) -> Fingerprint {
    Fingerprint::new(u128::from(n).to_be_bytes())
}

fn bot(n: i64) -> BotIdentity {
    let token = print(u32::try_from(n).unwrap() + 1_000_000);
    BotIdentity { id: UserId::new(n), username: format!("shop_{n}_bot"), token }
}
