//! Resources of shapes that nobody thought of: operations and schemas within what `cargo xtask stub` carries, to be put into openapi.yaml.

pub mod adapted;

use std::collections::BTreeMap;

use proptest::{
    prelude::*,
    sample::{select, subsequence},
};
use serde_json::{Map, Value, json};

/// Names that are keywords, clash in Rust, mean something in a schema, or are no names there.
const NAMES: [&str; 27] = [
    "$ref",
    "2nd",
    "Title",
    "URL",
    "a.b",
    "additionalProperties",
    "body",
    "const",
    "default",
    "description",
    "enum",
    "example",
    "examples",
    "firstName",
    "last-name",
    "headers",
    "id",
    "line1",
    "name",
    "nullable",
    "properties",
    "required",
    "schema",
    "self",
    "type",
    "userID",
    "größe",
];

/// Texts of enumerations.
const TEXTS: [&str; 14] = ["", " ", "-", "1", "1st", "A", "Self", "a", "a b", "é", "null", "open", "self", "true"];

/// Descriptions, each of which a comment and a macro have to leave as it is.
const DESCRIPTIONS: [&str; 7] = [
    "What it is.",
    "How \"it\" is, `as` said \\ once. */",
    "First.\n\nSecond, with {braces} and [brackets].",
    "Ends without a stop",
    "# Not a heading; 100% of it.",
    "A line that is so long that it has to be folded, because nobody reads a comment that goes on for more than a hundred and twenty columns or so.",
    "Ünïcode — and a dash.",
];

/// `parts` of a document with several resources: `tags`, `paths` and `components`.
pub fn documents(resources: usize) -> impl Strategy<Value = Value> {
    let each: Vec<_> = (0..resources).map(resource).collect();
    each.prop_map(|resources| {
        let mut document = json!({ "tags": [], "paths": {}, "components": { "schemas": {} } });
        for Resource { tag, paths, schemas } in resources {
            document["tags"].as_array_mut().unwrap().push(tag);
            document["paths"].as_object_mut().unwrap().extend(paths);
            document["components"]["schemas"].as_object_mut().unwrap().extend(schemas);
        }
        document
    })
}

/// Adds the tags, paths and components to a document.
pub fn add(document: &mut Value, more: &Value) {
    document["tags"].as_array_mut().unwrap().extend(more["tags"].as_array().unwrap().clone());
    for pointer in ["/paths", "/components/schemas", "/components/responses"] {
        let more = more.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
        document.pointer_mut(pointer).unwrap().as_object_mut().unwrap().extend(more.map(|(name, it)| (name.clone(), it.clone())));
    }
}

#[derive(Debug, Clone)]
struct Resource {
    tag: Value,
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
}

