//! The panel of an agent's owner, and the markup page that owners and admins share.

use super::{Button, Context, Screen, shop};
use crate::domain::id::AgentId;
use crate::domain::money::Money;
use crate::domain::pricing::Markup;
use crate::domain::tenant::Tenant;
use crate::domain::time::Millis;
use crate::telegram::callback::{AdminTap, MarkupKind, OwnerTap, Tap};
use crate::telegram::text::key::Key;
use rust_decimal::Decimal;

/// Buttons in one row of markups.
const ACROSS: usize = 3;

/// What the agent has: pending, available, held, paid.
pub(super) fn panel(ctx: &Context<'_>, [pending, available, held, paid]: [Money; 4]) -> Screen {
    let shop = ctx.shop();
    let markup = shop.map_or_else(|| "—".to_owned(), |shop| ctx.markup(shop.pricing.markup));
    let wallet = shop.and_then(|shop| shop.wallet.as_ref());
    let wallet = match wallet {
        Some(address) => address.text().to_owned(),
        None => ctx.plain(Key::WalletNone, &[]),
    };
    let text = ctx.html(
        Key::PanelText,
        &[
            ("shop", ctx.shop_name()),
            ("pending", &ctx.usdt(pending)),
            ("available", &ctx.usdt(available)),
            ("held", &ctx.usdt(held)),
            ("paid", &ctx.usdt(paid)),
            ("markup", &markup),
            ("wallet", &wallet),
            ("hours", &maturity_hours(ctx).to_string()),
        ],
    );
    let text =
        if ctx.sells() { text } else { format!("{text}\n\n{}", ctx.html(Key::PanelPaused, &[])) };
    let owner = |key, tap| ctx.button(key, Tap::Owner(tap));
    Screen::new(text)
        .row([owner(Key::BtnMarkup, OwnerTap::Markup), owner(Key::BtnWallet, OwnerTap::Wallet)])
        .row([
            owner(Key::BtnWithdraw, OwnerTap::Withdraw),
            owner(Key::BtnHistory, OwnerTap::History { page: 0 }),
        ])
        .row([shop::back_to_menu(ctx)])
}

/// Whoever opened the link is the owner now; what a new shop needs first is at hand.
pub(super) fn welcome(ctx: &Context<'_>) -> Screen {
    let owner = |key, tap| ctx.button(key, Tap::Owner(tap));
    Screen::new(ctx.html(Key::OwnerWelcome, &[]))
        .row([owner(Key::BtnMarkup, OwnerTap::Markup), owner(Key::BtnWallet, OwnerTap::Wallet)])
        .row([back_to_panel(ctx)])
}

/// The markup of the own shop, or of an agent's for admins, with presets.
pub(super) fn markup(ctx: &Context<'_>, agent: Option<&AgentId>) -> Screen {
    let Some(shop) = priced(ctx, agent) else { return super::agents::unknown(ctx) };
    let text = ctx.html(
        Key::MarkupText,
        &[("shop", &shop.name), ("markup", &ctx.markup(shop.pricing.markup))],
    );
    let mut screen = Screen::new(text);
    for kind in [MarkupKind::Percent, MarkupKind::Fixed] {
        let buttons: Vec<Button> = (0_u8..)
            .zip(kind.presets())
            .map(|(place, number)| {
                ctx.named(&preset_label(kind, *number), preset(agent, kind, place))
            })
            .collect();
        for row in buttons.chunks(ACROSS) {
            screen = screen.row(row.iter().cloned());
        }
    }
    let typed = |kind| match agent {
        None => Tap::Owner(OwnerTap::MarkupType(kind)),
        Some(agent) => Tap::Admin(AdminTap::MarkupType(agent.clone(), kind)),
    };
    screen
        .row([
            ctx.button(Key::BtnOtherPercent, typed(MarkupKind::Percent)),
            ctx.button(Key::BtnOtherAmount, typed(MarkupKind::Fixed)),
        ])
        .row([back(ctx, agent)])
}

fn preset(agent: Option<&AgentId>, kind: MarkupKind, place: u8) -> Tap {
    match agent {
        None => Tap::Owner(OwnerTap::MarkupPreset(kind, place)),
        Some(agent) => Tap::Admin(AdminTap::MarkupPreset(agent.clone(), kind, place)),
    }
}

fn preset_label(kind: MarkupKind, number: u32) -> String {
    match kind {
        MarkupKind::Percent => format!("+{number}%"),
        MarkupKind::Fixed => format!("+{number} USDT"),
    }
}

/// The markup of a preset button.
pub(crate) fn preset_markup(kind: MarkupKind, place: u8) -> Markup {
    let number = kind.presets().get(usize::from(place)).copied().unwrap_or_default();
    match kind {
        MarkupKind::Percent => Markup::Percent(Decimal::from(number)),
        MarkupKind::Fixed => Markup::Fixed(Money::whole(i64::from(number))),
    }
}

/// A new markup with what one product would then cost, before it is saved.
pub(super) fn markup_preview(ctx: &Context<'_>, agent: Option<&AgentId>, markup: Markup) -> Screen {
    let Some(shop) = priced(ctx, agent) else { return super::agents::unknown(ctx) };
    let mut text =
        ctx.html(Key::MarkupPreview, &[("shop", &shop.name), ("markup", &ctx.markup(markup))]);
    if let Some(example) = example(ctx, shop, markup) {
        text = format!("{text}\n\n{example}");
    }
    let save = match agent {
        None => Tap::Owner(OwnerTap::MarkupSave),
        Some(_) => Tap::Admin(AdminTap::MarkupSave),
    };
    Screen::new(text).row([ctx.button(Key::BtnSave, save), back(ctx, agent)])
}

/// The customer's price and the profit of the first product on sale. Not the base price: an owner's
/// screen may be looked at over his shoulder by a customer.
fn example(ctx: &Context<'_>, shop: &Tenant, markup: Markup) -> Option<String> {
    let mut on_sale = ctx.view.catalog.products.values().filter(|product| product.listed);
    let product = on_sale.find(|product| product.price.is_some())?;
    let Some(price) = ctx.unit_under(shop, markup, product.price?) else {
        return Some(ctx.html(Key::MarkupNoPrice, &[("product", &product.name)]));
    };
    Some(ctx.html(
        Key::MarkupExample,
        &[
            ("product", &product.name),
            ("price", &ctx.usdt(price.unit)),
            ("profit", &ctx.usdt(price.profit())),
        ],
    ))
}

fn priced<'a>(ctx: &Context<'a>, agent: Option<&AgentId>) -> Option<&'a Tenant> {
    match agent {
        None => ctx.shop(),
        Some(agent) => ctx.agent(agent),
    }
}

fn back(ctx: &Context<'_>, agent: Option<&AgentId>) -> Button {
    let tap = match agent {
        None => Tap::Owner(OwnerTap::Panel),
        Some(agent) => Tap::Admin(AdminTap::Agent(agent.clone())),
    };
    ctx.button(Key::BtnBack, tap)
}

/// How long the profit of a sale of this shop matures; hours, rounded up.
fn maturity_hours(ctx: &Context<'_>) -> i64 {
    const HOUR_MS: i64 = Millis::from_hours(1).ms();
    let own = ctx.shop().and_then(|shop| shop.terms.maturity);
    (own.unwrap_or(ctx.rules.maturity).ms() + HOUR_MS - 1) / HOUR_MS
}

/// Back to the panel.
pub(super) fn back_to_panel(ctx: &Context<'_>) -> Button {
    ctx.button(Key::BtnPanel, Tap::Owner(OwnerTap::Panel))
}
