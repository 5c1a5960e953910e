//! What is refused, and in which words.

use super::*;

#[test]
fn sending_is_refused_in_telegrams_words() {
    let long = "é".repeat(4097);
    Stage::new().refuses_all([
        (
            "sendMessage",
            json!({"chat_id": ANNA, "text": ""}),
            "400 Bad Request: message text is empty",
        ),
        (
            "sendMessage",
            json!({"chat_id": ANNA, "text": "<b> </b>", "parse_mode": "HTML"}),
            "400 Bad Request: message text is empty",
        ),
        (
            "sendMessage",
            json!({"chat_id": ANNA, "text": long}),
            "400 Bad Request: message is too long",
        ),
        (
            "sendMessage",
            json!({"chat_id": ANNA, "text": "<b>x", "parse_mode": "HTML"}),
            "400 Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        ("sendMessage", json!({"text": "x"}), "400 Bad Request: chat_id is empty"),
        ("sendMessage", json!({"chat_id": 999, "text": "x"}), "400 Bad Request: chat not found"),
        (
            "sendMessage",
            json!({"chat_id": "@nobody", "text": "x"}),
            "400 Bad Request: chat not found",
        ),
        (
            "sendMessage",
            json!({"chat_id": BO, "text": "x"}),
            "403 Forbidden: bot can't initiate conversation with a user",
        ),
        (
            "sendMessage",
            json!({"chat_id": ANNA, "text": "x", "reply_parameters": {"message_id": 77}}),
            "400 Bad Request: message to be replied not found",
        ),
        (
            "sendMessage",
            json!({"chat_id": ANNA, "text": "x", "reply_markup": "{"}),
            "400 Bad Request: can't parse reply keyboard markup JSON object",
        ),
    ]);
}

#[test]
fn changing_is_refused_in_telegrams_words() {
    let mut stage = Stage::new();
    let long = "é".repeat(4097);
    let id = stage.sends(json!({"chat_id": ANNA, "text": "x"}));
    let keyboard =
        stage.sends(json!({"chat_id": ANNA, "text": "k", "reply_markup": {"keyboard": [["A"]]}}));
    let theirs = stage.says(ANNA, "mine");
    stage.refuses_all([
        (
            "editMessageText",
            json!({"chat_id": ANNA, "message_id": id, "text": "x"}),
            "400 Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
        ),
        (
            "editMessageText",
            json!({"chat_id": ANNA, "message_id": id, "text": long}),
            "400 Bad Request: MESSAGE_TOO_LONG",
        ),
        (
            "editMessageText",
            json!({"chat_id": ANNA, "message_id": 77, "text": "y"}),
            "400 Bad Request: message to edit not found",
        ),
        (
            "editMessageText",
            json!({"chat_id": ANNA, "text": "y"}),
            "400 Bad Request: message identifier is not specified",
        ),
        (
            "editMessageText",
            json!({"chat_id": ANNA, "message_id": theirs, "text": "y"}),
            "400 Bad Request: message can't be edited",
        ),
        (
            "editMessageText",
            json!({"chat_id": ANNA, "message_id": keyboard, "text": "y"}),
            "400 Bad Request: message can't be edited",
        ),
        (
            "editMessageReplyMarkup",
            json!({"chat_id": ANNA, "message_id": id, "reply_markup": {"keyboard": [["A"]]}}),
            "400 Bad Request: inline keyboard expected",
        ),
        (
            "deleteMessage",
            json!({"chat_id": ANNA, "message_id": 77}),
            "400 Bad Request: message to delete not found",
        ),
    ]);
}

#[test]
fn everything_else_is_refused_in_telegrams_words() {
    Stage::new().refuses_all([
        (
            "answerCallbackQuery",
            json!({"callback_query_id": "77"}),
            "400 Bad Request: query is too old and response timeout expired or query ID is invalid",
        ),
        (
            "sendDocument",
            json!({"chat_id": ANNA}),
            "400 Bad Request: there is no document in the request",
        ),
        (
            "sendDocument",
            json!({"chat_id": ANNA, "document": "BQnone"}),
            "400 Bad Request: wrong file identifier/HTTP URL specified",
        ),
        (
            "sendDocument",
            json!({"chat_id": ANNA, "caption": "x".repeat(1025)}),
            "400 Bad Request: message caption is too long",
        ),
        (
            "sendChatAction",
            json!({"chat_id": ANNA, "action": "dance"}),
            "400 Bad Request: wrong parameter action in request",
        ),
        ("getFile", json!({"file_id": "none"}), "400 Bad Request: invalid file_id"),
        ("getChat", json!({"chat_id": BO}), "400 Bad Request: chat not found"),
        (
            "getChatMember",
            json!({"chat_id": ANNA, "user_id": 999}),
            "400 Bad Request: user not found",
        ),
        (
            "leaveChat",
            json!({"chat_id": ANNA}),
            "400 Bad Request: chat member status can't be changed in private chats",
        ),
        (
            "setMyCommands",
            json!({"commands": [{"command": "Start", "description": "x"}]}),
            "400 Bad Request: BOT_COMMAND_INVALID",
        ),
        ("banEverybody", json!({}), "404 Not Found"),
    ]);
}

#[test]
fn tokens_are_checked() {
    for (token, expected) in [
        ("nonsense", "404 Not Found"),
        ("1:", "404 Not Found"),
        ("1:AAx", "401 Unauthorized"),
        ("7000000001:AAwrong", "401 Unauthorized"),
    ] {
        let mut stage = Stage::new();
        stage.token = Secret::new(token);
        stage.refuses("getMe", json!({}), expected);
    }
    let mut stage = Stage::new();
    let new = stage.world.revoke_token("shop_bot").unwrap();
    stage.refuses("getMe", json!({}), "401 Unauthorized");
    stage.token = new;
    assert_eq!(stage.call("GETME", json!({})).unwrap()["username"], "shop_bot");
}

#[test]
fn lengths_count_utf16_after_parsing() {
    let mut stage = Stage::new();
    for (text, accepted) in [
        ("😀".repeat(2048), true),
        ("😀".repeat(2049), false),
        (format!("<b>{}</b>", "&lt;".repeat(4096)), true),
        (format!("  {}  ", "x".repeat(4096)), true),
    ] {
        let sent =
            stage.call("sendMessage", json!({"chat_id": ANNA, "text": text, "parse_mode": "HTML"}));
        assert_eq!(sent.is_ok(), accepted, "{text:.20}");
    }
}

#[test]
fn forms_and_json_do_the_same() {
    let mut stage = Stage::new();
    for params in [
        json!({"chat_id": ANNA, "text": "<i>a</i>", "parse_mode": "HTML", "reply_markup": ok_button()}),
        json!({"chat_id": ANNA.to_string(), "text": "<i>a</i>", "parse_mode": "HTML", "reply_markup": ok_button().to_string()}),
    ] {
        let sent = stage.call("sendMessage", params).unwrap();
        assert_eq!(sent["reply_markup"], ok_button());
        assert_eq!(sent["entities"], json!([{"type": "italic", "offset": 0, "length": 1}]));
    }
}

#[test]
fn floods_are_refused_when_limits_are_on() {
    let mut stage = Stage::new();
    stage.world.set_flood_limits(true);
    let send = json!({"chat_id": ANNA, "text": "x"});
    let accepted = (0..10).filter(|_| stage.call("sendMessage", send.clone()).is_ok()).count();
    assert_eq!(accepted, 5);
    let Outcome::Refused(refusal) = stage.world.call(T0, &stage.token, "sendMessage", &send, &[])
    else {
        panic!("the chat has had enough");
    };
    assert_eq!(
        refusal.body(),
        json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 1",
            "parameters": {"retry_after": 1}})
    );
    stage.now = T0 + Millis::from_secs(1);
    assert!(stage.call("sendMessage", send).is_ok());
}

