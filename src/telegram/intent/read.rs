//! Reads the arguments of commands; nothing is the answer to wrong, missing and extra ones.

use super::{Command, Intent, OwnerOffer, typed};
use crate::domain::catalog::GoodsKind;
use crate::domain::id::{AgentId, TenantId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::stock::StockCommand;
use crate::domain::tenant::TenantStatus;
use crate::secret::Secret;
use crate::telegram::callback::{
    AdminTap, GoodsTap, MarkupKind, OwnerTap, PayoutTap, ShopTap, Tap,
};
use crate::telegram::request::Request;
use crate::telegram::token::{BotToken, find_token_shaped};
use std::str::FromStr;

/// What begins the payload of an owner's invitation.
const OWNER_LINK: &str = "own_";

/// What a command with these arguments means. `/agent_create` is read by [`agent_create`].
pub(super) fn arguments(command: Command, text: &str) -> Option<Intent> {
    use Command as C;
    match command {
        C::Start => Some(start(text)),
        C::Menu => alone(text, Intent::Start),
        C::Help => alone(text, Intent::Help),
        C::Cancel => alone(text, Intent::Cancel),
        C::Language => alone(text, shop(ShopTap::Languages)),
        C::Catalog => alone(text, shop(ShopTap::Catalog { page: 0 })),
        C::Balance => alone(text, shop(ShopTap::Balance)),
        C::Orders => alone(text, shop(ShopTap::Orders { page: 0 })),
        C::Order => Some(shop(ShopTap::Order(text.trim().parse().ok()?))),
        C::Buy => buy(text),
        C::Agent => alone(text, owner(OwnerTap::Panel)),
        C::History => alone(text, owner(OwnerTap::History { page: 0 })),
        C::Markup => own_markup(text),
        C::Wallet => wallet(text),
        C::Withdraw => withdraw(text),
        C::Admin => alone(text, admin(AdminTap::Home)),
        C::AgentCreate => Some(agent_create(text)),
        C::AgentList => alone(text, admin(AdminTap::Agents { page: 0 })),
        C::AgentInfo => Some(admin(AdminTap::Agent(text.trim().parse().ok()?))),
        C::AgentPause => status(text, TenantStatus::Paused),
        C::AgentResume => status(text, TenantStatus::Active),
        C::AgentPricing => pricing(text),
        C::AgentLink => ask(Request::RenewOwnerLink { agent: text.trim().parse().ok()? }),
        C::Goods => alone(text, Intent::Go(Tap::Goods(GoodsTap::Categories { page: 0 }))),
        C::CategoryAdd => named(text, |name| StockCommand::CreateCategory { name }),
        C::CategoryRename => {
            about(text, |category, name| Some(StockCommand::RenameCategory { category, name }))
        }
        C::ProductAdd => product_add(text),
        C::ProductRename => {
            about(text, |product, name| Some(StockCommand::RenameProduct { product, name }))
        }
        C::ProductDescribe => about(text, |product, description| {
            Some(StockCommand::DescribeProduct { product, description })
        }),
        C::ProductPrice => about(text, |product, price| {
            Some(StockCommand::PriceProduct { product, price: price.parse().ok()? })
        }),
        C::ProductHide => list(text, false),
        C::ProductShow => list(text, true),
        C::StockAdd => stock_add(text),
        C::StockFile => Some(Intent::Go(Tap::Goods(GoodsTap::AddStock(text.trim().parse().ok()?)))),
        C::Credit => ask(credit(text)?),
        C::WithdrawList => withdraw_list(text),
        C::WithdrawApprove => {
            ask_ledger(LedgerCommand::ApproveWithdrawal { withdrawal: text.trim().parse().ok()? })
        }
        C::WithdrawReject => withdraw_reject(text),
        C::WithdrawPay => withdraw_pay(text),
        C::SetAside => alone(text, admin(AdminTap::SetAside { page: 0 })),
    }
}

const fn shop(tap: ShopTap) -> Intent {
    Intent::Go(Tap::Shop(tap))
}

const fn owner(tap: OwnerTap) -> Intent {
    Intent::Go(Tap::Owner(tap))
}

const fn admin(tap: AdminTap) -> Intent {
    Intent::Go(Tap::Admin(tap))
}

fn ask(request: Request) -> Option<Intent> {
    Some(Intent::Ask(Box::new(request)))
}

fn ask_ledger(command: LedgerCommand) -> Option<Intent> {
    ask(Request::Ledger(command))
}

fn ask_stock(command: StockCommand) -> Option<Intent> {
    ask(Request::Stock(command))
}

fn alone(text: &str, intent: Intent) -> Option<Intent> {
    text.trim().is_empty().then_some(intent)
}

/// The first word and everything after it, which is not empty.
fn head(text: &str) -> Option<(&str, &str)> {
    let (head, rest) = text.trim().split_once(char::is_whitespace)?;
    let rest = rest.trim();
    (!rest.is_empty()).then_some((head, rest))
}

fn words<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split_whitespace().collect::<Vec<_>>().try_into().ok()
}

/// Payloads of other links are no mistake of the person who followed them.
fn start(text: &str) -> Intent {
    match text.trim().strip_prefix(OWNER_LINK).filter(|code| !code.is_empty()) {
        Some(code) => Intent::Claim(Secret::new(code)),
        None => Intent::Start,
    }
}

fn buy(text: &str) -> Option<Intent> {
    let [product, quantity] = words(text)?;
    let quantity = typed::quantity(quantity, u32::MAX)?;
    Some(shop(ShopTap::Buy { product: product.parse().ok()?, quantity }))
}

