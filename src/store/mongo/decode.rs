//! From documents to domain values: one reader a collection, the mirror of `encode.rs`.

use super::encode;
use super::failure::Failure;
use super::row::Row;
use crate::domain::catalog::{Category, GoodsKind, Product};
use crate::domain::chronicle::{Credit, ItemRecord};
use crate::domain::command::{Answered, Caller, CommandKey};
use crate::domain::id::{CategoryId, EntryId, ItemId, ProductId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::{Account, Entry};
use crate::domain::money::Money;
use crate::domain::order::{AwaitCause, Delivery, Order};
use crate::domain::outcome::Allocation;
use crate::domain::pricing::{Markup, PriceRule, UnitPrice};
use crate::domain::sealed::Fingerprint;
use crate::domain::tenant::{BotIdentity, OwnerLink, Tenant, TenantStatus, Terms};
use crate::domain::time::{Millis, Timestamp};
use crate::domain::withdrawal::{Withdrawal, WithdrawalState, WithdrawalStatus};
use crate::store::Head;
use crate::store::batch::Profile;
use mongodb::bson::RawBsonRef;

pub(super) fn head(row: &Row<'_>) -> Result<Head, Failure> {
    Ok(Head { epoch: row.count("epoch")?, seq: row.count("seq")?, hash: row.array("hash")? })
}

pub(super) fn order(row: &Row<'_>) -> Result<Order, Failure> {
    let item = |value: RawBsonRef<'_>| value.as_i64().and_then(|number| u64::try_from(number).ok());
    Ok(Order {
        id: row.parsed("_id")?,
        tenant: row.parsed("tenant")?,
        user: user(row, "user_id")?,
        product: ProductId::new(row.count("nowuid")?),
        product_name: row.text("projectname")?.to_owned(),
        kind: kind(row)?,
        price: UnitPrice { base: row.money("base_price")?, unit: row.money("agent_price")? },
        total: row.money("total")?,
        items: row.list("items", item)?.into_iter().map(ItemId::new).collect(),
        placed_at: row.time("time")?,
        delivery: delivery(&row.inner("delivery")?)?,
    })
}

fn delivery(row: &Row<'_>) -> Result<Delivery, Failure> {
    match row.text("state")? {
        "pending" => Ok(Delivery::Pending),
        "delivered" => Ok(Delivery::Delivered { at: row.time("at")? }),
        "awaiting" => {
            let word = row.text("cause")?;
            [AwaitCause::Blocked, AwaitCause::TokenRevoked, AwaitCause::Paused, AwaitCause::Refused]
                .into_iter()
                .find(|cause| encode::cause(*cause) == word)
                .map(|cause| Delivery::Awaiting { cause })
                .ok_or_else(|| row.damaged("cause", &"not a cause"))
        }
        _ => Err(row.damaged("state", &"not a state of delivery")),
    }
}

pub(super) fn item(row: &Row<'_>) -> Result<(ItemId, ItemRecord), Failure> {
    let order = row.maybe("order_id", Row::parsed)?;
    let (id, product, content) = shelved(row)?;
    Ok((id, ItemRecord { product, content, order }))
}

/// An item that is for sale; one that says so and has an order must never be sold again.
pub(super) fn unsold(row: &Row<'_>) -> Result<(ItemId, ProductId, Fingerprint), Failure> {
    if row.has("order_id")? {
        return Err(row.damaged("state", &"it contradicts the order"));
    }
    shelved(row)
}

/// Number, product and content of an item.
pub(super) fn shelved(row: &Row<'_>) -> Result<(ItemId, ProductId, Fingerprint), Failure> {
    let product = ProductId::new(row.count("nowuid")?);
    Ok((ItemId::new(row.count("_id")?), product, row.content("content")?))
}

pub(super) fn category(row: &Row<'_>) -> Result<Category, Failure> {
    let name = row.text("projectname")?.to_owned();
    Ok(Category { id: CategoryId::new(row.count("_id")?), name })
}

pub(super) fn product(row: &Row<'_>) -> Result<Product, Failure> {
    Ok(Product {
        id: ProductId::new(row.count("_id")?),
        category: CategoryId::new(row.count("uid")?),
        name: row.text("projectname")?.to_owned(),
        description: row.text("text")?.to_owned(),
        price: row.maybe("money", Row::money)?,
        kind: kind(row)?,
        listed: row.flag("listed")?,
    })
}

fn kind(row: &Row<'_>) -> Result<GoodsKind, Failure> {
    let word = row.text("leixing")?;
    [GoodsKind::Line, GoodsKind::File]
        .into_iter()
        .find(|kind| encode::kind(*kind) == word)
        .ok_or_else(|| row.damaged("leixing", &"not a kind of goods"))
}

pub(super) fn entry(row: &Row<'_>) -> Result<Entry, Failure> {
    Ok(Entry {
        id: EntryId::new(row.count("_id")?),
        agent: row.parsed("agent_id")?,
        order: row.parsed("order_id")?,
        amount: row.money("profit")?,
        remaining: row.money("remaining")?,
        earned_at: row.time("created_at")?,
        mature_at: row.time("mature_at")?,
        matured_at: row.maybe("matured_at", Row::time)?,
    })
}

pub(super) fn withdrawal(row: &Row<'_>) -> Result<Withdrawal, Failure> {
    let share = |share: &Row<'_>| {
        let amount = share.money("amount")?;
        Ok(Allocation { entry: EntryId::new(share.count("entry")?), amount })
    };
    Ok(Withdrawal {
        id: WithdrawalId::new(row.count("_id")?),
        agent: row.parsed("agent_id")?,
        requested_by: user(row, "requested_by")?,
        amount: row.money("amount")?,
        fee: row.money("fee")?,
        net: row.money("net")?,
        address: row.parsed("wallet_address")?,
        allocations: row.rows("allocations")?.iter().map(share).collect::<Result<_, Failure>>()?,
        requested_at: row.time("requested_at")?,
        status: withdrawal_status(row)?,
    })
}

