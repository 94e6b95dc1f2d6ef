//! What generators of clients need of a document beyond its being valid: names that are names in every language, and one type for each
//! thing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::Value;

/// Words that are no names in TypeScript or in Python, whatever the letter case.
const RESERVED: &str = "and any arguments as assert async await boolean break case catch class const continue debugger def default del \
    delete do elif else enum eval except export extends false finally for from function global if implements import in instanceof \
    interface is lambda let match new none nonlocal not null or package pass private protected public raise return self static super \
    switch this throw true try type typeof undefined var void while with yield";

/// Something that a generator trips over.
#[derive(Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Where, as a JSON Pointer.
    pub pointer: String,
    /// What is wrong there.
    pub what: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.what)
    }
}

/// All that generators would trip over in an OpenAPI 3.1 document.
pub fn obstacles(document: &Value) -> Vec<Obstacle> {
    let mut found = Found { document, obstacles: Vec::new() };
    found.operations();
    let schemas = &document["components"]["schemas"];
    found.clashes("/components/schemas", members(schemas).map(|(name, _)| name));
    for (name, schema) in members(schemas) {
        found.schema(schema, &format!("/components/schemas/{}", segment(name)), true);
    }
    found.unnamed(document, "");
    found.obstacles
}

/// What `cargo xtask spec --check` says about them.
pub fn report(obstacles: &[Obstacle]) -> String {
    let list: String = obstacles.iter().map(|obstacle| format!("  {obstacle}\n")).collect();
    let hint = "fix the types and handlers in src/api, or the refinements beside them, and run `cargo xtask spec`";
    format!("openapi.yaml is valid, but generators of clients would trip over it.\n\n{list}\nhint: {hint}\n")
}

struct Found<'a> {
    document: &'a Value,
    obstacles: Vec<Obstacle>,
}

impl<'a> Found<'a> {
    fn add(&mut self, pointer: impl Into<String>, what: impl Into<String>) {
        self.obstacles.push(Obstacle { pointer: pointer.into(), what: what.into() });
    }

