//! The clerk: performs what a dialog requests, through the handles of the core and the store.
//!
//! Commands get their id from the update that caused them, so a redelivered update cannot act twice;
//! a purchase has the id of its quote. Authority is the core's to check; reads that a role protects
//! are checked here, by the same table.

use super::shop::Shop;
use super::upload::Upload;
use crate::actors::intake::{CallError, CoreAnswer, Waiting};
use crate::domain::access::{Denied, Right};
use crate::domain::command::{Caller, Command};
use crate::domain::id::{AgentId, OrderId, ProductId, QuoteId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::order::Order;
use crate::domain::outcome::Outcome;
use crate::domain::rejection::Rejection;
use crate::domain::stock::{Ask, StockCommand};
use crate::domain::tenant::{BotIdentity, TenantStatus};
use crate::domain::withdrawal::{Withdrawal, WithdrawalState};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::store::batch::Record;
use crate::store::query::{OrderQuery, WithdrawalQuery};
use crate::telegram::client::Client;
use crate::telegram::request::{Reply, Request};
use crate::telegram::token::BotToken;
use crate::telegram::transport::ApiError;

/// A request on its way.
pub(super) enum Work {
    /// It has its reply.
    Ready(Reply),
    /// It was decided long ago; the function makes the reply of its answer.
    Known(Outcome, Finish),
    /// The core decides it; the function makes the reply of its answer.
    Waiting(Waiting, Finish),
}

/// Makes the reply of the core's answer.
pub(super) type Finish = Box<dyn FnOnce(CoreAnswer) -> Reply>;

impl Work {
    fn known(outcome: Outcome) -> Self {
        Self::Known(outcome, Box::new(reply))
    }

    /// The same with another reply to the core's answer.
    fn finished_by(self, finish: impl FnOnce(CoreAnswer) -> Reply + 'static) -> Self {
        match self {
            Self::Ready(reply) => Self::Ready(reply),
            Self::Known(outcome, _) => Self::Known(outcome, Box::new(finish)),
            Self::Waiting(waiting, _) => Self::Waiting(waiting, Box::new(finish)),
        }
    }
}

/// Who asks, and what names his commands.
pub(super) struct Clerk<'a> {
    pub(super) shop: &'a Shop,
    pub(super) user: UserId,
    /// Unique per update and step.
    pub(super) id: String,
    /// Whether the update waited in the inbox of an earlier run.
    pub(super) late: bool,
}

/// A call that was not taken, as a dialog hears it.
pub(super) const fn refused(error: CallError) -> Reply {
    match error {
        CallError::Busy => Reply::Busy,
        CallError::Unavailable => Reply::Unavailable,
    }
}

