//! The customer's flows, in an agent's bot, in both languages.

use super::kit::{
    ADDRESS, BASE, Chat, Kit, NOW, TOKEN, UNIT, incoming, order, quote, quote_id, usdt,
};
use crate::domain::access::Denied;
use crate::domain::id::{CategoryId, OrderId, ProductId};
use crate::domain::order::{OrderRejection, QuoteRejection};
use crate::domain::outcome::{Outcome, Receipt};
use crate::domain::rejection::Rejection;
use crate::domain::tenant::TenantStatus;
use crate::domain::time::Millis;
use crate::secret::Secret;
use crate::telegram::callback::{AdminTap, OwnerTap, ShopTap};
use crate::telegram::dialog::{Effect, Input, State, step};
use crate::telegram::incoming::Content;
use crate::telegram::intent::parse;
use crate::telegram::request::{Reply, Request};
use crate::telegram::screen::{Button, Role};
use crate::telegram::text::Lang;

fn chat(lang: Lang) -> Chat {
    Chat::new(Kit::new("agent:a1", Role::Customer, lang))
}

fn both(scenario: impl Fn(Chat)) {
    for lang in Lang::ALL {
        scenario(chat(lang));
    }
}

const PRODUCT: ProductId = ProductId::new(1);
const CATALOG: ShopTap = ShopTap::Catalog { page: 0 };

fn wants(quantity: u32) -> Request {
    Request::Quote { product: PRODUCT, quantity }
}

fn rejected(why: impl Into<Rejection>) -> Reply {
    Reply::Rejected(why.into())
}

#[test]
fn a_purchase_by_buttons() {
    both(|mut chat| {
        let (keys, order) = (CategoryId::new(1), OrderId::of(&quote_id()));
        chat.say("/start").sees(&["Ann's &lt;i&gt;shop&lt;/i&gt;"]).can(ShopTap::Languages);
        chat.cannot(OwnerTap::Panel).cannot(AdminTap::Home);
        chat.tap(CATALOG).can(ShopTap::Category { category: keys, page: 0 });
        chat.tap(ShopTap::Category { category: keys, page: 0 }).can(ShopTap::Product(PRODUCT));
        chat.cannot(ShopTap::Product(ProductId::new(3)))
            .cannot(ShopTap::Product(ProductId::new(4)));
        chat.tap(ShopTap::Product(PRODUCT)).sees(&[
            UNIT,
            "&lt;b&gt;Key",
            "Line &amp; &lt;line&gt;",
        ]);
        chat.can(ShopTap::Buy { product: PRODUCT, quantity: 5 });
        chat.cannot(ShopTap::Buy { product: PRODUCT, quantity: 10 });
        chat.tap(ShopTap::Buy { product: PRODUCT, quantity: 2 }).asks(&wants(2));
        chat.reply(Reply::Accepted(Outcome::Quoted(quote(2).into())));
        chat.sees(&[UNIT, "16.08 USDT", "2025-01-01 00:10 UTC"]);
        chat.tap(ShopTap::Confirm(quote_id())).asks(&Request::Place { quote: quote_id() });
        let receipt = Receipt { order: order.clone(), total: usdt("16.08"), balance: usdt("3") };
        chat.reply(Reply::Accepted(Outcome::OrderPlaced(receipt)));
        chat.sees(&["ord_q1", "16.08 USDT", "3.00 USDT"]).can(ShopTap::Order(order));
        assert!(chat.edits(), "the offer becomes the receipt");
    });
}

#[test]
fn quantities_that_are_none() {
    both(|mut chat| {
        chat.tap_old("1p:prd_1").sees(&[UNIT]);
        for text in ["0", "-5", "1.5", "1e3", "NaN", "a few", "几个", "501", "99999999999999999"]
        {
            chat.say(text).asks_nothing().sees(&["500"]).can(ShopTap::Cancel);
        }
        chat.say("２").asks(&wants(2));
        chat.reply(rejected(QuoteRejection::Shortage { available: 1 })).sees(&["1"]);
        chat.tap(ShopTap::Buy { product: PRODUCT, quantity: 1 }).asks(&wants(1));
    });
}

