//! Categories, products and stock, for admins.

use super::paging::{turners, window};
use super::{Context, Screen, agents};
use crate::domain::catalog::{GoodsKind, Product};
use crate::domain::id::{CategoryId, ProductId};
use crate::telegram::callback::{GoodsTap, Tap};
use crate::telegram::text::key::Key;

/// All categories.
pub(super) fn categories(ctx: &Context<'_>, page: u16) -> Screen {
    let shown = window(ctx.view.catalog.categories.values(), page);
    let key = if shown.rows.is_empty() { Key::GoodsEmpty } else { Key::GoodsTitle };
    let mut screen = Screen::new(ctx.html(key, &[]));
    for category in &shown.rows {
        let products = ctx.products_in(category.id).count();
        let tap = GoodsTap::Category { category: category.id, page: 0 };
        let label = format!("{} ({products})", cut(&category.name));
        screen = screen.row([ctx.named(&label, Tap::Goods(tap))]);
    }
    let to = |page| Tap::Goods(GoodsTap::Categories { page });
    screen
        .row(turners(ctx, shown.page, shown.pages, to))
        .row([ctx.button(Key::BtnNewCategory, Tap::Goods(GoodsTap::NewCategory))])
        .row([agents::back_home(ctx)])
}

/// One category with all its products, hidden ones too.
pub(super) fn category(ctx: &Context<'_>, id: CategoryId, page: u16) -> Screen {
    let Some(category) = ctx.category(id) else { return gone(ctx) };
    let shown = window(ctx.products_in(id), page);
    let text =
        ctx.html(Key::GoodsCategory, &[("category", &category.name), ("id", &id.to_string())]);
    let mut screen = Screen::new(text);
    for product in &shown.rows {
        let label = product_label(ctx, product);
        screen = screen.row([ctx.named(&label, Tap::Goods(GoodsTap::Product(product.id)))]);
    }
    let to = |page| Tap::Goods(GoodsTap::Category { category: id, page });
    screen
        .row(turners(ctx, shown.page, shown.pages, to))
        .row([
            ctx.button(Key::BtnNewProduct, Tap::Goods(GoodsTap::NewProduct(id))),
            ctx.button(Key::BtnRename, Tap::Goods(GoodsTap::RenameCategory(id))),
        ])
        .row([ctx.button(Key::BtnGoods, Tap::Goods(GoodsTap::Categories { page: 0 }))])
}

fn product_label(ctx: &Context<'_>, product: &Product) -> String {
    let mark = if product.listed { "" } else { "🚫 " };
    let price = product.price.map_or_else(|| "—".to_owned(), |price| price.to_string());
    format!("{mark}{price} · {} · {}", ctx.count(product.id), product.name)
}

/// Which kind of goods a new product has.
pub(super) fn kinds(ctx: &Context<'_>, id: CategoryId) -> Screen {
    let Some(category) = ctx.category(id) else { return gone(ctx) };
    let text = ctx.html(Key::ProductKindText, &[("category", &category.name)]);
    let kind = |key, kind| ctx.button(key, Tap::Goods(GoodsTap::NewProductOf(id, kind)));
    let back = Tap::Goods(GoodsTap::Category { category: id, page: 0 });
    Screen::new(text)
        .row([kind(Key::BtnKindLine, GoodsKind::Line), kind(Key::BtnKindFile, GoodsKind::File)])
        .row([ctx.button(Key::BtnBack, back)])
}

/// One product with everything an admin can change.
pub(super) fn product(ctx: &Context<'_>, id: ProductId) -> Screen {
    let Some(product) = ctx.product(id) else { return gone(ctx) };
    let kind = match product.kind {
        GoodsKind::Line => Key::KindLine,
        GoodsKind::File => Key::KindFile,
    };
    let dash = "—".to_owned();
    let price = product.price.map_or_else(|| dash.clone(), |price| ctx.usdt(price));
    let described = if product.description.is_empty() { &dash } else { &product.description };
    let listed = if product.listed { Key::ProductShown } else { Key::ProductHidden };
    let text = ctx.html(
        Key::GoodsProduct,
        &[
            ("product", &product.name),
            ("id", &id.to_string()),
            ("kind", &ctx.plain(kind, &[])),
            ("price", &price),
            ("count", &ctx.count(id).to_string()),
            ("listed", &ctx.plain(listed, &[])),
            ("description", described),
        ],
    );
    let goods = |key, tap| ctx.button(key, Tap::Goods(tap));
    let switch = if product.listed {
        goods(Key::BtnHide, GoodsTap::Hide(id))
    } else {
        goods(Key::BtnShow, GoodsTap::Show(id))
    };
    let category = GoodsTap::Category { category: product.category, page: 0 };
    Screen::new(text)
        .row([goods(Key::BtnAddStock, GoodsTap::AddStock(id)), switch])
        .row([
            goods(Key::BtnPrice, GoodsTap::Price(id)),
            goods(Key::BtnRename, GoodsTap::RenameProduct(id)),
        ])
        .row([goods(Key::BtnDescribe, GoodsTap::Describe(id))])
        .row([goods(Key::BtnBack, category)])
}

fn gone(ctx: &Context<'_>) -> Screen {
    let goods = Tap::Goods(GoodsTap::Categories { page: 0 });
    Screen::new(ctx.html(Key::GoodsGone, &[])).row([ctx.button(Key::BtnGoods, goods)])
}

/// A name short enough that a count still fits behind it.
fn cut(name: &str) -> String {
    name.chars().take(30).collect()
}
