//! The people and bots of the demo.

use crate::domain::id::UserId;
use crate::sandbox::service::{ControlError, Sandbox};
use crate::secret::Secret;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

/// Somebody to play.
pub(super) struct Somebody {
    pub(super) id: UserId,
    name: &'static str,
    language: &'static str,
    role: &'static str,
}

/// Runs the platform.
pub(super) const ADMIN: Somebody =
    Somebody { id: UserId::new(1001), name: "Alex", language: "en", role: "admin" };
/// Owns the first agent's shop.
pub(super) const OWNER: Somebody =
    Somebody { id: UserId::new(2001), name: "Olivia", language: "en", role: "owner" };
/// Buys from the first agent.
pub(super) const ANNA: Somebody =
    Somebody { id: UserId::new(3001), name: "Anna", language: "en", role: "customer" };
/// Buys from the second agent, in Chinese.
pub(super) const BO: Somebody =
    Somebody { id: UserId::new(3002), name: "小波", language: "zh-hans", role: "customer" };

/// A bot of the sandbox.
pub(super) struct Bot {
    pub(super) id: i64,
    pub(super) username: String,
    pub(super) token: Secret,
}

/// The bots of the demo: three that work and one for the visitor's own agent.
pub(super) struct Cast {
    pub(super) master: Bot,
    pub(super) first: Bot,
    pub(super) second: Bot,
    pub(super) spare: Bot,
}

impl Cast {
    /// Finds the bots, or has them made at the first start.
    pub(super) fn on(sandbox: &Sandbox) -> Result<Self, ControlError> {
        Ok(Self {
            master: bot(sandbox, "fleet_master_bot", "ShopFleet")?,
            first: bot(sandbox, "olivias_keys_bot", "Olivia's Keys")?,
            second: bot(sandbox, "lucky_panda_bot", "Lucky Panda")?,
            spare: bot(sandbox, "your_own_shop_bot", "Your own shop")?,
        })
    }
}

fn bot(sandbox: &Sandbox, username: &str, name: &str) -> Result<Bot, ControlError> {
    let known = sandbox.bots()?.into_iter().find(|bot| bot["username"] == username);
    let bot = match known {
        Some(bot) => bot,
        None => sandbox.create_bot(username, name)?,
    };
    Ok(Bot {
        id: bot["id"].as_i64().unwrap_or_default(),
        username: username.to_owned(),
        token: Secret::new(bot["token"].as_str().unwrap_or_default()),
    })
}

/// Tells the chat page whom to show.
pub(super) fn router(cast: &Cast) -> Router {
    let people = json!([
        person(&ADMIN, &cast.master),
        person(&OWNER, &cast.first),
        person(&ANNA, &cast.first),
        person(&BO, &cast.second),
    ]);
    Router::new().route("/sandbox/people", get(move || async move { Json(people) }))
}

fn person(somebody: &Somebody, bot: &Bot) -> Value {
    json!({
        "user_id": somebody.id,
        "first_name": somebody.name,
        "language_code": somebody.language,
        "role": somebody.role,
        "bot": bot.username,
    })
}
