//! How a world begins and how it ends.
//!
//! It begins in good weather: admins fill a catalogue and create agents, owners claim their shops.
//! It ends when everything has healed: whoever went away comes back, whoever may have been passed
//! over asks again, and nothing that was paid may be left.

use super::owner::WALLET;
use super::{Person, Role, Shop, Town};
use crate::domain::id::{TenantId, UserId};
use crate::domain::time::{Millis, Timestamp};
use crate::secret::Secret;
use crate::sim::judge::BotFacts;
use crate::sim::law::{Breach, Law};
use crate::sim::world::{MASTER, bot_name, tenant};

/// Products with the prices they have now and then. No price, nor a small multiple of one with any
/// markup, ends in the digits of another: a base price that somebody reads is that price.
pub(super) const PRODUCTS: [(&str, [&str; 3]); 3] = [
    ("Music key", ["7.301011", "7.901013", "6.501017"]),
    ("Office key", ["11.702021", "12.102027", "10.902029"]),
    ("Game & <more>", ["3.103031", "3.303037", "2.903041"]),
];

/// The admins of every town.
pub(in crate::sim) const ADMINS: [UserId; 2] = [UserId::new(700_000_001), UserId::new(700_000_002)];

/// How long one step of the opening may take.
const PATIENCE: Millis = Millis::from_secs(120);
/// How long everything may take to settle in the end.
const SETTLED_WITHIN: Millis = Millis::from_secs(1_800);
/// How often somebody looks whether it has.
const LOOK: Millis = Millis::from_ms(400);

impl Town {
    /// Opens every shop; answers whether it could be done.
    pub(in crate::sim) fn open(&mut self) -> bool {
        self.settle_people();
        let done = self.fill_catalogue() && self.open_agents();
        self.opened_at = self.world.now();
        if !done {
            let at = self.opened_at;
            self.judge.with(|court| {
                court.breach(Law::Bounded, at, "the shops could not be opened in good weather");
            });
        }
        done
    }

    /// Bots and people, known to the judge before anybody speaks.
    fn settle_people(&mut self) {
        let agents = (self.scale.customers / 8).clamp(2, 6);
        let bots = self.world.beside(crate::sandbox::service::Sandbox::bots).unwrap_or_default();
        let master = bots.into_iter().next();
        let made = (1..=agents).filter_map(|number| {
            let name = bot_name(&format!("a{number}"));
            self.world.beside(|sandbox| sandbox.create_bot(&name, &name)).ok()
        });
        let bots: Vec<_> = master.into_iter().chain(made).collect();
        for (number, bot) in bots.iter().enumerate() {
            let name = if number == 0 { MASTER.to_owned() } else { format!("a{number}") };
            let token = Secret::new(bot["token"].as_str().unwrap_or_default());
            let id = bot["id"].as_i64().unwrap_or_default();
            let shop = if number == 0 { "Master".to_owned() } else { format!("Corner {name}") };
            let facts = BotFacts { tenant: tenant(&name), username: bot_name(&name), shop };
            self.judge.with(|court| court.bots.insert(id, facts));
            self.shops.push(Shop { name, bot: id, token });
        }
        let shops = self.shops.len();
        for admin in ADMINS {
            self.person(admin, Role::Admin, 0);
        }
        for shop in 1..shops {
            self.person(numbered(720_000_000, shop), Role::Owner, shop);
        }
        for number in 0..self.scale.customers {
            self.person(numbered(810_000_000, number), Role::Customer, number % shops);
        }
        for number in 0..self.scale.customers.div_ceil(12) {
            self.person(numbered(990_000_000, number), Role::Hostile, (number + 1) % shops);
        }
        let key = self.world.config_mut().vault.keys.first().map(crate::vault::Key::to_text);
        self.judge.with(|court| {
            court.admins = ADMINS.into();
            court.vault_key = key;
            court.bases =
                PRODUCTS.iter().flat_map(|(_, prices)| *prices).map(str::to_owned).collect();
        });
    }

    fn person(&mut self, id: UserId, role: Role, shop: usize) {
        self.judge.with(|court| court.people.insert(id.to_string(), id.number()));
        let acted = Timestamp::EPOCH;
        self.people.push(Person { id, role, shop, acted, blocked: false, upload: None });
    }

