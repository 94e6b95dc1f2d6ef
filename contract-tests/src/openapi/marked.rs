//! `readOnly` and `writeOnly`: what one direction does not send.

use serde_json::{Value, json};

use crate::pointer::escape;

/// The document in which no property that is marked so (`readOnly`, `writeOnly`) is required.
pub(crate) fn without_required(document: &Value, mark: &str) -> Value {
    let mut view = document.clone();
    for (object, name) in marked(document, mark) {
        if let Some(Value::Array(required)) = view.pointer_mut(&format!("{object}/required")) {
            required.retain(|other| *other != name);
        }
    }
    view
}

/// The properties that are marked so: the pointer of the schema that they stand in, and the name.
pub(crate) fn marked(document: &Value, mark: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    find_marked(document, document, mark, "", &mut found);
    found
}

fn find_marked(node: &Value, document: &Value, mark: &str, at: &str, found: &mut Vec<(String, String)>) {
    match node {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find_marked(item, document, mark, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(object) => {
            let is_marked = |schema: &Value| schema.get(mark) == Some(&json!(true));
            let properties = object.get("properties").and_then(Value::as_object).into_iter().flatten();
            let marked = properties.filter(|(_, schema)| {
                let reference = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
                is_marked(schema) || reference.and_then(|pointer| document.pointer(pointer)).is_some_and(is_marked)
            });
            found.extend(marked.map(|(name, _)| (at.to_owned(), name.clone())));
            for (name, value) in object {
                find_marked(value, document, mark, &format!("{at}/{}", escape(name)), found);
            }
        }
        _ => {}
    }
}
