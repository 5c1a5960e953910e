//! Agents: their shops, owners, prices and wallets.

use super::{Decision, LedgerCommand, LedgerEvent, LedgerMachine};
use crate::domain::access::Denied;
use crate::domain::catalog;
use crate::domain::command::{Caller, Command};
use crate::domain::id::{AgentId, TenantId};
use crate::domain::outcome::Outcome;
use crate::domain::pricing::{Markup, PriceRule};
use crate::domain::rejection::Rejection;
use crate::domain::sealed::Fingerprint;
use crate::domain::tenant::{
    AgentRejection, BotIdentity, OwnerLink, Tenant, TenantStatus, Terms, WalletAddress,
};
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;

impl LedgerMachine {
    pub(super) fn create_agent(
        &self,
        agent: &AgentId,
        name: &str,
        bot: &BotIdentity,
        code: Fingerprint,
        now: Timestamp,
    ) -> Decision {
        let id = TenantId::Agent(agent.clone());
        if self.tenants.contains_key(&id) {
            return Err(AgentRejection::IdTaken.into());
        }
        if self.bot_is_taken(&id, bot) {
            return Err(AgentRejection::BotTaken.into());
        }
        let name = catalog::name(name).map_err(AgentRejection::Name)?;
        let link = OwnerLink { code, expires_at: now + self.rules.owner_link_ttl };
        let tenant = Tenant {
            id,
            name,
            bot: bot.clone(),
            status: TenantStatus::Active,
            owner: None,
            link: Some(link),
            pricing: PriceRule::PLAIN,
            wallet: None,
            terms: Terms::default(),
            created_at: now,
        };
        let event = LedgerEvent::TenantOpened(Box::new(tenant));
        Ok((vec![event], Outcome::AgentCreated(agent.clone())))
    }

    /// The master's bot may be exchanged for another by configuration; everything else of its shop
    /// stays. An agent's bot cannot become the master's.
    pub(super) fn register_master(
        &self,
        name: &str,
        bot: &BotIdentity,
        now: Timestamp,
    ) -> Decision {
        if self.bot_is_taken(&TenantId::Master, bot) {
            return Err(AgentRejection::BotTaken.into());
        }
        let known = self.tenants.get(&TenantId::Master);
        if known.is_some_and(|tenant| tenant.bot == *bot) {
            return Ok((Vec::new(), Outcome::Done));
        }
        let tenant = match known {
            Some(tenant) => Tenant { bot: bot.clone(), ..tenant.clone() },
            None => Tenant {
                id: TenantId::Master,
                name: catalog::name(name).map_err(AgentRejection::Name)?,
                bot: bot.clone(),
                status: TenantStatus::Active,
                owner: None,
                link: None,
                pricing: PriceRule::PLAIN,
                wallet: None,
                terms: Terms::default(),
                created_at: now,
            },
        };
        Ok((vec![LedgerEvent::TenantOpened(Box::new(tenant))], Outcome::Done))
    }

    fn bot_is_taken(&self, by_other_than: &TenantId, bot: &BotIdentity) -> bool {
        self.tenants
            .values()
            .filter(|tenant| tenant.id != *by_other_than)
            .any(|tenant| tenant.bot.id == bot.id || tenant.bot.token == bot.token)
    }

    fn agent(&self, agent: &AgentId) -> Result<&Tenant, Rejection> {
        self.tenants
            .get(&TenantId::Agent(agent.clone()))
            .ok_or_else(|| AgentRejection::Unknown.into())
    }

    pub(super) fn set_status(&self, agent: &AgentId, status: TenantStatus) -> Decision {
        let tenant = self.agent(agent)?;
        if tenant.status == status {
            return Ok((Vec::new(), Outcome::Done));
        }
        Ok((vec![LedgerEvent::StatusChanged { tenant: tenant.id.clone(), status }], Outcome::Done))
    }