#[test]
fn refusals_say_why_and_offer_the_price_again() {
    let again = || ShopTap::Buy { product: PRODUCT, quantity: 2 };
    let funds = OrderRejection::Funds { balance: usdt("1"), total: usdt("16.08") };
    both(|mut chat| {
        for (why, texts, retry) in [
            (OrderRejection::QuoteGone, vec![], Some(again())),
            (OrderRejection::ShopPaused, vec![], None),
            (OrderRejection::NotForSale, vec![], None),
            (OrderRejection::Shortage { available: 0 }, vec![], None),
            (
                OrderRejection::Shortage { available: 1 },
                vec!["1"],
                Some(ShopTap::Buy { product: PRODUCT, quantity: 1 }),
            ),
            (OrderRejection::OrderOpen, vec![], Some(again())),
            (funds, vec!["1.00 USDT", "16.08 USDT", "15.08 USDT"], Some(again())),
        ] {
            chat.say("/buy prd_1 2").asks(&wants(2));
            chat.reply(Reply::Accepted(Outcome::Quoted(quote(2).into())));
            chat.tap(ShopTap::Confirm(quote_id())).reply(rejected(why)).sees(&texts).can(CATALOG);
            match retry {
                Some(retry) => chat.can(retry),
                None => chat.cannot(again()),
            };
        }
        chat.tap(ShopTap::Menu).tap_old("1o:quo_q1").reply(rejected(OrderRejection::QuoteGone));
        chat.can(CATALOG).cannot(again());
    });
}

#[test]
fn busy_recording_unavailable() {
    both(|mut chat| {
        chat.say("/buy prd_1 2").reply(Reply::Busy).sees(&["<b>"]);
        chat.tap(ShopTap::Buy { product: PRODUCT, quantity: 2 }).asks(&wants(2));
        chat.reply(Reply::Accepted(Outcome::Quoted(quote(2).into())));
        chat.tap(ShopTap::Confirm(quote_id())).reply(Reply::Recording).asks_nothing();
        let receipt = Receipt { order: order().id, total: usdt("16.08"), balance: usdt("3") };
        chat.reply(Reply::Accepted(Outcome::OrderPlaced(receipt))).sees(&["ord_q1", "3.00 USDT"]);
        chat.say("/balance").reply(Reply::Unavailable).can(ShopTap::Balance);
    });
}

#[test]
fn balance_orders_and_once_more() {
    both(|mut chat| {
        let id = order().id;
        chat.say("/balance").asks(&Request::Balance).reply(Reply::Balance(usdt("12.5")));
        chat.sees(&["12.50 USDT"]).tap(ShopTap::Orders { page: 0 });
        chat.asks(&Request::Orders { skip: 0, limit: 8 });
        chat.reply(Reply::Orders { rows: vec![order(); 8], total: 20 });
        chat.tap(ShopTap::Orders { page: 1 }).asks(&Request::Orders { skip: 8, limit: 8 });
        chat.reply(Reply::Orders { rows: vec![order()], total: 9 });
        chat.tap(ShopTap::Order(id.clone())).asks(&Request::Order { order: id.clone() });
        chat.reply(Reply::Order(Some(Box::new(order())))).sees(&["ord_q1", UNIT, "16.08 USDT"]);
        chat.tap(ShopTap::Redeliver(id.clone())).asks(&Request::Redeliver { order: id.clone() });
        chat.reply(Reply::Redelivering(true)).tap(ShopTap::Order(id));
        chat.reply(Reply::Order(None)).can(ShopTap::Orders { page: 0 });
        chat.say("/orders").reply(Reply::Orders { rows: Vec::new(), total: 0 }).can(ShopTap::Menu);
    });
}

#[test]
fn a_paused_shop_sells_nothing_and_shows_everything_else() {
    both(|mut chat| {
        chat.kit.shop().status = TenantStatus::Paused;
        chat.say("/start").sees(&["⏸"]).tap(CATALOG).sees(&["⏸"]);
        chat.tap_old("1p:prd_1").sees(&["⏸", UNIT]);
        chat.cannot(ShopTap::Buy { product: PRODUCT, quantity: 1 });
        chat.say("2").asks_nothing();
        chat.tap_old("1b:prd_1:1").reply(rejected(QuoteRejection::ShopPaused)).sees(&["⏸"]);
        chat.say("/balance").asks(&Request::Balance);
    });
}

