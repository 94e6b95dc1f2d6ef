//! The lift: from the OpenAPI 3.0 that poem-openapi derives to the OpenAPI 3.1 document that is the contract.
//!
//! It applies rules that hold for every type and operation; what one type needs said about it stands beside that type
//! (`users_api::api::refinements`).

use openapi_server::problem::Code;
use serde_json::{Map, Value, json};

/// Methods that a path item can hold (OpenAPI 3.1, section 4.8.9.1).
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The contract, from the derived document and its refinements.
pub fn lift(derived: Value, refinements: &[Value]) -> Value {
    let mut document = derived;
    document["openapi"] = json!("3.1.0");
    normalise(&mut document);
    for operation in operations(&mut document) {
        refer_to_shared_responses(operation);
        add_shared_responses(operation);
        name_parameters(operation);
    }
    for refinement in refinements {
        json_patch::merge(&mut document, refinement);
    }
    operations(&mut document).for_each(list_parameters);
    show_examples(&mut document);
    leave_out_unused_codes(&mut document);
    order(document)
}

/// Adds what need not be written, since the lift would write it: the answers that all operations share, and examples in more places.
pub fn complete(document: &mut Value) {
    refer_plain_problems(document);
    for operation in operations(document) {
        add_shared_responses(operation);
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
        for parameter in parameters.filter_map(Value::as_object_mut) {
            parameter.entry("required").or_insert(json!(false));
        }
    }
    show_examples(document);
}

/// Writes a problem that says nothing of its own but what it means as the lift does: as the shared response of its status.
pub fn refer_plain_problems(document: &mut Value) {
    let plain = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let stamped = json!({ "x-request-id": { "$ref": "#/components/headers/RequestId" } });
    for operation in operations(document) {
        for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            let is_plain = response.as_object().is_some_and(|response| {
                response.get("content") == Some(&plain)
                    && response.get("headers").is_none_or(|headers| *headers == stamped)
                    && response.keys().all(|key| ["description", "headers", "content"].contains(&key.as_str()))
            });
            if is_plain {
                refer_to_shared_response(status, response);
            }
        }
    }
}

/// Every operation of the document, with its path and its method.
pub fn located(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten().filter(|(method, _)| METHODS.contains(&method.as_str()));
        operations.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// Shows the example of a schema wherever a reader looks for one.
fn show_examples(document: &mut Value) {
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for schema in schemas.values_mut() {
            if let (None, Some(examples)) = (schema.get("examples"), example_of_enumeration(schema)) {
                schema["examples"] = examples;
            }
            spread_examples(schema);
        }
    }
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    for operation in operations(document) {
        add_media_examples(operation, &schemas);
    }
}

/// A code that no operation answers is none of the contract's: 501, where every handler is written.
fn leave_out_unused_codes(document: &mut Value) {
    let paths = document["paths"].to_string();
    for code in Code::ALL.into_iter().filter(|code| !paths.contains(&format!("\"#/components/responses/{}\"", code.component())))
    {
        if let Some(responses) = document.pointer_mut("/components/responses").and_then(Value::as_object_mut) {
            responses.shift_remove(code.component());
        }
        if let Some(codes) = document.pointer_mut("/components/schemas/ProblemCode/enum").and_then(Value::as_array_mut) {
            codes.retain(|name| *name != json!(code));
        }
    }
}

/// Every operation of the document.
fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document.pointer_mut("/paths").and_then(Value::as_object_mut).into_iter();
    paths
        .flat_map(|paths| paths.values_mut())
        .filter_map(Value::as_object_mut)
        .flat_map(|item| item.iter_mut())
        .filter(|(method, _)| METHODS.contains(&method.as_str()))
        .map(|(_, operation)| operation)
}

/// Keys whose value is data, whatever it looks like.
const DATA: [&str; 5] = ["example", "examples", "default", "enum", "const"];

/// Keys whose value has names for keys: a property may be called `example`, `headers` or `type`.
const NAMED: [&str; 9] =
    ["$defs", "dependentSchemas", "headers", "parameters", "paths", "patternProperties", "properties", "responses", "schemas"];

