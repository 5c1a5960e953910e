//! Access: who may do what, by numeric user id and tenant (DESIGN.md, law 6).
//!
//! One table. A role is looked up here and nowhere else, and a refusal does not say that the command
//! exists: to somebody without the role it is unknown.

use super::command::Caller;
use super::id::{TenantId, UserId};
use super::tenant::Tenant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a command needs of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Anybody in any shop, for himself.
    Customer,
    /// The owner of the shop he speaks to.
    Owner,
    /// An admin, through the master's bot.
    Admin,
    /// The fleet itself.
    Fleet,
}

/// The caller may not do this; to him it does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("unknown command")]
pub struct Denied;

/// The people with a role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Admins by configuration.
    pub admins: BTreeSet<UserId>,
}

impl Access {
    /// Whether this user is an admin.
    pub fn is_admin(&self, user: UserId) -> bool {
        self.admins.contains(&user)
    }

    /// Whether `caller` has `right` in the shop he speaks to.
    ///
    /// # Errors
    /// [`Denied`] when not.
    pub fn check(
        &self,
        right: Right,
        caller: Caller,
        tenant: &TenantId,
        shop: Option<&Tenant>,
    ) -> Result<(), Denied> {
        let allowed = match (right, caller) {
            (Right::Fleet, Caller::System) => true,
            (Right::Customer, Caller::User(_)) => shop.is_some(),
            (Right::Owner, Caller::User(user)) => shop.is_some_and(|s| s.owner == Some(user)),
            (Right::Admin, Caller::User(user)) => {
                *tenant == TenantId::Master && self.is_admin(user)
            }
            (Right::Fleet, Caller::User(_))
            | (Right::Customer | Right::Owner | Right::Admin, Caller::System) => false,
        };
        if allowed { Ok(()) } else { Err(Denied) }
    }
}
