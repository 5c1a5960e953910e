//! Reads the parts of a button's data. Strict: `None` is the answer to everything unknown.

use super::{AdminTap, GoodsTap, MarkupKind, OwnerTap, PayoutTap, ShopTap, Tap};
use crate::domain::catalog::GoodsKind;
use crate::telegram::text::Lang;

/// What the parts ask for.
pub(super) fn tap(parts: &[&str]) -> Option<Tap> {
    shop(parts)
        .map(Tap::Shop)
        .or_else(|| owner(parts).map(Tap::Owner))
        .or_else(|| agents(parts).map(Tap::Admin))
        .or_else(|| goods(parts).map(Tap::Goods))
        .or_else(|| payouts(parts).map(Tap::Payout))
}

fn shop(parts: &[&str]) -> Option<ShopTap> {
    Some(match parts {
        ["m"] => ShopTap::Menu,
        ["l"] => ShopTap::Languages,
        ["l", lang] => ShopTap::Speak(Lang::from_word(lang)?),
        ["c", page] => ShopTap::Catalog { page: page.parse().ok()? },
        ["g", category, page] => {
            ShopTap::Category { category: category.parse().ok()?, page: page.parse().ok()? }
        }
        ["p", product] => ShopTap::Product(product.parse().ok()?),
        ["b", product, quantity] => {
            ShopTap::Buy { product: product.parse().ok()?, quantity: quantity.parse().ok()? }
        }
        ["o", quote] => ShopTap::Confirm(quote.parse().ok()?),
        ["w"] => ShopTap::Balance,
        ["h", page] => ShopTap::Orders { page: page.parse().ok()? },
        ["d", order] => ShopTap::Order(order.parse().ok()?),
        ["r", order] => ShopTap::Redeliver(order.parse().ok()?),
        ["z"] => ShopTap::Cancel,
        _ => return None,
    })
}

fn owner(parts: &[&str]) -> Option<OwnerTap> {
    Some(match parts {
        ["a"] => OwnerTap::Panel,
        ["am"] => OwnerTap::Markup,
        ["at", kind] => OwnerTap::MarkupType(self::kind(kind)?),
        ["ap", kind, place] => {
            let (kind, place) = preset(kind, place)?;
            OwnerTap::MarkupPreset(kind, place)
        }
        ["as"] => OwnerTap::MarkupSave,
        ["aw"] => OwnerTap::Wallet,
        ["ax"] => OwnerTap::WalletSave,
        ["ag"] => OwnerTap::Withdraw,
        ["aa"] => OwnerTap::WithdrawAll,
        ["ac"] => OwnerTap::WithdrawSave,
        ["ah", page] => OwnerTap::History { page: page.parse().ok()? },
        ["ad", id] => OwnerTap::Withdrawal(id.parse().ok()?),
        _ => return None,
    })
}

fn agents(parts: &[&str]) -> Option<AdminTap> {
    Some(match parts {
        ["A"] => AdminTap::Home,
        ["Al", page] => AdminTap::Agents { page: page.parse().ok()? },
        ["Ad", agent] => AdminTap::Agent(agent.parse().ok()?),
        ["An"] => AdminTap::NewAgent,
        ["Ap", agent] => AdminTap::Pause(agent.parse().ok()?),
        ["Ar", agent] => AdminTap::Resume(agent.parse().ok()?),
        ["Ak", agent] => AdminTap::Renew(agent.parse().ok()?),
        ["Am", agent] => AdminTap::Markup(agent.parse().ok()?),
        ["At", agent, kind] => AdminTap::MarkupType(agent.parse().ok()?, self::kind(kind)?),
        ["Ax", agent, kind, place] => {
            let (kind, place) = preset(kind, place)?;
            AdminTap::MarkupPreset(agent.parse().ok()?, kind, place)
        }
        ["As"] => AdminTap::MarkupSave,
        ["C"] => AdminTap::Credit,
        ["Aq", page] => AdminTap::SetAside { page: page.parse().ok()? },
        _ => return None,
    })
}

fn goods(parts: &[&str]) -> Option<GoodsTap> {
    Some(match parts {
        ["Gc", page] => GoodsTap::Categories { page: page.parse().ok()? },
        ["Gd", category, page] => {
            GoodsTap::Category { category: category.parse().ok()?, page: page.parse().ok()? }
        }
        ["Gn"] => GoodsTap::NewCategory,
        ["Gr", category] => GoodsTap::RenameCategory(category.parse().ok()?),
        ["Pn", category] => GoodsTap::NewProduct(category.parse().ok()?),
        ["Pk", category, "l"] => GoodsTap::NewProductOf(category.parse().ok()?, GoodsKind::Line),
        ["Pk", category, "f"] => GoodsTap::NewProductOf(category.parse().ok()?, GoodsKind::File),
        ["Pp", product] => GoodsTap::Product(product.parse().ok()?),
        ["Pr", product] => GoodsTap::RenameProduct(product.parse().ok()?),
        ["Pd", product] => GoodsTap::Describe(product.parse().ok()?),
        ["Pc", product] => GoodsTap::Price(product.parse().ok()?),
        ["Ps", product] => GoodsTap::Show(product.parse().ok()?),
        ["Ph", product] => GoodsTap::Hide(product.parse().ok()?),
        ["Pa", product] => GoodsTap::AddStock(product.parse().ok()?),
        _ => return None,
    })
}

fn payouts(parts: &[&str]) -> Option<PayoutTap> {
    Some(match parts {
        ["Wl", "all", page] => PayoutTap::List { state: None, page: page.parse().ok()? },
        ["Wl", state, page] => {
            PayoutTap::List { state: Some(state.parse().ok()?), page: page.parse().ok()? }
        }
        ["Wd", id] => PayoutTap::One(id.parse().ok()?),
        ["Wa", id] => PayoutTap::Approve(id.parse().ok()?),
        ["Wr", id] => PayoutTap::Reject(id.parse().ok()?),
        ["Wp", id] => PayoutTap::Pay(id.parse().ok()?),
        ["Wy"] => PayoutTap::PaySave,
        _ => return None,
    })
}

fn kind(code: &str) -> Option<MarkupKind> {
    [MarkupKind::Percent, MarkupKind::Fixed]
        .into_iter()
        .find(|kind| code.len() == 1 && code.starts_with(kind.code()))
}

/// A place beyond the list is nobody's button.
fn preset(kind: &str, place: &str) -> Option<(MarkupKind, u8)> {
    let kind = self::kind(kind)?;
    let place: u8 = place.parse().ok()?;
    (usize::from(place) < kind.presets().len()).then_some((kind, place))
}
