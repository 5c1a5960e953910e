//! The owner's flows in his bot, in both languages.

use super::kit::{ADDRESS, Chat, Kit, UNIT, usdt, withdrawal};
use crate::domain::id::{UserId, WithdrawalId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::outcome::{Outcome, WithdrawalTerms};
use crate::domain::pricing::Markup;
use crate::domain::rejection::Rejection;
use crate::domain::tenant::AgentRejection;
use crate::domain::withdrawal::{Txid, WithdrawalRejection, WithdrawalStatus};
use crate::secret::Secret;
use crate::telegram::callback::{MarkupKind, OwnerTap, ShopTap};
use crate::telegram::request::{Reply, Request};
use crate::telegram::screen::Role;
use crate::telegram::text::Lang;

fn both(role: Role, scenario: impl Fn(Chat)) {
    for lang in Lang::ALL {
        let mut kit = Kit::new("agent:a1", role, lang);
        kit.shop().owner = Some(UserId::new(5));
        scenario(Chat::new(kit));
    }
}

fn panel() -> Reply {
    let [pending, available, held, paid] = ["1.5", "60", "2.5", "3.5"].map(usdt);
    Reply::AgentPanel { pending, available, held, paid }
}

fn pricing(markup: Markup) -> Request {
    Request::Ledger(LedgerCommand::SetOwnPricing { markup })
}

#[test]
fn an_invitation_makes_an_owner() {
    both(Role::Customer, |mut chat| {
        chat.say("/start own_SECRET").asks(&Request::ClaimOwner { code: Secret::new("SECRET") });
        let gone = Reply::Rejected(Rejection::Agent(AgentRejection::Link));
        chat.reply(gone).cannot(OwnerTap::Panel).can(ShopTap::Menu);
        chat.say("/start own_SECRET");
        chat.kit.role = Role::Owner;
        let agent = "a1".parse().expect("an id");
        chat.reply(Reply::Accepted(Outcome::OwnerClaimed(agent))).tap(OwnerTap::Panel);
        chat.asks(&Request::AgentPanel).reply(panel());
        chat.sees(&["1.50 USDT", "60.00 USDT", "2.50 USDT", "3.50 USDT", "+10%"]);
    });
}

#[test]
fn the_markup_is_shown_before_it_is_saved() {
    both(Role::Owner, |mut chat| {
        chat.say("/agent").reply(panel()).tap(OwnerTap::Markup).sees(&["+10%"]);
        chat.tap(OwnerTap::MarkupPreset(MarkupKind::Percent, 4)).asks_nothing();
        chat.sees(&["+30%", "9.50 USDT", "2.19 USDT"]).tap(OwnerTap::MarkupSave);
        chat.asks(&pricing(Markup::Percent(30.into())));
        chat.reply(Reply::Accepted(Outcome::Done)).asks(&Request::AgentPanel).reply(panel());
        chat.sees(&["✅"]).tap(OwnerTap::Markup);
        chat.tap(OwnerTap::MarkupType(MarkupKind::Fixed));
        for text in ["-1", "much", "1e2", "NaN"] {
            chat.say(text).asks_nothing().can(ShopTap::Cancel);
        }
        chat.say("0.73 USDT").sees(&["+0.73 USDT", UNIT]).tap(OwnerTap::MarkupSave);
        chat.asks(&pricing(Markup::Fixed(usdt("0.73"))));
        chat.say("/markup percent -5").asks_nothing().sees(&["/markup percent 15"]);
        chat.say("/markup percent 12.5").asks_nothing().sees(&["+12.5%"]);
        chat.tap_old("1as").asks(&pricing(Markup::Percent("12.5".parse().expect("a number"))));
        chat.reply(Reply::Rejected(Rejection::Agent(AgentRejection::Markup))).sees(&["1000"]);
        chat.tap_old("1as").asks_nothing();
    });
}

#[test]
fn a_wallet_is_shown_in_full_before_it_is_saved() {
    both(Role::Owner, |mut chat| {
        chat.say("/wallet");
        for text in ["T123", "0x41a614f803b6fd780986a42c78ec9c7f77e6ded13c", "钱包"] {
            chat.say(text).asks_nothing().can(ShopTap::Cancel);
        }
        chat.say(ADDRESS).asks_nothing().sees(&[ADDRESS]).tap(OwnerTap::WalletSave);
        let address = ADDRESS.parse().expect("an address");
        chat.asks(&Request::Ledger(LedgerCommand::SetWallet { address }));
        chat.tap_old("1ax").asks_nothing();
        chat.say(&format!("/wallet {ADDRESS}")).sees(&[ADDRESS]).can(OwnerTap::WalletSave);
        chat.say("/wallet T123").sees(&["/wallet"]);
    });
}

#[test]
fn a_withdrawal_shows_its_terms_before_it_is_requested() {
    both(Role::Owner, |mut chat| {
        chat.say("/withdraw").asks_nothing().can(OwnerTap::Wallet);
        chat.say("/withdraw 20").asks_nothing().can(OwnerTap::Wallet);
        chat.kit.shop().wallet = Some(ADDRESS.parse().expect("an address"));
        chat.say("/withdraw").asks(&Request::AgentPanel).reply(panel());
        chat.sees(&["60.00 USDT", "10.00 USDT", "1.00 USDT"]);
        for (text, seen) in [("9.99", "10.00"), ("60.01", "60.00"), ("0", "12.50"), ("-5", "12.50")]
        {
            chat.say(text).asks_nothing().sees(&[seen]);
        }
        chat.say("２０").asks_nothing().sees(&["20.00 USDT", "1.00 USDT", "19.00 USDT", ADDRESS]);
        chat.tap(OwnerTap::WithdrawSave);
        let amount = usdt("20");
        chat.asks(&Request::Ledger(LedgerCommand::RequestWithdrawal { amount }));
        let (id, fee, net) = (WithdrawalId::new(12), usdt("1"), usdt("19"));
        let terms = WithdrawalTerms { id, amount, fee, net };
        chat.reply(Reply::Accepted(Outcome::WithdrawalRequested(terms)));
        chat.sees(&["wdr_12", "19.00 USDT"]).tap_old("1ac").asks_nothing();
        chat.say("/withdraw 60.01").asks(&Request::AgentPanel).reply(panel()).sees(&["60.00 USDT"]);
        chat.tap_old("1ac").asks_nothing();
        chat.say("/withdraw 9.99").asks_nothing().sees(&["10.00 USDT"]);
        chat.say("/withdraw 60").reply(panel()).sees(&["60.00 USDT", "59.00 USDT", ADDRESS]);
        chat.say("/withdraw all").reply(panel()).sees(&["59.00 USDT"]);
        let why = WithdrawalRejection::Funds { available: usdt("5") };
        chat.tap(OwnerTap::WithdrawSave).reply(Reply::Rejected(Rejection::Withdrawal(why)));
        chat.sees(&["5.00 USDT"]).can(OwnerTap::Panel);
    });
}

#[test]
fn the_history_shows_states_reasons_and_transactions() {
    let (by, at) = (UserId::new(1), super::kit::NOW);
    let reason = "wrong <network>".to_owned();
    let txid: Txid = "abcdef12".parse().expect("an id");
    both(Role::Owner, |mut chat| {
        for (status, seen) in [
            (WithdrawalStatus::Requested, ADDRESS),
            (WithdrawalStatus::Approved { by, at }, "2025-01-01 00:00 UTC"),
            (WithdrawalStatus::Paid { by, at, txid: txid.clone() }, "abcdef12"),
            (
                WithdrawalStatus::Rejected { by, at, reason: reason.clone() },
                "wrong &lt;network&gt;",
            ),
        ] {
            let row = withdrawal(status);
            chat.say("/history").asks(&Request::Withdrawals { state: None, skip: 0, limit: 8 });
            chat.reply(Reply::Withdrawals { rows: vec![row.clone()], total: 1 });
            chat.tap(OwnerTap::Withdrawal(row.id));
            chat.reply(Reply::Withdrawal(Some(Box::new(row)))).sees(&["49.00 USDT", seen]);
        }
        chat.say("/history").reply(Reply::Withdrawals { rows: Vec::new(), total: 0 });
        chat.can(OwnerTap::Panel);
    });
}
