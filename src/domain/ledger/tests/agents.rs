//! Agents: creation, ownership, prices, and the master's bot.

use crate::domain::catalog::TextRefusal;
use crate::domain::command::Caller;
use crate::domain::id::{TenantId, UserId};
use crate::domain::ledger::LedgerCommand as C;
use crate::domain::money::Money;
use crate::domain::outcome::Outcome;
use crate::domain::pricing::Markup;
use crate::domain::tenant::{AgentRejection as R, BotIdentity, TenantStatus};
use crate::domain::tests::world::*;
use crate::domain::time::Millis;

fn create(agent: &str, name: &str, bot: BotIdentity) -> C {
    C::CreateAgent { agent: agent_id(agent), name: name.to_owned(), bot, code: print(1) }
}

#[test]
fn every_refusal_of_a_new_agent() {
    let same_token = BotIdentity { id: UserId::new(150), ..bot(101) };
    let same_bot = BotIdentity { token: print(5), ..bot(101) };
    for (command, refusal) in [
        (create("a1", "New", bot(150)), R::IdTaken),
        (create("b", "New", bot(101)), R::BotTaken),
        (create("b", "New", same_token), R::BotTaken),
        (create("b", "New", same_bot), R::BotTaken),
        (create("b", "New", bot(100)), R::BotTaken),
        (create("b", " ", bot(150)), R::Name(TextRefusal::Empty)),
        (create("b", "a\nb", bot(150)), R::Name(TextRefusal::Control)),
    ] {
        let mut world = World::trading();
        assert_eq!(world.admin(command.clone()), Err(refusal.into()), "{command:?}");
        assert_eq!(world.ledger.tenants().len(), 2);
    }
}

#[test]
fn every_refusal_of_a_change_of_an_agent() {
    let markup = Markup::Percent(10.into());
    let agent = || agent_id("nobody");
    let percent = |text: &str| Markup::Percent(text.parse().unwrap());
    let set = |markup| C::SetPricing { agent: agent_id("a1"), markup };
    for (command, refusal) in [
        (C::SetStatus { agent: agent(), status: TenantStatus::Paused }, R::Unknown),
        (C::SetPricing { agent: agent(), markup }, R::Unknown),
        (C::RenewOwnerLink { agent: agent(), code: print(1) }, R::Unknown),
        (C::RenewOwnerLink { agent: agent_id("a1"), code: print(1) }, R::Owned),
        (set(percent("-100")), R::Markup),
        (set(percent("1000.1")), R::Markup),
        (set(percent("0.00001")), R::Markup),
        (set(Markup::Fixed(Money::whole(-1))), R::Markup),
    ] {
        let mut world = World::trading();
        assert_eq!(world.admin(command.clone()), Err(refusal.into()), "{command:?}");
    }
    let mut world = World::trading();
    let own = C::SetOwnPricing { markup: percent("-1") };
    assert_eq!(world.owner(own), Err(R::Markup.into()));
}

#[test]
fn equal_markups_are_equal_bytes() {
    let bytes = |percent: &str| {
        let mut world = World::trading();
        world.admin(pricing("a1", percent)).unwrap();
        serde_json::to_string(&world.ledger.tenants()[&shop("a1")]).unwrap()
    };
    assert_eq!(bytes("12.50"), bytes("12.5"));
    assert_eq!(bytes("0.0"), bytes("-0"));
}

#[test]
fn what_is_so_already_is_no_fact() {
    let mut world = World::trading();
    let markup = Markup::Percent(10.into());
    let status = TenantStatus::Active;
    let address: crate::domain::tenant::WalletAddress =
        "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t".parse().unwrap();
    world.owner(C::SetWallet { address: address.clone() }).unwrap();
    let before = world.documents.tenants.clone();
    for (tenant, user, command) in [
        (TenantId::Master, ADMIN, C::SetStatus { agent: agent_id("a1"), status }),
        (TenantId::Master, ADMIN, C::SetPricing { agent: agent_id("a1"), markup }),
        (shop("a1"), OWNER, C::SetOwnPricing { markup }),
        (shop("a1"), OWNER, C::SetWallet { address }),
    ] {
        assert_eq!(world.user(&tenant, user, command), Ok(Outcome::Done));
        let facts = &world.log.last().unwrap().1;
        assert_eq!(facts.len(), 1, "the memory of the answer alone: {facts:?}");
    }
    assert_eq!(world.documents.tenants, before);
}