    fn fill_catalogue(&mut self) -> bool {
        self.say(0, "/start");
        self.say(1, "/start");
        self.say(0, "/category_add Keys");
        if !self.until(|town| town.judge.with(|c| !c.documents.catalog.categories.is_empty())) {
            return false;
        }
        for (number, (name, prices)) in PRODUCTS.iter().enumerate() {
            self.say(0, &format!("/product_add cat_1 line {} {name}", prices[0]));
            let made =
                |town: &mut Self| town.judge.with(|c| c.documents.catalog.products.len()) > number;
            if !self.until(made) {
                return false;
            }
        }
        for product in 0..PRODUCTS.len() {
            let had = self.judge.with(|court| court.documents.items.len());
            self.say(1, &format!("/stock_add prd_{}", product + 1));
            self.upload(1, product);
            if !self.until(|town| town.judge.with(|c| c.documents.items.len()) > had) {
                return false;
            }
        }
        true
    }

    /// Creates every agent, whose owner claims the shop by the link that the admin reads.
    fn open_agents(&mut self) -> bool {
        for shop in 1..self.shops.len() {
            let Shop { name, token, .. } = &self.shops[shop];
            let text = format!("/agent_create {name} {} Corner {name}", token.expose());
            let marker = format!("{}?start=own_", bot_name(name));
            self.say(0, &text);
            let key = self.key(0);
            let link = |town: &Self| {
                town.judge.with(|court| {
                    let text = court.chats.get(&key)?.says(&marker)?;
                    let (_, rest) = text.split_once(&marker)?;
                    Some(rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>())
                })
            };
            if !self.until(|town| link(town).is_some()) {
                return false;
            }
            let code = link(self).unwrap_or_default();
            let owner = ADMINS.len() + shop - 1;
            self.say(owner, &format!("/start own_{code}"));
            let id = tenant(&self.shops[shop].name);
            let owned = |town: &mut Self| {
                town.judge.with(|c| c.documents.tenants.get(&id).is_some_and(|t| t.owner.is_some()))
            };
            if !self.until(owned) {
                return false;
            }
            self.say(owner, "/markup percent 10");
            if !self.until(|town| town.tap_newest(owner, "1as")) {
                return false;
            }
            self.say(owner, &format!("/wallet {WALLET}"));
            if !self.until(|town| town.tap_newest(owner, "1ax")) {
                return false;
            }
        }
        true
    }

    /// Waits for something to be so; answers whether it came to be.
    fn until(&mut self, mut is_so: impl FnMut(&mut Self) -> bool) -> bool {
        let since = self.world.now();
        while self.world.now().since(since) <= PATIENCE {
            if is_so(self) {
                return true;
            }
            self.world.wait(LOOK);
        }
        false
    }

    /// Everything heals, everybody comes back, and nothing may be left.
    pub(in crate::sim) fn close(&mut self) {
        self.heal();
        let began = self.world.now();
        for who in 0..self.people.len() {
            self.people[who].blocked = false;
            self.say(who, "/start");
        }
        for shop in 1..self.shops.len() {
            let text = format!("/agent_resume {}", self.shops[shop].name);
            self.say(0, &text);
        }
        while !self.is_over() && !self.is_settled() {
            let now = self.world.now();
            if now.since(began) > SETTLED_WITHIN {
                break;
            }
            self.reach(now + LOOK);
            let now = self.world.now();
            self.judge.with(|court| court.listen(now));
            for who in 0..self.people.len() {
                self.ask_again(who);
            }
        }
        if !self.is_over() {
            self.verdict();
        }
    }

    /// Whether nobody waits and everything paid has arrived.
    fn is_settled(&self) -> bool {
        self.judge.with(|court| {
            court.silence.is_over()
                && court.documents.orders.values().all(|order| order.delivery.is_done())
        })
    }

    /// What must hold in the end.
    fn verdict(&mut self) {
        let at = self.world.now();
        self.judge.with(|court| {
            court.now = at;
            court.all_documents();
            court.all_seen();
            if !court.silence.is_over() {
                court.breach(Law::Bounded, at, "somebody still waits for an answer");
            }
            court.closed = true;
        });
        for violation in self.world.audited() {
            self.judge.with(|court| court.breaches.push(Breach::of(&violation, at)));
        }
        let divergence = self.world.divergence();
        self.judge.with(|court| {
            court.count(Law::Repeatable);
            if let Some(divergence) = divergence {
                court.breach(Law::Repeatable, at, divergence);
            }
        });
        let leaks = self.world.leaks();
        for leak in leaks {
            self.judge.with(|court| court.breach(Law::Goods, at, leak));
        }
    }

    /// The shop of somebody, as the fleet calls it.
    pub(super) fn tenant_of(&self, shop: usize) -> TenantId {
        tenant(&self.shops[shop].name)
    }
}

fn numbered(base: i64, number: usize) -> UserId {
    UserId::new(base + i64::try_from(number).unwrap_or(0))
}
