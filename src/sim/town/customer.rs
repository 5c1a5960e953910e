//! Customers: look around, ask for prices, buy, look at what they have, change their minds.

use super::Town;

/// How likely each kind of button is tapped, by how its data begins; the rest is left alone.
const LIKINGS: &[(&str, usize)] = &[
    ("1o:", 60),
    ("1b:", 40),
    ("1p:", 14),
    ("1g:", 10),
    ("1c:", 8),
    ("1d:", 2),
    ("1r:", 1),
    ("1h:", 1),
    ("1w", 2),
    ("1l:", 1),
    ("1m", 2),
    ("1z", 1),
];

impl Town {
    /// One thing that a customer does.
    pub(super) fn customer(&mut self, who: usize) {
        // He who waits mostly waits.
        if (self.is_expecting(who) || self.waits(who) > 0) && !self.dice.percent(8) {
            return;
        }
        // Whoever sees an offer mostly has come for it.
        let newest = self.newest(who);
        let offered = newest.iter().any(|(_, data)| data.iter().any(|d| d.starts_with("1o:")));
        if self.dice.percent(if offered { 8 } else { 55 }) {
            return self.ask(who);
        }
        match self.choose(newest) {
            Some((message, data)) => {
                let eager = data.starts_with("1o:") && self.dice.percent(8);
                let taps = if eager { 2 + self.dice.below(3) } else { 1 };
                for _ in 0..taps {
                    self.tap(who, message, &data);
                }
            }
            None => self.ask(who),
        }
    }

    /// Types a command.
    fn ask(&mut self, who: usize) {
        let products = super::opening::PRODUCTS.len();
        let text = match self.dice.below(60) {
            0 => "/start".to_owned(),
            1 => "/balance".to_owned(),
            2 => "/orders".to_owned(),
            3 => "/language".to_owned(),
            4 => "/help".to_owned(),
            5..=9 => "/catalog".to_owned(),
            10 => "2".to_owned(),
            11 => "/cancel".to_owned(),
            _ => {
                let (product, many) = (1 + self.dice.below(products), self.dice.percent(15));
                let quantity = if many { 2 + self.dice.below(3) } else { 1 };
                format!("/buy prd_{product} {quantity}")
            }
        };
        self.say(who, &text);
    }

    /// A button of the newest messages, the more tempting the likelier.
    fn choose(&mut self, newest: Option<(i64, Vec<String>)>) -> Option<(i64, String)> {
        let (message, data) = newest?;
        let liking = |data: &str| {
            let liked = LIKINGS.iter().find(|(begins, _)| data.starts_with(begins));
            liked.map_or(0, |(_, liking)| *liking)
        };
        let all: usize = data.iter().map(|data| liking(data)).sum();
        if all == 0 {
            return None;
        }
        let mut left = self.dice.below(all);
        data.into_iter().find_map(|data| match left.checked_sub(liking(&data)) {
            Some(rest) => {
                left = rest;
                None
            }
            None => Some((message, data)),
        })
    }
}
