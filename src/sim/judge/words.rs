//! Reading what a bot says: the texts of `config/text/` turned round, so that a person in a world
//! understands them in every language.

use crate::telegram::text::key::Key;
use crate::telegram::text::{Lang, TextError, Texts};
use std::collections::BTreeMap;

/// What a message tells that somebody may want to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// An order is paid.
    Receipt { order: String, total: String, balance: String },
    /// A price is promised.
    Offer { total: String },
    /// A balance, on its page, in a notice or in a refusal.
    Balance { balance: String },
    /// The balance is too small for what he wanted.
    Poor { balance: String },
    /// An admin's credit is booked.
    Credited { user: String, amount: String, balance: String },
    /// A message may hold a token; its sender is told to revoke it.
    Revoke,
}

/// All patterns of all languages, each with what it tells.
#[derive(Debug)]
pub(super) struct Words(Vec<(Pattern, Make)>);

/// Makes what is told of the values in the holes.
type Make = fn(&dyn Fn(&str) -> String) -> Told;

/// A text with holes: what stands before each hole, and what stands behind the last.
#[derive(Debug)]
struct Pattern {
    holes: Vec<(String, String)>,
    end: String,
}

impl Words {
    /// The patterns of the embedded texts.
    pub(super) fn load() -> Result<Self, TextError> {
        let table: [(Key, Make); 7] = [
            (Key::ReceiptText, |value| Told::Receipt {
                order: value("order"),
                total: value("total"),
                balance: value("balance"),
            }),
            (Key::OfferText, |value| Told::Offer { total: value("total") }),
            (Key::CreditDone, |value| Told::Credited {
                user: value("user"),
                amount: value("amount"),
                balance: value("balance"),
            }),
            (Key::BalanceText, |value| Told::Balance { balance: value("balance") }),
            (Key::CreditNotice, |value| Told::Balance { balance: value("balance") }),
            (Key::NoFunds, |value| Told::Poor { balance: value("balance") }),
            (Key::RevokeToken, |_| Told::Revoke),
        ];
        let texts = Texts::load()?;
        let both = |(key, make): (Key, Make)| {
            Lang::ALL.map(|lang| (Pattern::of(texts.template(lang, key)), make))
        };
        Ok(Self(table.into_iter().flat_map(both).collect()))
    }

    /// What a message tells, if it tells any of it.
    pub(super) fn read(&self, text: &str) -> Option<Told> {
        let (make, values) =
            self.0.iter().find_map(|(pattern, make)| Some((make, pattern.read(text)?)))?;
        Some(make(&|name| values.get(name).cloned().unwrap_or_default()))
    }
}

impl Pattern {
    fn of(template: &str) -> Self {
        let plain = plain(template);
        let mut holes = Vec::new();
        let mut rest = plain.as_str();
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            holes.push((before.to_owned(), name.to_owned()));
            rest = after;
        }
        Self { holes, end: rest.to_owned() }
    }

    /// The values in the holes when the text holds the pattern.
    fn read(&self, text: &str) -> Option<BTreeMap<&str, String>> {
        let mut values = BTreeMap::new();
        let mut rest = text;
        let mut open: Option<&str> = None;
        let stations = self.holes.iter().map(|(before, name)| (before.as_str(), Some(name)));
        for (words, next) in stations.chain([(self.end.as_str(), None)]) {
            let (value, after) = if next.is_none() && !words.contains('\n') {
                // The last value goes to the end of its line; a point in it is not the sentence's.
                let line = rest.split('\n').next().unwrap_or(rest);
                (line.strip_suffix(words)?, "")
            } else {
                rest.split_once(words)?
            };
            if let Some(name) = open {
                values.insert(name, value.to_owned());
            }
            rest = after;
            open = next.map(String::as_str);
        }
        Some(values)
    }
}

/// A template without its tags, as a chat shows it.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            _ if inside => {}
            other => text.push(other),
        }
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_understood_and_small_talk_is_not() {
        let words = Words::load().expect("the texts are complete");
        let said = "✅ Paid. Thank you!\n\nOrder: ord_a1\nPaid: 8.03 USDT\nBalance: 91.97 USDT\n\n\
                    Your goods arrive in this chat.";
        let told = Told::Receipt {
            order: "ord_a1".to_owned(),
            total: "8.03 USDT".to_owned(),
            balance: "91.97 USDT".to_owned(),
        };
        assert_eq!(words.read(said), Some(told));
        let said = "💰 You received 5.00 USDT. Your balance is now 7.50 USDT.";
        assert_eq!(words.read(said), Some(Told::Balance { balance: "7.50 USDT".to_owned() }));
        assert_eq!(words.read("🏪 Shop\n\nWhat would you like to do?"), None);
    }
}
