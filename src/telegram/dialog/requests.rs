//! What is asked of the fleet, and what to do with its reply.

use super::flow::Flow;
use crate::domain::catalog::GoodsKind;
use crate::domain::id::{AgentId, OrderId, ProductId, QuoteId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::money::Money;
use crate::domain::rejection::Rejection;
use crate::domain::stock::{StockCommand, StockRejection};
use crate::domain::withdrawal::Txid;
use crate::telegram::callback::{AdminTap, GoodsTap, OwnerTap, PayoutTap, ShopTap, Tap};
use crate::telegram::request::Request;
use crate::telegram::screen::{FileTrouble, Note, ROWS};
use crate::telegram::text::Lang;
use serde::{Deserialize, Serialize};

/// A request whose reply is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Awaiting {
    /// What to do with the reply.
    pub(super) follow: Follow,
    /// The message to write it into.
    pub(super) message: Option<i32>,
    /// Whether the page says that something was saved.
    pub(super) saved: bool,
}

/// What to do with a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Follow {
    /// Show this page with the data.
    Page(Tap),
    /// It is done: go to this page and say so.
    Then(Tap),
    /// Show the price of so many.
    Quote(ProductId, u32),
    /// Show the receipt.
    Place {
        /// Of this promise.
        quote: QuoteId,
        /// For so many of a product, when that is known.
        wanted: Option<(ProductId, u32)>,
    },
    /// Ask how much to withdraw, or offer everything.
    Withdraw {
        /// Everything.
        all: bool,
    },
    /// Offer to withdraw so much, if it is there.
    WithdrawSome(Money),
    /// Go on in this language.
    Language(Lang),
    /// Say whether goods are on their way again.
    Redeliver(OrderId),
    /// Welcome the owner.
    Claim,
    /// Show the link of a new agent.
    Create(AgentId),
    /// Show the new link of an agent.
    Renew(AgentId),
    /// Say what was credited.
    Credit {
        /// In which shop.
        tenant: TenantId,
        /// Whom.
        user: UserId,
        /// How much.
        amount: Money,
    },
    /// Report the upload.
    Upload(ProductId),
    /// Say what exists now.
    Created,
    /// Say what was requested.
    Withdrawal,
    /// Paid; or ask whether to pay an agent below zero.
    Pay(WithdrawalId, Txid),
}

impl Follow {
    /// What a customer wanted to buy, when that is known.
    pub(super) fn wanted(&self) -> Option<(ProductId, u32)> {
        if let Self::Quote(product, quantity) = self {
            Some((*product, *quantity))
        } else if let Self::Place { wanted, .. } = self {
            *wanted
        } else {
            None
        }
    }

    /// Where to try again.
    pub(super) fn again(&self) -> Tap {
        match self {
            Self::Page(tap) | Self::Then(tap) => tap.clone(),
            Self::Quote(product, quantity) => {
                Tap::Shop(ShopTap::Buy { product: *product, quantity: *quantity })
            }
            Self::Place { quote, .. } => Tap::Shop(ShopTap::Confirm(quote.clone())),
            Self::Withdraw { .. } | Self::WithdrawSome(_) | Self::Withdrawal => {
                Tap::Owner(OwnerTap::Withdraw)
            }
            Self::Language(lang) => Tap::Shop(ShopTap::Speak(*lang)),
            Self::Redeliver(order) => Tap::Shop(ShopTap::Redeliver(order.clone())),
            Self::Claim => Tap::MENU,
            Self::Create(_) => Tap::Admin(AdminTap::NewAgent),
            Self::Renew(agent) => Tap::Admin(AdminTap::Agent(agent.clone())),
            Self::Credit { .. } => Tap::Admin(AdminTap::Credit),
            Self::Upload(product) => Tap::Goods(GoodsTap::AddStock(*product)),
            Self::Created => Tap::Goods(GoodsTap::Categories { page: 0 }),
            Self::Pay(id, _) => Tap::Payout(PayoutTap::One(*id)),
        }
    }
}

