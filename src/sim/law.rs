//! The laws of DESIGN.md, section 2, as a simulation checks them: each has a name and a number.

use crate::domain::invariant::Violation;
use crate::domain::time::Timestamp;
use std::fmt;

macro_rules! laws {
    ($($variant:ident $number:literal $name:literal $checks:literal,)*) => {
        /// One law.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Law { $(#[doc = $checks] $variant,)* }

        impl Law {
            /// All of them, in their order.
            pub const ALL: [Self; 13] = [$(Self::$variant,)*];

            /// Its number in DESIGN.md, section 2.
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* }
            }

            /// Its name in reports; stable, scripts may look for it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What a simulation looks at.
            pub const fn checks(self) -> &'static str {
                match self { $(Self::$variant => $checks,)* }
            }
        }
    };
}

laws! {
    Durable 1 "durable_before_told"
        "Every order, withdrawal and balance that a person reads of is in a durable batch.",
    Once 2 "one_effect"
        "A command is recorded once with what it can have caused; a repeated receipt says the same.",
    Money 3 "money_is_conserved"
        "The book sums to zero, nobody gives what he has not, entries and withdrawals add up.",
    Goods 4 "goods_reach_their_owner"
        "Goods are seen by their buyer alone, after payment, once without the mark of a repeat, and \
         marked only when a fate was unknown or he asked; in the end every paid order is delivered.",
    Price 5 "price_is_promised"
        "An order costs what its offer said; profit is its markup and matures in time.",
    Authority 6 "no_borrowed_authority"
        "Every recorded command is its caller's to give, and every order was tapped by its customer.",
    Tenants 7 "tenants_are_isolated"
        "No customer of an agent reads a base price, another shop's name or somebody else's id.",
    Isolation 8 "failures_stay_at_home"
        "A bot without trouble answers in time while another is in trouble.",
    Deposits 9 "no_deposit_disappears"
        "Every credit that an admin was told of is in the book.",
    Secrets 10 "secrets_stay_secret"
        "No message, log line or journal record holds a token, a vault key or goods that do not \
         belong there; a pasted token disappears or its sender is told to revoke it.",
    Repeatable 11 "same_inputs_same_outputs"
        "The journal alone tells the same documents as the store, byte for byte as it was hashed.",
    Bounded 12 "nobody_waits_in_silence"
        "Everybody who says or taps something is answered in time, or asks again and is answered.",
    OneWriter 13 "one_writer"
        "Each batch follows the one before it in the latest epoch; who was fenced falls silent.",
}

impl Law {
    /// The law of that number.
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|law| law.number() == number)
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {} ({})", self.number(), self.name())
    }
}

/// A law that did not hold, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Which law.
    pub law: Law,
    /// The virtual moment at which it was found.
    pub at: Timestamp,
    /// What is wrong, for the person who has to look.
    pub says: String,
}

impl Breach {
    /// What a check of the documents found.
    pub(super) fn of(violation: &Violation, at: Timestamp) -> Self {
        // Every violation names a law of the list; one that did not would still be a breach.
        let law = Law::numbered(violation.law).unwrap_or(Law::Repeatable);
        let Violation { name, ids, says, .. } = violation;
        Self { law, at, says: format!("{name}: {}: {says}", ids.join(", ")) }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} ({} ms): {}", self.law, self.at, self.at.ms(), self.says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laws_are_numbered_from_one_to_thirteen() {
        let numbers: Vec<u8> = Law::ALL.iter().map(|law| law.number()).collect();
        assert_eq!(numbers, (1..=13).collect::<Vec<u8>>());
        for law in Law::ALL {
            assert_eq!(Law::numbered(law.number()), Some(law));
            assert!(law.checks().ends_with('.'), "{law}");
        }
    }
}
