//! From domain values to documents, in the fields that `schema/collections.rs` declares.
//!
//! Documents are built as bytes at once: a batch of a thousand orders is thousands of them.

use super::decimal::{from_decimal, from_money};
use super::failure::Failure;
use crate::domain::catalog::{GoodsKind, Product};
use crate::domain::command::CommandKey;
use crate::domain::id::{ItemId, ProductId, TenantId};
use crate::domain::ledger::Entry;
use crate::domain::order::{AwaitCause, Delivery, Order};
use crate::domain::pricing::Markup;
use crate::domain::sealed::{Fingerprint, Sealed};
use crate::domain::tenant::{Tenant, TenantStatus};
use crate::domain::time::Timestamp;
use crate::domain::withdrawal::{Withdrawal, WithdrawalState, WithdrawalStatus};
use mongodb::bson::raw::cstr;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, RawArrayBuf, RawDocumentBuf, rawdoc};

/// Places of one batch in [`place`].
const PLACES: u64 = 1 << 20;

/// A number of ours as the database keeps it.
pub(super) fn int(number: u64) -> Result<i64, Failure> {
    i64::try_from(number)
        .map_err(|_| Failure::Contradiction(format!("{number} does not fit the store")))
}

/// The place of something in the order of arrival: the batch, then where it stands in it.
pub(super) fn place(seq: u64, nth: usize) -> Result<i64, Failure> {
    let nth = u64::try_from(nth).ok().filter(|nth| *nth < PLACES);
    let place = nth.and_then(|nth| seq.checked_mul(PLACES)?.checked_add(nth));
    int(place.ok_or_else(|| Failure::Contradiction("a batch has too many rows".to_owned()))?)
}

pub(super) const fn time(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.ms())
}

pub(super) fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}

/// The key of a command as an id: none of its parts holds a blank.
pub(super) fn key(key: &CommandKey) -> String {
    format!("{} {} {}", key.tenant, key.caller, key.id)
}

/// A value as JSON text.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|why| Failure::Contradiction(why.to_string()))
}

/// The word a kind of goods is stored as.
pub(super) const fn kind(kind: GoodsKind) -> &'static str {
    match kind {
        GoodsKind::Line => "line",
        GoodsKind::File => "file",
    }
}

/// The word a cause of waiting is stored as.
pub(super) const fn cause(cause: AwaitCause) -> &'static str {
    match cause {
        AwaitCause::Blocked => "blocked",
        AwaitCause::TokenRevoked => "token_revoked",
        AwaitCause::Paused => "paused",
        AwaitCause::Refused => "refused",
    }
}

/// The word of a profit entry's state.
pub(super) const fn entry_status(entry: &Entry) -> &'static str {
    match entry.matured_at {
        None => "pending",
        Some(_) if entry.remaining.is_zero() => "withdrawn",
        Some(_) => "matured",
    }
}

pub(super) fn order(order: &Order, number: i64) -> Result<RawDocumentBuf, Failure> {
    let mut sold_by = RawDocumentBuf::new();
    match &order.tenant {
        TenantId::Master => sold_by.append(cstr!("type"), "master"),
        TenantId::Agent(agent) => {
            sold_by.append(cstr!("type"), "agent");
            sold_by.append(cstr!("agent_id"), agent.to_string());
        }
    }
    let mut items = RawArrayBuf::new();
    for item in &order.items {
        items.push(int(item.number())?);
    }
    let quantity = i32::try_from(order.quantity())
        .map_err(|_| Failure::Contradiction(format!("{} has too many items", order.id)))?;
    Ok(rawdoc! {
        "_id": order.id.to_string(),
        "number": number,
        "tenant": order.tenant.to_string(),
        "user_id": order.user.number(),
        "sold_by": sold_by,
        "nowuid": int(order.product.number())?,
        "projectname": order.product_name.as_str(),
        "leixing": kind(order.kind),
        "count": quantity,
        "base_price": from_money(order.price.base),
        "agent_price": from_money(order.price.unit),
        "markup_value": from_decimal(order.price.unit.decimal() - order.price.base.decimal()),
        "total": from_money(order.total),
        "items": items,
        "time": time(order.placed_at),
        "delivered": order.delivery.is_done(),
        "delivery": delivery(order.delivery),
    })
}

