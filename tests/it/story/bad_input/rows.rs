//! The table of bad input: row by row what somebody says and what he has to read.
//!
//! `{taken}`, `{master}`, `{free}` and `{revoked}` stand for bots' tokens.

/// Who speaks, each in his own bot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// An admin in the master's bot.
    Admin,
    /// The owner in his shop.
    Owner,
    /// A customer of that shop.
    Customer,
}

/// Rows that begin in the same place.
pub(super) struct Table {
    pub(super) who: Who,
    /// What leads there: texts, and `tap LABEL`.
    pub(super) open: &'static [&'static str],
    /// What is said, and a piece of the answer.
    pub(super) rows: &'static [(&'static str, &'static str)],
}

/// The beginning of every usage line.
macro_rules! usage {
    ($line:literal) => {
        concat!("Please write it like this:\n", $line)
    };
}

const NO_QUANTITY: &str = "must be a whole number from 1 to 500. Nothing was changed";
const NO_AMOUNT: &str = "an amount above 0 in USDT with at most 6 decimals";
const NO_MARKUP: &str = "from 0 to 1000 percent, or an amount of 0 or more per item";
const NO_ADDRESS: &str = "not a valid TRC20 address";
const CREATE: &str = usage!("/agent_create <id> <token> <shop name>");
const PRICING: &str = usage!("/agent_pricing <id> percent 15 or /agent_pricing <id> fixed 1.50");
const CREDIT: &str = usage!("/credit <shop> <user id> <amount> <reason>");
const PRODUCT: &str = usage!("/product_add <category id> line|file <price> <name>");
const PRICE: &str = usage!("/product_price <product id> <price>");
const BUY: &str = usage!("/buy <product id> <quantity>");
const MARKUP: &str = usage!("/markup percent 15 or /markup fixed 1.50");
const WALLET: &str = usage!("/wallet <TRC20 address>");
const WITHDRAW: &str = usage!("/withdraw <amount> or /withdraw all");
const REJECT: &str = usage!("/withdraw_reject <withdrawal id> <reason>");
const PAY: &str = usage!("/withdraw_pay <withdrawal id> <TXID>");

pub(super) const TABLES: &[Table] = &[
    Table { who: Who::Admin, open: &[], rows: ARGUMENTS },
    Table { who: Who::Admin, open: &[], rows: AMOUNTS },
    Table { who: Who::Admin, open: &[], rows: AGENTS },
    Table { who: Who::Admin, open: &[], rows: UNKNOWN_IDS },
    Table { who: Who::Admin, open: &["/admin", "tap Credit"], rows: CREDIT_ANSWERS },
    Table {
        who: Who::Admin,
        open: &["/goods", "tap Keys", "tap Key", "tap Price"],
        rows: AMOUNT_ANSWERS,
    },
    Table { who: Who::Admin, open: &["/goods", "tap New category"], rows: NAME_ANSWERS },
    Table { who: Who::Customer, open: &[], rows: CUSTOMER },
    Table {
        who: Who::Customer,
        open: &["/catalog", "tap Keys", "tap Key"],
        rows: QUANTITY_ANSWERS,
    },
    Table { who: Who::Owner, open: &[], rows: OWNER },
    Table {
        who: Who::Owner,
        open: &["/agent", "tap Markup", "tap Other percentage"],
        rows: PERCENT_ANSWERS,
    },
    Table {
        who: Who::Owner,
        open: &["/agent", "tap Markup", "tap Other amount"],
        rows: FIXED_ANSWERS,
    },
    Table { who: Who::Owner, open: &["/agent", "tap Wallet"], rows: ADDRESS_ANSWERS },
    Table { who: Who::Owner, open: &["/agent", "tap Withdraw"], rows: WITHDRAW_ANSWERS },
];

