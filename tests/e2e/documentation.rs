//! The document is complete: everything has a description, and an example that is valid.

use serde_json::{Value, json};
use users_api::api;

fn validator(document: &Value, pointer: &str) -> jsonschema::Validator {
    let mut root = document.clone();
    // The braces of a path template are none of a URI's characters.
    root["$ref"] = json!(format!("#{}", pointer.replace('{', "%7B").replace('}', "%7D")));
    jsonschema::options().should_validate_formats(true).build(&root).unwrap()
}

/// Every `(pointer, node)` of the document.
fn walk<'a>(node: &'a Value, pointer: String, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(&pointer, node);
    match node {
        Value::Object(object) => {
            for (key, child) in object {
                walk(child, format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), visit);
            }
        }
        Value::Array(items) => {
            for (index, child) in items.iter().enumerate() {
                walk(child, format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_example_is_valid_against_its_own_schema() {
    let document = api::document().unwrap().value().clone();
    let mut checked = 0;
    walk(&document, String::new(), &mut |pointer, node| {
        let Value::Object(object) = node else { return };
        // A media type or header has its example beside its schema; a schema has examples inside.
        let (schema, examples) = match (object.get("schema"), object.get("example"), object.get("examples")) {
            (Some(_), Some(example), _) => (format!("{pointer}/schema"), vec![example]),
            (None, None, Some(Value::Array(examples))) => (pointer.to_owned(), examples.iter().collect()),
            _ => return,
        };
        let validator = validator(&document, &schema);
        for example in examples {
            checked += 1;
            let errors: Vec<String> = validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new(), "{pointer}");
        }
    });
    assert!(checked > 60, "only {checked} examples were found");
}

#[test]
fn everything_has_a_description_and_an_example() {
    let document = api::document().unwrap().value().clone();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let has_example = |node: &Value| node.get("examples").is_some_and(|examples| !examples.as_array().unwrap().is_empty());
    for (name, schema) in schemas {
        assert!(schema["description"].is_string(), "{name} has no description");
        assert!(has_example(schema), "{name} has no example");
        for (property, node) in schema["properties"].as_object().into_iter().flatten() {
            assert!(node["description"].is_string(), "{name}.{property} has no description");
            let target = node["$ref"].as_str().and_then(|reference| document.pointer(&reference[1..]));
            assert!(has_example(target.unwrap_or(node)), "{name}.{property} has no example");
        }
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["summary"].is_string() && operation["description"].is_string(), "{method} {path}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = &parameter["name"];
                let has_example = parameter.get("example").is_some() || has_example(&parameter["schema"]);
                assert!(parameter["description"].is_string() && has_example, "{method} {path} {name}");
            }
            for content in operation["requestBody"]["content"].as_object().into_iter().flat_map(|content| content.values()) {
                assert!(content.get("example").is_some(), "{method} {path} has no request example");
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = response["$ref"].as_str().map_or(response, |reference| document.pointer(&reference[1..]).unwrap());
                assert!(response["description"].is_string(), "{method} {path} {status}");
                // 204 and 304 have no content.
                for content in response["content"].as_object().into_iter().flat_map(|content| content.values()) {
                    assert!(content.get("example").is_some(), "{method} {path} {status} has no example");
                }
            }
        }
    }
}

#[test]
fn rules_beyond_types_are_machine_readable() {
    let document = api::document().unwrap().value().clone();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["CreateUser"]["properties"]["email"]["x-unique"], true);
    assert_eq!(schemas["EmploymentInfo"]["then"], json!({ "required": ["industry"] }));
    for (name, schema) in schemas.as_object().unwrap() {
        if schema["type"] == "object" || schema["type"] == json!(["object", "null"]) {
            assert_eq!(schema["additionalProperties"], false, "{name} is open");
        }
    }
}
