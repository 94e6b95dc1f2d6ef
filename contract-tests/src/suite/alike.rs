//! Whether two values mean the same, however a server writes them.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta};
use serde_json::Value;

/// How much two numbers may differ, relatively: one may have been kept in single precision.
const PRECISION: f64 = 1e-6;

/// Whether a value that is found means what was sent: letter case, spaces around, zeros at the end of a number, the notation of a time and the
/// order of a list do not count, nor whether nothing is said or there is nothing.
pub(super) fn alike(sent: &Value, found: &Value) -> bool {
    match (sent, found) {
        (Value::String(one), Value::String(other)) => are_texts_alike(one, other),
        (Value::Number(one), Value::Number(other)) => match (one.as_f64(), other.as_f64()) {
            (Some(one), Some(other)) => one == other || (one - other).abs() <= PRECISION * one.abs().max(other.abs()),
            _ => one == other,
        },
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            text.parse::<f64>().ok() == number.as_f64()
        }
        (Value::Array(sent), Value::Array(found)) => {
            let mut left: Vec<&Value> = found.iter().collect();
            let has_each = sent.iter().all(|item| match left.iter().position(|other| alike(item, other)) {
                Some(position) => {
                    left.swap_remove(position);
                    true
                }
                // Of what is sent twice a set keeps one.
                None => found.iter().any(|other| alike(item, other)),
            });
            has_each && left.is_empty()
        }
        // A server may add to an object.
        (Value::Object(sent), Value::Object(found)) => {
            sent.iter().all(|(name, value)| alike(value, found.get(name).unwrap_or(&Value::Null)))
        }
        (sent, found) => sent == found || is_nothing(sent) && is_nothing(found),
    }
}

fn are_texts_alike(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.trim().trim_end_matches('/').to_lowercase();
    if plain(one) == plain(other) {
        return true;
    }
    if let (Ok(one), Ok(other)) = (DateTime::parse_from_rfc3339(one), DateTime::parse_from_rfc3339(other)) {
        return (one - other).abs() < TimeDelta::seconds(1);
    }
    if let (Ok(one), Ok(other)) = (one.parse::<IpAddr>(), other.parse::<IpAddr>()) {
        return one == other;
    }
    matches!((one.trim().parse::<f64>(), other.trim().parse::<f64>()), (Ok(one), Ok(other)) if one == other)
}

pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(set) => !set,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.values().all(is_nothing),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_means_the_same_is_alike() {
        let same = [
            (json!("Ada@Example.COM"), json!("ada@example.com")),
            (json!("1.50"), json!("1.5")),
            (json!(1.5), json!("1.50")),
            (json!(0.1), json!(0.1_f32)),
            (json!("2026-01-01T10:00:00+02:00"), json!("2026-01-01T08:00:00.000Z")),
            (json!("2026-01-01T08:00:00.123456Z"), json!("2026-01-01T08:00:00.123Z")),
            (json!("https://example.com"), json!("https://example.com/")),
            (json!("2001:DB8:0::1"), json!("2001:db8::1")),
            (json!(["a", "b", "b"]), json!(["b", "a"])),
            (json!({"a": {"b": 1}}), json!({"a": {"b": 1, "c": 2}, "d": 3})),
            (json!(null), json!("")),
            (json!([]), json!(null)),
        ];
        for (one, other) in same {
            assert!(alike(&one, &other), "{one} {other}");
        }
    }

    #[test]
    fn what_means_something_else_is_not() {
        let different = [
            (json!("Ada"), json!("Eve")),
            (json!("Ada"), json!(null)),
            (json!(1), json!(2)),
            (json!(true), json!(false)),
            (json!("2026-01-01T10:00:00+02:00"), json!("2026-01-01T10:00:00Z")),
            (json!(["a", "b"]), json!(["a"])),
            (json!(["a"]), json!(["a", "b"])),
            (json!({"a": 1}), json!({})),
        ];
        for (one, other) in different {
            assert!(!alike(&one, &other), "{one} {other}");
        }
    }
}
