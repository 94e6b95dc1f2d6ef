//! How large a body can be that a document allows.

use openapi_document::pointer::{from_reference, join};
use serde_json::{Map, Value};

/// The most bytes that a character takes in JSON: two escapes of six letters.
const CHARACTER: u64 = 12;

/// How deep schemas are followed. What is deeper has no bound: a schema that contains itself.
const DEPTH: usize = 16;

/// How many schemas of a body are looked at. With more it may be of any size.
const SCHEMAS: usize = 10_000;

/// What an item of a list takes besides its texts: quotes and a comma, or the digits of a number.
const ITEM: u64 = 24;

/// The bytes of the longest texts that one body of the document may have together, as far as the document bounds them.
pub(super) fn longest(document: &openapi_document::Document) -> u64 {
    let bodies = document.operations().filter_map(|operation| {
        let (at, body) = document.resolve(&format!("{}/requestBody", operation.pointer))?;
        Some((at, body.get("content")?.as_object()?))
    });
    let bodies = bodies.flat_map(|(at, content)| {
        let schemas = content.keys().map(|media_type| format!("{}/schema", join(&format!("{at}/content"), media_type)));
        schemas.map(|schema| of_schema(document.json(), &schema)).collect::<Vec<_>>()
    });
    bodies.max().unwrap_or(0)
}

fn of_schema(document: &Value, at: &str) -> u64 {
    Texts { document, left: SCHEMAS }.longest(at, 0)
}

struct Texts<'d> {
    document: &'d Value,
    left: usize,
}

impl Texts<'_> {
    fn longest(&mut self, at: &str, depth: usize) -> u64 {
        let Some(schema) = self.document.pointer(at).and_then(Value::as_object) else { return 0 };
        if depth == DEPTH {
            return 0;
        }
        let Some(left) = self.left.checked_sub(1) else { return u64::MAX };
        self.left = left;
        let number = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
        let own = if schema.get("format").and_then(Value::as_str) == Some("binary") { 1 } else { CHARACTER };
        let fixed = schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
        let fixed = fixed.filter_map(Value::as_str).map(|text| text.chars().count() as u64).max();
        let mut sum = number("maxLength").or(fixed).unwrap_or(0).saturating_mul(own);
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(from_reference) {
            sum = sum.saturating_add(self.longest(&target, depth + 1));
        }
        let inner = |keyword: &str| parts(schema, at, keyword);
        for keyword in ["properties", "dependentSchemas", "prefixItems", "allOf"] {
            sum = inner(keyword).iter().fold(sum, |sum, part| sum.saturating_add(self.longest(part, depth + 1)));
        }
        // Only one of these says how long the texts are.
        let branches = vec![format!("{at}/then"), format!("{at}/else")];
        for alternatives in [inner("oneOf"), inner("anyOf"), branches] {
            let longest = alternatives.iter().map(|part| self.longest(part, depth + 1)).max();
            sum = sum.saturating_add(longest.unwrap_or(0));
        }
        let any = |keyword: &str| vec![format!("{at}/{keyword}")];
        let (items, properties) = (number("maxItems"), number("maxProperties"));
        for (schemas, count) in [
            (any("items"), items),
            (any("unevaluatedItems"), items),
            (inner("patternProperties"), properties),
            (any("additionalProperties"), properties),
            (any("unevaluatedProperties"), properties),
        ] {
            for part in schemas.iter().filter(|part| self.document.pointer(part).is_some_and(Value::is_object)) {
                let one = self.longest(part, depth + 1);
                // Of what the document does not count there is at least one.
                let all = count.map_or(one, |count| one.saturating_add(ITEM).saturating_mul(count));
                sum = sum.saturating_add(all);
            }
        }
        sum
    }
}

/// Where the schemas stand in the list or object that a keyword has.
fn parts(schema: &Map<String, Value>, at: &str, keyword: &str) -> Vec<String> {
    let at = format!("{at}/{keyword}");
    match schema.get(keyword) {
        Some(Value::Array(list)) => (0..list.len()).map(|index| format!("{at}/{index}")).collect(),
        Some(Value::Object(object)) => object.keys().map(|name| join(&at, name)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_texts_of_a_body_are_counted_wherever_their_schemas_stand() {
        let text = json!({ "maxLength": 10 });
        let cases = [
            (text.clone(), 120),
            (json!({ "maxLength": 10, "format": "binary" }), 10),
            (json!({ "enum": ["a", "abc"] }), 36),
            (json!({ "const": "ab" }), 24),
            (json!({ "prefixItems": [text, text] }), 240),
            (json!({ "patternProperties": { "^a": text }, "maxProperties": 2 }), 288),
            (json!({ "additionalProperties": text }), 120),
            (json!({ "if": text, "then": text, "else": { "maxLength": 20 } }), 240),
            (json!({ "dependentSchemas": { "a": { "properties": { "b": text } } } }), 120),
            (json!({ "items": text, "maxItems": 3 }), 432),
            (json!({ "items": { "type": "integer" }, "maxItems": 1000 }), 24_000),
            (json!({ "oneOf": [text, { "maxLength": 20 }], "allOf": [text, text] }), 480),
            (json!({ "$ref": "#/schema" }), 0), // It contains itself.
        ];
        for (schema, bytes) in cases {
            assert_eq!(of_schema(&json!({ "schema": schema }), "/schema"), bytes, "{schema}");
        }
        let wide = json!({ "schema": { "prefixItems": vec![json!({}); SCHEMAS] } });
        assert_eq!(of_schema(&wide, "/schema"), u64::MAX, "not all of it is looked at");
    }
}
