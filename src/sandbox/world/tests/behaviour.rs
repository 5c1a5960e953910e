//! What calls and people do to chats, queues and each other.

use super::*;

#[test]
fn people_see_reply_keyboards_and_bots_do_not() {
    let mut stage = Stage::new();
    let sent = stage
        .call(
            "sendMessage",
            json!({"chat_id": ANNA, "text": "k", "reply_markup": {"keyboard": [["A"]]}}),
        )
        .unwrap();
    assert_eq!(sent.get("reply_markup"), None);
    let seen = stage.world.chat("shop_bot", ANNA).unwrap();
    assert_eq!(seen[1]["reply_markup"], json!({"keyboard": [[{"text": "A"}]]}));
    assert_eq!(
        stage.world.chat("nobody_bot", ANNA),
        Err(Complaint::UnknownBot("nobody_bot".into()))
    );
}

#[test]
fn edits_and_deletions_show() {
    let mut stage = Stage::new();
    let id = stage.sends(json!({"chat_id": ANNA, "text": "x", "reply_markup": ok_button()}));
    stage.now = T0 + Millis::from_secs(5);
    let edited = stage
        .call("editMessageText", json!({"chat_id": ANNA, "message_id": id, "text": "y"}))
        .unwrap();
    assert_eq!((&edited["text"], edited.get("reply_markup")), (&json!("y"), None));
    assert_eq!(edited["edit_date"], json!(1_790_000_005));
    let marked = stage
        .call(
            "editMessageReplyMarkup",
            json!({"chat_id": ANNA, "message_id": id, "reply_markup": ok_button()}),
        )
        .unwrap();
    assert_eq!(marked["reply_markup"], ok_button());
    stage.now = T0 + Millis::from_hours(48);
    assert_eq!(
        stage.call("deleteMessage", json!({"chat_id": ANNA, "message_id": id})),
        Ok(json!(true))
    );
    assert_eq!(stage.world.chat("shop_bot", ANNA).unwrap().len(), 1);
    stage.now = T0 + Millis::from_hours(48) + Millis::from_secs(1);
    stage.refuses(
        "deleteMessage",
        json!({"chat_id": ANNA, "message_id": 1}),
        "400 Bad Request: message can't be deleted for everyone",
    );
}

#[test]
fn offsets_confirm_everything_before_them() {
    let mut stage = Stage::new();
    for n in 0..150 {
        stage.says(ANNA, &n.to_string());
    }
    let ids = |updates: &[Value]| -> Vec<i64> {
        updates.iter().map(|update| update["update_id"].as_i64().unwrap()).collect()
    };
    let first = stage.updates(json!({}));
    assert_eq!(first.len(), 100);
    assert_eq!(stage.updates(json!({"limit": 500})), first, "unconfirmed updates come again");
    let start = ids(&first)[0];
    assert_eq!(
        ids(&stage.updates(json!({"offset": start + 149, "limit": 5}))),
        [start + 149, start + 150]
    );
    assert_eq!(ids(&stage.updates(json!({"offset": -1}))), [start + 150]);
    assert_eq!(stage.updates(json!({"offset": start + 151})), Vec::<Value>::new());
    assert_eq!(stage.updates(json!({"offset": 1})), Vec::<Value>::new());
}

#[test]
fn only_wanted_updates_are_queued_and_kept_for_a_day() {
    let mut stage = Stage::new();
    stage.updates(json!({"offset": -1, "allowed_updates": ["callback_query"]}));
    stage.says(ANNA, "unheard");
    let id = stage.sends(json!({"chat_id": ANNA, "text": "x", "reply_markup": ok_button()}));
    stage.world.tap(T0, &tap(id, "ok")).unwrap();
    let kinds: Vec<bool> = stage
        .updates(json!({}))
        .iter()
        .map(|update| update.get("callback_query").is_some())
        .collect();
    assert_eq!(kinds, [false, true], "what was queued before stays");
    stage.now = T0 + Millis::from_hours(24);
    assert_eq!(stage.updates(json!({})), Vec::<Value>::new());
    stage.updates(json!({"allowed_updates": "[]"}));
    stage.says(ANNA, "heard");
    assert_eq!(stage.updates(json!({})).len(), 1);
    stage.call("deleteWebhook", json!({"drop_pending_updates": "true"})).unwrap();
    assert_eq!(stage.updates(json!({})).len(), 0);
}

