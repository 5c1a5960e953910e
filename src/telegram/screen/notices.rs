//! What the fleet says by itself: goods, credits, withdrawals, bots in trouble.
//!
//! Pure texts like every screen; who sends them to whom is the actors' business. Nothing here holds
//! goods: the header and the footer stand around them.

use super::payouts::details;
use super::{Button, Screen, label, shop_word};
use crate::domain::command::CommandKey;
use crate::domain::id::AgentId;
use crate::domain::money::Money;
use crate::domain::order::{AwaitCause, Order};
use crate::domain::withdrawal::{Withdrawal, WithdrawalState};
use crate::telegram::callback::{AdminTap, OwnerTap, PayoutTap, ShopTap, Tap};
use crate::telegram::intent::Command;
use crate::telegram::text::Voice;
use crate::telegram::text::key::Key;

/// Why a bot does not work, as admins and owners are told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotTrouble {
    /// Telegram refuses its token.
    TokenRefused,
    /// Another process uses its token.
    Conflict,
    /// It failed too often.
    Stopped,
}

/// The commands that a chat's menu button offers, for `setMyCommands`: name and description. Those of
/// owners and admins are not in it; they do not exist for customers.
pub fn command_list(voice: Voice<'_>) -> [(&'static str, String); 6] {
    [
        (Command::Menu, Key::CmdMenu),
        (Command::Catalog, Key::CmdCatalog),
        (Command::Balance, Key::CmdBalance),
        (Command::Orders, Key::CmdOrders),
        (Command::Language, Key::CmdLanguage),
        (Command::Help, Key::CmdHelp),
    ]
    .map(|(command, key)| (command.name(), voice.plain(key, &[])))
}

/// What a person is told whose messages find no room any more.
pub fn too_many_waiting(voice: Voice<'_>) -> Screen {
    Screen::new(voice.html(Key::TooManyWaiting, &[]))
}

/// The text above delivered goods; `repeat` marks goods that may have arrived before.
pub fn delivery_header(voice: Voice<'_>, order: &Order, repeat: bool) -> String {
    let values = [
        ("order", order.id.to_string()),
        ("product", order.product_name.clone()),
        ("quantity", order.quantity().to_string()),
    ];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let header = voice.html(Key::DeliveryHeader, &values);
    if repeat { format!("{}\n\n{header}", voice.html(Key::DeliveryRepeat, &[])) } else { header }
}

/// The line above a part of a delivery that is sent again because its first fate is unknown.
pub fn delivery_repeat(voice: Voice<'_>) -> String {
    voice.html(Key::DeliveryRepeat, &[])
}

/// The text below delivered goods.
pub fn delivery_footer(voice: Voice<'_>) -> String {
    voice.html(Key::DeliveryFooter, &[])
}

/// What a customer is told when paid goods are on their way late, at the next contact.
pub fn delivery_late(voice: Voice<'_>, order: &Order, cause: AwaitCause) -> Screen {
    let key = match cause {
        AwaitCause::Blocked | AwaitCause::TokenRevoked | AwaitCause::Paused => Key::DeliveryLate,
        AwaitCause::Refused => Key::DeliveryRefused,
    };
    let text = voice.html(key, &[("order", &order.id.to_string())]);
    let open = Tap::Shop(ShopTap::Order(order.id.clone()));
    Screen::new(text).row([button(voice, Key::BtnThisOrder, &open)])
}

/// What an admin is told when goods cannot be delivered.
pub fn delivery_stuck(voice: Voice<'_>, order: &Order, cause: AwaitCause) -> Screen {
    let cause = match cause {
        AwaitCause::Blocked => Key::CauseBlocked,
        AwaitCause::TokenRevoked => Key::CauseToken,
        AwaitCause::Paused => Key::CausePaused,
        AwaitCause::Refused => Key::CauseRefused,
    };
    let values = [
        ("order", order.id.to_string()),
        ("tenant", shop_word(&order.tenant)),
        ("user", order.user.to_string()),
        ("cause", voice.plain(cause, &[])),
    ];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    Screen::new(voice.html(Key::DeliveryStuck, &values)).row([to_admin(voice)])
}