/// The nodes of the document in an object: no data, and under a key that has names, what stands under each name.
pub fn children(object: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let nodes = object.iter().filter(|(key, _)| !DATA.contains(&key.as_str()));
    nodes.flat_map(|(key, value)| match value {
        Value::Object(named) if NAMED.contains(&key.as_str()) => named.values().collect::<Vec<_>>(),
        value => vec![value],
    })
}

/// Changes each of them.
pub fn change_children(object: &mut Map<String, Value>, mut change: impl FnMut(&mut Value)) {
    for (key, value) in object {
        match value {
            _ if DATA.contains(&key.as_str()) => {}
            Value::Object(named) if NAMED.contains(&key.as_str()) => named.values_mut().for_each(&mut change),
            value => change(value),
        }
    }
}

/// Undoes what poem-openapi writes differently from OpenAPI 3.1 or from what a reader expects, wherever it occurs.
fn normalise(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(normalise),
        Value::Object(object) => {
            unwrap_described_reference(object);
            if let Some(Value::String(description)) = object.get_mut("description") {
                *description = unfold(description);
            }
            if let Some(Value::Object(headers)) = object.get_mut("headers") {
                *headers = std::mem::take(headers).into_iter().map(|(name, header)| (header_name(&name), header)).collect();
            }
            if object.get("type").is_some_and(Value::is_string) {
                normalise_schema(object);
            }
            if object.get("deprecated") == Some(&json!(false)) {
                object.shift_remove("deprecated");
            }
            change_children(object, normalise);
        }
        _ => {}
    }
}

fn normalise_schema(schema: &mut Map<String, Value>) {
    schema.shift_remove("title"); // The same as the name of the schema.
    match schema.get("format").and_then(Value::as_str) {
        Some("naive-date") => drop(schema.insert("format".to_owned(), json!("date"))),
        // Names of Rust's number types: no rule of JSON Schema. A range that matters is written as bounds.
        Some("double" | "float" | "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64") => {
            schema.shift_remove("format");
        }
        _ => {}
    }
    for bound in ["minimum", "maximum", "multipleOf"] {
        if let Some(number) = schema.get_mut(bound)
            && let Some(float) = number.as_f64()
            && float.fract() == 0.0
            && float.abs() < 2f64.powi(53)
        {
            *number = json!(float as i64);
        }
    }
    // OpenAPI 3.0 says beside a bound that it is exclusive; in 3.1 such a bound has a keyword of its own.
    for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        let Some(is_exclusive) = schema.get(exclusive).and_then(Value::as_bool) else { continue };
        schema.shift_remove(exclusive);
        if is_exclusive && let Some(number) = schema.shift_remove(bound) {
            schema.insert(exclusive.to_owned(), number);
        }
    }
    if schema.contains_key("properties") && !schema.contains_key("additionalProperties") {
        schema.insert("additionalProperties".to_owned(), json!(false));
    }
}

/// `allOf: [{$ref}, {description}]` is how OpenAPI 3.0 describes a reference; 3.1 lets both stand side by side.
fn unwrap_described_reference(schema: &mut Map<String, Value>) {
    let Some(Value::Array(parts)) = schema.get("allOf") else { return };
    let [Value::Object(reference), Value::Object(rest)] = parts.as_slice() else { return };
    if reference.contains_key("$ref") && rest.keys().all(|key| key == "description") {
        let (target, rest) = (reference["$ref"].clone(), rest.clone());
        schema.shift_remove("allOf");
        schema.extend(rest);
        schema.insert("$ref".to_owned(), target);
    }
}

/// A doc comment is folded to the width of the source: one line break is a space, two are a paragraph.
fn unfold(text: &str) -> String {
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

/// poem-openapi upper-cases the names of response headers; HTTP ignores the case and people do not: `Retry-After`.
fn header_name(name: &str) -> String {
    if name.contains(|letter: char| letter.is_ascii_lowercase()) {
        return name.to_owned(); // Not its work.
    }
    if name == "ETAG" {
        return "ETag".to_owned();
    }
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + &rest.to_lowercase()
    });
    words.collect::<Vec<_>>().join("-")
}

