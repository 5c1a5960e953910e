//! What every customer sees: menu, languages, catalogue, product.

use super::paging::{turners, window};
use super::{Button, Context, Screen};
use crate::domain::catalog::Product;
use crate::domain::id::{CategoryId, ProductId};
use crate::telegram::callback::{AdminTap, OwnerTap, ShopTap, Tap};
use crate::telegram::text::key::Key;
use crate::telegram::text::{Lang, escape};

/// Quantities that have a button.
const QUANTITIES: [u32; 4] = [1, 2, 5, 10];
/// Buttons in one row of short labels.
const ACROSS: usize = 4;

/// The menu.
pub(crate) fn menu(ctx: &Context<'_>) -> Screen {
    let title = ctx.html(Key::MenuTitle, &[("shop", ctx.shop_name())]);
    menu_below(ctx, title)
}

/// The menu for somebody who comes for the first time, with both languages at hand.
pub(crate) fn greeting(ctx: &Context<'_>) -> Screen {
    let title = ctx.html(Key::Greeting, &[("shop", ctx.shop_name())]);
    menu_below(ctx, title).row(language_buttons(ctx))
}

fn menu_below(ctx: &Context<'_>, title: String) -> Screen {
    let text = if ctx.sells() { title } else { format!("{title}\n\n{}", closed(ctx)) };
    let shop = |key, tap| ctx.button(key, Tap::Shop(tap));
    let screen = Screen::new(text)
        .row([
            shop(Key::BtnCatalog, ShopTap::Catalog { page: 0 }),
            shop(Key::BtnBalance, ShopTap::Balance),
        ])
        .row([
            shop(Key::BtnOrders, ShopTap::Orders { page: 0 }),
            shop(Key::BtnLanguage, ShopTap::Languages),
        ]);
    let owner = ctx.is_owner().then(|| ctx.button(Key::BtnPanel, Tap::Owner(OwnerTap::Panel)));
    let admin = ctx.is_admin().then(|| ctx.button(Key::BtnAdmin, Tap::Admin(AdminTap::Home)));
    screen.row(owner.into_iter().chain(admin))
}

/// The link to the private chat; all that a group sees.
pub(crate) fn elsewhere(ctx: &Context<'_>) -> Screen {
    say_elsewhere(ctx, Key::Elsewhere)
}

/// A sentence for a group, above that link.
pub(crate) fn say_elsewhere(ctx: &Context<'_>, key: Key) -> Screen {
    let button = Button::Url {
        label: ctx.plain(Key::BtnPrivateChat, &[]),
        url: format!("https://t.me/{}", ctx.bot_username),
    };
    Screen::new(ctx.html(key, &[])).row([button])
}

/// The languages, each in its own words.
pub(super) fn languages(ctx: &Context<'_>) -> Screen {
    Screen::new(ctx.html(Key::LanguageTitle, &[]))
        .row(language_buttons(ctx))
        .row([back_to_menu(ctx)])
}

fn language_buttons(ctx: &Context<'_>) -> Vec<Button> {
    let button = |lang: Lang| {
        ctx.speaking(lang).button(Key::BtnThisLanguage, Tap::Shop(ShopTap::Speak(lang)))
    };
    Lang::ALL.into_iter().map(button).collect()
}

/// The categories that hold something.
pub(super) fn catalog(ctx: &Context<'_>, page: u16) -> Screen {
    let all = ctx.view.catalog.categories.values();
    let shown = window(all.filter(|category| ctx.listed_in(category.id).next().is_some()), page);
    let text = if shown.rows.is_empty() { Key::CatalogEmpty } else { Key::CatalogTitle };
    let mut screen = Screen::new(with_state(ctx, ctx.html(text, &[])));
    for category in &shown.rows {
        let tap = ShopTap::Category { category: category.id, page: 0 };
        screen = screen.row([ctx.named(&category.name, Tap::Shop(tap))]);
    }
    let to = |page| Tap::Shop(ShopTap::Catalog { page });
    screen.row(turners(ctx, shown.page, shown.pages, to)).row([back_to_menu(ctx)])
}

