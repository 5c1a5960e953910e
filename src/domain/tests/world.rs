//! A small world for tests: both machines, the documents, a clock, and the way a command takes.
//!
//! Everything that must hold of *every* command is asserted here, so each test of anything tries it
//! again: deciding twice is the same byte for byte, a repeat of an accepted id gets the same answer
//! and no facts, no command emits more than 1,000 facts or 1 MiB, and after every command all laws
//! hold and memory says what the documents say.

use crate::domain::access::Access;
use crate::domain::catalog::GoodsKind;
use crate::domain::chronicle::Chronicle;
use crate::domain::command::{Accepted, Caller, Command};
use crate::domain::event::{CoreCommand, Event};
use crate::domain::id::{AgentId, CommandId, ProductId, QuoteId, TenantId, UserId};
use crate::domain::invariant::{self, Violation, history, live};
use crate::domain::ledger::{LedgerCommand, LedgerEvent, LedgerMachine, Rules, is_remembered};
use crate::domain::money::Money;
use crate::domain::outcome::{Outcome, Receipt};
use crate::domain::pricing::Markup;
use crate::domain::rejection::Rejection;
use crate::domain::sealed::Fingerprint;
use crate::domain::stock::{Ask, HoldFate, StockCommand, StockEvent, StockMachine};
use crate::domain::tenant::BotIdentity;
use crate::domain::time::{Millis, Timestamp};

/// The only admin.
pub(in crate::domain) const ADMIN: UserId = UserId::new(1);
/// The owner of agent `a1`.
pub(in crate::domain) const OWNER: UserId = UserId::new(10);
/// A customer with money in the master's shop and in `a1`'s.
pub(in crate::domain) const BUYER: UserId = UserId::new(7);
/// Generation of the core.
pub(in crate::domain) const GENERATION: u64 = 3;

/// What a command answers.
pub(in crate::domain) type Answer = Result<Outcome, Rejection>;

#[derive(Clone)]
pub(in crate::domain) struct World {
    pub(in crate::domain) stock: StockMachine,
    pub(in crate::domain) ledger: LedgerMachine,
    pub(in crate::domain) documents: Chronicle,
    pub(in crate::domain) now: Timestamp,
    /// Accepted commands with their durable facts, as the journal has them.
    pub(in crate::domain) log: Vec<(CoreCommand, Vec<Event>)>,
    serial: u64,
    /// Whether all laws are checked after every command; not where a test makes thousands.
    pub(in crate::domain) checks: bool,
}

impl World {
    /// The master's shop, an admin, nothing else.
    pub(in crate::domain) fn empty() -> Self {
        let access = Access { admins: [ADMIN].into() };
        let rules = Rules::standard();
        let mut world = Self {
            stock: StockMachine::new(GENERATION, access.clone(), rules.keep_ids),
            ledger: LedgerMachine::new(rules, access),
            documents: Chronicle::default(),
            now: Timestamp::from_ms(1_700_000_000_000),
            log: Vec::new(),
            serial: 0,
            checks: true,
        };
        let name = "Main".to_owned();
        world.fleet(LedgerCommand::RegisterMaster { name, bot: bot(100) }).unwrap();
        world
    }

    /// Two shops with customers and goods: agent `a1` is owned and adds 10 %; product 1 costs 10 and
    /// has items 1–5, product 2 costs 2.50 and has items 6–8; the buyer has 100 in either shop.
    pub(in crate::domain) fn trading() -> Self {
        let mut world = Self::empty();
        world.open("a1");
        world.user(&shop("a1"), OWNER, LedgerCommand::ClaimOwner { code: print(200) }).unwrap();
        world.admin(pricing("a1", "10")).unwrap();
        world.stock(StockCommand::CreateCategory { name: "Keys".to_owned() }).unwrap();
        world.product("Gold", "10", 0..5);
        world.product("Tin", "2.5", 5..8);
        world.credit(&TenantId::Master, BUYER, "100").unwrap();
        world.credit(&shop("a1"), BUYER, "100").unwrap();
        world
    }