    /// The node itself, or what it refers to.
    fn resolved(&self, node: &'a Value) -> &'a Value {
        let target = node["$ref"].as_str().and_then(|reference| self.document.pointer(reference.strip_prefix('#')?));
        target.unwrap_or(node)
    }

    fn operations(&mut self) {
        let tags: BTreeSet<&str> = elements(&self.document["tags"]).filter_map(|tag| tag["name"].as_str()).collect();
        let mut ids = BTreeMap::new();
        for (path, item) in members(&self.document["paths"]) {
            for (method, operation) in members(item).filter(|(_, operation)| operation.get("responses").is_some()) {
                let pointer = format!("/paths/{}/{method}", segment(path));
                self.operation_id(&pointer, operation, &mut ids);
                self.tags(&pointer, operation, &tags);
                self.success(&pointer, operation);
                let parameters = elements(&item["parameters"]).chain(elements(&operation["parameters"]));
                let names: Vec<_> = parameters.filter_map(|parameter| self.resolved(parameter)["name"].as_str()).collect();
                self.clashes(&format!("{pointer}/parameters"), names);
            }
        }
    }

    /// What the function is called.
    fn operation_id(&mut self, pointer: &str, operation: &'a Value, ids: &mut BTreeMap<String, &'a str>) {
        let Some(id) = operation["operationId"].as_str() else {
            return self.add(pointer, "has no operationId, so the function of a client has no name");
        };
        let pointer = format!("{pointer}/operationId");
        if !is_name(id) {
            self.add(&pointer, format!("{id} is not a name in every language: letters and digits, and no reserved word"));
        }
        if let Some(other) = ids.insert(folded(id), id) {
            self.add(&pointer, format!("{id} and {other} are one name in some language"));
        }
    }

    /// Which module the function is in.
    fn tags(&mut self, pointer: &str, operation: &'a Value, declared: &BTreeSet<&str>) {
        let mut tags = elements(&operation["tags"]).filter_map(Value::as_str).peekable();
        if tags.peek().is_none() {
            self.add(pointer, "has no tag, so the function of a client has no module");
        }
        for tag in tags.filter(|tag| !declared.contains(tag)) {
            self.add(format!("{pointer}/tags"), format!("{tag} is not among the tags of the document"));
        }
    }

    /// What the function returns.
    fn success(&mut self, pointer: &str, operation: &'a Value) {
        let all: Vec<_> = members(&operation["responses"]).filter(|(status, _)| status.starts_with('2')).collect();
        let [(status, response)] = all.as_slice() else {
            let what = format!("has {} successful answers, so the function of a client returns no one type", all.len());
            return self.add(format!("{pointer}/responses"), what);
        };
        let content: Vec<_> = members(&self.resolved(response)["content"]).collect();
        let pointer = format!("{pointer}/responses/{status}/content");
        if content.len() > 1 {
            self.add(&pointer, "has several media types, so the function of a client returns no one type");
        }
        for (media_type, _) in content.iter().filter(|(_, content)| content.get("schema").is_none()) {
            self.add(format!("{pointer}/{}", segment(media_type)), "has no schema, so the function of a client returns anything");
        }
    }

    /// Names that are the same once they are written as the language does.
    fn clashes(&mut self, pointer: &str, names: impl IntoIterator<Item = impl AsRef<str>>) {
        let mut seen = BTreeMap::new();
        for name in names {
            let name = name.as_ref().to_owned();
            if let Some(other) = seen.insert(folded(&name), name.clone()).filter(|other| *other != name) {
                self.add(pointer, format!("{name} and {other} are one name in some language"));
            }
        }
    }

    /// What stands under `schema`: all that is outside of `components/schemas`.
    fn unnamed(&mut self, node: &'a Value, pointer: &str) {
        for (key, child) in children(node) {
            let at = format!("{pointer}/{}", segment(&key));
            match key.as_str() {
                "example" | "examples" | "schemas" => {}
                "schema" => self.schema(child, &at, false),
                _ => self.unnamed(child, &at),
            }
        }
    }

    /// A schema and those within it that become types; a condition does not.
    fn schema(&mut self, schema: &'a Value, pointer: &str, has_name: bool) {
        if !schema.is_object() {
            return;
        }
        if let Some(properties) = schema["properties"].as_object() {
            self.clashes(&format!("{pointer}/properties"), properties.keys());
            if !has_name {
                self.add(pointer, "is an object without a name: a type needs one, under components/schemas");
            }
        }
        for keyword in ["items", "additionalProperties", "contains"] {
            self.schema(&schema[keyword], &format!("{pointer}/{keyword}"), false);
        }
        for keyword in ["properties", "patternProperties", "prefixItems", "oneOf", "anyOf", "allOf"] {
            for (key, child) in children(&schema[keyword]) {
                // The parts of an `allOf` are one type.
                self.schema(child, &format!("{pointer}/{keyword}/{}", segment(&key)), has_name && keyword == "allOf");
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_reserved = RESERVED.split_whitespace().any(|word| word.eq_ignore_ascii_case(text));
    starts_well && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') && !is_reserved
}

/// A name without what camel case and snake case write differently.
fn folded(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A name as a segment of a JSON Pointer (RFC 6901, section 3).
fn segment(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn members(node: &Value) -> impl Iterator<Item = (&String, &Value)> {
    node.as_object().into_iter().flatten()
}

fn elements(node: &Value) -> impl Iterator<Item = &Value> {
    node.as_array().into_iter().flatten()
}

fn children(node: &Value) -> Vec<(String, &Value)> {
    match node {
        Value::Object(object) => object.iter().map(|(key, child)| (key.clone(), child)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A document of which no generator complains.
    fn good() -> Value {
        json!({
            "tags": [{ "name": "pets" }],
            "paths": { "/pets/{petId}": {
                "parameters": [{ "name": "petId", "in": "path", "schema": { "type": "string" } }],
                "get": {
                    "operationId": "getPet", "tags": ["pets"],
                    "parameters": [{ "name": "If-None-Match", "in": "header", "schema": { "type": "string" } }],
                    "responses": {
                        "200": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Pet" } } } },
                        "404": { "content": { "text/plain": {} } }
                    }
                },
                "delete": { "operationId": "deletePet", "tags": ["pets"], "responses": { "204": {} } }
            } },
            "components": { "schemas": { "Pet": {
                "type": "object", "properties": { "schema": { "type": "string" }, "properties": { "type": "string" } },
                "allOf": [{ "properties": { "name": { "type": "string" } } }],
                "if": { "properties": { "name": { "const": "Rex" } } },
                "examples": [{ "schema": { "properties": {} } }]
            } } }
        })
    }

    /// The obstacles of the document with something else at this place.
    fn with(pointer: &str, value: Value) -> Vec<String> {
        let mut document = good();
        *document.pointer_mut(pointer).unwrap() = value;
        obstacles(&document).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_document_has_none() {
        assert_eq!(obstacles(&good()), []);
    }

    #[test]
    fn a_function_has_a_name_of_its_own() {
        let (get, id) = ("/paths/~1pets~1{petId}/get", "/paths/~1pets~1{petId}/get/operationId");
        assert_eq!(with(id, Value::Null), [format!("{get}: has no operationId, so the function of a client has no name")]);
        for name in ["get-pet", "2pets", "", "delete", "Import", "πet"] {
            let what = "is not a name in every language: letters and digits, and no reserved word";
            assert_eq!(with(id, json!(name)), [format!("{id}: {name} {what}")]);
        }
        let delete = "/paths/~1pets~1{petId}/delete/operationId";
        assert_eq!(with(id, json!("delete_pet")), [format!("{delete}: deletePet and delete_pet are one name in some language")]);
    }

    #[test]
    fn a_function_has_a_module() {
        let get = "/paths/~1pets~1{petId}/get";
        let tags = format!("{get}/tags");
        assert_eq!(with(&tags, json!([])), [format!("{get}: has no tag, so the function of a client has no module")]);
        assert_eq!(with(&tags, json!(["cats"])), [format!("{tags}: cats is not among the tags of the document")]);
    }

    #[test]
    fn a_function_returns_one_type() {
        let responses = "/paths/~1pets~1{petId}/get/responses";
        for (answers, count) in [(json!({ "200": {}, "204": {} }), 2), (json!({ "404": {} }), 0)] {
            let what = format!("has {count} successful answers, so the function of a client returns no one type");
            assert_eq!(with(responses, answers), [format!("{responses}: {what}")]);
        }
        let content = format!("{responses}/200/content");
        assert_eq!(
            with(&content, json!({ "application/json": {} })),
            [format!("{content}/application~1json: has no schema, so the function of a client returns anything")]
        );
        assert_eq!(
            with(&content, json!({ "text/plain": { "schema": {} }, "text/html": { "schema": {} } })),
            [format!("{content}: has several media types, so the function of a client returns no one type")]
        );
    }

    #[test]
    fn a_type_has_a_name() {
        let content = "/paths/~1pets~1{petId}/get/responses/200/content";
        let schema = format!("{content}/application~1json/schema");
        let what = "is an object without a name: a type needs one, under components/schemas";
        let object = json!({ "properties": {} });
        assert_eq!(with(&schema, object.clone()), [format!("{schema}: {what}")]);
        assert_eq!(with(&schema, json!({ "items": object })), [format!("{schema}/items: {what}")]);
        let property = "/components/schemas/Pet/properties/schema";
        assert_eq!(with(property, object.clone()), [format!("{property}: {what}")]);
        assert_eq!(with(property, json!({ "oneOf": [object] })), [format!("{property}/oneOf/0: {what}")]);
    }

    #[test]
    fn names_differ_in_more_than_how_they_are_written() {
        let clash = |names: &str, pointer: &str| format!("{pointer}: {names} are one name in some language");
        let (properties, parameters) = ("/components/schemas/Pet/properties", "/paths/~1pets~1{petId}/get/parameters");
        assert_eq!(with(properties, json!({ "petId": {}, "pet_id": {} })), [clash("pet_id and petId", properties)]);
        assert_eq!(with(parameters, json!([{ "name": "pet-id", "in": "query" }])), [clash("pet-id and petId", parameters)]);
        let schemas = "/components/schemas";
        assert_eq!(with(schemas, json!({ "Pet": {}, "PET": {} })), [clash("PET and Pet", schemas)]);
    }
}
