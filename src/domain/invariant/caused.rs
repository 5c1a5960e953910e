//! Which facts a command can have caused: of its kind, about the ids it names, by who gave it.

use crate::domain::catalog;
use crate::domain::chronicle::Chronicle;
use crate::domain::command::{Caller, Command};
use crate::domain::event::{CoreCommand, Event};
use crate::domain::id::{ItemId, OrderId, QuoteId, TenantId, WithdrawalId};
use crate::domain::ledger::{Account, Cause, LedgerCommand, LedgerEvent, Transfer};
use crate::domain::order::Delivery;
use crate::domain::stock::{HoldRefusal, StockCommand, StockEvent};
use crate::domain::withdrawal::WithdrawalStatus;

/// Whether `event` is a durable fact that `command` can have caused in the business `before` it.
/// The memory of its answer is not asked about here.
pub(super) fn caused(command: &CoreCommand, event: &Event, before: &Chronicle) -> bool {
    if !event.is_durable() {
        return false;
    }
    match (command, event) {
        (CoreCommand::Stock(command), Event::Stock(event)) => by_stock(&command.body, event),
        (CoreCommand::Stock(_), Event::Ledger(_)) => false,
        (CoreCommand::Ledger(command), Event::Stock(event)) => sold_by(command, event),
        (CoreCommand::Ledger(command), Event::Ledger(event)) => by_ledger(command, event, before),
    }
}

fn by_stock(body: &StockCommand, event: &StockEvent) -> bool {
    use StockCommand as C;
    use StockEvent as E;
    match body {
        C::CreateCategory { name } => {
            matches!(event, E::CategoryCreated { name: is, .. } if catalog::name(name).as_ref() == Ok(is))
        }
        C::RenameCategory { category, name } => {
            matches!(event, E::CategoryRenamed { category: id, name: is }
                if id == category && catalog::name(name).as_ref() == Ok(is))
        }
        C::CreateProduct { category, name, kind, price } => {
            matches!(event, E::ProductCreated(is)
                if is.category == *category && is.kind == *kind && is.price == *price
                    && catalog::name(name).as_ref() == Ok(&is.name))
        }
        C::RenameProduct { product, name } => {
            matches!(event, E::ProductRenamed { product: id, name: is }
                if id == product && catalog::name(name).as_ref() == Ok(is))
        }
        C::DescribeProduct { product, description } => {
            matches!(event, E::ProductDescribed { product: id, description: is }
                if id == product && catalog::description(description).as_ref() == Ok(is))
        }
        C::PriceProduct { product, price } => {
            matches!(event, E::ProductPriced { product: id, price: is }
                if id == product && is == price)
        }
        C::ListProduct { product, listed } => {
            matches!(event, E::ProductListed { product: id, listed: is }
                if id == product && is == listed)
        }
        C::AddItems { product, items } => {
            matches!(event, E::ItemsAdded { product: id, items: added }
                if id == product && added.iter().all(|(_, content)| items.contains(content)))
        }
    }
}

/// The only facts about goods that a ledger command causes are sales.
fn sold_by(command: &Command<LedgerCommand>, event: &StockEvent) -> bool {
    let LedgerCommand::PlaceOrder { quote, holding } = &command.body else { return false };
    matches!(event, StockEvent::Sold { items, order, .. }
        if *order == OrderId::of(quote) && holding.as_ref() == Ok(items))
}

fn by_ledger(command: &Command<LedgerCommand>, event: &LedgerEvent, before: &Chronicle) -> bool {
    use LedgerCommand as C;
    use LedgerEvent as E;
    let user = match command.caller {
        Caller::User(user) => Some(user),
        Caller::System => None,
    };
    match &command.body {
        C::IssueQuote { .. } => false,
        C::PlaceOrder { quote, holding } => by_order(command, quote, holding, event),
        C::MarkDelivered { order } => {
            matches!(event, E::DeliveryChanged { order: id, delivery: Delivery::Delivered { .. } }
                if id == order)
        }
        C::AwaitCustomer { order, cause } => {
            matches!(event, E::DeliveryChanged { order: id, delivery: Delivery::Awaiting { cause: is } }
                if id == order && is == cause)
        }
        C::CreateAgent { agent, bot, code, .. } => {
            matches!(event, E::TenantOpened(is) if is.agent() == Some(agent) && is.bot == *bot
                && is.owner.is_none() && is.link.is_some_and(|link| link.code == *code))
        }
        C::RegisterMaster { bot, .. } => {
            matches!(event, E::TenantOpened(is) if is.id == TenantId::Master && is.bot == *bot)
        }
        C::SetStatus { agent, status } => {
            matches!(event, E::StatusChanged { tenant, status: is }
                if tenant.agent() == Some(agent) && is == status)
        }
        C::SetPricing { agent, markup } => {
            matches!(event, E::PricingChanged { tenant, pricing }
                if tenant.agent() == Some(agent) && pricing.markup == *markup)
        }
        C::SetOwnPricing { markup } => {
            matches!(event, E::PricingChanged { tenant, pricing }
                if *tenant == command.tenant && pricing.markup == *markup)
        }
        C::RenewOwnerLink { agent, code } => {
            matches!(event, E::OwnerLinkRenewed { tenant, link }
                if tenant.agent() == Some(agent) && link.code == *code)
        }
        C::ClaimOwner { .. } => {
            matches!(event, E::OwnerClaimed { tenant, owner }
                if *tenant == command.tenant && Some(*owner) == user)
        }
        C::SetWallet { address } => {
            matches!(event, E::WalletChanged { tenant, address: is }
                if *tenant == command.tenant && is == address)
        }
        C::Credit { tenant, user: to, amount, .. } => {
            matches!(event, E::Moved { transfer, cause: Cause::Credit { by, .. }, .. }
                if Some(*by) == user && transfer.from == Account::Adjustments
                    && transfer.to == Account::Customer(tenant.clone(), *to)
                    && transfer.amount == *amount)
        }
        C::RequestWithdrawal { .. }
        | C::ApproveWithdrawal { .. }
        | C::RejectWithdrawal { .. }
        | C::PayWithdrawal { .. } => by_withdrawal(command, event, before),
        C::MatureDue { limit } => by_maturity(*limit, event),
        C::Quarantine { key, .. } => {
            matches!(event, E::Quarantined { key: is, .. } if is == key)
        }
    }
}

