//! Strict JSON.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use crate::problem::{Code, Problem, Violation};

/// Parses JSON strictly (RFC 8259): UTF-8, one value and nothing after it, no property twice, bounded depth (serde_json's 128).
///
/// # Errors
///
/// 400 with the line and column.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    value(bytes).map_err(|error| {
        // serde_json's messages name the kind of error and its place, never the text.
        let message = if bytes.is_empty() { "it is empty".to_owned() } else { error.to_string() };
        let violation = Violation { pointer: String::new(), rule: "syntax".to_owned(), message };
        Problem::new(Code::BadRequest).message("The body is not valid JSON.").errors(vec![violation])
    })
}

/// The same for a caller who has a message of its own.
pub(super) fn value(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value))
}

/// Builds a [`Value`], refusing a property that occurs twice: which of the two a reader takes is undefined (RFC 8259, section 4).
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    /// `1.0` is an integer (JSON Schema 2020-12, section 6.1.1), which serde does not read as one.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if value.fract() == 0.0 && value.abs() < 2f64.powi(53) {
            return Ok((value as i64).into());
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Strict)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a property occurs twice in an object"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        let problem = parse(bytes).unwrap_err();
        let response = serde_json::to_value(problem.details()).unwrap();
        assert_eq!(response["errors"][0]["rule"], "syntax");
        response["errors"][0]["message"].as_str().unwrap().to_owned()
    }

    #[test]
    fn json_is_read_as_it_is() {
        let text = r#" {"a": [1.0, -2, 0.5, true, null, "x\u00e9"], "": {}} "#;
        assert_eq!(parse(text.as_bytes()).unwrap(), json!({"a": [1, -2, 0.5, true, null, "xé"], "": {}}));
    }

    #[test]
    fn what_is_not_strict_json_is_refused_with_its_place() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        let cases: [(&[u8], &str); 9] = [
            (b"", "it is empty"),
            (b"{\"a\":1", "EOF"),
            (b"{} {}", "trailing characters at line 1 column 4"),
            (b"\xEF\xBB\xBF{}", "expected value at line 1 column 1"),
            (b"\"\xFF\"", "invalid unicode code point"),
            (b"{\"a\":1,\"a\":1}", "a property occurs twice in an object at line 1"),
            (br#"{"o":{"a":1,"\u0061":2}}"#, "a property occurs twice in an object"),
            (b"1e999", "number out of range"),
            (deep.as_bytes(), "recursion limit exceeded"),
        ];
        for (bytes, expected) in cases {
            let message = refusal(bytes);
            assert!(message.contains(expected), "{message:?} does not contain {expected:?}");
        }
    }

    #[test]
    fn a_refusal_repeats_nothing_of_the_body() {
        for body in [r#"{"secret":1,"secret":2}"#, "secret", r#"{"a":secret}"#, "\"\u{1}secret\""] {
            assert!(!refusal(body.as_bytes()).contains("secret"));
        }
    }
}