    /// The markup changes; floor and cap stay, they are the admins' to set.
    pub(super) fn set_pricing(&self, id: &TenantId, markup: Markup) -> Decision {
        let tenant = self
            .tenants
            .get(id)
            .filter(|tenant| tenant.agent().is_some())
            .ok_or(AgentRejection::Unknown)?;
        let markup =
            markup.validated(self.rules.markup_percent_max).map_err(|_| AgentRejection::Markup)?;
        let pricing = PriceRule { markup, ..tenant.pricing.clone() };
        if pricing == tenant.pricing {
            return Ok((Vec::new(), Outcome::Done));
        }
        Ok((vec![LedgerEvent::PricingChanged { tenant: id.clone(), pricing }], Outcome::Done))
    }

    pub(super) fn renew_owner_link(
        &self,
        agent: &AgentId,
        code: Fingerprint,
        now: Timestamp,
    ) -> Decision {
        let tenant = self.agent(agent)?;
        if tenant.owner.is_some() {
            return Err(AgentRejection::Owned.into());
        }
        let link = OwnerLink { code, expires_at: now + self.rules.owner_link_ttl };
        Ok((vec![LedgerEvent::OwnerLinkRenewed { tenant: tenant.id.clone(), link }], Outcome::Done))
    }

    /// Whoever uses the link of *this* shop in time becomes its owner; it works once.
    pub(super) fn claim_owner(
        &self,
        command: &Command<LedgerCommand>,
        code: Fingerprint,
        now: Timestamp,
    ) -> Decision {
        let Caller::User(user) = command.caller else { return Err(Denied.into()) };
        let tenant = self.tenants.get(&command.tenant).ok_or(AgentRejection::Link)?;
        let Some(agent) = tenant.agent() else { return Err(AgentRejection::Link.into()) };
        let open = tenant.link.filter(|link| link.code == code && now < link.expires_at);
        if open.is_none() || tenant.owner.is_some() {
            return Err(AgentRejection::Link.into());
        }
        let event = LedgerEvent::OwnerClaimed { tenant: tenant.id.clone(), owner: user };
        Ok((vec![event], Outcome::OwnerClaimed(agent.clone())))
    }

    pub(super) fn set_wallet(
        &self,
        id: &TenantId,
        address: &WalletAddress,
    ) -> (Vec<LedgerEvent>, Outcome) {
        let changed = self.tenants.get(id).filter(|t| t.wallet.as_ref() != Some(address));
        let events = changed.map(|tenant| LedgerEvent::WalletChanged {
            tenant: tenant.id.clone(),
            address: address.clone(),
        });
        (events.into_iter().collect(), Outcome::Done)
    }
}

/// Applies a fact about one shop and says whether it was one; the machine and the published view
/// both read shops through it.
pub(in crate::domain) fn change_tenant(
    tenants: &mut BTreeMap<TenantId, Tenant>,
    event: &LedgerEvent,
) -> bool {
    let mut change = |id: &TenantId, change: &dyn Fn(&mut Tenant)| {
        if let Some(tenant) = tenants.get_mut(id) {
            change(tenant);
        }
    };
    match event {
        LedgerEvent::TenantOpened(tenant) => {
            tenants.insert(tenant.id.clone(), (**tenant).clone());
        }
        LedgerEvent::StatusChanged { tenant, status } => change(tenant, &|t| t.status = *status),
        LedgerEvent::PricingChanged { tenant, pricing } => {
            change(tenant, &|t| t.pricing.clone_from(pricing));
        }
        LedgerEvent::OwnerLinkRenewed { tenant, link } => change(tenant, &|t| t.link = Some(*link)),
        LedgerEvent::OwnerClaimed { tenant, owner } => change(tenant, &|t| {
            t.owner = Some(*owner);
            t.link = None;
        }),
        LedgerEvent::WalletChanged { tenant, address } => {
            change(tenant, &|t| t.wallet = Some(address.clone()));
        }
        LedgerEvent::QuoteIssued(_)
        | LedgerEvent::QuoteVoided { .. }
        | LedgerEvent::OrderPlaced(_)
        | LedgerEvent::DeliveryChanged { .. }
        | LedgerEvent::Moved { .. }
        | LedgerEvent::ProfitEarned(_)
        | LedgerEvent::ProfitMatured { .. }
        | LedgerEvent::EntriesAllocated { .. }
        | LedgerEvent::WithdrawalRequested(_)
        | LedgerEvent::WithdrawalMoved { .. }
        | LedgerEvent::Quarantined { .. }
        | LedgerEvent::Answered(_) => return false,
    }
    true
}
