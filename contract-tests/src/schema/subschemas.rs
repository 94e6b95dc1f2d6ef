//! Where the schemas in a schema stand, as the document has them.

use std::collections::HashSet;

use openapi_document::pointer::from_reference;
use serde_json::Value;

use crate::pointer::escape;

/// Keywords whose schemas may apply to the value itself.
pub(crate) const IN_PLACE: [&str; 7] = ["$ref", "allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas"];

/// Keywords whose value is a schema.
pub(crate) const SINGLE: [&str; 11] = [
    "items",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "propertyNames",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "contentSchema",
];
/// Keywords whose value has schemas by name.
pub(crate) const NAMED: [&str; 3] = ["properties", "patternProperties", "dependentSchemas"];
/// Keywords whose value is a list of schemas.
pub(crate) const LISTED: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];

/// The schemas that a schema applies, each with the keyword that applies it.
pub(crate) fn children(schema: &Value, at: &str) -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = Vec::new();
    if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(from_reference) {
        all.push(("$ref", target));
    }
    all.extend(
        SINGLE.into_iter().filter(|keyword| schema.get(keyword).is_some()).map(|keyword| (keyword, format!("{at}/{keyword}"))),
    );
    for keyword in NAMED {
        let names = schema.get(keyword).and_then(Value::as_object).into_iter().flat_map(|named| named.keys());
        all.extend(names.map(|name| (keyword, format!("{at}/{keyword}/{}", escape(name)))));
    }
    for keyword in LISTED {
        let count = schema.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
        all.extend((0..count).map(|index| (keyword, format!("{at}/{keyword}/{index}"))));
    }
    all
}

/// A schema and all that may apply to the same value because of it, each once.
pub(crate) fn in_place(document: &Value, at: &str) -> Vec<String> {
    let (mut all, mut seen) = (Vec::new(), HashSet::new());
    collect(document, at, &mut all, &mut seen);
    all
}

fn collect(document: &Value, at: &str, all: &mut Vec<String>, seen: &mut HashSet<String>) {
    let Some(schema) = document.pointer(at).filter(|_| seen.insert(at.to_owned())) else { return };
    all.push(at.to_owned());
    for (_, child) in children(schema, at).into_iter().filter(|(keyword, _)| IN_PLACE.contains(keyword)) {
        collect(document, &child, all, seen);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_that_leads_back_to_itself_is_listed_once() {
        let document = json!({ "a b": { "anyOf": [{ "$ref": "#/a%20b" }, { "items": {} }], "not": {} } });
        assert_eq!(in_place(&document, "/a b"), ["/a b", "/a b/anyOf/0", "/a b/anyOf/1"]);
    }
}
