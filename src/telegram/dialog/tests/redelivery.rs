//! An update that comes twice: the same words again, and nothing done twice.

use super::kit::{Chat, Kit, quote, quote_id, usdt};
use crate::domain::id::OrderId;
use crate::domain::outcome::{Outcome, Receipt};
use crate::telegram::callback::ShopTap;
use crate::telegram::dialog::{Effect, State, replay};
use crate::telegram::request::{Reply, Request};
use crate::telegram::screen::Role;
use crate::telegram::text::Lang;

fn chat() -> Chat {
    Chat::new(Kit::new("agent:a1", Role::Customer, Lang::En))
}

/// The chat's last screen is said again, into the same message.
fn repeats(chat: &mut Chat) {
    let before: Vec<Effect> = shown(chat);
    chat.again();
    assert_eq!(shown(chat), before);
}

fn shown(chat: &Chat) -> Vec<Effect> {
    let is_shown = |e: &&Effect| matches!(e, Effect::Send(_) | Effect::Edit { .. });
    chat.last.effects.iter().filter(is_shown).cloned().collect()
}

#[test]
fn the_last_words_are_repeated() {
    let mut chat = chat();
    chat.say("/menu");
    chat.say("/menu");
    repeats(&mut chat);
    chat.tap(ShopTap::Catalog { page: 0 });
    repeats(&mut chat);
    chat.tap_old("1p:prd_1");
    repeats(&mut chat);
    chat.say("0");
    repeats(&mut chat);
    chat.say("/buy prd_1 2").reply(Reply::Accepted(Outcome::Quoted(quote(2).into())));
    repeats(&mut chat);
    chat.asks_nothing().tap(ShopTap::Confirm(quote_id()));
    let order = OrderId::of(&quote_id());
    let receipt = Receipt { order, total: usdt("16.08"), balance: usdt("3") };
    chat.reply(Reply::Accepted(Outcome::OrderPlaced(receipt)));
    repeats(&mut chat);
    chat.asks_nothing();
    chat.tap_old("1z");
    repeats(&mut chat);
}

#[test]
fn pages_with_data_are_read_again() {
    let mut chat = chat();
    chat.say("/balance").reply(Reply::Balance(usdt("1")));
    chat.again().asks(&Request::Balance).reply(Reply::Balance(usdt("2"))).sees(&["2.00 USDT"]);
}

#[test]
fn an_open_question_survives_and_unknown_states_are_none() {
    let mut chat = chat();
    chat.tap_old("1p:prd_1").again().say("2");
    chat.asks(&Request::Quote { product: crate::domain::id::ProductId::new(1), quantity: 2 });
    let known = chat.state.to_json();
    assert_ne!(State::from_json(&known), State::default());
    for json in [
        "",
        "{}",
        "[]",
        &known.replace("\"v\":1", "\"v\":2"),
        &known.replace("quantity", "number_of_items"),
        &known.replace("1p:prd_1", "0p:prd_1"),
    ] {
        assert_eq!(State::from_json(json), State::default(), "{json}");
    }
    let step = replay(&chat.kit.ctx(), State::default(), chat.now);
    assert_eq!((step.effects, step.request), (Vec::new(), None));
}