/// Missing, extra and wrong arguments: the right usage in one line.
const ARGUMENTS: &[(&str, &str)] = &[
    ("/agent_create", CREATE),
    ("/agent_create anna", CREATE),
    ("/agent_create anna {free}", CREATE),
    ("/agent_create anna no-token Anna", CREATE),
    ("/agent_create Anna! {free} Anna", CREATE),
    ("/agent_create anna {free} Anna {taken}", CREATE),
    ("/agent_list all", usage!("/agent_list")),
    ("/agent_info", usage!("/agent_info <id>")),
    ("/agent_info olivia now", usage!("/agent_info <id>")),
    ("/agent_pause", usage!("/agent_pause <id>")),
    ("/agent_pause olivia now", usage!("/agent_pause <id>")),
    ("/agent_resume", usage!("/agent_resume <id>")),
    ("/agent_link", usage!("/agent_link <id>")),
    ("/agent_pricing", PRICING),
    ("/agent_pricing olivia", PRICING),
    ("/agent_pricing olivia percent", PRICING),
    ("/agent_pricing olivia percent 15 more", PRICING),
    ("/agent_pricing olivia cubic 15", PRICING),
    ("/admin now", usage!("/admin")),
    ("/goods all", usage!("/goods")),
    ("/category_add", usage!("/category_add <name>")),
    ("/category_rename cat_1", usage!("/category_rename <category id> <name>")),
    ("/category_rename Keys More keys", usage!("/category_rename <category id> <name>")),
    ("/product_add", PRODUCT),
    ("/product_add cat_1 line 9", PRODUCT),
    ("/product_add cat_1 cake 9 Cake", PRODUCT),
    ("/product_add Keys line 9 Key", PRODUCT),
    ("/product_rename prd_1", usage!("/product_rename <product id> <name>")),
    ("/product_describe prd_1", usage!("/product_describe <product id> <text>")),
    ("/product_price prd_1", PRICE),
    ("/product_price prd_1 9 10", PRICE),
    ("/product_hide", usage!("/product_hide <product id>")),
    ("/product_hide prd_1 now", usage!("/product_hide <product id>")),
    ("/product_show key", usage!("/product_show <product id>")),
    ("/stock_add", usage!("/stock_add <product id>")),
    ("/stock_add Key\nNEW-1", usage!("/stock_add <product id>")),
    ("/stock_file", usage!("/stock_file <product id>")),
    ("/credit", CREDIT),
    ("/credit olivia 3001 5", CREDIT),
    ("/credit olivia Anna 5 gift", CREDIT),
    ("/credit olivia 3001 five gift", CREDIT),
    ("/withdraw_list soon", usage!("/withdraw_list or /withdraw_list requested|approved")),
    ("/withdraw_approve", usage!("/withdraw_approve <withdrawal id>")),
    ("/withdraw_approve wdr_1 now", usage!("/withdraw_approve <withdrawal id>")),
    ("/withdraw_approve 1", usage!("/withdraw_approve <withdrawal id>")),
    ("/withdraw_reject wdr_1", REJECT),
    ("/withdraw_pay wdr_1", PAY),
    ("/withdraw_pay wdr_1 4f3a2b1c twice", PAY),
    ("/withdraw_pay wdr_1 short", PAY),
    ("/menu now", usage!("/menu")),
    ("/help me", usage!("/help")),
    ("/language en", usage!("/language")),
];

/// Amounts that are none.
const AMOUNTS: &[(&str, &str)] = &[
    ("/credit olivia 3001 0 gift", CREDIT),
    ("/credit olivia 3001 -1 gift", CREDIT),
    ("/credit olivia 3001 +1 gift", CREDIT),
    ("/credit olivia 3001 1e3 gift", CREDIT),
    ("/credit olivia 3001 1,5 gift", CREDIT),
    ("/credit olivia 3001 NaN gift", CREDIT),
    ("/credit olivia 3001 0.0000001 gift", CREDIT),
    ("/credit olivia 3001 99999999999999 gift", CREDIT),
    ("/credit olivia 3001 1000000000000 gift", "The balance would become too large"),
    ("/product_price prd_1 0", "The price must be above 0"),
    ("/product_price prd_1 -1", PRICE),
    ("/product_price prd_1 1e3", PRICE),
    ("/product_price prd_1 NaN", PRICE),
    ("/product_price prd_1 99999999999999", PRICE),
    ("/product_add cat_1 line free Gift", PRODUCT),
    ("/product_add cat_1 line 0 Gift", "The price must be above 0"),
    ("/agent_pricing olivia percent -5", PRICING),
    ("/agent_pricing olivia percent 1e2", PRICING),
    ("/agent_pricing olivia percent NaN", PRICING),
    ("/agent_pricing olivia percent 1001", NO_MARKUP),
    ("/agent_pricing olivia percent 99999999999", PRICING),
    ("/agent_pricing olivia fixed -0.01", PRICING),
    ("/agent_pricing olivia fixed 99999999999999", PRICING),
];

