//! A day of two shops as a trace: everything that a core does, in a few dozen records.

use shopfleet::domain::access::Access;
use shopfleet::domain::catalog::GoodsKind;
use shopfleet::domain::command::{Caller, Command};
use shopfleet::domain::id::{
    CategoryId, CommandId, OrderId, ProductId, QuoteId, TenantId, UserId, WithdrawalId,
};
use shopfleet::domain::ledger::{LedgerCommand as L, Rules};
use shopfleet::domain::money::Money;
use shopfleet::domain::pricing::Markup;
use shopfleet::domain::sealed::Fingerprint;
use shopfleet::domain::stock::{Ask, StockCommand as S};
use shopfleet::domain::tenant::BotIdentity;
use shopfleet::domain::time::{Millis, Timestamp};
use shopfleet::trace::record::{Record, Verdict};
use shopfleet::trace::tape::Tape;

const ADMIN: Caller = Caller::User(UserId::new(1));
const OWNER: Caller = Caller::User(UserId::new(20));

/// The tape and its numbers.
pub(super) struct Day {
    tape: Tape,
    commands: u32,
    contents: u32,
}

/// One day with this many customers of each shop, who buy once each.
pub(super) fn records(customers: i64) -> Vec<Record> {
    let mut day = Day::open();
    for number in 0..customers {
        day.trade(number);
    }
    day.pay_out();
    day.tape.take()
}

/// The order of a customer of the agent's shop.
pub(super) fn order(number: i64) -> OrderId {
    OrderId::of(&quote("a", number))
}

/// A customer of the agent's shop.
pub(super) const fn customer(number: i64) -> UserId {
    UserId::new(500 + number)
}

/// The agent's shop.
pub(super) fn shop() -> TenantId {
    TenantId::Agent("a1".parse().unwrap())
}

impl Day {
    fn open() -> Self {
        let access = Access { admins: [UserId::new(1)].into() };
        let tape = Tape::begin(Rules::standard(), access, Timestamp::from_ms(1_760_000_000_000));
        let mut day = Self { tape, commands: 0, contents: 0 };
        let (master, agent, code) = (TenantId::Master, "a1".parse().unwrap(), day.content());
        day.ledger(&master, Caller::System, L::RegisterMaster { name: "Main".into(), bot: bot(9) });
        let create = L::CreateAgent { agent, name: "First".into(), bot: bot(10), code };
        day.ledger(&master, ADMIN, create);
        day.ledger(&shop(), OWNER, L::ClaimOwner { code });
        day.ledger(&shop(), OWNER, L::SetOwnPricing { markup: Markup::Percent(30.into()) });
        let address = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t".parse().unwrap();
        day.ledger(&shop(), OWNER, L::SetWallet { address });
        day.stock(S::CreateCategory { name: "Keys".into() });
        for name in ["Gold", "Tin"] {
            let (category, kind) = (CategoryId::new(1), GoodsKind::Line);
            let price = Some(Money::whole(10));
            day.stock(S::CreateProduct { category, name: name.into(), kind, price });
        }
        day.tape.publish();
        day
    }

    /// A customer of each shop: money, goods, a purchase asked for twice, one that is too much.
    fn trade(&mut self, number: i64) {
        self.pass(Millis::from_secs(7));
        let items = (0..3).map(|_| self.content()).collect();
        self.stock(S::AddItems { product: ProductId::new(1), items });
        for (tenant, letter) in [(TenantId::Master, "m"), (shop(), "a")] {
            let (user, quote, product) =
                (customer(number), quote(letter, number), ProductId::new(1));
            let (amount, reason) = (Money::whole(20), "top-up".to_owned());
            let credit = L::Credit { tenant: tenant.clone(), user, amount, reason };
            self.ledger(&TenantId::Master, ADMIN, credit);
            let ask = Ask { quote: quote.clone(), tenant, user, product, quantity: 1 };
            self.ask(&ask);
            self.tape.place(&ask);
            self.tape.place(&ask);
            self.ask(&Ask { quantity: 400, ..ask });
            let order = OrderId::of(&quote);
            self.ledger(&TenantId::Master, Caller::System, L::MarkDelivered { order });
        }
        self.tape.publish();
    }

    fn pay_out(&mut self) {
        self.pass(Millis::from_hours(49));
        let master = TenantId::Master;
        self.ledger(&master, Caller::System, L::MatureDue { limit: 1_000 });
        self.ledger(&shop(), OWNER, L::RequestWithdrawal { amount: Money::whole(11) });
        let (withdrawal, txid) = (WithdrawalId::new(1), "aa11bb22cc33".parse().unwrap());
        self.ledger(&master, ADMIN, L::ApproveWithdrawal { withdrawal });
        let pay = L::PayWithdrawal { withdrawal, txid, although_negative: false };
        self.ledger(&master, ADMIN, pay);
        self.tape.publish();
    }

    fn pass(&mut self, span: Millis) {
        self.tape.set_now(self.tape.now() + span);
    }

    fn ask(&mut self, ask: &Ask) -> Verdict {
        let id = self.id();
        self.tape.ask(id, ask)
    }

    fn stock(&mut self, body: S) {
        let (id, tenant) = (self.id(), TenantId::Master);
        self.tape.change(Command { id, tenant, caller: ADMIN, body });
    }

    fn ledger(&mut self, tenant: &TenantId, caller: Caller, body: L) {
        let (id, tenant) = (self.id(), tenant.clone());
        self.tape.command(Command { id, tenant, caller, body });
    }

    fn id(&mut self) -> CommandId {
        self.commands += 1;
        format!("c:{}", self.commands).parse().unwrap()
    }

    fn content(&mut self) -> Fingerprint {
        self.contents += 1;
        Fingerprint::new(u128::from(self.contents).to_be_bytes())
    }
}

fn quote(letter: &str, number: i64) -> QuoteId {
    QuoteId::from_body(&format!("q{letter}{number:04}")).unwrap()
}

fn bot(id: i64) -> BotIdentity {
    let token = Fingerprint::new([u8::try_from(id).unwrap(); 16]);
    BotIdentity { id: UserId::new(id), username: format!("shop_{id}_bot"), token }
}
