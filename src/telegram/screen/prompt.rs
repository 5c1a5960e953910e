//! Questions that wait for a typed answer or a document, and how they are asked.

use super::{Context, Screen, goods, owner};
use crate::domain::catalog::GoodsKind;
use crate::domain::id::{AgentId, CategoryId, ProductId, WithdrawalId};
use crate::domain::money::Money;
use crate::domain::pricing::Markup;
use crate::domain::tenant::WalletAddress;
use crate::domain::withdrawal::Txid;
use crate::telegram::callback::{GoodsTap, MarkupKind, OwnerTap, PayoutTap, ShopTap, Tap};
use crate::telegram::text::key::Key;
use serde::{Deserialize, Serialize};

/// What a chat was asked last. Holds no secret: it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// How many of a product; asked by the product's page.
    Quantity(ProductId),
    /// A markup of this kind, for the own shop or an agent's.
    Markup {
        /// Whose; none is the own shop.
        agent: Option<AgentId>,
        /// Percent or amount.
        kind: MarkupKind,
    },
    /// Whether this markup shall be saved.
    MarkupSave {
        /// Whose; none is the own shop.
        agent: Option<AgentId>,
        /// The markup.
        markup: Markup,
    },
    /// A wallet address.
    Wallet,
    /// Whether this address shall be saved.
    WalletSave(WalletAddress),
    /// An amount to withdraw.
    Withdraw {
        /// What is available.
        available: Money,
    },
    /// Whether so much shall be withdrawn.
    WithdrawSave {
        /// How much, fee included.
        amount: Money,
    },
    /// Something about the catalogue.
    Goods(GoodsQuestion),
    /// Lines, pasted or in a document.
    StockLines(ProductId),
    /// Documents, each one item.
    StockFiles(ProductId),
    /// Whom to credit how much and why.
    Credit,
    /// Why a withdrawal is refused.
    Reason(WithdrawalId),
    /// Which transaction paid a withdrawal.
    Txid(WithdrawalId),
    /// Whether to pay although the agent is below zero.
    PaySave {
        /// Which.
        withdrawal: WithdrawalId,
        /// Paid by this.
        txid: Txid,
        /// What the agent has, below zero.
        available: Money,
    },
}

/// Questions about categories and products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoodsQuestion {
    /// A category's name.
    NewCategory,
    /// A category's other name.
    RenameCategory(CategoryId),
    /// A product's name.
    NewProduct(CategoryId, GoodsKind),
    /// A new product's price.
    NewProductPrice {
        /// Where it will be shown.
        category: CategoryId,
        /// What its items are.
        kind: GoodsKind,
        /// Its name.
        name: String,
    },
    /// A product's other name.
    RenameProduct(ProductId),
    /// A product's other description.
    Describe(ProductId),
    /// A product's other price.
    Price(ProductId),
}

/// The question as a screen, with a way out.
pub(crate) fn prompt(ctx: &Context<'_>, question: &Question) -> Screen {
    match question {
        Question::Quantity(product) => super::shop::product(ctx, *product),
        Question::Markup { agent, kind } => markup(ctx, agent.as_ref(), *kind),
        Question::MarkupSave { agent, markup } => {
            owner::markup_preview(ctx, agent.as_ref(), *markup)
        }
        Question::Wallet => asked(ctx, ctx.html(Key::AskWallet, &[("address", &wallet(ctx))])),
        Question::WalletSave(address) => wallet_save(ctx, address),
        Question::Withdraw { available } => withdraw(ctx, *available),
        Question::WithdrawSave { amount } => withdraw_save(ctx, *amount),
        Question::Goods(about) => catalog(ctx, about),
        Question::StockLines(product) => stock(ctx, Key::AskLines, *product),
        Question::StockFiles(product) => stock(ctx, Key::AskFiles, *product),
        Question::Credit => asked(ctx, ctx.html(Key::AskCredit, &[])),
        Question::Reason(id) => asked(ctx, ctx.html(Key::AskReason, &[("id", &id.to_string())])),
        Question::Txid(id) => asked(ctx, ctx.html(Key::AskTxid, &[("id", &id.to_string())])),
        Question::PaySave { withdrawal, txid, available } => {
            pay_save(ctx, *withdrawal, txid, *available)
        }
    }
}

fn catalog(ctx: &Context<'_>, question: &GoodsQuestion) -> Screen {
    match question {
        GoodsQuestion::NewCategory => asked(ctx, ctx.html(Key::AskCategoryName, &[])),
        GoodsQuestion::RenameCategory(id) => {
            asked(ctx, ctx.html(Key::AskRename, &[("name", category(ctx, *id))]))
        }
        GoodsQuestion::NewProduct(id, _) => {
            asked(ctx, ctx.html(Key::AskProductName, &[("category", category(ctx, *id))]))
        }
        GoodsQuestion::NewProductPrice { name, .. } => {
            asked(ctx, ctx.html(Key::AskPrice, &[("product", name)]))
        }
        GoodsQuestion::RenameProduct(id) => {
            asked(ctx, ctx.html(Key::AskRename, &[("name", product(ctx, *id))]))
        }
        GoodsQuestion::Describe(id) => {
            asked(ctx, ctx.html(Key::AskDescription, &[("product", product(ctx, *id))]))
        }
        GoodsQuestion::Price(id) => {
            asked(ctx, ctx.html(Key::AskPrice, &[("product", product(ctx, *id))]))
        }
    }
}

