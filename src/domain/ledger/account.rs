//! Accounts and the book: double entry, immutable transfers, a sum of zero (DESIGN.md, law 3).

use crate::domain::id::{AgentId, TenantId, UserId, text_serde};
use crate::domain::money::Money;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Every place where money can be (DESIGN.md, section 3).
///
/// What people are owed (customers, agents) and what the platform keeps (revenue, fees) are positive;
/// the outside world they came from is negative, so the whole book sums to zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// A customer's balance in one shop. Never below zero.
    Customer(TenantId, UserId),
    /// What the platform earned: base prices.
    Revenue,
    /// An agent's profit that has not matured.
    AgentPending(AgentId),
    /// An agent's profit that can be withdrawn.
    AgentAvailable(AgentId),
    /// An agent's profit in open withdrawals.
    AgentHeld(AgentId),
    /// Fees of paid withdrawals.
    FeeIncome,
    /// Money that came in through a payment channel.
    ExternalDeposits(Channel),
    /// Money that was paid out.
    ExternalPayouts,
    /// Money that came in and belongs to nobody yet.
    Unmatched,
    /// Credits and corrections by admins.
    Adjustments,
    /// Balances taken over when the book was opened.
    Opening,
    /// A wallet of the old system, not yet claimed.
    LegacyWallet(UserId),
    /// What the old system owed or was owed beyond wallets.
    LegacyDebt,
    /// What rounding in the old system left over.
    LegacyRounding,
}

impl Account {
    /// The agent whose profit it holds.
    pub const fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::AgentPending(agent) | Self::AgentAvailable(agent) | Self::AgentHeld(agent) => {
                Some(agent)
            }
            Self::Customer(..)
            | Self::Revenue
            | Self::FeeIncome
            | Self::ExternalDeposits(_)
            | Self::ExternalPayouts
            | Self::Unmatched
            | Self::Adjustments
            | Self::Opening
            | Self::LegacyWallet(_)
            | Self::LegacyDebt
            | Self::LegacyRounding => None,
        }
    }

    /// The place of its kind among the kinds.
    const fn rank(&self) -> u8 {
        match self {
            Self::Customer(..) => 0,
            Self::Revenue => 1,
            Self::AgentPending(_) => 2,
            Self::AgentAvailable(_) => 3,
            Self::AgentHeld(_) => 4,
            Self::FeeIncome => 5,
            Self::ExternalDeposits(_) => 6,
            Self::ExternalPayouts => 7,
            Self::Unmatched => 8,
            Self::Adjustments => 9,
            Self::Opening => 10,
            Self::LegacyWallet(_) => 11,
            Self::LegacyDebt => 12,
            Self::LegacyRounding => 13,
        }
    }
}

impl Ord for Account {
    /// Among customers by number first, which is at hand: most accounts are theirs.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Customer(shop, user), Self::Customer(other_shop, other_user)) => {
                user.cmp(other_user).then_with(|| shop.cmp(other_shop))
            }
            (Self::AgentPending(agent), Self::AgentPending(other))
            | (Self::AgentAvailable(agent), Self::AgentAvailable(other))
            | (Self::AgentHeld(agent), Self::AgentHeld(other)) => agent.cmp(other),
            (Self::ExternalDeposits(channel), Self::ExternalDeposits(other)) => channel.cmp(other),
            (Self::LegacyWallet(user), Self::LegacyWallet(other)) => user.cmp(other),
            (one, other) => one.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Account {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A way money comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// USDT on TRON.
    Trc20,
    /// E-pay gateways.
    Epay,
    /// Telegram Stars.
    Stars,
}

/// One movement: `amount` leaves `from` and arrives in `to`. Never changed once made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The account that gives.
    pub from: Account,
    /// The account that takes.
    pub to: Account,
    /// How much; more than nothing.
    pub amount: Money,
}

/// Balances of all accounts; zero balances are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Book {
    balances: BTreeMap<Account, Money>,
}

impl Book {
    /// What is in an account.
    pub fn balance(&self, account: &Account) -> Money {
        self.balances.get(account).copied().unwrap_or(Money::ZERO)
    }

    /// All balances that are not zero.
    pub const fn balances(&self) -> &BTreeMap<Account, Money> {
        &self.balances
    }

    /// Whether both accounts stay within the range of money.
    pub fn can_move(&self, transfer: &Transfer) -> bool {
        self.balance(&transfer.from).checked_sub(transfer.amount).is_some()
            && self.balance(&transfer.to).checked_add(transfer.amount).is_some()
    }

    /// Moves money.
    ///
    /// # Panics
    /// When a balance leaves the range of [`Money`]; decisions check that first.
    pub fn apply(&mut self, transfer: &Transfer) {
        let why = "decide checked that both balances stay within the range of money";
        let from = self.balance(&transfer.from).checked_sub(transfer.amount).expect(why);
        self.set(&transfer.from, from);
        let to = self.balance(&transfer.to).checked_add(transfer.amount).expect(why);
        self.set(&transfer.to, to);
    }

