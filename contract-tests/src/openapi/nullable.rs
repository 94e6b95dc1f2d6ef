//! Where OpenAPI 3.0 says `nullable` and its letter refuses null all the same: without a `type` beside it, beside a reference, or with an
//! `enum` or alternative that has no null. Many generators mean null there, and many servers take and give it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::pointer::escape;

/// The mark that the loader leaves at such a place.
const MARK: &str = "x-nullable";

/// A copy in which null is valid at those places; none where there are none.
pub(crate) fn allowed(document: &Value) -> Option<Value> {
    let mut marked = Vec::new();
    let mut referred = BTreeSet::new();
    find(document, String::new(), &mut marked, &mut referred);
    // What somebody refers to inside of such a schema has to stay where it is.
    let is_referred = |inside: &str| referred.range(inside.to_owned()..).next().is_some_and(|first| first.starts_with(inside));
    marked.retain(|pointer| !is_referred(&format!("{pointer}/")));
    if marked.is_empty() {
        return None;
    }
    let mut document = document.clone();
    // From the inside out: the pointers of the others stay what they are.
    for pointer in marked.iter().rev() {
        if let Some(schema) = document.pointer_mut(pointer) {
            let own = schema.take();
            *schema = json!({ "anyOf": [own, { "type": "null" }] });
        }
    }
    Some(document)
}

/// The marked schemas, each before those inside of it, and what references name.
fn find(node: &Value, at: String, marked: &mut Vec<String>, referred: &mut BTreeSet<String>) {
    match node {
        Value::Object(object) => {
            if let Some(target) = object.get("$ref").and_then(|target| target.as_str()?.strip_prefix('#')) {
                referred.insert(target.to_owned());
            }
            if object.get(MARK) == Some(&Value::Bool(true)) {
                marked.push(at.clone());
            }
            for (key, child) in object {
                find(child, format!("{at}/{}", escape(key)), marked, referred);
            }
        }
        Value::Array(items) => {
            for (index, child) in items.iter().enumerate() {
                find(child, format!("{at}/{index}"), marked, referred);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_valid_where_it_may_be_meant() {
        let inner = json!({ "x-nullable": true, "enum": [1] });
        let document = json!({
            "a": { "x-nullable": true, "allOf": [{ "properties": { "b": inner } }] },
            "c": { "x-nullable": true, "items": { "$ref": "#/c/items/not" } },
        });
        let wide = |own: Value| json!({ "anyOf": [own, { "type": "null" }] });
        let allowed = allowed(&document).unwrap();
        assert_eq!(allowed["a"], wide(json!({ "x-nullable": true, "allOf": [{ "properties": { "b": wide(inner) } }] })));
        assert_eq!(allowed["c"], document["c"], "somebody refers to what is inside");
        assert_eq!(super::allowed(&allowed["c"]["items"]), None);
    }
}
