//! What the document has and the code lacks.

use std::collections::BTreeSet;

use openapi_document::pointer::{from_reference, join, segments};
use serde_json::Value;

use crate::lift;

/// An operation without a handler.
#[derive(Debug, Clone)]
pub struct Operation<'d> {
    /// The path template.
    pub path: &'d str,
    /// The method, in small letters.
    pub method: &'d str,
    /// Where it stands.
    pub pointer: String,
    /// What the document says of it.
    pub json: &'d Value,
}

/// The operations that the code's document lacks, in the order of the document.
pub fn operations<'d>(document: &'d Value, code: &Value) -> Vec<Operation<'d>> {
    let at = |path: &str, method: &str| join(&join("/paths", path), method);
    let all = lift::located(document).map(|(path, method, json)| Operation { path, method, pointer: at(path, method), json });
    all.filter(|operation| code.pointer(&operation.pointer).is_none()).collect()
}

/// The pointers of the components that this node leads to, by however many steps, and that the code's document lacks.
pub fn components(node: &Value, document: &Value, code: &Value) -> Vec<String> {
    let mut found = Vec::new();
    add_components(node, document, code, &mut BTreeSet::new(), &mut found);
    found
}

fn add_components(node: &Value, document: &Value, code: &Value, seen: &mut BTreeSet<String>, found: &mut Vec<String>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| add_components(item, document, code, seen, found)),
        Value::Object(object) => {
            let target = object.get("$ref").and_then(Value::as_str).and_then(from_reference);
            let component = target.filter(|target| segments(target).len() == 3 && target.starts_with("/components/"));
            if let Some(pointer) = component
                && code.pointer(&pointer).is_none()
                && seen.insert(pointer.clone())
                && let Some(component) = document.pointer(&pointer)
            {
                found.push(pointer);
                add_components(component, document, code, seen, found);
            }
            lift::children(object).for_each(|child| add_components(child, document, code, seen, found));
        }
        _ => {}
    }
}
