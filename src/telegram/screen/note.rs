//! Everything a bot says once: results, refusals, hints. Small plain data, so that a state can keep
//! the last one and say it again when an update comes twice.

use super::purchases::{self, Offer};
use super::upload::{self, FileTrouble, UploadNote};
use super::{Button, Context, Screen, agents, payouts, refusal, shop, shop_word};
use crate::domain::catalog::TextRefusal;
use crate::domain::id::{AgentId, CategoryId, OrderId, ProductId, TenantId, UserId};
use crate::domain::money::Money;
use crate::domain::outcome::{Receipt, WithdrawalTerms};
use crate::domain::rejection::Rejection;
use crate::telegram::callback::{GoodsTap, OwnerTap, ShopTap, Tap};
use crate::telegram::intent::Command;
use crate::telegram::text::key::Key;
use serde::{Deserialize, Serialize};

/// One thing said. Never holds a secret: an owner's link is not in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// A line above the menu.
    Hint(Hint),
    /// How a command is written.
    Usage(Command),
    /// An answer that does not fit the question, which stays open.
    Wrong(Wrong),
    /// A document or line that is not taken.
    File(FileTrouble),
    /// What came of an upload.
    Uploaded(UploadNote),
    /// A price is promised.
    Offer(Offer),
    /// An order is paid.
    Receipt(Receipt),
    /// The core refused.
    Refused {
        /// Why.
        rejection: Rejection,
        /// What the customer wanted, if he did.
        wanted: Option<(ProductId, u32)>,
    },
    /// Too much is going on; nothing was charged. Tried again there.
    Busy(Tap),
    /// Decided, being recorded.
    Recording,
    /// The store or Telegram cannot be asked. Tried again there.
    Unavailable(Tap),
    /// getMe refuses the token.
    BadToken,
    /// An agent has a link; what is said when the link itself cannot be repeated.
    AgentReady(AgentId),
    /// Somebody owns this shop now.
    Welcome,
    /// A customer was credited.
    Credited(CreditNote),
    /// A withdrawal is requested.
    WithdrawalAsked(WithdrawalTerms),
    /// A category exists.
    CategoryCreated(CategoryId),
    /// A product exists.
    ProductCreated(ProductId),
    /// A wallet is needed first.
    NoWallet,
    /// What a page was to show is not there.
    NotFound(Tap),
    /// Whether goods are on their way again.
    Redelivering {
        /// Of which order.
        order: OrderId,
        /// Whether they are.
        sent: bool,
    },
    /// What can be done here.
    Help,
    /// Done, nothing else to tell.
    Done,
}

/// Lines that stand above the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// No such command, or none for this person.
    Unknown,
    /// A pasted token was deleted.
    TokenRemoved,
    /// A photo, a sticker, something that is not read.
    NotText,
    /// A text that no question waits for.
    NothingAsked,
    /// A button of an older version or of nobody.
    OldButton,
    /// The question is closed.
    Cancelled,
    /// There was none to close.
    NothingOpen,
    /// A confirm button whose question is closed.
    QuestionClosed,
}

/// Answers that do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// Not a whole number within the limit.
    Quantity,
    /// Not an amount.
    Amount,
    /// Not a percentage within the limit.
    Percent,
    /// Not a TRC20 address.
    Address,
    /// Not a transaction id.
    Txid,
    /// Not a usable name, description or reason.
    Text(TextRefusal),
}

/// A credit that was booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditNote {
    /// In which shop.
    pub tenant: TenantId,
    /// To whom.
    pub user: UserId,
    /// How much.
    pub amount: Money,
    /// The balance afterwards.
    pub balance: Money,
}

impl Note {
    /// Whether the message it answers has to disappear.
    pub const fn deletes_incoming(&self) -> bool {
        matches!(self, Self::Hint(Hint::TokenRemoved) | Self::Usage(Command::AgentCreate))
    }
}

/// The note as a screen.
pub(crate) fn note(ctx: &Context<'_>, note: &Note) -> Screen {
    let goods = |key, tap| ctx.button(key, Tap::Goods(tap));
    match note {
        Note::Hint(line) => hint(ctx, *line),
        Note::Usage(command) => {
            let usage = ctx.html(command.usage(), &[]);
            Screen::new(format!("{}\n{usage}", ctx.html(Key::Usage, &[])))
                .row([shop::back_to_menu(ctx)])
        }
        Note::Wrong(what) => wrong(ctx, *what),
        Note::File(trouble) => upload::trouble(ctx, *trouble),
        Note::Uploaded(report) => upload::report(ctx, report),
        Note::Offer(offer) => purchases::offer(ctx, offer),
        Note::Receipt(receipt) => purchases::receipt(ctx, receipt),
        Note::Refused { rejection, wanted } => refusal::screen(ctx, rejection, *wanted),
        Note::Busy(again) => again_there(ctx, Key::Busy, again),
        Note::Unavailable(again) => again_there(ctx, Key::Unavailable, again),
        Note::Recording => said(ctx, Key::Recording, [shop::back_to_menu(ctx)]),
        Note::BadToken => said(ctx, Key::BadToken, [agents::back_home(ctx)]),
        Note::AgentReady(agent) => {
            let text = ctx.html(Key::AgentReady, &[("agent", &agent.to_string())]);
            Screen::new(text).row([agents::to_agent(ctx, agent), agents::back_home(ctx)])
        }
        Note::Welcome => super::owner::welcome(ctx),
        Note::Credited(credit) => credited(ctx, credit),
        Note::WithdrawalAsked(terms) => withdrawal_asked(ctx, terms),
        Note::CategoryCreated(id) => {
            Screen::new(ctx.html(Key::CategoryCreated, &[("id", &id.to_string())])).row([
                goods(Key::BtnNewProduct, GoodsTap::NewProduct(*id)),
                goods(Key::BtnGoods, GoodsTap::Categories { page: 0 }),
            ])
        }
        Note::ProductCreated(id) => {
            Screen::new(ctx.html(Key::ProductCreated, &[("id", &id.to_string())])).row([
                goods(Key::BtnAddStock, GoodsTap::AddStock(*id)),
                goods(Key::BtnProduct, GoodsTap::Product(*id)),
            ])
        }
        Note::NoWallet => {
            let wallet = ctx.button(Key::BtnWallet, Tap::Owner(OwnerTap::Wallet));
            said(ctx, Key::WalletFirst, [wallet, super::owner::back_to_panel(ctx)])
        }
        Note::NotFound(tap) => not_found(ctx, tap),
        Note::Redelivering { order, sent } => {
            let key = if *sent { Key::SendingAgain } else { Key::NotSendingAgain };
            let order = Tap::Shop(ShopTap::Order(order.clone()));
            said(ctx, key, [ctx.button(Key::BtnThisOrder, order), shop::back_to_menu(ctx)])
        }
        Note::Help => help(ctx),
        Note::Done => said(ctx, Key::Done, [shop::back_to_menu(ctx)]),
    }
}

