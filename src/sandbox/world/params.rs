//! The parameters of a call, whether they came as JSON or as form fields, where all are strings.

use super::answer::Refusal;
use serde_json::Value;

/// Reads the parameters by name and by the kind the method expects.
#[derive(Clone, Copy)]
pub(super) struct Params<'a>(pub(super) &'a Value);

impl Params<'_> {
    /// A text; numbers are taken as they are written, everything else is absent.
    pub(super) fn text(self, key: &str) -> Option<String> {
        match self.0.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A whole number.
    pub(super) fn int(self, key: &str) -> Option<i64> {
        match self.0.get(key)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A switch: `true`, "true", "yes", "1" and 1 are on.
    pub(super) fn flag(self, key: &str) -> bool {
        match self.0.get(key) {
            Some(Value::Bool(on)) => *on,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => {
                matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "1")
            }
            None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => false,
        }
    }

    /// An object or a list, which a form carries as JSON text; `what` names it in the refusal.
    pub(super) fn json(self, key: &str, what: &str) -> Result<Option<Value>, Refusal> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| Refusal::bad(format!("can't parse {what} JSON object"))),
            Some(value @ (Value::Array(_) | Value::Object(_))) => Ok(Some(value.clone())),
            Some(Value::Bool(_) | Value::Number(_)) => {
                Err(Refusal::bad(format!("can't parse {what} JSON object")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn form_fields_and_json_read_the_same() {
        let typed = json!({"n": -5, "on": true, "list": [1], "t": "x"});
        let form = json!({"n": "-5", "on": "True", "list": "[1]", "t": "x"});
        for given in [&typed, &form] {
            let params = Params(given);
            assert_eq!(params.int("n"), Some(-5));
            assert!(params.flag("on"));
            assert_eq!(params.json("list", "a list").unwrap(), Some(json!([1])));
            assert_eq!(params.text("t").as_deref(), Some("x"));
        }
        let wrong = json!({"list": "[1", "n": "five"});
        assert_eq!(
            Params(&wrong).json("list", "a list").unwrap_err().description,
            "Bad Request: can't parse a list JSON object"
        );
        assert_eq!(Params(&wrong).int("n"), None);
    }
}
