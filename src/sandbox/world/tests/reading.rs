//! The library that the fleet uses must understand this world.

use super::*;

/// Everything this world writes must be read by the library the fleet uses.
#[test]
fn teloxide_reads_every_answer_and_update() {
    // From a reference: teloxide reads no update from a `Value` that it consumes.
    fn reads<T: serde::de::DeserializeOwned>(value: &Value) -> T {
        T::deserialize(value).unwrap_or_else(|error| panic!("{error}: {value}"))
    }
    let mut stage = Stage::new();
    stage.world.post(T0, post("shop_bot", ANNA, Some(GROUP), "/help@shop_bot")).unwrap();
    let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &[0, 0, 2, 0, 0, 0, 1, 0]].concat();
    let html = "<b>b</b> <i>i</i> <u>u</u> <s>s</s> <tg-spoiler>p</tg-spoiler> <code>c</code> \
        <pre><code class=\"language-rs\">r</code></pre> <a href=\"https://t.me/x\">l</a> \
        <blockquote>q</blockquote> @anna_k https://a.example /start";
    let keyboard = json!({"inline_keyboard": [[{"text": "u", "url": "t.me/x"}, {"text": "c", "callback_data": "d"}]]});
    let text = stage.call("sendMessage", json!({"chat_id": ANNA, "text": html, "parse_mode": "HTML", "reply_markup": keyboard, "reply_parameters": {"message_id": 1}})).unwrap();
    let read: types::Message = reads(&text);
    assert_eq!(read.entities().map(<[_]>::len), Some(text["entities"].as_array().unwrap().len()));
    assert!(read.reply_markup().is_some() && read.reply_to_message().is_some());
    let menu = stage
        .call(
            "sendMessage",
            json!({"chat_id": GROUP, "text": "m", "reply_markup": {"keyboard": [["A"]]}}),
        )
        .unwrap();
    assert_eq!(reads::<types::Message>(&menu).text(), Some("m"));
    let doc = stage
        .call_with("sendDocument", &json!({"chat_id": ANNA}), &[upload("document", "a.txt", b"x")])
        .unwrap();
    assert!(reads::<types::Message>(&doc).document().is_some());
    let photo = stage
        .call_with(
            "sendPhoto",
            &json!({"chat_id": ANNA, "caption": "c"}),
            &[upload("photo", "a.png", &png)],
        )
        .unwrap();
    assert_eq!(reads::<types::Message>(&photo).photo().unwrap()[0].width, 512);
    let file = stage.call("getFile", json!({"file_id": doc["document"]["file_id"]})).unwrap();
    assert_eq!(reads::<types::File>(&file).meta.size, 1);
    reads::<types::Me>(&stage.call("getMe", json!({})).unwrap());
    for chat in [ANNA, GROUP] {
        reads::<types::ChatFullInfo>(&stage.call("getChat", json!({"chat_id": chat})).unwrap());
        reads::<types::ChatMember>(
            &stage.call("getChatMember", json!({"chat_id": chat, "user_id": ANNA})).unwrap(),
        );
    }
    let mut document = post("shop_bot", ANNA, None, "see");
    document.document = Some(("b.csv".to_owned(), Bytes::from_static(b"1,2")));
    document.from = Some(Person {
        first_name: Some("Anna".into()),
        username: Some("anna_k".into()),
        language_code: None,
    });
    stage.world.post(T0, document).unwrap();
    let id = text["message_id"].as_i64().unwrap();
    stage.world.tap(T0, &tap(id, "d")).unwrap();
    stage.world.set_blocked(T0, "shop_bot", ANNA, true).unwrap();
    let updates = stage.updates(json!({}));
    assert_eq!(updates.len(), 6);
    for update in &updates {
        let read: types::Update = reads(update);
        assert!(!matches!(read.kind, types::UpdateKind::Error(_)), "{update}");
        if let types::UpdateKind::CallbackQuery(query) = &read.kind {
            assert_eq!(
                (query.data.as_deref(), query.from.first_name.as_str()),
                (Some("d"), "Anna")
            );
            assert!(query.regular_message().is_some());
        }
    }
}
