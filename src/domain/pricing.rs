//! Pricing: what a customer pays for one item, and how much of it is the agent's.
//!
//! The *markup amount* is rounded half up to cents, so the price shown is the price charged and the
//! profit booked is the profit paid (DESIGN.md, section 3; defect D-061).

use super::money::Money;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An agent's markup on the base price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "value")]
pub enum Markup {
    /// Percent of the base price.
    #[serde(with = "rust_decimal::serde::str")]
    Percent(Decimal),
    /// USDT per item.
    Fixed(Money),
}

/// How an agent prices: markup, and optional bounds of the unit price set by an admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRule {
    /// The markup on the base price.
    pub markup: Markup,
    /// The unit price is at least this.
    pub floor: Option<Money>,
    /// The unit price is at most this, but never below the base price: then nothing is sold.
    pub cap: Option<Money>,
}

/// A price for one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitPrice {
    /// What the platform gets.
    pub base: Money,
    /// What the customer pays.
    pub unit: Money,
}

/// Why there is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum PriceError {
    /// Floor, cap and base price exclude each other; nothing is sold rather than sold wrong.
    #[error("no price satisfies the agent's floor and cap")]
    Bounds,
    /// The amount leaves the range of [`Money`].
    #[error("the price is out of range")]
    OutOfRange,
}

/// Why a markup is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("the markup is out of range")]
pub struct MarkupOutOfRange;

impl PriceRule {
    /// No markup, no bounds: the master's own rule, and a new agent's until it is set.
    pub const PLAIN: Self = Self { markup: Markup::Percent(Decimal::ZERO), floor: None, cap: None };

    /// The price of one item with this base price.
    ///
    /// # Errors
    /// [`PriceError`]; the caller sells nothing then.
    pub fn price(&self, base: Money) -> Result<UnitPrice, PriceError> {
        let markup = self.markup.amount(base).ok_or(PriceError::OutOfRange)?;
        let mut unit = base.checked_add(markup).ok_or(PriceError::OutOfRange)?;
        if let (Some(floor), Some(cap)) = (self.floor, self.cap)
            && floor > cap
        {
            return Err(PriceError::Bounds);
        }
        unit = self.floor.map_or(unit, |floor| unit.max(floor));
        unit = self.cap.map_or(unit, |cap| unit.min(cap));
        if unit < base { Err(PriceError::Bounds) } else { Ok(UnitPrice { base, unit }) }
    }
}

impl Markup {
    /// The markup in USDT on this base price, rounded half up to cents.
    fn amount(self, base: Money) -> Option<Money> {
        match self {
            Self::Percent(percent) => {
                let exact =
                    base.decimal().checked_mul(percent)?.checked_div(Decimal::ONE_HUNDRED)?;
                let cents = exact.round_dp_with_strategy(
                    2,
                    rust_decimal::RoundingStrategy::MidpointAwayFromZero,
                );
                Money::from_decimal(cents).ok()
            }
            Self::Fixed(amount) => Some(amount.round_to_cents()),
        }
    }

    /// The markup, when it lies within 0 and `percent_max` percent or is a fixed amount ≥ 0;
    /// normalised, so that equal markups have equal bytes in the journal.
    ///
    /// # Errors
    /// [`MarkupOutOfRange`] otherwise.
    pub fn validated(self, percent_max: u32) -> Result<Self, MarkupOutOfRange> {
        match self {
            Self::Percent(percent) => {
                let percent = percent.normalize();
                let fits = percent >= Decimal::ZERO
                    && percent <= Decimal::from(percent_max)
                    && percent.scale() <= 4;
                if fits { Ok(Self::Percent(percent)) } else { Err(MarkupOutOfRange) }
            }
            Self::Fixed(amount) if amount.is_negative() => Err(MarkupOutOfRange),
            Self::Fixed(_) => Ok(self),
        }
    }
}

impl UnitPrice {
    /// What the agent earns on one item; never negative.
    ///
    /// # Panics
    /// Never: a unit price is at least its base price.
    pub fn profit(&self) -> Money {
        self.unit.checked_sub(self.base).expect("unit price ≥ base price by construction")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usdt(text: &str) -> Money {
        text.parse().expect("an amount")
    }

    fn percent(text: &str) -> Markup {
        Markup::Percent(text.parse().expect("a number"))
    }

    fn check(markup: Markup, floor: &str, cap: &str, base: &str, unit: Result<&str, PriceError>) {
        let bound = |text: &str| (!text.is_empty()).then(|| usdt(text));
        let rule = PriceRule { markup, floor: bound(floor), cap: bound(cap) };
        let got = rule.price(usdt(base)).map(|price| price.unit.to_string());
        assert_eq!(got, unit.map(str::to_owned), "{rule:?} on {base}");
    }

    #[test]
    fn prices() {
        check(percent("10"), "", "", "100", Ok("110.00"));
        check(percent("0"), "", "", "0.000001", Ok("0.000001"));
        check(percent("10"), "", "", "0.05", Ok("0.06"));
        check(percent("1000"), "", "", "3", Ok("33.00"));
        check(Markup::Fixed(usdt("0.004")), "", "", "1", Ok("1.00"));
        check(Markup::Fixed(usdt("0.005")), "", "", "1", Ok("1.01"));
        check(percent("1"), "5", "", "1", Ok("5.00"));
        check(percent("100"), "", "1.5", "1", Ok("1.50"));
        check(percent("0"), "", "0.5", "1", Err(PriceError::Bounds));
        check(percent("0"), "3", "2", "1", Err(PriceError::Bounds));
        check(percent("100"), "", "", "1000000000000", Err(PriceError::OutOfRange));
    }

    #[test]
    fn markups_out_of_range_are_refused() {
        for bad in [percent("-0.01"), percent("1000.0001"), percent("0.00001")] {
            assert_eq!(bad.validated(1000), Err(MarkupOutOfRange));
        }
        assert_eq!(Markup::Fixed(usdt("1").negated()).validated(1000), Err(MarkupOutOfRange));
        assert!(percent("1000").validated(1000).is_ok());
    }

    proptest! {
        #[test]
        fn nobody_is_ever_paid_more_than_was_charged(base in 0_i64..10_000_000_000, pct in 0_u32..=1000) {
            let base = Money::from_micros(base).expect("small");
            let rule = PriceRule { markup: Markup::Percent(Decimal::from(pct)), ..PriceRule::PLAIN };
            let price = rule.price(base).expect("within range");
            prop_assert!(price.unit >= price.base);
            prop_assert!(!price.profit().is_negative());
            prop_assert_eq!(price.base.checked_add(price.profit()), Some(price.unit));
        }
    }
}