fn withdrawal_status(row: &Row<'_>) -> Result<WithdrawalStatus, Failure> {
    let state: WithdrawalState =
        row.text("status")?.parse().map_err(|()| row.damaged("status", &"not a state"))?;
    Ok(match state {
        WithdrawalState::Requested => WithdrawalStatus::Requested,
        WithdrawalState::Approved => WithdrawalStatus::Approved {
            by: user(row, "approved_by")?,
            at: row.time("approved_at")?,
        },
        WithdrawalState::Paid => WithdrawalStatus::Paid {
            by: user(row, "paid_by")?,
            at: row.time("paid_at")?,
            txid: row.parsed("txid")?,
        },
        WithdrawalState::Rejected => WithdrawalStatus::Rejected {
            by: user(row, "rejected_by")?,
            at: row.time("rejected_at")?,
            reason: row.text("reject_reason")?.to_owned(),
        },
    })
}

pub(super) fn tenant(row: &Row<'_>) -> Result<Tenant, Failure> {
    let (bot, payout) = (row.inner("bot")?, row.inner("payout")?);
    let link = |row: &Row<'_>, field: &str| {
        let link = row.inner(field)?;
        Ok(OwnerLink { code: link.parsed("code")?, expires_at: link.time("expires_at")? })
    };
    let word = row.text("status")?;
    let status = [TenantStatus::Active, TenantStatus::Paused]
        .into_iter()
        .find(|status| encode::tenant_status(*status) == word)
        .ok_or_else(|| row.damaged("status", &"not a status"))?;
    let span = |row: &Row<'_>, field: &str| row.int(field).map(Millis::from_ms);
    Ok(Tenant {
        id: row.parsed("_id")?,
        name: row.text("name")?.to_owned(),
        bot: BotIdentity {
            id: user(&bot, "id")?,
            username: bot.text("username")?.to_owned(),
            token: bot.parsed("token")?,
        },
        status,
        owner: row.maybe("owner_user_id", user)?,
        link: row.maybe("link", link)?,
        pricing: pricing(&row.inner("pricing")?)?,
        wallet: payout.maybe("wallet_address", Row::parsed)?,
        terms: Terms {
            maturity: row.maybe("maturity_ms", span)?,
            withdrawal_min: payout.maybe("min_withdrawal", Row::money)?,
            withdrawal_fee: payout.maybe("fee", Row::money)?,
        },
        created_at: row.time("created_at")?,
    })
}

