//! What must not be left when nothing is on its way any more; looked for when a world is dropped.

use super::people::CONFIRM;
use super::{MASTER, World, tenant};
use crate::app;
use crate::audit::audit;
use crate::audit::rebuild::rebuild;
use crate::clock::Clock as _;
use crate::domain::catalog::Product;
use crate::domain::id::{ProductId, TenantId, UserId};
use crate::domain::invariant::Violation;
use crate::domain::ledger::{Account, LedgerCommand};
use crate::domain::money::Money;
use crate::domain::order::Delivery;
use crate::domain::outcome::Outcome;
use crate::domain::rejection::Rejection;
use crate::domain::stock::{Ask, StockCommand};
use crate::domain::time::Millis;
use crate::random::token;
use crate::trace::record::Record;
use crate::trace::replay::{Options, replay};
use std::collections::{BTreeMap, BTreeSet};

/// Who buys whatever is left, to see that nobody holds it.
const HEIR: UserId = UserId::new(4_000_000_000);
/// How long a request may take until somebody misses its answer.
const PATIENCE: Millis = Millis::from_secs(300);
/// Items in one order at most.
const ORDER_MAX: usize = 500;

impl World {
    /// Everything that must hold when nothing is on its way any more: the audit is clean, every
    /// request is answered, every order is delivered to its customer, whole, to nobody else, once
    /// or with a mark that it may be a repeat; and what the core recorded replays.
    ///
    /// # Panics
    /// When something of it does not.
    pub fn check(&self) {
        assert!(self.is_idle(), "a request is without an answer");
        self.audit();
        assert_eq!(self.divergence(), None);
        let chronicle = self.chronicle();
        let mut bought: BTreeMap<(TenantId, UserId), usize> = BTreeMap::new();
        for order in chronicle.orders.values() {
            assert!(order.delivery.is_done(), "{order:?}");
            *bought.entry((order.tenant.clone(), order.user)).or_default() += order.items.len();
        }
        let mut seen = BTreeSet::new();
        for ((tenant, user), items) in bought {
            let shop = tenant.to_string();
            let shop = shop.trim_start_matches("agent:");
            let goods = self.goods(shop, user);
            assert_eq!(goods.len(), items, "{user} paid for {items} and has {goods:?}");
            for (line, times) in goods {
                assert!(seen.insert(line.clone()), "{line} was sold twice");
                let marked = |text: &String| text.contains(&line) && text.contains('🔁');
                let repeats = self.heard(shop, user).iter().filter(|text| marked(text)).count();
                assert!(times - repeats <= 1, "{line} came {times} times, {repeats} marked");
            }
        }
    }

    /// Decides everything that was recorded again; answers the first difference.
    pub fn divergence(&self) -> Option<String> {
        self.traces().iter().find_map(|trace| {
            let lines = trace.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let records: Result<Vec<Record>, _> = lines.map(serde_json::from_slice).collect();
            match records {
                Err(error) => Some(format!("the trace cannot be read: {error}")),
                Ok(records) => match replay(records, &Options::default()) {
                    Err(error) => Some(error.to_string()),
                    Ok(replayed) => replayed.divergence.map(|divergence| divergence.to_string()),
                },
            }
        })
    }

    /// Runs the audit, and rebuilds the store from its journal.
    ///
    /// # Panics
    /// When they find something.
    pub fn audit(&self) {
        let rebuilt = rebuild(self.plain_store(), app::rules(&self.config), None, |_, _| {});
        let rebuilt = self.system().block_on(rebuilt).expect("a memory store can be read");
        assert_eq!(rebuilt.difference, None);
        let violations = self.audited();
        assert!(violations.is_empty(), "{violations:#?}");
    }

    /// What the audit finds on the disk.
    pub(in crate::sim) fn audited(&self) -> Vec<Violation> {
        let store = self.plain_store();
        let asked = audit(store, self.config.telegram.inbox_max);
        let report = self.system().block_on(asked);
        report.expect("a memory store can be read").violations
    }

    /// Somebody can buy everything that no order has: nothing is held for nobody.
    ///
    /// # Panics
    /// When he cannot.
    pub fn check_nothing_is_held(&mut self, shop: &str, rich: UserId) {
        let unsold = self.chronicle().items.values().filter(|item| item.order.is_none()).count();
        self.say(shop, rich, &format!("/buy prd_1 {unsold}"));
        self.settle();
        self.tap(shop, rich, CONFIRM);
        self.settle();
        self.check();
        let left = self.chronicle().items.values().filter(|item| item.order.is_none()).count();
        assert_eq!(left, 0, "{:#?}", self.heard(shop, rich));
    }

