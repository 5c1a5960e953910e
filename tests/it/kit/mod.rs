//! A small world around the pure core: both machines, a clock that tests move, and what they decide
//! as batch entries.
//!
//! Beside the live machines the kit keeps *twins* that saw durable facts only, and the chronicle of
//! those facts. A store that was given every entry must load exactly the twins.

pub(crate) mod mongo;
mod trade;

pub(crate) use shopfleet::sim::{ADMIN, CUSTOMER, OWNER};

use shopfleet::domain::access::Access;
use shopfleet::domain::catalog::GoodsKind;
use shopfleet::domain::chronicle::Chronicle;
use shopfleet::domain::command::{Caller, Command};
use shopfleet::domain::event::{CoreCommand, Event};
use shopfleet::domain::id::{AgentId, CategoryId, ProductId, QuoteId, TenantId, UserId};
use shopfleet::domain::ledger::{LedgerCommand, LedgerMachine, Rules};
use shopfleet::domain::money::Money;
use shopfleet::domain::outcome::Outcome;
use shopfleet::domain::pricing::Markup;
use shopfleet::domain::rejection::Rejection;
use shopfleet::domain::sealed::{Fingerprint, Sealed};
use shopfleet::domain::stock::{StockCommand, StockMachine};
use shopfleet::domain::tenant::BotIdentity;
use shopfleet::domain::time::{Millis, Timestamp};
use shopfleet::store::Loaded;
use shopfleet::store::batch::{BatchEntry, Record};

/// The generation of every stockroom of the kit.
const GENERATION: u64 = 1;

/// Both machines and their durable twins.
pub(crate) struct Kit {
    pub(crate) stock: StockMachine,
    pub(crate) ledger: LedgerMachine,
    pub(crate) now: Timestamp,
    /// Every durable fact so far.
    pub(crate) chronicle: Chronicle,
    stock_twin: StockMachine,
    ledger_twin: LedgerMachine,
    drawn: u64,
}

impl Kit {
    /// An empty world at a fixed time.
    pub(crate) fn new() -> Self {
        let stock = StockMachine::new(GENERATION, access(), Rules::standard().keep_ids);
        let ledger = LedgerMachine::new(Rules::standard(), access());
        Self {
            stock_twin: stock.clone(),
            ledger_twin: ledger.clone(),
            stock,
            ledger,
            now: Timestamp::from_ms(1_760_000_000_000),
            chronicle: Chronicle::default(),
            drawn: 0,
        }
    }

    /// The master's shop and the agent's, with owner, wallet and 10 % markup, and one product at 10
    /// without items.
    pub(crate) fn open_shop(&mut self) -> Vec<BatchEntry> {
        let category = StockCommand::CreateCategory { name: "Keys".to_owned() };
        let product = StockCommand::CreateProduct {
            category: CategoryId::new(1),
            name: "Key".to_owned(),
            kind: GoodsKind::Line,
            price: Some(Money::whole(10)),
        };
        let master = LedgerCommand::RegisterMaster { name: "Shop".to_owned(), bot: bot(10) };
        let mut entries =
            vec![self.by_fleet(master), self.by_stockist(category), self.by_stockist(product)];
        entries.extend(self.open_agent(&agent(), bot(11), OWNER));
        entries
    }

    /// A new agent's shop with an owner, a wallet and 10 % markup.
    pub(crate) fn open_agent(
        &mut self,
        agent: &AgentId,
        bot: BotIdentity,
        owner: UserId,
    ) -> Vec<BatchEntry> {
        let (code, shop) = (self.draw_content(), TenantId::Agent(agent.clone()));
        let create =
            LedgerCommand::CreateAgent { agent: agent.clone(), name: agent.to_string(), bot, code };
        let address = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t".parse().expect("an address");
        let markup = Markup::Percent(10.into());
        vec![
            self.by_admin(create),
            self.by_user(&shop, owner, LedgerCommand::ClaimOwner { code }).expect("in time"),
            self.by_user(&shop, owner, LedgerCommand::SetWallet { address }).expect("the owner"),
            self.by_user(&shop, owner, LedgerCommand::SetOwnPricing { markup }).expect("the owner"),
        ]
    }

    /// New lines on a shelf, with their sealed goods.
    pub(crate) fn add_lines(
        &mut self,
        product: ProductId,
        count: usize,
    ) -> (BatchEntry, Vec<Record>) {
        let items: Vec<Fingerprint> = (0..count).map(|_| self.draw_content()).collect();
        let goods =
            |content: &Fingerprint| Record::Goods { content: *content, sealed: sealed(content) };
        let records = items.iter().map(goods).collect();
        (self.by_stockist(StockCommand::AddItems { product, items }), records)
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, span: Millis) {
        self.now = self.now + span;
    }

    /// A fingerprint that nothing else has.
    pub(crate) fn draw_content(&mut self) -> Fingerprint {
        Fingerprint::new(u128::from(self.draw()).to_be_bytes())
    }

