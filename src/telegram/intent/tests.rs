//! What people send, and what it means to whom.

use super::*;
use crate::domain::id::{OrderId, WithdrawalId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::tenant::TenantStatus;
use crate::domain::withdrawal::WithdrawalState;
use crate::telegram::callback::{AdminTap, GoodsTap, OwnerTap, PayoutTap, ShopTap};
use crate::telegram::dialog::tests::kit::{ADDRESS, Kit, TOKEN, incoming, usdt};
use crate::telegram::screen::Role;
use crate::telegram::text::Lang;

fn means(kit: &Kit, text: &str) -> Intent {
    parse(incoming(true, Content::Text(Secret::new(text))), &kit.ctx())
}

fn check(kit: &Kit, table: Vec<(&str, Intent)>) {
    for (text, expected) in table {
        assert_eq!(means(kit, text), expected, "{text:?}");
    }
}

fn go(tap: impl Into<Tap>) -> Intent {
    Intent::Go(tap.into())
}

fn ledger(command: LedgerCommand) -> Intent {
    Intent::Ask(Box::new(Request::Ledger(command)))
}

#[test]
fn customers() {
    let kit = Kit::new("agent:a1", Role::Customer, Lang::En);
    let product = ProductId::new(7);
    let order: OrderId = "ord_x1".parse().expect("an id");
    check(
        &kit,
        vec![
            ("/start", Intent::Start),
            ("  /start  ", Intent::Start),
            ("/START@Some_Bot", Intent::Start),
            ("/start@other_bot", Intent::Unknown),
            ("/start ref_77", Intent::Start),
            ("/start own_", Intent::Start),
            ("/start own_k3", Intent::Claim(Secret::new("k3"))),
            ("/help", Intent::Help),
            ("/cancel", Intent::Cancel),
            ("/cancel it", Intent::Usage(Command::Cancel)),
            ("/language", go(ShopTap::Languages)),
            ("/catalog", go(ShopTap::Catalog { page: 0 })),
            ("/balance", go(ShopTap::Balance)),
            ("/balance 5", Intent::Usage(Command::Balance)),
            ("/orders", go(ShopTap::Orders { page: 0 })),
            ("/order ord_x1", go(ShopTap::Order(order))),
            ("/order", Intent::Usage(Command::Order)),
            ("/order x1", Intent::Usage(Command::Order)),
            ("/buy prd_7 ２", go(ShopTap::Buy { product, quantity: 2 })),
            ("/buy prd_7", Intent::Usage(Command::Buy)),
            ("/buy prd_7 0", Intent::Usage(Command::Buy)),
            ("/buy prd_7 -2", Intent::Usage(Command::Buy)),
            ("/buy prd_7 2 3", Intent::Usage(Command::Buy)),
            ("/", Intent::Unknown),
            ("/ start", Intent::Unknown),
            ("/agent", Intent::Unknown),
            ("/agent_list", Intent::Unknown),
            ("/agent_create a b c", Intent::Unknown),
            ("5", Intent::Answer(Secret::new("5"))),
            ("start", Intent::Answer(Secret::new("start"))),
            (TOKEN, Intent::TokenPasted),
        ],
    );
}

#[test]
fn owners() {
    let kit = Kit::new("agent:a1", Role::Owner, Lang::En);
    let address = ADDRESS.parse().expect("an address");
    let wallet = format!("/wallet {ADDRESS}");
    check(
        &kit,
        vec![
            ("/agent", go(OwnerTap::Panel)),
            ("/agent a1", Intent::Usage(Command::Agent)),
            ("/markup", go(OwnerTap::Markup)),
            ("/markup percent 15%", Intent::Offer(OwnerOffer::Markup(Markup::Percent(15.into())))),
            ("/markup FIXED 1.5", Intent::Offer(OwnerOffer::Markup(Markup::Fixed(usdt("1.5"))))),
            ("/markup fixed -1", Intent::Usage(Command::Markup)),
            ("/markup 15", Intent::Usage(Command::Markup)),
            ("/wallet", go(OwnerTap::Wallet)),
            (wallet.as_str(), Intent::Offer(OwnerOffer::Wallet(address))),
            ("/wallet T1", Intent::Usage(Command::Wallet)),
            ("/withdraw", go(OwnerTap::Withdraw)),
            ("/withdraw all", go(OwnerTap::WithdrawAll)),
            ("/withdraw 12.5 USDT", Intent::Offer(OwnerOffer::Withdraw(usdt("12.5")))),
            ("/withdraw 0", Intent::Usage(Command::Withdraw)),
            ("/history", go(OwnerTap::History { page: 0 })),
            ("/agent_list", Intent::Unknown),
        ],
    );
    let elsewhere = Kit::new("master", Role::Owner, Lang::En);
    check(&elsewhere, vec![("/agent", Intent::Unknown), ("/agent_list", Intent::Unknown)]);
}

#[test]
fn admins() {
    let kit = Kit::new("master", Role::Admin, Lang::En);
    let agent: crate::domain::id::AgentId = "a1".parse().expect("an id");
    let withdrawal = WithdrawalId::new(12);
    let status = TenantStatus::Paused;
    let state = Some(WithdrawalState::Paid);
    let two_tokens = format!("/agent_create a2 {TOKEN} {TOKEN}");
    let named_token = format!("/category_add {TOKEN}");
    check(
        &kit,
        vec![
            ("/agent_list", go(AdminTap::Agents { page: 0 })),
            ("/agent_list x", Intent::Usage(Command::AgentList)),
            ("/agent_info a1", go(AdminTap::Agent(agent.clone()))),
            ("/agent_pause a1", ledger(LedgerCommand::SetStatus { agent: agent.clone(), status })),
            ("/agent_pause", Intent::Usage(Command::AgentPause)),
            ("/agent_pause A!", Intent::Usage(Command::AgentPause)),
            ("/agent_pause a1 a2", Intent::Usage(Command::AgentPause)),
            ("/agent_pricing a1 percent", Intent::Usage(Command::AgentPricing)),
            ("/agent_pricing a1 percent -100", Intent::Usage(Command::AgentPricing)),
            ("/agent_pricing a1 percent NaN", Intent::Usage(Command::AgentPricing)),
            ("/agent_link a1", Intent::Ask(Box::new(Request::RenewOwnerLink { agent }))),
            ("/goods", go(GoodsTap::Categories { page: 0 })),
            ("/category_add", Intent::Usage(Command::CategoryAdd)),
            ("/category_rename cat_1", Intent::Usage(Command::CategoryRename)),
            ("/product_add cat_1 box 5 Name", Intent::Usage(Command::ProductAdd)),
            ("/product_add cat_1 line 5", Intent::Usage(Command::ProductAdd)),
            ("/product_price prd_1 -5", Intent::Usage(Command::ProductPrice)),
            ("/product_show 1", Intent::Usage(Command::ProductShow)),
            ("/stock_add", Intent::Usage(Command::StockAdd)),
            ("/stock_add prd_1", go(GoodsTap::AddStock(ProductId::new(1)))),
            ("/stock_file prd_2", go(GoodsTap::AddStock(ProductId::new(2)))),
            ("/credit", Intent::Usage(Command::Credit)),
            ("/withdraw_list", go(PayoutTap::List { state: None, page: 0 })),
            ("/withdraw_list PAID", go(PayoutTap::List { state, page: 0 })),
            ("/withdraw_list open", Intent::Usage(Command::WithdrawList)),
            ("/withdraw_approve wdr_12", ledger(LedgerCommand::ApproveWithdrawal { withdrawal })),
            ("/withdraw_approve 12", Intent::Usage(Command::WithdrawApprove)),
            ("/withdraw_reject wdr_12", Intent::Usage(Command::WithdrawReject)),
            ("/withdraw_pay wdr_12", Intent::Usage(Command::WithdrawPay)),
            ("/withdraw_pay wdr_12 no", Intent::Usage(Command::WithdrawPay)),
            ("/agent_create@some_bot", Intent::Usage(Command::AgentCreate)),
            (two_tokens.as_str(), Intent::Usage(Command::AgentCreate)),
            (named_token.as_str(), Intent::TokenPasted),
            ("/agent", Intent::Unknown),
        ],
    );
}

#[test]
fn what_is_not_text() {
    let kit = Kit::new("agent:a1", Role::Customer, Lang::En);
    let get = |private, content| parse(incoming(private, content), &kit.ctx());
    let tap = |data: &str| Content::Tap { message: 3, data: data.to_owned() };
    let menu = Tap::MENU;
    assert_eq!(get(true, tap("1m")), Intent::Tap { message: 3, tap: menu });
    assert_eq!(get(true, tap("1A")), Intent::OldTap { message: 3 });
    assert_eq!(get(false, tap("1m")), Intent::ElsewhereTap);
    for private in [true, false] {
        assert_eq!(get(private, Content::Blocked(true)), Intent::Nothing);
        let caption = Some(Secret::new(format!("see {TOKEN}")));
        let pasted = if private { Intent::TokenPasted } else { Intent::TokenPastedElsewhere };
        assert_eq!(get(private, Content::Other { caption }), pasted);
        assert_eq!(get(private, Content::Text(Secret::new(TOKEN))), pasted);
    }
    assert_eq!(get(true, Content::Other { caption: None }), Intent::NotText);
    assert_eq!(get(false, Content::Other { caption: None }), Intent::Nothing);
    assert_eq!(get(false, Content::Text(Secret::new("/start"))), Intent::Elsewhere);
    assert_eq!(get(false, Content::Text(Secret::new("hello"))), Intent::Nothing);
}
