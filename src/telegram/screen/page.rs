//! Which screen a tap leads to: some from the published view alone, some with data that was asked
//! for.

use super::{
    Context, Note, Screen, agents, goods, note, owner, payouts, purchases, set_aside, shop,
};
use crate::domain::time::Timestamp;
use crate::telegram::callback::{AdminTap, GoodsTap, OwnerTap, PayoutTap, ShopTap, Tap};
use crate::telegram::request::Reply;

/// The page of a tap that needs nothing but the view; nothing when it needs data, asks a question
/// or changes something.
pub(crate) fn page(ctx: &Context<'_>, tap: &Tap) -> Option<Screen> {
    match tap {
        Tap::Shop(tap) => shop_page(ctx, tap),
        Tap::Owner(OwnerTap::Markup) => Some(owner::markup(ctx, None)),
        Tap::Owner(
            OwnerTap::Panel
            | OwnerTap::MarkupType(_)
            | OwnerTap::MarkupPreset(..)
            | OwnerTap::MarkupSave
            | OwnerTap::Wallet
            | OwnerTap::WalletSave
            | OwnerTap::Withdraw
            | OwnerTap::WithdrawAll
            | OwnerTap::WithdrawSave
            | OwnerTap::History { .. }
            | OwnerTap::Withdrawal(_),
        ) => None,
        Tap::Admin(tap) => admin_page(ctx, tap),
        Tap::Goods(tap) => goods_page(ctx, tap),
        Tap::Payout(_) => None,
    }
}

fn shop_page(ctx: &Context<'_>, tap: &ShopTap) -> Option<Screen> {
    match tap {
        ShopTap::Menu => Some(shop::menu(ctx)),
        ShopTap::Languages => Some(shop::languages(ctx)),
        ShopTap::Catalog { page } => Some(shop::catalog(ctx, *page)),
        ShopTap::Category { category, page } => Some(shop::category(ctx, *category, *page)),
        ShopTap::Product(product) => Some(shop::product(ctx, *product)),
        ShopTap::Speak(_)
        | ShopTap::Buy { .. }
        | ShopTap::Confirm(_)
        | ShopTap::Balance
        | ShopTap::Orders { .. }
        | ShopTap::Order(_)
        | ShopTap::Redeliver(_)
        | ShopTap::Cancel => None,
    }
}

fn admin_page(ctx: &Context<'_>, tap: &AdminTap) -> Option<Screen> {
    match tap {
        AdminTap::Home => Some(agents::home(ctx)),
        AdminTap::NewAgent => Some(agents::how_to_create(ctx)),
        AdminTap::Markup(agent) => Some(owner::markup(ctx, Some(agent))),
        AdminTap::Agents { .. }
        | AdminTap::Agent(_)
        | AdminTap::Pause(_)
        | AdminTap::Resume(_)
        | AdminTap::Renew(_)
        | AdminTap::MarkupType(..)
        | AdminTap::MarkupPreset(..)
        | AdminTap::MarkupSave
        | AdminTap::Credit
        | AdminTap::SetAside { .. } => None,
    }
}

fn goods_page(ctx: &Context<'_>, tap: &GoodsTap) -> Option<Screen> {
    match tap {
        GoodsTap::Categories { page } => Some(goods::categories(ctx, *page)),
        GoodsTap::Category { category, page } => Some(goods::category(ctx, *category, *page)),
        GoodsTap::NewProduct(category) => Some(goods::kinds(ctx, *category)),
        GoodsTap::Product(product) => Some(goods::product(ctx, *product)),
        GoodsTap::NewCategory
        | GoodsTap::RenameCategory(_)
        | GoodsTap::NewProductOf(..)
        | GoodsTap::RenameProduct(_)
        | GoodsTap::Describe(_)
        | GoodsTap::Price(_)
        | GoodsTap::Show(_)
        | GoodsTap::Hide(_)
        | GoodsTap::AddStock(_) => None,
    }
}

/// The page of a tap with the data that was asked for; nothing when the data is of another kind.
pub(crate) fn with_data(
    ctx: &Context<'_>,
    tap: &Tap,
    data: &Reply,
    now: Timestamp,
) -> Option<Screen> {
    use Tap::{Admin, Owner, Payout, Shop};
    Some(match (tap, data) {
        (Shop(ShopTap::Balance), Reply::Balance(amount)) => purchases::balance(ctx, *amount),
        (Shop(ShopTap::Orders { page }), Reply::Orders { rows, total }) => {
            purchases::orders(ctx, rows, *total, *page)
        }
        (Shop(ShopTap::Order(_)), Reply::Order(Some(order))) => purchases::order(ctx, order),
        (Owner(OwnerTap::Panel), Reply::AgentPanel { pending, available, held, paid }) => {
            owner::panel(ctx, [*pending, *available, *held, *paid])
        }
        (Owner(OwnerTap::History { page }), Reply::Withdrawals { rows, total }) => {
            payouts::history(ctx, rows, *total, *page)
        }
        (Payout(PayoutTap::List { state, page }), Reply::Withdrawals { rows, total }) => {
            payouts::list(ctx, rows, *total, *state, *page)
        }
        (Owner(OwnerTap::Withdrawal(_)), Reply::Withdrawal(Some(withdrawal))) => {
            payouts::own(ctx, withdrawal)
        }
        (Payout(PayoutTap::One(_)), Reply::Withdrawal(Some(withdrawal))) => {
            payouts::one(ctx, withdrawal)
        }
        (Admin(AdminTap::Agents { page }), Reply::Bots(bots)) => agents::list(ctx, bots, *page),
        (Admin(AdminTap::Agent(agent)), Reply::Bots(bots)) => agents::one(ctx, agent, bots, now),
        (Admin(AdminTap::SetAside { page }), Reply::SetAside { rows, total }) => {
            set_aside::list(ctx, rows, *total, *page)
        }
        (_, Reply::Order(None) | Reply::Withdrawal(None)) => {
            note(ctx, &Note::NotFound(tap.clone()))
        }
        _ => return None,
    })
}
