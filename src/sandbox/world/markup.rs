//! Keyboards: what a bot may hang on a message, checked as strictly as Telegram checks it.

use super::answer::Refusal;
use super::html;
use super::params::Params;
use serde_json::{Map, Value, json};

/// The most buttons on one keyboard.
const BUTTONS_MAX: usize = 100;
/// The most bytes of a button's data.
pub(super) const DATA_MAX: usize = 64;

/// Reads `reply_markup` of a new message; `None` when there is none.
pub(super) fn read(params: Params<'_>) -> Result<Option<Value>, Refusal> {
    let Some(given) = params.json("reply_markup", "reply keyboard markup")? else {
        return Ok(None);
    };
    let Value::Object(given) = given else {
        return Err(Refusal::bad("object expected as reply markup"));
    };
    if let Some(rows) = given.get("inline_keyboard") {
        return inline(rows);
    }
    if let Some(rows) = given.get("keyboard") {
        return reply(rows, &given).map(Some);
    }
    if given.get("remove_keyboard").is_some_and(is_on) {
        return Ok(Some(json!({"remove_keyboard": true})));
    }
    if given.get("force_reply").is_some_and(is_on) {
        return Ok(Some(json!({"force_reply": true})));
    }
    Ok(None)
}

/// Reads `reply_markup` of an edit, which may only be an inline keyboard.
pub(super) fn read_inline(params: Params<'_>) -> Result<Option<Value>, Refusal> {
    match read(params)? {
        Some(markup) if markup.get("inline_keyboard").is_none() => {
            Err(Refusal::bad("inline keyboard expected"))
        }
        markup => Ok(markup),
    }
}

fn is_on(value: &Value) -> bool {
    value.as_bool() == Some(true)
}

/// The rows that hold buttons, each button made by `button`.
fn rows(
    given: &Value,
    name: &str,
    button: impl Fn(&Value) -> Result<Value, Refusal>,
) -> Result<Vec<Value>, Refusal> {
    let wrong =
        || Refusal::bad(format!("field \"{name}\" of the reply markup must be an array of arrays"));
    let mut made = vec![];
    let mut count = 0;
    for row in given.as_array().ok_or_else(wrong)? {
        let row = row.as_array().ok_or_else(wrong)?;
        let buttons = row.iter().map(&button).collect::<Result<Vec<_>, _>>()?;
        count += buttons.len();
        if !buttons.is_empty() {
            made.push(Value::Array(buttons));
        }
    }
    if count > BUTTONS_MAX { Err(Refusal::bad("reply markup is too long")) } else { Ok(made) }
}

/// An empty inline keyboard is no keyboard: that is how bots remove one.
fn inline(given: &Value) -> Result<Option<Value>, Refusal> {
    let rows = rows(given, "inline_keyboard", inline_button)?;
    Ok((!rows.is_empty()).then(|| json!({"inline_keyboard": rows})))
}

fn inline_button(given: &Value) -> Result<Value, Refusal> {
    let unread =
        |reason: &str| Refusal::bad(format!("can't parse inline keyboard button: {reason}"));
    let given =
        given.as_object().ok_or_else(|| unread("InlineKeyboardButton must be an Object"))?;
    let text = match given.get("text") {
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(unread("Field \"text\" must be of type String")),
        None => return Err(unread("Can't find field \"text\"")),
    };
    if text.is_empty() {
        return Err(Refusal::bad("inline keyboard button text must be non-empty"));
    }
    if let Some(data) = given.get("callback_data") {
        let data = data
            .as_str()
            .ok_or_else(|| unread("Field \"callback_data\" must be of type String"))?;
        if data.is_empty() || data.len() > DATA_MAX {
            return Err(Refusal::bad("BUTTON_DATA_INVALID"));
        }
        return Ok(json!({"text": text, "callback_data": data}));
    }
    if let Some(url) = given.get("url") {
        let url =
            url.as_str().and_then(html::link).ok_or_else(|| Refusal::bad("BUTTON_URL_INVALID"))?;
        return Ok(json!({"text": text, "url": url}));
    }
    // Buttons this sandbox's app cannot press travel unchanged; a text alone is none.
    const OTHERS: [&str; 6] = [
        "copy_text",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_chosen_chat",
        "switch_inline_query_current_chat",
        "web_app",
    ];
    match OTHERS.iter().find_map(|kind| given.get(*kind).map(|value| (*kind, value))) {
        Some((kind, value)) => Ok(json!({"text": text, (kind): value})),
        None => Err(unread("Text buttons are unallowed in the inline keyboard")),
    }
}