    /// A quote id that nothing else has, later than those before.
    pub(crate) fn draw_quote(&mut self) -> QuoteId {
        QuoteId::from_body(&format!("q{:08}", self.draw())).expect("a valid body")
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }

    /// What an admin asks of StockActor.
    pub(crate) fn by_stockist(&mut self, body: StockCommand) -> BatchEntry {
        self.stock_command(body).expect("the test asks for what is possible").0
    }

    /// What an admin asks of StockActor, possible or not.
    pub(crate) fn stock_command(
        &mut self,
        body: StockCommand,
    ) -> Result<(BatchEntry, Outcome), Rejection> {
        let command = self.command(&TenantId::Master, Caller::User(ADMIN), body);
        let accepted = self.stock.decide(&command, self.now)?;
        for event in &accepted.events {
            self.stock.apply(event);
        }
        let events = accepted.events.into_iter().map(Event::Stock).collect();
        Ok((self.note(CoreCommand::Stock(command), events), accepted.outcome))
    }

    /// What an admin asks of LedgerActor.
    pub(crate) fn by_admin(&mut self, body: LedgerCommand) -> BatchEntry {
        self.by_user(&TenantId::Master, ADMIN, body).expect("the test asks for what is possible")
    }

    /// What the fleet itself asks of LedgerActor.
    pub(crate) fn by_fleet(&mut self, body: LedgerCommand) -> BatchEntry {
        self.ledger_command(&TenantId::Master, Caller::System, body)
            .expect("the test asks for what is possible")
            .0
    }

    /// What a person asks of LedgerActor in a shop.
    pub(crate) fn by_user(
        &mut self,
        tenant: &TenantId,
        user: UserId,
        body: LedgerCommand,
    ) -> Result<BatchEntry, Rejection> {
        Ok(self.ledger_command(tenant, Caller::User(user), body)?.0)
    }

    /// Some command that nobody decided, for facts that nobody would decide.
    pub(crate) fn ledger_probe(&mut self) -> CoreCommand {
        let body = LedgerCommand::MatureDue { limit: 0 };
        CoreCommand::Ledger(self.command(&TenantId::Master, Caller::System, body))
    }

    fn ledger_command(
        &mut self,
        tenant: &TenantId,
        caller: Caller,
        body: LedgerCommand,
    ) -> Result<(BatchEntry, Outcome), Rejection> {
        let command = self.command(tenant, caller, body);
        let accepted = self.ledger.decide(&command, self.now)?;
        for event in &accepted.events {
            self.ledger.apply(event);
        }
        let events = accepted.events.into_iter().map(Event::Ledger).collect();
        Ok((self.note(CoreCommand::Ledger(command), events), accepted.outcome))
    }

    /// A command with an id of its own.
    fn command<Body>(&mut self, tenant: &TenantId, caller: Caller, body: Body) -> Command<Body> {
        let id = format!("t:{}", self.draw()).parse().expect("a valid id");
        Command { id, tenant: tenant.clone(), caller, body }
    }

    /// Makes a batch entry of what was decided and shows its durable facts to the twins.
    fn note(&mut self, command: CoreCommand, mut events: Vec<Event>) -> BatchEntry {
        events.retain(Event::is_durable);
        for event in &events {
            self.chronicle.apply(event);
            match event {
                Event::Stock(fact) => self.stock_twin.apply(fact),
                Event::Ledger(fact) => self.ledger_twin.apply(fact),
            }
        }
        BatchEntry { command, events }
    }

    /// Forgets what only memory knows, as a restart does.
    pub(crate) fn restart(&mut self) {
        self.stock = self.stock_twin.clone();
        self.ledger = self.ledger_twin.clone();
    }

    /// Checks that a store loads what the durable facts say.
    pub(crate) fn check_loaded(&self, loaded: Loaded) {
        let keep = Rules::standard().keep_ids;
        let stock = StockMachine::load(GENERATION, access(), keep, loaded.stock);
        assert_eq!(stock, self.stock_twin);
        let ledger = LedgerMachine::load(Rules::standard(), access(), loaded.ledger);
        assert_eq!(ledger, self.ledger_twin);
    }
}

fn access() -> Access {
    Access { admins: [ADMIN].into() }
}

/// The agent that the kit opens a shop for.
pub(crate) fn agent() -> AgentId {
    "a1".parse().expect("a valid id")
}

/// That agent's shop.
pub(crate) fn agents_shop() -> TenantId {
    TenantId::Agent(agent())
}

/// A bot by its Telegram id.
pub(crate) fn bot(id: i64) -> BotIdentity {
    let token = Fingerprint::new(i128::from(-id).to_be_bytes());
    BotIdentity { id: UserId::new(id), username: format!("shop{id}_bot"), token }
}

/// What the kit takes for the ciphertext of a content.
pub(crate) fn sealed(content: &Fingerprint) -> Sealed {
    Sealed::from_text(format!("v1.k.{content}"))
}
