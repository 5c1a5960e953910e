//! The admin's flows in the master's bot, in both languages.

use super::kit::{ADDRESS, Chat, Kit, NOW, TOKEN, usdt, withdrawal};
use crate::domain::catalog::GoodsKind;
use crate::domain::command::{Caller, CommandKey};
use crate::domain::fleet::BotState;
use crate::domain::id::{AgentId, CategoryId, ProductId, TenantId, UserId, WithdrawalId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::outcome::Outcome;
use crate::domain::pricing::Markup;
use crate::domain::rejection::{CreditRejection, Rejection};
use crate::domain::set_aside::{SetAside, Unhandled};
use crate::domain::stock::{StockCommand, StockRejection};
use crate::domain::tenant::{AgentRejection, TenantStatus};
use crate::domain::withdrawal::{WithdrawalRejection, WithdrawalState, WithdrawalStatus};
use crate::secret::Secret;
use crate::telegram::callback::{AdminTap, GoodsTap, MarkupKind, PayoutTap, ShopTap, Tap};
use crate::telegram::request::{BotStatus, FileProblem, Reply, Request, UploadReport};
use crate::telegram::screen::Role;
use crate::telegram::text::Lang;

fn both(scenario: impl Fn(Chat)) {
    for lang in Lang::ALL {
        scenario(Chat::new(Kit::new("master", Role::Admin, lang)));
    }
}

fn a1() -> AgentId {
    "a1".parse().expect("an id")
}

fn bots() -> Reply {
    Reply::Bots(vec![BotStatus {
        tenant: TenantId::Agent(a1()),
        state: BotState::Backoff,
        since: NOW,
        retry_at: Some(NOW),
        restarts: 3,
        last_error: Some(format!("<502> near {TOKEN}")),
    }])
}

fn stock(command: StockCommand) -> Request {
    Request::Stock(command)
}

fn ledger(command: LedgerCommand) -> Request {
    Request::Ledger(command)
}

const CATEGORY: CategoryId = CategoryId::new(1);
const LINES: ProductId = ProductId::new(1);
const FILES: ProductId = ProductId::new(2);
const PAYOUT: WithdrawalId = WithdrawalId::new(12);

#[test]
fn an_agent_is_created_and_his_link_is_shown_once() {
    both(|mut chat| {
        chat.say(&format!("/agent_create a2 {TOKEN} Bob's <shop>"));
        let name = "Bob's <shop>".to_owned();
        let agent: AgentId = "a2".parse().expect("an id");
        let token = Secret::new(TOKEN);
        chat.asks(&Request::CreateAgent { agent: agent.clone(), token, name });
        assert!(chat.deletes(), "before anything is asked");
        chat.reply(Reply::AgentCreated {
            agent: agent.clone(),
            username: "bob_bot".to_owned(),
            link: Secret::new("https://t.me/bob_bot?start=own_SECRET"),
            expires_at: NOW,
        });
        chat.sees(&["<code>https://t.me/bob_bot?start=own_SECRET</code>", "2025-01-01 00:00 UTC"]);
        assert!(!format!("{:?}", chat.last).contains("SECRET"));
        chat.again().sees(&["<b>a2</b>"]);
        assert!(!chat.screen().html.contains("SECRET"), "it cannot be said twice");
        for (reply, seen) in [
            (Reply::BadToken, "@BotFather"),
            (Reply::Rejected(Rejection::Agent(AgentRejection::BotTaken)), "@BotFather"),
            (Reply::Rejected(Rejection::Agent(AgentRejection::IdTaken)), ""),
        ] {
            chat.say(&format!("/agent_create a2 {TOKEN} Bob")).reply(reply).sees(&[seen]);
        }
        for bad in ["", "a2", "a2 token", "a2 12345:abc Bob", &format!("A2 {TOKEN} Bob")] {
            chat.say(&format!("/agent_create {bad}")).asks_nothing().sees(&["/agent_create &lt;"]);
            assert!(chat.deletes(), "{bad}");
        }
    });
}

#[test]
fn agents_are_listed_paused_priced_and_invited() {
    both(|mut chat| {
        chat.say("/admin").tap(AdminTap::Agents { page: 0 }).asks(&Request::Bots).reply(bots());
        chat.sees(&["Ann's &lt;i&gt;shop", "+10%"]).tap(AdminTap::Agent(a1())).reply(bots());
        chat.sees(&["@bot_2", "&lt;502&gt; near &lt;token&gt;", "3"]);
        let status = TenantStatus::Paused;
        let pause = ledger(LedgerCommand::SetStatus { agent: a1(), status });
        chat.tap(AdminTap::Pause(a1())).asks(&pause).reply(Reply::Accepted(Outcome::Done));
        chat.asks(&Request::Bots).reply(bots()).sees(&["✅"]);
        chat.say("/agent_pause a1").asks(&pause);
        let price = |markup| ledger(LedgerCommand::SetPricing { agent: a1(), markup });
        chat.say("/agent_pricing a1 fixed 1.5").asks(&price(Markup::Fixed(usdt("1.5"))));
        chat.say("/agent_info a1").reply(bots()).tap(AdminTap::Markup(a1()));
        chat.tap(AdminTap::MarkupPreset(a1(), MarkupKind::Percent, 3)).sees(&["+20%", "8.77"]);
        chat.tap(AdminTap::MarkupSave).asks(&price(Markup::Percent(20.into())));
        chat.reply(Reply::Rejected(Rejection::Agent(AgentRejection::Unknown)));
        chat.tap_old("1Ak:a1").asks(&Request::RenewOwnerLink { agent: a1() });
        chat.reply(Reply::Rejected(Rejection::Agent(AgentRejection::Owned)));
        chat.say("/agent_link a1").reply(Reply::AgentCreated {
            agent: a1(),
            username: "bot_2".to_owned(),
            link: Secret::new("https://t.me/bot_2?start=own_SECRET"),
            expires_at: NOW,
        });
        chat.sees(&["own_SECRET"]);
        chat.kit.view.tenants.clear();
        chat.say("/agent_list").reply(Reply::Bots(Vec::new())).can(AdminTap::NewAgent);
    });
}

#[test]
fn what_was_given_up_is_listed_in_pages() {
    both(|mut chat| {
        let at = |page: u32| Request::SetAside { skip: page * 8, limit: 8 };
        let update = |bot, reason: &str| SetAside::Update {
            bot: UserId::new(bot),
            update: 77,
            reason: reason.to_owned(),
            at: NOW,
        };
        let key = CommandKey {
            tenant: TenantId::Agent(a1()),
            caller: Caller::User(UserId::new(9)),
            id: "u:1:2".parse().expect("an id"),
        };
        let command = SetAside::Command { key, what: "place_order".to_owned(), at: NOW };
        let known = update(2, Unhandled::TooMany.word());
        let rows = vec![command, known, update(99, "<b>odd")];
        chat.say("/admin").tap(AdminTap::SetAside { page: 0 }).asks(&at(0));
        chat.reply(Reply::SetAside { rows: rows.clone(), total: 11 });
        chat.sees(&["place_order", "user:9", "u:1:2", "@bot_2", "99", "&lt;b&gt;odd"]);
        assert!(!chat.screen().html.contains(Unhandled::TooMany.word()), "in the reader's words");
        chat.tap(AdminTap::SetAside { page: 1 }).asks(&at(1));
        chat.reply(Reply::SetAside { rows, total: 11 }).sees(&["11"]);
        chat.say("/set_aside").asks(&at(0));
        chat.reply(Reply::SetAside { rows: Vec::new(), total: 0 }).sees(&["0"]);
        chat.say("/set_aside now").asks_nothing().sees(&["/set_aside"]);
    });
}

#[test]
fn categories_and_products_by_buttons_and_commands() {
    both(|mut chat| {
        let line = GoodsKind::Line;
        let (name, price) = ("Music".to_owned(), Some(usdt("9.9")));
        let category = stock(StockCommand::CreateCategory { name: name.clone() });
        chat.say("/goods").tap(GoodsTap::NewCategory).say("Music").asks(&category);
        chat.reply(Reply::Rejected(Rejection::Stock(StockRejection::NameTaken)));
        chat.say("Music").asks(&category);
        chat.reply(Reply::Accepted(Outcome::CategoryCreated(CATEGORY))).sees(&["cat_1"]);
        chat.say("/category_add Music").asks(&category);
        chat.tap_old("1Gd:cat_1:0").tap(GoodsTap::NewProduct(CATEGORY));
        chat.tap(GoodsTap::NewProductOf(CATEGORY, line)).say("a\nb").asks_nothing();
        chat.say("Music").asks_nothing().say("0").asks_nothing().say("９．９");
        let product =
            stock(StockCommand::CreateProduct { category: CATEGORY, name, kind: line, price });
        chat.asks(&product).reply(Reply::Accepted(Outcome::ProductCreated(LINES)));
        chat.tap(GoodsTap::Product(LINES));
        chat.say("/product_add cat_1 line 9.90 Music").asks(&product);
        chat.tap_old("1Pp:prd_1").tap(GoodsTap::Price(LINES)).say("2");
        chat.asks(&stock(StockCommand::PriceProduct { product: LINES, price: usdt("2") }));
        chat.reply(Reply::Accepted(Outcome::Done)).sees(&["✅", "prd_1"]).asks_nothing();
        let described = |text: &str| {
            let description = text.to_owned();
            stock(StockCommand::DescribeProduct { product: LINES, description })
        };
        chat.tap(GoodsTap::Describe(LINES)).say("two\nlines").asks(&described("two\nlines"));
        chat.say("-").asks(&described(""));
        let hide = stock(StockCommand::ListProduct { product: LINES, listed: false });
        chat.say("/product_hide prd_1").asks(&hide);
        chat.tap_old("1Ph:prd_1").asks(&hide);
    });
}

#[test]
fn stock_by_lines_documents_and_files() {
    both(|mut chat| {
        let lines = |lines: &[&str]| Request::AddLines {
            product: LINES,
            lines: lines.iter().map(|line| Secret::new(*line)).collect(),
        };
        chat.say("/stock_add prd_1\nk1\n\nk1 \nk2").asks(&lines(&["k1", "", "k1 ", "k2"]));
        let report = UploadReport {
            added: 2,
            blank: vec![2],
            doubled: vec![3],
            present: vec![7, 8, 9],
            unusable: (100..4000).step_by(2).collect(),
        };
        chat.reply(Reply::Uploaded(report))
            .sees(&["<b>2</b>", "7–9"])
            .can(GoodsTap::Product(LINES));
        chat.say("k3").asks_nothing();
        chat.say("/stock_add prd_1").asks_nothing().say("k3\nk4").asks(&lines(&["k3", "k4"]));
        chat.reply(Reply::Uploaded(UploadReport { added: 2, ..UploadReport::default() }));
        chat.say("hello").asks_nothing();
        for leaving in ["/help", "/credit", "/goods", "/agent_pause a1", "/cancel"] {
            chat.say("/stock_add prd_1").say(leaving).say("not goods").asks_nothing();
        }
        let document = Request::AddLineFile { product: LINES, file_id: "file-1".to_owned() };
        chat.file("keys.TXT", 9, Some("/stock_add prd_1")).asks(&document);
        chat.tap_old("1Pa:prd_1").file("keys.pdf", 9, None).asks_nothing();
        chat.file("keys.txt", 0, None)
            .asks_nothing()
            .file("keys.txt", 21 << 20, None)
            .asks_nothing();
        chat.sees(&["20"]).file("keys.txt", 9, None).asks(&document);
        chat.reply(Reply::BadFile(FileProblem::NotText)).sees(&["UTF-8"]);
        chat.say("/stock_add prd_2\nk1").asks_nothing().can(GoodsTap::Product(FILES));
        chat.say("/stock_add prd_99\nk1").asks_nothing();
        chat.say("/stock_file prd_2").say("text").asks_nothing();
        let (file_id, file_name) = ("file-1".to_owned(), "a.zip".to_owned());
        let file = Request::AddFile { product: FILES, file_id, file_name };
        for _ in 0..2 {
            chat.file("a.zip", 9, None).asks(&file);
            chat.reply(Reply::Uploaded(UploadReport { added: 1, ..UploadReport::default() }));
        }
        chat.file("a.zip", 9, Some("/stock_file nothing")).asks_nothing().sees(&["/stock_file"]);
    });
}

#[test]
fn credits() {
    both(|mut chat| {
        let credit = |tenant: &str| {
            let tenant = tenant.parse().expect("a tenant");
            let (user, amount) = (UserId::new(77), usdt("50"));
            ledger(LedgerCommand::Credit { tenant, user, amount, reason: "by bank".to_owned() })
        };
        for (text, tenant) in [("master", "master"), ("a1", "agent:a1"), ("agent:a1", "agent:a1")] {
            chat.say(&format!("/credit {text} 77 50 by bank")).asks(&credit(tenant));
        }
        chat.reply(Reply::Accepted(Outcome::Credited { balance: usdt("60") }));
        chat.sees(&["50.00 USDT", "60.00 USDT", "<b>a1</b>", "77"]);
        chat.say("/admin").tap(AdminTap::Credit).say("master 77 fifty x").asks_nothing();
        chat.say("master 77 50 by bank").asks(&credit("master"));
        chat.reply(Reply::Rejected(Rejection::Credit(CreditRejection::UnknownTenant)));
        for bad in
            ["", "master 77 50", "master 0 50 x", "master 77 -5 x", "master 77 0 x", "A! 7 5 x"]
        {
            chat.say(&format!("/credit {bad}")).asks_nothing().sees(&["/credit &lt;"]);
        }
    });
}

#[test]
fn withdrawals_are_approved_rejected_and_paid() {
    let requested = || withdrawal(WithdrawalStatus::Requested);
    let approved = || withdrawal(WithdrawalStatus::Approved { by: UserId::new(1), at: NOW });
    both(|mut chat| {
        let state = Some(WithdrawalState::Requested);
        chat.say("/withdraw_list requested").asks(&Request::Withdrawals {
            state,
            skip: 0,
            limit: 8,
        });
        chat.reply(Reply::Withdrawals { rows: vec![requested()], total: 1 });
        chat.tap(PayoutTap::One(PAYOUT)).reply(Reply::Withdrawal(Some(Box::new(requested()))));
        chat.sees(&[ADDRESS, "49.00 USDT", "a1"]).cannot(PayoutTap::Pay(PAYOUT));
        chat.tap(PayoutTap::Approve(PAYOUT));
        chat.asks(&ledger(LedgerCommand::ApproveWithdrawal { withdrawal: PAYOUT }));
        chat.reply(Reply::Accepted(Outcome::WithdrawalMoved(PAYOUT)));
        chat.reply(Reply::Withdrawal(Some(Box::new(approved())))).sees(&["✅"]);
        let reason = "wrong network".to_owned();
        let reject = ledger(LedgerCommand::RejectWithdrawal { withdrawal: PAYOUT, reason });
        chat.tap(PayoutTap::Reject(PAYOUT)).say("wrong network").asks(&reject);
        chat.say("/withdraw_reject wdr_12 wrong network").asks(&reject);
        let pay = |although_negative| {
            let txid = "abcdef12".parse().expect("an id");
            ledger(LedgerCommand::PayWithdrawal { withdrawal: PAYOUT, txid, although_negative })
        };
        chat.tap_old("1Wp:wdr_12").say("no id!").asks_nothing().say("ABCDEF12").asks(&pay(false));
        let negative = WithdrawalRejection::AgentNegative { available: usdt("5").negated() };
        chat.reply(Reply::Rejected(Rejection::Withdrawal(negative))).sees(&["-5.00 USDT"]);
        chat.tap(PayoutTap::PaySave).asks(&pay(true));
        chat.tap_old("1Wy").asks_nothing();
        chat.say("/withdraw_pay wdr_12 ABCDEF12").asks(&pay(false));
        let used = Rejection::Withdrawal(WithdrawalRejection::TxidUsed);
        chat.reply(Reply::Rejected(used))
            .sees(&["TXID"])
            .can(PayoutTap::List { state: None, page: 0 });
        chat.tap_old("1Wd:wdr_99")
            .reply(Reply::Withdrawal(None))
            .can(Tap::Payout(PayoutTap::List { state: None, page: 0 }));
    });
}

#[test]
fn admin_commands_do_not_exist_in_an_agents_bot() {
    for lang in Lang::ALL {
        let mut chat = Chat::new(Kit::new("agent:a1", Role::Admin, lang));
        let unknown = chat.say("/nonsense").screen().html.clone();
        for text in ["/agent_list", "/goods", "/credit master 5 1 x", "/admin", "/agent"] {
            assert_eq!(chat.say(text).asks_nothing().screen().html, unknown);
        }
        chat.say(&format!("/agent_create a2 {TOKEN} Bob"))
            .asks_nothing()
            .can(ShopTap::Catalog { page: 0 });
        assert!(chat.deletes());
    }
}
