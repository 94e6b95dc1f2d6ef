//! The requests that a document shows by its examples.

use serde_json::{Map, Value};

use crate::openapi::{document::Document, operation::Operation, resources::plain};

/// How many examples of one place are used.
const MAX: usize = 3;
/// How deep the examples of properties are looked for.
const MAX_DEPTH: usize = 6;

/// Parts of whole requests, `{path, query, header, cookie, body}`, with the first examples of each place, then with the second ones, and
/// so on. What has no example is left out.
pub(super) fn examples(document: &Document, operation: &Operation, media_type: Option<&(String, String)>) -> Vec<Value> {
    let parameters: Vec<(&str, &str, Vec<Value>)> = operation
        .parameters
        .iter()
        .map(|parameter| (parameter.place.name(), parameter.name.as_str(), beside(document, &parameter.schema)))
        .collect();
    let bodies = media_type.map(|(_, schema)| beside(document, schema)).unwrap_or_default();
    let count = parameters.iter().map(|(_, _, all)| all.len()).chain([bodies.len()]).max().unwrap_or_default();
    let request = |index: usize| {
        let at = |all: &[Value]| all.get(index).or_else(|| all.last()).cloned();
        let mut request = Map::new();
        for (place, name, all) in &parameters {
            if let Some(example) = at(all) {
                let values = request.entry(*place).or_insert_with(|| Value::Object(Map::new()));
                values[*name] = example;
            }
        }
        request.extend(at(&bodies).map(|body| ("body".to_owned(), body)));
        Value::Object(request)
    };
    (0..count.min(MAX)).map(request).collect()
}

/// The examples of a parameter or a media type, given the pointer of its schema; those of the schema where it has none itself.
fn beside(document: &Document, schema: &str) -> Vec<Value> {
    let owner = schema.strip_suffix("/schema").and_then(|at| document.json.pointer(at));
    let named = owner.and_then(|owner| owner.get("examples")).and_then(Value::as_object).into_iter().flat_map(Map::values);
    let named = named.filter_map(|example| {
        let reference = example.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        let example = reference.and_then(|at| document.json.pointer(at)).unwrap_or(example);
        example.get("value").cloned()
    });
    let own = owner.and_then(|owner| owner.get("example")).cloned();
    let all: Vec<Value> = own.into_iter().chain(named).take(MAX).collect();
    if !all.is_empty() {
        return all;
    }
    let by_description = || {
        let text = owner.and_then(|owner| owner.get("description")?.as_str()).filter(|_| is_any_text(document, schema))?;
        described(text).map(Value::String)
    };
    of_schema(document, schema, 0).or_else(by_description).into_iter().collect()
}

/// Whether a schema leaves to the reader which text is meant.
fn is_any_text(document: &Document, at: &str) -> bool {
    const SAYING: [&str; 6] = ["const", "default", "enum", "format", "maxLength", "pattern"];
    let schema = document.resolve(at).map(|(_, schema)| schema);
    schema.is_some_and(|schema| {
        schema.get("type").is_some_and(|kind| kind == "string") && !SAYING.iter().any(|it| schema.get(*it).is_some())
    })
}

/// The example of a schema, or an object of the examples of its properties.
fn of_schema(document: &Document, at: &str, depth: usize) -> Option<Value> {
    let (at, schema) = document.resolve(at).filter(|_| depth < MAX_DEPTH)?;
    let first = schema.get("examples").and_then(|all| all.as_array()?.first());
    if let Some(example) = schema.get("example").or(first).or_else(|| schema.get("const")) {
        return Some(example.clone());
    }
    let mut object = Map::new();
    for part in 0..schema.get("allOf").and_then(Value::as_array).map_or(0, Vec::len) {
        if let Some(Value::Object(more)) = of_schema(document, &format!("{at}/allOf/{part}"), depth + 1) {
            object.extend(more);
        }
    }
    for name in schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
        let property = format!("{at}/properties/{}", crate::pointer::escape(name));
        let hidden =
            document.json.pointer(&property).is_some_and(|property| property.get("readOnly") == Some(&Value::Bool(true)));
        let example = of_schema(document, &property, depth + 1).or_else(|| named(document, &property, name));
        object.extend(example.filter(|_| !hidden).map(|example| (name.clone(), example)));
    }
    if object.is_empty() {
        let item = schema.get("items").and_then(|_| of_schema(document, &format!("{at}/items"), depth + 1))?;
        return Some(Value::Array(vec![item]));
    }
    Some(Value::Object(object))
}

