//! A small valid value for a schema, as the base of a refusal.

use std::cell::Cell;

use serde_json::{Map, Value, json};

use openapi_document::pointer::{from_reference, join};

/// How many values are tried where a schema has alternatives.
const CHOICES: usize = 4;

/// How deep values are nested at most, and how deep what nobody asks for is.
const DEPTH: usize = 12;
const OPTIONAL_DEPTH: usize = 4;

/// How many schemas one value is made of at most: more refer to each other in a circle.
const PARTS: usize = 64;

/// The longest text that is made.
const LENGTH: u64 = 1024;

/// How many values one is made of at most, the items of its lists included: lists in lists soon take more memory than there is.
const VALUES: u64 = 512;

/// Values that the schema at `pointer` probably allows: what it requires, and the properties that are `wanted` where it has them. `word`
/// is taken where it is one of the values of an `enum`, in whatever case and punctuation. A validator has the last word.
pub(super) fn candidates(document: &Value, pointer: &str, wanted: fn(&str) -> bool, word: &str) -> Vec<Value> {
    let mut values = Vec::new();
    for choice in 0..CHOICES {
        let least = Least { document, choice, wanted, word, left: Cell::new(VALUES) };
        values.extend(least.value(&[pointer.to_owned()], "", true, 0).filter(|value| !values.contains(value)));
    }
    values
}

struct Least<'d> {
    document: &'d Value,
    /// Which of several alternatives is taken.
    choice: usize,
    wanted: fn(&str) -> bool,
    word: &'d str,
    /// How many more values may be made.
    left: Cell<u64>,
}

/// A schema that has a say, and where it stands.
struct Part<'d> {
    at: String,
    schema: &'d Map<String, Value>,
}

impl<'d> Least<'d> {
    /// A value that all these schemas allow. None if there is none, if none is found, or if the value is optional and would make a claim.
    fn value(&self, schemas: &[String], name: &str, needed: bool, depth: usize) -> Option<Value> {
        self.take(1)?;
        let mut parts = Vec::new();
        if depth > DEPTH || !schemas.iter().all(|at| self.collect(at, &mut parts)) {
            return None;
        }
        let find = |keyword: &str| parts.iter().find_map(|part| part.schema.get(keyword));
        if let Some(value) = find("const") {
            return Some(value.clone());
        }
        if let Some(values) = find("enum").and_then(Value::as_array) {
            let fitting = values.iter().find(|value| value.as_str().is_some_and(|text| plain(text) == plain(self.word)));
            // An optional text with fixed values is left out: choosing one would be a claim.
            return fitting.or_else(|| values.first().filter(|value| needed || !value.is_string())).cloned();
        }
        let has = |keywords: &[&str]| keywords.iter().any(|keyword| find(keyword).is_some());
        let kind = match find("type") {
            Some(Value::String(kind)) => kind.as_str(),
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null"),
            _ if has(&["properties", "required", "additionalProperties"]) => "object",
            _ if has(&["items", "minItems"]) => "array",
            _ if has(&["pattern", "minLength", "maxLength", "format"]) || (self.wanted)(name) => "string",
            _ => "null",
        };
        match kind {
            "object" => self.object(&parts, depth),
            "array" => self.array(&parts, name, depth),
            "string" => Some(Value::String(text(&parts))),
            "integer" | "number" => Some(number(&parts)),
            "boolean" => Some(json!(false)),
            _ => Some(Value::Null),
        }
    }

    /// Counts values that are made; none where they are too many.
    fn take(&self, count: u64) -> Option<()> {
        self.left.set(self.left.get().checked_sub(count)?);
        Some(())
    }

    /// Adds the schema at `at` with all that it says by `$ref`, `allOf` and one of its alternatives; false where nothing satisfies it.
    fn collect(&self, at: &str, parts: &mut Vec<Part<'d>>) -> bool {
        let schema = match self.document.pointer(at) {
            Some(Value::Object(schema)) => schema,
            Some(Value::Bool(false)) => return false,
            _ => return true,
        };
        if parts.len() == PARTS {
            return true;
        }
        parts.push(Part { at: at.to_owned(), schema });
        let mut possible = true;
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(from_reference) {
            possible &= self.collect(&target, parts);
        }
        let count = |keyword: &str| schema.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
        for index in 0..count("allOf") {
            possible &= self.collect(&format!("{at}/allOf/{index}"), parts);
        }
        for keyword in ["oneOf", "anyOf"] {
            let alternatives = count(keyword);
            if alternatives > 0 {
                possible &= self.collect(&format!("{at}/{keyword}/{}", self.choice % alternatives), parts);
            }
        }
        possible
    }

    fn object(&self, parts: &[Part<'d>], depth: usize) -> Option<Value> {
        let required =
            parts.iter().filter_map(|part| part.schema.get("required")?.as_array()).flatten().filter_map(Value::as_str);
        let required: Vec<&str> = required.collect();
        let listed = parts.iter().filter_map(|part| part.schema.get("properties")?.as_object()).flat_map(|object| object.keys());
        let listed: Vec<&str> = listed.map(String::as_str).filter(|name| (self.wanted)(name) && depth < OPTIONAL_DEPTH).collect();
        let mut object = Map::new();
        for name in required.iter().chain(&listed).copied() {
            if object.contains_key(name) {
                continue;
            }
            let property = |part: &Part<'_>| {
                let at = join(&format!("{}/properties", part.at), name);
                self.document.pointer(&at).is_some().then_some(at)
            };
            let mut schemas: Vec<String> = parts.iter().filter_map(property).collect();
            if schemas.is_empty() {
                schemas = parts.iter().map(|part| format!("{}/additionalProperties", part.at)).collect();
            }
            match self.value(&schemas, name, required.contains(&name), depth + 1) {
                Some(value) => drop(object.insert(name.to_owned(), value)),
                None if required.contains(&name) => return None,
                None => {}
            }
        }
        Some(Value::Object(object))
    }

