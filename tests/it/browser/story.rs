//! The whole business, lived through on the page: an agent's shop is opened and claimed, a customer
//! is credited and buys, the owner earns, waits two days, withdraws and is paid.

use super::page::{Column, Page};
use super::words::Words;

const ALEX: Column = Column(1001, "fleet_master_bot");
/// Olivia in her first shop, where the link to her second one reaches her.
const OLIVIA_AT_HOME: Column = Column(2001, "olivias_keys_bot");
const OLIVIA: Column = Column(2001, "your_own_shop_bot");
const ANNA_AT_OLIVIAS: Column = Column(3001, "olivias_keys_bot");
const ANNA: Column = Column(3001, "your_own_shop_bot");
const BO: Column = Column(3002, "lucky_panda_bot");

const WALLET: &str = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
const TXID: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// The story of one shop in one language.
pub(super) struct Story<'a> {
    pub(super) page: &'a Page,
    pub(super) words: Words,
    shop: &'static str,
}

impl<'a> Story<'a> {
    pub(super) fn new(page: &'a Page, words: Words, shop: &'static str) -> Self {
        Self { page, words, shop }
    }

    /// The page and the admin speak the language of the story; Bo, who is Chinese, looks around.
    pub(super) async fn set_up(&self) {
        self.page.press(&format!("language-{}", self.words.language)).await;
        self.page.remove(ANNA_AT_OLIVIAS).await;
        let alex = async {
            self.page.start(ALEX).await;
            self.tap(ALEX, "btn_this_language").await;
            self.sees(ALEX, "menu_title", &[("shop", "ShopFleet")]).await;
        };
        let bo = async {
            let chinese = Words::of("zh");
            self.page.start(BO).await;
            self.page.tap(BO, &chinese.say("btn_catalog")).await;
            self.page.sees(BO, &chinese.say("catalog_title")).await;
            self.page.tap_like(BO, "🎮").await;
            self.page.tap_like(BO, "Star Harbor").await;
            self.page.sees(BO, "14.38 USDT").await;
        };
        tokio::join!(alex, bo);
    }

    /// The admin creates an agent; the message with the token disappears; the owner claims the shop.
    pub(super) async fn open_the_shop(&self, token: String) {
        self.tap(ALEX, "btn_admin").await;
        self.tap(ALEX, "btn_agents").await;
        self.page.sees(ALEX, "panda · 幸运熊猫").await;
        self.tap(ALEX, "btn_new_agent").await;
        self.page.sees(ALEX, "/newbot").await;
        self.page.say(ALEX, &format!("/agent_create nova {token} {}", self.shop)).await;
        self.page.sees(ALEX, "@your_own_shop_bot").await;
        self.page.sees_no(ALEX, &token).await;
        let link = self.page.reads_code(ALEX, "https://t.me/your_own_shop_bot?start=own_").await;
        self.page.say(OLIVIA_AT_HOME, &link).await;
        self.page.follow(OLIVIA_AT_HOME, &link).await;
        self.page.sees(OLIVIA, &Words::of("en").say("owner_welcome")).await;
        self.speak(OLIVIA).await;
        self.page.remove(OLIVIA_AT_HOME).await;
    }

    /// The owner sets a markup; a customer gets money, buys, and has the goods.
    pub(super) async fn sell(&self) {
        let olivia = async {
            self.tap(OLIVIA, "btn_panel").await;
            self.tap(OLIVIA, "btn_markup").await;
            self.page.tap(OLIVIA, "+20%").await;
            self.sees(OLIVIA, "markup_preview", &[("shop", self.shop), ("markup", "+20%")]).await;
            self.tap(OLIVIA, "btn_save").await;
            self.sees(OLIVIA, "saved", &[]).await;
        };
        let anna = async {
            self.page.add_chat(ANNA).await;
            self.page.start(ANNA).await;
            self.tap(ANNA, "btn_this_language").await;
            self.sees(ANNA, "menu_title", &[("shop", self.shop)]).await;
        };
        tokio::join!(olivia, anna);
        self.tap(ALEX, "btn_admin").await;
        self.tap(ALEX, "btn_credit").await;
        self.sees(ALEX, "ask_credit", &[]).await;
        self.page.say(ALEX, "nova 3001 100 welcome").await;
        let booked = [("amount", "100.00 USDT"), ("balance", "100.00 USDT")];
        let who = [("tenant", "nova"), ("user", "3001")];
        self.sees(ALEX, "credit_done", &[booked, who].concat()).await;
        self.sees(ANNA, "credit_notice", &booked).await;
        self.buy(5).await;
    }

