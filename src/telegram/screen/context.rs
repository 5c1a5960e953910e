//! What a dialog knows while it speaks: whose bot it is, to whom, in which language, what is sold.

use super::{Button, label};
use crate::domain::catalog::{Category, Product};
use crate::domain::id::{AgentId, CategoryId, ProductId, TenantId, UserId};
use crate::domain::ledger::Rules;
use crate::domain::money::Money;
use crate::domain::pricing::{Markup, PriceRule, UnitPrice};
use crate::domain::tenant::Tenant;
use crate::domain::view::View;
use crate::telegram::callback::Tap;
use crate::telegram::text::key::Key;
use crate::telegram::text::{Lang, Voice};

/// What to show to a person. Authority is not derived from it: the core checks every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Anybody.
    Customer,
    /// The owner of the agent's shop.
    Owner,
    /// An admin, in the master's bot.
    Admin,
}

/// Everything a dialog borrows for one step.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Whose bot it is.
    pub tenant: &'a TenantId,
    /// The bot's public name, without the `@`.
    pub bot_username: &'a str,
    /// Who is spoken to; told to support by people who want to be credited.
    pub user: UserId,
    /// Catalogue, counts and shops as of a durable batch.
    pub view: &'a View,
    /// What to show to this person.
    pub role: Role,
    /// The person's language and the operator's zone.
    pub voice: Voice<'a>,
    /// The platform's business numbers.
    pub rules: &'a Rules,
    /// The largest file that is taken, in megabytes.
    pub file_max_mb: u32,
}

impl<'a> Context<'a> {
    /// Whether admins' screens are shown: never in an agent's bot.
    pub(crate) fn is_admin(&self) -> bool {
        self.role == Role::Admin && *self.tenant == TenantId::Master
    }

    /// Whether the owner's screens are shown: only in an agent's bot.
    pub(crate) fn is_owner(&self) -> bool {
        self.role == Role::Owner && self.tenant.agent().is_some()
    }

    /// Whether this button exists for this person.
    pub(crate) fn may(&self, tap: &Tap) -> bool {
        match tap {
            Tap::Shop(_) => true,
            Tap::Owner(_) => self.is_owner(),
            Tap::Admin(_) | Tap::Goods(_) | Tap::Payout(_) => self.is_admin(),
        }
    }

    /// The same in another language.
    pub(crate) const fn speaking(self, lang: Lang) -> Self {
        Self { voice: self.voice.speaking(lang), ..self }
    }

    pub(crate) fn html(&self, key: Key, values: &[(&str, &str)]) -> String {
        self.voice.html(key, values)
    }

    pub(crate) fn plain(&self, key: Key, values: &[(&str, &str)]) -> String {
        self.voice.plain(key, values)
    }

    pub(crate) fn usdt(&self, amount: Money) -> String {
        self.voice.usdt(amount)
    }

    /// A button with fixed words.
    pub(crate) fn button(&self, key: Key, tap: Tap) -> Button {
        self.named(&self.plain(key, &[]), tap)
    }

    /// A button with a name on it.
    #[expect(clippy::needless_pass_by_value, reason = "taps are made where they are used")]
    pub(crate) fn named(&self, text: &str, tap: Tap) -> Button {
        Button::Callback { label: label(text), data: tap.data() }
    }

    /// This shop.
    pub(crate) fn shop(&self) -> Option<&'a Tenant> {
        self.view.tenants.get(self.tenant)
    }

    /// This shop's name.
    pub(crate) fn shop_name(&self) -> &'a str {
        self.shop().map_or(self.bot_username, |shop| shop.name.as_str())
    }

    /// Whether this shop sells now.
    pub(crate) fn sells(&self) -> bool {
        self.shop().is_some_and(Tenant::is_active)
    }

    /// An agent's shop.
    pub(crate) fn agent(&self, agent: &AgentId) -> Option<&'a Tenant> {
        self.view.tenants.get(&TenantId::Agent(agent.clone()))
    }

    /// How this shop prices.
    fn pricing(&self) -> Option<&'a PriceRule> {
        self.shop().map(|shop| &shop.pricing)
    }

    /// What one item costs in this shop; nothing when it cannot be sold.
    pub(crate) fn unit(&self, product: &Product) -> Option<Money> {
        self.pricing()?.price(product.price?).ok().map(|price| price.unit)
    }

    /// What one item would cost in an agent's shop under another markup.
    pub(crate) fn unit_under(
        &self,
        shop: &Tenant,
        markup: Markup,
        base: Money,
    ) -> Option<UnitPrice> {
        PriceRule { markup, ..shop.pricing.clone() }.price(base).ok()
    }

    /// Unsold items of a product.
    pub(crate) fn count(&self, product: ProductId) -> u32 {
        self.view.counts.get(&product).copied().unwrap_or_default()
    }

    /// A product that customers see.
    pub(crate) fn listed(&self, product: ProductId) -> Option<&'a Product> {
        self.product(product).filter(|product| product.listed && product.price.is_some())
    }

    /// A product, hidden or not.
    pub(crate) fn product(&self, product: ProductId) -> Option<&'a Product> {
        self.view.catalog.products.get(&product)
    }

    pub(crate) fn category(&self, category: CategoryId) -> Option<&'a Category> {
        self.view.catalog.categories.get(&category)
    }

    /// The products of a category that customers see.
    pub(crate) fn listed_in(&self, category: CategoryId) -> impl Iterator<Item = &'a Product> {
        self.products_in(category).filter(|product| product.listed && product.price.is_some())
    }

    /// All products of a category.
    pub(crate) fn products_in(&self, category: CategoryId) -> impl Iterator<Item = &'a Product> {
        self.view.catalog.products.values().filter(move |product| product.category == category)
    }

    /// A markup in words: `+10 %` or `+1.50 USDT`.
    pub(crate) fn markup(&self, markup: Markup) -> String {
        match markup {
            Markup::Percent(percent) => format!("+{}%", percent.normalize()),
            Markup::Fixed(amount) => format!("+{}", self.usdt(amount)),
        }
    }
}