#[test]
fn files_have_limits() {
    let mut stage = Stage::new();
    let doc = json!({"chat_id": ANNA, "document": "attach://f1", "caption": "<b>keys</b>", "parse_mode": "HTML"});
    let sent =
        stage.call_with("sendDocument", &doc, &[upload("f1", "keys.txt", b"k1\nk2")]).unwrap();
    assert_eq!(
        (&sent["document"]["file_name"], &sent["document"]["mime_type"]),
        (&json!("keys.txt"), &json!("text/plain"))
    );
    assert_eq!(sent["caption_entities"][0]["type"], "bold");
    let id = sent["document"]["file_id"].clone();
    let again = stage.call("sendDocument", json!({"chat_id": ANNA, "document": id})).unwrap();
    assert_eq!(again["document"]["file_id"], id);
    let found = stage.call("getFile", json!({"file_id": id})).unwrap();
    let path = found["file_path"].as_str().unwrap().to_owned();
    assert_eq!(stage.world.downloadable(&stage.token, &path).unwrap(), id);
    stage.refuses(
        "editMessageText",
        json!({"chat_id": ANNA, "message_id": sent["message_id"], "text": "y"}),
        "400 Bad Request: there is no text in the message to edit",
    );
    stage.refuses(
        "sendPhoto",
        json!({"chat_id": ANNA, "photo": id}),
        "400 Bad Request: can't use file of type Document as Photo",
    );
    let big = upload("document", "big.bin", &vec![0; 20 * 1024 * 1024 + 1]);
    let sent = stage.call_with("sendDocument", &json!({"chat_id": ANNA}), &[big]).unwrap();
    stage.refuses(
        "getFile",
        json!({"file_id": sent["document"]["file_id"]}),
        "400 Bad Request: file is too big",
    );
    for (method, file, expected) in [
        (
            "sendDocument",
            upload("document", "huge.bin", &vec![0; 50 * 1024 * 1024 + 1]),
            "413 Request Entity Too Large",
        ),
        (
            "sendDocument",
            upload("document", "none.bin", b""),
            "400 Bad Request: file must be non-empty",
        ),
        ("sendPhoto", upload("photo", "x.png", b"text"), "400 Bad Request: IMAGE_PROCESS_FAILED"),
    ] {
        assert_eq!(
            stage.call_with(method, &json!({"chat_id": ANNA}), &[file]),
            Err(expected.to_owned())
        );
    }
}

#[test]
fn control_input_is_checked() {
    let mut stage = Stage::new();
    let world = &mut stage.world;
    for (username, expected) in [
        (
            "shop",
            "the username must be 5 to 32 letters, digits or underscores, start with a letter and end in \"bot\"",
        ),
        ("SHOP_BOT", "the username SHOP_BOT is taken"),
    ] {
        assert_eq!(world.create_bot(username, "x"), Err(Complaint::bad(expected)));
    }
    for (post, expected) in [
        (post("shop_bot", 0, None, "x"), "user_id must be positive"),
        (
            post("shop_bot", ANNA, Some(BO), "x"),
            "chat_id must be negative for a group, or the user's own id for the private chat",
        ),
        (post("shop_bot", ANNA, None, " "), "a message needs a text or a document"),
        (
            post("shop_bot", ANNA, None, &"x".repeat(4097)),
            "the text is longer than 4096 UTF-16 units",
        ),
    ] {
        assert_eq!(world.post(T0, post), Err(Complaint::bad(expected)));
    }
}
