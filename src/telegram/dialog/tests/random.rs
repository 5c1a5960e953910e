//! Random chats: whatever is said, tapped and replied, in whatever order, every screen fits Telegram,
//! has a way back, shows no base price in an agent's bot, and no state holds a secret.

use super::kit::{ADDRESS, Chat, Kit, NOW, TOKEN, check_screen, order, quote, usdt, withdrawal};
use crate::domain::access::Denied;
use crate::domain::catalog::TextRefusal;
use crate::domain::command::{Caller, CommandKey};
use crate::domain::fleet::BotState;
use crate::domain::id::{CategoryId, ProductId, TenantId, UserId, WithdrawalId};
use crate::domain::order::{AwaitCause, OrderRejection, QuoteRejection};
use crate::domain::outcome::{ItemsReport, Outcome, Receipt, WithdrawalTerms};
use crate::domain::rejection::{CreditRejection, Rejection};
use crate::domain::set_aside::{SetAside, Unhandled};
use crate::domain::stock::StockRejection;
use crate::domain::tenant::{AgentRejection, TenantStatus};
use crate::domain::withdrawal::{WithdrawalRejection, WithdrawalState, WithdrawalStatus};
use crate::secret::Secret;
use crate::telegram::callback::tests::samples;
use crate::telegram::dialog::Input;
use crate::telegram::intent::Command;
use crate::telegram::request::{BotStatus, FileProblem, Reply, Request, UploadReport};
use crate::telegram::screen::notices::{self, BotTrouble};
use crate::telegram::screen::{Button, Role};
use crate::telegram::text::Lang;
use proptest::prelude::*;

const TEXTS: [&str; 14] = [
    "",
    " ",
    "2",
    "0",
    "-5",
    "1.5",
    "99999999999999999999",
    "{name} <b>&amp;",
    ADDRESS,
    "ABCDEF12",
    "master 77 50 gift",
    "两行\n文字",
    TOKEN,
    "/",
];

const NAMES: [&str; 3] = [
    "<<<<&&&&>>>>\"\"",
    "{product}",
    "一个很长很长很长很长很长很长很长很长很长很长很长很长很长很长的名字很长很长",
];

fn rejections() -> Vec<Rejection> {
    let available = usdt("5");
    let texts = [TextRefusal::Empty, TextRefusal::TooLong(48), TextRefusal::Control];
    let mut all = vec![Denied.into(), Rejection::Quarantined, Rejection::Unrecordable];
    all.extend([
        Rejection::from(QuoteRejection::ShopPaused),
        QuoteRejection::NotForSale.into(),
        QuoteRejection::Quantity { max: 500 }.into(),
        QuoteRejection::Shortage { available: 3 }.into(),
        QuoteRejection::NoPrice.into(),
        OrderRejection::QuoteGone.into(),
        OrderRejection::ShopPaused.into(),
        OrderRejection::NotForSale.into(),
        OrderRejection::Shortage { available: 0 }.into(),
        OrderRejection::OrderOpen.into(),
        OrderRejection::Funds { balance: available, total: usdt("16.08") }.into(),
        StockRejection::UnknownCategory.into(),
        StockRejection::UnknownProduct.into(),
        StockRejection::NameTaken.into(),
        StockRejection::Price.into(),
        StockRejection::ItemCount.into(),
        AgentRejection::Unknown.into(),
        AgentRejection::IdTaken.into(),
        AgentRejection::BotTaken.into(),
        AgentRejection::Markup.into(),
        AgentRejection::Link.into(),
        AgentRejection::Owned.into(),
        WithdrawalRejection::Unknown.into(),
        WithdrawalRejection::BelowMinimum { min: available }.into(),
        WithdrawalRejection::NothingLeft { fee: available }.into(),
        WithdrawalRejection::Funds { available }.into(),
        WithdrawalRejection::NoWallet.into(),
        WithdrawalRejection::TxidUsed.into(),
        WithdrawalRejection::AgentNegative { available: available.negated() }.into(),
        WithdrawalRejection::TooManyEntries.into(),
        CreditRejection::UnknownTenant.into(),
        CreditRejection::Amount.into(),
        CreditRejection::OutOfRange.into(),
    ]);
    all.extend(WithdrawalState::ALL.map(|state| WithdrawalRejection::State(state).into()));
    all.extend(texts.map(|why| StockRejection::Text(why).into()));
    all.extend(texts.map(|why| AgentRejection::Name(why).into()));
    all.extend(texts.map(|why| WithdrawalRejection::Reason(why).into()));
    all.extend(texts.map(|why| CreditRejection::Reason(why).into()));
    all
}

