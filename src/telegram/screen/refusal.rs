//! Every refusal of the core as a sentence that says what to do, with the buttons to do it.

use super::{Button, Context, Screen, agents, payouts, shop};
use crate::domain::catalog::TextRefusal;
use crate::domain::id::ProductId;
use crate::domain::order::{OrderRejection, QuoteRejection};
use crate::domain::rejection::{CreditRejection, Rejection};
use crate::domain::stock::{ITEMS_PER_COMMAND, StockRejection};
use crate::domain::tenant::AgentRejection;
use crate::domain::withdrawal::WithdrawalRejection;
use crate::telegram::callback::{AdminTap, GoodsTap, OwnerTap, ShopTap, Tap};
use crate::telegram::text::key::Key;

/// A refusal; `wanted` is the product and quantity it was about.
pub(super) fn screen(
    ctx: &Context<'_>,
    rejection: &Rejection,
    wanted: Option<(ProductId, u32)>,
) -> Screen {
    match rejection {
        Rejection::Denied(_) => super::note::note(ctx, &super::Note::Hint(super::Hint::Unknown)),
        Rejection::Quote(why) => quote(ctx, *why, wanted),
        Rejection::Order(why) => order(ctx, *why, wanted),
        Rejection::Stock(why) => {
            let goods = Tap::Goods(GoodsTap::Categories { page: 0 });
            Screen::new(stock(ctx, *why)).row([ctx.button(Key::BtnGoods, goods)])
        }
        Rejection::Agent(why) => Screen::new(agent(ctx, *why)).row([home(ctx)]),
        Rejection::Withdrawal(why) => {
            let back = if ctx.is_admin() { payouts::back_to_list(ctx) } else { home(ctx) };
            let wallet = *why == WithdrawalRejection::NoWallet && ctx.is_owner();
            let wallet = wallet.then(|| ctx.button(Key::BtnWallet, Tap::Owner(OwnerTap::Wallet)));
            Screen::new(withdrawal(ctx, why)).row(wallet.into_iter().chain([back]))
        }
        Rejection::Credit(why) => {
            let again = ctx.button(Key::BtnCredit, Tap::Admin(AdminTap::Credit));
            Screen::new(credit(ctx, *why)).row([again, home(ctx)])
        }
        Rejection::Quarantined => {
            Screen::new(ctx.html(Key::Quarantined, &[])).row([shop::back_to_menu(ctx)])
        }
        Rejection::Unrecordable => {
            Screen::new(ctx.html(Key::Unrecordable, &[])).row([shop::back_to_menu(ctx)])
        }
    }
}

/// Where a person of this role goes on.
fn home(ctx: &Context<'_>) -> Button {
    if ctx.is_admin() {
        agents::back_home(ctx)
    } else if ctx.is_owner() {
        super::owner::back_to_panel(ctx)
    } else {
        shop::back_to_menu(ctx)
    }
}

fn buy(ctx: &Context<'_>, key: Key, product: ProductId, quantity: u32) -> Button {
    ctx.button(key, Tap::Shop(ShopTap::Buy { product, quantity }))
}

/// A button to buy what is left, when something is.
fn the_rest(ctx: &Context<'_>, wanted: Option<(ProductId, u32)>, left: u32) -> Option<Button> {
    let (product, _) = wanted.filter(|_| left > 0)?;
    let label = ctx.plain(Key::BtnTakeRest, &[("count", &left.to_string())]);
    Some(ctx.named(&label, Tap::Shop(ShopTap::Buy { product, quantity: left })))
}

fn quote(ctx: &Context<'_>, why: QuoteRejection, wanted: Option<(ProductId, u32)>) -> Screen {
    let product = wanted
        .map(|(product, _)| ctx.button(Key::BtnProduct, Tap::Shop(ShopTap::Product(product))));
    let (text, button) = match why {
        QuoteRejection::ShopPaused => (ctx.html(Key::ShopClosed, &[]), None),
        QuoteRejection::NotForSale => (ctx.html(Key::ProductGone, &[]), None),
        QuoteRejection::Quantity { max } => {
            (ctx.html(Key::BadQuantity, &[("max", &max.to_string())]), product)
        }
        QuoteRejection::Shortage { available } => {
            (shortage(ctx, available), the_rest(ctx, wanted, available).or(product))
        }
        QuoteRejection::NoPrice => (ctx.html(Key::ProductNoPrice, &[]), None),
    };
    Screen::new(text).row(button).row([shop::back_to_catalog(ctx), shop::back_to_menu(ctx)])
}

