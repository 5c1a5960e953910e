//! What was given up, for admins: commands that killed the core twice, updates that no chat could
//! handle. To look at only: a command is safe again when the program is mended, and what an update
//! said is not kept.

use super::paging::{ROWS, pages, turners};
use super::{Context, Screen, agents, shop_word};
use crate::domain::id::UserId;
use crate::domain::set_aside::{SetAside, Unhandled};
use crate::telegram::callback::{AdminTap, Tap};
use crate::telegram::text::key::Key;

/// A page of the list, newest first.
pub(super) fn list(ctx: &Context<'_>, rows: &[SetAside], total: u64, page: u16) -> Screen {
    let key = if rows.is_empty() { Key::SetAsideEmpty } else { Key::SetAsideTitle };
    let mut lines = vec![ctx.html(key, &[("total", &total.to_string())])];
    lines.extend(rows.iter().take(ROWS as usize).map(|row| line(ctx, row)));
    let to = |page| Tap::Admin(AdminTap::SetAside { page });
    Screen::new(lines.join("\n\n"))
        .row(turners(ctx, page, pages(total), to))
        .row([agents::back_home(ctx)])
}

fn line(ctx: &Context<'_>, row: &SetAside) -> String {
    let time = ctx.voice.time(row.at());
    match row {
        SetAside::Command { key, what, .. } => ctx.html(
            Key::SetAsideCommand,
            &[
                ("time", &time),
                ("what", what),
                ("caller", &key.caller.to_string()),
                ("tenant", &shop_word(&key.tenant)),
                ("id", &key.id.to_string()),
            ],
        ),
        SetAside::Update { bot, update, reason, .. } => ctx.html(
            Key::SetAsideUpdate,
            &[
                ("time", &time),
                ("bot", &bot_name(ctx, *bot)),
                ("update", &update.to_string()),
                ("reason", &reason_words(ctx, reason)),
            ],
        ),
    }
}

/// The bot as people know it, or its number when no shop has it any more.
fn bot_name(ctx: &Context<'_>, bot: UserId) -> String {
    let shop = ctx.view.tenants.values().find(|shop| shop.bot.id == bot);
    shop.map_or_else(|| bot.to_string(), |shop| format!("@{}", shop.bot.username))
}

fn reason_words(ctx: &Context<'_>, reason: &str) -> String {
    let key = match Unhandled::from_word(reason) {
        Some(Unhandled::Panicked) => Key::UnhandledPanicked,
        Some(Unhandled::Refused) => Key::UnhandledRefused,
        Some(Unhandled::Unreadable) => Key::UnhandledUnreadable,
        Some(Unhandled::TooOld) => Key::UnhandledTooOld,
        Some(Unhandled::TooMany) => Key::UnhandledTooMany,
        // Written by another version.
        None => return reason.to_owned(),
    };
    ctx.plain(key, &[])
}