/// The products of a category, with this shop's prices.
pub(super) fn category(ctx: &Context<'_>, id: CategoryId, page: u16) -> Screen {
    let shown = window(ctx.listed_in(id), page);
    let Some(category) = ctx.category(id).filter(|_| !shown.rows.is_empty()) else {
        return Screen::new(ctx.html(Key::CategoryGone, &[])).row([back_to_catalog(ctx)]);
    };
    let title = ctx.html(Key::CategoryTitle, &[("category", &category.name)]);
    let mut screen = Screen::new(with_state(ctx, title));
    for product in &shown.rows {
        let label = product_label(ctx, product);
        screen = screen.row([ctx.named(&label, Tap::Shop(ShopTap::Product(product.id)))]);
    }
    let to = |page| Tap::Shop(ShopTap::Category { category: id, page });
    screen.row(turners(ctx, shown.page, shown.pages, to)).row([back_to_catalog(ctx)])
}

/// The price comes first: a long name is cut, a price must not be.
fn product_label(ctx: &Context<'_>, product: &Product) -> String {
    let name = &product.name;
    match ctx.unit(product) {
        Some(unit) if ctx.count(product.id) > 0 => format!("{unit} · {name}"),
        Some(unit) => format!("⚪️ {unit} · {name}"),
        None => format!("⚪️ {name}"),
    }
}

/// One product: price, stock, description, quantities.
pub(super) fn product(ctx: &Context<'_>, id: ProductId) -> Screen {
    let Some(product) = ctx.listed(id) else {
        return Screen::new(ctx.html(Key::ProductGone, &[])).row([back_to_catalog(ctx)]);
    };
    let back = Tap::Shop(ShopTap::Category { category: product.category, page: 0 });
    let back = ctx.button(Key::BtnBack, back);
    let mut text = ctx.html(Key::ProductTitle, &[("product", &product.name)]);
    if !product.description.is_empty() {
        text = format!("{text}\n\n{}", escape(&product.description));
    }
    let Some(unit) = ctx.unit(product) else {
        return Screen::new(format!("{text}\n\n{}", ctx.html(Key::ProductNoPrice, &[])))
            .row([back]);
    };
    let count = ctx.count(id);
    let facts = [("price", ctx.usdt(unit)), ("count", count.to_string())];
    let facts = facts.each_ref().map(|(name, value)| (*name, value.as_str()));
    text = format!("{text}\n\n{}", ctx.html(Key::ProductFacts, &facts));
    let most = count.min(ctx.rules.quantity_max);
    if most == 0 || !ctx.sells() {
        let why = if ctx.sells() { ctx.html(Key::ProductSoldOut, &[]) } else { closed(ctx) };
        return Screen::new(format!("{text}\n\n{why}")).row([back]);
    }
    let ask = ctx.html(Key::ProductHowMany, &[("max", &most.to_string())]);
    let quantities = QUANTITIES.into_iter().filter(|quantity| *quantity <= most).take(ACROSS);
    let buy = |quantity: u32| {
        let tap = Tap::Shop(ShopTap::Buy { product: id, quantity });
        ctx.named(&quantity.to_string(), tap)
    };
    Screen::new(format!("{text}\n\n{ask}")).row(quantities.map(buy)).row([back])
}

fn with_state(ctx: &Context<'_>, text: String) -> String {
    if ctx.sells() { text } else { format!("{text}\n\n{}", closed(ctx)) }
}

fn closed(ctx: &Context<'_>) -> String {
    ctx.html(Key::ShopClosed, &[])
}

pub(super) fn back_to_menu(ctx: &Context<'_>) -> Button {
    ctx.button(Key::BtnMenu, Tap::MENU)
}

pub(super) fn back_to_catalog(ctx: &Context<'_>) -> Button {
    ctx.button(Key::BtnCatalog, Tap::Shop(ShopTap::Catalog { page: 0 }))
}