#[test]
fn a_second_poll_ends_the_first() {
    let mut stage = Stage::new();
    stage.updates(json!({"offset": i32::MAX}));
    let params = json!({"timeout": 25});
    let Outcome::Wait(first) = stage.world.call(T0, &stage.token, "getUpdates", &params, &[])
    else {
        panic!("nothing to fetch: the poll waits");
    };
    let Outcome::Wait(second) = stage.world.call(T0, &stage.token, "getUpdates", &params, &[])
    else {
        panic!("the second poll waits too");
    };
    let Outcome::Refused(refusal) = stage.world.resume(T0, &first) else {
        panic!("the first poll is over");
    };
    assert_eq!(
        refusal.body(),
        json!({"ok": false, "error_code": 409, "description": "Conflict: terminated by other \
            getUpdates request; make sure that only one bot instance is running"})
    );
    stage.says(ANNA, "x");
    assert!(
        matches!(stage.world.resume(T0, &second), Outcome::Done(Value::Array(list)) if list.len() == 1)
    );
}

#[test]
fn blocking_tells_the_bot() {
    let mut stage = Stage::new();
    stage.updates(json!({"offset": i32::MAX}));
    stage.world.set_blocked(T0, "shop_bot", ANNA, true).unwrap();
    stage.world.set_blocked(T0, "shop_bot", ANNA, true).unwrap();
    stage.refuses(
        "sendMessage",
        json!({"chat_id": ANNA, "text": "x"}),
        "403 Forbidden: bot was blocked by the user",
    );
    stage.says(ANNA, "back");
    let shown: Vec<(Value, Value)> = stage
        .updates(json!({}))
        .iter()
        .map(|update| {
            (
                update["my_chat_member"]["new_chat_member"]["status"].clone(),
                update["message"]["text"].clone(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (json!("kicked"), Value::Null),
            (json!("member"), Value::Null),
            (Value::Null, json!("back"))
        ]
    );
}

#[test]
fn groups_can_be_left_and_their_messages_are_not_the_bots() {
    let mut stage = Stage::new();
    let said =
        stage.world.post(T0, post("shop_bot", ANNA, Some(GROUP), "hello")).unwrap().message_id;
    stage.refuses(
        "deleteMessage",
        json!({"chat_id": GROUP, "message_id": said}),
        "400 Bad Request: message can't be deleted",
    );
    let member = stage.call("getChatMember", json!({"chat_id": GROUP, "user_id": BO})).unwrap();
    assert_eq!(member["status"], "left");
    assert_eq!(stage.call("leaveChat", json!({"chat_id": GROUP})), Ok(json!(true)));
    stage.refuses(
        "sendMessage",
        json!({"chat_id": GROUP, "text": "x"}),
        "403 Forbidden: bot is not a member of the group chat",
    );
    let refused = stage.world.post(T0, post("shop_bot", ANNA, Some(GROUP), "still there?"));
    assert_eq!(refused, Err(Complaint::bad("the bot has left that group")));
}

#[test]
fn taps_are_answered_once_and_in_time() {
    let mut stage = Stage::new();
    let id = stage.sends(json!({"chat_id": ANNA, "text": "x", "reply_markup": ok_button()}));
    let answer = |query: i64| json!({"callback_query_id": query.to_string(), "text": "done", "show_alert": true});
    let query = stage.world.tap(T0, &tap(id, "ok")).unwrap();
    stage.world.take_events();
    assert_eq!(stage.call("answerCallbackQuery", answer(query)), Ok(json!(true)));
    let told = TapAnswer { answered: true, text: Some("done".into()), show_alert: true, url: None };
    assert_eq!(stage.world.take_events(), [Event::Answered(query, told)]);
    assert_eq!(stage.call("answerCallbackQuery", answer(query)), Ok(json!(true)));
    assert_eq!(stage.world.take_events(), []);
    let late = stage.world.tap(T0, &tap(id, "forged")).unwrap();
    stage.now = T0 + Millis::from_secs(15);
    stage.refuses(
        "answerCallbackQuery",
        answer(late),
        "400 Bad Request: query is too old and response timeout expired or query ID is invalid",
    );
    let complaint = Err(Complaint::bad("the bot has no such message in that chat"));
    assert_eq!(
        stage.world.tap(T0, &tap(1, "ok")),
        complaint,
        "a person's own message has no buttons"
    );
    stage.call("deleteMessage", json!({"chat_id": ANNA, "message_id": id})).unwrap();
    assert_eq!(stage.world.tap(T0, &tap(id, "ok")), complaint);
}
