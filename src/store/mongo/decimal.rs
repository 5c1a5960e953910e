//! Between our decimals and Decimal128, bit by bit: exact, and without a text in between.
//!
//! Decimal128 is a coefficient of up to 113 bits and a decimal exponent, biased by 6176, in the form
//! that IEEE 754 calls binary integer decimal. Money has at most 60 bits and never a positive
//! exponent; sums that the server makes may have trailing zeros, foreign writes anything.

use crate::domain::money::Money;
use mongodb::bson::Decimal128;
use rust_decimal::Decimal;

/// What an exponent of zero is stored as.
const BIAS: u128 = 6176;
/// Where the exponent begins.
const EXPONENT_AT: u32 = 113;
const SIGN: u128 = 1 << 127;
/// Both bits set: infinity, not a number, or a coefficient beyond 113 bits, which is zero.
const SPECIAL: u128 = 0b11 << 125;

/// An amount of money as the database keeps it.
pub(super) fn from_money(amount: Money) -> Decimal128 {
    from_decimal(amount.decimal())
}

/// A decimal as the database keeps it.
pub(super) fn from_decimal(number: Decimal) -> Decimal128 {
    let sign = if number.is_sign_negative() && !number.is_zero() { SIGN } else { 0 };
    let exponent = (BIAS - u128::from(number.scale())) << EXPONENT_AT;
    let bits = sign | exponent | number.mantissa().unsigned_abs();
    Decimal128::from_bytes(bits.to_le_bytes())
}

/// The decimal that is stored, unless ours cannot hold it exactly.
pub(super) fn to_decimal(stored: Decimal128) -> Option<Decimal> {
    let bits = u128::from_le_bytes(stored.bytes());
    if bits & SPECIAL == SPECIAL {
        return None;
    }
    let exponent = (bits & !SIGN) >> EXPONENT_AT;
    let coefficient = i128::try_from(bits & ((1 << EXPONENT_AT) - 1)).ok()?;
    let signed = if bits & SIGN == 0 { coefficient } else { -coefficient };
    if signed == 0 {
        return Some(Decimal::ZERO);
    }
    let (mut number, mut exponent) = (signed, i32::try_from(exponent).ok()? - 6176);
    while exponent < 0 && number % 10 == 0 {
        (number, exponent) = (number / 10, exponent + 1);
    }
    while exponent > 0 {
        (number, exponent) = (number.checked_mul(10)?, exponent - 1);
    }
    let scale = u32::try_from(-exponent).ok()?;
    Decimal::try_from_i128_with_scale(number, scale).ok().map(|number| number.normalize())
}

/// The money that is stored; none when it is no amount of ours.
pub(super) fn to_money(stored: Decimal128) -> Option<Money> {
    Money::from_decimal(to_decimal(stored)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<&str>) {
        let stored: Decimal128 = text.parse().expect("a decimal");
        let money = to_money(stored).map(|amount| amount.decimal().to_string());
        assert_eq!(money.as_deref(), expected, "{text}");
    }

    #[test]
    fn what_others_write_is_an_amount_or_nothing() {
        for (text, amount) in [
            ("10", "10"),
            ("10.500000", "10.5"),
            ("-0.000001", "-0.000001"),
            ("0E-6", "0"),
            ("-0", "0"),
            ("1E+3", "1000"),
            ("1.000000000000000000000000", "1"),
        ] {
            check(text, Some(amount));
        }
        for none in ["NaN", "Infinity", "-Infinity", "0.0000001", "1E+30", "1000000000001"] {
            check(none, None);
        }
    }

    proptest! {
        #[test]
        fn money_round_trips_and_reads_as_written(micros in -1_000_000_000_000_000_000_i64..=1_000_000_000_000_000_000) {
            let amount = Money::from_micros(micros).expect("within the limit");
            let stored = from_money(amount);
            prop_assert_eq!(to_money(stored), Some(amount));
            let same: Decimal128 = amount.decimal().to_string().parse().expect("a decimal");
            prop_assert_eq!(to_money(same), Some(amount));
            prop_assert_eq!(stored.to_string().parse::<Decimal>(), Ok(amount.decimal()));
        }
    }
}