/// Lets refinements address a parameter by its name, as every other part of the document: a merge patch cannot reach into an array.
fn name_parameters(operation: &mut Value) {
    let Some(Value::Array(parameters)) = operation.get_mut("parameters").map(Value::take) else { return };
    let named = parameters.into_iter().map(|mut parameter| {
        if let Some(parameter) = parameter.as_object_mut() {
            parameter.shift_remove("explode"); // poem-openapi always says it, and means the default.
        }
        (parameter["name"].as_str().unwrap_or_default().to_owned(), parameter)
    });
    operation["parameters"] = Value::Object(named.collect());
}

/// Undoes [`name_parameters`].
fn list_parameters(operation: &mut Value) {
    let Some(Value::Object(named)) = operation.get_mut("parameters").map(Value::take) else { return };
    operation["parameters"] = named.into_iter().map(|(_, parameter)| parameter).collect();
}

/// What poem-openapi derives for a problem lacks its headers and example; the shared response has both.
fn refer_to_shared_responses(operation: &mut Value) {
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        refer_to_shared_response(status, response);
    }
}

fn refer_to_shared_response(status: &str, response: &mut Value) {
    if let Some(code) = Code::ALL.iter().find(|code| code.status().as_str() == status) {
        let description = response.get("description").cloned();
        *response = reference(*code);
        if let Some(description) = description {
            response["description"] = description;
        }
    }
}

/// Adds the answers that every operation of this shape can give, below those that are its own, and the header that each has.
fn add_shared_responses(operation: &mut Value) {
    let has_body = operation.get("requestBody").is_some();
    let has_parameters = operation.get("parameters").and_then(Value::as_array).is_some_and(|parameters| !parameters.is_empty());
    let has_security = operation.get("security").is_some();
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for response in responses.values_mut().filter(|response| response.get("$ref").is_none()) {
        let headers = response["headers"].as_object_mut();
        if headers.is_none_or(|headers| !headers.contains_key("x-request-id")) {
            response["headers"]["x-request-id"] = json!({ "$ref": "#/components/headers/RequestId" });
        }
    }
    for code in Code::ALL {
        let applies = match code {
            Code::BadRequest => has_body || has_parameters,
            Code::RequestTimeout | Code::PayloadTooLarge | Code::UnsupportedMediaType => has_body,
            Code::Unauthorized | Code::Forbidden | Code::TooManyRequests => has_security,
            Code::NotFound | Code::MethodNotAllowed | Code::InternalError | Code::ServiceUnavailable => true,
            Code::Conflict | Code::PreconditionFailed | Code::UnprocessableEntity | Code::NotImplemented => false,
        };
        let status = code.status().as_str().to_owned();
        if applies && !responses.contains_key(&status) {
            responses.insert(status, reference(code));
        }
    }
    responses.sort_keys();
}

fn reference(code: Code) -> Value {
    json!({ "$ref": format!("#/components/responses/{}", code.component()) })
}

/// The example that an enumeration has unless it says another: its first value.
pub fn example_of_enumeration(schema: &Value) -> Option<Value> {
    schema.pointer("/enum/0").map(|first| json!([first]))
}

/// Gives each property the example that the first of its object's examples with it has, unless it has its own or is a reference.
fn spread_examples(schema: &mut Value) {
    let Some(examples) = schema.get("examples").and_then(Value::as_array).cloned() else { return };
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        if let Some(value) = examples.iter().find_map(|example| example.get(name))
            && let Some(property) = property.as_object_mut()
            && !property.contains_key("$ref")
        {
            property.entry("examples").or_insert_with(|| json!([value]));
        }
    }
}

