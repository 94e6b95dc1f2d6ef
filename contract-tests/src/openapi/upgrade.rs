//! From OpenAPI 3.0 to 3.1.

use serde_json::{Value, json};

/// Brings the schemas of an OpenAPI 3.0 document to JSON Schema 2020-12.
pub(super) fn upgrade(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(upgrade),
        Value::Object(object) => {
            if object.shift_remove("nullable") == Some(json!(true))
                && let Some(kind) = object.get("type").and_then(Value::as_str).map(str::to_owned)
            {
                object.insert("type".to_owned(), json!([kind, "null"]));
            }
            for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
                match object.get(exclusive) {
                    Some(Value::Bool(true)) => {
                        if let Some(value) = object.shift_remove(bound) {
                            object.insert(exclusive.to_owned(), value);
                        }
                    }
                    Some(Value::Bool(false)) => drop(object.shift_remove(exclusive)),
                    _ => {}
                }
            }
            if object.contains_key("$ref") {
                object.retain(|key, _| key == "$ref"); // OpenAPI 3.0, section 4.7.23: what stands beside it is ignored.
            }
            let data = ["example", "examples", "default", "enum", "const"];
            object.iter_mut().filter(|(key, _)| !data.contains(&key.as_str())).for_each(|(_, value)| upgrade(value));
        }
        _ => {}
    }
}
