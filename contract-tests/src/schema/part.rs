//! The part of a document that some of its schemas need: what is compiled for one operation takes no longer for the others beside it.

use std::collections::BTreeSet;

use openapi_document::pointer::{from_reference, segments};
use serde_json::{Map, Value};

/// Keywords that give a schema another name than its place, so that what refers to it cannot be told by places.
const NAMES: [&str; 6] = ["$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"];

/// The values that these pointers name, and all that is referred to from there, at the places that they have in the document. The
/// whole document where a schema has a name of its own.
pub(crate) fn part(document: &Value, pointers: impl IntoIterator<Item = String>) -> Value {
    unnamed_part(document, pointers).unwrap_or_else(|| document.clone())
}

/// The same; none where a schema has a name of its own.
pub(super) fn unnamed_part(document: &Value, pointers: impl IntoIterator<Item = String>) -> Option<Value> {
    let mut open: Vec<String> = pointers.into_iter().collect();
    let mut wanted = BTreeSet::new();
    while let Some(pointer) = open.pop() {
        let Some(value) = document.pointer(&pointer).filter(|_| !is_covered(&wanted, &pointer)) else { continue };
        if pointer.is_empty() || !collect_references(value, &mut open) {
            return None;
        }
        wanted.insert(pointer);
    }
    let mut part = Value::Object(Map::new());
    // In the order of pointers, what is around comes before what is within.
    let mut kept = BTreeSet::new();
    for pointer in wanted {
        if let Some(value) = document.pointer(&pointer).filter(|_| !is_covered(&kept, &pointer)) {
            put(&mut part, &pointer, value.clone());
            kept.insert(pointer);
        }
    }
    Some(part)
}

/// Whether one of these places is this one or around it.
fn is_covered(places: &BTreeSet<String>, pointer: &str) -> bool {
    let around = pointer.match_indices('/').map(|(end, _)| &pointer[..end]);
    around.chain([pointer]).any(|place| places.contains(place))
}

/// Lists what is referred to; false where that cannot be told by places. What only looks like a reference does no harm.
fn collect_references(value: &Value, found: &mut Vec<String>) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| collect_references(item, found)),
        Value::Object(object) => object.iter().all(|(key, value)| match value {
            Value::String(text) if key == "$ref" => from_reference(text).map(|target| found.push(target)).is_some(),
            Value::String(_) => !NAMES.contains(&key.as_str()),
            value => collect_references(value, found),
        }),
        _ => true,
    }
}

/// Puts a value where the pointer says. What is around becomes an object: the number of an item is a name in it, which is the same
/// to a pointer.
fn put(root: &mut Value, pointer: &str, value: Value) {
    let mut place = root;
    for segment in segments(pointer) {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(object) = place else { return };
        place = object.entry(segment).or_insert(Value::Null);
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_has_what_is_referred_to_and_nothing_else() {
        let document = json!({
            "paths": { "/a": { "get": { "parameters": [{ "schema": { "type": "string" } }, { "schema": { "$ref": "#/s/A" } }] } } },
            "s": {
                "A": { "properties": { "b": { "$ref": "#/s/B/items" }, "$ref": { "type": "null" } } },
                "B": { "title": "left out", "items": { "anyOf": [{ "$ref": "#/s/A" }, { "$ref": "#/s/B/items/not" }], "not": {} } },
                "C": {},
            },
        });
        let expected = json!({
            "paths": { "/a": { "get": { "parameters": { "1": { "schema": { "$ref": "#/s/A" } } } } } },
            "s": { "A": document["s"]["A"], "B": { "items": document["s"]["B"]["items"] } },
        });
        assert_eq!(part(&document, ["/paths/~1a/get/parameters/1/schema".to_owned(), "/s/none".to_owned()]), expected);
    }

    #[test]
    fn where_schemas_have_names_nothing_is_left_out() {
        for name in
            [json!({ "$ref": "#name" }), json!({ "$ref": "other.json#/a" }), json!({ "$anchor": "a" }), json!({ "$ref": "#" })]
        {
            let document = json!({ "A": { "items": name }, "B": {} });
            assert_eq!(part(&document, ["/A".to_owned()]), document);
        }
    }
}