/// What a customer is told who was credited. The reason stays with the admins.
pub fn credited(voice: Voice<'_>, amount: Money, balance: Money) -> Screen {
    let values = [("amount", voice.usdt(amount)), ("balance", voice.usdt(balance))];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let catalog = Tap::Shop(ShopTap::Catalog { page: 0 });
    Screen::new(voice.html(Key::CreditNotice, &values)).row([button(
        voice,
        Key::BtnCatalog,
        &catalog,
    )])
}

/// What admins are told when an owner asks to be paid.
pub fn withdrawal_requested(voice: Voice<'_>, withdrawal: &Withdrawal) -> Screen {
    let agent = withdrawal.agent.to_string();
    let title = voice.html(Key::PayoutRequestNotice, &[("agent", &agent)]);
    let open = Tap::Payout(PayoutTap::One(withdrawal.id));
    Screen::new(format!("{title}\n\n{}", details(voice, withdrawal))).row([button(
        voice,
        Key::BtnOpen,
        &open,
    )])
}

/// What the owner is told when his request moves.
pub fn withdrawal_moved(voice: Voice<'_>, withdrawal: &Withdrawal) -> Screen {
    let title = match withdrawal.status.state() {
        WithdrawalState::Requested => Key::PayoutRequestedNotice,
        WithdrawalState::Approved => Key::PayoutApprovedNotice,
        WithdrawalState::Paid => Key::PayoutPaidNotice,
        WithdrawalState::Rejected => Key::PayoutRejectedNotice,
    };
    let title = voice.html(title, &[]);
    let history = Tap::Owner(OwnerTap::History { page: 0 });
    Screen::new(format!("{title}\n\n{}", details(voice, withdrawal))).row([button(
        voice,
        Key::BtnHistory,
        &history,
    )])
}

/// What admins are told when a bot is in trouble.
pub fn bot_trouble(
    voice: Voice<'_>,
    agent: Option<&AgentId>,
    username: &str,
    trouble: BotTrouble,
) -> Screen {
    let key = match trouble {
        BotTrouble::TokenRefused => Key::TroubleToken,
        BotTrouble::Conflict => Key::TroubleConflict,
        BotTrouble::Stopped => Key::TroubleStopped,
    };
    let screen = Screen::new(voice.html(key, &[("bot", username)]));
    let tap = agent.map(|agent| Tap::Admin(AdminTap::Agent(agent.clone())));
    screen.row([button(voice, Key::BtnOpen, &tap.unwrap_or(Tap::Admin(AdminTap::Home)))])
}

/// What admins are told when a command is set aside. Its id is what they find it by.
pub fn set_aside(voice: Voice<'_>, key: &CommandKey, what: &str) -> Screen {
    let (tenant, caller) = (key.tenant.to_string(), key.caller.to_string());
    let values =
        [("what", what), ("tenant", &*tenant), ("caller", &*caller), ("id", &key.id.to_string())];
    Screen::new(voice.html(Key::SetAsideNotice, &values)).row([to_admin(voice)])
}

/// What an agent's owner is told when his bot is in trouble. It may come through the master's bot,
/// so its button works in every bot.
pub fn own_bot_trouble(voice: Voice<'_>, trouble: BotTrouble) -> Screen {
    let key = match trouble {
        BotTrouble::TokenRefused => Key::OwnTroubleToken,
        BotTrouble::Conflict => Key::OwnTroubleConflict,
        BotTrouble::Stopped => Key::OwnTroubleStopped,
    };
    Screen::new(voice.html(key, &[])).row([button(voice, Key::BtnMenu, &Tap::MENU)])
}

fn to_admin(voice: Voice<'_>) -> Button {
    button(voice, Key::BtnAdmin, &Tap::Admin(AdminTap::Home))
}

fn button(voice: Voice<'_>, key: Key, tap: &Tap) -> Button {
    Button::Callback { label: label(&voice.plain(key, &[])), data: tap.data() }
}