    /// A new agent; his bot is 101 for the first, and so on; his invitation is code 200 and up.
    pub(in crate::domain) fn open(&mut self, agent: &str) {
        let number = self.ledger.tenants().len();
        let number = u8::try_from(number).unwrap_or(u8::MAX);
        let command = LedgerCommand::CreateAgent {
            agent: agent_id(agent),
            name: agent.to_uppercase(),
            bot: bot(100 + i64::from(number)),
            code: print(199 + u32::from(number)),
        };
        self.admin(command).unwrap();
    }

    /// A product in category 1 with one item a number.
    pub(in crate::domain) fn product(
        &mut self,
        name: &str,
        price: &str,
        contents: std::ops::Range<u32>,
    ) -> ProductId {
        let (name, price) = (name.to_owned(), Some(usdt(price)));
        let category = crate::domain::id::CategoryId::new(1);
        let body = StockCommand::CreateProduct { category, name, kind: GoodsKind::Line, price };
        let Outcome::ProductCreated(product) = self.stock(body).unwrap() else {
            panic!("a product was created")
        };
        self.stock(add(product, contents)).unwrap();
        product
    }

    pub(in crate::domain) fn pass(&mut self, span: Millis) {
        self.now = self.now + span;
    }

    /// An admin's change of the catalogue or the shelves.
    pub(in crate::domain) fn stock(&mut self, body: StockCommand) -> Answer {
        let id = self.fresh();
        self.stock_as(&TenantId::Master, Caller::User(ADMIN), &id, body)
    }

    pub(in crate::domain) fn stock_as(
        &mut self,
        tenant: &TenantId,
        caller: Caller,
        id: &str,
        body: StockCommand,
    ) -> Answer {
        let command = command(tenant, caller, id, body);
        let accepted = self.stock.decide(&command, self.now)?;
        assert_eq!(Ok(&accepted), self.stock.decide(&command, self.now).as_ref(), "law 11");
        let events = accepted.events.into_iter().map(Event::Stock).collect();
        self.record(CoreCommand::Stock(command.clone()), events);
        let repeat = self.stock.decide(&command, self.now);
        assert_eq!(repeat, Ok(Accepted::nothing(accepted.outcome.clone())), "law 2");
        self.assert_sound();
        Ok(accepted.outcome)
    }

    pub(in crate::domain) fn admin(&mut self, body: LedgerCommand) -> Answer {
        self.user(&TenantId::Master, ADMIN, body)
    }

    pub(in crate::domain) fn owner(&mut self, body: LedgerCommand) -> Answer {
        self.user(&shop("a1"), OWNER, body)
    }

    pub(in crate::domain) fn user(
        &mut self,
        tenant: &TenantId,
        user: UserId,
        body: LedgerCommand,
    ) -> Answer {
        let id = self.fresh();
        self.ledger_as(tenant, Caller::User(user), &id, body)
    }

    pub(in crate::domain) fn fleet(&mut self, body: LedgerCommand) -> Answer {
        let id = self.fresh();
        self.ledger_as(&TenantId::Master, Caller::System, &id, body)
    }

    pub(in crate::domain) fn ledger_as(
        &mut self,
        tenant: &TenantId,
        caller: Caller,
        id: &str,
        body: LedgerCommand,
    ) -> Answer {
        let answer = self.decide_ledger(&command(tenant, caller, id, body), Vec::new());
        self.assert_sound();
        answer.map(|(outcome, _)| outcome)
    }

    pub(in crate::domain) fn credit(
        &mut self,
        tenant: &TenantId,
        user: UserId,
        amount: &str,
    ) -> Answer {
        self.admin(credit(tenant, user, usdt(amount), "test"))
    }