/// What a text is by its description or by the name of its property, where its schema leaves that to the reader.
fn named(document: &Document, at: &str, name: &str) -> Option<Value> {
    let (_, schema) = document.resolve(at)?;
    let name = plain(name);
    let known = [("mail", "ada@example.com"), ("url", "https://example.com/"), ("uri", "https://example.com/")];
    let by_name = || known.into_iter().find(|(kind, _)| name.ends_with(kind)).map(|(_, text)| text.to_owned());
    let by_description = || schema.get("description").and_then(Value::as_str).and_then(described);
    is_any_text(document, at).then(|| by_description().or_else(by_name)).flatten().map(Value::String)
}

/// The first of the values that a description lists, each in quotes: ``Supports `RS256` and `ES256`.`` The list may follow a colon.
fn described(text: &str) -> Option<String> {
    const LISTING: [&str; 8] = ["support", "valid ", "one of", "allowed", "possible", "either", "can be", "must be"];
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(['\n', '.', ';']).map_or(rest.len(), |end| end + 1);
        let (sentence, after) = rest.split_at(end);
        let begin = LISTING.iter().filter_map(|words| sentence.to_ascii_lowercase().find(words)).min();
        let listed = begin.map(|begin| if sentence.trim_end().ends_with(':') { paragraph(after) } else { &sentence[begin..] });
        if let Some(value) = listed.and_then(quoted) {
            return Some(value);
        }
        rest = after;
    }
    None
}

/// A text up to the first blank line that something comes before.
fn paragraph(text: &str) -> &str {
    text.trim_start().split("\n\n").next().unwrap_or_default()
}

/// The first thing in quotes, where it is a word.
fn quoted(text: &str) -> Option<String> {
    let open = text.find(['`', '"'])?;
    let (value, _) = text[open + 1..].split_once(&text[open..=open])?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (!value.is_empty() && value.chars().all(is_word)).then(|| value.to_owned())
}

/// The instance with what the examples say; an object keeps what they leave out.
pub(crate) fn overlay(instance: &mut Value, examples: &Value) {
    match (instance, examples) {
        (Value::Object(object), Value::Object(more)) => {
            for (name, value) in more {
                match object.get_mut(name) {
                    Some(known) => overlay(known, value),
                    None => drop(object.insert(name.clone(), value.clone())),
                }
            }
        }
        (instance, examples) => *instance = examples.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_made_of_examples_wherever_they_stand() {
        let document = json!({
            "openapi": "3.1.0", "info": {"title": "Pets", "version": "1"},
            "paths": {"/pets/{id}": {"put": {
                "parameters": [
                    {"name": "id", "in": "path", "required": true, "example": "p-1", "schema": {"type": "string"}},
                    {"name": "mode", "in": "query", "schema": {"type": "string"}, "examples": {"a": {"value": "fast"}, "b": {"value": "slow"}}},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                "responses": {},
            }}},
            "components": {"schemas": {"Pet": {"type": "object", "properties": {
                "id": {"type": "string", "readOnly": true, "example": "p-1"},
                "name": {"type": "string", "example": "Rex"},
                "age": {"type": "integer"},
                "keeper": {"type": "object", "properties": {"e-mail": {"type": "string"}, "name": {"type": "string"}}},
                "tags": {"type": "array", "items": {"type": "string", "examples": ["good"]}},
            }}}},
        });
        let document = Document::parse("pets.json", document.to_string()).unwrap();
        let operation = &document.operations()[0];
        let media_type = operation.body.as_ref().unwrap().media_types.first();
        // What nobody shows an example of is what its name says.
        let pet = json!({"name": "Rex", "keeper": {"e-mail": "ada@example.com"}, "tags": ["good"]});
        let all = examples(&document, operation, media_type);
        assert_eq!(all[0], json!({"path": {"id": "p-1"}, "query": {"mode": "fast"}, "body": pet}));
        assert_eq!(all[1], json!({"path": {"id": "p-1"}, "query": {"mode": "slow"}, "body": pet}));
        let mut instance = json!({"path": {"id": "x"}, "body": {"age": 3, "name": "y"}});
        overlay(&mut instance, &all[0]);
        assert_eq!(instance["body"], json!({"age": 3, "name": "Rex", "keeper": {"e-mail": "ada@example.com"}, "tags": ["good"]}));
    }

    #[test]
    fn a_description_lists_values_in_quotes() {
        let cases = [
            ("The type. Possible values include:\n\n* Avro (`AVRO`)\n* Protobuf (`PROTOBUF`)", Some("AVRO")),
            ("The algorithm. Supports `RS256`, `ES512` and `HS256`.", Some("RS256")),
            ("How it is used.\nValid values are \"enc\" and \"sig\".", Some("enc")),
            ("Must be either `jwt` or `opaque`", Some("jwt")),
            ("The name, as in `users`.", None),
            ("Supports \"Ada Lovelace\"", None),
            ("Must be `", None),
            ("Kann möglich sein: é `x`. Possible: `y`", Some("y")),
        ];
        for (text, value) in cases {
            assert_eq!(described(text).as_deref(), value, "{text}");
        }
    }
}
