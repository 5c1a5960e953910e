//! Shops and answers that somebody changed.

use super::*;

pub(super) const ROWS: &[Row<Chronicle>] = &[
    row(
        "an agent loses his owner",
        |c| tenant(c, "a1").owner = None,
        &[
            "agents_are_owned_or_invited agent:a1",
            "documents_are_as_journalled tenants/agent:a1",
            "withdrawals_are_the_owners wdr_1",
            "withdrawals_are_the_owners wdr_2",
            "withdrawals_are_the_owners wdr_3",
            "withdrawals_are_the_owners wdr_4",
        ],
    ),
    row(
        "an agent gets an owner",
        |c| tenant(c, "a2").owner = Some(UserId::new(66)),
        &["agents_are_owned_or_invited agent:a2", "documents_are_as_journalled tenants/agent:a2"],
    ),
    row(
        "an agent gets another owner",
        |c| tenant(c, "a1").owner = Some(UserId::new(66)),
        &[
            "documents_are_as_journalled tenants/agent:a1",
            "withdrawals_are_the_owners wdr_1",
            "withdrawals_are_the_owners wdr_2",
            "withdrawals_are_the_owners wdr_3",
            "withdrawals_are_the_owners wdr_4",
        ],
    ),
    row(
        "the master gets an owner",
        |c| c.tenants.get_mut(&TenantId::Master).unwrap().owner = Some(UserId::new(66)),
        &["agents_are_owned_or_invited master", "documents_are_as_journalled tenants/master"],
    ),
    row(
        "two shops have one bot",
        |c| tenant(c, "a2").bot.id = UserId::new(101),
        &["bots_serve_one_shop agent:a2", "documents_are_as_journalled tenants/agent:a2"],
    ),
    row(
        "two shops have one token",
        |c| tenant(c, "a2").bot.token = print(1_000_101),
        &["bots_serve_one_shop agent:a2", "documents_are_as_journalled tenants/agent:a2"],
    ),
    row(
        "a shop is renamed",
        |c| tenant(c, "a2").name = "Mine".into(),
        &["documents_are_as_journalled tenants/agent:a2"],
    ),
    row(
        "a shop vanishes",
        |c| drop(c.tenants.remove(&shop("a2"))),
        &[
            "answers_refer_to_what_exists master/user:1/c2",
            "documents_are_as_journalled tenants/agent:a2",
            "shops_exist agent/a2/available",
            "shops_exist customer/agent:a2/8",
            "shops_exist customer/agent:a2/8",
            "shops_exist customer/agent:a2/9",
            "shops_exist customer/agent:a2/9",
            "shops_exist ent_3",
            "shops_exist ord_c1",
        ],
    ),
    row(
        "an answer is another",
        |c| answer(c, "c18", Outcome::CategoryCreated(CategoryId::new(5))),
        &[
            "answers_refer_to_what_exists agent:a1/user:8/c18",
            "documents_are_as_journalled commands/agent:a1/user:8/c18",
        ],
    ),
    row(
        "an answer names no agent",
        |c| answer(c, "c1", Outcome::AgentCreated(agent("x"))),
        &[
            "answers_refer_to_what_exists master/user:1/c1",
            "documents_are_as_journalled commands/master/user:1/c1",
        ],
    ),
    row(
        "a receipt is another's",
        answers_swapped,
        &[
            "answers_refer_to_what_exists agent:a1/user:7/c17",
            "answers_refer_to_what_exists master/user:7/c16",
            "documents_are_as_journalled commands/agent:a1/user:7/c17",
            "documents_are_as_journalled commands/master/user:7/c16",
        ],
    ),
    row(
        "a command was answered that nobody recorded",
        |c| {
            let mut answered = an_answer(c, "c19").clone();
            answered.key.id = "c99".parse().unwrap();
            c.answers.insert(answered.key.clone(), answered);
        },
        &["answers_are_journalled commands/agent:a2/user:8/c99"],
    ),
    row(
        "an answer vanishes",
        |c| c.answers.retain(|key, _| key.id.to_string() != "c19"),
        &["documents_are_as_journalled commands/agent:a2/user:8/c19"],
    ),
    row(
        "an answer was given later",
        |c| an_answer(c, "c19").at = far(),
        &["documents_are_as_journalled commands/agent:a2/user:8/c19"],
    ),
    row(
        "a command is set aside by hand",
        |c| {
            let key = an_answer(c, "c1").key.clone();
            c.quarantined.insert(key, ("x".into(), far()));
        },
        &["documents_are_as_journalled quarantine/master/user:1/c1"],
    ),
];