fn order(ctx: &Context<'_>, why: OrderRejection, wanted: Option<(ProductId, u32)>) -> Screen {
    let ask_anew =
        || wanted.map(|(product, quantity)| buy(ctx, Key::BtnAskAnew, product, quantity));
    let (text, button) = match why {
        OrderRejection::QuoteGone => (ctx.html(Key::QuoteGone, &[]), ask_anew()),
        OrderRejection::ShopPaused => (ctx.html(Key::ShopClosed, &[]), None),
        OrderRejection::NotForSale => (ctx.html(Key::ProductGone, &[]), None),
        OrderRejection::Shortage { available } => {
            (shortage(ctx, available), the_rest(ctx, wanted, available))
        }
        OrderRejection::OrderOpen => (ctx.html(Key::OrderOpen, &[]), ask_anew()),
        OrderRejection::Funds { balance, total } => {
            let missing = total.checked_sub(balance).unwrap_or(total);
            let values = [
                ("balance", ctx.usdt(balance)),
                ("total", ctx.usdt(total)),
                ("missing", ctx.usdt(missing)),
                ("user", ctx.user.to_string()),
            ];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            (ctx.html(Key::NoFunds, &values), ask_anew())
        }
    };
    Screen::new(text).row(button).row([shop::back_to_catalog(ctx), shop::back_to_menu(ctx)])
}

fn shortage(ctx: &Context<'_>, available: u32) -> String {
    if available == 0 {
        ctx.html(Key::SoldOutNow, &[])
    } else {
        ctx.html(Key::OnlyLeft, &[("count", &available.to_string())])
    }
}

fn stock(ctx: &Context<'_>, why: StockRejection) -> String {
    match why {
        StockRejection::UnknownCategory => ctx.html(Key::CategoryUnknown, &[]),
        StockRejection::UnknownProduct => ctx.html(Key::ProductUnknown, &[]),
        StockRejection::NameTaken => ctx.html(Key::NameTaken, &[]),
        StockRejection::Text(why) => text(ctx, why),
        StockRejection::Price => ctx.html(Key::PriceZero, &[]),
        StockRejection::ItemCount => {
            ctx.html(Key::ItemCount, &[("max", &ITEMS_PER_COMMAND.to_string())])
        }
    }
}

/// A name, description or reason that cannot be used.
pub(super) fn text(ctx: &Context<'_>, why: TextRefusal) -> String {
    match why {
        TextRefusal::Empty => ctx.html(Key::TextEmpty, &[]),
        TextRefusal::TooLong(max) => ctx.html(Key::TextTooLong, &[("max", &max.to_string())]),
        TextRefusal::Control => ctx.html(Key::TextControl, &[]),
    }
}

fn agent(ctx: &Context<'_>, why: AgentRejection) -> String {
    match why {
        AgentRejection::Unknown => ctx.html(Key::AgentUnknown, &[]),
        AgentRejection::IdTaken => ctx.html(Key::AgentIdTaken, &[]),
        AgentRejection::BotTaken => ctx.html(Key::AgentBotTaken, &[]),
        AgentRejection::Name(why) => text(ctx, why),
        AgentRejection::Markup => {
            ctx.html(Key::BadPercent, &[("max", &ctx.rules.markup_percent_max.to_string())])
        }
        AgentRejection::Link => ctx.html(Key::LinkGone, &[]),
        AgentRejection::Owned => ctx.html(Key::AgentOwned, &[]),
    }
}

fn withdrawal(ctx: &Context<'_>, why: &WithdrawalRejection) -> String {
    match why {
        WithdrawalRejection::Unknown => ctx.html(Key::PayoutUnknown, &[]),
        WithdrawalRejection::State(state) => {
            let state = ctx.plain(payouts::state_key(*state), &[]);
            ctx.html(Key::PayoutState, &[("state", &state)])
        }
        WithdrawalRejection::BelowMinimum { min } => {
            ctx.html(Key::BelowMinimum, &[("min", &ctx.usdt(*min))])
        }
        WithdrawalRejection::NothingLeft { fee } => {
            ctx.html(Key::NothingLeft, &[("fee", &ctx.usdt(*fee))])
        }
        WithdrawalRejection::Funds { available } => {
            ctx.html(Key::OnlyAvailable, &[("available", &ctx.usdt(*available))])
        }
        WithdrawalRejection::NoWallet => ctx.html(Key::WalletFirst, &[]),
        WithdrawalRejection::TxidUsed => ctx.html(Key::TxidUsed, &[]),
        WithdrawalRejection::AgentNegative { available } => {
            ctx.html(Key::AgentNegative, &[("available", &ctx.usdt(*available))])
        }
        WithdrawalRejection::Reason(why) => text(ctx, *why),
        WithdrawalRejection::TooManyEntries => ctx.html(Key::TooManyEntries, &[]),
    }
}

fn credit(ctx: &Context<'_>, why: CreditRejection) -> String {
    match why {
        CreditRejection::UnknownTenant => ctx.html(Key::ShopUnknown, &[]),
        CreditRejection::Amount => ctx.html(Key::CreditZero, &[]),
        CreditRejection::OutOfRange => ctx.html(Key::CreditTooMuch, &[]),
        CreditRejection::Reason(why) => text(ctx, why),
    }
}