pub(super) fn delivery(delivery: Delivery) -> RawDocumentBuf {
    match delivery {
        Delivery::Pending => rawdoc! {"state": "pending"},
        Delivery::Awaiting { cause: why } => rawdoc! {"state": "awaiting", "cause": cause(why)},
        Delivery::Delivered { at } => rawdoc! {"state": "delivered", "at": time(at)},
    }
}

pub(super) fn item(
    id: ItemId,
    product: ProductId,
    content: &Fingerprint,
    goods: Option<&Sealed>,
) -> Result<RawDocumentBuf, Failure> {
    let mut item = rawdoc! {
        "_id": int(id.number())?,
        "nowuid": int(product.number())?,
        "state": 0_i32,
        "content": binary(content.bytes()),
    };
    if let Some(sealed) = goods {
        item.append(cstr!("goods"), sealed.text());
    }
    Ok(item)
}

pub(super) fn product(product: &Product) -> Result<RawDocumentBuf, Failure> {
    let mut document = rawdoc! {
        "_id": int(product.id.number())?,
        "uid": int(product.category.number())?,
        "projectname": product.name.as_str(),
        "text": product.description.as_str(),
        "leixing": kind(product.kind),
        "listed": product.listed,
    };
    if let Some(price) = product.price {
        document.append(cstr!("money"), from_money(price));
    }
    Ok(document)
}

/// A profit entry; what it repeats of its order is there when both are of one batch, as they are.
pub(super) fn entry(entry: &Entry, of: Option<&Order>) -> Result<RawDocumentBuf, Failure> {
    let mut document = rawdoc! {
        "_id": int(entry.id.number())?,
        "agent_id": entry.agent.to_string(),
        "order_id": entry.order.to_string(),
        "type": "sale",
        "status": entry_status(entry),
        "profit": from_money(entry.amount),
        "remaining": from_money(entry.remaining),
        "created_at": time(entry.earned_at),
        "mature_at": time(entry.mature_at),
    };
    if let Some(at) = entry.matured_at {
        document.append(cstr!("matured_at"), time(at));
    }
    if let Some(order) = of {
        document.append(cstr!("base_price"), from_money(order.price.base));
        document.append(cstr!("agent_price"), from_money(order.price.unit));
        document.append(cstr!("markup_per_item"), from_money(order.price.profit()));
        let quantity = i32::try_from(order.quantity()).unwrap_or(i32::MAX);
        document.append(cstr!("qty"), quantity);
    }
    Ok(document)
}

pub(super) fn withdrawal(asked: &Withdrawal) -> Result<RawDocumentBuf, Failure> {
    let mut allocations = RawArrayBuf::new();
    for share in &asked.allocations {
        let amount = from_money(share.amount);
        allocations.push(rawdoc! {"entry": int(share.entry.number())?, "amount": amount});
    }
    let mut document = rawdoc! {
        "_id": int(asked.id.number())?,
        "agent_id": asked.agent.to_string(),
        "amount": from_money(asked.amount),
        "fee": from_money(asked.fee),
        "net": from_money(asked.net),
        "wallet_address": asked.address.text(),
        "requested_by": asked.requested_by.number(),
        "requested_at": time(asked.requested_at),
        "allocations": allocations,
    };
    append_status(&mut document, &asked.status);
    Ok(document)
}