fn said<const N: usize>(ctx: &Context<'_>, key: Key, row: [Button; N]) -> Screen {
    Screen::new(ctx.html(key, &[])).row(row)
}

/// A short line above the menu.
fn hint(ctx: &Context<'_>, hint: Hint) -> Screen {
    let line = match hint {
        Hint::Unknown => Key::UnknownCommand,
        Hint::TokenRemoved => Key::TokenRemoved,
        Hint::NotText => Key::NotText,
        Hint::NothingAsked => Key::NothingAsked,
        Hint::OldButton => Key::OldButton,
        Hint::Cancelled => Key::Cancelled,
        Hint::NothingOpen => Key::NothingOpen,
        Hint::QuestionClosed => Key::QuestionClosed,
    };
    let menu = shop::menu(ctx);
    menu.below(&ctx.html(line, &[]))
}

/// A wrong answer; the question stays open.
fn wrong(ctx: &Context<'_>, what: Wrong) -> Screen {
    let rules = ctx.rules;
    let text = match what {
        Wrong::Quantity => ctx.html(Key::BadQuantity, &[("max", &rules.quantity_max.to_string())]),
        Wrong::Percent => {
            ctx.html(Key::BadPercent, &[("max", &rules.markup_percent_max.to_string())])
        }
        Wrong::Amount => ctx.html(Key::BadAmount, &[]),
        Wrong::Address => ctx.html(Key::BadAddress, &[]),
        Wrong::Txid => ctx.html(Key::BadTxid, &[]),
        Wrong::Text(why) => refusal::text(ctx, why),
    };
    Screen::new(text).row([ctx.button(Key::BtnCancel, Tap::Shop(ShopTap::Cancel))])
}

/// The commands of this person's role; buttons do all of it too.
fn help(ctx: &Context<'_>) -> Screen {
    let mut text = ctx.html(Key::HelpShop, &[]);
    if ctx.is_owner() {
        text = format!("{text}\n\n{}", ctx.html(Key::HelpOwner, &[]));
    }
    if ctx.is_admin() {
        text = format!("{text}\n\n{}", ctx.html(Key::HelpAdmin, &[]));
    }
    Screen::new(text).row([shop::back_to_menu(ctx)])
}

/// What to do with a token that could not be deleted.
pub(crate) fn revoke(ctx: &Context<'_>) -> Screen {
    said(ctx, Key::RevokeToken, [shop::back_to_menu(ctx)])
}

fn again_there(ctx: &Context<'_>, key: Key, again: &Tap) -> Screen {
    said(ctx, key, [ctx.button(Key::BtnTryAgain, again.clone()), shop::back_to_menu(ctx)])
}

fn not_found(ctx: &Context<'_>, tap: &Tap) -> Screen {
    match tap {
        Tap::Shop(_) => {
            let orders = Tap::Shop(ShopTap::Orders { page: 0 });
            said(ctx, Key::OrderUnknown, [ctx.button(Key::BtnOrders, orders)])
        }
        Tap::Owner(_) => {
            let history = Tap::Owner(OwnerTap::History { page: 0 });
            said(ctx, Key::PayoutUnknown, [ctx.button(Key::BtnHistory, history)])
        }
        Tap::Admin(_) | Tap::Goods(_) | Tap::Payout(_) => {
            said(ctx, Key::PayoutUnknown, [payouts::back_to_list(ctx)])
        }
    }
}

fn credited(ctx: &Context<'_>, credit: &CreditNote) -> Screen {
    let text = ctx.html(
        Key::CreditDone,
        &[
            ("tenant", &shop_word(&credit.tenant)),
            ("user", &credit.user.to_string()),
            ("amount", &ctx.usdt(credit.amount)),
            ("balance", &ctx.usdt(credit.balance)),
        ],
    );
    Screen::new(text).row([agents::back_home(ctx)])
}

fn withdrawal_asked(ctx: &Context<'_>, terms: &WithdrawalTerms) -> Screen {
    let text = ctx.html(
        Key::WithdrawDone,
        &[
            ("id", &terms.id.to_string()),
            ("amount", &ctx.usdt(terms.amount)),
            ("fee", &ctx.usdt(terms.fee)),
            ("net", &ctx.usdt(terms.net)),
        ],
    );
    let history = Tap::Owner(OwnerTap::History { page: 0 });
    Screen::new(text).row([ctx.button(Key::BtnHistory, history), super::owner::back_to_panel(ctx)])
}