fn resource(index: usize) -> impl Strategy<Value = Resource> {
    let names = [format!("Thing{index}"), format!("thing-{index}_part"), format!("State{index}")];
    let [thing, part, state] = names.clone();
    let references: Vec<Value> = names.iter().chain([&"Language".to_owned()]).map(|name| reference(name)).collect();
    let enumeration = subsequence(TEXTS.to_vec(), 1..6).prop_map(|texts| json!({ "type": "string", "enum": texts }));
    let schemas = (object(&references), object(&references[1..]), described(enumeration));
    let operations = subsequence(vec!["get", "post", "put", "delete", "patch"], 1..=5);
    (schemas, operations, any::<[bool; 4]>(), parameters(), description(), leaf()).prop_map(
        move |((first, second, third), methods, [is_list, has_id, is_public, has_header], parameters, text, leaf)| {
            let schemas = [(&thing, first), (&part, second), (&state, third)].map(|(name, schema)| (name.clone(), schema));
            let collection = format!("/things{index}");
            let mut paths: BTreeMap<String, Value> = BTreeMap::new();
            for method in methods {
                let on_one = has_id && method != "post" || method == "delete";
                let path = if on_one { format!("{collection}/{{thing-id}}") } else { collection.clone() };
                let operation =
                    operation(method, index, &thing, [on_one, is_list, is_public, has_header], &parameters, &text, &leaf);
                paths.entry(path).or_insert(json!({}))[method] = operation;
            }
            let mut used = json!(paths.values().collect::<Vec<_>>()).to_string();
            let mut schemas = schemas.to_vec();
            let mut reached = Map::new();
            while let Some(index) = schemas.iter().position(|(name, _)| used.contains(&reference(name)["$ref"].to_string())) {
                let (name, schema) = schemas.swap_remove(index);
                used += &schema.to_string();
                reached.insert(name, schema);
            }
            Resource {
                tag: json!({ "name": format!("things{index}"), "description": text.lines().next().unwrap_or_default() }),
                paths: paths.into_iter().collect(),
                schemas: reached,
            }
        },
    )
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn operation(
    method: &str,
    index: usize,
    schema: &str,
    [on_one, is_list, is_public, has_header]: [bool; 4],
    parameters: &[Value],
    text: &str,
    leaf: &Value,
) -> Value {
    let mut operation = json!({
        "operationId": format!("{method}Thing{index}"),
        "tags": [format!("things{index}")],
        "summary": format!("Do what {method} does"),
        "description": text,
    });
    if !is_public {
        operation["security"] = json!([{ "bearerAuth": [if method == "get" { "read:users" } else { "write:users" }] }]);
    }
    let id = json!({ "name": "thing-id", "in": "path", "description": "Which one.", "required": true, "schema": { "type": "integer", "minimum": 1 }, "example": 1 });
    let all: Vec<Value> = on_one.then_some(id).into_iter().chain(parameters.iter().cloned()).collect();
    if !all.is_empty() {
        operation["parameters"] = json!(all);
    }
    let media_type = if method == "patch" { "application/merge-patch+json" } else { "application/json" };
    if ["post", "put", "patch"].contains(&method) {
        operation["requestBody"] =
            json!({ "description": text, "required": true, "content": { media_type: { "schema": reference(schema) } } });
    }
    let answer = if method == "put" {
        leaf.clone()
    } else if is_list {
        json!({ "type": "array", "items": reference(schema), "maxItems": 9 })
    } else {
        reference(schema)
    };
    let mut response = json!({ "description": text, "content": { "application/json": { "schema": answer } } });
    if has_header {
        response["headers"] = json!({ "X-Count": { "description": text, "required": true, "schema": { "type": "integer", "minimum": 0 }, "example": 1 } });
    }
    let status = match method {
        "post" => "201",
        "delete" => "204",
        _ => "200",
    };
    if method == "delete" {
        response = json!({ "description": text });
    }
    operation["responses"] = json!({ status: response });
    if on_one {
        operation["responses"]["404"] = json!({ "$ref": "#/components/responses/NotFound", "description": "There is none." });
    }
    operation
}

/// A text for a comment.
fn description() -> impl Strategy<Value = String> {
    select(DESCRIPTIONS.to_vec()).prop_map(str::to_owned)
}

/// The schema, mostly with a description.
fn described(schema: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    (schema, prop::option::weighted(0.8, description())).prop_map(|(mut schema, text)| {
        if let Some(text) = text {
            schema["description"] = json!(text);
        }
        schema
    })
}

/// An object, whose properties may have these schemas too.
fn object(references: &[Value]) -> impl Strategy<Value = Value> + use<> {
    let references = select(references.to_vec());
    let property =
        prop_oneof![3 => leaf(), 1 => references.clone(), 1 => collection(leaf().boxed()), 1 => collection(references.boxed())];
    let properties = subsequence(NAMES.to_vec(), 0..8).prop_flat_map(move |names| {
        let count = names.len();
        (Just(names), prop::collection::vec((described(property.clone()), any::<bool>()), count))
    });
    let more = prop::option::of(select(vec![
        json!({ "minProperties": 1 }),
        json!({ "maxProperties": 3, "deprecated": true }),
        json!({ "dependentRequired": { "name": ["id"] } }),
        json!({ "if": { "required": ["id"] }, "then": { "required": ["name"] } }),
        json!({ "not": { "required": ["2nd", "self"] } }),
        json!({ "oneOf": [{ "required": ["id"] }, { "required": ["name"] }] }),
        json!({ "externalDocs": { "url": "https://example.com/" }, "x-note": [1, { "a": true }] }),
    ]));
    let object = (properties, any::<bool>(), more).prop_map(|((names, properties), is_closed, more)| {
        let mut object = json!({ "type": "object", "properties": {} });
        let required: Vec<_> =
            names.iter().zip(&properties).filter(|(_, (_, is_required))| *is_required).map(|(name, _)| name).collect();
        if !required.is_empty() {
            object["required"] = json!(required);
        }
        object["properties"] =
            names.iter().map(|name| (*name).to_owned()).zip(properties.into_iter().map(|(schema, _)| schema)).collect();
        if is_closed {
            object["additionalProperties"] = json!(false);
        }
        object.as_object_mut().unwrap().extend(more.into_iter().flat_map(|more| more.as_object().unwrap().clone()));
        object
    });
    described(object)
}

/// A list or a map of what these are.
fn collection(items: BoxedStrategy<Value>) -> impl Strategy<Value = Value> {
    let list_rules = select(vec![json!({}), json!({ "minItems": 1 }), json!({ "maxItems": 3, "uniqueItems": true })]);
    let map_rules = select(vec![json!({}), json!({ "minProperties": 1 }), json!({ "propertyNames": { "maxLength": 5 } })]);
    prop_oneof![
        (items.clone(), list_rules, any::<bool>())
            .prop_map(|(items, rules, nullable)| with(typed("array", nullable), &[&json!({ "items": items }), &rules])),
        (items, map_rules)
            .prop_map(|(values, rules)| with(typed("object", false), &[&json!({ "additionalProperties": values }), &rules])),
    ]
}

/// A schema without others in it.
fn leaf() -> impl Strategy<Value = Value> {
    let rules = prop_oneof![
        select(vec![
            ("string", json!({})),
            ("string", json!({ "minLength": 1, "maxLength": 5 })),
            ("string", json!({ "pattern": "^[a-z]+\\d*\\.$" })),
            ("string", json!({ "pattern": "^(?!x)\"\\p{L}" })),
            ("string", json!({ "format": "email", "maxLength": 50 })),
            ("string", json!({ "format": "date" })),
            ("string", json!({ "format": "date-time" })),
            ("string", json!({ "format": "uuid" })),
            ("string", json!({ "format": "byte", "minLength": 2 })),
            ("string", json!({ "enum": ["a", "b"] })),
            ("string", json!({ "const": "only" })),
        ]),
        select(vec![
            ("integer", json!({})),
            ("integer", json!({ "format": "int64" })),
            ("integer", json!({ "format": "int32", "minimum": -5 })),
            ("integer", json!({ "minimum": 1, "maximum": 10 })),
            ("integer", json!({ "minimum": 0, "exclusiveMaximum": 4294967296u64 })),
            ("integer", json!({ "minimum": -9007199254740993i64, "maximum": 9007199254740993i64 })),
            ("integer", json!({ "minimum": 0, "exclusiveMaximum": u64::MAX })),
            ("integer", json!({ "multipleOf": 5 })),
            ("integer", json!({ "enum": [1, 2, 3] })),
            ("number", json!({})),
            ("number", json!({ "format": "double", "minimum": 0.1, "maximum": 1e300 })),
            ("number", json!({ "exclusiveMinimum": 0, "multipleOf": 0.01 })),
            ("boolean", json!({})),
            ("boolean", json!({ "const": true })),
        ]),
    ];
    let typed = (rules, any::<bool>()).prop_map(|((kind, rules), nullable)| {
        // `null` would have to be among these values.
        let nullable = nullable && rules.get("enum").or(rules.get("const")).is_none();
        with(typed(kind, nullable), &[&rules])
    });
    let untyped = select(vec![
        json!({}),
        json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }),
        json!({ "type": ["string", "integer"] }),
        json!({ "enum": ["a", 1, true] }),
        json!({ "type": "array", "prefixItems": [{ "type": "string" }], "items": false }),
        json!({ "type": "object" }),
    ]);
    prop_oneof![6 => typed, 1 => untyped]
}