fn reply(given: &Value, options: &Map<String, Value>) -> Result<Value, Refusal> {
    let rows = rows(given, "keyboard", reply_button)?;
    if rows.is_empty() {
        return Err(Refusal::bad("reply keyboard must have at least one button"));
    }
    let mut markup = json!({"keyboard": rows});
    for option in ["resize_keyboard", "one_time_keyboard", "is_persistent", "selective"] {
        if options.get(option).is_some_and(is_on) {
            markup[option] = json!(true);
        }
    }
    if let Some(Value::String(hint)) = options.get("input_field_placeholder") {
        markup["input_field_placeholder"] = json!(hint);
    }
    Ok(markup)
}

/// A button is a text or an object with one.
fn reply_button(given: &Value) -> Result<Value, Refusal> {
    let text = match given {
        Value::String(text) => Some(text.as_str()),
        Value::Object(button) => button.get("text").and_then(Value::as_str),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    };
    match text.map(str::trim) {
        None => Err(Refusal::bad("can't parse keyboard button: Can't find field \"text\"")),
        Some("") => Err(Refusal::bad("keyboard button text must be non-empty")),
        Some(text) => Ok(json!({"text": text})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(markup: &Value, expected: Result<Option<&Value>, &str>) {
        for given in [json!({"reply_markup": markup}), json!({"reply_markup": markup.to_string()})]
        {
            let found = read(Params(&given)).map_err(|refusal| refusal.description);
            let found = found.as_ref().map(Option::as_ref).map_err(String::as_str);
            let full = expected.map_err(|reason| format!("Bad Request: {reason}"));
            assert_eq!(found, full.as_ref().copied().map_err(String::as_str), "{markup}");
        }
    }

    fn keyboard(count: usize, data: &str) -> Value {
        json!({"inline_keyboard": vec![json!([{"text": "x", "callback_data": data}]); count]})
    }

    #[test]
    fn good_keyboards_pass() {
        check(&keyboard(100, &"d".repeat(64)), Ok(Some(&keyboard(100, &"d".repeat(64)))));
        check(&json!({"inline_keyboard": [[]]}), Ok(None));
        check(
            &json!({"inline_keyboard": [[{"text": "go", "url": "t.me/x_bot?start=1"}]]}),
            Ok(Some(
                &json!({"inline_keyboard": [[{"text": "go", "url": "http://t.me/x_bot?start=1"}]]}),
            )),
        );
        check(
            &json!({"keyboard": [["A", {"text": "B"}]], "resize_keyboard": true}),
            Ok(Some(
                &json!({"keyboard": [[{"text": "A"}, {"text": "B"}]], "resize_keyboard": true}),
            )),
        );
        check(&json!({"remove_keyboard": true}), Ok(Some(&json!({"remove_keyboard": true}))));
    }

    #[test]
    fn bad_keyboards_are_refused() {
        check(&keyboard(101, "d"), Err("reply markup is too long"));
        check(&keyboard(1, ""), Err("BUTTON_DATA_INVALID"));
        check(&keyboard(1, &"é".repeat(33)), Err("BUTTON_DATA_INVALID"));
        check(
            &json!({"inline_keyboard": [[{"text": " ", "callback_data": "d"}]]}),
            Err("inline keyboard button text must be non-empty"),
        );
        check(
            &json!({"inline_keyboard": [[{"text": "x"}]]}),
            Err(
                "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
            ),
        );
        check(
            &json!({"inline_keyboard": [[{"text": "x", "url": "::"}]]}),
            Err("BUTTON_URL_INVALID"),
        );
        check(&json!({"keyboard": [[""]]}), Err("keyboard button text must be non-empty"));
        check(
            &json!({"inline_keyboard": [{"text": "x"}]}),
            Err("field \"inline_keyboard\" of the reply markup must be an array of arrays"),
        );
    }
}
