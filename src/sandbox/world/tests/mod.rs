//! Telegram's rules as tables: a request, and the answer it must get.

mod behaviour;
mod reading;
mod rules;

use super::*;
use crate::domain::time::Millis;
use bytes::Bytes;
use serde_json::json;
use teloxide::types;

const T0: Timestamp = Timestamp::from_ms(1_790_000_000_000);
const ANNA: i64 = 3001;
const BO: i64 = 3002;
const GROUP: i64 = -500;

/// A world with one bot, to which Anna has written, and Bo, whom only another bot knows.
struct Stage {
    world: World,
    token: Secret,
    now: Timestamp,
}

#[expect(clippy::needless_pass_by_value, reason = "a table writes its parameters in place")]
impl Stage {
    fn new() -> Self {
        let mut world = World::new(7, false);
        let token = make_bot(&mut world, "shop_bot");
        make_bot(&mut world, "other_bot");
        let mut stage = Self { world, token, now: T0 };
        stage.says(ANNA, "/start");
        stage.world.post(T0, post("other_bot", BO, None, "hi")).unwrap();
        stage
    }

    fn says(&mut self, user: i64, text: &str) -> i64 {
        self.world.post(self.now, post("shop_bot", user, None, text)).unwrap().message_id
    }

    fn call(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.call_with(method, &params, &[])
    }

    fn call_with(
        &mut self,
        method: &str,
        params: &Value,
        files: &[Upload],
    ) -> Result<Value, String> {
        match self.world.call(self.now, &self.token, method, params, files) {
            Outcome::Done(result) => Ok(result),
            Outcome::Refused(refusal) => Err(format!("{} {}", refusal.code, refusal.description)),
            Outcome::Wait(_) => Err("waits".to_owned()),
        }
    }

    /// Sends, and returns the new message's id.
    fn sends(&mut self, params: Value) -> i64 {
        self.call("sendMessage", params).unwrap()["message_id"].as_i64().unwrap()
    }

    fn updates(&mut self, params: Value) -> Vec<Value> {
        self.call("getUpdates", params).unwrap().as_array().unwrap().clone()
    }

    fn refuses_all<const N: usize>(&mut self, table: [(&str, Value, &str); N]) {
        for (method, params, expected) in table {
            self.refuses(method, params, expected);
        }
    }

    fn refuses(&mut self, method: &str, params: Value, expected: &str) {
        let shown = params.to_string();
        assert_eq!(self.call(method, params), Err(expected.to_owned()), "{method} {shown:.200}");
    }
}

fn make_bot(world: &mut World, username: &str) -> Secret {
    let bot = world.create_bot(username, "A shop").unwrap();
    Secret::new(bot["token"].as_str().unwrap())
}

fn post(bot: &str, user_id: i64, chat_id: Option<i64>, text: &str) -> Post {
    Post {
        bot: bot.to_owned(),
        user_id,
        chat_id,
        text: Some(text.to_owned()),
        document: None,
        from: None,
    }
}

fn tap(message_id: i64, data: &str) -> Tap {
    Tap {
        bot: "shop_bot".to_owned(),
        user_id: ANNA,
        chat_id: None,
        message_id,
        data: data.to_owned(),
    }
}

fn upload(field: &str, name: &str, bytes: &[u8]) -> Upload {
    let bytes = Bytes::copy_from_slice(bytes);
    Upload { field: field.to_owned(), file_name: name.to_owned(), bytes }
}

fn ok_button() -> Value {
    json!({"inline_keyboard": [[{"text": "OK", "callback_data": "ok"}]]})
}
