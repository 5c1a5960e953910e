//! Withdrawals: the owner's history, the admins' list, and one of them with what can be done.

use super::paging::{ROWS, pages, turners};
use super::{Button, Context, Screen, agents, owner};
use crate::domain::withdrawal::{Withdrawal, WithdrawalState, WithdrawalStatus};
use crate::telegram::callback::{OwnerTap, PayoutTap, Tap};
use crate::telegram::text::Voice;
use crate::telegram::text::key::Key;

/// The owner's requests, newest first.
pub(super) fn history(ctx: &Context<'_>, rows: &[Withdrawal], total: u64, page: u16) -> Screen {
    let key = if rows.is_empty() { Key::HistoryEmpty } else { Key::HistoryTitle };
    let mut screen = Screen::new(ctx.html(key, &[]));
    for row in rows.iter().take(ROWS as usize) {
        let label = format!("{} {} · {}", mark(row), ctx.usdt(row.amount), state(ctx.voice, row));
        screen = screen.row([ctx.named(&label, Tap::Owner(OwnerTap::Withdrawal(row.id)))]);
    }
    let to = |page| Tap::Owner(OwnerTap::History { page });
    screen.row(turners(ctx, page, pages(total), to)).row([owner::back_to_panel(ctx)])
}

/// All agents' requests, for admins.
pub(super) fn list(
    ctx: &Context<'_>,
    rows: &[Withdrawal],
    total: u64,
    state: Option<WithdrawalState>,
    page: u16,
) -> Screen {
    let key = if rows.is_empty() { Key::PayoutsEmpty } else { Key::PayoutsTitle };
    let which = ctx.plain(state.map_or(Key::StateAll, state_key), &[]);
    let mut screen =
        Screen::new(ctx.html(key, &[("state", &which), ("total", &total.to_string())]));
    for row in rows.iter().take(ROWS as usize) {
        let label = format!("{} {} · {} · {}", mark(row), row.id, row.agent, ctx.usdt(row.amount));
        screen = screen.row([ctx.named(&label, Tap::Payout(PayoutTap::One(row.id)))]);
    }
    let list = |state, page| Tap::Payout(PayoutTap::List { state, page });
    let filter = |state: Option<WithdrawalState>| {
        ctx.button(state.map_or(Key::BtnStateAll, state_button), list(state, 0))
    };
    let mut filters: Vec<Button> =
        WithdrawalState::ALL.into_iter().map(|state| filter(Some(state))).collect();
    let closed = filters.split_off(2);
    filters.push(filter(None));
    screen
        .row(turners(ctx, page, pages(total), |page| list(state, page)))
        .row(filters)
        .row(closed)
        .row([agents::back_home(ctx)])
}

/// One of the owner's requests.
pub(super) fn own(ctx: &Context<'_>, withdrawal: &Withdrawal) -> Screen {
    let history = Tap::Owner(OwnerTap::History { page: 0 });
    Screen::new(details(ctx.voice, withdrawal))
        .row([ctx.button(Key::BtnHistory, history), owner::back_to_panel(ctx)])
}

/// One request with what an admin can do about it.
pub(super) fn one(ctx: &Context<'_>, withdrawal: &Withdrawal) -> Screen {
    let id = withdrawal.id;
    let agent = ctx.html(Key::PayoutAgent, &[("agent", &withdrawal.agent.to_string())]);
    let button = |key, tap| ctx.button(key, Tap::Payout(tap));
    let reject = || button(Key::BtnReject, PayoutTap::Reject(id));
    let actions = match withdrawal.status.state() {
        WithdrawalState::Requested => {
            vec![button(Key::BtnApprove, PayoutTap::Approve(id)), reject()]
        }
        WithdrawalState::Approved => vec![button(Key::BtnPay, PayoutTap::Pay(id)), reject()],
        WithdrawalState::Paid | WithdrawalState::Rejected => Vec::new(),
    };
    Screen::new(format!("{}\n{agent}", details(ctx.voice, withdrawal)))
        .row(actions)
        .row([back_to_list(ctx)])
}

/// The admins' list of what waits for them.
pub(super) fn back_to_list(ctx: &Context<'_>) -> Button {
    ctx.button(Key::BtnPayouts, Tap::Payout(PayoutTap::List { state: None, page: 0 }))
}

/// A request in full: amount, fee, net, address, times, reason or transaction.
pub(super) fn details(voice: Voice<'_>, withdrawal: &Withdrawal) -> String {
    let text = voice.html(
        Key::PayoutText,
        &[
            ("id", &withdrawal.id.to_string()),
            ("amount", &voice.usdt(withdrawal.amount)),
            ("fee", &voice.usdt(withdrawal.fee)),
            ("net", &voice.usdt(withdrawal.net)),
            ("address", withdrawal.address.text()),
            ("time", &voice.time(withdrawal.requested_at)),
            ("state", &state(voice, withdrawal)),
        ],
    );
    match &withdrawal.status {
        WithdrawalStatus::Requested => text,
        WithdrawalStatus::Approved { at, .. } => {
            let line = voice.html(Key::PayoutApprovedAt, &[("time", &voice.time(*at))]);
            format!("{text}\n{line}")
        }
        WithdrawalStatus::Paid { at, txid, .. } => {
            let values = [("time", voice.time(*at)), ("txid", txid.to_string())];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            format!("{text}\n{}", voice.html(Key::PayoutPaidAt, &values))
        }
        WithdrawalStatus::Rejected { at, reason, .. } => {
            let values = [("time", voice.time(*at)), ("reason", reason.clone())];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            format!("{text}\n{}", voice.html(Key::PayoutRejectedAt, &values))
        }
    }
}

fn state(voice: Voice<'_>, withdrawal: &Withdrawal) -> String {
    voice.plain(state_key(withdrawal.status.state()), &[])
}

/// The word of a state.
pub(super) const fn state_key(state: WithdrawalState) -> Key {
    match state {
        WithdrawalState::Requested => Key::StateRequested,
        WithdrawalState::Approved => Key::StateApproved,
        WithdrawalState::Paid => Key::StatePaid,
        WithdrawalState::Rejected => Key::StateRejected,
    }
}

const fn state_button(state: WithdrawalState) -> Key {
    match state {
        WithdrawalState::Requested => Key::BtnStateRequested,
        WithdrawalState::Approved => Key::BtnStateApproved,
        WithdrawalState::Paid => Key::BtnStatePaid,
        WithdrawalState::Rejected => Key::BtnStateRejected,
    }
}

const fn mark(withdrawal: &Withdrawal) -> &'static str {
    match withdrawal.status.state() {
        WithdrawalState::Requested => "🕓",
        WithdrawalState::Approved => "👍",
        WithdrawalState::Paid => "✅",
        WithdrawalState::Rejected => "❌",
    }
}
