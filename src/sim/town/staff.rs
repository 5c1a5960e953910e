//! Admins: help customers who have too little, fill shelves, pay owners, change prices and shops.

use super::Town;
use super::opening::PRODUCTS;
use crate::actors::seal_goods;
use crate::sim::judge::GOODS;

/// Lines of one upload.
pub(super) const UPLOAD: usize = 40;

impl Town {
    /// One thing that an admin does.
    pub(super) fn admin(&mut self, who: usize) {
        if let Some(product) = self.people[who].upload.take() {
            return self.upload(who, product);
        }
        if self.waits(who) > 3 {
            return;
        }
        if self.help(who) {
            return;
        }
        match self.dice.below(100) {
            0..18 => {
                let product = self.dice.below(PRODUCTS.len());
                self.people[who].upload = Some(product);
                self.say(who, &format!("/stock_add prd_{}", product + 1));
            }
            18..50 => self.pay(who),
            50..54 => self.reprice(who),
            54..58 => self.run_shops(who),
            58..60 => self.say(who, "/agent_list"),
            60..62 => self.say(who, "/goods"),
            62..64 => self.say(who, "/withdraw_list"),
            _ => {}
        }
    }

    /// New goods for a product, as pasted lines.
    pub(super) fn upload(&mut self, who: usize, product: usize) {
        let vault = self.world.vault();
        let mut text = String::new();
        for _ in 0..UPLOAD {
            let line =
                format!("{GOODS}{product}-{:05}-{:04}", self.make_up(), self.dice.below(9_999));
            let (content, _) = seal_goods(&vault, line.as_bytes());
            text.push_str(&line);
            text.push('\n');
            self.judge.with(|court| court.lines.insert(line, content));
        }
        self.say(who, text.trim_end());
    }

    /// Credits somebody who was told that he has too little.
    fn help(&mut self, who: usize) -> bool {
        let poor = self.judge.with(|court| {
            let poor = court.chats.iter_mut().find(|(_, view)| view.poor);
            poor.map(|(key, view)| {
                view.poor = false;
                *key
            })
        });
        let Some((bot, user)) = poor else { return false };
        let Some(shop) = self.shops.iter().find(|shop| shop.bot == bot) else { return false };
        let (name, amount) = (shop.name.clone(), 400 + 100 * self.dice.below(8));
        self.say(who, &format!("/credit {name} {user} {amount}.5 top-up"));
        true
    }

    /// Moves a withdrawal on that he has heard of.
    fn pay(&mut self, who: usize) {
        for begins in ["1Wa:", "1Wp:"] {
            if self.dice.percent(30) && self.tap_newest(who, begins) {
                return;
            }
        }
        let key = self.key(who);
        let heard = self.judge.with(|court| {
            let text = court.chats.get(&key)?.says("wdr_")?;
            let (_, rest) = text.split_once("wdr_")?;
            Some(rest.chars().take_while(char::is_ascii_digit).collect::<String>())
        });
        let Some(number) = heard else { return };
        let text = match self.dice.below(8) {
            0..3 => format!("/withdraw_approve wdr_{number}"),
            3..6 => format!("/withdraw_pay wdr_{number} simulated-{}", self.make_up()),
            6 => format!("/withdraw_reject wdr_{number} not today"),
            _ => "/withdraw_list requested".to_owned(),
        };
        self.say(who, &text);
    }

    fn reprice(&mut self, who: usize) {
        let product = self.dice.below(PRODUCTS.len());
        let price = self.dice.pick(&PRODUCTS[product].1).copied().unwrap_or("1");
        let text = match self.dice.below(4) {
            0 => format!("/product_hide prd_{}", product + 1),
            1 | 2 => format!("/product_show prd_{}", product + 1),
            _ => format!("/product_price prd_{} {price}", product + 1),
        };
        self.say(who, &text);
        if text.starts_with("/product_hide") {
            self.say(who, &text.replace("hide", "show"));
        }
    }

    /// Pauses, resumes and prices an agent's shop; what he pauses he resumes at once or soon.
    fn run_shops(&mut self, who: usize) {
        let agents: Vec<String> = self.shops[1..].iter().map(|shop| shop.name.clone()).collect();
        let Some(agent) = self.dice.pick(&agents).cloned() else { return };
        match self.dice.below(3) {
            0 => {
                self.say(who, &format!("/agent_pause {agent}"));
                self.say(who, &format!("/agent_resume {agent}"));
            }
            1 => self.say(who, &format!("/agent_pricing {agent} percent 15")),
            _ => self.say(who, &format!("/agent_info {agent}")),
        }
    }
}
