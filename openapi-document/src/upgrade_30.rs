//! OpenAPI 3.0 to 3.1, one object at a time: what is an object of which kind is known by the model, never by the name of a key.

use crate::{
    model::{Kind, reference},
    node::{Content, Node, Object},
};

/// Brings an object of OpenAPI 3.0 to 3.1, without those inside of it.
pub(crate) fn object(node: &mut Node, kind: Kind) {
    let refers = reference(node).is_some();
    let Some(object) = node.as_object_mut() else { return };
    if refers && kind.may_be_reference() && kind != Kind::PathItem {
        // What stands beside a reference is ignored (OpenAPI 3.0.4, section 4.7.23).
        object.retain(|key, _| key == "$ref" || kind == Kind::Schema && key == "nullable");
        nullable(object);
    } else if kind == Kind::Schema {
        schema(object);
    }
}

fn schema(object: &mut Object) {
    nullable(object);
    exclusive(object, "exclusiveMinimum", "minimum");
    exclusive(object, "exclusiveMaximum", "maximum");
    if let Some(example) = object.get("example")
        && !object.contains_key("examples")
    {
        let (at, example) = (example.at, example.clone());
        replace(object, "example", "examples", Node::array(at, vec![example]));
    }
    // What these formats say is said by keywords in 3.1; the formats stay, for those who know them.
    let said = match object.get("format").map(|format| (format.at, format.as_str())) {
        Some((at, Some("byte"))) => Some(("contentEncoding", Node::string(at, "base64"))),
        Some((at, Some("binary"))) => Some(("contentMediaType", Node::string(at, "application/octet-stream"))),
        _ => None,
    };
    if let Some((keyword, value)) = said {
        object.entry(keyword.to_owned()).or_insert(value);
    }
}

/// `nullable` adds `null` to the `type` beside it and says nothing without one; `enum` must list null itself (OpenAPI 3.0.3, section
/// 4.7.24.1, and its proposal "Clarify semantics of nullable"). Many generators mean null all the same: where the letter may refuse it,
/// `x-nullable` says so to whoever has to allow for both readings.
fn nullable(object: &mut Object) {
    let Some(nullable) = object.get("nullable") else { return };
    let at = nullable.at;
    // One that is no boolean stays, and is found as a defect.
    let Some(value) = nullable.as_bool() else { return };
    let marker = nullable.clone();
    let is_narrowed = ["enum", "allOf", "anyOf", "oneOf", "not"].iter().any(|keyword| object.contains_key(*keyword));
    if value && (is_narrowed || !object.contains_key("type")) {
        replace(object, "nullable", "x-nullable", marker);
    } else {
        object.shift_remove("nullable");
    }
    if let (true, Some(kind)) = (value, object.get_mut("type")) {
        let null = Node::string(at, "null");
        match &mut kind.content {
            Content::String(_) => {
                let one = std::mem::take(kind);
                *kind = Node::array(one.at, vec![one, null]);
            }
            Content::Array(many) if many.iter().all(|one| one.as_str() != Some("null")) => many.push(null),
            _ => {}
        }
    }
}

fn exclusive(object: &mut Object, keyword: &str, bound: &str) {
    match object.get(keyword).and_then(Node::as_bool) {
        Some(true) if object.contains_key(bound) => {
            object.shift_remove(keyword);
            if let Some(value) = object.get(bound).cloned() {
                replace(object, bound, keyword, value);
            }
        }
        Some(_) => drop(object.shift_remove(keyword)),
        None => {}
    }
}

/// Puts a member under another key, in the same place.
pub(crate) fn replace(object: &mut Object, key: &str, with: &str, value: Node) {
    if let Some(index) = object.get_index_of(key) {
        object.shift_remove_index(index);
        object.shift_insert(index.min(object.len()), with.to_owned(), value);
    }
}