/// Gives each media type of the operation the example of its schema, so that documentation can show it without a detour.
fn add_media_examples(operation: &mut Value, schemas: &Value) {
    let mut contents = Vec::new();
    if let Some(request) = operation.pointer("/requestBody/content") {
        contents.push(("/requestBody/content".to_owned(), request.clone()));
    }
    for status in operation["responses"].as_object().into_iter().flat_map(Map::keys) {
        let pointer = format!("/responses/{status}/content");
        if let Some(content) = operation.pointer(&pointer) {
            contents.push((pointer, content.clone()));
        }
    }
    for (pointer, mut content) in contents {
        for media_type in content.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let name = media_type.pointer("/schema/$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
            if let Some(example) = name.and_then(|name| schemas.get(name)).and_then(|schema| schema.pointer("/examples/0"))
                && media_type.get("example").is_none()
            {
                media_type["example"] = example.clone();
            }
        }
        if let Some(place) = operation.pointer_mut(&pointer) {
            *place = content;
        }
    }
}

/// The order that readers of OpenAPI documents expect.
fn order(document: Value) -> Value {
    let Value::Object(mut document) = document else { return document };
    let mut ordered = Map::new();
    for key in ["openapi", "info", "servers", "tags", "paths", "components"] {
        if let Some(mut value) = document.shift_remove(key) {
            if key == "components" {
                sort_keys(&mut value);
            }
            ordered.insert(key.to_owned(), value);
        }
    }
    ordered.extend(document);
    Value::Object(ordered)
}

