//! What the run has not made is not taken away: requests that would do so name something that nothing has.

use serde_json::Value;

use super::resources::{Known, keeps, put};
use crate::{
    openapi::{
        operation::{self, Operation},
        request::Target,
        resources::{CALLED, IDENTIFIERS, KindId, Resources, may_refer, plain, singular},
    },
    pointer::escape,
};

/// Numbers that hardly any resource has: of 32 bits, and smaller ones for who allows no such.
const UNKNOWN_IDS: [&str; 6] = ["2088471523", "1000003", "65521", "8191", "997", "251"];

/// How deep the ids in a request are looked for.
const MAX_DEPTH: usize = 6;

/// The places of what a request takes away and this run has not made: the last parameter of the path, or, where that names nothing, each
/// id in the query and the body.
pub(super) fn foreign(known: &Known, resources: &Resources, operation: &Operation, instance: &Value) -> Vec<String> {
    if !operation.takes_away() && !says_what_to_take(instance) {
        return Vec::new();
    }
    let named = resources.named(operation);
    let candidates: Vec<(String, Vec<KindId>)> = match named.and_then(|(kind, names)| Some((kind, names.last()?))) {
        // What is below one resource may have been made elsewhere.
        Some((kind, name)) => {
            let kinds = [Some(kind), resources.referred(name), resources.named_so(name, kind)];
            vec![(format!("/path/{}", escape(name)), kinds.into_iter().flatten().collect())]
        }
        None => {
            let in_body = resources.in_body(operation);
            let kinds = |name: &str| [resources.referred(name), resources.called(name), in_body].into_iter().flatten().collect();
            ids(instance).into_iter().map(|(place, name)| (place, kinds(&name))).collect()
        }
    };
    let is_foreign = |(place, kinds): &(String, Vec<KindId>)| instance.pointer(place).is_some_and(|id| !known.is_own(kinds, id));
    candidates.into_iter().filter(is_foreign).map(|(place, _)| place).collect()
}

/// Whether a request takes away whatever is there: it names nothing, in its path or elsewhere.
pub(super) fn takes_everything(resources: &Resources, operation: &Operation, instance: &Value) -> bool {
    operation.takes_away() && resources.named(operation).is_none() && !operation.path.contains('{') && !names_ids(instance)
}

/// Whether a value of the query or the body says that something is taken away: `{"action": "delete"}`.
fn says_what_to_take(instance: &Value) -> bool {
    const ACTIONS: [&str; 8] = ["action", "cmd", "command", "method", "op", "operation", "type", "verb"];
    let members = ["query", "body"].into_iter().filter_map(|root| instance.get(root)?.as_object()).flatten();
    members
        .filter_map(|(name, value)| Some((plain(name), value.as_str()?)))
        .any(|(name, value)| ACTIONS.contains(&name.as_str()) && operation::is_taking(value))
}

/// The instance with a number at a place that nothing is known to have, as far as the schema allows. A number with a fraction keeps one: some
/// servers read `9.25` as 9. An invalid text that begins with a number gets a letter in front, for the same reason. None where there is
/// something else at the place, or nothing fits.
pub(super) fn with_unknown_id(known: &Known, target: &Target, instance: &Value, place: &str) -> Option<Value> {
    let before = target.schema.evaluate(instance);
    let candidates: Vec<Value> = match instance.pointer(place)? {
        Value::Number(sent) => {
            let part = if sent.is_f64() { ".5" } else { "" };
            let numbers = UNKNOWN_IDS.iter().filter_map(|id| serde_json::from_str(&format!("{id}{part}")).ok());
            numbers.filter(|id| !known.is_id(id)).collect()
        }
        Value::String(text) if before.broken.iter().any(|violation| violation.place == place) => {
            let is_read = text.trim_start().starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+'));
            if is_read { vec![Value::from(format!("x{text}"))] } else { Vec::new() }
        }
        _ => Vec::new(),
    };
    candidates.into_iter().find_map(|candidate| {
        let mut unknown = instance.clone();
        put(&mut unknown, place, candidate);
        keeps(target, &unknown, &before).then_some(unknown)
    })
}

/// A value like this one that nothing has.
pub(super) fn unknown_like(id: &Value) -> Value {
    if id.is_string() { Value::from("nothing-is-called-so") } else { Value::from(2_088_471_523) }
}

/// Whether the query or the body of an instance says what it is about.
pub(super) fn names_ids(instance: &Value) -> bool {
    !ids(instance).is_empty()
}

/// The ids in the query and the body of an instance, by their names alone: the place of each value, and the name of the property.
fn ids(instance: &Value) -> Vec<(String, String)> {
    fn collect(value: &Value, place: &str, name: &str, depth: usize, all: &mut Vec<(String, String)>) {
        match value {
            Value::Object(object) if depth < MAX_DEPTH => {
                for (name, value) in object {
                    collect(value, &format!("{place}/{}", escape(name)), name, depth + 1, all);
                }
            }
            Value::Array(items) if depth < MAX_DEPTH => {
                for (index, item) in items.iter().enumerate() {
                    collect(item, &format!("{place}/{index}"), name, depth + 1, all);
                }
            }
            Value::String(_) | Value::Number(_) if is_id(name) => all.push((place.to_owned(), name.to_owned())),
            _ => {}
        }
    }
    let mut all = Vec::new();
    for root in ["query", "body"] {
        if let Some(value) = instance.get(root) {
            collect(value, &format!("/{root}"), "", 0, &mut all);
        }
    }
    all
}

/// Whether a property of this name has ids, or a list of them; what has no name is a list of nothing else.
fn is_id(name: &str) -> bool {
    let name = plain(name);
    let is_called = |name: &str| IDENTIFIERS.contains(&name) || CALLED.contains(&name);
    name.is_empty() || may_refer(&name) || is_called(&name) || is_called(&singular(&name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_action_may_be_in_the_body() {
        let says = |action: &str| says_what_to_take(&json!({ "body": { "action": action, "id": 1 } }));
        assert!(says("delete") && says("bulkRemove") && !says("get"));
    }

    #[test]
    fn ids_are_found_however_deep() {
        let request =
            json!({ "query": { "number": 4, "limit": 9 }, "body": { "items": [{ "id": 1 }, { "uuids": ["a"] }], "note": "b" } });
        let places: Vec<String> = ids(&request).into_iter().map(|(place, _)| place).collect();
        assert_eq!(places, ["/query/number", "/body/items/0/id", "/body/items/1/uuids/0"]);
        assert_eq!(ids(&json!({ "body": [7] })), [("/body/0".to_owned(), String::new())]);
    }
}