/// A question with a button that closes it.
fn asked(ctx: &Context<'_>, text: String) -> Screen {
    Screen::new(text).row([ctx.button(Key::BtnCancel, Tap::Shop(ShopTap::Cancel))])
}

fn markup(ctx: &Context<'_>, agent: Option<&AgentId>, kind: MarkupKind) -> Screen {
    let Some(shop) = agent.map_or_else(|| ctx.shop(), |agent| ctx.agent(agent)) else {
        return super::agents::unknown(ctx);
    };
    let max = ctx.rules.markup_percent_max.to_string();
    asked(
        ctx,
        match kind {
            MarkupKind::Percent => {
                ctx.html(Key::AskPercent, &[("shop", &shop.name), ("max", &max)])
            }
            MarkupKind::Fixed => ctx.html(Key::AskAmount, &[("shop", &shop.name)]),
        },
    )
}

/// The terms of this shop's withdrawals: smallest amount and fee.
pub(crate) fn terms(ctx: &Context<'_>) -> (Money, Money) {
    let own = ctx.shop().map(|shop| shop.terms).unwrap_or_default();
    (
        own.withdrawal_min.unwrap_or(ctx.rules.withdrawal_min),
        own.withdrawal_fee.unwrap_or(ctx.rules.withdrawal_fee),
    )
}

/// The wallet's address, or that there is none.
fn wallet(ctx: &Context<'_>) -> String {
    let address = ctx.shop().and_then(|shop| shop.wallet.as_ref());
    address.map_or_else(|| ctx.plain(Key::WalletNone, &[]), |address| address.text().to_owned())
}

fn wallet_save(ctx: &Context<'_>, address: &WalletAddress) -> Screen {
    Screen::new(ctx.html(Key::WalletConfirm, &[("address", address.text())])).row([
        ctx.button(Key::BtnSave, Tap::Owner(OwnerTap::WalletSave)),
        ctx.button(Key::BtnBack, Tap::Owner(OwnerTap::Wallet)),
    ])
}

fn withdraw(ctx: &Context<'_>, available: Money) -> Screen {
    let (min, fee) = terms(ctx);
    let values = [("available", available), ("min", min), ("fee", fee)];
    let values = values.map(|(name, amount)| (name, ctx.usdt(amount)));
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    if available < min {
        return Screen::new(ctx.html(Key::WithdrawTooEarly, &values[..2]))
            .row([owner::back_to_panel(ctx)]);
    }
    Screen::new(ctx.html(Key::AskWithdraw, &values))
        .row([ctx.button(Key::BtnWithdrawAll, Tap::Owner(OwnerTap::WithdrawAll))])
        .row([ctx.button(Key::BtnCancel, Tap::Owner(OwnerTap::Panel))])
}

fn withdraw_save(ctx: &Context<'_>, amount: Money) -> Screen {
    let (_, fee) = terms(ctx);
    let net = amount.checked_sub(fee).unwrap_or(Money::ZERO);
    let text = ctx.html(
        Key::WithdrawConfirm,
        &[
            ("amount", &ctx.usdt(amount)),
            ("fee", &ctx.usdt(fee)),
            ("net", &ctx.usdt(net)),
            ("address", &wallet(ctx)),
        ],
    );
    Screen::new(text).row([
        ctx.button(Key::BtnConfirm, Tap::Owner(OwnerTap::WithdrawSave)),
        ctx.button(Key::BtnCancel, Tap::Owner(OwnerTap::Panel)),
    ])
}

fn pay_save(ctx: &Context<'_>, id: WithdrawalId, txid: &Txid, available: Money) -> Screen {
    let text = ctx.html(
        Key::AskPayNegative,
        &[
            ("id", &id.to_string()),
            ("txid", &txid.to_string()),
            ("available", &ctx.usdt(available)),
        ],
    );
    Screen::new(text).row([
        ctx.button(Key::BtnPayAnyway, Tap::Payout(PayoutTap::PaySave)),
        ctx.button(Key::BtnBack, Tap::Payout(PayoutTap::One(id))),
    ])
}

fn category<'a>(ctx: &Context<'a>, id: CategoryId) -> &'a str {
    ctx.category(id).map_or("—", |found| found.name.as_str())
}

fn product<'a>(ctx: &Context<'a>, id: ProductId) -> &'a str {
    ctx.product(id).map_or("—", |found| found.name.as_str())
}

fn stock(ctx: &Context<'_>, key: Key, product: ProductId) -> Screen {
    let Some(found) = ctx.product(product) else { return goods::product(ctx, product) };
    let text = ctx.html(key, &[("product", &found.name), ("max_mb", &ctx.file_max_mb.to_string())]);
    let done = Tap::Goods(GoodsTap::Product(product));
    Screen::new(text).row([ctx.button(Key::BtnDone, done)])
}