/// Agents that cannot be made.
const AGENTS: &[(&str, &str)] = &[
    ("/agent_create olivia {free} Twin", "There is an agent with that id already"),
    ("/agent_create twin {taken} Twin", "Another shop uses this bot already"),
    ("/agent_create twin {master} Twin", "Another shop uses this bot already"),
    ("/agent_create twin {revoked} Twin", "Telegram does not accept this token"),
    (
        "/agent_create twin 123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA Twin",
        "Telegram does not accept this token",
    ),
    (
        "/agent_create twin {free} A name that is much longer than any name that fits a button",
        "at most 48 characters",
    ),
    ("/agent_link olivia", "This agent has an owner already"),
];

/// Things that are not there.
const UNKNOWN_IDS: &[(&str, &str)] = &[
    ("/agent_info nobody", "There is no agent with that id"),
    ("/agent_pause nobody", "There is no agent with that id"),
    ("/agent_resume nobody", "There is no agent with that id"),
    ("/agent_pricing nobody percent 5", "There is no agent with that id"),
    ("/agent_link nobody", "There is no agent with that id"),
    ("/category_add Keys", "That name is taken already"),
    ("/category_rename cat_9 Nothing", "There is no category with that id"),
    ("/product_add cat_9 line 5 Nothing", "There is no category with that id"),
    ("/product_add cat_1 line 5 Key", "That name is taken already"),
    ("/product_rename prd_9 Nothing", "There is no product with that id"),
    ("/product_price prd_9 5", "There is no product with that id"),
    ("/product_hide prd_9", "There is no product with that id"),
    ("/stock_add prd_9\nNEW-1", "There is no product with that id"),
    ("/stock_add prd_2\nNEW-1", "This product’s goods are files"),
    ("/stock_file prd_9", "There is no product with that id"),
    ("/credit nobody 3001 5 gift", "There is no such shop"),
    ("/withdraw_approve wdr_9", "There is no such withdrawal"),
    ("/withdraw_reject wdr_9 why", "There is no such withdrawal"),
    ("/withdraw_pay wdr_9 4f3a2b1c4f3a", "There is no such withdrawal"),
    ("/withdraw_pay wdr_1 4f3a2b1c4f3a", "the withdrawal is requested"),
    ("/no_such_command", "I don’t know that command."),
];

const CREDIT_ANSWERS: &[(&str, &str)] = &[
    ("olivia", CREDIT),
    ("olivia 3001 0 gift", CREDIT),
    ("olivia 3001 -1 gift", CREDIT),
    ("olivia 3001 1e3 gift", CREDIT),
    ("olivia 3001 NaN gift", CREDIT),
    ("olivia 3001 99999999999999 gift", CREDIT),
];

const AMOUNT_ANSWERS: &[(&str, &str)] = &[
    ("0", NO_AMOUNT),
    ("-1", NO_AMOUNT),
    ("1e3", NO_AMOUNT),
    ("NaN", NO_AMOUNT),
    ("99999999999999", NO_AMOUNT),
    ("0.0000001", NO_AMOUNT),
    ("a lot", NO_AMOUNT),
];

const NAME_ANSWERS: &[(&str, &str)] = &[
    ("A name that is much longer than any name that fits a button", "at most 48 characters"),
    ("two\nlines", "Line breaks and control characters are not possible here"),
    ("Keys", "That name is taken already"),
];