fn typed(kind: &str, nullable: bool) -> Value {
    if nullable { json!({ "type": [kind, "null"] }) } else { json!({ "type": kind }) }
}

fn with(mut schema: Value, rules: &[&Value]) -> Value {
    for rules in rules {
        schema.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
    }
    schema
}

/// Parameters of the query and the header.
fn parameters() -> impl Strategy<Value = Vec<Value>> {
    let places = subsequence(
        vec![("query", "q"), ("query", "sort-by"), ("query", "type"), ("header", "X-Kind"), ("header", "If-Match")],
        0..=3,
    );
    places.prop_flat_map(|places| {
        let scalar = leaf().prop_filter("a parameter has one value, which is not null", |schema| schema["type"].is_string());
        let each = (scalar, description(), any::<[bool; 2]>());
        let count = places.len();
        (Just(places), prop::collection::vec(each, count)).prop_map(|(places, each)| {
            let parameter =
                |((place, name), (schema, text, [is_required, is_list])): ((&str, &str), (Value, String, [bool; 2]))| {
                    let schema = if is_list && place == "query" {
                        json!({ "type": "array", "items": schema, "maxItems": 4 })
                    } else {
                        schema
                    };
                    let mut parameter = json!({ "name": name, "in": place, "description": text, "schema": schema });
                    if is_required {
                        parameter["required"] = json!(true);
                    }
                    parameter
                };
            places.into_iter().zip(each).map(parameter).collect()
        })
    })
}