    fn array(&self, parts: &[Part<'d>], name: &str, depth: usize) -> Option<Value> {
        let least = parts.iter().filter_map(|part| part.schema.get("minItems")?.as_u64()).max().unwrap_or(0);
        let count = least.max(u64::from((self.wanted)(name) && depth < OPTIONAL_DEPTH));
        if count == 0 {
            return Some(json!([]));
        }
        let items: Vec<String> = parts.iter().map(|part| format!("{}/items", part.at)).collect();
        let items = items.into_iter().filter(|at| self.document.pointer(at).is_some()).collect::<Vec<_>>();
        let before = self.left.get();
        let Some(item) = self.value(&items, name, true, depth + 1) else { return (least == 0).then(|| json!([])) };
        self.take((before - self.left.get()).saturating_mul(count - 1))?;
        Some((0..count).map(|_| item.clone()).collect())
    }
}

/// A word without case and punctuation.
fn plain(word: &str) -> String {
    word.chars().filter(|letter| letter.is_ascii_alphanumeric()).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn text(parts: &[Part<'_>]) -> String {
    let find = |keyword: &str| parts.iter().find_map(|part| part.schema.get(keyword));
    let own = || {
        let listed = find("examples").and_then(|examples| examples.get(0));
        [find("example"), listed, find("default")].into_iter().flatten().find_map(Value::as_str).map(str::to_owned)
    };
    if find("pattern").is_some() {
        return own().unwrap_or_default();
    }
    let known = match find("format").and_then(Value::as_str) {
        Some("date-time") => "1970-01-01T00:00:00Z",
        Some("date") => "1970-01-01",
        Some("time") => "00:00:00Z",
        Some("duration") => "PT0S",
        Some("uuid") => "00000000-0000-0000-0000-000000000000",
        Some("uri" | "iri" | "uri-reference" | "iri-reference" | "url") => "about:blank",
        Some("email") => "nobody@example.com",
        Some("hostname") => "example.com",
        Some("ipv4") => "0.0.0.0",
        Some("ipv6") => "::",
        Some(_) => return own().unwrap_or_default(),
        None => "",
    };
    let least = parts.iter().filter_map(|part| part.schema.get("minLength")?.as_u64()).max().unwrap_or(0).min(LENGTH);
    let missing = (least as usize).saturating_sub(known.len());
    format!("{known}{}", "-".repeat(missing))
}

fn number(parts: &[Part<'_>]) -> Value {
    let bounds = |keyword: &str| parts.iter().filter_map(|part| part.schema.get(keyword)?.as_i64()).collect::<Vec<_>>();
    let above = bounds("exclusiveMinimum").into_iter().map(|bound| bound.saturating_add(1));
    let below = bounds("exclusiveMaximum").into_iter().map(|bound| bound.saturating_sub(1));
    let least = bounds("minimum").into_iter().chain(above).max();
    let most = bounds("maximum").into_iter().chain(below).min();
    json!(0.min(most.unwrap_or(0)).max(least.unwrap_or(i64::MIN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least(schema: Value) -> Value {
        let document = json!({
            "schema": schema,
            "recursive": { "required": ["next"], "properties": { "next": { "$ref": "#/recursive" } } },
            "tree": { "required": ["left", "right"], "additionalProperties": { "type": "array", "items": { "$ref": "#/tree" } } },
            "lists": { "type": "array", "minItems": 30, "items": { "$ref": "#/lists" } },
            "wide": { "required": ["a", "b", "c", "d", "e", "f", "g", "h"], "additionalProperties": { "$ref": "#/wide" } },
        });
        candidates(&document, "/schema", |name| name == "message", "BAD_REQUEST").into_iter().next().unwrap_or(json!("none"))
    }

    #[test]
    fn a_value_has_what_is_required_and_what_is_wanted() {
        let cases = [
            (json!({ "properties": { "message": { "type": "string" }, "id": { "type": "string" } } }), json!({ "message": "" })),
            (
                json!({ "required": ["id"], "allOf": [{ "properties": { "id": { "format": "date" } } }] }),
                json!({ "id": "1970-01-01" }),
            ),
            (json!({ "required": ["a"], "additionalProperties": { "type": "integer", "minimum": 3 } }), json!({ "a": 3 })),
            (json!({ "enum": ["internal", "bad-request"] }), json!("bad-request")),
            (json!({ "type": "array", "minItems": 2, "items": { "type": ["null", "boolean"] } }), json!([false, false])),
            (json!({ "type": "number", "maximum": -1 }), json!(-1)),
            (json!({ "type": "string", "minLength": 2 }), json!("--")),
            (json!({ "oneOf": [{ "const": 1 }, { "const": 2 }] }), json!(1)),
            (json!({ "required": ["a"], "properties": { "a": false } }), json!("none")),
            (json!({ "$ref": "#/recursive" }), json!("none")),
            (json!({ "$ref": "#/tree" }), json!({ "left": [], "right": [] })),
            (json!({ "$ref": "#/lists" }), json!("none")),
            (json!({ "$ref": "#/wide" }), json!("none")),
            (json!({ "type": "array", "minItems": 30, "items": { "type": "array", "minItems": 30 } }), json!("none")),
            (json!({ "type": "array", "minItems": 1_000_000_000 }), json!("none")),
        ];
        for (schema, value) in cases {
            assert_eq!(least(schema.clone()), value, "{schema}");
        }
    }
}