/// The fields of a status, for a new document or a change.
pub(super) fn append_status(document: &mut RawDocumentBuf, status: &WithdrawalStatus) {
    document.append(cstr!("status"), status.state().word());
    match status {
        WithdrawalStatus::Requested => {}
        WithdrawalStatus::Approved { by, at } => {
            document.append(cstr!("approved_by"), by.number());
            document.append(cstr!("approved_at"), time(*at));
        }
        WithdrawalStatus::Paid { by, at, txid } => {
            document.append(cstr!("paid_by"), by.number());
            document.append(cstr!("paid_at"), time(*at));
            document.append(cstr!("txid"), txid.to_string());
        }
        WithdrawalStatus::Rejected { by, at, reason } => {
            document.append(cstr!("rejected_by"), by.number());
            document.append(cstr!("rejected_at"), time(*at));
            document.append(cstr!("reject_reason"), reason.as_str());
        }
    }
}

/// The words of the states in which the amount is still held.
pub(super) fn open_states() -> impl Iterator<Item = &'static str> {
    WithdrawalState::ALL.into_iter().filter(|state| state.is_open()).map(WithdrawalState::word)
}

/// The change that makes a shop's document this shop, new or known; the sealed token stays.
pub(super) fn tenant(tenant: &Tenant, updated_at: Timestamp) -> RawDocumentBuf {
    let mut set = rawdoc! {
        "name": tenant.name.as_str(),
        "status": tenant_status(tenant.status),
        "bot": {
            "id": tenant.bot.id.number(),
            "username": tenant.bot.username.as_str(),
            "token": tenant.bot.token.to_string(),
        },
        "pricing": pricing(tenant),
        "payout": payout(tenant),
        "created_at": time(tenant.created_at),
        "updated_at": time(updated_at),
    };
    let mut unset = RawDocumentBuf::new();
    if let Some(agent) = tenant.agent() {
        set.append(cstr!("agent_id"), agent.to_string());
    }
    match tenant.owner {
        Some(owner) => set.append(cstr!("owner_user_id"), owner.number()),
        None => unset.append(cstr!("owner_user_id"), true),
    }
    match tenant.link {
        Some(link) => set.append(
            cstr!("link"),
            rawdoc! {"code": link.code.to_string(), "expires_at": time(link.expires_at)},
        ),
        None => unset.append(cstr!("link"), true),
    }
    match tenant.terms.maturity {
        Some(span) => set.append(cstr!("maturity_ms"), span.ms()),
        None => unset.append(cstr!("maturity_ms"), true),
    }
    let mut change = rawdoc! {"$set": set};
    if !unset.is_empty() {
        change.append(cstr!("$unset"), unset);
    }
    change
}

/// The word of whether a shop sells.
pub(super) const fn tenant_status(status: TenantStatus) -> &'static str {
    match status {
        TenantStatus::Active => "active",
        TenantStatus::Paused => "paused",
    }
}

fn pricing(tenant: &Tenant) -> RawDocumentBuf {
    let rule = &tenant.pricing;
    let mut pricing = match rule.markup {
        Markup::Percent(percent) => {
            rawdoc! {"markup_type": "percent", "markup_value": from_decimal(percent)}
        }
        Markup::Fixed(amount) => {
            rawdoc! {"markup_type": "fixed", "markup_value": from_money(amount)}
        }
    };
    if let Some(floor) = rule.floor {
        pricing.append(cstr!("floor"), from_money(floor));
    }
    if let Some(cap) = rule.cap {
        pricing.append(cstr!("cap"), from_money(cap));
    }
    pricing
}

fn payout(tenant: &Tenant) -> RawDocumentBuf {
    let mut payout = RawDocumentBuf::new();
    if let Some(wallet) = &tenant.wallet {
        payout.append(cstr!("wallet_address"), wallet.text());
    }
    if let Some(least) = tenant.terms.withdrawal_min {
        payout.append(cstr!("min_withdrawal"), from_money(least));
    }
    if let Some(fee) = tenant.terms.withdrawal_fee {
        payout.append(cstr!("fee"), from_money(fee));
    }
    payout
}
