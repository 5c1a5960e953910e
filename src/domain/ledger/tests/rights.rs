//! Who may give which command, and that nobody learns more by trying (law 6); credits by admins.

use crate::domain::access::{Access, Denied};
use crate::domain::catalog::TextRefusal;
use crate::domain::command::{Answered, Caller, CommandKey};
use crate::domain::id::{OrderId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::{LedgerCommand as C, LedgerMachine, LoadedLedger, Rules};
use crate::domain::money::Money;
use crate::domain::order::AwaitCause;
use crate::domain::outcome::Outcome;
use crate::domain::pricing::Markup;
use crate::domain::rejection::{CreditRejection, Rejection};
use crate::domain::stock::HoldRefusal;
use crate::domain::tenant::TenantStatus;
use crate::domain::tests::world::*;
use crate::domain::time::Timestamp;

const ALL: [Caller; 4] =
    [Caller::System, Caller::User(ADMIN), Caller::User(OWNER), Caller::User(BUYER)];

/// Every command, by the right it needs.
fn commands() -> [(&'static str, Vec<C>); 4] {
    let (agent, order) = (agent_id("a1"), OrderId::of(&quote("q")));
    let (withdrawal, reason) = (WithdrawalId::new(1), "why".to_owned());
    let markup = Markup::Fixed(usdt("1"));
    let (txid, although_negative) = ("12345678".parse().unwrap(), false);
    let (tenant, user, amount) = (TenantId::Master, BUYER, usdt("1"));
    let key = CommandKey {
        tenant: TenantId::Master,
        caller: Caller::System,
        id: "poison".parse().unwrap(),
    };
    let product = World::trading().stock.catalog().products.values().next().unwrap().clone();
    let (product, base) = (Box::new(product), usdt("10"));
    let address = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t".parse().unwrap();
    [
        (
            "customer",
            vec![
                C::IssueQuote { quote: quote("q"), product, base, quantity: 1 },
                C::PlaceOrder { quote: quote("q"), holding: Err(HoldRefusal::UnknownQuote) },
                C::ClaimOwner { code: print(1) },
            ],
        ),
        (
            "owner",
            vec![
                C::SetOwnPricing { markup },
                C::SetWallet { address },
                C::RequestWithdrawal { amount },
            ],
        ),
        (
            "admin",
            vec![
                C::CreateAgent {
                    agent: agent_id("new"),
                    name: "New".to_owned(),
                    bot: bot(150),
                    code: print(1),
                },
                C::SetStatus { agent: agent.clone(), status: TenantStatus::Paused },
                C::SetPricing { agent: agent.clone(), markup },
                C::RenewOwnerLink { agent, code: print(1) },
                C::Credit { tenant, user, amount, reason: reason.clone() },
                C::ApproveWithdrawal { withdrawal },
                C::RejectWithdrawal { withdrawal, reason },
                C::PayWithdrawal { withdrawal, txid, although_negative },
            ],
        ),
        (
            "fleet",
            vec![
                C::MarkDelivered { order: order.clone() },
                C::AwaitCustomer { order, cause: AwaitCause::Blocked },
                C::MatureDue { limit: 10 },
                C::RegisterMaster { name: "Main".to_owned(), bot: bot(100) },
                C::Quarantine { key, what: "x".to_owned() },
            ],
        ),
    ]
}

/// Whether this caller has this right in this shop.
fn may(right: &str, tenant: &TenantId, caller: Caller) -> bool {
    match right {
        "customer" => caller != Caller::System && *tenant != shop("nobody"),
        "owner" => caller == Caller::User(OWNER) && *tenant == shop("a1"),
        "admin" => caller == Caller::User(ADMIN) && *tenant == TenantId::Master,
        "fleet" => caller == Caller::System,
        other => panic!("{other} is no right"),
    }
}

#[test]
fn a_command_without_its_right_is_unknown() {
    let mut world = World::trading();
    world.open("a2");
    for (right, commands) in commands() {
        for command in commands {
            for tenant in [TenantId::Master, shop("a1"), shop("a2"), shop("nobody")] {
                for caller in ALL {
                    let mut world = world.clone();
                    let answer = world.ledger_as(&tenant, caller, "try", command.clone());
                    let denied = answer == Err(Denied.into());
                    let says = format!("{} by {caller} in {tenant}", command.word());
                    assert_eq!(denied, !may(right, &tenant, caller), "{says}: {answer:?}");
                }
            }
        }
    }
}

#[test]
fn authorisation_comes_before_the_memory_of_answers() {
    let body = credit(&TenantId::Master, BUYER, usdt("5"), "gift");
    let command = command(&TenantId::Master, Caller::User(ADMIN), "x", body);
    let outcome = Outcome::Credited { balance: usdt("5") };
    let answered = Answered { key: command.key(), at: Timestamp::EPOCH, outcome: outcome.clone() };
    let machine = |admins: &[UserId]| {
        let loaded = LoadedLedger {
            balances: Vec::new(),
            tenants: Vec::new(),
            entries: Vec::new(),
            next_entry: crate::domain::id::EntryId::new(1),
            undelivered: Vec::new(),
            withdrawals: Vec::new(),
            next_withdrawal: WithdrawalId::new(1),
            txids: Vec::new(),
            answers: vec![answered.clone()],
            quarantined: Vec::new(),
        };
        let admins = admins.iter().copied().collect();
        LedgerMachine::load(Rules::standard(), Access { admins }, loaded)
    };
    let repeat = machine(&[ADMIN]).decide(&command, Timestamp::EPOCH).unwrap();
    assert_eq!((repeat.events, repeat.outcome), (Vec::new(), outcome));
    let dismissed = machine(&[]).decide(&command, Timestamp::EPOCH);
    assert_eq!(dismissed, Err(Denied.into()));
}

#[test]
fn every_refusal_of_a_credit() {
    let text = |refusal| CreditRejection::Reason(refusal);
    let limit = Money::whole(Money::LIMIT);
    let nobody = shop("nobody");
    let a1 = shop("a1");
    for (tenant, amount, reason, refusal) in [
        (&nobody, usdt("1"), "gift", CreditRejection::UnknownTenant),
        (&a1, Money::ZERO, "gift", CreditRejection::Amount),
        (&a1, Money::whole(-5), "gift", CreditRejection::Amount),
        (&a1, usdt("1"), " ", text(TextRefusal::Empty)),
        (&a1, usdt("1"), "a\u{0}", text(TextRefusal::Control)),
        (&a1, usdt("1"), &"x".repeat(1501), text(TextRefusal::TooLong(1500))),
        (&a1, limit, "gift", CreditRejection::OutOfRange),
    ] {
        let mut world = World::trading();
        let answer = world.admin(credit(tenant, BUYER, amount, reason));
        assert_eq!(answer, Err(Rejection::Credit(refusal)), "{amount} {reason:?}");
    }
}

#[test]
fn a_repeated_credit_is_given_once() {
    let mut world = World::trading();
    let body = || credit(&shop("a1"), BUYER, usdt("5"), " gift ");
    let admin = Caller::User(ADMIN);
    let first = world.ledger_as(&TenantId::Master, admin, "same", body());
    assert_eq!(first, Ok(Outcome::Credited { balance: usdt("105") }));
    let other = credit(&shop("a1"), BUYER, usdt("50"), "more");
    assert_eq!(world.ledger_as(&TenantId::Master, admin, "same", other), first);
    assert_eq!(world.documents.credits.last().unwrap().reason, "gift");
    assert_eq!(world.documents.credits.len(), 3);
}
