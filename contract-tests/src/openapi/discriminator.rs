//! Discriminators without a rule of their own: `petType` of any text, which has to be the name of a schema all the same.
//!
//! A discriminator changes nothing about which values are valid (OpenAPI 3.1.1, section 4.8.25), but a server that reads by it refuses
//! what names no schema. So valid requests keep to it, and nobody is blamed for what breaks nothing else.

use serde_json::{Map, Value, json};

use super::{operation::may_be_text, request::REQUESTS};
use crate::{pointer::escape, schema::reference};

/// Where what is added stands, so that nobody takes it for a rule of the document.
fn added() -> String {
    format!("{REQUESTS}/$defs")
}

/// A copy in which each alternative of a discriminator asks for its own name, where it takes any value for the property; none where there
/// is no such alternative.
pub(crate) fn kept(bundle: &Value) -> Option<Value> {
    let mut found = Vec::new();
    find(bundle, "", &mut found);
    if found.is_empty() {
        return None;
    }
    let mut bundle = bundle.clone();
    let mut definitions = Map::new();
    for (pointer, keyword, property, mapping) in found {
        let list = format!("{pointer}/{keyword}");
        for index in 0..bundle.pointer(&list).and_then(Value::as_array).map_or(0, Vec::len) {
            let at = format!("{list}/{index}");
            let Some(target) = bundle.pointer(&at).and_then(|member| member.get("$ref")?.as_str()).map(str::to_owned) else {
                continue;
            };
            if !takes_any(&bundle, &target, &property, 0) {
                continue;
            }
            let named: Vec<&String> = mapping.iter().filter(|(_, to)| leads(to, &target)).map(|(value, _)| value).collect();
            let values = if named.is_empty() { json!([target.rsplit('/').next()]) } else { json!(named) };
            let name = definitions.len().to_string();
            let own = reference(&format!("{}/{name}", added()));
            let rule = json!({ "required": [property.as_str()], "properties": { property.as_str(): { "enum": values } } });
            definitions.insert(name, rule);
            if let Some(member) = bundle.pointer_mut(&at) {
                *member = json!({ "allOf": [{ "$ref": target }, { "$ref": own }] });
            }
        }
    }
    let definitions = Some(definitions).filter(|definitions| !definitions.is_empty())?;
    let requests = bundle.as_object_mut()?.entry(REQUESTS.trim_start_matches('/')).or_insert_with(|| json!({}));
    requests.as_object_mut()?.insert("$defs".to_owned(), Value::Object(definitions));
    Some(bundle)
}

/// A schema with a discriminator: where it stands, the keyword with its alternatives, the property, and the mapping.
type Found = (String, &'static str, String, Vec<(String, String)>);

fn find(node: &Value, at: &str, found: &mut Vec<Found>) {
    match node {
        Value::Object(object) => {
            let discriminator = object.get("discriminator");
            let property = discriminator.and_then(|discriminator| discriminator.get("propertyName")?.as_str());
            let keyword = ["oneOf", "anyOf"].into_iter().find(|keyword| object.get(*keyword).is_some_and(Value::is_array));
            if let (Some(property), Some(keyword)) = (property, keyword) {
                let mapping = discriminator.and_then(|discriminator| discriminator.get("mapping")?.as_object());
                let pair = |(value, to): (&String, &Value)| Some((value.clone(), to.as_str()?.to_owned()));
                let mapping = mapping.into_iter().flatten().filter_map(pair).collect();
                found.push((at.to_owned(), keyword, property.to_owned(), mapping));
            }
            object.iter().for_each(|(key, child)| find(child, &format!("{at}/{}", escape(key)), found));
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(index, child)| find(child, &format!("{at}/{index}"), found)),
        _ => {}
    }
}

/// Whether a mapping names the schema of a reference, by the reference or by the name alone.
fn leads(mapped: &str, target: &str) -> bool {
    mapped == target || target.strip_prefix("#/components/schemas/") == Some(mapped)
}

/// Whether a schema describes a property as a text without saying which, or leaves it to the discriminator alone.
fn takes_any(document: &Value, target: &str, property: &str, depth: usize) -> bool {
    let schema = target.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
    schema.is_some_and(|schema| {
        let is_closed =
            ["additionalProperties", "unevaluatedProperties"].iter().any(|rest| schema.get(*rest) == Some(&json!(false)));
        describes_any(document, schema, property, depth).unwrap_or(!is_closed)
    })
}

/// Whether the property may be any text; none where it is not described.
fn describes_any(document: &Value, schema: &Value, property: &str, depth: usize) -> Option<bool> {
    if depth > MAX_DEPTH {
        return None;
    }
    let followed = |schema: &Value| {
        let target = schema.get("$ref").and_then(Value::as_str)?.strip_prefix('#')?.to_owned();
        document.pointer(&target).cloned()
    };
    let own = schema.get("properties").and_then(|properties| properties.get(property)).map(|described| {
        let whole = followed(described).unwrap_or_else(|| described.clone());
        whole.get("type").is_none_or(may_be_text)
            && !["enum", "const", "pattern", "allOf", "anyOf", "oneOf"].iter().any(|keyword| whole.get(*keyword).is_some())
    });
    let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten().cloned().chain(followed(schema));
    let others = parts.filter_map(|part| describes_any(document, &part, property, depth + 1));
    own.into_iter().chain(others).reduce(|one, other| one && other)
}

/// How deep an alternative is looked through.
const MAX_DEPTH: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alternative_asks_for_its_own_name_unless_it_does() {
        let names = ["Cat", "Dog", "Owl", "Eel"];
        let alternatives: Vec<Value> =
            names.iter().map(|name| json!({ "$ref": format!("#/components/schemas/{name}") })).collect();
        let bundle = json!({
            "components": { "schemas": {
                "Cat": { "properties": { "kind": { "type": ["string", "null"] } } },
                "Dog": { "properties": { "kind": { "const": "dog" } } },
                "Owl": { "type": "object" },
                "Eel": { "type": "object", "additionalProperties": false },
                "Pet": {
                    "oneOf": alternatives,
                    "discriminator": { "propertyName": "kind", "mapping": { "cat": "Cat" } }
                }
            } },
            "x-contract-request": {}
        });
        let bundle = kept(&bundle).unwrap();
        let alternatives = &bundle["components"]["schemas"]["Pet"]["oneOf"];
        assert_eq!(alternatives[1], json!({ "$ref": "#/components/schemas/Dog" }));
        assert_eq!(alternatives[0]["allOf"][0], json!({ "$ref": "#/components/schemas/Cat" }));
        let rule = json!({ "required": ["kind"], "properties": { "kind": { "enum": ["cat"] } } });
        assert_eq!(bundle["x-contract-request"]["$defs"]["0"], rule);
        assert_eq!(alternatives[0]["allOf"][1], json!({ "$ref": "#/x-contract-request/$defs/0" }));
        let rule = json!({ "required": ["kind"], "properties": { "kind": { "enum": ["Owl"] } } });
        assert_eq!(bundle["x-contract-request"]["$defs"]["1"], rule, "nobody has described its kind");
        assert_eq!(alternatives[3], json!({ "$ref": "#/components/schemas/Eel" }));
    }
}