fn outcomes() -> Vec<Outcome> {
    let (amount, fee, net) = (usdt("50"), usdt("1"), usdt("49"));
    let id = WithdrawalId::new(u64::MAX);
    vec![
        Outcome::Done,
        Outcome::CategoryCreated(CategoryId::new(1)),
        Outcome::ProductCreated(ProductId::new(u64::MAX)),
        Outcome::ItemsAdded(ItemsReport::default()),
        Outcome::Quoted(quote(3).into()),
        Outcome::OrderPlaced(Receipt { order: order().id, total: amount, balance: net }),
        Outcome::AgentCreated("a1".parse().expect("an id")),
        Outcome::OwnerClaimed("a1".parse().expect("an id")),
        Outcome::Credited { balance: amount },
        Outcome::WithdrawalRequested(WithdrawalTerms { id, amount, fee, net }),
        Outcome::WithdrawalMoved(id),
        Outcome::Matured { entries: 1, more: false },
    ]
}

fn statuses() -> Vec<WithdrawalStatus> {
    let (by, at) = (UserId::new(1), NOW);
    vec![
        WithdrawalStatus::Requested,
        WithdrawalStatus::Approved { by, at },
        WithdrawalStatus::Paid { by, at, txid: "a".repeat(100).parse().expect("an id") },
        WithdrawalStatus::Rejected { by, at, reason: "<&>".repeat(500) },
    ]
}

fn bots() -> Vec<BotStatus> {
    let states = [
        BotState::Starting,
        BotState::Running,
        BotState::Backoff,
        BotState::Stopped,
        BotState::TokenRefused,
        BotState::Conflict,
    ];
    let status = |state| BotStatus {
        tenant: "agent:a1".parse().expect("a tenant"),
        state,
        since: NOW,
        retry_at: Some(NOW),
        restarts: 2,
        last_error: Some("<&>".repeat(1000)),
    };
    states.into_iter().map(status).collect()
}

/// A page of the longest rows there are.
fn set_aside() -> Vec<SetAside> {
    let key = CommandKey {
        tenant: TenantId::Agent("a".repeat(32).parse().expect("an id")),
        caller: Caller::User(UserId::new(i64::MAX)),
        id: "x".repeat(64).parse().expect("an id"),
    };
    let command = SetAside::Command { key, what: "approve_withdrawal".to_owned(), at: NOW };
    let update = |reason: &str| SetAside::Update {
        bot: UserId::new(2),
        update: u64::MAX,
        reason: reason.to_owned(),
        at: NOW,
    };
    let known = [Unhandled::Panicked, Unhandled::TooOld, Unhandled::TooMany];
    let mut rows = vec![command; 4];
    rows.extend(known.map(|reason| update(reason.word())));
    rows.push(update("<b> of another version"));
    rows
}

fn replies() -> Vec<Reply> {
    let amount = usdt("999999999999.999999");
    let mut all: Vec<Reply> = rejections().into_iter().map(Reply::Rejected).collect();
    all.extend(outcomes().into_iter().map(Reply::Accepted));
    all.extend(bots().into_iter().map(|bot| Reply::Bots(vec![bot])));
    all.push(Reply::SetAside { rows: set_aside(), total: u64::from(u32::MAX) });
    let odd: Vec<u32> = (0..100_000).step_by(2).collect();
    for status in statuses() {
        let row = withdrawal(status);
        all.push(Reply::Withdrawals { rows: vec![row.clone(); 8], total: 1_000_000 });
        all.push(Reply::Withdrawal(Some(Box::new(row))));
    }
    all.extend([
        Reply::Busy,
        Reply::Recording,
        Reply::Unavailable,
        Reply::AgentCreated {
            agent: "a2".parse().expect("an id"),
            username: "b".to_owned(),
            link: Secret::new("https://t.me/b?start=own_SECRET"),
            expires_at: NOW,
        },
        Reply::BadToken,
        Reply::Uploaded(UploadReport {
            added: 5,
            blank: odd.clone(),
            doubled: odd.clone(),
            present: odd.clone(),
            unusable: odd,
        }),
        Reply::BadFile(FileProblem::TooLarge { max_mb: 20 }),
        Reply::BadFile(FileProblem::NotText),
        Reply::BadFile(FileProblem::Empty),
        Reply::BadFile(FileProblem::Download),
        Reply::Balance(amount),
        Reply::Orders { rows: vec![order(); 8], total: u64::MAX },
        Reply::Order(Some(Box::new(order()))),
        Reply::Order(None),
        Reply::Redelivering(true),
        Reply::Redelivering(false),
        Reply::AgentPanel { pending: amount, available: amount, held: amount, paid: amount },
        Reply::Withdrawal(None),
        Reply::Done,
    ]);
    all
}

