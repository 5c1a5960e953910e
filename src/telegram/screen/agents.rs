//! The admin's menu and agents: list, one of them with its bot, the owner's link.

use super::paging::{turners, window};
use super::{Button, Context, Screen, shop};
use crate::domain::fleet::BotState;
use crate::domain::id::{AgentId, TenantId};
use crate::domain::tenant::Tenant;
use crate::domain::time::Timestamp;
use crate::telegram::callback::{AdminTap, GoodsTap, Tap};
use crate::telegram::request::BotStatus;
use crate::telegram::text::key::Key;

/// Characters of a bot's last error that are shown.
const ERROR_SHOWN: usize = 300;

/// The admin's menu.
pub(super) fn home(ctx: &Context<'_>) -> Screen {
    let agents = ctx.view.tenants.keys().filter(|id| id.agent().is_some()).count();
    let stock: u64 = ctx.view.counts.values().map(|count| u64::from(*count)).sum();
    let products = ctx.view.catalog.products.len();
    let text = ctx.html(
        Key::AdminText,
        &[
            ("agents", &agents.to_string()),
            ("products", &products.to_string()),
            ("stock", &stock.to_string()),
        ],
    );
    let admin = |key, tap| ctx.button(key, Tap::Admin(tap));
    Screen::new(text)
        .row([
            admin(Key::BtnAgents, AdminTap::Agents { page: 0 }),
            ctx.button(Key::BtnGoods, Tap::Goods(GoodsTap::Categories { page: 0 })),
        ])
        .row([super::payouts::back_to_list(ctx), admin(Key::BtnCredit, AdminTap::Credit)])
        .row([admin(Key::BtnSetAside, AdminTap::SetAside { page: 0 })])
        .row([shop::back_to_menu(ctx)])
}

/// Back to the admin's menu.
pub(super) fn back_home(ctx: &Context<'_>) -> Button {
    ctx.button(Key::BtnAdmin, Tap::Admin(AdminTap::Home))
}

/// All agents with the state of their bots.
pub(super) fn list(ctx: &Context<'_>, bots: &[BotStatus], page: u16) -> Screen {
    let all = ctx.view.tenants.values().filter_map(|shop| Some((shop, shop.agent()?)));
    let shown = window(all, page);
    let key = if shown.rows.is_empty() { Key::AgentsEmpty } else { Key::AgentsTitle };
    let mut lines = vec![ctx.html(key, &[])];
    lines
        .extend(master(bots).map(|bot| ctx.html(Key::MasterLine, &[("bot", &bot_line(ctx, bot))])));
    let mut rows = Vec::new();
    for (shop, agent) in &shown.rows {
        let bot = bot_of(bots, &shop.id);
        let about = bot.map_or_else(|| ctx.plain(Key::BotUnknown, &[]), |bot| bot_line(ctx, bot));
        let line = ctx.html(
            Key::AgentLine,
            &[
                ("agent", &agent.to_string()),
                ("name", &shop.name),
                ("markup", &ctx.markup(shop.pricing.markup)),
                ("bot", &about),
            ],
        );
        let trouble = bot.map(|bot| trouble(ctx, bot)).unwrap_or_default();
        lines.push([vec![line], trouble].concat().join("\n"));
        let label = format!("{} {agent} · {}", mark(shop, bot), shop.name);
        rows.push([ctx.named(&label, Tap::Admin(AdminTap::Agent((*agent).clone())))]);
    }
    let screen = rows.into_iter().fold(Screen::new(lines.join("\n\n")), Screen::row);
    let to = |page| Tap::Admin(AdminTap::Agents { page });
    screen
        .row(turners(ctx, shown.page, shown.pages, to))
        .row([ctx.button(Key::BtnNewAgent, Tap::Admin(AdminTap::NewAgent)), back_home(ctx)])
}

fn master(bots: &[BotStatus]) -> Option<&BotStatus> {
    bot_of(bots, &TenantId::Master).filter(|bot| bot.state != BotState::Running)
}

fn bot_of<'a>(bots: &'a [BotStatus], tenant: &TenantId) -> Option<&'a BotStatus> {
    bots.iter().find(|bot| bot.tenant == *tenant)
}

/// One agent: shop, bot, owner, and what can be done.
pub(super) fn one(
    ctx: &Context<'_>,
    agent: &AgentId,
    bots: &[BotStatus],
    now: Timestamp,
) -> Screen {
    let Some(shop) = ctx.agent(agent) else { return unknown(ctx) };
    let status = if shop.is_active() { Key::ShopSelling } else { Key::ShopPaused };
    let mut text = ctx.html(
        Key::AgentText,
        &[
            ("agent", &agent.to_string()),
            ("name", &shop.name),
            ("username", &shop.bot.username),
            ("status", &ctx.plain(status, &[])),
            ("markup", &ctx.markup(shop.pricing.markup)),
            ("owner", &owner(ctx, shop, now)),
        ],
    );
    match bot_of(bots, &shop.id) {
        Some(bot) => text = format!("{text}\n{}", bot_details(ctx, bot)),
        None => text = format!("{text}\n{}", ctx.html(Key::BotUnknown, &[])),
    }
    let admin = |key, tap| ctx.button(key, Tap::Admin(tap));
    let switch = if shop.is_active() {
        admin(Key::BtnPause, AdminTap::Pause(agent.clone()))
    } else {
        admin(Key::BtnResume, AdminTap::Resume(agent.clone()))
    };
    let renew = || admin(Key::BtnRenewLink, AdminTap::Renew(agent.clone()));
    Screen::new(text)
        .row([switch, admin(Key::BtnMarkup, AdminTap::Markup(agent.clone()))])
        .row(shop.owner.is_none().then(renew))
        .row([admin(Key::BtnAgents, AdminTap::Agents { page: 0 }), back_home(ctx)])
}

