//! Every button there is, and data that nobody wrote.

use super::*;
use crate::domain::id::OrderId;

/// One of every button, with ids as long as they get.
pub(crate) fn samples() -> Vec<Tap> {
    let agent: AgentId = "a".repeat(32).parse().expect("an id");
    let quote: QuoteId = format!("quo_{}", "9".repeat(40)).parse().expect("an id");
    let order = OrderId::of(&quote);
    let mut taps = shop_samples(quote, &order);
    taps.extend(owner_samples().into_iter().map(Tap::Owner));
    taps.extend(admin_samples(&agent).into_iter().map(Tap::Admin));
    taps.extend(goods_samples().into_iter().map(Tap::Goods));
    taps.extend(payout_samples().into_iter().map(Tap::Payout));
    taps
}

fn shop_samples(quote: QuoteId, order: &OrderId) -> Vec<Tap> {
    let (product, category) = (ProductId::new(1), CategoryId::new(u64::MAX));
    let taps = [
        ShopTap::Menu,
        ShopTap::Languages,
        ShopTap::Speak(Lang::En),
        ShopTap::Speak(Lang::Zh),
        ShopTap::Catalog { page: u16::MAX },
        ShopTap::Category { category, page: u16::MAX },
        ShopTap::Category { category: CategoryId::new(1), page: 0 },
        ShopTap::Product(product),
        ShopTap::Product(ProductId::new(u64::MAX)),
        ShopTap::Buy { product: ProductId::new(u64::MAX), quantity: u32::MAX },
        ShopTap::Buy { product, quantity: 2 },
        ShopTap::Confirm(quote),
        ShopTap::Balance,
        ShopTap::Orders { page: 0 },
        ShopTap::Order(order.clone()),
        ShopTap::Redeliver(order.clone()),
        ShopTap::Cancel,
    ];
    taps.into_iter().map(Tap::Shop).collect()
}

fn owner_samples() -> Vec<OwnerTap> {
    vec![
        OwnerTap::Panel,
        OwnerTap::Markup,
        OwnerTap::MarkupType(MarkupKind::Percent),
        OwnerTap::MarkupType(MarkupKind::Fixed),
        OwnerTap::MarkupPreset(MarkupKind::Fixed, 3),
        OwnerTap::MarkupSave,
        OwnerTap::Wallet,
        OwnerTap::WalletSave,
        OwnerTap::Withdraw,
        OwnerTap::WithdrawAll,
        OwnerTap::WithdrawSave,
        OwnerTap::History { page: 0 },
        OwnerTap::Withdrawal(WithdrawalId::new(1)),
    ]
}

fn admin_samples(agent: &AgentId) -> Vec<AdminTap> {
    let a1: AgentId = "a1".parse().expect("an id");
    vec![
        AdminTap::Home,
        AdminTap::Agents { page: 0 },
        AdminTap::Agent(agent.clone()),
        AdminTap::Agent(a1.clone()),
        AdminTap::NewAgent,
        AdminTap::Pause(agent.clone()),
        AdminTap::Resume(a1.clone()),
        AdminTap::Renew(agent.clone()),
        AdminTap::Markup(a1),
        AdminTap::MarkupType(agent.clone(), MarkupKind::Fixed),
        AdminTap::MarkupPreset(agent.clone(), MarkupKind::Percent, 5),
        AdminTap::MarkupSave,
        AdminTap::Credit,
        AdminTap::SetAside { page: u16::MAX },
    ]
}

fn goods_samples() -> Vec<GoodsTap> {
    let (product, category) = (ProductId::new(1), CategoryId::new(1));
    vec![
        GoodsTap::Categories { page: 0 },
        GoodsTap::Category { category, page: 0 },
        GoodsTap::NewCategory,
        GoodsTap::RenameCategory(category),
        GoodsTap::NewProduct(category),
        GoodsTap::NewProductOf(category, GoodsKind::Line),
        GoodsTap::NewProductOf(category, GoodsKind::File),
        GoodsTap::Product(product),
        GoodsTap::RenameProduct(product),
        GoodsTap::Describe(product),
        GoodsTap::Price(product),
        GoodsTap::Show(product),
        GoodsTap::Hide(product),
        GoodsTap::AddStock(product),
    ]
}

fn payout_samples() -> Vec<PayoutTap> {
    let withdrawal = WithdrawalId::new(1);
    vec![
        PayoutTap::List { state: None, page: 0 },
        PayoutTap::List { state: Some(WithdrawalState::Requested), page: u16::MAX },
        PayoutTap::One(withdrawal),
        PayoutTap::Approve(withdrawal),
        PayoutTap::Reject(withdrawal),
        PayoutTap::Pay(withdrawal),
        PayoutTap::PaySave,
    ]
}

#[test]
fn every_button_fits_and_reads_back() {
    let mut seen = std::collections::BTreeSet::new();
    for tap in samples() {
        let data = tap.data();
        assert!(data.len() <= DATA_MAX, "{data}");
        assert_eq!(Tap::read(&data), Some(tap.clone()), "{data}");
        assert!(seen.insert(data), "{tap:?} shares its data with another");
        let json = serde_json::to_string(&tap).expect("plain");
        assert_eq!(serde_json::from_str::<Tap>(&json).expect("round trip"), tap);
    }
}

#[test]
fn foreign_data_is_nothing() {
    let long = format!("1d:ord_{}", "a".repeat(60));
    for data in [
        "",
        "1",
        "m",
        "0m",
        "2m",
        "1M",
        "1m:",
        "1m:1",
        " 1m",
        "1c:-1",
        "1c:07",
        "1c:+7",
        "1c:65536",
        "1b:prd_1:-5",
        "1b:prd_1:1.5",
        "1b:prd_1:４",
        "1p:cat_1",
        "1ap:p:6",
        "1ap:x:0",
        "1ap:pp:0",
        "1Ax:a1:f:-100",
        "1Wl:open:0",
        "1o:quo_",
        "qrgaimai 1:2:0.01",
        "agent_markup_preset_-100",
        long.as_str(),
    ] {
        assert_eq!(Tap::read(data), None, "{data:?}");
    }
}
