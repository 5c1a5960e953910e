//! Rows of orders, their profit and its withdrawals.

use super::documents::one;
use super::failure::Failure;
use super::rows::{int, kind_word, to_json};
use crate::domain::id::{AgentId, EntryId, OrderId, WithdrawalId};
use crate::domain::ledger::{Account, Cause, Entry, Transfer};
use crate::domain::order::{Delivery, Order};
use crate::domain::outcome::Allocation;
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::{Withdrawal, WithdrawalStatus};
use rusqlite::{Connection, params};

pub(super) fn place(db: &Connection, order: &Order) -> Result<(), Failure> {
    let items: Vec<u64> = order.items.iter().map(|item| item.number()).collect();
    one(
        db,
        "INSERT INTO orders (id, tenant, user, product, product_name, kind, base, unit, total,
                             items, placed_at, done, delivery)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            order.id.to_string(),
            order.tenant.to_string(),
            order.user.number(),
            int(order.product.number())?,
            order.product_name,
            kind_word(order.kind),
            order.price.base.micros(),
            order.price.unit.micros(),
            order.total.micros(),
            to_json(&items)?,
            order.placed_at.ms(),
            order.delivery.is_done(),
            to_json(&order.delivery)?,
        ],
        format_args!("{}", order.id),
    )
}

pub(super) fn deliver(db: &Connection, order: &OrderId, delivery: Delivery) -> Result<(), Failure> {
    one(
        db,
        "UPDATE orders SET done = ?2, delivery = ?3 WHERE id = ?1 AND done = 0",
        params![order.to_string(), delivery.is_done(), to_json(&delivery)?],
        format_args!("{order} does not wait for delivery"),
    )
}

pub(super) fn note_credit(
    db: &Connection,
    transfer: &Transfer,
    cause: &Cause,
    at: Timestamp,
) -> Result<(), Failure> {
    let (Cause::Credit { by, reason }, Account::Customer(tenant, user)) = (cause, &transfer.to)
    else {
        return Ok(());
    };
    one(
        db,
        "INSERT INTO credits (tenant, user, amount, admin, reason, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            tenant.to_string(),
            user.number(),
            transfer.amount.micros(),
            by.number(),
            reason,
            at.ms()
        ],
        format_args!("a credit"),
    )
}

pub(super) fn earn(db: &Connection, entry: &Entry) -> Result<(), Failure> {
    one(
        db,
        "INSERT INTO entries (id, agent, order_id, amount, remaining, earned_at, mature_at,
                              matured_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            int(entry.id.number())?,
            entry.agent.to_string(),
            entry.order.to_string(),
            entry.amount.micros(),
            entry.remaining.micros(),
            entry.earned_at.ms(),
            entry.mature_at.ms(),
            entry.matured_at.map(Timestamp::ms),
        ],
        format_args!("{}", entry.id),
    )
}

pub(super) fn mature(db: &Connection, entries: &[EntryId], at: Timestamp) -> Result<(), Failure> {
    for entry in entries {
        one(
            db,
            "UPDATE entries SET matured_at = ?2 WHERE id = ?1 AND matured_at IS NULL",
            params![int(entry.number())?, at.ms()],
            format_args!("{entry} is not pending"),
        )?;
    }
    Ok(())
}

pub(super) fn allocate(
    db: &Connection,
    agent: &AgentId,
    allocations: &[Allocation],
    taken: bool,
) -> Result<(), Failure> {
    let agent = agent.to_string();
    for Allocation { entry, amount } in allocations {
        let change = if taken { amount.negated() } else { *amount };
        one(
            db,
            "UPDATE entries SET remaining = remaining + ?3
             WHERE id = ?1 AND agent = ?2 AND matured_at IS NOT NULL
               AND remaining + ?3 BETWEEN 0 AND amount",
            params![int(entry.number())?, agent, change.micros()],
            format_args!("{entry} does not have that much"),
        )?;
    }
    Ok(())
}

pub(super) fn request(db: &Connection, withdrawal: &Withdrawal) -> Result<(), Failure> {
    let allocations: Vec<(u64, i64)> =
        withdrawal.allocations.iter().map(|a| (a.entry.number(), a.amount.micros())).collect();
    one(
        db,
        "INSERT INTO withdrawals (id, agent, state, amount, fee, net, requested_by, requested_at,
                                  address, allocations, status)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            int(withdrawal.id.number())?,
            withdrawal.agent.to_string(),
            withdrawal.status.state().word(),
            withdrawal.amount.micros(),
            withdrawal.fee.micros(),
            withdrawal.net.micros(),
            withdrawal.requested_by.number(),
            withdrawal.requested_at.ms(),
            withdrawal.address.text(),
            to_json(&allocations)?,
            to_json(&withdrawal.status)?,
        ],
        format_args!("{}", withdrawal.id),
    )
}

/// A closed withdrawal stays closed; the transaction that paid it pays no other.
pub(super) fn settle(
    db: &Connection,
    withdrawal: WithdrawalId,
    status: &WithdrawalStatus,
) -> Result<(), Failure> {
    let txid = match status {
        WithdrawalStatus::Paid { txid, .. } => Some(txid.to_string()),
        WithdrawalStatus::Requested
        | WithdrawalStatus::Approved { .. }
        | WithdrawalStatus::Rejected { .. } => None,
    };
    one(
        db,
        "UPDATE withdrawals SET state = ?2, status = ?3, txid = ?4
         WHERE id = ?1 AND state IN ('requested', 'approved')",
        params![int(withdrawal.number())?, status.state().word(), to_json(status)?, txid],
        format_args!("{withdrawal} is not open"),
    )
}
