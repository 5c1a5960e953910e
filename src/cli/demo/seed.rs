//! The sample shop: catalogue, stock, two agents, two customers with money.
//!
//! Made by the same commands that admins give, decided by the core like theirs.

use super::super::Failure;
use super::people::{ADMIN, ANNA, BO, Bot, Cast, OWNER};
use crate::actors::{Waiting, invitation_print, seal_goods, seal_token, token_print};
use crate::app::Fleet;
use crate::domain::catalog::GoodsKind;
use crate::domain::command::{Caller, Command};
use crate::domain::id::{AgentId, CategoryId, ProductId, TenantId, UserId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::money::Money;
use crate::domain::outcome::Outcome;
use crate::domain::pricing::Markup;
use crate::domain::stock::StockCommand;
use crate::domain::tenant::BotIdentity;
use crate::store::batch::Record;

/// What is sold: category, product, price, description, lines. In both languages of the demo, as a
/// catalogue has one text for all.
const GOODS: &[(&str, &[Sample])] = &[
    (
        "🎮 Games · 游戏",
        &[
            Sample(
                "Star Harbor (PC)",
                "12.5",
                "Full game, worldwide, activates at once.\n完整版游戏，全球可用，立即激活。",
                "STAR",
                24,
            ),
            Sample(
                "Night Rally 3",
                "7.9",
                "Racing. One key, one account.\n赛车游戏，一个激活码对应一个账号。",
                "RALLY",
                8,
            ),
        ],
    ),
    (
        "📺 Subscriptions · 订阅",
        &[
            Sample(
                "Streamly · 1 month",
                "4.2",
                "A code for one month, any region.\n一个月会员兑换码，不限地区。",
                "STRM",
                20,
            ),
            Sample(
                "Tunora · 3 months",
                "9.99",
                "Music without advertising.\n三个月音乐会员，无广告。",
                "TUNE",
                15,
            ),
        ],
    ),
    (
        "🧰 Tools · 工具",
        &[Sample(
            "PixelDesk licence",
            "19",
            "A lifetime licence for one computer.\n永久授权，可用于一台电脑。",
            "PIXL",
            3,
        )],
    ),
];

struct Sample(&'static str, &'static str, &'static str, &'static str, u32);

/// Opens the sample shop unless there is one; answers whether it is fresh.
pub(super) async fn open_shop(fleet: &Fleet, cast: &Cast) -> Result<bool, Failure> {
    let known = fleet.core.views().read().tenants.len() > 1;
    if known {
        return Ok(false);
    }
    let seed = Seed { fleet };
    for (place, (category, samples)) in GOODS.iter().enumerate() {
        let category = seed.category(place, category).await?;
        for sample in *samples {
            seed.product(category, sample).await?;
        }
    }
    let olivia = seed.agent("olivia", "Olivia's Keys", &cast.first, "20").await?;
    seed.owner(&olivia, OWNER.id).await?;
    let panda = seed.agent("panda", "幸运熊猫", &cast.second, "15").await?;
    seed.credit(&olivia, ANNA.id).await?;
    seed.credit(&panda, BO.id).await?;
    Ok(true)
}

struct Seed<'a> {
    fleet: &'a Fleet,
}