    /// Takes a balance over as the store knows it.
    pub fn set(&mut self, account: &Account, balance: Money) {
        if balance.is_zero() {
            self.balances.remove(account);
        } else if let Some(entry) = self.balances.get_mut(account) {
            *entry = balance;
        } else {
            self.balances.insert(account.clone(), balance);
        }
    }

    /// The sum of all balances; anything but zero is a defect.
    ///
    /// # Panics
    /// When the sum leaves the decimal's range, which a billion full accounts do not reach.
    pub fn sum(&self) -> rust_decimal::Decimal {
        self.balances.values().map(|balance| balance.decimal()).sum()
    }
}

/// A text that names no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an account")]
pub struct InvalidAccount;

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(tenant, user) => write!(f, "customer/{tenant}/{user}"),
            Self::Revenue => f.write_str("revenue"),
            Self::AgentPending(agent) => write!(f, "agent/{agent}/pending"),
            Self::AgentAvailable(agent) => write!(f, "agent/{agent}/available"),
            Self::AgentHeld(agent) => write!(f, "agent/{agent}/held"),
            Self::FeeIncome => f.write_str("fee_income"),
            Self::ExternalDeposits(channel) => write!(f, "deposits/{}", channel.word()),
            Self::ExternalPayouts => f.write_str("payouts"),
            Self::Unmatched => f.write_str("unmatched"),
            Self::Adjustments => f.write_str("adjustments"),
            Self::Opening => f.write_str("opening"),
            Self::LegacyWallet(user) => write!(f, "legacy/wallet/{user}"),
            Self::LegacyDebt => f.write_str("legacy/debt"),
            Self::LegacyRounding => f.write_str("legacy/rounding"),
        }
    }
}

impl FromStr for Account {
    type Err = InvalidAccount;

    fn from_str(text: &str) -> Result<Self, InvalidAccount> {
        let parts: Vec<&str> = text.split('/').collect();
        let user = |text: &str| text.parse().map(UserId::new).map_err(|_| InvalidAccount);
        let agent = |text: &str| text.parse::<AgentId>().map_err(|_| InvalidAccount);
        match parts.as_slice() {
            ["customer", tenant, id] => {
                Ok(Self::Customer(tenant.parse().map_err(|_| InvalidAccount)?, user(id)?))
            }
            ["agent", id, "pending"] => agent(id).map(Self::AgentPending),
            ["agent", id, "available"] => agent(id).map(Self::AgentAvailable),
            ["agent", id, "held"] => agent(id).map(Self::AgentHeld),
            ["deposits", channel] => Channel::ALL
                .into_iter()
                .find(|known| known.word() == *channel)
                .map(Self::ExternalDeposits)
                .ok_or(InvalidAccount),
            ["legacy", "wallet", id] => user(id).map(Self::LegacyWallet),
            ["legacy", "debt"] => Ok(Self::LegacyDebt),
            ["legacy", "rounding"] => Ok(Self::LegacyRounding),
            ["revenue"] => Ok(Self::Revenue),
            ["fee_income"] => Ok(Self::FeeIncome),
            ["payouts"] => Ok(Self::ExternalPayouts),
            ["unmatched"] => Ok(Self::Unmatched),
            ["adjustments"] => Ok(Self::Adjustments),
            ["opening"] => Ok(Self::Opening),
            _ => Err(InvalidAccount),
        }
    }
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 3] = [Self::Trc20, Self::Epay, Self::Stars];

    /// The word of documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trc20 => "trc20",
            Self::Epay => "epay",
            Self::Stars => "stars",
        }
    }
}

text_serde!(Account);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_round_trip_as_text() {
        let agent: AgentId = "a1".parse().expect("valid");
        let shop = TenantId::Agent(agent.clone());
        let all = [
            Account::Customer(TenantId::Master, UserId::new(5)),
            Account::Customer(shop, UserId::new(7)),
            Account::Revenue,
            Account::AgentPending(agent.clone()),
            Account::AgentAvailable(agent.clone()),
            Account::AgentHeld(agent),
            Account::FeeIncome,
            Account::ExternalDeposits(Channel::Trc20),
            Account::ExternalDeposits(Channel::Epay),
            Account::ExternalDeposits(Channel::Stars),
            Account::ExternalPayouts,
            Account::Unmatched,
            Account::Adjustments,
            Account::Opening,
            Account::LegacyWallet(UserId::new(9)),
            Account::LegacyDebt,
            Account::LegacyRounding,
        ];
        for account in all {
            assert_eq!(account.to_string().parse(), Ok(account));
        }
        assert!("customer/shop/1".parse::<Account>().is_err());
        assert!("agent/a1".parse::<Account>().is_err());
    }

    #[test]
    fn the_book_sums_to_zero() {
        let mut book = Book::default();
        let customer = Account::Customer(TenantId::Master, UserId::new(5));
        let ten = Transfer { from: Account::Adjustments, to: customer, amount: Money::whole(10) };
        book.apply(&ten);
        assert_eq!(book.sum(), rust_decimal::Decimal::ZERO);
        assert_eq!(book.balances().len(), 2);
        book.apply(&Transfer { from: ten.to, to: ten.from, amount: ten.amount });
        assert!(book.balances().is_empty(), "zero balances are not kept");
    }
}
