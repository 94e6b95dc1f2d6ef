//! What a document describes, read as people write it: an object that lists properties has these and no others, unless it says that
//! there may be more.
//!
//! JSON Schema lets every object have any further property. Who writes to the letter must then call each new optional property a
//! break, since somebody might have sent it before with another meaning. Nobody who keeps to a document does.

use std::collections::{BTreeSet, HashSet};

use openapi_document::pointer::from_reference;
use serde_json::{Map, Value};

use crate::schema::{IN_PLACE, children, in_place};

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
        let Some(schema) = document.pointer(&at) else { continue };
        match position {
            Position::Value => {
                let described = Described::of(document, &at);
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
        next.extend(children(schema, &at).into_iter().filter_map(|(keyword, child)| {
            let position = match keyword {
                _ if is_turned || TURNED.contains(&keyword) => Position::Turned,
                _ if IN_PLACE.contains(&keyword) => Position::InPlace,
                _ if INSIDE.contains(&keyword) => Position::Value,
                _ => return None,
            };
            Some((child, position))
        }));
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
    fn of(document: &Value, at: &str) -> Self {
        let (mut described, mut seen) = (Self::default(), HashSet::new());
        let mut next = vec![at.to_owned()];
        while let Some(at) = next.pop() {
            for part in in_place(document, &at) {
                let schema = document.pointer(&part).and_then(Value::as_object);
                let Some(schema) = schema.filter(|_| seen.insert(part.clone())) else { continue };
                described.add(schema);
                next.extend(schema.contains_key("if").then(|| format!("{part}/if")));
            }
        }
        described
    }

    fn add(&mut self, schema: &Map<String, Value>) {
        let names = |keyword: &str| schema.get(keyword).and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned();
        self.names.extend(names("properties"));
        self.patterns.extend(names("patternProperties"));
        let leads_elsewhere = |reference: &Value| reference.as_str().and_then(from_reference).is_none();
        self.speaks |= SPEAKING.iter().any(|keyword| schema.contains_key(*keyword))
            || schema.contains_key("$dynamicRef")
            || schema.get("$ref").is_some_and(leads_elsewhere);
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
