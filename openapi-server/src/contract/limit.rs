//! How large a body can be that a document allows.

use openapi_document::pointer::{from_reference, join};
use serde_json::Value;

/// The most bytes that a character takes in JSON: two escapes of six letters.
const CHARACTER: u64 = 12;

/// How deep schemas are followed. What is deeper has no bound: a schema that contains itself.
const DEPTH: usize = 16;

/// How many schemas of a body are looked at.
const SCHEMAS: usize = 10_000;

/// The bytes of the longest texts that one body of the document may have together, as far as the document bounds them.
pub(super) fn longest(document: &openapi_document::Document) -> u64 {
    let bodies = document.operations().filter_map(|operation| {
        let (at, body) = document.resolve(&format!("{}/requestBody", operation.pointer))?;
        Some((at, body.get("content")?.as_object()?))
    });
    let bodies = bodies.flat_map(|(at, content)| {
        let schemas = content.keys().map(|media_type| format!("{}/schema", join(&format!("{at}/content"), media_type)));
        schemas.map(|schema| Texts { document: document.json(), left: SCHEMAS }.longest(&schema, 0)).collect::<Vec<_>>()
    });
    bodies.max().unwrap_or(0)
}

struct Texts<'d> {
    document: &'d Value,
    left: usize,
}

impl Texts<'_> {
    fn longest(&mut self, at: &str, depth: usize) -> u64 {
        let Some(schema) = self.document.pointer(at).and_then(Value::as_object) else { return 0 };
        if depth == DEPTH || self.left == 0 {
            return 0;
        }
        self.left -= 1;
        let number = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
        let own = if schema.get("format").and_then(Value::as_str) == Some("binary") { 1 } else { CHARACTER };
        let mut sum = number("maxLength").unwrap_or(0).saturating_mul(own);
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(from_reference) {
            sum = sum.saturating_add(self.longest(&target, depth + 1));
        }
        for name in schema.get("properties").and_then(Value::as_object).into_iter().flat_map(|properties| properties.keys()) {
            sum = sum.saturating_add(self.longest(&join(&format!("{at}/properties"), name), depth + 1));
        }
        // Of items and properties that the document does not count, there is at least one.
        for (keyword, most) in [("items", "maxItems"), ("additionalProperties", "maxProperties")] {
            let one = self.longest(&format!("{at}/{keyword}"), depth + 1);
            sum = sum.saturating_add(one.saturating_mul(number(most).unwrap_or(1)));
        }
        for (keyword, all) in [("allOf", true), ("oneOf", false), ("anyOf", false)] {
            let count = schema.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
            let parts: Vec<u64> = (0..count).map(|index| self.longest(&format!("{at}/{keyword}/{index}"), depth + 1)).collect();
            let part = if all { parts.into_iter().fold(0, u64::saturating_add) } else { parts.into_iter().max().unwrap_or(0) };
            sum = sum.saturating_add(part);
        }
        sum
    }
}
