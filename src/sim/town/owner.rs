//! Owners of agents' shops: look at their earnings, price, set a wallet, withdraw.

use super::Town;

/// A wallet; everybody's, because its form is all that is checked.
pub(super) const WALLET: &str = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";

impl Town {
    /// One thing that an owner does.
    pub(super) fn owner(&mut self, who: usize) {
        if self.waits(who) > 0 {
            return;
        }
        // What he was asked to confirm, he mostly confirms.
        if self.dice.percent(80)
            && ["1as", "1ac", "1ax"].into_iter().any(|begins| self.confirms(who, begins))
        {
            return;
        }
        let text = match self.dice.below(8) {
            0 => "/agent".to_owned(),
            1 => format!("/markup percent {}", 5 + self.dice.below(20)),
            2 => "/markup fixed 1.25".to_owned(),
            3 => format!("/wallet {WALLET}"),
            4 => "/history".to_owned(),
            5 => "/withdraw 10.5".to_owned(),
            _ => "/withdraw all".to_owned(),
        };
        self.say(who, &text);
    }

    /// Taps a confirm button, if it is below the newest message.
    fn confirms(&mut self, who: usize, data: &str) -> bool {
        let newest = self.newest(who);
        let Some((message, _)) = newest.filter(|(_, all)| all.iter().any(|one| one == data)) else {
            return false;
        };
        self.tap(who, message, data);
        true
    }
}
