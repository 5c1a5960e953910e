//! One language and one zone to speak in: fills texts, writes money and times one way everywhere.

use super::key::Key;
use super::{Lang, Texts};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use chrono::FixedOffset;

/// How a bot speaks to one person.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    /// All texts.
    pub texts: &'a Texts,
    /// The person's language.
    pub lang: Lang,
    /// The operator's zone, in which every time is shown.
    pub zone: FixedOffset,
}

impl Voice<'_> {
    /// A text as HTML; what is filled in is shown as text, whatever it holds.
    pub(crate) fn html(&self, key: Key, values: &[(&str, &str)]) -> String {
        self.fill(key, values, escape)
    }

    /// A text for a button or a pop-up, which know no HTML.
    pub(crate) fn plain(&self, key: Key, values: &[(&str, &str)]) -> String {
        self.fill(key, values, str::to_owned)
    }

    /// An amount as every text shows it, `12.50 USDT`.
    pub(crate) fn usdt(&self, amount: Money) -> String {
        format!("{amount} USDT")
    }

    /// A time as every text shows it: `2025-01-31 18:05 UTC+08:00`.
    pub(crate) fn time(&self, at: Timestamp) -> String {
        let Some(utc) = chrono::DateTime::from_timestamp_millis(at.ms()) else {
            return at.to_string();
        };
        let zone = if self.zone.local_minus_utc() == 0 {
            "UTC".to_owned()
        } else {
            format!("UTC{}", self.zone)
        };
        format!("{} {zone}", utc.with_timezone(&self.zone).format("%Y-%m-%d %H:%M"))
    }

    /// The same in another language.
    pub(crate) const fn speaking(self, lang: Lang) -> Self {
        Self { lang, ..self }
    }

    /// One pass over the template, so that a value that looks like a placeholder stays a value.
    fn fill(&self, key: Key, values: &[(&str, &str)], write: fn(&str) -> String) -> String {
        debug_assert!(
            values.len() == key.holes().len()
                && values.iter().all(|(name, _)| key.holes().contains(name)),
            "{key:?} is filled with other values than it has places for"
        );
        let mut rest = self.texts.template(self.lang, key);
        let mut filled = String::with_capacity(rest.len() + 32);
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            filled.push_str(before);
            if let Some((_, value)) = values.iter().find(|(given, _)| *given == name) {
                filled.push_str(&write(value));
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }
}

/// Text as HTML that shows exactly that text.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_values() {
        let texts = Texts::load().expect("the embedded texts fit the keys");
        let zone = FixedOffset::east_opt(8 * 3600).expect("a zone");
        let voice = Voice { texts: &texts, lang: Lang::En, zone };
        let said = voice.html(Key::MenuTitle, &[("shop", "<b>{shop}</b> & \"Co\"")]);
        assert!(said.contains("&lt;b&gt;{shop}&lt;/b&gt; &amp; &quot;Co&quot;"), "{said}");
        assert_eq!(voice.usdt(Money::whole(12)), "12.00 USDT");
        let noon = Timestamp::from_ms(1_735_689_600_000);
        assert_eq!(voice.time(noon), "2025-01-01 08:00 UTC+08:00");
        let utc = FixedOffset::east_opt(0).expect("a zone");
        assert_eq!(Voice { zone: utc, ..voice }.time(noon), "2025-01-01 00:00 UTC");
    }
}
