//! The commands: their names, whom they exist for, and their one-line usage.

use crate::telegram::screen::{Context, Role};
use crate::telegram::text::key::Key;
use serde::{Deserialize, Serialize};

macro_rules! commands {
    ($($variant:ident $name:literal $role:ident $usage:ident,)*) => {
        /// A command that somebody may type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Command {
            $(#[doc = concat!("`/", $name, "`")] $variant,)*
        }

        impl Command {
            /// All commands.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name, without the slash.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whom it exists for.
            pub const fn role(self) -> Role {
                match self { $(Self::$variant => Role::$role,)* }
            }

            /// The line that says how it is written.
            pub(crate) const fn usage(self) -> Key {
                match self { $(Self::$variant => Key::$usage,)* }
            }
        }
    };
}

commands! {
    Start "start" Customer UsageStart,
    Menu "menu" Customer UsageMenu,
    Help "help" Customer UsageHelp,
    Language "language" Customer UsageLanguage,
    Catalog "catalog" Customer UsageCatalog,
    Buy "buy" Customer UsageBuy,
    Balance "balance" Customer UsageBalance,
    Orders "orders" Customer UsageOrders,
    Order "order" Customer UsageOrder,
    Cancel "cancel" Customer UsageCancel,
    Agent "agent" Owner UsageAgent,
    Markup "markup" Owner UsageMarkup,
    Wallet "wallet" Owner UsageWallet,
    Withdraw "withdraw" Owner UsageWithdraw,
    History "history" Owner UsageHistory,
    Admin "admin" Admin UsageAdmin,
    AgentCreate "agent_create" Admin UsageAgentCreate,
    AgentList "agent_list" Admin UsageAgentList,
    AgentInfo "agent_info" Admin UsageAgentInfo,
    AgentPause "agent_pause" Admin UsageAgentPause,
    AgentResume "agent_resume" Admin UsageAgentResume,
    AgentPricing "agent_pricing" Admin UsageAgentPricing,
    AgentLink "agent_link" Admin UsageAgentLink,
    Goods "goods" Admin UsageGoods,
    CategoryAdd "category_add" Admin UsageCategoryAdd,
    CategoryRename "category_rename" Admin UsageCategoryRename,
    ProductAdd "product_add" Admin UsageProductAdd,
    ProductRename "product_rename" Admin UsageProductRename,
    ProductDescribe "product_describe" Admin UsageProductDescribe,
    ProductPrice "product_price" Admin UsageProductPrice,
    ProductHide "product_hide" Admin UsageProductHide,
    ProductShow "product_show" Admin UsageProductShow,
    StockAdd "stock_add" Admin UsageStockAdd,
    StockFile "stock_file" Admin UsageStockFile,
    Credit "credit" Admin UsageCredit,
    WithdrawList "withdraw_list" Admin UsageWithdrawList,
    WithdrawApprove "withdraw_approve" Admin UsageWithdrawApprove,
    WithdrawReject "withdraw_reject" Admin UsageWithdrawReject,
    WithdrawPay "withdraw_pay" Admin UsageWithdrawPay,
    SetAside "set_aside" Admin UsageSetAside,
}

impl Command {
    /// The command with this name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|command| command.name().eq_ignore_ascii_case(name))
    }

    /// Whether it exists for this person in this bot.
    pub(crate) fn is_for(self, ctx: &Context<'_>) -> bool {
        match self.role() {
            Role::Customer => true,
            Role::Owner => ctx.is_owner(),
            Role::Admin => ctx.is_admin(),
        }
    }
}