    /// A customer asks for a price; the quote's id is `quo_<name>`.
    pub(in crate::domain) fn ask(
        &mut self,
        tenant: &TenantId,
        user: UserId,
        name: &str,
        product: u64,
        quantity: u32,
    ) -> Answer {
        let product = ProductId::new(product);
        let ask = Ask { quote: quote(name), tenant: tenant.clone(), user, product, quantity };
        let max = self.ledger.rules().quantity_max;
        let (asked, product, base) = self.stock.decide_ask(&ask, max)?;
        self.stock.apply(&asked);
        let (quote, product) = (ask.quote, Box::new(product));
        self.user(tenant, user, LedgerCommand::IssueQuote { quote, product, base, quantity })
    }

    /// A customer confirms; the command's id is the quote's.
    pub(in crate::domain) fn confirm(
        &mut self,
        tenant: &TenantId,
        user: UserId,
        name: &str,
    ) -> Answer {
        self.confirm_as(&format!("confirm:{name}"), tenant, user, name)
    }

    /// The way of an order: the stockroom holds, the ledger decides, the hold ends.
    pub(in crate::domain) fn confirm_as(
        &mut self,
        id: &str,
        tenant: &TenantId,
        user: UserId,
        name: &str,
    ) -> Answer {
        let quote = quote(name);
        let held = self.stock.decide_hold(&quote, tenant, user);
        if let Ok(event) = &held {
            self.stock.apply(event);
        }
        let (hold, holding) = match held {
            Ok(StockEvent::Held(hold)) => (Some(hold.clone()), Ok(hold.items)),
            Ok(other) => panic!("a hold was decided, not {other:?}"),
            Err(refusal) => (None, Err(refusal)),
        };
        let sale = hold.iter().map(|hold| StockEvent::Sold {
            product: hold.ask.product,
            items: hold.items.clone(),
            order: crate::domain::id::OrderId::of(&hold.ask.quote),
        });
        let sale = sale.map(Event::Stock).collect();
        let body = LedgerCommand::PlaceOrder { quote, holding };
        let answer = self.decide_ledger(&command(tenant, Caller::User(user), id, body), sale);
        if let Some(hold) = hold {
            let sold = matches!(answer, Ok((_, true)));
            let fate = if sold { HoldFate::Sold } else { HoldFate::Released };
            let end = self.stock.decide_fate(GENERATION, hold.id, fate).unwrap();
            self.stock.apply(&end);
        }
        self.assert_sound();
        answer.map(|(outcome, _)| outcome)
    }

    /// Asks and confirms.
    pub(in crate::domain) fn buy(
        &mut self,
        tenant: &TenantId,
        user: UserId,
        name: &str,
        product: u64,
        quantity: u32,
    ) -> Receipt {
        self.ask(tenant, user, name, product, quantity).unwrap();
        match self.confirm(tenant, user, name) {
            Ok(Outcome::OrderPlaced(receipt)) => receipt,
            other => panic!("an order was placed, not {other:?}"),
        }
    }

    /// Facts that no command of today makes, as a later version or a migration would.
    pub(in crate::domain) fn given(&mut self, event: LedgerEvent) {
        self.ledger.apply(&event);
        self.documents.apply(&Event::Ledger(event));
    }

    /// Everything that is wrong, in the documents, in memory, and on the way here.
    pub(in crate::domain) fn violations(&self) -> Vec<Violation> {
        let mut found = invariant::check(&self.documents);
        found.extend(live::check(&self.stock, &self.ledger));
        found.extend(live::agree(&self.documents, &self.stock, &self.ledger));
        found
    }

    /// The documents as the log alone makes them, and what is wrong on the way.
    pub(in crate::domain) fn retold(&self) -> (Chronicle, Vec<Violation>) {
        let (mut documents, mut found) = (Chronicle::default(), Vec::new());
        for (command, events) in &self.log {
            history::follow(&mut documents, command, events, &mut found);
        }
        (documents, found)
    }

