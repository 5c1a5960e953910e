//! Profit entries and withdrawals that somebody changed.

use super::*;

pub(super) const ROWS: &[Row<Chronicle>] = &[
    row(
        "an entry is larger",
        |c| entry(c, 1).amount = usdt("50"),
        &[
            "documents_are_as_journalled entries/ent_1",
            "entries_shrink_by_allocations ent_1",
            "profit_is_the_markup_of_its_order ent_1",
        ],
    ),
    row(
        "an entry is fuller",
        |c| entry(c, 1).remaining = usdt("10"),
        &[
            "available_is_matured_remainders agent/a1/available",
            "documents_are_as_journalled entries/ent_1",
            "entries_shrink_by_allocations ent_1",
        ],
    ),
    row(
        "an entry is below zero",
        |c| entry(c, 2).remaining = usdt("1").negated(),
        &[
            "available_is_matured_remainders agent/a1/available",
            "documents_are_as_journalled entries/ent_2",
            "entries_shrink_by_allocations ent_2",
            "entries_shrink_by_allocations ent_2",
        ],
    ),
    row(
        "an entry is another's",
        |c| entry(c, 3).agent = agent("a1"),
        &[
            "available_is_matured_remainders agent/a1/available",
            "available_is_matured_remainders agent/a2/available",
            "documents_are_as_journalled entries/ent_3",
            "profit_is_the_markup_of_its_order ent_3",
        ],
    ),
    row(
        "an entry is nobody's",
        |c| entry(c, 5).agent = agent("x"),
        &[
            "documents_are_as_journalled entries/ent_5",
            "pending_is_unmatured_profit agent/a1/pending",
            "pending_is_unmatured_profit agent/x/pending",
            "profit_is_the_markup_of_its_order ent_5",
            "shops_exist ent_5",
        ],
    ),
    row(
        "an entry is of the master's order",
        |c| entry(c, 3).order = order("m1"),
        &[
            "documents_are_as_journalled entries/ent_3",
            "profit_is_the_markup_of_its_order ent_3",
            "profit_is_the_markup_of_its_order ord_c1",
        ],
    ),
    row(
        "an entry is of no order",
        |c| entry(c, 3).order = order("zz"),
        &[
            "documents_are_as_journalled entries/ent_3",
            "profit_is_the_markup_of_its_order ent_3",
            "profit_is_the_markup_of_its_order ord_c1",
        ],
    ),
    row(
        "an entry is due too early",
        |c| entry(c, 5).mature_at = Timestamp::EPOCH,
        &["documents_are_as_journalled entries/ent_5", "profit_matures_in_time ent_5"],
    ),
    row(
        "an entry matured early",
        |c| entry(c, 1).matured_at = Some(Timestamp::EPOCH),
        &["documents_are_as_journalled entries/ent_1", "profit_matures_in_time ent_1"],
    ),
    row(
        "an entry matured by hand",
        |c| entry(c, 5).matured_at = Some(far()),
        &[
            "available_is_matured_remainders agent/a1/available",
            "documents_are_as_journalled entries/ent_5",
            "pending_is_unmatured_profit agent/a1/pending",
            "profit_matures_in_time ent_5",
        ],
    ),
    row(
        "an entry was earned at another time",
        |c| entry(c, 5).earned_at = Timestamp::EPOCH,
        &["documents_are_as_journalled entries/ent_5", "profit_matures_in_time ent_5"],
    ),
    row(
        "an entry vanishes",
        |c| drop(c.entries.remove(&EntryId::new(3))),
        &[
            "available_is_matured_remainders agent/a2/available",
            "documents_are_as_journalled entries/ent_3",
            "profit_is_the_markup_of_its_order ord_c1",
        ],
    ),
    row(
        "a withdrawal is larger",
        |c| withdrawal(c, 3).amount = usdt("99"),
        &[
            "answers_refer_to_what_exists agent:a1/user:10/c28",
            "documents_are_as_journalled withdrawals/wdr_3",
            "held_is_open_withdrawals agent/a1/held",
            "withdrawals_add_up wdr_3",
            "withdrawals_add_up wdr_3",
        ],
    ),
    row(
        "a withdrawal pays more",
        |c| withdrawal(c, 3).net = usdt("12.5"),
        &[
            "answers_refer_to_what_exists agent:a1/user:10/c28",
            "documents_are_as_journalled withdrawals/wdr_3",
            "withdrawals_add_up wdr_3",
        ],
    ),
    row(
        "a paid withdrawal cost less",
        |c| withdrawal(c, 1).fee = Money::ZERO,
        &[
            "answers_refer_to_what_exists agent:a1/user:10/c26",
            "documents_are_as_journalled withdrawals/wdr_1",
            "fees_are_of_paid_withdrawals fee_income",
            "withdrawals_add_up wdr_1",
        ],
    ),
    row(
        "a share is larger",
        |c| withdrawal(c, 3).allocations[0].amount = usdt("20"),
        &[
            "documents_are_as_journalled withdrawals/wdr_3",
            "entries_shrink_by_allocations ent_1",
            "withdrawals_add_up wdr_3",
        ],
    ),
    row(
        "a share is nothing",
        |c| withdrawal(c, 4).allocations[0].amount = Money::ZERO,
        &[
            "allocations_are_of_matured_profit wdr_4",
            "documents_are_as_journalled withdrawals/wdr_4",
            "entries_shrink_by_allocations ent_1",
            "withdrawals_add_up wdr_4",
        ],
    ),
    row(
        "a share is of no entry",
        |c| share_of(c, 99),
        &[
            "allocations_are_of_matured_profit wdr_4",
            "allocations_are_of_matured_profit wdr_4",
            "documents_are_as_journalled withdrawals/wdr_4",
            "entries_shrink_by_allocations ent_1",
            "entries_shrink_by_allocations ent_99",
        ],
    ),
    row(
        "a share is of another agent's entry",
        |c| share_of(c, 3),
        &[
            "allocations_are_of_matured_profit wdr_4",
            "allocations_are_of_matured_profit wdr_4",
            "documents_are_as_journalled withdrawals/wdr_4",
            "entries_shrink_by_allocations ent_1",
            "entries_shrink_by_allocations ent_3",
        ],
    ),
    row(
        "a share is of unmatured profit",
        |c| share_of(c, 5),
        &[
            "allocations_are_of_matured_profit wdr_4",
            "allocations_are_of_matured_profit wdr_4",
            "documents_are_as_journalled withdrawals/wdr_4",
            "entries_shrink_by_allocations ent_1",
            "entries_shrink_by_allocations ent_5",
        ],
    ),
    row(
        "shares are not oldest first",
        |c| withdrawal(c, 1).allocations.extend_from_within(..),
        &[
            "allocations_are_of_matured_profit wdr_1",
            "documents_are_as_journalled withdrawals/wdr_1",
            "entries_shrink_by_allocations ent_1",
            "withdrawals_add_up wdr_1",
        ],
    ),
    row(
        "a withdrawal is another agent's",
        |c| withdrawal(c, 2).agent = agent("a2"),
        &[
            "allocations_are_of_matured_profit wdr_2",
            "documents_are_as_journalled withdrawals/wdr_2",
            "withdrawals_are_the_owners wdr_2",
        ],
    ),
    row(
        "a withdrawal is nobody's",
        |c| withdrawal(c, 2).agent = agent("x"),
        &[
            "allocations_are_of_matured_profit wdr_2",
            "documents_are_as_journalled withdrawals/wdr_2",
            "shops_exist wdr_2",
        ],
    ),
    row(
        "a stranger asked",
        |c| withdrawal(c, 4).requested_by = UserId::new(8),
        &["documents_are_as_journalled withdrawals/wdr_4", "withdrawals_are_the_owners wdr_4"],
    ),
    row(
        "a rejected withdrawal is paid",
        |c| pay(c, 2, "ffffffff"),
        &[
            "documents_are_as_journalled withdrawals/wdr_2",
            "entries_shrink_by_allocations ent_1",
            "fees_are_of_paid_withdrawals fee_income",
            "payouts_are_paid_withdrawals payouts",
        ],
    ),
    row(
        "a transaction pays twice",
        |c| pay(c, 3, "aa11bb22cc33"),
        &[
            "documents_are_as_journalled withdrawals/wdr_3",
            "fees_are_of_paid_withdrawals fee_income",
            "held_is_open_withdrawals agent/a1/held",
            "payouts_are_paid_withdrawals payouts",
            "transactions_pay_once wdr_3",
        ],
    ),
    row(
        "an approval came before the request",
        |c| {
            let (by, at) = (UserId::new(1), Timestamp::EPOCH);
            withdrawal(c, 3).status = WithdrawalStatus::Approved { by, at };
        },
        &["documents_are_as_journalled withdrawals/wdr_3", "withdrawals_add_up wdr_3"],
    ),
    row(
        "a withdrawal vanishes",
        |c| drop(c.withdrawals.remove(&WithdrawalId::new(4))),
        &[
            "answers_refer_to_what_exists agent:a1/user:10/c29",
            "documents_are_as_journalled withdrawals/wdr_4",
            "entries_shrink_by_allocations ent_1",
            "entries_shrink_by_allocations ent_2",
            "held_is_open_withdrawals agent/a1/held",
        ],
    ),
];
