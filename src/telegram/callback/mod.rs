//! What buttons hold: a version, a code and ids, at most 64 bytes. Never an amount, never authority.
//!
//! Anybody can send any data, so reading is strict: what is not exactly something that
//! [`Tap::data`] writes, in this version, is nothing, and the dialog answers with the menu.

mod read;

use super::text::Lang;
use crate::domain::catalog::GoodsKind;
use crate::domain::id::{AgentId, CategoryId, OrderId, ProductId, QuoteId, WithdrawalId};
use crate::domain::withdrawal::WithdrawalState;
use serde::{Deserialize, Serialize};

/// The first character of all data written by this version.
const VERSION: char = '1';

/// Telegram's limit for the data of a button, in bytes.
pub const DATA_MAX: usize = 64;

/// The percents on the markup buttons; a button holds the place in this list.
pub const PERCENT_PRESETS: [u32; 6] = [0, 5, 10, 20, 30, 50];
/// The fixed amounts on the markup buttons, in whole USDT.
pub const FIXED_PRESETS: [u32; 6] = [1, 2, 3, 5, 10, 20];

/// Something a button can ask for; commands ask for the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Tap {
    /// Anybody may.
    Shop(ShopTap),
    /// The owner of an agent's shop may.
    Owner(OwnerTap),
    /// An admin may: agents and customers.
    Admin(AdminTap),
    /// An admin may: categories, products, stock.
    Goods(GoodsTap),
    /// An admin may: withdrawals.
    Payout(PayoutTap),
}

/// What customers ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShopTap {
    /// The menu.
    Menu,
    /// The languages.
    Languages,
    /// Speak this language.
    Speak(Lang),
    /// All categories.
    Catalog {
        /// From 0.
        page: u16,
    },
    /// The products of a category.
    Category {
        /// Which.
        category: CategoryId,
        /// From 0.
        page: u16,
    },
    /// One product.
    Product(ProductId),
    /// A price for so many; the core checks the number again.
    Buy {
        /// Of which product.
        product: ProductId,
        /// How many.
        quantity: u32,
    },
    /// Buy at the promised price.
    Confirm(QuoteId),
    /// The balance.
    Balance,
    /// The orders, newest first.
    Orders {
        /// From 0.
        page: u16,
    },
    /// One order.
    Order(OrderId),
    /// Its goods once more.
    Redeliver(OrderId),
    /// End the open question.
    Cancel,
}

/// What an agent's owner asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerTap {
    /// The panel.
    Panel,
    /// The own markup.
    Markup,
    /// Type a markup of this kind.
    MarkupType(MarkupKind),
    /// A markup from the presets of its kind.
    MarkupPreset(MarkupKind, u8),
    /// Save the markup that was shown.
    MarkupSave,
    /// The wallet.
    Wallet,
    /// Save the address that was shown.
    WalletSave,
    /// Withdraw.
    Withdraw,
    /// Withdraw everything available.
    WithdrawAll,
    /// Send the request that was shown.
    WithdrawSave,
    /// All requests, newest first.
    History {
        /// From 0.
        page: u16,
    },
    /// One request.
    Withdrawal(WithdrawalId),
}

/// What admins ask for about agents and customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminTap {
    /// The admin's menu.
    Home,
    /// All agents.
    Agents {
        /// From 0.
        page: u16,
    },
    /// One agent.
    Agent(AgentId),
    /// How to make a new one.
    NewAgent,
    /// Stop selling.
    Pause(AgentId),
    /// Go on selling.
    Resume(AgentId),
    /// A new owner link.
    Renew(AgentId),
    /// An agent's markup.
    Markup(AgentId),
    /// Type a markup of this kind.
    MarkupType(AgentId, MarkupKind),
    /// A markup from the presets of its kind.
    MarkupPreset(AgentId, MarkupKind, u8),
    /// Save the markup that was shown.
    MarkupSave,
    /// Credit a customer.
    Credit,
    /// What was given up, newest first.
    SetAside {
        /// From 0.
        page: u16,
    },
}

/// What admins ask for about categories, products and stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoodsTap {
    /// All categories.
    Categories {
        /// From 0.
        page: u16,
    },
    /// One category and its products.
    Category {
        /// Which.
        category: CategoryId,
        /// From 0.
        page: u16,
    },
    /// A new category.
    NewCategory,
    /// Another name for a category.
    RenameCategory(CategoryId),
    /// A new product: of which kind?
    NewProduct(CategoryId),
    /// A new product of this kind.
    NewProductOf(CategoryId, GoodsKind),
    /// One product.
    Product(ProductId),
    /// Another name.
    RenameProduct(ProductId),
    /// Another description.
    Describe(ProductId),
    /// Another base price.
    Price(ProductId),
    /// Customers see it.
    Show(ProductId),
    /// Customers do not see it.
    Hide(ProductId),
    /// More goods.
    AddStock(ProductId),
}

/// What admins ask for about withdrawals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutTap {
    /// Withdrawals, newest first.
    List {
        /// Only in this state.
        state: Option<WithdrawalState>,
        /// From 0.
        page: u16,
    },
    /// One withdrawal.
    One(WithdrawalId),
    /// Agree.
    Approve(WithdrawalId),
    /// Refuse: why?
    Reject(WithdrawalId),
    /// Record the payment: which transaction?
    Pay(WithdrawalId),
    /// Pay although the agent is below zero.
    PaySave,
}

/// The two kinds of markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkupKind {
    /// Percent of the base price.
    Percent,
    /// USDT per item.
    Fixed,
}