impl Flow<'_> {
    /// Performs a command that is complete.
    pub(super) fn command(&mut self, request: Request) {
        if matches!(request, Request::CreateAgent { .. }) {
            // At once, before anything is asked: the message holds the token.
            self.delete_incoming();
        }
        match self.misplaced(&request) {
            Some(note) => self.note(note),
            None => {
                let follow = self.follow(&request);
                self.ask(request, follow);
            }
        }
    }

    /// Goods of the wrong kind, or for no product.
    fn misplaced(&self, request: &Request) -> Option<Note> {
        let given = if let Request::AddLines { product, .. }
        | Request::AddLineFile { product, .. } = request
        {
            Some((*product, GoodsKind::Line))
        } else if let Request::AddFile { product, .. } = request {
            Some((*product, GoodsKind::File))
        } else {
            None
        };
        let (product, kind) = given?;
        match self.ctx.product(product).map(|product| product.kind) {
            Some(wanted) if wanted == kind => None,
            Some(GoodsKind::Line) => Some(Note::File(FileTrouble::LinesWanted(product))),
            Some(GoodsKind::File) => Some(Note::File(FileTrouble::FilesWanted(product))),
            None => Some(unknown_product()),
        }
    }

    /// What to do with the reply to a request.
    fn follow(&self, request: &Request) -> Follow {
        let page = |skip: u32| u16::try_from(skip / ROWS).unwrap_or(u16::MAX);
        match request {
            Request::Quote { product, quantity } => Follow::Quote(*product, *quantity),
            Request::Place { quote } => Follow::Place { quote: quote.clone(), wanted: None },
            Request::Stock(command) => stock(command),
            Request::Ledger(command) => ledger(command),
            Request::CreateAgent { agent, .. } => Follow::Create(agent.clone()),
            Request::RenewOwnerLink { agent } => Follow::Renew(agent.clone()),
            Request::ClaimOwner { .. } => Follow::Claim,
            Request::AddLines { product, .. }
            | Request::AddLineFile { product, .. }
            | Request::AddFile { product, .. } => Follow::Upload(*product),
            Request::Balance => Follow::Page(Tap::Shop(ShopTap::Balance)),
            Request::Orders { skip, .. } => {
                Follow::Page(Tap::Shop(ShopTap::Orders { page: page(*skip) }))
            }
            Request::Order { order } => Follow::Page(Tap::Shop(ShopTap::Order(order.clone()))),
            Request::Redeliver { order } => Follow::Redeliver(order.clone()),
            Request::AgentPanel => Follow::Page(Tap::Owner(OwnerTap::Panel)),
            Request::Withdrawals { state, skip, .. } => Follow::Page(if self.ctx.is_admin() {
                Tap::Payout(PayoutTap::List { state: *state, page: page(*skip) })
            } else {
                Tap::Owner(OwnerTap::History { page: page(*skip) })
            }),
            Request::Withdrawal { withdrawal } => Follow::Page(if self.ctx.is_admin() {
                Tap::Payout(PayoutTap::One(*withdrawal))
            } else {
                Tap::Owner(OwnerTap::Withdrawal(*withdrawal))
            }),
            Request::Bots => Follow::Page(Tap::Admin(AdminTap::Agents { page: 0 })),
            Request::SetAside { skip, .. } => {
                Follow::Page(Tap::Admin(AdminTap::SetAside { page: page(*skip) }))
            }
            Request::SetLanguage { language } => {
                Lang::from_word(language).map_or(Follow::Then(Tap::MENU), Follow::Language)
            }
        }
    }
}

fn unknown_product() -> Note {
    let rejection = Rejection::Stock(StockRejection::UnknownProduct);
    Note::Refused { rejection, wanted: None }
}

fn stock(command: &StockCommand) -> Follow {
    let product = |id: &ProductId| Follow::Then(Tap::Goods(GoodsTap::Product(*id)));
    match command {
        StockCommand::CreateCategory { .. } | StockCommand::CreateProduct { .. } => Follow::Created,
        StockCommand::RenameCategory { category, .. } => {
            Follow::Then(Tap::Goods(GoodsTap::Category { category: *category, page: 0 }))
        }
        StockCommand::RenameProduct { product: id, .. }
        | StockCommand::DescribeProduct { product: id, .. }
        | StockCommand::PriceProduct { product: id, .. }
        | StockCommand::ListProduct { product: id, .. }
        | StockCommand::AddItems { product: id, .. } => product(id),
    }
}

fn ledger(command: &LedgerCommand) -> Follow {
    let agent = |id: &AgentId| Follow::Then(Tap::Admin(AdminTap::Agent(id.clone())));
    match command {
        LedgerCommand::SetStatus { agent: id, .. }
        | LedgerCommand::SetPricing { agent: id, .. } => agent(id),
        LedgerCommand::SetOwnPricing { .. } | LedgerCommand::SetWallet { .. } => {
            Follow::Then(Tap::Owner(OwnerTap::Panel))
        }
        LedgerCommand::Credit { tenant, user, amount, .. } => {
            Follow::Credit { tenant: tenant.clone(), user: *user, amount: *amount }
        }
        LedgerCommand::RequestWithdrawal { .. } => Follow::Withdrawal,
        LedgerCommand::ApproveWithdrawal { withdrawal }
        | LedgerCommand::RejectWithdrawal { withdrawal, .. } => {
            Follow::Then(Tap::Payout(PayoutTap::One(*withdrawal)))
        }
        LedgerCommand::PayWithdrawal { withdrawal, txid, .. } => {
            Follow::Pay(*withdrawal, txid.clone())
        }
        // The fleet's own, and those that dialogs ask for in another form.
        LedgerCommand::IssueQuote { .. }
        | LedgerCommand::PlaceOrder { .. }
        | LedgerCommand::MarkDelivered { .. }
        | LedgerCommand::AwaitCustomer { .. }
        | LedgerCommand::CreateAgent { .. }
        | LedgerCommand::RenewOwnerLink { .. }
        | LedgerCommand::ClaimOwner { .. }
        | LedgerCommand::MatureDue { .. }
        | LedgerCommand::RegisterMaster { .. }
        | LedgerCommand::Quarantine { .. } => Follow::Then(Tap::MENU),
    }
}
