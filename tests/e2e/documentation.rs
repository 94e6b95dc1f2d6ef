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
    // All at once: whoever adds an operation builds once more, and not once for each.
    let mut lacking = Vec::new();
    let mut expect = |is_there: bool, what: String| lacking.extend((!is_there).then_some(what));
    let has_example = |node: &Value| node.get("examples").is_some_and(|examples| !examples.as_array().unwrap().is_empty());
    for (name, schema) in schemas {
        expect(schema["description"].is_string(), format!("{name} has no description"));
        expect(has_example(schema), format!("{name} has no example"));
        for (property, node) in schema["properties"].as_object().into_iter().flatten() {
            expect(node["description"].is_string(), format!("{name}.{property} has no description"));
            let target = node["$ref"].as_str().and_then(|reference| document.pointer(&reference[1..]));
            expect(has_example(target.unwrap_or(node)), format!("{name}.{property} has no example"));
        }
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for key in ["summary", "description"] {
                expect(operation[key].is_string(), format!("{method} {path} has no {key}"));
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = &parameter["name"];
                let has_example = parameter.get("example").is_some() || has_example(&parameter["schema"]);
                expect(parameter["description"].is_string(), format!("{method} {path}: {name} has no description"));
                expect(has_example, format!("{method} {path}: {name} has no example"));
            }
            for content in operation["requestBody"]["content"].as_object().into_iter().flat_map(|content| content.values()) {
                expect(content.get("example").is_some(), format!("{method} {path}: the body has no example"));
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = response["$ref"].as_str().map_or(response, |reference| document.pointer(&reference[1..]).unwrap());
                expect(response["description"].is_string(), format!("{method} {path}: {status} has no description"));
                // 204 and 304 have no content.
                for content in response["content"].as_object().into_iter().flat_map(|content| content.values()) {
                    expect(content.get("example").is_some(), format!("{method} {path}: {status} has no example"));
                }
                let problem = &response["content"]["application/problem+json"]["example"]["status"];
                let is_of_it = problem.is_null() || problem.as_u64() == status.parse().ok();
                expect(is_of_it, format!("{method} {path}: the example of {status} has the status {problem}"));
            }
        }
    }
    let hint = "write it beside the type: a doc comment, or `examples` in its refinements, which may be several";
    assert_eq!(lacking, Vec::<String>::new(), "{hint}");
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