impl Clerk<'_> {
    /// Performs a request as far as it goes without waiting for the core.
    pub(super) async fn perform(&self, request: Request) -> Work {
        match request {
            Request::Quote { product, quantity } => {
                let quote = self.draw_quote();
                let user = self.user;
                let ask = Ask { quote, tenant: self.shop.tenant.clone(), user, product, quantity };
                let Ok(id) = self.id.parse() else { return Work::Ready(Reply::Unavailable) };
                plain(self.shop.fleet.core.stock().quote(id, ask).await)
            }
            Request::Place { quote } => self.place(quote).await,
            Request::Stock(body) => self.stock(body).await,
            Request::Ledger(body) => self.ledger(body, Vec::new()).await,
            Request::CreateAgent { agent, token, name } => {
                self.create_agent(agent, token, name).await
            }
            Request::RenewOwnerLink { agent } => self.renew_owner_link(agent).await,
            Request::ClaimOwner { code } => {
                let code = self.link_print(code.expose());
                self.ledger(LedgerCommand::ClaimOwner { code }, Vec::new()).await
            }
            Request::AddLines { product, lines } => {
                Work::Ready(self.upload(product).lines(lines).await)
            }
            Request::AddLineFile { product, file_id } => {
                Work::Ready(self.upload(product).line_file(file_id).await)
            }
            Request::AddFile { product, file_id, file_name } => {
                Work::Ready(self.upload(product).file(file_id, file_name).await)
            }
            Request::Balance => self.balance().await,
            Request::Orders { skip, limit } => self.orders(skip, limit).await,
            Request::Order { order } => {
                let order = self.own_order(order).await;
                self.page(order.map(|order| Reply::Order(order.map(Box::new))))
            }
            Request::Redeliver { order } => {
                let order = self.own_order(order).await;
                self.page(order.map(|order| Reply::Redelivering(order.is_some())))
            }
            Request::AgentPanel => self.agent_panel().await,
            Request::Withdrawals { state, skip, limit } => {
                self.withdrawals(state, skip, limit).await
            }
            Request::Withdrawal { withdrawal } => self.withdrawal(withdrawal).await,
            Request::SetAside { skip, limit } => self.set_aside(skip, limit).await,
            Request::Bots => Work::Ready(self.bots()),
            // The chat keeps it with its own state.
            Request::SetLanguage { .. } => Work::Ready(Reply::Done),
        }
    }

    fn upload(&self, product: ProductId) -> Upload<'_> {
        Upload { clerk: self, product }
    }

    /// What was read for a page.
    fn page(&self, read: Result<Reply, StoreError>) -> Work {
        Work::Ready(read.unwrap_or_else(|error| {
            tracing::warn!(tenant = %self.shop.tenant, %error, "a page could not be read");
            Reply::Unavailable
        }))
    }

    async fn balance(&self) -> Work {
        let balance = self.shop.fleet.store.balance(self.shop.tenant.clone(), self.user).await;
        self.page(balance.map(Reply::Balance))
    }

    async fn orders(&self, skip: u32, limit: u32) -> Work {
        let query = OrderQuery {
            tenant: Some(self.shop.tenant.clone()),
            user: Some(self.user),
            undelivered: false,
            skip,
            limit,
        };
        let page = self.shop.fleet.store.orders(query).await;
        self.page(page.map(|page| Reply::Orders { rows: page.rows, total: page.total }))
    }

    /// A list of the fleet's troubles, for admins.
    async fn set_aside(&self, skip: u32, limit: u32) -> Work {
        if self.check(Right::Admin).is_err() {
            return Work::Ready(Denied.into());
        }
        let page = self.shop.fleet.store.set_aside(skip, limit).await;
        self.page(page.map(|page| Reply::SetAside { rows: page.rows, total: page.total }))
    }

    /// The answer that a command got long ago. An update that waited in the inbox may have been acted
    /// on before the core's memory begins; the store remembers longer (law 2). Nothing when it was
    /// not, or when whoever gave it may not any more: the core tells him so.
    ///
    /// # Errors
    /// [`Reply::Unavailable`] when the store cannot be asked: it must not be given twice.
    pub(super) async fn answered<Body>(
        &self,
        command: &Command<Body>,
        right: Right,
    ) -> Result<Option<Outcome>, Reply> {
        if !self.late || self.check(right).is_err() {
            return Ok(None);
        }
        let found = self.shop.fleet.store.outcome(command.key()).await;
        found.map_err(|_| Reply::Unavailable)
    }

    async fn stock(&self, body: StockCommand) -> Work {
        let right = body.right();
        let Some(command) = self.command(self.id.as_str(), body) else {
            return Work::Ready(Reply::Unavailable);
        };
        match self.answered(&command, right).await {
            Ok(None) => plain(self.shop.fleet.core.stock().change(command, Vec::new()).await),
            Ok(Some(outcome)) => Work::known(outcome),
            Err(reply) => Work::Ready(reply),
        }
    }

    async fn ledger(&self, body: LedgerCommand, records: Vec<Record>) -> Work {
        let resumed = match &body {
            LedgerCommand::SetStatus { agent, status: TenantStatus::Active } => {
                Some(TenantId::Agent(agent.clone()))
            }
            _ => None,
        };
        let right = body.right();
        let Some(command) = self.command(self.id.as_str(), body) else {
            return Work::Ready(Reply::Unavailable);
        };
        match self.answered(&command, right).await {
            Ok(None) => {}
            Ok(Some(outcome)) => return Work::known(outcome),
            Err(reply) => return Work::Ready(reply),
        }
        let waiting = self.shop.fleet.core.ledger().execute(command, records).await;
        match (waiting, resumed) {
            (Ok(waiting), Some(tenant)) => self.then_resume(waiting, tenant),
            (waiting, _) => plain(waiting),
        }
    }

    /// Resuming a shop also closes its bot's open circuit.
    fn then_resume(&self, waiting: Waiting, tenant: TenantId) -> Work {
        let supervisor = self.shop.fleet.supervisor.clone();
        let finish = move |answer: CoreAnswer| {
            if let (Ok(_), Some(supervisor)) = (&answer, supervisor.get().cloned()) {
                actix_rt::spawn(async move { supervisor.resume(tenant).await });
            }
            reply(answer)
        };
        Work::Waiting(waiting, Box::new(finish))
    }

    pub(super) fn command<Body>(&self, id: &str, body: Body) -> Option<Command<Body>> {
        let (tenant, caller) = (self.shop.tenant.clone(), Caller::User(self.user));
        Some(Command { id: id.parse().ok()?, tenant, caller, body })
    }

    /// A purchase whose quote is gone may be one that was accepted long ago: the order says so.
    async fn place(&self, quote: QuoteId) -> Work {
        let order = OrderId::of(&quote);
        if let Ok(Some(order)) = self.own_order(order).await {
            return Work::Ready(self.placed_before(&order).await);
        }
        let stock = self.shop.fleet.core.stock();
        plain(stock.place(quote, self.shop.tenant.clone(), self.user).await)
    }

    async fn placed_before(&self, order: &Order) -> Reply {
        let balance = self.shop.fleet.store.balance(self.shop.tenant.clone(), self.user).await;
        let Ok(balance) = balance else { return Reply::Unavailable };
        Reply::Accepted(Outcome::OrderPlaced(crate::domain::outcome::Receipt {
            order: order.id.clone(),
            total: order.total,
            balance,
        }))
    }

    /// An order of the caller in this shop; anybody else's does not exist.
    pub(super) async fn own_order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        let order = self.shop.fleet.store.order(id).await?;
        Ok(order.filter(|order| order.tenant == self.shop.tenant && order.user == self.user))
    }

    /// The token is tried before anything is stored; what is stored is sealed.
    async fn create_agent(&self, agent: AgentId, token: Secret, name: String) -> Work {
        if self.check(Right::Admin).is_err() {
            return Work::Ready(Denied.into());
        }
        let Ok(token) = token.expose().parse::<BotToken>() else {
            return Work::Ready(Reply::BadToken);
        };
        let fleet = &self.shop.fleet;
        let secret = token.secret().clone();
        let me = match Client::new(fleet.transport.clone(), secret.clone()).get_me().await {
            Ok(me) => me,
            Err(ApiError::Unauthorized | ApiError::NotFound) => {
                return Work::Ready(Reply::BadToken);
            }
            Err(_) => return Work::Ready(Reply::Unavailable),
        };
        let tenant = TenantId::Agent(agent.clone());
        let bot = BotIdentity {
            id: UserId::new(token.bot_id()),
            username: me.username().to_owned(),
            token: super::token_print(&fleet.vault, &secret),
        };
        let sealed = super::seal_token(&fleet.vault, &tenant, &secret);
        let code = self.owner_code(&agent);
        let link = Secret::new(format!("https://t.me/{}?start=own_{code}", bot.username));
        let username = bot.username.clone();
        let expires_at = fleet.clock.now() + fleet.settings.rules.owner_link_ttl;
        let code = self.link_print(&code);
        let body = LedgerCommand::CreateAgent { agent, name, bot, code };
        let finish = move |answer| match answer {
            Ok(Outcome::AgentCreated(agent)) => {
                Reply::AgentCreated { agent, username, link, expires_at }
            }
            other => reply(other),
        };
        self.ledger(body, vec![Record::Token { tenant, sealed }]).await.finished_by(finish)
    }

    async fn renew_owner_link(&self, agent: AgentId) -> Work {
        let fleet = &self.shop.fleet;
        let id = TenantId::Agent(agent.clone());
        let username = fleet.core.views().read().tenants.get(&id).map(|t| t.bot.username.clone());
        let code = self.owner_code(&agent);
        let print = self.link_print(&code);
        let expires_at = fleet.clock.now() + fleet.settings.rules.owner_link_ttl;
        let body = LedgerCommand::RenewOwnerLink { agent: agent.clone(), code: print };
        let finish = move |answer| match (answer, username) {
            (Ok(_), Some(username)) => {
                let link = Secret::new(format!("https://t.me/{username}?start=own_{code}"));
                Reply::AgentCreated { agent, username, link, expires_at }
            }
            (answer, _) => reply(answer),
        };
        self.ledger(body, Vec::new()).await.finished_by(finish)
    }

    /// The code of an invitation follows from the command that makes it and the vault's key, so a
    /// repeat of the command shows the same link.
    fn owner_code(&self, agent: &AgentId) -> String {
        let seed = format!("{agent}:{}", self.id);
        self.shop.fleet.vault.fingerprint("owner-code", seed.as_bytes()).to_string()
    }

    fn link_print(&self, code: &str) -> crate::domain::sealed::Fingerprint {
        super::invitation_print(&self.shop.fleet.vault, code)
    }

    /// Quote ids begin with their time, so that old ones sort first, and end in randomness.
    fn draw_quote(&self) -> QuoteId {
        let fleet = &self.shop.fleet;
        let now = u64::try_from(fleet.clock.now().ms()).unwrap_or(0);
        let random = crate::random::token(&*fleet.random, "", 10);
        QuoteId::from_body(&format!("{}{random}", sortable(now)))
            .expect("lower-case letters and digits, shorter than the limit")
    }

    fn check(&self, right: Right) -> Result<(), Denied> {
        let view = self.shop.fleet.core.views().read();
        let shop = view.tenants.get(&self.shop.tenant);
        let caller = Caller::User(self.user);
        self.shop.fleet.settings.access.check(right, caller, &self.shop.tenant, shop)
    }

    /// The agent whose money the caller may see here.
    fn own_agent(&self) -> Option<AgentId> {
        self.check(Right::Owner).ok()?;
        self.shop.tenant.agent().cloned()
    }

    async fn agent_panel(&self) -> Work {
        let Some(agent) = self.own_agent() else { return Work::Ready(Denied.into()) };
        let money = self.shop.fleet.store.agent_balances(agent).await;
        self.page(money.map(|money| Reply::AgentPanel {
            pending: money.pending,
            available: money.available,
            held: money.held,
            paid: money.paid,
        }))
    }

    async fn withdrawals(&self, state: Option<WithdrawalState>, skip: u32, limit: u32) -> Work {
        let agent = self.own_agent();
        if agent.is_none() && self.check(Right::Admin).is_err() {
            return Work::Ready(Denied.into());
        }
        let query = WithdrawalQuery { agent, state, skip, limit };
        let page = self.shop.fleet.store.withdrawals(query).await;
        self.page(page.map(|page| Reply::Withdrawals { rows: page.rows, total: page.total }))
    }

    async fn withdrawal(&self, id: WithdrawalId) -> Work {
        let agent = self.own_agent();
        if agent.is_none() && self.check(Right::Admin).is_err() {
            return Work::Ready(Denied.into());
        }
        let found = self.shop.fleet.store.withdrawal(id).await;
        let visible = |found: &Withdrawal| agent.as_ref().is_none_or(|own| found.agent == *own);
        self.page(found.map(|found| Reply::Withdrawal(found.filter(visible).map(Box::new))))
    }

    fn bots(&self) -> Reply {
        match self.check(Right::Admin) {
            Ok(()) => Reply::Bots(self.shop.fleet.statuses.all()),
            Err(denied) => denied.into(),
        }
    }
}

/// The core's answer as a dialog hears it.
pub(super) fn reply(answer: CoreAnswer) -> Reply {
    match answer {
        Ok(outcome) => Reply::Accepted(outcome),
        Err(rejection) => Reply::Rejected(rejection),
    }
}

fn plain(waiting: Result<Waiting, CallError>) -> Work {
    match waiting {
        Ok(waiting) => Work::Waiting(waiting, Box::new(reply)),
        Err(error) => Work::Ready(refused(error)),
    }
}

/// Milliseconds as nine letters that sort like the number.
fn sortable(mut ms: u64) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut text = [b'0'; 9];
    for place in text.iter_mut().rev() {
        *place = DIGITS[usize::try_from(ms % 32).unwrap_or(0)];
        ms /= 32;
    }
    text.iter().map(|byte| char::from(*byte)).collect()
}

/// A refusal that says only that the command is unknown.
impl From<Denied> for Reply {
    fn from(denied: Denied) -> Self {
        Self::Rejected(Rejection::Denied(denied))
    }
}
