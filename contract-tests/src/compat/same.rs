//! Whether parts of two documents say the same, but for what only people read: then there is nothing to prove.

use std::collections::HashSet;

use openapi_document::pointer::from_reference;
use serde_json::{Map, Value};

use super::structural::What;
use crate::{Document, openapi::operation::Operation};

/// Keywords and fields that only people read.
const DESCRIBING: [&str; 9] =
    ["$comment", "deprecated", "description", "example", "examples", "externalDocs", "summary", "tags", "title"];

/// Keywords and fields whose members have names that the document chooses.
const NAMING: [&str; 8] =
    ["$defs", "content", "definitions", "dependentSchemas", "encoding", "headers", "patternProperties", "properties"];

/// Keywords whose values are data.
const OF_DATA: [&str; 4] = ["const", "default", "discriminator", "enum"];

/// Whether both documents say the same of a part.
pub fn is_same(old: &Document, new: &Document, what: &What) -> bool {
    let mut pair = Same { old, new, seen: HashSet::new() };
    match what {
        What::Requests(operations, _) => pair.requests(&operations.0, &operations.1),
        What::RequestBodies(one, other) | What::Bodies(one, other) | What::Headers(one, other) => pair.at(one, other),
    }
}

struct Same<'a> {
    old: &'a Document,
    new: &'a Document,
    /// The pairs of places that are compared, or were.
    seen: HashSet<(String, String)>,
}

impl Same<'_> {
    fn requests(&mut self, before: &Operation, after: &Operation) -> bool {
        let places = |operation: &Operation| {
            let (own, item) = (&operation.pointer, operation.path_item());
            [format!("{own}/parameters"), format!("{own}/requestBody"), format!("{item}/parameters")]
        };
        let is_same_target = before.path == after.path && before.method == after.method;
        is_same_target && places(before).iter().zip(places(after)).all(|(one, other)| self.at(one, &other))
    }

    fn at(&mut self, one: &str, other: &str) -> bool {
        if !self.seen.insert((one.to_owned(), other.to_owned())) {
            return true;
        }
        match (self.old.json.pointer(one), self.new.json.pointer(other)) {
            (Some(one), Some(other)) => self.values(one, other),
            (None, None) => true,
            _ => false,
        }
    }

    fn values(&mut self, one: &Value, other: &Value) -> bool {
        match (one, other) {
            (Value::Object(one), Value::Object(other)) => self.objects(one, other, false),
            (Value::Array(one), Value::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| self.values(one, other))
            }
            _ => one == other,
        }
    }

    fn objects(&mut self, one: &Map<String, Value>, other: &Map<String, Value>, is_named: bool) -> bool {
        let counts = |name: &&String| is_named || !DESCRIBING.contains(&name.as_str());
        if one.keys().filter(counts).count() != other.keys().filter(counts).count() {
            return false;
        }
        one.iter().filter(|(name, _)| counts(name)).all(|(name, one)| match (one, other.get(name)) {
            (_, None) => false,
            (Value::Object(one), Some(Value::Object(other))) if !is_named && NAMING.contains(&name.as_str()) => {
                self.objects(one, other, true)
            }
            (one, Some(other)) if !is_named && OF_DATA.contains(&name.as_str()) => one == other,
            (Value::String(one), Some(Value::String(other))) if !is_named && name == "$ref" => {
                match (from_reference(one), from_reference(other)) {
                    (Some(one), Some(other)) => self.at(&one, &other),
                    _ => one == other,
                }
            }
            (one, Some(other)) => self.values(one, other),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

    use super::*;

    #[test]
    fn what_only_people_read_makes_no_difference() {
        let document = |node: &str| {
            let text = format!(
                "{{ openapi: 3.1.0, info: {{ title: Trees, version: '1' }}, paths: {{ /trees: {{ post: {{ requestBody: {{ content: {{ application/json: \
                 {{ schema: {{ $ref: '#/components/schemas/Node' }} }} }} }}, responses: {{}} }} }} }}, components: {{ schemas: {{ Node: {node} }} }} }}"
            );
            Document::parse("trees.yaml", text).unwrap()
        };
        let is_same = |one: &str, other: &str| {
            let (old, new) = (document(one), document(other));
            let body = "/paths/~1trees/post/requestBody/content/application~1json/schema".to_owned();
            is_same(&old, &new, &What::Bodies(body.clone(), body))
        };
        let node = "{ properties: { title: { type: string }, next: { $ref: '#/components/schemas/Node' } } }";
        assert!(is_same(node, &node.replace("{ properties", "{ title: A node, description: With another., properties")));
        assert!(
            !is_same(node, &node.replace("title: { type: string }", "title: { type: integer }")),
            "a property may be called so"
        );
        assert!(!is_same(node, &node.replace("title: { type: string }, ", "")));
        assert!(!is_same(node, &node.replace("{ properties", "{ required: [title], properties")));
        let list = |values: &str| format!("{{ enum: {values} }}");
        assert!(!is_same(&list("[{ title: a }]"), &list("[{ title: b }]")), "what is listed is data");
    }
}
