//! Filling a world: catalogue, agents, customers with money; by the commands that admins give.

use super::{MASTER, World};
use crate::actors::{Waiting, invitation_print, seal_goods, seal_token, token_print};
use crate::domain::catalog::GoodsKind;
use crate::domain::command::{Caller, Command};
use crate::domain::id::{AgentId, CategoryId, ProductId, QuoteId, TenantId, UserId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::money::Money;
use crate::domain::outcome::Outcome;
use crate::domain::pricing::Markup;
use crate::domain::stock::{Ask, StockCommand};
use crate::domain::tenant::BotIdentity;
use crate::secret::Secret;
use crate::store::batch::Record;

/// The only admin of a world of the test kit.
pub const ADMIN: UserId = UserId::new(1);
/// The owner of every agent that [`World::with_agent`] makes.
pub const OWNER: UserId = UserId::new(2);
/// The customer of [`World::with_shop`].
pub const CUSTOMER: UserId = UserId::new(100);
/// Items on the shelf of a new world.
pub const ITEMS: u32 = 20;

#[expect(
    clippy::missing_panics_doc,
    reason = "said once: a world is a test kit, and what cannot be done in it ends the test"
)]
impl World {
    /// An agent with a bot, an owner and 10 % markup, so that the product costs 11 there.
    pub fn with_agent(mut self, shop: &str) -> Self {
        let token = self.make_bot(shop);
        let number = token.expose().split(':').next().expect("a token begins with a number");
        let agent: AgentId = shop.parse().expect("a valid id");
        let vault = self.fleet().vault.clone();
        let bot = BotIdentity {
            id: UserId::new(number.parse().expect("a number")),
            username: bot_name(shop),
            token: token_print(&vault, &token),
        };
        let code = invitation_print(&vault, shop);
        let sealed = seal_token(&vault, &tenant(shop), &token);
        let record = Record::Token { tenant: tenant(shop), sealed };
        let create = LedgerCommand::CreateAgent { agent, name: shop.to_owned(), bot, code };
        self.ledger(MASTER, ADMIN, create, vec![record]);
        self.ledger(shop, OWNER, LedgerCommand::ClaimOwner { code }, Vec::new());
        let markup = Markup::Percent(10.into());
        self.ledger(shop, OWNER, LedgerCommand::SetOwnPricing { markup }, Vec::new());
        self
    }

    /// A bot that nobody's shop has yet; answers its token.
    pub fn make_bot(&self, shop: &str) -> Secret {
        let made = self.beside(|sandbox| sandbox.create_bot(&bot_name(shop), shop));
        Secret::new(made.expect("a new bot")["token"].as_str().expect("a token"))
    }

    /// A customer who has money and has said hello.
    pub fn with_customer(mut self, shop: &str, user: UserId, usdt: i64) -> Self {
        let credit = LedgerCommand::Credit {
            tenant: tenant(shop),
            user,
            amount: Money::whole(usdt),
            reason: "a test".to_owned(),
        };
        self.ledger(MASTER, self.admin(), credit, Vec::new());
        self.say(shop, user, "/start");
        self.settle();
        self
    }

    /// An admin who has said hello to the master, so that notices reach him.
    pub fn with_admin(mut self) -> Self {
        self.say(MASTER, ADMIN, "/start");
        self.settle();
        self
    }

    /// The usual world: an agent `a1` with one customer who has 100.
    pub fn with_shop(self) -> Self {
        self.with_admin().with_agent("a1").with_customer("a1", CUSTOMER, 100)
    }

    pub(super) fn open_shop(&mut self) {
        let category = StockCommand::CreateCategory { name: "Keys".to_owned() };
        self.stock(category, Vec::new());
        let product = StockCommand::CreateProduct {
            category: CategoryId::new(1),
            name: "Key".to_owned(),
            kind: GoodsKind::Line,
            price: Some(Money::whole(10)),
        };
        self.stock(product, Vec::new());
        self.add_items(1..=ITEMS);
    }

    /// More items on the shelf.
    pub fn add_items(&mut self, numbers: std::ops::RangeInclusive<u32>) {
        let vault = self.fleet().vault.clone();
        let line = |number: u32| {
            let (content, sealed) = seal_goods(&vault, format!("KEY-{number:04}").as_bytes());
            (content, Record::Goods { content, sealed })
        };
        let (items, records) = numbers.map(line).unzip();
        self.stock(StockCommand::AddItems { product: ProductId::new(1), items }, records);
    }

    /// One item bought by a customer with money, past the bots: nobody delivers it before something
    /// makes them look.
    pub fn order_past_the_bots(&mut self, shop: &str, user: UserId) {
        let credit = LedgerCommand::Credit {
            tenant: tenant(shop),
            user,
            amount: Money::whole(20),
            reason: "a test".to_owned(),
        };
        self.ledger(MASTER, self.admin(), credit, Vec::new());
        self.drawn += 1;
        let quote = QuoteId::from_body(&format!("w{}", self.drawn)).expect("a valid id");
        let tenant = tenant(shop);
        let product = ProductId::new(1);
        let ask = Ask { quote: quote.clone(), tenant: tenant.clone(), user, product, quantity: 1 };
        let id = format!("world:{}", self.drawn).parse().expect("a valid id");
        let stock = self.fleet().core.stock();
        let bought = self.run(async move {
            answer(stock.quote(id, ask).await).await;
            answer(stock.place(quote, tenant, user).await).await
        });
        bought.expect("the world lives");
    }

    pub(super) fn stock(&mut self, body: StockCommand, records: Vec<Record>) {
        let (command, handle) =
            (self.command(MASTER, self.admin(), body), self.fleet().core.stock());
        let answered = self.run(async move { answer(handle.change(command, records).await).await });
        answered.expect("the world lives");
    }

    /// Who may do what admins do.
    pub(super) fn admin(&self) -> UserId {
        self.config.admins.first().copied().unwrap_or(ADMIN)
    }

    pub(super) fn ledger(
        &mut self,
        shop: &str,
        by: UserId,
        body: LedgerCommand,
        records: Vec<Record>,
    ) {
        let (command, handle) = (self.command(shop, by, body), self.fleet().core.ledger());
        let answered =
            self.run(async move { answer(handle.execute(command, records).await).await });
        answered.expect("the world lives");
    }

    fn command<Body>(&mut self, shop: &str, by: UserId, body: Body) -> Command<Body> {
        self.drawn += 1;
        let id = format!("world:{}", self.drawn).parse().expect("a valid id");
        let tenant: TenantId = tenant(shop);
        Command { id, tenant, caller: Caller::User(by), body }
    }
}

/// The shop of that name.
///
/// # Panics
/// When it is no agent's id.
pub fn tenant(shop: &str) -> TenantId {
    match shop {
        MASTER => TenantId::Master,
        agent => TenantId::Agent(agent.parse().expect("a valid id")),
    }
}

/// The user name of a shop's bot.
pub fn bot_name(shop: &str) -> String {
    format!("{shop}_bot")
}

async fn answer(waiting: Result<Waiting, crate::actors::CallError>) -> Outcome {
    let answer = waiting.expect("the core takes it").answer().await;
    answer.expect("the core answers").expect("the test asks for what is possible")
}
