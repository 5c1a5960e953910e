//! Tenants: the master's shop and the agents' shops, their owners and terms.

use super::id::{AgentId, TenantId, UserId};
use super::money::Money;
use super::pricing::PriceRule;
use super::sealed::Fingerprint;
use super::time::{Millis, Timestamp};
use super::words::ADDRESS;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// One shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name, as admins gave it.
    #[serde(serialize_with = "crate::domain::words::serialize")]
    pub name: String,
    /// The bot that serves it.
    pub bot: BotIdentity,
    /// Whether it sells.
    pub status: TenantStatus,
    /// The agent's owner; nobody before the link is used. Always none for the master.
    pub owner: Option<UserId>,
    /// The open invitation to become the owner.
    pub link: Option<OwnerLink>,
    /// How it prices.
    pub pricing: PriceRule,
    /// Where the agent's withdrawals are paid to.
    pub wallet: Option<WalletAddress>,
    /// Where it departs from the platform's terms.
    pub terms: Terms,
    /// Since when it exists.
    pub created_at: Timestamp,
}

/// A bot as getMe describes it, plus the fingerprint of its token. The token itself is sealed in the
/// tenant's document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotIdentity {
    /// Telegram's id of the bot.
    pub id: UserId,
    /// Its name in links, without the `@`.
    #[serde(serialize_with = "crate::domain::words::serialize")]
    pub username: String,
    /// Which token it is.
    pub token: Fingerprint,
}

/// Whether a shop sells. Paused: it sells nothing, everything else works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantStatus {
    /// It sells.
    Active,
    /// It does not sell.
    Paused,
}

/// A one-time, expiring invitation to become an agent's owner, known by its fingerprint only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerLink {
    /// Which code opens it.
    pub code: Fingerprint,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// An agent's own terms where they differ from the platform's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How long profit takes to mature.
    pub maturity: Option<Millis>,
    /// The smallest withdrawal.
    pub withdrawal_min: Option<Money>,
    /// The fee of a withdrawal.
    pub withdrawal_fee: Option<Money>,
}

/// A TRC20 address that passed Base58Check: it begins with `T` and belongs to the main network.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct WalletAddress(String);

/// A text that is no TRC20 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a TRC20 address")]
pub struct InvalidAddress;

impl WalletAddress {
    /// The address for the person who pays to it.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl FromStr for WalletAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        /// First byte of every address of the TRON main network.
        const MAIN_NET: u8 = 0x41;
        let bytes =
            bs58::decode(text).with_check(Some(MAIN_NET)).into_vec().map_err(|_| InvalidAddress)?;
        if bytes.len() == 21 { Ok(Self(text.to_owned())) } else { Err(InvalidAddress) }
    }
}

impl TryFrom<String> for WalletAddress {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl Serialize for WalletAddress {
    /// Under its own name, so that a trace can put another address in its place.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(ADDRESS, &self.0)
    }
}

impl fmt::Debug for WalletAddress {
    /// Addresses are personal: logs show that there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WalletAddress(…)")
    }
}

impl Tenant {
    /// Whether it sells.
    pub fn is_active(&self) -> bool {
        self.status == TenantStatus::Active
    }
}

/// Why a command about an agent is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentRejection {
    /// No agent of this id.
    #[error("no such agent")]
    Unknown,
    /// The id is taken.
    #[error("an agent of this id exists")]
    IdTaken,
    /// Another shop runs with this token or this bot.
    #[error("another shop uses this bot")]
    BotTaken,
    /// The name is empty, too long or not one line.
    #[error("the name is not usable: {0}")]
    Name(super::catalog::TextRefusal),
    /// Percent beyond 0–1000 or a negative amount.
    #[error("the markup is out of range")]
    Markup,
    /// The link is wrong, used or expired.
    #[error("the link is not valid any more")]
    Link,
    /// Somebody owns the agent already.
    #[error("the agent has an owner")]
    Owned,
}

impl Tenant {
    /// The agent behind this shop.
    pub const fn agent(&self) -> Option<&AgentId> {
        self.id.agent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_by_their_sum() {
        let good = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
        assert_eq!(good.parse::<WalletAddress>().map(|a| a.text().to_owned()), Ok(good.to_owned()));
        for bad in [
            "",
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u",
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6",
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            " TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
            "0x41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
        ] {
            assert_eq!(bad.parse::<WalletAddress>(), Err(InvalidAddress), "{bad}");
        }
    }
}
