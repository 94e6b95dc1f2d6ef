//! Base schemas that list their heirs, each of which is composed of the base: `Pet` is `oneOf` `Cat` and `Dog`, and `Cat` is
//! `allOf` `Pet` and more.
//!
//! To the letter a cat is a pet, which is a cat, which is a pet, without an end, and JSON Schema says nothing about such a schema
//! (2020-12, core, section 9.4.1). Generators write it, and mean that an heir has the properties of its base.

use openapi_document::pointer::{from_reference, replace};
use serde_json::Value;

use crate::{pointer::escape, schema::in_place};

/// The keywords by which a base lists its heirs.
const LISTING: [&str; 2] = ["oneOf", "anyOf"];

/// Gives each heir what its base says, without the list of heirs.
pub(super) fn untangle(json: &mut Value) {
    let schemas = json.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten();
    let lists = |schema: &Value| LISTING.iter().any(|keyword| schema.get(keyword).is_some_and(Value::is_array));
    let bases: Vec<String> =
        schemas.filter(|(_, schema)| lists(schema)).map(|(name, _)| format!("/components/schemas/{}", escape(name))).collect();
    for base in bases {
        let leads_back = |at: &String| {
            let part = json.pointer(at).and_then(Value::as_object).filter(|part| part.len() == 1);
            let target = part.and_then(|part| from_reference(part.get("$ref")?.as_str()?));
            let is_composed = at.rsplit_once('/').is_some_and(|(list, _)| list.ends_with("/allOf"));
            is_composed && target.as_ref() == Some(&base)
        };
        let heirs: Vec<String> = in_place(json, &base).into_iter().filter(leads_back).collect();
        let Some(mut own) = json.pointer(&base).cloned().filter(|_| !heirs.is_empty()) else { continue };
        if let Some(own) = own.as_object_mut() {
            own.retain(|keyword, _| !LISTING.contains(&keyword.as_str()));
        }
        heirs.iter().for_each(|heir| replace(json, heir, own.clone()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_heir_has_what_its_base_says_without_the_list_of_heirs() {
        let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let mut document = json!({ "components": { "schemas": {
            "Pet": { "properties": { "kind": {} }, "oneOf": [reference("Cat"), reference("Dog")] },
            "Cat": { "allOf": [reference("Pet"), { "required": ["claws"] }], "anyOf": [reference("Tiger")] },
            "Tiger": { "allOf": [reference("Cat"), { "required": ["stripes"] }] },
            "Dog": { "allOf": [reference("Animal")] },
            "Animal": { "anyOf": [{ "required": ["legs"] }] }
        } } });
        let before = document.clone();
        untangle(&mut document);
        let own = json!({ "properties": { "kind": {} } });
        let cat = json!({ "allOf": [own, { "required": ["claws"] }] });
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["Cat"], json!({ "allOf": cat["allOf"], "anyOf": [reference("Tiger")] }));
        assert_eq!(schemas["Tiger"], json!({ "allOf": [cat, { "required": ["stripes"] }] }));
        for untouched in ["Pet", "Dog", "Animal"] {
            assert_eq!(schemas[untouched], before["components"]["schemas"][untouched]);
        }
    }
}