    /// Anna buys some of the first product and gets them.
    pub(super) async fn buy(&self, quantity: u32) {
        self.tap(ANNA, "btn_catalog").await;
        self.page.tap_like(ANNA, "🎮").await;
        self.page.tap_like(ANNA, "15.00 · Star Harbor").await;
        self.page.tap(ANNA, &quantity.to_string()).await;
        self.tap(ANNA, "btn_confirm").await;
        self.page.sees(ANNA, &format!("Star Harbor (PC) × {quantity}")).await;
        self.page.sees(ANNA, "STAR-1").await;
        self.tap(ANNA, "btn_this_order").await;
    }

    /// The profit is pending, and after two days available; the owner asks for it.
    pub(super) async fn earn(&self) {
        self.page.say(OLIVIA, "/agent").await;
        self.panel(["12.50", "0.00", "0.00", "0.00"], &self.words.say("wallet_none")).await;
        self.page.press("advance-172800").await;
        self.tap(OLIVIA, "btn_wallet").await;
        self.page.say(OLIVIA, WALLET).await;
        self.sees(OLIVIA, "wallet_confirm", &[("address", WALLET)]).await;
        self.tap(OLIVIA, "btn_save").await;
        self.panel(["0.00", "12.50", "0.00", "0.00"], WALLET).await;
        self.tap(OLIVIA, "btn_withdraw").await;
        self.tap(OLIVIA, "btn_withdraw_all").await;
        self.page.sees(OLIVIA, "11.50 USDT").await;
        self.tap(OLIVIA, "btn_confirm").await;
        self.page.sees(OLIVIA, "wdr_1").await;
    }

    /// The admin approves and pays; the owner is told and sees it.
    pub(super) async fn pay_out(&self) {
        self.sees(ALEX, "payout_request_notice", &[("agent", "nova")]).await;
        self.tap(ALEX, "btn_open").await;
        self.tap(ALEX, "btn_approve").await;
        self.sees(OLIVIA, "payout_approved_notice", &[]).await;
        self.tap(ALEX, "btn_pay").await;
        self.sees(ALEX, "ask_txid", &[("id", "wdr_1")]).await;
        self.page.say(ALEX, TXID).await;
        self.sees(OLIVIA, "payout_paid_notice", &[]).await;
        self.page.sees(OLIVIA, TXID).await;
        self.page.say(OLIVIA, "/agent").await;
        self.panel(["0.00", "0.00", "0.00", "12.50"], WALLET).await;
    }

    /// After a stop and a start: the page recovers by itself and the orders are there.
    pub(super) async fn continues(&self) {
        self.page.is_at_peace().await;
        self.page.say(ANNA, "/orders").await;
        self.sees(ANNA, "orders_title", &[]).await;
        self.page.tap_like(ANNA, "5 × Star Harbor").await;
        self.page.sees(ANNA, "75.00 USDT").await;
    }

    /// The owner's panel with these amounts.
    async fn panel(&self, amounts: [&str; 4], wallet: &str) {
        let [pending, available, held, paid] = amounts.map(|amount| format!("{amount} USDT"));
        let values = [
            ("shop", self.shop),
            ("pending", &pending),
            ("available", &available),
            ("held", &held),
            ("paid", &paid),
            ("markup", "+20%"),
            ("wallet", wallet),
            ("hours", "48"),
        ];
        self.sees(OLIVIA, "panel_text", &values).await;
    }

    /// The first line of the shop's menu.
    pub(super) fn title(&self) -> String {
        self.words.fill("menu_title", &[("shop", self.shop)])
    }

    /// Lets a person choose the language of the story.
    async fn speak(&self, column: Column) {
        self.page.say(column, "/language").await;
        self.tap(column, "btn_this_language").await;
        self.sees(column, "menu_title", &[("shop", self.shop)]).await;
    }

    async fn tap(&self, column: Column, key: &str) {
        self.page.tap(column, &self.words.say(key)).await;
    }

    async fn sees(&self, column: Column, key: &str, values: &[(&str, &str)]) {
        self.page.sees(column, &self.words.fill(key, values)).await;
    }

    /// What a phone shows of one person, after `text` was sent and `answer` came.
    pub(super) async fn look(&self, who: Who, text: &str, answer: &str) {
        let column = who.column();
        self.page.press(&format!("tab-{}-{}", column.0, column.1)).await;
        self.page.say(column, text).await;
        self.page.sees_last(column, answer).await;
    }
}

/// Whose phone is looked at.
#[derive(Clone, Copy)]
pub(super) enum Who {
    Admin,
    Owner,
    Customer,
}

impl Who {
    pub(super) fn column(self) -> Column {
        match self {
            Self::Admin => ALEX,
            Self::Owner => OLIVIA,
            Self::Customer => ANNA,
        }
    }
}
