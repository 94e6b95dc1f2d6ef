//! JSON as the macro `json!` takes it, laid out as a person would: rustfmt does not touch it.

use serde_json::Value;

const WIDTH: usize = 120;

/// The value, in lines that are no longer than they must be; the first begins after `indent` columns.
pub fn json(value: &Value, indent: usize) -> String {
    let line = flat(value);
    if indent + line.len() <= WIDTH {
        return line;
    }
    let inner = indent + 4;
    let space = " ".repeat(inner);
    match value {
        // A way that leads to one place is one line.
        Value::Object(object) if object.len() == 1 && object.values().all(Value::is_object) => {
            object.iter().map(|(key, value)| format!("{{ {}: {} }}", text(key), json(value, indent))).collect()
        }
        Value::Object(object) => {
            let members = object.iter().map(|(key, value)| format!("{space}{}: {}", text(key), json(value, inner)));
            format!("{{\n{}\n{}}}", members.collect::<Vec<_>>().join(",\n"), " ".repeat(indent))
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| format!("{space}{}", json(item, inner)));
            format!("[\n{}\n{}]", items.collect::<Vec<_>>().join(",\n"), " ".repeat(indent))
        }
        _ => line,
    }
}

fn flat(value: &Value) -> String {
    match value {
        Value::Object(object) if object.is_empty() => "{}".to_owned(),
        Value::Object(object) => {
            let members = object.iter().map(|(key, value)| format!("{}: {}", text(key), flat(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(", ")),
        Value::String(string) => text(string),
        // Without a suffix the literal would be an `i32`.
        Value::Number(number) if number.as_i64().is_some_and(|number| i32::try_from(number).is_err()) => format!("{number}_i64"),
        Value::Number(number) if number.is_u64() && !number.is_i64() => format!("{number}_u64"),
        other => other.to_string(),
    }
}

/// A literal of Rust.
fn text(string: &str) -> String {
    proc_macro2::Literal::string(string).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_is_one_line_and_what_does_not_is_broken_from_outside() {
        assert_eq!(json(&json!({ "a": [1, -2.5, null], "b": {} }), 0), r#"{ "a": [1, -2.5, null], "b": {} }"#);
        let long = "x".repeat(80);
        let broken = format!("{{\n        \"a\": {{ \"b\": \"{long}\" }},\n        \"c\": \"{long}\"\n    }}");
        assert_eq!(json(&json!({ "a": { "b": long }, "c": long }), 4), broken);
        let way = format!("{{ \"w\": {{ \"x\": {} }} }}", broken);
        assert_eq!(json(&json!({ "w": { "x": { "a": { "b": long }, "c": long } } }), 4), way);
    }

    #[test]
    fn a_number_is_a_literal_of_rust() {
        let numbers = json!([i32::MIN, i64::from(i32::MAX) + 1, u64::MAX, 0.5]);
        assert_eq!(json(&numbers, 0), "[-2147483648, 2147483648_i64, 18446744073709551615_u64, 0.5]");
    }

    #[test]
    fn a_text_is_a_literal_of_rust() {
        assert_eq!(json(&json!("\"^[\\w]\"\u{1}"), 0), r#""\"^[\\w]\"\u{1}""#);
    }
}