fn own_markup(text: &str) -> Option<Intent> {
    if text.trim().is_empty() {
        return Some(owner(OwnerTap::Markup));
    }
    let [kind, value] = words(text)?;
    let markup = typed::markup(MarkupKind::from_word(kind)?, value, u32::MAX)?;
    Some(Intent::Offer(OwnerOffer::Markup(markup)))
}

fn wallet(text: &str) -> Option<Intent> {
    match text.trim() {
        "" => Some(owner(OwnerTap::Wallet)),
        address => Some(Intent::Offer(OwnerOffer::Wallet(address.parse().ok()?))),
    }
}

fn withdraw(text: &str) -> Option<Intent> {
    match text.trim() {
        "" => Some(owner(OwnerTap::Withdraw)),
        "all" => Some(owner(OwnerTap::WithdrawAll)),
        amount => Some(Intent::Offer(OwnerOffer::Withdraw(typed::amount(amount)?))),
    }
}

/// The one command with a token. Whatever it holds, its message is deleted.
pub(super) fn agent_create(text: &str) -> Intent {
    match agent_create_parts(text) {
        Some(request) => Intent::Ask(Box::new(request)),
        None => Intent::Usage(Command::AgentCreate),
    }
}

fn agent_create_parts(text: &str) -> Option<Request> {
    let (agent, rest) = head(text)?;
    let (token, name) = head(rest)?;
    let agent: AgentId = agent.parse().ok()?;
    let token = BotToken::from_str(token).ok()?.secret().clone();
    if find_token_shaped(name) {
        return None;
    }
    Some(Request::CreateAgent { agent, token, name: name.to_owned() })
}

fn status(text: &str, status: TenantStatus) -> Option<Intent> {
    ask_ledger(LedgerCommand::SetStatus { agent: text.trim().parse().ok()?, status })
}

/// The bounds of a markup are the core's to check; here it only has to be a number.
fn pricing(text: &str) -> Option<Intent> {
    let [agent, kind, value] = words(text)?;
    let markup = typed::markup(MarkupKind::from_word(kind)?, value, u32::MAX)?;
    ask_ledger(LedgerCommand::SetPricing { agent: agent.parse().ok()?, markup })
}

fn named(text: &str, command: impl Fn(String) -> StockCommand) -> Option<Intent> {
    let name = text.trim();
    if name.is_empty() { None } else { ask_stock(command(name.to_owned())) }
}

/// An id, then the rest of the text.
fn about<Id: FromStr>(
    text: &str,
    command: impl Fn(Id, String) -> Option<StockCommand>,
) -> Option<Intent> {
    let (id, rest) = head(text)?;
    ask_stock(command(id.parse().ok()?, rest.to_owned())?)
}

fn product_add(text: &str) -> Option<Intent> {
    let (category, rest) = head(text)?;
    let (kind, rest) = head(rest)?;
    let (price, name) = head(rest)?;
    let kind = match kind.to_ascii_lowercase().as_str() {
        "line" => GoodsKind::Line,
        "file" => GoodsKind::File,
        _ => return None,
    };
    ask_stock(StockCommand::CreateProduct {
        category: category.parse().ok()?,
        name: name.to_owned(),
        kind,
        price: Some(price.parse().ok()?),
    })
}

fn list(text: &str, listed: bool) -> Option<Intent> {
    ask_stock(StockCommand::ListProduct { product: text.trim().parse().ok()?, listed })
}

/// Lines after the id are goods; without any, the next message is.
fn stock_add(text: &str) -> Option<Intent> {
    let text = text.trim_start();
    let (id, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let product = id.parse().ok()?;
    if rest.trim().is_empty() {
        return Some(Intent::Go(Tap::Goods(GoodsTap::AddStock(product))));
    }
    ask(Request::AddLines { product, lines: lines(rest) })
}

/// The lines of a pasted text as they were pasted, blank ones included: their numbers are reported.
pub(crate) fn lines(text: &str) -> Vec<Secret> {
    text.lines().map(Secret::new).collect()
}

/// `master`, `agent:<id>` or just the agent's id.
fn tenant(text: &str) -> Option<TenantId> {
    text.parse().or_else(|_| text.parse().map(TenantId::Agent)).ok()
}

/// The request of `/credit`; its question takes the same words.
pub(crate) fn credit(text: &str) -> Option<Request> {
    let (shop, rest) = head(text)?;
    let (user, rest) = head(rest)?;
    let (amount, reason) = head(rest)?;
    Some(Request::Ledger(LedgerCommand::Credit {
        tenant: tenant(shop)?,
        user: user.parse().ok()?,
        amount: typed::amount(amount)?,
        reason: reason.to_owned(),
    }))
}

fn withdraw_list(text: &str) -> Option<Intent> {
    let state = match text.trim() {
        "" => None,
        word => Some(word.to_ascii_lowercase().parse().ok()?),
    };
    Some(Intent::Go(Tap::Payout(PayoutTap::List { state, page: 0 })))
}

fn withdraw_reject(text: &str) -> Option<Intent> {
    let (id, reason) = head(text)?;
    let withdrawal = id.parse().ok()?;
    ask_ledger(LedgerCommand::RejectWithdrawal { withdrawal, reason: reason.to_owned() })
}

fn withdraw_pay(text: &str) -> Option<Intent> {
    let [id, txid] = words(text)?;
    ask_ledger(LedgerCommand::PayWithdrawal {
        withdrawal: id.parse().ok()?,
        txid: txid.parse().ok()?,
        although_negative: false,
    })
}