#[test]
fn language_is_chosen_and_stays_readable() {
    let mut chat = chat(Lang::En);
    chat.say("/start").sees(&["Welcome"]).can(ShopTap::Speak(Lang::Zh));
    chat.say("/start").sees(&["What would you like"]).cannot(ShopTap::Speak(Lang::Zh));
    chat.tap(ShopTap::Languages).tap(ShopTap::Speak(Lang::Zh));
    chat.asks(&Request::SetLanguage { language: "zh".to_owned() });
    chat.reply(Reply::Done).sees(&["请选择"]);
}

#[test]
fn tokens_are_deleted_whoever_pastes_them() {
    both(|mut chat| {
        let full_width = TOKEN.replace('1', "１").replace(':', "：");
        let zero_width = TOKEN.replace("789", "7\u{200b}89");
        let in_command = format!("/agent_create a2 {TOKEN} Shop");
        for text in [TOKEN, &full_width, &zero_width, &in_command, &format!("hi {TOKEN}!")] {
            chat.say(text).asks_nothing().sees(&["@BotFather"]);
            assert!(chat.deletes(), "{text}");
        }
        chat.file("a.txt", 5, Some(TOKEN)).asks_nothing();
        assert!(chat.deletes());
        chat.file(&format!("{TOKEN}.txt"), 5, None).asks_nothing();
        assert!(chat.deletes());
    });
}

#[test]
fn what_does_not_exist_is_unknown_in_the_same_words() {
    both(|mut chat| {
        let unknown = chat.say("/nonsense").screen().clone();
        for text in [
            "/agent",
            "/admin",
            "/credit master 5 1 gift",
            "/agent_list",
            "/withdraw 5",
            "/start@other_bot",
        ] {
            assert_eq!(chat.say(text).asks_nothing().screen().html, unknown.html, "{text}");
        }
        chat.say("/start own_abc").reply(rejected(Denied)).sees(&[&unknown.html]);
        for data in ["1A", "1a", "0m", "", "qrgaimai 1:2:0.01", "1Ap:a1", "1Wa:wdr_1"] {
            chat.tap_old(data).asks_nothing().can(CATALOG);
        }
        let menu = chat.say("hello?").asks_nothing().can(CATALOG).screen().clone();
        assert_ne!(menu.html, unknown.html);
        chat.file("a.txt", 5, None).asks_nothing().can(CATALOG);
        chat.get(Content::Other { caption: None }).can(CATALOG);
        chat.say("/cancel").can(CATALOG);
    });
}

#[test]
fn old_questions_take_no_answers() {
    both(|mut chat| {
        chat.tap_old("1p:prd_1");
        chat.now = NOW + Millis::from_hours(2);
        chat.say("2").asks_nothing().can(CATALOG);
        chat.now = NOW;
        chat.tap_old("1p:prd_1").say("/cancel").say("2").asks_nothing();
    });
}

#[test]
fn groups_get_a_link_and_nothing_else() {
    let chat = chat(Lang::En);
    let says = |text: &str| {
        let content = Content::Text(Secret::new(text));
        let intent = parse(incoming(false, content), &chat.kit.ctx());
        step(&chat.kit.ctx(), State::default(), Input::Intent(intent), NOW)
    };
    for text in ["/start", "/buy prd_1 2", "/start@some_bot", "/agent_list"] {
        let step = says(text);
        let [Effect::Send(screen)] = step.effects.as_slice() else { panic!("{text}") };
        let url = "https://t.me/some_bot".to_owned();
        assert!(matches!(&screen.keyboard[0][0], Button::Url { url: to, .. } if *to == url));
        assert_eq!((step.request, step.state), (None, State::default()));
    }
    for text in ["hello", ADDRESS, BASE, "/start@other_bot"] {
        assert_eq!(says(text).effects, [], "{text}");
    }
    assert!(matches!(says(TOKEN).effects[0], Effect::DeleteIncoming { .. }));
}