impl MarkupKind {
    /// The numbers on this kind's buttons.
    pub const fn presets(self) -> &'static [u32; 6] {
        match self {
            Self::Percent => &PERCENT_PRESETS,
            Self::Fixed => &FIXED_PRESETS,
        }
    }

    /// The word of commands.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Fixed => "fixed",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Percent, Self::Fixed].into_iter().find(|kind| kind.word().eq_ignore_ascii_case(word))
    }

    const fn code(self) -> char {
        match self {
            Self::Percent => 'p',
            Self::Fixed => 'f',
        }
    }
}

impl Tap {
    /// The menu, where everything ends.
    pub const MENU: Self = Self::Shop(ShopTap::Menu);

    /// What a button holds for it.
    pub fn data(&self) -> String {
        let body = match self {
            Self::Shop(tap) => tap.body(),
            Self::Owner(tap) => tap.body(),
            Self::Admin(tap) => tap.body(),
            Self::Goods(tap) => tap.body(),
            Self::Payout(tap) => tap.body(),
        };
        format!("{VERSION}{body}")
    }

    /// What data asks for; nothing when it is not ours, not of this version, or malformed.
    pub fn read(data: &str) -> Option<Self> {
        if data.len() > DATA_MAX {
            return None;
        }
        let body = data.strip_prefix(VERSION)?;
        let parts: Vec<&str> = body.split(':').collect();
        let tap = read::tap(&parts)?;
        // Only the one spelling that we write: `007` is not a page.
        (tap.data() == data).then_some(tap)
    }
}

impl TryFrom<String> for Tap {
    type Error = &'static str;

    fn try_from(data: String) -> Result<Self, Self::Error> {
        Self::read(&data).ok_or("not a button of this version")
    }
}

impl From<Tap> for String {
    fn from(tap: Tap) -> Self {
        tap.data()
    }
}

impl ShopTap {
    fn body(&self) -> String {
        match self {
            Self::Menu => "m".to_owned(),
            Self::Languages => "l".to_owned(),
            Self::Speak(lang) => format!("l:{}", lang.word()),
            Self::Catalog { page } => format!("c:{page}"),
            Self::Category { category, page } => format!("g:{category}:{page}"),
            Self::Product(product) => format!("p:{product}"),
            Self::Buy { product, quantity } => format!("b:{product}:{quantity}"),
            Self::Confirm(quote) => format!("o:{quote}"),
            Self::Balance => "w".to_owned(),
            Self::Orders { page } => format!("h:{page}"),
            Self::Order(order) => format!("d:{order}"),
            Self::Redeliver(order) => format!("r:{order}"),
            Self::Cancel => "z".to_owned(),
        }
    }
}

impl OwnerTap {
    fn body(&self) -> String {
        match self {
            Self::Panel => "a".to_owned(),
            Self::Markup => "am".to_owned(),
            Self::MarkupType(kind) => format!("at:{}", kind.code()),
            Self::MarkupPreset(kind, place) => format!("ap:{}:{place}", kind.code()),
            Self::MarkupSave => "as".to_owned(),
            Self::Wallet => "aw".to_owned(),
            Self::WalletSave => "ax".to_owned(),
            Self::Withdraw => "ag".to_owned(),
            Self::WithdrawAll => "aa".to_owned(),
            Self::WithdrawSave => "ac".to_owned(),
            Self::History { page } => format!("ah:{page}"),
            Self::Withdrawal(id) => format!("ad:{id}"),
        }
    }
}

impl AdminTap {
    fn body(&self) -> String {
        match self {
            Self::Home => "A".to_owned(),
            Self::Agents { page } => format!("Al:{page}"),
            Self::Agent(agent) => format!("Ad:{agent}"),
            Self::NewAgent => "An".to_owned(),
            Self::Pause(agent) => format!("Ap:{agent}"),
            Self::Resume(agent) => format!("Ar:{agent}"),
            Self::Renew(agent) => format!("Ak:{agent}"),
            Self::Markup(agent) => format!("Am:{agent}"),
            Self::MarkupType(agent, kind) => format!("At:{agent}:{}", kind.code()),
            Self::MarkupPreset(agent, kind, place) => {
                format!("Ax:{agent}:{}:{place}", kind.code())
            }
            Self::MarkupSave => "As".to_owned(),
            Self::Credit => "C".to_owned(),
            Self::SetAside { page } => format!("Aq:{page}"),
        }
    }
}

impl GoodsTap {
    fn body(&self) -> String {
        match self {
            Self::Categories { page } => format!("Gc:{page}"),
            Self::Category { category, page } => format!("Gd:{category}:{page}"),
            Self::NewCategory => "Gn".to_owned(),
            Self::RenameCategory(category) => format!("Gr:{category}"),
            Self::NewProduct(category) => format!("Pn:{category}"),
            Self::NewProductOf(category, GoodsKind::Line) => format!("Pk:{category}:l"),
            Self::NewProductOf(category, GoodsKind::File) => format!("Pk:{category}:f"),
            Self::Product(product) => format!("Pp:{product}"),
            Self::RenameProduct(product) => format!("Pr:{product}"),
            Self::Describe(product) => format!("Pd:{product}"),
            Self::Price(product) => format!("Pc:{product}"),
            Self::Show(product) => format!("Ps:{product}"),
            Self::Hide(product) => format!("Ph:{product}"),
            Self::AddStock(product) => format!("Pa:{product}"),
        }
    }
}

impl PayoutTap {
    fn body(&self) -> String {
        match self {
            Self::List { state, page } => {
                format!("Wl:{}:{page}", state.map_or("all", WithdrawalState::word))
            }
            Self::One(id) => format!("Wd:{id}"),
            Self::Approve(id) => format!("Wa:{id}"),
            Self::Reject(id) => format!("Wr:{id}"),
            Self::Pay(id) => format!("Wp:{id}"),
            Self::PaySave => "Wy".to_owned(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