/// Components are looked up by name.
fn sort_keys(components: &mut Value) {
    for section in components.as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let Some(section) = section.as_object_mut() {
            section.sort_keys();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(mut node: Value) -> Value {
        normalise(&mut node);
        node
    }

    #[test]
    fn rusts_formats_go_and_objects_are_closed() {
        let derived = json!({ "type": "object", "title": "X", "properties": {
            "day": { "type": "string", "format": "naive-date" },
            "count": { "type": "integer", "format": "uint16", "minimum": 400.0, "maximum": 0.5, "deprecated": false },
            "other": { "allOf": [{ "$ref": "#/components/schemas/Y" }, { "description": "One\nline.\n\nTwo." }] }
        } });
        let expected = json!({ "type": "object", "properties": {
            "day": { "type": "string", "format": "date" },
            "count": { "type": "integer", "minimum": 400, "maximum": 0.5 },
            "other": { "$ref": "#/components/schemas/Y", "description": "One line.\n\nTwo." }
        }, "additionalProperties": false });
        assert_eq!(normalised(derived), expected);
    }

    #[test]
    fn an_exclusive_bound_has_a_keyword_of_its_own() {
        let derived =
            json!({ "type": "number", "minimum": 0.0, "exclusiveMinimum": true, "maximum": 0.5, "exclusiveMaximum": false });
        assert_eq!(normalised(derived), json!({ "type": "number", "maximum": 0.5, "exclusiveMinimum": 0 }));
        let derived = json!({ "type": "integer", "minimum": 1.0, "maximum": 9.0, "exclusiveMaximum": true });
        assert_eq!(normalised(derived), json!({ "type": "integer", "minimum": 1, "exclusiveMaximum": 9 }));
    }

    #[test]
    fn an_enumeration_shows_its_first_value_unless_it_says_another() {
        let mut document = json!({ "paths": {}, "components": { "schemas": {
            "Currency": { "enum": ["EUR", "USD"] }, "Language": { "enum": ["el", "en"], "examples": ["en"] }
        } } });
        show_examples(&mut document);
        let example = |name: &str| document["components"]["schemas"][name]["examples"].clone();
        assert_eq!((example("Currency"), example("Language")), (json!(["EUR"]), json!(["en"])));
    }

    #[test]
    fn a_property_shows_the_first_example_that_has_it() {
        let mut schema = json!({
            "properties": { "a": {}, "b": {}, "c": { "examples": [0] }, "d": {} },
            "examples": [{ "a": 1, "c": 1 }, { "a": 2, "b": 2 }]
        });
        spread_examples(&mut schema);
        let expected = json!({ "a": { "examples": [1] }, "b": { "examples": [2] }, "c": { "examples": [0] }, "d": {} });
        assert_eq!(schema["properties"], expected);
    }

    #[test]
    fn a_problem_that_says_only_what_it_means_is_the_shared_response() {
        let content = |media_type: Value| json!({ "application/problem+json": media_type });
        let problem = json!({ "$ref": "#/components/schemas/Problem" });
        let referred = |status: &str, response: Value| {
            let mut document = json!({ "paths": { "/a": { "get": { "responses": { status: response } } } } });
            refer_plain_problems(&mut document);
            document["paths"]["/a"]["get"]["responses"][status].take()
        };
        let plain = json!({ "description": "No such country.", "content": content(json!({ "schema": problem })) });
        let shared = json!({ "$ref": "#/components/responses/NotFound", "description": "No such country." });
        assert_eq!(referred("404", plain.clone()), shared);
        let mut stamped = plain.clone();
        stamped["headers"] = json!({ "x-request-id": { "$ref": "#/components/headers/RequestId" } });
        assert_eq!(referred("404", stamped), shared);
        // What says more is kept, and so is a status that no problem has.
        let mut own = plain.clone();
        own["content"] = content(json!({ "schema": problem, "example": { "status": 404 } }));
        let mut headed = plain.clone();
        headed["headers"] = json!({ "Retry-After": {} });
        for (status, kept) in [("404", own), ("404", headed), ("418", plain)] {
            assert_eq!(referred(status, kept.clone()), kept, "{status}");
        }
    }

    #[test]
    fn what_can_be_refused_with_400_documents_it() {
        let documents_400 = |mut operation: Value| {
            operation["responses"] = json!({ "200": { "description": "" } });
            add_shared_responses(&mut operation);
            operation["responses"].get("400").is_some()
        };
        assert!(documents_400(json!({ "requestBody": {} })));
        assert!(documents_400(json!({ "parameters": [{ "name": "page", "in": "query" }] })));
        assert!(!documents_400(json!({ "parameters": [] })));
        assert!(!documents_400(json!({})));
    }

    #[test]
    fn a_code_that_no_operation_answers_is_left_out() {
        let document = |responses: Value| {
            json!({
                "paths": { "/a": { "get": { "responses": responses } } },
                "components": { "schemas": { "ProblemCode": { "enum": Code::ALL } }, "responses": { "NotImplemented": {} } }
            })
        };
        let has_code = |mut document: Value| {
            leave_out_unused_codes(&mut document);
            let codes = document["components"]["schemas"]["ProblemCode"]["enum"].as_array().unwrap();
            (codes.contains(&json!("NOT_IMPLEMENTED")), document["components"]["responses"].get("NotImplemented").is_some())
        };
        assert_eq!(has_code(document(json!({}))), (false, false));
        assert_eq!(has_code(document(json!({ "501": reference(Code::NotImplemented) }))), (true, true));
    }

    #[test]
    fn an_object_that_says_that_it_is_open_stays_open() {
        let open = json!({ "type": "object", "properties": {}, "additionalProperties": { "type": "string" } });
        assert_eq!(normalised(open.clone()), open);
    }

    #[test]
    fn names_and_data_are_left_alone() {
        let derived = json!({ "type": "object", "additionalProperties": false, "properties": {
            "title": { "type": "string" }, "type": { "type": "string" }, "headers": { "type": "string" },
            "example": { "type": "string", "format": "naive-date" }
        }, "example": { "type": "string", "title": "kept", "format": "int32" } });
        let mut expected = derived.clone();
        expected["properties"]["example"]["format"] = json!("date");
        assert_eq!(normalised(derived), expected);
    }

    #[test]
    fn header_names_are_written_as_people_do() {
        for (derived, written) in [
            ("LOCATION", "Location"),
            ("ETAG", "ETag"),
            ("RETRY-AFTER", "Retry-After"),
            ("x-request-id", "x-request-id"),
            ("", ""),
        ] {
            assert_eq!(header_name(derived), written);
        }
    }
}