fn owner(ctx: &Context<'_>, shop: &Tenant, now: Timestamp) -> String {
    match (shop.owner, shop.link) {
        (Some(owner), _) => owner.to_string(),
        (None, Some(link)) if now < link.expires_at => {
            ctx.plain(Key::OwnerInvited, &[("time", &ctx.voice.time(link.expires_at))])
        }
        (None, _) => ctx.plain(Key::OwnerNone, &[]),
    }
}

fn bot_line(ctx: &Context<'_>, bot: &BotStatus) -> String {
    ctx.plain(state_key(bot.state), &[])
}

fn bot_details(ctx: &Context<'_>, bot: &BotStatus) -> String {
    let state = bot_line(ctx, bot);
    let since = ctx.voice.time(bot.since);
    let mut lines = vec![ctx.html(Key::BotSince, &[("bot", &state), ("time", &since)])];
    if let Some(at) = bot.retry_at {
        lines.push(retry(ctx, at));
    }
    if bot.restarts > 0 {
        lines.push(ctx.html(Key::BotRestarts, &[("count", &bot.restarts.to_string())]));
    }
    lines.extend(bot.last_error.as_ref().map(|reason| error(ctx, reason)));
    lines.join("\n")
}

/// Why a bot does not work and when it is tried again; nothing when it works.
fn trouble(ctx: &Context<'_>, bot: &BotStatus) -> Vec<String> {
    if matches!(bot.state, BotState::Starting | BotState::Running) {
        return Vec::new();
    }
    let reason = bot.last_error.as_ref().map(|reason| error(ctx, reason));
    reason.into_iter().chain(bot.retry_at.map(|at| retry(ctx, at))).collect()
}

fn retry(ctx: &Context<'_>, at: Timestamp) -> String {
    ctx.html(Key::BotRetry, &[("time", &ctx.voice.time(at))])
}

fn error(ctx: &Context<'_>, reason: &str) -> String {
    let shown = crate::telegram::token::redact(reason);
    let shown: String = shown.chars().take(ERROR_SHOWN).collect();
    ctx.html(Key::BotError, &[("error", &shown)])
}

const fn state_key(state: BotState) -> Key {
    match state {
        BotState::Starting => Key::BotStarting,
        BotState::Running => Key::BotRunning,
        BotState::Backoff => Key::BotBackoff,
        BotState::Stopped => Key::BotStopped,
        BotState::TokenRefused => Key::BotTokenRefused,
        BotState::Conflict => Key::BotConflict,
    }
}

fn mark(shop: &Tenant, bot: Option<&BotStatus>) -> &'static str {
    if !shop.is_active() {
        return "⏸";
    }
    match bot.map(|bot| bot.state) {
        Some(BotState::Running) => "🟢",
        Some(BotState::Starting | BotState::Backoff) | None => "🟡",
        Some(BotState::Stopped | BotState::TokenRefused | BotState::Conflict) => "🔴",
    }
}

/// How to create an agent. By command only: the message holds the token and is deleted at once.
pub(super) fn how_to_create(ctx: &Context<'_>) -> Screen {
    Screen::new(ctx.html(Key::AgentHowTo, &[]))
        .row([ctx.button(Key::BtnAgents, Tap::Admin(AdminTap::Agents { page: 0 })), back_home(ctx)])
}

/// The agent's owner link; nowhere else is it ever written. As text to copy and not as a button:
/// whoever opens it becomes the owner.
pub(crate) fn created(
    ctx: &Context<'_>,
    agent: &AgentId,
    username: &str,
    link: &str,
    expires_at: Timestamp,
    renewed: bool,
) -> Screen {
    let time = ctx.voice.time(expires_at);
    let name = agent.to_string();
    let mut values = vec![("agent", name.as_str()), ("link", link), ("time", time.as_str())];
    let text = if renewed {
        ctx.html(Key::LinkRenewed, &values)
    } else {
        values.push(("username", username));
        ctx.html(Key::AgentCreated, &values)
    };
    Screen::new(text).row([to_agent(ctx, agent), back_home(ctx)])
}

pub(super) fn to_agent(ctx: &Context<'_>, agent: &AgentId) -> Button {
    ctx.named(&format!("👥 {agent}"), Tap::Admin(AdminTap::Agent(agent.clone())))
}

/// No such agent.
pub(super) fn unknown(ctx: &Context<'_>) -> Screen {
    let agents = Tap::Admin(AdminTap::Agents { page: 0 });
    Screen::new(ctx.html(Key::AgentUnknown, &[])).row([ctx.button(Key::BtnAgents, agents)])
}
