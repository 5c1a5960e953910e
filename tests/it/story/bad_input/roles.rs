//! A command of a role that one does not have is no command: it gets what gibberish gets.

use super::super::seat::Seat;
use super::super::world::{ADMIN, ANNA, MASTER, OWNER};
use super::{SHOP, Town};
use futures_util::future::join_all;
use shopfleet::telegram::intent::Command;
use shopfleet::telegram::screen::Role;

/// Bot, person, and the roles he has there.
const PEOPLE: [(&str, i64, &[Role]); 5] = [
    (MASTER, ADMIN, &[Role::Customer, Role::Admin]),
    (MASTER, ANNA, &[Role::Customer]),
    (SHOP, OWNER, &[Role::Customer, Role::Owner]),
    (SHOP, ANNA, &[Role::Customer]),
    // An admin has his role in the master's bot only.
    (SHOP, ADMIN, &[Role::Customer]),
];

#[tokio::test]
async fn a_command_of_another_role_is_no_command() {
    let mut town = Town::open().await;
    let before = town.world.business();
    let seat = |(bot, user, roles)| try_all(town.world.seat(bot, user), roles, user);
    join_all(PEOPLE.map(seat)).await;
    assert_eq!(town.world.business(), before);
    town.world.fleet.stop_and_audit().await;
}

/// One person gives every command there is.
async fn try_all(seat: Seat, roles: &[Role], user: i64) {
    let mut seat = seat.greet_again().await;
    seat.say("/gibberish 1 2").await;
    let gibberish = seat.expect("I don’t know that command.").await;
    for command in Command::ALL {
        seat.say(&format!("/{}", command.name())).await;
        let answer = seat.expect("").await;
        let known = roles.contains(&command.role());
        assert_eq!(answer != gibberish, known, "/{} by {user}, {roles:?}", command.name());
    }
    for line in WITH_ARGUMENTS {
        if !roles.contains(&Role::Admin) {
            seat.say(line).await;
            assert_eq!(seat.expect("").await, gibberish, "{line} by {user}, {roles:?}");
        }
    }
}

/// Commands that would change something, if an admin gave them.
const WITH_ARGUMENTS: [&str; 7] = [
    "/credit olivia 3001 1000 gift",
    "/agent_pause olivia",
    "/agent_pricing olivia percent 0",
    "/product_price prd_1 0.01",
    "/stock_add prd_1\nFAKE-1",
    "/withdraw_approve wdr_1",
    "/category_add Mine",
];