/// What happens next in a random chat.
#[derive(Clone, Debug)]
enum Next {
    Say(usize),
    Command(usize, usize),
    Tap(usize),
    OnScreen(usize),
    File(bool),
    Reply(usize),
    Again,
    Later,
    Change(u8),
}

fn next() -> impl Strategy<Value = Next> {
    let many = 0_usize..1000;
    prop_oneof![
        many.clone().prop_map(Next::Say),
        (many.clone(), many.clone()).prop_map(|(a, b)| Next::Command(a, b)),
        many.clone().prop_map(Next::Tap),
        many.clone().prop_map(Next::OnScreen),
        any::<bool>().prop_map(Next::File),
        many.clone().prop_map(Next::Reply),
        many.prop_map(Next::Reply),
        Just(Next::Again),
        Just(Next::Later),
        any::<u8>().prop_map(Next::Change),
    ]
}

fn pick<T: Clone>(from: &[T], index: usize) -> T {
    from[index % from.len()].clone()
}

fn live(chat: &mut Chat, next: &Next) {
    match *next {
        Next::Say(n) => {
            chat.say(pick(&TEXTS, n));
        }
        Next::Command(a, b) => {
            let name = pick(Command::ALL, a).name();
            let rest =
                ["", "prd_1", "cat_1 X", "a1", "prd_1 2", "a1 percent 10", "wdr_12 ABCDEF12"];
            chat.say(&format!("/{name} {}", pick(&rest, b)));
        }
        Next::Tap(n) => {
            chat.tap_old(&pick(&samples(), n).data());
        }
        Next::OnScreen(n) => {
            let data: Vec<String> = buttons(chat);
            if !data.is_empty() {
                chat.tap_old(&pick(&data, n));
            }
        }
        Next::File(captioned) => {
            chat.file("a.txt", 9, captioned.then_some("/stock_add prd_1"));
        }
        Next::Reply(n) => {
            chat.input(Input::Reply(pick(&replies(), n)));
        }
        Next::Again => {
            chat.again();
            if let Some(request) = &chat.last.request {
                assert!(only_reads(request), "{request:?}");
            }
        }
        Next::Later => chat.now = chat.now + crate::domain::time::Millis::from_secs(1200),
        Next::Change(n) => change(chat, n),
    }
}

fn buttons(chat: &Chat) -> Vec<String> {
    let shown = chat.last.effects.iter().filter_map(|effect| match effect {
        crate::telegram::dialog::Effect::Send(screen)
        | crate::telegram::dialog::Effect::Edit { screen, .. } => Some(screen),
        crate::telegram::dialog::Effect::AnswerTap { .. }
        | crate::telegram::dialog::Effect::DeleteIncoming { .. } => None,
    });
    let all = shown.flat_map(|screen| screen.keyboard.iter().flatten());
    all.filter_map(|button| match button {
        Button::Callback { data, .. } => Some(data.clone()),
        Button::Url { .. } => None,
    })
    .collect()
}

/// The world moves under an open dialog.
fn change(chat: &mut Chat, n: u8) {
    match n % 8 {
        0 => chat.kit.shop().status = TenantStatus::Paused,
        1 => chat.kit.shop().status = TenantStatus::Active,
        2 => chat.kit.shop().wallet = Some(ADDRESS.parse().expect("an address")),
        3 => chat.kit.shop().name = pick(&NAMES, usize::from(n)).replace(['{', '}'], ""),
        4 => {
            chat.kit.view.catalog.products.remove(&ProductId::new(1));
        }
        5 => {
            chat.kit.view.counts.insert(ProductId::new(1), u32::MAX);
        }
        6 => {
            for product in chat.kit.view.catalog.products.values_mut() {
                product.description = "&".repeat(1500);
                product.name = pick(&NAMES, usize::from(n)).replace(['{', '}'], "");
            }
        }
        _ => chat.kit.role = Role::Customer,
    }
}