fn pricing(row: &Row<'_>) -> Result<PriceRule, Failure> {
    let markup = match row.text("markup_type")? {
        "percent" => Markup::Percent(row.decimal("markup_value")?),
        "fixed" => Markup::Fixed(row.money("markup_value")?),
        _ => return Err(row.damaged("markup_type", &"not a type of markup")),
    };
    Ok(PriceRule {
        markup,
        floor: row.maybe("floor", Row::money)?,
        cap: row.maybe("cap", Row::money)?,
    })
}

/// A customer's account and what is in it.
pub(super) fn customer(row: &Row<'_>) -> Result<(Account, Money), Failure> {
    let account = Account::Customer(row.parsed("tenant")?, user(row, "user_id")?);
    Ok((account, row.money("USDT")?))
}

/// Any other account and what is in it.
pub(super) fn account(row: &Row<'_>) -> Result<(Account, Money), Failure> {
    Ok((row.parsed("_id")?, row.money("USDT")?))
}

pub(super) fn credit(row: &Row<'_>) -> Result<Credit, Failure> {
    Ok(Credit {
        tenant: row.parsed("tenant")?,
        user: user(row, "user_id")?,
        amount: row.money("usdt")?,
        by: user(row, "admin")?,
        reason: row.text("reason")?.to_owned(),
        at: row.time("time")?,
    })
}

/// Whether StockActor decided it, and the answer.
pub(super) fn answered(row: &Row<'_>) -> Result<(bool, Answered), Failure> {
    let by_stock = match row.text("machine")? {
        "stock" => true,
        "ledger" => false,
        _ => return Err(row.damaged("machine", &"not a machine")),
    };
    let outcome =
        serde_json::from_str(row.text("outcome")?).map_err(|why| row.damaged("outcome", &why))?;
    Ok((by_stock, Answered { key: key(row)?, at: row.time("time")?, outcome }))
}

pub(super) fn quarantined(row: &Row<'_>) -> Result<(CommandKey, (String, Timestamp)), Failure> {
    Ok((key(row)?, (row.text("what")?.to_owned(), row.time("time")?)))
}

/// Bot and update in an id of the inbox's form.
pub(super) fn letter_id(row: &Row<'_>) -> Result<(UserId, u64), Failure> {
    let wrong = || row.damaged("_id", &"not a bot and an update");
    let (bot, update) = row.text("_id")?.split_once(' ').ok_or_else(wrong)?;
    let bot = UserId::new(bot.parse().map_err(|_| wrong())?);
    Ok((bot, update.parse().map_err(|_| wrong())?))
}

/// What is known of this customer.
pub(super) fn profile(row: &Row<'_>, tenant: TenantId, user: UserId) -> Result<Profile, Failure> {
    Ok(Profile {
        tenant,
        user,
        name: row.text("fullname")?.to_owned(),
        username: row.maybe("username", Row::text)?.map(str::to_owned),
        language: row.text("lang")?.to_owned(),
        since: row.time("creation_time")?,
    })
}

/// The key of a command in its id.
pub(super) fn key(row: &Row<'_>) -> Result<CommandKey, Failure> {
    let wrong = || row.damaged("_id", &"not the key of a command");
    let parts: Vec<&str> = row.text("_id")?.split(' ').collect();
    let [tenant, caller, id] = parts[..] else { return Err(wrong()) };
    let caller = match caller.strip_prefix("user:").map(str::parse) {
        Some(Ok(user)) => Caller::User(UserId::new(user)),
        None if caller == "system" => Caller::System,
        Some(Err(_)) | None => return Err(wrong()),
    };
    let tenant = tenant.parse().map_err(|_| wrong())?;
    Ok(CommandKey { tenant, caller, id: id.parse().map_err(|_| wrong())? })
}

pub(super) fn user(row: &Row<'_>, field: &str) -> Result<UserId, Failure> {
    row.int(field).map(UserId::new)
}
