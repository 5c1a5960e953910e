//! Balances and credits that somebody changed.

use super::*;

pub(super) const ROWS: &[Row<Chronicle>] = &[
    row(
        "a customer is richer",
        |c| add(c, customer("a1", 7), "5"),
        &[
            "book_sums_to_zero book",
            "customers_own_what_they_paid_in customer/agent:a1/7",
            "documents_are_as_journalled accounts/customer/agent:a1/7",
        ],
    ),
    row(
        "a customer is below zero",
        |c| add(c, customer("a2", 9), "-1"),
        &[
            "book_sums_to_zero book",
            "customers_are_never_negative customer/agent:a2/9",
            "customers_own_what_they_paid_in customer/agent:a2/9",
            "documents_are_as_journalled accounts/customer/agent:a2/9",
        ],
    ),
    row(
        "two customers swap money",
        |c| {
            add(c, customer("a1", 7), "5");
            add(c, customer("a1", 8), "-5");
        },
        &[
            "customers_own_what_they_paid_in customer/agent:a1/7",
            "customers_own_what_they_paid_in customer/agent:a1/8",
            "documents_are_as_journalled accounts/customer/agent:a1/7",
            "documents_are_as_journalled accounts/customer/agent:a1/8",
        ],
    ),
    row(
        "an agent is below zero",
        |c| add(c, available("a1"), "-100"),
        &[
            "agents_are_negative_for_a_reason agent/a1/available",
            "available_is_matured_remainders agent/a1/available",
            "book_sums_to_zero book",
            "documents_are_as_journalled accounts/agent/a1/available",
        ],
    ),
    row(
        "pending profit grows",
        |c| add(c, Account::AgentPending(agent("a1")), "1"),
        &[
            "book_sums_to_zero book",
            "documents_are_as_journalled accounts/agent/a1/pending",
            "pending_is_unmatured_profit agent/a1/pending",
        ],
    ),
    row(
        "held profit vanishes",
        |c| c.balances.retain(|account, _| *account != held("a1")),
        &[
            "book_sums_to_zero book",
            "documents_are_as_journalled accounts/agent/a1/held",
            "held_is_open_withdrawals agent/a1/held",
        ],
    ),
    row(
        "adjustments change",
        |c| add(c, Account::Adjustments, "1"),
        &[
            "adjustments_are_credits adjustments",
            "book_sums_to_zero book",
            "documents_are_as_journalled accounts/adjustments",
        ],
    ),
    row(
        "revenue is taken",
        |c| add(c, Account::Revenue, "-1"),
        &[
            "book_sums_to_zero book",
            "documents_are_as_journalled accounts/revenue",
            "revenue_is_base_prices revenue",
        ],
    ),
    row(
        "payouts are hidden",
        |c| add(c, Account::ExternalPayouts, "-14"),
        &[
            "book_sums_to_zero book",
            "documents_are_as_journalled accounts/payouts",
            "payouts_are_paid_withdrawals payouts",
        ],
    ),
    row(
        "a fee is taken",
        |c| add(c, Account::FeeIncome, "-1"),
        &[
            "book_sums_to_zero book",
            "documents_are_as_journalled accounts/fee_income",
            "fees_are_of_paid_withdrawals fee_income",
        ],
    ),
    row(
        "money comes from nowhere",
        |c| add(c, Account::ExternalDeposits(Channel::Trc20), "-3"),
        &[
            "book_sums_to_zero book",
            "deposits_have_a_record deposits/trc20",
            "documents_are_as_journalled accounts/deposits/trc20",
        ],
    ),
    row(
        "a deposit waits for its owner and nobody recorded it",
        |c| {
            add(c, Account::ExternalDeposits(Channel::Epay), "-3");
            add(c, Account::Unmatched, "3");
        },
        &[
            "deposits_have_a_record deposits/epay",
            "deposits_have_a_record unmatched",
            "documents_are_as_journalled accounts/deposits/epay",
            "documents_are_as_journalled accounts/unmatched",
        ],
    ),
    row(
        "a deposit is credited and nobody recorded it",
        |c| {
            add(c, Account::ExternalDeposits(Channel::Stars), "-3");
            add(c, customer("a1", 7), "3");
        },
        &[
            "customers_own_what_they_paid_in customer/agent:a1/7",
            "deposits_have_a_record deposits/stars",
            "documents_are_as_journalled accounts/customer/agent:a1/7",
            "documents_are_as_journalled accounts/deposits/stars",
        ],
    ),
    row(
        "an old wallet is claimed from nowhere",
        |c| {
            add(c, Account::LegacyWallet(UserId::new(7)), "-3");
            add(c, Account::Opening, "3");
        },
        &[
            "balances_have_a_source legacy/wallet/7",
            "balances_have_a_source opening",
            "documents_are_as_journalled accounts/legacy/wallet/7",
            "documents_are_as_journalled accounts/opening",
        ],
    ),
    row(
        "a credit is larger",
        |c| c.credits[1].amount = usdt("300"),
        &[
            "adjustments_are_credits adjustments",
            "customers_own_what_they_paid_in customer/agent:a1/7",
            "documents_are_as_journalled credits/agent:a1/7/1700000000000",
        ],
    ),
    row(
        "a credit is negative",
        |c| c.credits[4].amount = usdt("0.5").negated(),
        &[
            "adjustments_are_credits adjustments",
            "credits_are_positive customer/agent:a2/9",
            "customers_own_what_they_paid_in customer/agent:a2/9",
            "documents_are_as_journalled credits/agent:a2/9/1700176400000",
        ],
    ),
    row(
        "a credit has no reason",
        |c| c.credits[0].reason.clear(),
        &[
            "credits_are_positive customer/master/7",
            "documents_are_as_journalled credits/master/7/1700000000000",
        ],
    ),
    row(
        "a credit goes to another shop",
        |c| c.credits[0].tenant = shop("a2"),
        &[
            "customers_own_what_they_paid_in customer/agent:a2/7",
            "customers_own_what_they_paid_in customer/master/7",
            "documents_are_as_journalled credits/agent:a2/7/1700000000000",
            "documents_are_as_journalled credits/master/7/1700000000000",
        ],
    ),
    row(
        "a credit goes to a shop that is not",
        |c| c.credits[0].tenant = shop("x"),
        &[
            "customers_own_what_they_paid_in customer/agent:x/7",
            "customers_own_what_they_paid_in customer/master/7",
            "documents_are_as_journalled credits/agent:x/7/1700000000000",
            "documents_are_as_journalled credits/master/7/1700000000000",
            "shops_exist customer/agent:x/7",
        ],
    ),
    row(
        "a credit vanishes",
        |c| drop(c.credits.remove(0)),
        &[
            "adjustments_are_credits adjustments",
            "customers_own_what_they_paid_in customer/master/7",
            "documents_are_as_journalled credits/master/7/1700000000000",
        ],
    ),
];