    /// The outcome, and whether there were facts. `sale` becomes fact with the command's own.
    fn decide_ledger(
        &mut self,
        command: &Command<LedgerCommand>,
        sale: Vec<Event>,
    ) -> Result<(Outcome, bool), Rejection> {
        let decided = self.ledger.decide(command, self.now);
        assert_eq!(decided, self.ledger.decide(command, self.now), "law 11");
        let Accepted { events, outcome } = match decided {
            Ok(accepted) => accepted,
            Err(rejection) => {
                if let Some(event) = self.ledger.after_rejection(command, &rejection) {
                    self.ledger.apply(&event);
                }
                return Err(rejection);
            }
        };
        let happened = !events.is_empty();
        let facts = events.into_iter().map(Event::Ledger);
        let facts = if happened { sale.into_iter().chain(facts).collect() } else { Vec::new() };
        self.record(CoreCommand::Ledger(command.clone()), facts);
        if is_remembered(&command.body) {
            let repeat = self.ledger.decide(command, self.now);
            assert_eq!(repeat, Ok(Accepted::nothing(outcome.clone())), "law 2");
        }
        Ok((outcome, happened))
    }

    fn record(&mut self, command: CoreCommand, events: Vec<Event>) {
        assert!(events.len() <= 1_000, "{} facts of one command", events.len());
        let bytes = serde_json::to_vec(&(&command, &events)).unwrap().len();
        assert!(bytes <= 1 << 20, "{bytes} bytes of one command");
        for event in &events {
            match event {
                Event::Stock(event) => self.stock.apply(event),
                Event::Ledger(event) => self.ledger.apply(event),
            }
            if event.is_durable() {
                self.documents.apply(event);
            }
        }
        let durable: Vec<Event> = events.into_iter().filter(Event::is_durable).collect();
        if !durable.is_empty() {
            self.log.push((command, durable));
        }
    }

    fn assert_sound(&self) {
        if self.checks {
            assert_eq!(self.violations(), [], "after {:?}", self.log.last());
        }
    }

    fn fresh(&mut self) -> String {
        self.serial += 1;
        format!("c{}", self.serial)
    }
}

pub(in crate::domain) fn command<Body>(
    tenant: &TenantId,
    caller: Caller,
    id: &str,
    body: Body,
) -> Command<Body> {
    Command { id: id.parse::<CommandId>().unwrap(), tenant: tenant.clone(), caller, body }
}

pub(in crate::domain) fn shop(agent: &str) -> TenantId {
    TenantId::Agent(agent_id(agent))
}

pub(in crate::domain) fn agent_id(agent: &str) -> AgentId {
    agent.parse().unwrap()
}

pub(in crate::domain) fn usdt(text: &str) -> Money {
    text.parse().unwrap()
}

pub(in crate::domain) fn quote(name: &str) -> QuoteId {
    QuoteId::from_body(name).unwrap()
}

/// The fingerprint of content, code or token number `n`.
pub(in crate::domain) fn print(n: u32) -> Fingerprint {
    Fingerprint::new(u128::from(n).to_be_bytes())
}

/// Bot number `n` with a token of its own.
pub(in crate::domain) fn bot(n: i64) -> BotIdentity {
    let token = print(u32::try_from(n).unwrap() + 1_000_000);
    BotIdentity { id: UserId::new(n), username: format!("shop_{n}_bot"), token }
}

pub(in crate::domain) fn add(product: ProductId, contents: std::ops::Range<u32>) -> StockCommand {
    StockCommand::AddItems { product, items: contents.map(print).collect() }
}

pub(in crate::domain) fn pricing(agent: &str, percent: &str) -> LedgerCommand {
    let markup = Markup::Percent(percent.parse().unwrap());
    LedgerCommand::SetPricing { agent: agent_id(agent), markup }
}

pub(in crate::domain) fn credit(
    tenant: &TenantId,
    user: UserId,
    amount: Money,
    reason: &str,
) -> LedgerCommand {
    LedgerCommand::Credit { tenant: tenant.clone(), user, amount, reason: reason.to_owned() }
}
