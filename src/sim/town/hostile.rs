//! Hostile people: forge what buttons hold, replay old ones and those of others, race, spam, paste
//! tokens and markup, and try the commands of other roles.
//!
//! They know every id there is, as if they had read the database: an id must not open anything.

use super::Town;

impl Town {
    /// One thing that a hostile person does.
    pub(super) fn hostile(&mut self, who: usize) {
        let message = self.newest(who).map(|(id, _)| id);
        match self.dice.below(9) {
            0 => self.say(who, "/start"),
            1 => {
                let text = self.wrong();
                self.say(who, &text);
            }
            2 => self.spam(who),
            3 => self.paste_token(who),
            4 => {
                let product = 1 + self.dice.below(super::opening::PRODUCTS.len());
                self.say(who, &format!("/buy prd_{product} 1"));
            }
            5 => self.race(who),
            _ => {
                if let Some(message) = message {
                    let data = self.forged(who);
                    self.tap(who, message, &data);
                } else {
                    self.say(who, "/menu");
                }
            }
        }
    }

    /// Data that no button of his holds.
    fn forged(&mut self, who: usize) -> String {
        const OTHERS: [&str; 16] = [
            "1A",
            "1Al:0",
            "1Ap:a1",
            "1Ar:a1",
            "1Ak:a1",
            "1As",
            "1C",
            "1Gc:0",
            "1Gn",
            "1Ph:prd_1",
            "1Pc:prd_1",
            "1Wl:all:0",
            "1Wa:wdr_1",
            "1Wp:wdr_1",
            "1Wy",
            "1a",
        ];
        const RUBBISH: [&str; 6] =
            ["1", "0m", "1b:prd_1:-5", "1b:prd_1:4294967295", "qrgaimai 1:2:0.01", "1o:quo_"];
        let order = self.some_order();
        match (self.dice.below(6), order) {
            (0 | 1, Some(order)) => format!("1r:ord_{order}"),
            (2, Some(order)) => format!("1d:ord_{order}"),
            (3, Some(order)) => format!("1o:quo_{order}"),
            (4, _) => RUBBISH[self.dice.below(RUBBISH.len())].to_owned(),
            _ if self.dice.percent(40) => {
                // Another customer's open offer.
                let quote = self.some_offer(who);
                quote.unwrap_or_else(|| "1as".to_owned())
            }
            _ => OTHERS[self.dice.below(OTHERS.len())].to_owned(),
        }
    }

    /// The body of any order's id.
    fn some_order(&mut self) -> Option<String> {
        let count = self.judge.with(|court| court.documents.orders.len());
        let place = self.dice.below(count);
        self.judge
            .with(|court| court.documents.orders.keys().nth(place).map(|id| id.body().to_owned()))
    }

    /// The confirm button that somebody else sees now.
    fn some_offer(&mut self, who: usize) -> Option<String> {
        let other = self.dice.below(self.people.len());
        if other == who {
            return None;
        }
        let all = self.buttons(other).into_iter().flat_map(|(_, data)| data);
        all.into_iter().find(|data| data.starts_with("1o:"))
    }

    /// Twenty taps on one confirm button at once.
    fn race(&mut self, who: usize) {
        let found = self.buttons(who).into_iter().find_map(|(id, data)| {
            data.into_iter().find(|data| data.starts_with("1o:")).map(|data| (id, data))
        });
        if let Some((message, data)) = found {
            for _ in 0..20 {
                self.tap(who, message, &data);
            }
        }
    }

    fn spam(&mut self, who: usize) {
        for _ in 0..8 + self.dice.below(8) {
            self.say(who, "<b>spam</b> & <script>alert(1)</script> {shop}");
        }
    }

    fn paste_token(&mut self, who: usize) {
        let number = 5_000_000_000_u64 + self.make_up();
        let body: String = (0..33).map(|_| char::from(b'a' + self.letter())).collect();
        self.say(who, &format!("look: {number}:AA{body} !"));
    }

    fn letter(&mut self) -> u8 {
        u8::try_from(self.dice.below(26)).unwrap_or(0)
    }

    /// Commands that are wrong, or somebody else's.
    fn wrong(&mut self) -> String {
        const WRONG: [&str; 24] = [
            "/buy",
            "/buy prd_1",
            "/buy prd_1 0",
            "/buy prd_1 -5",
            "/buy prd_1 1.5",
            "/buy prd_1 1e9",
            "/buy prd_1 99999999999999999999",
            "/buy prd_999 1",
            "/order ord_nothing",
            "/start own_0123456789abcdef0123456789abcdef",
            "/credit a1 1 5 gift",
            "/agent_pause a1",
            "/agent_resume a1",
            "/agent_pricing a1 percent 0",
            "/withdraw_approve wdr_1",
            "/withdraw_pay wdr_1 simulated-theft",
            "/withdraw 10",
            "/wallet TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
            "/markup percent 1000",
            "/stock_add prd_1",
            "/product_price prd_1 0.01",
            "/category_add <b>Mine</b>",
            "/nonsense",
            "𝟓 ５ five",
        ];
        WRONG[self.dice.below(WRONG.len())].to_owned()
    }
}