    /// What leaked, each in a sentence: requests without an answer, orders that are neither delivered
    /// nor waiting for their customer, a book that does not sum to zero, items that are held for
    /// nobody. Call it when everything has healed and settled; it buys what is left on the shelves.
    pub fn leaks(&mut self) -> Vec<String> {
        let mut leaks = Vec::new();
        if !self.is_idle() {
            leaks.push("a request is without an answer".to_owned());
            return leaks;
        }
        let chronicle = self.chronicle();
        for order in chronicle.orders.values() {
            if order.delivery == Delivery::Pending {
                leaks.push(format!("{} is paid and not delivered", order.id));
            }
        }
        let sum: rust_decimal::Decimal =
            chronicle.balances.values().map(|balance| balance.decimal()).sum();
        if !sum.is_zero() {
            leaks.push(format!("the book adds up to {sum}"));
        }
        for product in chronicle.catalog.products.values() {
            let unsold = chronicle.items.values();
            let unsold =
                unsold.filter(|item| item.order.is_none() && item.product == product.id).count();
            leaks.extend(self.held(product, unsold));
        }
        leaks
    }

    /// Whether every request gets its answer within a while.
    fn is_idle(&self) -> bool {
        let (core, clock) = (self.fleet().core.clone(), self.outside.clock.clone());
        let idle = self.run(async move {
            tokio::select! {
                biased;
                () = core.idle() => true,
                () = clock.sleep(PATIENCE) => false,
            }
        });
        idle == Some(true)
    }

    /// Buys all `unsold` items of a product; answers what cannot be bought.
    fn held(&mut self, product: &Product, unsold: usize) -> Option<String> {
        let id = product.id;
        if unsold > 0 && !product.listed {
            self.stock(StockCommand::ListProduct { product: id, listed: true }, Vec::new());
        }
        if unsold > 0 && product.price.is_none() {
            let price = Money::whole(1);
            self.stock(StockCommand::PriceProduct { product: id, price }, Vec::new());
        }
        let mut left = unsold;
        while left > 0 {
            let part = left.min(ORDER_MAX);
            self.endow();
            match self.place(id, u32::try_from(part).unwrap_or(1)) {
                Some(Ok(Outcome::OrderPlaced(_))) => left -= part,
                other => {
                    return Some(format!(
                        "{left} unsold items of {id} cannot be bought: {other:?}"
                    ));
                }
            }
        }
        None
    }

    /// Gives the heir enough for one large order.
    fn endow(&mut self) {
        let had = self.chronicle().balances;
        let account = Account::Customer(tenant(MASTER), HEIR);
        if had.get(&account).is_some_and(|balance| *balance > Money::whole(500_000)) {
            return;
        }
        let by = self.admin();
        let credit = LedgerCommand::Credit {
            tenant: tenant(MASTER),
            user: HEIR,
            amount: Money::whole(1_000_000),
            reason: "to see what is left".to_owned(),
        };
        self.ledger(MASTER, by, credit, Vec::new());
    }

    /// Asks for a price in the master's shop and takes it.
    fn place(&mut self, product: ProductId, quantity: u32) -> Option<Result<Outcome, Rejection>> {
        self.drawn += 1;
        let body = token(&*self.outside.random, "heir", 12);
        let quote = crate::domain::id::QuoteId::from_body(&body).ok()?;
        let ask =
            Ask { quote: quote.clone(), tenant: tenant(MASTER), user: HEIR, product, quantity };
        let id = format!("heir:{}", self.drawn).parse().ok()?;
        let stock = self.fleet().core.stock();
        self.run(async move {
            let promised = stock.quote(id, ask).await.ok()?.answer().await.ok()?;
            if let Err(rejection) = promised {
                return Some(Err(rejection));
            }
            stock.place(quote, TenantId::Master, HEIR).await.ok()?.answer().await.ok()
        })?
    }
}

/// A world of the test kit must not leak: it heals, settles, and panics about what is left.
impl Drop for World {
    fn drop(&mut self) {
        if !self.strict || std::thread::panicking() || self.fleet.is_none() {
            return;
        }
        self.heal();
        // A state that cannot be written is none that could keep a fault either.
        let _ = self.beside(crate::sandbox::service::Sandbox::clear_faults);
        if self.is_dead() {
            self.crash();
        }
        self.wait(PATIENCE);
        let leaks = self.leaks();
        assert!(leaks.is_empty(), "the world leaks: {leaks:#?}");
    }
}
