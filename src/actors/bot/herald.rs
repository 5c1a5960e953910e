//! The herald: tells others what somebody's accepted request means to them.
//!
//! A credited customer, an owner whose withdrawal moved, admins with a new request. Only after the
//! answer is durable, and only as a notice: whatever is told can be looked up as well.

use super::shop::Shop;
use crate::domain::id::{TenantId, WithdrawalId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::outcome::Outcome;
use crate::domain::withdrawal::Withdrawal;
use crate::telegram::request::{Reply, Request};
use crate::telegram::screen::notices;

/// What may have to be told once the reply is there.
pub(super) enum News {
    /// Nothing.
    None,
    /// A customer was given money.
    Credit(LedgerCommand),
    /// An owner asks to be paid.
    Requested,
    /// A request of an owner moved.
    Moved(WithdrawalId),
}

impl News {
    /// What a request may mean to others.
    pub(super) fn of(request: &Request) -> Self {
        let Request::Ledger(command) = request else { return Self::None };
        match command {
            LedgerCommand::Credit { .. } => Self::Credit(command.clone()),
            LedgerCommand::RequestWithdrawal { .. } => Self::Requested,
            LedgerCommand::ApproveWithdrawal { withdrawal }
            | LedgerCommand::RejectWithdrawal { withdrawal, .. }
            | LedgerCommand::PayWithdrawal { withdrawal, .. } => Self::Moved(*withdrawal),
            LedgerCommand::IssueQuote { .. }
            | LedgerCommand::PlaceOrder { .. }
            | LedgerCommand::MarkDelivered { .. }
            | LedgerCommand::AwaitCustomer { .. }
            | LedgerCommand::CreateAgent { .. }
            | LedgerCommand::SetStatus { .. }
            | LedgerCommand::SetPricing { .. }
            | LedgerCommand::RenewOwnerLink { .. }
            | LedgerCommand::ClaimOwner { .. }
            | LedgerCommand::SetOwnPricing { .. }
            | LedgerCommand::SetWallet { .. }
            | LedgerCommand::MatureDue { .. }
            | LedgerCommand::RegisterMaster { .. }
            | LedgerCommand::Quarantine { .. } => Self::None,
        }
    }

    /// Tells it, if the request was accepted.
    pub(super) async fn tell(self, shop: &Shop, reply: &Reply) {
        let Reply::Accepted(outcome) = reply else { return };
        match (self, outcome) {
            (
                Self::Credit(LedgerCommand::Credit { tenant, user, amount, .. }),
                Outcome::Credited { balance },
            ) => {
                let balance = *balance;
                shop.fleet
                    .post
                    .tell(&tenant, user, move |voice| notices::credited(voice, amount, balance));
            }
            (Self::Requested, Outcome::WithdrawalRequested(terms)) => {
                if let Some(withdrawal) = load(shop, terms.id).await {
                    shop.fleet.post.tell_admins(move |voice| {
                        notices::withdrawal_requested(voice, &withdrawal)
                    });
                }
            }
            (Self::Moved(id), Outcome::WithdrawalMoved(_)) => {
                if let Some(withdrawal) = load(shop, id).await {
                    tell_owner(shop, withdrawal);
                }
            }
            (Self::None | Self::Credit(_) | Self::Requested | Self::Moved(_), _) => {}
        }
    }
}

async fn load(shop: &Shop, id: WithdrawalId) -> Option<Withdrawal> {
    // A notice that cannot be written for want of the store is not owed.
    shop.fleet.store.withdrawal(id).await.ok().flatten()
}

fn tell_owner(shop: &Shop, withdrawal: Withdrawal) {
    let tenant = TenantId::Agent(withdrawal.agent.clone());
    let owner = shop.fleet.core.views().read().tenants.get(&tenant).and_then(|shop| shop.owner);
    if let Some(owner) = owner {
        shop.fleet
            .post
            .tell(&tenant, owner, move |voice| notices::withdrawal_moved(voice, &withdrawal));
    }
}
