//! Values as people type them: quantities, amounts, percents. Strict, in digits of any width.

use crate::domain::money::{Money, parse_decimal};
use crate::domain::pricing::Markup;
use crate::telegram::callback::MarkupKind;

/// Decimals that a percentage may have, as `Markup::validated` demands.
const PERCENT_DECIMALS: u32 = 4;

/// A whole number from 1 to `max`: no sign, no point, no exponent, no word.
pub(crate) fn quantity(text: &str, max: u32) -> Option<u32> {
    if text.contains(['.', '．']) {
        return None;
    }
    let number = parse_decimal(text, 0).ok()?;
    let number = u32::try_from(number).ok()?;
    (1..=max).contains(&number).then_some(number)
}

/// An amount of more than nothing, with or without its unit.
pub(crate) fn amount(text: &str) -> Option<Money> {
    let amount: Money = without_unit(text).parse().ok()?;
    amount.is_positive().then_some(amount)
}

/// A markup of this kind, zero included, within `percent_max`.
pub(crate) fn markup(kind: MarkupKind, text: &str, percent_max: u32) -> Option<Markup> {
    let text = text.trim();
    let markup = match kind {
        MarkupKind::Percent => {
            let digits = text.strip_suffix(['%', '％']).unwrap_or(text);
            Markup::Percent(parse_decimal(digits, PERCENT_DECIMALS).ok()?)
        }
        MarkupKind::Fixed => Markup::Fixed(without_unit(text).parse().ok()?),
    };
    markup.validated(percent_max).ok()
}

fn without_unit(text: &str) -> &str {
    let text = text.trim();
    let cut = text.len().saturating_sub("usdt".len());
    match text.get(cut..) {
        Some(unit) if unit.eq_ignore_ascii_case("usdt") => text.get(..cut).unwrap_or(text),
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        for (text, expected) in [
            ("1", Some(1)),
            (" 500 ", Some(500)),
            ("５", Some(5)),
            ("007", Some(7)),
            ("0", None),
            ("501", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("1.0", None),
            ("２．", None),
            ("1e2", None),
            ("", None),
            ("two", None),
            ("两个", None),
            ("99999999999999999999999999", None),
        ] {
            assert_eq!(quantity(text, 500), expected, "{text:?}");
        }
    }

    #[test]
    fn amounts_and_markups() {
        for (text, expected) in [
            ("12.5", Some("12.50")),
            ("12.5 usdt", Some("12.50")),
            ("１０USDT", Some("10.00")),
            ("0", None),
            ("-5", None),
            ("nan", None),
            ("1e9", None),
            ("usdt", None),
            ("1,5", None),
            ("金额", None),
        ] {
            assert_eq!(amount(text).map(|a| a.to_string()).as_deref(), expected, "{text:?}");
        }
        for (kind, text, fits) in [
            (MarkupKind::Percent, "15", true),
            (MarkupKind::Percent, "0", true),
            (MarkupKind::Percent, "１５．５％", true),
            (MarkupKind::Percent, "1000", true),
            (MarkupKind::Percent, "1000.1", false),
            (MarkupKind::Percent, "-5", false),
            (MarkupKind::Percent, "0.00001", false),
            (MarkupKind::Fixed, "1.5 USDT", true),
            (MarkupKind::Fixed, "-1", false),
            (MarkupKind::Fixed, "15%", false),
        ] {
            assert_eq!(markup(kind, text, 1000).is_some(), fits, "{kind:?} {text:?}");
        }
    }
}
