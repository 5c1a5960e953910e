//! Money: USDT with at most six decimals, exact, normalised, checked (DESIGN.md, section 3).
//!
//! A [`Money`] is always within ±[`Money::LIMIT`], so that its micro-units fit the stores' 64-bit
//! integers, and always normalised, so that equal amounts have equal bytes in the journal.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// An amount of USDT. Balances may be negative; prices and transfers are checked where they enter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(Decimal);

/// Why a text is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not digits with at most one point: signs, exponents, separators, words.
    #[error("not an amount")]
    NotANumber,
    /// More than six decimals.
    #[error("more than 6 decimals")]
    TooPrecise,
    /// Beyond [`Money::LIMIT`].
    #[error("amount out of range")]
    OutOfRange,
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// Decimals that an amount may have.
    pub const DECIMALS: u32 = 6;
    /// The largest amount in whole USDT; far above any shop, far below 64-bit micro-units.
    pub const LIMIT: i64 = 1_000_000_000_000;

    /// An amount from a decimal that fits exactly.
    ///
    /// # Errors
    /// [`MoneyError::TooPrecise`] or [`MoneyError::OutOfRange`].
    pub fn from_decimal(amount: Decimal) -> Result<Self, MoneyError> {
        let amount = amount.normalize();
        if amount.scale() > Self::DECIMALS {
            return Err(MoneyError::TooPrecise);
        }
        if amount.abs() > Decimal::from(Self::LIMIT) {
            return Err(MoneyError::OutOfRange);
        }
        Ok(Self(amount))
    }

    /// An amount of whole USDT.
    ///
    /// # Panics
    /// When it is beyond [`Money::LIMIT`]: for constants and tests.
    pub fn whole(usdt: i64) -> Self {
        Self::from_decimal(Decimal::from(usdt)).expect("a constant within the limit")
    }

    /// The decimal value.
    pub const fn decimal(self) -> Decimal {
        self.0
    }

    /// Millionths of a USDT, as SQLite stores it.
    ///
    /// # Panics
    /// Never: the limit keeps every amount within 64 bits.
    pub fn micros(self) -> i64 {
        let mut scaled = self.0;
        scaled.rescale(Self::DECIMALS);
        i64::try_from(scaled.mantissa()).expect("the limit keeps micro-units within 64 bits")
    }

    /// An amount from millionths of a USDT.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] beyond the limit.
    pub fn from_micros(micros: i64) -> Result<Self, MoneyError> {
        Self::from_decimal(Decimal::from_i128_with_scale(i128::from(micros), Self::DECIMALS))
    }

    /// The sum, or nothing when it leaves the range.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_decimal(self.0.checked_add(other.0)?).ok()
    }

    /// The difference, or nothing when it leaves the range.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Self::from_decimal(self.0.checked_sub(other.0)?).ok()
    }

    /// The amount times a count, or nothing when it leaves the range.
    pub fn checked_mul(self, count: u32) -> Option<Self> {
        Self::from_decimal(self.0.checked_mul(Decimal::from(count))?).ok()
    }

    /// The amount with the other sign.
    #[must_use]
    pub fn negated(self) -> Self {
        Self((-self.0).normalize())
    }

    /// Rounded half up (away from zero) to whole cents.
    #[must_use]
    pub fn round_to_cents(self) -> Self {
        Self(self.0.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero).normalize())
    }

    /// Whether it is more than nothing.
    pub fn is_positive(self) -> bool {
        self.0 > Decimal::ZERO
    }

    /// Whether it is less than nothing.
    pub fn is_negative(self) -> bool {
        self.0 < Decimal::ZERO
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

/// Reads a plain number as people type it: digits of any width and at most one point; no sign, no
/// exponent, no blank inside, at most `decimals` decimals.
///
/// # Errors
/// The reason it is not such a number.
pub fn parse_decimal(text: &str, decimals: u32) -> Result<Decimal, MoneyError> {
    let text: String = text.trim().chars().map(narrow).collect();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Err(MoneyError::NotANumber);
    }
    if fraction.trim_end_matches('0').len() > decimals as usize {
        return Err(MoneyError::TooPrecise);
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > 15 {
        return Err(MoneyError::OutOfRange);
    }
    let plain = format!("0{whole}.{}", fraction.trim_end_matches('0'));
    Decimal::from_str(plain.trim_end_matches('.'))
        .map(|amount| amount.normalize())
        .map_err(|_| MoneyError::NotANumber)
}

/// Full-width digits and the full-width point are digits and a point.
fn narrow(c: char) -> char {
    match c {
        '０'..='９' => {
            char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c)
        }
        '．' => '.',
        other => other,
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        Self::from_decimal(parse_decimal(text, Self::DECIMALS)?)
    }
}

impl fmt::Display for Money {
    /// At least two decimals, as every text shows it: `10.00`, `0.125`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0;
        if shown.scale() < 2 {
            shown.rescale(2);
        }
        shown.fmt(f)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let amount = Decimal::from_str(&text).map_err(serde::de::Error::custom)?;
        Self::from_decimal(amount).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Result<&str, MoneyError>) {
        let parsed = text.parse::<Money>().map(|amount| amount.to_string());
        assert_eq!(parsed, expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn amounts_as_people_type_them() {
        check("10", Ok("10.00"));
        check(" 0.5 ", Ok("0.50"));
        check("００１２．５", Ok("12.50"));
        check("1.1234560", Ok("1.123456"));
        check("1000000000000", Ok("1000000000000.00"));
        for bad in
            ["", ".", "5.", ".5", "-1", "+1", "1e3", "NaN", "inf", "1,5", "1 000", "0x1", "½"]
        {
            check(bad, Err(MoneyError::NotANumber));
        }
        check("1.1234567", Err(MoneyError::TooPrecise));
        check("1000000000001", Err(MoneyError::OutOfRange));
        check("99999999999999999999999999999999999", Err(MoneyError::OutOfRange));
    }

    #[test]
    fn rounding_is_half_up() {
        for (amount, cents) in [("0.005", "0.01"), ("0.004999", "0.00"), ("1.015", "1.02")] {
            let amount: Money = amount.parse().expect("valid");
            assert_eq!(amount.round_to_cents().to_string(), cents);
        }
    }

    proptest! {
        #[test]
        fn micros_and_json_round_trip(micros in -1_000_000_000_000_000_000_i64..=1_000_000_000_000_000_000) {
            let amount = Money::from_micros(micros).expect("within the limit");
            prop_assert_eq!(amount.micros(), micros);
            let json = serde_json::to_string(&amount).expect("plain");
            prop_assert_eq!(serde_json::from_str::<Money>(&json).expect("round trip"), amount);
        }

        #[test]
        fn equal_amounts_have_equal_bytes(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000) {
            let (a, b) = (Money::from_micros(a).expect("small"), Money::from_micros(b).expect("small"));
            let sum = a.checked_add(b).expect("small");
            prop_assert_eq!(sum.checked_sub(b), Some(a));
            prop_assert_eq!(
                serde_json::to_string(&sum.checked_sub(b)).expect("plain"),
                serde_json::to_string(&Some(a)).expect("plain")
            );
        }
    }
}
