//! Values next to others, and values in short.

use serde_json::{Map, Number, Value, json};

/// A value next to this one.
pub fn beside(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(format!("{text}x")),
        Value::Number(number) => moved(number, &Number::from(1), 1).map_or(Value::Null, Value::Number),
        Value::Bool(value) => json!(!value),
        Value::Null => json!(false),
        Value::Array(items) => items.iter().cloned().chain([Value::Null]).collect(),
        Value::Object(object) => {
            let mut more = object.clone();
            more.insert("more".to_owned(), Value::Null);
            json!(more)
        }
    }
}

/// A number one step further; none where it would be the same.
pub fn moved(number: &Number, step: &Number, direction: i64) -> Option<Number> {
    let moved = match (number.as_i64(), step.as_i64()) {
        (Some(number), Some(step)) => Number::from(number.checked_add(step.checked_mul(direction)?)?),
        _ => Number::from_f64(number.as_f64()? + step.as_f64()? * direction as f64)?,
    };
    (moved != *number).then_some(moved)
}

pub fn swap_first(schema: &mut Map<String, Value>, keyword: &str) {
    if let Some(Value::Array(items)) = schema.get_mut(keyword) {
        items.swap(0, 1);
    }
}

pub fn remove_item(schema: &mut Map<String, Value>, keyword: &str, name: &str) {
    if let Some(Value::Array(items)) = schema.get_mut(keyword) {
        items.retain(|item| item != name);
    }
}

/// A value in short.
pub fn show(value: &Value) -> String {
    let text = value.to_string();
    let short: String = text.chars().take(60).collect();
    if short == text { text } else { format!("{short}…") }
}
