//! The laws as checks on documents: what must hold in every [`Chronicle`], whoever wrote it.
//!
//! Each [`Invariant`] has a name, the law of DESIGN.md (section 2) that it serves, and a function
//! that looks at the whole business and names every id at fault. The audit runs them on a store, the
//! simulation and the tests after every step. [`live`] does the same for the machines in memory, and
//! [`history`] for the way the documents came about.

mod caused;
mod goods;
pub mod history;
pub mod live;
mod money;
mod profit;
mod shops;
mod withdrawals;

use super::chronicle::Chronicle;
use super::command::CommandKey;
use serde::Serialize;
use std::fmt;

/// A law that does not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Violation {
    /// Which law of DESIGN.md, section 2.
    pub law: u8,
    /// Which check found it.
    pub name: &'static str,
    /// What is at fault, the most telling id first.
    pub ids: Vec<String>,
    /// What is wrong, for the person who has to look.
    pub says: String,
}

/// One check on all documents.
#[derive(Clone, Copy, Debug)]
pub struct Invariant {
    /// The law it serves.
    pub law: u8,
    /// Its name in reports; stable, scripts may look for it.
    pub name: &'static str,
    check: fn(&Chronicle, &mut Findings<'_>),
}

/// The name of a check, for reports and lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Check {
    /// The law it serves.
    pub law: u8,
    /// Its name in reports; stable, scripts may look for it.
    pub name: &'static str,
}

impl Check {
    /// The check `name`, which serves `law`.
    pub const fn new(law: u8, name: &'static str) -> Self {
        Self { law, name }
    }
}

/// Every invariant, law by law.
pub const INVARIANTS: &[Invariant] = &[
    rule(2, "answers_refer_to_what_exists", shops::answers_refer),
    rule(2, "transactions_pay_once", withdrawals::txids_are_unique),
    rule(3, "book_sums_to_zero", money::book_sums_to_zero),
    rule(3, "customers_are_never_negative", money::customers_are_not_negative),
    rule(3, "agents_are_negative_for_a_reason", money::agents_are_negative_for_a_reason),
    rule(3, "adjustments_are_credits", money::adjustments_are_credits),
    rule(3, "revenue_is_base_prices", money::revenue_is_base_prices),
    rule(3, "payouts_are_paid_withdrawals", money::payouts_are_paid_withdrawals),
    rule(3, "fees_are_of_paid_withdrawals", money::fees_are_of_paid_withdrawals),
    rule(3, "balances_have_a_source", money::balances_have_a_source),
    rule(3, "credits_are_positive", money::credits_are_positive),
    rule(3, "pending_is_unmatured_profit", profit::pending_is_unmatured_profit),
    rule(3, "available_is_matured_remainders", profit::available_is_matured_remainders),
    rule(3, "held_is_open_withdrawals", withdrawals::held_is_open_withdrawals),
    rule(3, "entries_shrink_by_allocations", profit::entries_shrink_by_allocations),
    rule(3, "withdrawals_add_up", withdrawals::they_add_up),
    rule(3, "allocations_are_of_matured_profit", withdrawals::allocations_are_of_matured_profit),
    rule(4, "order_items_exist", goods::order_items_exist),
    rule(4, "order_items_are_of_its_product", goods::order_items_are_of_its_product),
    rule(4, "items_have_one_order", goods::items_have_one_order),
    rule(4, "items_and_orders_agree", goods::items_and_orders_agree),
    rule(4, "orders_have_items", goods::orders_have_items),
    rule(4, "deliveries_follow_payment", goods::deliveries_follow_payment),
    rule(4, "unsold_contents_are_unique", goods::unsold_contents_are_unique),
    rule(4, "catalogue_is_whole", goods::catalogue_is_whole),
    rule(5, "orders_cost_unit_times_quantity", goods::orders_cost_unit_times_quantity),
    rule(5, "units_are_not_below_base", goods::units_are_not_below_base),
    rule(5, "profit_is_the_markup_of_its_order", profit::it_is_the_markup_of_its_order),
    rule(5, "profit_matures_in_time", profit::it_matures_in_time),
    rule(6, "agents_are_owned_or_invited", shops::owned_or_invited),
    rule(6, "withdrawals_are_the_owners", withdrawals::they_are_the_owners),
    rule(7, "shops_exist", shops::they_exist),
    rule(7, "bots_serve_one_shop", shops::bots_serve_one_shop),
    rule(7, "customers_own_what_they_paid_in", money::customers_own_what_they_paid_in),
    rule(9, "deposits_have_a_record", money::deposits_have_a_record),
    rule(13, "documents_are_filed_by_their_id", shops::filed_by_their_id),
];

/// Runs every invariant.
pub fn check(chronicle: &Chronicle) -> Vec<Violation> {
    let mut violations = Vec::new();
    for invariant in INVARIANTS {
        let mut findings = Findings::new(invariant.law, invariant.name, &mut violations);
        (invariant.check)(chronicle, &mut findings);
    }
    violations
}

/// Where one check writes down what it finds.
pub struct Findings<'a> {
    law: u8,
    name: &'static str,
    found: &'a mut Vec<Violation>,
}

impl<'a> Findings<'a> {
    /// Findings of the check `name`, which serves `law`.
    pub const fn new(law: u8, name: &'static str, found: &'a mut Vec<Violation>) -> Self {
        Self { law, name, found }
    }

    /// One thing at fault.
    pub fn add(&mut self, id: impl fmt::Display, says: impl Into<String>) {
        self.add_all(vec![id.to_string()], says);
    }

    /// Two things that do not fit each other.
    pub fn pair(
        &mut self,
        id: impl fmt::Display,
        other: impl fmt::Display,
        says: impl Into<String>,
    ) {
        self.add_all(vec![id.to_string(), other.to_string()], says);
    }

    fn add_all(&mut self, ids: Vec<String>, says: impl Into<String>) {
        self.found.push(Violation { law: self.law, name: self.name, ids, says: says.into() });
    }

    /// `found` must be `expected`; both are sums of money.
    fn equal(
        &mut self,
        id: impl fmt::Display,
        found: rust_decimal::Decimal,
        expected: rust_decimal::Decimal,
        of: &str,
    ) {
        if found != expected {
            let (found, expected) = (found.normalize(), expected.normalize());
            self.add(id, format!("holds {found}, but {of} add up to {expected}"));
        }
    }
}

/// A command as reports name it: shop, caller, id.
pub fn command_id(key: &CommandKey) -> String {
    format!("{}/{}/{}", key.tenant, key.caller, key.id)
}

const fn rule(law: u8, name: &'static str, check: fn(&Chronicle, &mut Findings<'_>)) -> Invariant {
    Invariant { law, name, check }
}