impl Seed<'_> {
    async fn category(&self, place: usize, name: &str) -> Result<CategoryId, Failure> {
        let body = StockCommand::CreateCategory { name: name.to_owned() };
        match self.stock(&format!("category:{place}"), body, Vec::new()).await? {
            Outcome::CategoryCreated(id) => Ok(id),
            other => Err(unexpected(&other)),
        }
    }

    async fn product(&self, category: CategoryId, sample: &Sample) -> Result<(), Failure> {
        let Sample(name, price, description, prefix, count) = sample;
        let body = StockCommand::CreateProduct {
            category,
            name: (*name).to_owned(),
            kind: GoodsKind::Line,
            price: Some(amount(price)?),
        };
        let product: ProductId =
            match self.stock(&format!("product:{prefix}"), body, Vec::new()).await? {
                Outcome::ProductCreated(id) => id,
                other => return Err(unexpected(&other)),
            };
        let description = (*description).to_owned();
        let body = StockCommand::DescribeProduct { product, description };
        self.stock(&format!("describe:{prefix}"), body, Vec::new()).await?;
        let (items, records) = (0..*count)
            .map(|number| {
                let line = format!("{prefix}-{:04}-{:04}", 1000 + number * 37, 9000 - number * 53);
                let (content, sealed) = seal_goods(&self.fleet.vault, line.as_bytes());
                (content, Record::Goods { content, sealed })
            })
            .unzip();
        let body = StockCommand::AddItems { product, items };
        self.stock(&format!("stock:{prefix}"), body, records).await.map(drop)
    }

    async fn agent(
        &self,
        id: &str,
        name: &str,
        bot: &Bot,
        percent: &str,
    ) -> Result<AgentId, Failure> {
        let vault = &self.fleet.vault;
        let agent: AgentId = id.parse().map_err(|_| Failure::Check(format!("{id} is no id")))?;
        let tenant = TenantId::Agent(agent.clone());
        let identity = BotIdentity {
            id: UserId::new(bot.id),
            username: bot.username.clone(),
            token: token_print(vault, &bot.token),
        };
        let sealed = seal_token(vault, &tenant, &bot.token);
        let body = LedgerCommand::CreateAgent {
            agent: agent.clone(),
            name: name.to_owned(),
            bot: identity,
            code: code(vault, &agent),
        };
        let record = Record::Token { tenant, sealed };
        self.ledger(&format!("agent:{id}"), TenantId::Master, ADMIN.id, body, vec![record]).await?;
        let percent = percent.parse().map_err(|_| Failure::Check(percent.to_owned()))?;
        let markup = Markup::Percent(percent);
        let body = LedgerCommand::SetPricing { agent: agent.clone(), markup };
        self.ledger(&format!("pricing:{id}"), TenantId::Master, ADMIN.id, body, Vec::new()).await?;
        Ok(agent)
    }

    async fn owner(&self, agent: &AgentId, owner: UserId) -> Result<(), Failure> {
        let body = LedgerCommand::ClaimOwner { code: code(&self.fleet.vault, agent) };
        let shop = TenantId::Agent(agent.clone());
        self.ledger(&format!("owner:{agent}"), shop, owner, body, Vec::new()).await
    }

    async fn credit(&self, agent: &AgentId, user: UserId) -> Result<(), Failure> {
        let body = LedgerCommand::Credit {
            tenant: TenantId::Agent(agent.clone()),
            user,
            amount: amount("200")?,
            reason: "Welcome to the demo".to_owned(),
        };
        let id = format!("credit:{user}");
        self.ledger(&id, TenantId::Master, ADMIN.id, body, Vec::new()).await
    }

    async fn stock(
        &self,
        id: &str,
        body: StockCommand,
        records: Vec<Record>,
    ) -> Result<Outcome, Failure> {
        let command = command(id, TenantId::Master, ADMIN.id, body)?;
        let waiting = self.fleet.core.stock().change(command, records).await;
        answer(waiting.map_err(|error| Failure::Check(error.to_string()))?).await
    }

    async fn ledger(
        &self,
        id: &str,
        tenant: TenantId,
        user: UserId,
        body: LedgerCommand,
        records: Vec<Record>,
    ) -> Result<(), Failure> {
        let command = command(id, tenant, user, body)?;
        let waiting = self.fleet.core.ledger().execute(command, records).await;
        answer(waiting.map_err(|error| Failure::Check(error.to_string()))?).await.map(drop)
    }
}

fn code(vault: &crate::vault::Vault, agent: &AgentId) -> crate::domain::sealed::Fingerprint {
    invitation_print(vault, &format!("demo:{agent}"))
}

fn command<Body>(
    id: &str,
    tenant: TenantId,
    user: UserId,
    body: Body,
) -> Result<Command<Body>, Failure> {
    let id = format!("demo:{id}").parse().map_err(|_| Failure::Check(format!("{id} is no id")))?;
    Ok(Command { id, tenant, caller: Caller::User(user), body })
}

async fn answer(mut waiting: Waiting) -> Result<Outcome, Failure> {
    match waiting.answer().await {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(rejection)) => Err(Failure::Check(format!("the sample shop: {rejection}"))),
        Err(error) => Err(Failure::Check(format!("the sample shop: {error}"))),
    }
}

fn amount(text: &str) -> Result<Money, Failure> {
    text.parse().map_err(|error| Failure::Check(format!("{text}: {error}")))
}

fn unexpected(outcome: &Outcome) -> Failure {
    Failure::Check(format!("the sample shop: an unexpected answer {outcome:?}"))
}