/// Somebody uses `code` in `tenant`, in a world where `a1` is owned and `a2` (code 201) is not.
fn check_claim(setup: fn(&mut World), tenant: &TenantId, code: u32, expected: Result<(), R>) {
    let mut world = World::trading();
    world.open("a2");
    setup(&mut world);
    let before = world.ledger.tenants().get(tenant).and_then(|shop| shop.owner);
    let answer = world.user(tenant, BUYER, C::ClaimOwner { code: print(code) });
    assert_eq!(answer.map(drop), expected.map_err(Into::into), "{tenant} {code}");
    let owner = world.ledger.tenants()[tenant].owner;
    assert_eq!(owner, if expected.is_ok() { Some(BUYER) } else { before });
}

#[test]
fn an_invitation_works_once_in_time_and_in_its_own_shop() {
    let a2 = shop("a2");
    check_claim(|_| (), &a2, 201, Ok(()));
    check_claim(|_| (), &a2, 202, Err(R::Link));
    check_claim(|_| (), &a2, 200, Err(R::Link));
    check_claim(|_| (), &shop("a1"), 201, Err(R::Link));
    check_claim(|_| (), &shop("a1"), 200, Err(R::Link));
    check_claim(|_| (), &TenantId::Master, 201, Err(R::Link));
    check_claim(|world| world.pass(Millis::from_ms(86_399_999)), &a2, 201, Ok(()));
    check_claim(|world| world.pass(Millis::from_hours(24)), &a2, 201, Err(R::Link));
    let renew = |world: &mut World| {
        world.pass(Millis::from_hours(23));
        let (agent, code) = (agent_id("a2"), print(300));
        world.admin(C::RenewOwnerLink { agent, code }).unwrap();
        world.pass(Millis::from_hours(23));
    };
    check_claim(renew, &a2, 300, Ok(()));
    check_claim(renew, &a2, 201, Err(R::Link));
    let used = |world: &mut World| {
        world.user(&shop("a2"), OWNER, C::ClaimOwner { code: print(201) }).unwrap();
    };
    check_claim(used, &a2, 201, Err(R::Link));
}

#[test]
fn a_repeated_claim_is_answered_as_the_first() {
    let mut world = World::trading();
    world.open("a2");
    let mut claim = |user| {
        let body = C::ClaimOwner { code: print(201) };
        world.ledger_as(&shop("a2"), Caller::User(user), "tap", body)
    };
    let first = claim(BUYER);
    assert_eq!(first, Ok(Outcome::OwnerClaimed(agent_id("a2"))));
    assert_eq!(claim(BUYER), first);
    assert_eq!(claim(OWNER), Err(R::Link.into()), "the same id of another is another command");
}

#[test]
fn the_masters_bot_may_be_exchanged_and_its_shop_stays() {
    let mut world = World::trading();
    let mut register = |bot| {
        let name = "Other".to_owned();
        world.fleet(C::RegisterMaster { name, bot })
    };
    assert_eq!(register(bot(101)), Err(R::BotTaken.into()), "an agent's bot");
    assert_eq!(register(bot(100)), Ok(Outcome::Done));
    assert_eq!(register(bot(160)), Ok(Outcome::Done));
    let master = &world.ledger.tenants()[&TenantId::Master];
    assert_eq!((master.name.as_str(), &master.bot), ("Main", &bot(160)));
    world.buy(&TenantId::Master, BUYER, "q", 1, 1);
}
