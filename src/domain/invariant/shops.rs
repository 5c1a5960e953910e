//! Shops, their people, and the memory of commands (laws 2, 6, 7 and 13).

use super::{Findings, command_id};
use crate::domain::chronicle::Chronicle;
use crate::domain::command::{Answered, Caller};
use crate::domain::id::{AgentId, TenantId};
use crate::domain::ledger::Account;
use crate::domain::outcome::Outcome;
use std::collections::BTreeMap;
use std::fmt::Display;

/// An agent has an owner or an open invitation, never both; the master has neither.
pub(super) fn owned_or_invited(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for tenant in chronicle.tenants.values() {
        let people = (tenant.owner.is_some(), tenant.link.is_some());
        match (&tenant.id, people) {
            (TenantId::Master, (false, false))
            | (TenantId::Agent(_), (true, false) | (false, true)) => {}
            (TenantId::Master, _) => findings.add(&tenant.id, "the master can have no owner"),
            (TenantId::Agent(_), (true, true)) => {
                findings.add(&tenant.id, "is owned and yet waits for an owner");
            }
            (TenantId::Agent(_), (false, false)) => {
                findings.add(&tenant.id, "has no owner and no invitation");
            }
        }
    }
}

pub(super) fn bots_serve_one_shop(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let (mut bots, mut tokens) = (BTreeMap::new(), BTreeMap::new());
    for tenant in chronicle.tenants.values() {
        if let Some(other) = bots.insert(tenant.bot.id, &tenant.id) {
            findings.pair(&tenant.id, other, "both are served by the same bot");
        }
        if let Some(other) = tokens.insert(tenant.bot.token, &tenant.id) {
            findings.pair(&tenant.id, other, "both have the same token");
        }
    }
}

/// Every shop that a document names exists.
pub(super) fn they_exist(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let mut need = |tenant: &TenantId, by: &dyn Display| {
        if !chronicle.tenants.contains_key(tenant) {
            findings.pair(by, tenant, "the shop does not exist");
        }
    };
    let shop = |agent: &AgentId| TenantId::Agent(agent.clone());
    for order in chronicle.orders.values() {
        need(&order.tenant, &order.id);
    }
    for entry in chronicle.entries.values() {
        need(&shop(&entry.agent), &entry.id);
    }
    for withdrawal in chronicle.withdrawals.values() {
        need(&shop(&withdrawal.agent), &withdrawal.id);
    }
    for credit in &chronicle.credits {
        need(&credit.tenant, &Account::Customer(credit.tenant.clone(), credit.user));
    }
    for account in chronicle.balances.keys() {
        if let Account::Customer(tenant, _) = account {
            need(tenant, account);
        } else if let Some(agent) = account.agent() {
            need(&shop(agent), account);
        }
    }
}

/// The remembered answer of a command speaks of something that is there and is as it was told.
pub(super) fn answers_refer(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    for (key, answered) in &chronicle.answers {
        if let Some(wrong) = wrong_answer(chronicle, answered) {
            findings.add(command_id(key), wrong);
        }
    }
}

fn wrong_answer(chronicle: &Chronicle, answered: &Answered) -> Option<&'static str> {
    let (key, missing) = (&answered.key, "the answer names something that does not exist");
    let unless = |holds: bool, says: &'static str| (!holds).then_some(says);
    match &answered.outcome {
        Outcome::Done | Outcome::ItemsAdded(_) => None,
        Outcome::CategoryCreated(id) => {
            unless(chronicle.catalog.categories.contains_key(id), missing)
        }
        Outcome::ProductCreated(id) => unless(chronicle.catalog.products.contains_key(id), missing),
        Outcome::OrderPlaced(receipt) => match chronicle.orders.get(&receipt.order) {
            None => Some(missing),
            Some(order) => unless(
                order.total == receipt.total
                    && order.tenant == key.tenant
                    && key.caller == Caller::User(order.user),
                "the receipt is not that of the order",
            ),
        },
        Outcome::AgentCreated(agent) | Outcome::OwnerClaimed(agent) => {
            unless(chronicle.tenants.contains_key(&TenantId::Agent(agent.clone())), missing)
        }
        Outcome::Credited { balance } => {
            unless(!balance.is_negative(), "the customer was told a balance below zero")
        }
        Outcome::WithdrawalRequested(terms) => match chronicle.withdrawals.get(&terms.id) {
            None => Some(missing),
            Some(withdrawal) => unless(
                (withdrawal.amount, withdrawal.fee, withdrawal.net)
                    == (terms.amount, terms.fee, terms.net),
                "the terms are not those of the withdrawal",
            ),
        },
        Outcome::WithdrawalMoved(id) => unless(chronicle.withdrawals.contains_key(id), missing),
        Outcome::Quoted(_) | Outcome::Matured { .. } => Some("an answer that is never remembered"),
    }
}

/// A document stands under the id that it carries.
pub(super) fn filed_by_their_id(chronicle: &Chronicle, findings: &mut Findings<'_>) {
    let mut same = |key: String, own: String| {
        if key != own {
            findings.pair(key, own, "is filed under an id that is not its own");
        }
    };
    for (id, category) in &chronicle.catalog.categories {
        same(id.to_string(), category.id.to_string());
    }
    for (id, product) in &chronicle.catalog.products {
        same(id.to_string(), product.id.to_string());
    }
    for (id, order) in &chronicle.orders {
        same(id.to_string(), order.id.to_string());
    }
    for (id, entry) in &chronicle.entries {
        same(id.to_string(), entry.id.to_string());
    }
    for (id, withdrawal) in &chronicle.withdrawals {
        same(id.to_string(), withdrawal.id.to_string());
    }
    for (id, tenant) in &chronicle.tenants {
        same(id.to_string(), tenant.id.to_string());
    }
    for (key, answered) in &chronicle.answers {
        same(command_id(key), command_id(&answered.key));
    }
}
