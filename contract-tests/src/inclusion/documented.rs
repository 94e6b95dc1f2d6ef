//! What a document describes, read as people write it: an object that lists properties has these and no others, unless it says that
//! there may be more.
//!
//! JSON Schema lets every object have any further property. Who writes to the letter must then call each new optional property a
//! break, since somebody might have sent it before with another meaning. Nobody who keeps to a document does.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use crate::pointer::escape;

/// Keywords whose schemas apply to the value itself.
const IN_PLACE: [&str; 6] = ["allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas"];
/// Keywords whose schemas apply to properties and items.
const INSIDE: [&str; 6] =
    ["properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "items", "prefixItems"];
/// Keywords whose schemas allow more where they say less: nothing in them is closed.
const TURNED: [&str; 4] = ["not", "if", "contains", "propertyNames"];
/// Keywords by which an object says what it has beside its properties.
const SPEAKING: [&str; 2] = ["additionalProperties", "unevaluatedProperties"];

/// Closes every object that the schema at `pointer` describes, for the names that it or a schema of the same value lists.
pub(super) fn close(document: &mut Value, pointer: &str) {
    let mut turned = HashSet::new();
    let mut closed: Vec<(String, Described)> = Vec::new();
    let mut seen = HashSet::new();
    let mut next = vec![(pointer.to_owned(), Position::Value)];
    while let Some((at, position)) = next.pop() {
        if !seen.insert((at.clone(), position)) {
            continue;
        }
        let Some(schema) = document.pointer(&at).and_then(Value::as_object) else { continue };
        match position {
            Position::Value => {
                let mut described = Described::default();
                described.collect(document, &at, &mut HashSet::new());
                if !described.speaks && !described.names.is_empty() {
                    closed.push((at.clone(), described));
                }
            }
            Position::InPlace => {}
            Position::Turned => {
                turned.insert(at.clone());
            }
        }
        let is_turned = position == Position::Turned;
        let of = |position| if is_turned { Position::Turned } else { position };
        next.extend(reference(schema).map(|target| (target, of(Position::InPlace))));
        for (keyword, value) in schema {
            let position = match keyword.as_str() {
                keyword if IN_PLACE.contains(&keyword) => of(Position::InPlace),
                keyword if INSIDE.contains(&keyword) => of(Position::Value),
                keyword if TURNED.contains(&keyword) => Position::Turned,
                _ => continue,
            };
            next.extend(schemas(&at, keyword, value).into_iter().map(|at| (at, position)));
        }
    }
    closed.retain(|(at, _)| !turned.contains(at));
    for (at, described) in closed {
        if let Some(Value::Object(schema)) = document.pointer_mut(&at) {
            described.list(schema);
        }
    }
}

/// How a schema bears on a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Position {
    /// It is the whole of what is asked of the value.
    Value,
    /// It is a part of that.
    InPlace,
    /// It stands in a `not` or the like.
    Turned,
}

/// The properties that are described for one value.
#[derive(Default)]
struct Described {
    names: BTreeSet<String>,
    patterns: BTreeSet<String>,
    /// Whether it is said what else there may be, or cannot be told.
    speaks: bool,
}

impl Described {
    fn collect(&mut self, document: &Value, at: &str, seen: &mut HashSet<String>) {
        if !seen.insert(at.to_owned()) {
            return;
        }
        let Some(schema) = document.pointer(at).and_then(Value::as_object) else { return };
        self.speaks |= SPEAKING.iter().any(|keyword| schema.contains_key(*keyword)) || schema.contains_key("$dynamicRef");
        let names = |keyword: &str| schema.get(keyword).and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned();
        self.names.extend(names("properties"));
        self.patterns.extend(names("patternProperties"));
        match (schema.contains_key("$ref"), reference(schema)) {
            (_, Some(target)) => self.collect(document, &target, seen),
            (true, None) => self.speaks = true,
            (false, None) => {}
        }
        for keyword in IN_PLACE.into_iter().chain(["if"]) {
            let Some(value) = schema.get(keyword) else { continue };
            for at in schemas(at, keyword, value) {
                self.collect(document, &at, seen);
            }
        }
    }

    /// Adds the names to a schema, and that there are no others.
    fn list(self, schema: &mut Map<String, Value>) {
        for (keyword, names) in [("properties", self.names), ("patternProperties", self.patterns)] {
            if names.is_empty() {
                continue;
            }
            let known = schema.entry(keyword).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(known) = known {
                for name in names {
                    known.entry(name).or_insert(Value::Bool(true));
                }
            }
        }
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}

/// Where the schemas of a keyword stand.
fn schemas(at: &str, keyword: &str, value: &Value) -> Vec<String> {
    let at = format!("{at}/{}", escape(keyword));
    match (keyword, value) {
        ("properties" | "patternProperties" | "dependentSchemas", Value::Object(all)) => {
            all.keys().map(|name| format!("{at}/{}", escape(name))).collect()
        }
        (_, Value::Array(all)) => (0..all.len()).map(|index| format!("{at}/{index}")).collect(),
        _ => vec![at],
    }
}

/// The pointer of what a schema refers to within the document.
fn reference(schema: &Map<String, Value>) -> Option<String> {
    let fragment = schema.get("$ref")?.as_str()?.strip_prefix('#').filter(|fragment| fragment.starts_with('/'))?;
    Some(percent_encoding::percent_decode_str(fragment).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn closed(schema: Value) -> Value {
        let mut document = json!({ "schema": schema, "defs": { "named": { "properties": { "name": {} } } } });
        close(&mut document, "/schema");
        document["schema"].take()
    }

    #[test]
    fn an_object_that_lists_properties_is_closed_and_one_that_does_not_stays_open() {
        let closed_one = json!({ "properties": { "a": { "type": "object" } }, "additionalProperties": false });
        assert_eq!(closed(json!({ "properties": { "a": { "type": "object" } } })), closed_one);
        assert_eq!(closed(json!({ "type": "object" })), json!({ "type": "object" }));
        let spoken = json!({ "properties": { "a": {} }, "additionalProperties": true });
        assert_eq!(closed(spoken.clone()), spoken);
    }

    #[test]
    fn the_parts_of_an_object_are_closed_together() {
        let parts = json!({ "allOf": [{ "$ref": "#/defs/named" }, { "properties": { "age": {} } }] });
        let all = closed(parts.clone());
        assert_eq!(all["allOf"], parts["allOf"]);
        assert_eq!(all["properties"], json!({ "age": true, "name": true }));
        assert_eq!(all["additionalProperties"], json!(false));
    }

    #[test]
    fn nothing_is_closed_where_that_would_allow_more() {
        let negated = json!({ "properties": { "a": { "not": { "properties": { "b": { "properties": { "c": {} } } } } } } });
        assert_eq!(closed(negated.clone())["properties"], negated["properties"]);
    }
}