fn by_order(
    command: &Command<LedgerCommand>,
    quote: &QuoteId,
    holding: &Result<Vec<ItemId>, HoldRefusal>,
    event: &LedgerEvent,
) -> bool {
    use LedgerEvent as E;
    let (Caller::User(user), Ok(items)) = (command.caller, holding) else { return false };
    let (id, agent) = (OrderId::of(quote), command.tenant.agent());
    let pays = |Transfer { from, to, .. }: &Transfer| {
        let kept = *to == Account::Revenue;
        let earned = agent.is_some_and(|agent| *to == Account::AgentPending(agent.clone()));
        *from == Account::Customer(command.tenant.clone(), user) && (kept || earned)
    };
    matches!(event, E::OrderPlaced(is) if is.id == id && is.tenant == command.tenant
        && is.user == user && is.items == *items)
        || matches!(event, E::Moved { transfer, cause: Cause::Order(of), .. }
            if *of == id && pays(transfer))
        || matches!(event, E::ProfitEarned(is) if is.order == id && Some(&is.agent) == agent)
}

fn by_maturity(limit: u32, event: &LedgerEvent) -> bool {
    use LedgerEvent as E;
    matches!(event, E::ProfitMatured { entries, .. } if entries.len() <= limit as usize)
        || matches!(event, E::Moved { transfer, cause: Cause::Maturity, .. }
            if matches!((&transfer.from, &transfer.to),
                (Account::AgentPending(from), Account::AgentAvailable(to)) if from == to))
}

/// A withdrawal's life: what each step may say of whom, and where its money goes.
fn by_withdrawal(
    command: &Command<LedgerCommand>,
    event: &LedgerEvent,
    before: &Chronicle,
) -> bool {
    use LedgerCommand as C;
    use LedgerEvent as E;
    use WithdrawalStatus as S;
    let Caller::User(user) = command.caller else { return false };
    let of = |id: &WithdrawalId| before.withdrawals.get(id);
    let moved = |event: &LedgerEvent, named: Option<WithdrawalId>, flows: &[Flow]| {
        matches!(event, E::Moved { transfer, cause: Cause::Withdrawal(id), .. }
            if named.is_none_or(|named| named == *id)
                && flows.iter().any(|flow| flow(&transfer.from, &transfer.to)))
    };
    match &command.body {
        C::RequestWithdrawal { amount } => {
            matches!(event, E::WithdrawalRequested(is) if is.requested_by == user
                && command.tenant.agent() == Some(&is.agent) && is.amount == *amount
                && is.status == S::Requested)
                || matches!(event, E::EntriesAllocated { taken: true, withdrawal, allocations, .. }
                    if of(withdrawal).is_some_and(|is| is.allocations == *allocations))
                || moved(event, None, &[holds])
        }
        C::ApproveWithdrawal { withdrawal } => {
            matches!(event, E::WithdrawalMoved { withdrawal: id, status: S::Approved { by, .. } }
                if id == withdrawal && *by == user)
        }
        C::RejectWithdrawal { withdrawal, .. } => {
            matches!(event, E::WithdrawalMoved { withdrawal: id, status: S::Rejected { by, .. } }
                if id == withdrawal && *by == user)
                || matches!(event, E::EntriesAllocated { taken: false, withdrawal: id, allocations, .. }
                    if id == withdrawal && of(id).is_some_and(|is| is.allocations == *allocations))
                || moved(event, Some(*withdrawal), &[gives_back])
        }
        C::PayWithdrawal { withdrawal, txid, .. } => {
            matches!(event, E::WithdrawalMoved { withdrawal: id, status: S::Paid { by, txid: is, .. } }
                if id == withdrawal && *by == user && is == txid)
                || moved(event, Some(*withdrawal), &[pays_out, keeps_fee])
        }
        C::IssueQuote { .. }
        | C::PlaceOrder { .. }
        | C::MarkDelivered { .. }
        | C::AwaitCustomer { .. }
        | C::CreateAgent { .. }
        | C::SetStatus { .. }
        | C::SetPricing { .. }
        | C::RenewOwnerLink { .. }
        | C::ClaimOwner { .. }
        | C::SetOwnPricing { .. }
        | C::SetWallet { .. }
        | C::Credit { .. }
        | C::MatureDue { .. }
        | C::RegisterMaster { .. }
        | C::Quarantine { .. } => false,
    }
}

/// Whether money may go from one account to the other.
type Flow = fn(&Account, &Account) -> bool;

fn holds(from: &Account, to: &Account) -> bool {
    matches!((from, to), (Account::AgentAvailable(a), Account::AgentHeld(b)) if a == b)
}

fn gives_back(from: &Account, to: &Account) -> bool {
    matches!((from, to), (Account::AgentHeld(a), Account::AgentAvailable(b)) if a == b)
}

const fn pays_out(from: &Account, to: &Account) -> bool {
    matches!((from, to), (Account::AgentHeld(_), Account::ExternalPayouts))
}

const fn keeps_fee(from: &Account, to: &Account) -> bool {
    matches!((from, to), (Account::AgentHeld(_), Account::FeeIncome))
}