const fn only_reads(request: &Request) -> bool {
    matches!(
        request,
        Request::Balance
            | Request::Orders { .. }
            | Request::Order { .. }
            | Request::AgentPanel
            | Request::Withdrawals { .. }
            | Request::Withdrawal { .. }
            | Request::Bots
            | Request::SetAside { .. }
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn nothing_breaks_a_dialog(
        master in any::<bool>(),
        role in prop_oneof![Just(Role::Customer), Just(Role::Owner), Just(Role::Admin)],
        chinese in any::<bool>(),
        life in proptest::collection::vec(next(), 1..40),
    ) {
        let tenant = if master { "master" } else { "agent:a1" };
        let lang = if chinese { Lang::Zh } else { Lang::En };
        let mut chat = Chat::new(Kit::new(tenant, role, lang));
        for next in life {
            live(&mut chat, &next);
        }
    }
}

#[test]
fn every_reply_fits_every_button() {
    for (tenant, role) in
        [("master", Role::Admin), ("agent:a1", Role::Owner), ("agent:a1", Role::Customer)]
    {
        for lang in Lang::ALL {
            let mut chat = Chat::new(Kit::new(tenant, role, lang));
            chat.kit.shop().wallet = Some(ADDRESS.parse().expect("an address"));
            for tap in samples() {
                chat.tap_old(&tap.data());
                let state = chat.state.clone();
                for reply in replies() {
                    chat.state = state.clone();
                    chat.input(Input::Reply(reply));
                }
            }
        }
    }
}

#[test]
fn every_language_speaks_itself() {
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    for lang in Lang::ALL {
        let mut chat = Chat::new(Kit::new("master", Role::Admin, lang));
        for command in Command::ALL {
            chat.say(&format!("/{} {}", command.name(), "x y z"));
            if chat.last.request.is_some() {
                continue;
            }
            let (html, said) = (chat.screen().html.clone(), chat.screen().html.chars().any(is_han));
            assert_eq!(said, lang == Lang::Zh, "{html}");
        }
    }
}

#[test]
fn notices_fit_too() {
    for lang in Lang::ALL {
        let (master, shop) =
            (Kit::new("master", Role::Admin, lang), Kit::new("agent:a1", Role::Owner, lang));
        let (to_admin, to_shop) = (master.ctx().voice, shop.ctx().voice);
        for status in statuses() {
            let row = withdrawal(status);
            check_screen(&master, &notices::withdrawal_requested(to_admin, &row));
            check_screen(&shop, &notices::withdrawal_moved(to_shop, &row));
        }
        for cause in
            [AwaitCause::Blocked, AwaitCause::TokenRevoked, AwaitCause::Paused, AwaitCause::Refused]
        {
            check_screen(&master, &notices::delivery_stuck(to_admin, &order(), cause));
            check_screen(&shop, &notices::delivery_late(to_shop, &order(), cause));
        }
        let agent = "a1".parse().expect("an id");
        for trouble in [BotTrouble::TokenRefused, BotTrouble::Conflict, BotTrouble::Stopped] {
            for agent in [None, Some(&agent)] {
                check_screen(&master, &notices::bot_trouble(to_admin, agent, "x_bot", trouble));
            }
            check_screen(&master, &notices::own_bot_trouble(to_admin, trouble));
        }
        check_screen(&shop, &notices::credited(to_shop, usdt("1"), usdt("2")));
        let first = notices::delivery_header(to_shop, &order(), false);
        let again = notices::delivery_header(to_shop, &order(), true);
        assert!(again.ends_with(&first) && again.len() > first.len() && again.contains("🔁"));
        assert!(!notices::delivery_footer(to_shop).contains('{'));
        for (name, about) in notices::command_list(to_shop) {
            let known =
                Command::named(name).is_some_and(|command| command.role() == Role::Customer);
            assert!(known && (1..=256).contains(&about.chars().count()), "{name}");
        }
    }
}
