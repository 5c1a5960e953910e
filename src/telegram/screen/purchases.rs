//! A customer's balance, offers, receipts and orders.

use super::paging::{pages, turners};
use super::shop::{back_to_catalog, back_to_menu};
use super::{Context, Screen};
use crate::domain::id::{ProductId, QuoteId};
use crate::domain::money::Money;
use crate::domain::order::{Delivery, Order, Quote};
use crate::domain::outcome::Receipt;
use crate::domain::time::Timestamp;
use crate::telegram::callback::{ShopTap, Tap};
use crate::telegram::text::key::Key;
use serde::{Deserialize, Serialize};

/// A promised price as its customer sees it: without base price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The promise.
    pub quote: QuoteId,
    /// Of what.
    pub product: ProductId,
    /// Its name then.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// Price of one.
    pub unit: Money,
    /// Price of all.
    pub total: Money,
    /// Until when.
    pub expires_at: Timestamp,
}

impl From<Quote> for Offer {
    fn from(quote: Quote) -> Self {
        Self {
            quote: quote.id,
            product: quote.product,
            name: quote.product_name,
            quantity: quote.quantity,
            unit: quote.price.unit,
            total: quote.total,
            expires_at: quote.expires_at,
        }
    }
}

/// The offer with its confirm button.
pub(super) fn offer(ctx: &Context<'_>, offer: &Offer) -> Screen {
    let text = ctx.html(
        Key::OfferText,
        &[
            ("product", &offer.name),
            ("quantity", &offer.quantity.to_string()),
            ("unit", &ctx.usdt(offer.unit)),
            ("total", &ctx.usdt(offer.total)),
            ("time", &ctx.voice.time(offer.expires_at)),
        ],
    );
    let confirm = Tap::Shop(ShopTap::Confirm(offer.quote.clone()));
    let cancel = Tap::Shop(ShopTap::Product(offer.product));
    Screen::new(text)
        .row([ctx.button(Key::BtnConfirm, confirm), ctx.button(Key::BtnCancel, cancel)])
}

/// Paid; the goods follow in messages of their own.
pub(super) fn receipt(ctx: &Context<'_>, receipt: &Receipt) -> Screen {
    let text = ctx.html(
        Key::ReceiptText,
        &[
            ("order", &receipt.order.to_string()),
            ("total", &ctx.usdt(receipt.total)),
            ("balance", &ctx.usdt(receipt.balance)),
        ],
    );
    let order = Tap::Shop(ShopTap::Order(receipt.order.clone()));
    Screen::new(text)
        .row([ctx.button(Key::BtnThisOrder, order), back_to_catalog(ctx)])
        .row([back_to_menu(ctx)])
}

/// The balance in this shop.
pub(super) fn balance(ctx: &Context<'_>, amount: Money) -> Screen {
    let values = [("balance", ctx.usdt(amount)), ("user", ctx.user.to_string())];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let text = ctx.html(Key::BalanceText, &values);
    let orders = Tap::Shop(ShopTap::Orders { page: 0 });
    Screen::new(text)
        .row([back_to_catalog(ctx), ctx.button(Key::BtnOrders, orders)])
        .row([back_to_menu(ctx)])
}

/// A page of orders.
pub(super) fn orders(ctx: &Context<'_>, rows: &[Order], total: u64, page: u16) -> Screen {
    let key = if rows.is_empty() { Key::OrdersEmpty } else { Key::OrdersTitle };
    let mut screen = Screen::new(ctx.html(key, &[]));
    for order in rows.iter().take(super::ROWS as usize) {
        let mark = if order.delivery.is_done() { "✅" } else { "⏳" };
        let label = format!(
            "{mark} {} · {} × {}",
            ctx.voice.time(order.placed_at).chars().take(10).collect::<String>(),
            order.quantity(),
            order.product_name
        );
        screen = screen.row([ctx.named(&label, Tap::Shop(ShopTap::Order(order.id.clone())))]);
    }
    let to = |page| Tap::Shop(ShopTap::Orders { page });
    screen.row(turners(ctx, page, pages(total), to)).row([back_to_menu(ctx)])
}

/// One order.
pub(super) fn order(ctx: &Context<'_>, order: &Order) -> Screen {
    let state = match order.delivery {
        Delivery::Pending => ctx.plain(Key::DeliveryPending, &[]),
        Delivery::Awaiting { .. } => ctx.plain(Key::DeliveryAwaiting, &[]),
        Delivery::Delivered { at } => {
            ctx.plain(Key::DeliveryDone, &[("time", &ctx.voice.time(at))])
        }
    };
    let text = ctx.html(
        Key::OrderText,
        &[
            ("order", &order.id.to_string()),
            ("product", &order.product_name),
            ("quantity", &order.quantity().to_string()),
            ("unit", &ctx.usdt(order.price.unit)),
            ("total", &ctx.usdt(order.total)),
            ("time", &ctx.voice.time(order.placed_at)),
            ("state", &state),
        ],
    );
    let again = Tap::Shop(ShopTap::Redeliver(order.id.clone()));
    let orders = Tap::Shop(ShopTap::Orders { page: 0 });
    Screen::new(text)
        .row([ctx.button(Key::BtnSendAgain, again)])
        .row([ctx.button(Key::BtnOrders, orders), back_to_menu(ctx)])
}
