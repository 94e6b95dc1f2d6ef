//! The properties that a request and an answer have in common.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::Document;
use crate::pointer::escape;

/// How deep schemas are compared.
const MAX_DEPTH: usize = 12;

/// The properties that two schemas have with the same rules, each with its place in the second. What only one direction has
/// (`readOnly`, `writeOnly`) is not shared.
pub(crate) fn shared(document: &Document, request: &str, response: &str) -> Vec<(String, String)> {
    among(document, own(document, request), &own(document, response))
}

/// The same of all parts of the two schemas: what one part says of a property another may say more of.
pub(crate) fn shared_in_parts(document: &Document, request: &str, response: &str) -> Vec<(String, String)> {
    among(document, in_parts(document, request, 0), &in_parts(document, response, 0))
}

fn among(document: &Document, ours: Vec<(String, String)>, theirs: &[(String, String)]) -> Vec<(String, String)> {
    let is_one_way = |pointer: &str| {
        let marked = |node: &Value| ["readOnly", "writeOnly"].iter().any(|mark| node.get(mark) == Some(&Value::Bool(true)));
        document.json.pointer(pointer).is_some_and(marked) || document.resolve(pointer).is_some_and(|(_, node)| marked(node))
    };
    let mut seen = BTreeSet::new();
    ours.into_iter()
        .filter_map(|(name, ours)| {
            let (_, theirs) = theirs.iter().find(|(other, _)| *other == name)?;
            let same = !is_one_way(&ours) && !is_one_way(theirs) && rules(document, &ours, 0) == rules(document, theirs, 0);
            (same && seen.insert(name.clone())).then(|| (name, theirs.clone()))
        })
        .collect()
}

/// The properties of a schema itself.
fn own(document: &Document, schema: &str) -> Vec<(String, String)> {
    let Some((pointer, node)) = document.resolve(schema) else { return Vec::new() };
    let names = node.get("properties").and_then(Value::as_object).into_iter().flatten();
    names.map(|(name, _)| (name.clone(), format!("{pointer}/properties/{}", escape(name)))).collect()
}

/// The properties of a schema and of all parts of it.
fn in_parts(document: &Document, schema: &str, depth: usize) -> Vec<(String, String)> {
    let Some((pointer, node)) = document.resolve(schema).filter(|_| depth < MAX_DEPTH) else { return Vec::new() };
    let parts = node.get("allOf").and_then(Value::as_array).map_or(0, Vec::len);
    let below = (0..parts).flat_map(|part| in_parts(document, &format!("{pointer}/allOf/{part}"), depth + 1));
    own(document, &pointer).into_iter().chain(below).collect()
}

/// A schema without what only people read, references followed.
fn rules(document: &Document, pointer: &str, depth: usize) -> Option<Value> {
    let (at, node) = document.resolve(pointer)?;
    if depth > MAX_DEPTH {
        return None;
    }
    let Value::Object(object) = node else { return Some(node.clone()) };
    let mut rules = serde_json::Map::new();
    for (key, value) in object {
        let silent = ["description", "title", "example", "examples", "default", "deprecated", "readOnly", "writeOnly"];
        if silent.contains(&key.as_str()) || key.starts_with("x-") {
            continue;
        }
        let inner = match value {
            Value::Object(_) => rules_of(document, &format!("{at}/{}", escape(key)), value, depth + 1),
            other => other.clone(),
        };
        rules.insert(key.clone(), inner);
    }
    Some(Value::Object(rules))
}

fn rules_of(document: &Document, pointer: &str, value: &Value, depth: usize) -> Value {
    // `properties` holds schemas by name; other objects are schemas.
    if pointer.ends_with("/properties") {
        let names = value.as_object().into_iter().flatten();
        return names
            .map(|(name, _)| (name.clone(), rules(document, &format!("{pointer}/{}", escape(name)), depth).unwrap_or_default()))
            .collect::<serde_json::Map<_, _>>()
            .into();
    }
    rules(document, pointer, depth).unwrap_or_default()
}