/// Quantities that are none, ids that are none or somebody else's.
const CUSTOMER: &[(&str, &str)] = &[
    ("/buy", BUY),
    ("/buy prd_1", BUY),
    ("/buy prd_1 1 now", BUY),
    ("/buy key 1", BUY),
    ("/buy prd_1 0", BUY),
    ("/buy prd_1 -1", BUY),
    ("/buy prd_1 1.5", BUY),
    ("/buy prd_1 1e3", BUY),
    ("/buy prd_1 NaN", BUY),
    ("/buy prd_1 99999999999", BUY),
    ("/buy prd_1 501", NO_QUANTITY),
    ("/buy prd_1 5", "There are only 3 left. Nothing was charged."),
    ("/buy prd_2 1", "it is sold out. Nothing was charged."),
    ("/buy prd_9 1", "There is no such product on sale"),
    ("/buy prd_1 ２", "Quantity: 2"),
    ("/order", usage!("/order <order id>")),
    ("/order 17", usage!("/order <order id>")),
    ("/order ord_nobodys", "There is no such order of yours"),
    ("/balance now", usage!("/balance")),
    ("/orders all", usage!("/orders")),
    ("/catalog all", usage!("/catalog")),
    ("/cancel it", usage!("/cancel")),
    ("/cancel", "There is nothing to cancel."),
    ("hello", "I wasn’t waiting for a message."),
    ("/start own_0123456789abcdef0123456789abcdef", "used already or has expired"),
    ("/START own_", "What would you like to do?"),
    ("/agent", "I don’t know that command."),
    ("/gibberish", "I don’t know that command."),
    ("/", "I don’t know that command."),
];

const QUANTITY_ANSWERS: &[(&str, &str)] = &[
    ("0", NO_QUANTITY),
    ("-1", NO_QUANTITY),
    ("1.5", NO_QUANTITY),
    ("1e3", NO_QUANTITY),
    ("99999999999", NO_QUANTITY),
    ("99999999999999999999999999999999", NO_QUANTITY),
    ("NaN", NO_QUANTITY),
    ("two", NO_QUANTITY),
    ("２", "Quantity: 2"),
];

/// What an owner gets wrong by command.
const OWNER: &[(&str, &str)] = &[
    ("/agent now", usage!("/agent")),
    ("/history all", usage!("/history")),
    ("/markup 15", MARKUP),
    ("/markup percent", MARKUP),
    ("/markup percent 15 more", MARKUP),
    ("/markup percent -5", MARKUP),
    ("/markup percent 1e2", MARKUP),
    ("/markup fixed NaN", MARKUP),
    ("/wallet here", WALLET),
    ("/wallet TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u", WALLET),
    ("/wallet TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t twice", WALLET),
    ("/withdraw 0", WITHDRAW),
    ("/withdraw -1", WITHDRAW),
    ("/withdraw 1e3", WITHDRAW),
    ("/withdraw NaN", WITHDRAW),
    ("/withdraw 99999999999999", WITHDRAW),
    ("/withdraw 5", "The smallest withdrawal is 10.00 USDT"),
    ("/withdraw 9.999999", "The smallest withdrawal is 10.00 USDT"),
];

const PERCENT_ANSWERS: &[(&str, &str)] = &[
    ("-5", NO_MARKUP),
    ("1001", NO_MARKUP),
    ("1e2", NO_MARKUP),
    ("NaN", NO_MARKUP),
    ("99999999999", NO_MARKUP),
    ("a lot", NO_MARKUP),
];

const FIXED_ANSWERS: &[(&str, &str)] =
    &[("-1", NO_AMOUNT), ("1e2", NO_AMOUNT), ("NaN", NO_AMOUNT), ("99999999999999", NO_AMOUNT)];

const ADDRESS_ANSWERS: &[(&str, &str)] = &[
    ("here", NO_ADDRESS),
    ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u", NO_ADDRESS),
    ("0x52908400098527886E0F7030069857D2E4169EE7", NO_ADDRESS),
];

const WITHDRAW_ANSWERS: &[(&str, &str)] = &[
    ("0", NO_AMOUNT),
    ("-1", NO_AMOUNT),
    ("1e3", NO_AMOUNT),
    ("NaN", NO_AMOUNT),
    ("99999999999999", NO_AMOUNT),
    ("99999999999", "Only 40.00 USDT is available"),
    ("40.01", "Only 40.00 USDT is available"),
    ("5", "The smallest withdrawal is 10.00 USDT"),
    ("２０", "You receive: 19.00 USDT"),
];
