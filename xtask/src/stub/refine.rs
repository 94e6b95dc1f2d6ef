//! What poem-openapi cannot say of new code: the difference between what it will derive and what the document says.

use std::collections::BTreeSet;

use openapi_document::pointer::{join, segments};
use serde_json::{Map, Value, json};

use super::{StubError, not_carried};
use crate::lift::{example_of_enumeration, lift};

/// The refinements of these places, each under its pointer, so that the derived document, lifted, is the document there.
///
/// # Errors
///
/// [`StubError::NotCarried`] where no refinement can do that.
pub fn refinements(
    derived: &Value,
    existing: &[Value],
    document: &Value,
    places: &[String],
) -> Result<Vec<(String, Value)>, StubError> {
    // An example of a schema is shown in more places by the lift; there it need not be said again.
    let mut examples = Vec::new();
    for place in places.iter().filter(|place| place.starts_with("/components/schemas/")) {
        let schema = document.pointer(place).unwrap_or(&Value::Null);
        if let Some(values) = schema.get("examples").filter(|values| example_of_enumeration(schema).as_ref() != Some(values)) {
            examples.push((place.clone(), json!({ "examples": values })));
        }
    }
    let with = |refinements: &[(String, Value)]| {
        let nested = refinements.iter().map(|(place, refinement)| nested(place, refinement.clone()));
        lift(derived.clone(), &[existing.to_vec(), nested.collect()].concat())
    };
    let lifted = with(&examples);
    let mut found = Vec::new();
    for place in places {
        let (from, to) =
            (lifted.pointer(place).cloned().unwrap_or_default(), document.pointer(place).cloned().unwrap_or_default());
        let said = examples.iter().find(|(other, _)| other == place).map(|(_, said)| said.clone());
        let refinement = match (difference("", &by_name(from), &by_name(to)), said) {
            (Some(Value::Object(mut more)), Some(Value::Object(said))) => {
                more.extend(said);
                Some(Value::Object(more))
            }
            (more, said) => more.or(said),
        };
        found.extend(refinement.map(|refinement| (place.clone(), refinement)));
    }
    let lifted = with(&found);
    for place in places {
        let (is, ought) = (lifted.pointer(place).unwrap_or(&Value::Null), document.pointer(place).unwrap_or(&Value::Null));
        if let Some(pointer) = first_difference("", is, ought, place) {
            let why = "neither the types of poem-openapi nor a refinement can say this";
            return Err(not_carried(&pointer, why, "a refinement is a merge patch: `null` in it removes; say it in another way"));
        }
    }
    Ok(found)
}

/// The value at its place in a document.
pub fn nested(pointer: &str, value: Value) -> Value {
    segments(pointer).into_iter().rev().fold(value, |value, segment| {
        let mut object = Map::new();
        object.insert(segment, value);
        Value::Object(object)
    })
}

/// The operation with its parameters under their names, as refinements find them.
fn by_name(mut operation: Value) -> Value {
    if let Some(Value::Array(parameters)) = operation.get("parameters") {
        let named =
            parameters.iter().map(|parameter| (parameter["name"].as_str().unwrap_or_default().to_owned(), parameter.clone()));
        operation["parameters"] = Value::Object(named.collect());
    }
    operation
}

/// The merge patch (RFC 7396) that makes one value the other; none where they are the same.
fn difference(key: &str, from: &Value, to: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (from, to) else { return (!is_same(key, from, to)).then(|| to.clone()) };
    let mut patch = Map::new();
    for (key, value) in new {
        let change = match old.get(key) {
            Some(old) => difference(key, old, value),
            None => Some(value.clone()),
        };
        patch.extend(change.map(|change| (key.clone(), change)));
    }
    patch.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null)));
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// The pointer of the first place where two values differ.
fn first_difference(key: &str, is: &Value, ought: &Value, pointer: &str) -> Option<String> {
    match (is, ought) {
        (Value::Object(old), Value::Object(new)) => {
            let mut keys = new.keys().chain(old.keys().filter(|key| !new.contains_key(*key)));
            let null = &Value::Null;
            keys.find_map(|key| match (old.get(key), new.get(key)) {
                (Some(old), Some(new)) => first_difference(key, old, new, &join(pointer, key)),
                (old, new) => {
                    (old.unwrap_or(null) != new.unwrap_or(null) || old.is_some() != new.is_some()).then(|| join(pointer, key))
                }
            })
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() && !is_same(key, is, ought) => {
            let mut pairs = old.iter().zip(new).enumerate();
            pairs.find_map(|(index, (old, new))| first_difference("", old, new, &format!("{pointer}/{index}")))
        }
        _ => (!is_same(key, is, ought)).then(|| pointer.to_owned()),
    }
}

/// In which order the names of `required` stand says nothing: the code has that of its properties.
fn is_same(key: &str, one: &Value, other: &Value) -> bool {
    let names = |value: &Value| -> Option<BTreeSet<String>> {
        value.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
    };
    one == other || key == "required" && names(one).is_some() && names(one) == names(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_the_smallest_patch() {
        let from = json!({ "type": "object", "required": ["a", "b"], "additionalProperties": false, "properties": { "a": { "type": "string" } } });
        let to =
            json!({ "type": "object", "required": ["b", "a"], "properties": { "a": { "type": "string", "format": "email" } } });
        let patch = json!({ "properties": { "a": { "format": "email" } }, "additionalProperties": null });
        assert_eq!(difference("", &from, &to), Some(patch));
        assert_eq!(difference("", &from, &from), None);
    }

    #[test]
    fn the_place_that_differs_is_named() {
        let (is, ought) = (json!({ "a": [{ "b": 1 }], "c": 1 }), json!({ "a": [{ "b": 2 }], "c": 1 }));
        assert_eq!(first_difference("", &is, &ought, "/x").as_deref(), Some("/x/a/0/b"));
        assert_eq!(first_difference("", &is, &is, "/x"), None);
        assert_eq!(first_difference("", &json!({}), &json!({ "n": null }), "/x").as_deref(), Some("/x/n"));
    }
}
