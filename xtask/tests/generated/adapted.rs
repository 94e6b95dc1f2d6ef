//! The operations of the documents that the contract tests have, as this project would have them: with its own security and its own
//! refusals, each below a path of its own.

use std::{fs, path::Path};

use openapi_document::{Document, pointer::resolve};
use serde_json::{Map, Value, json};

/// Each operation with its name, as something to [`add`](super::add).
pub fn operations() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contract-tests/tests/documents");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let document = Document::load(&file).unwrap();
        let stem = file.file_stem().unwrap().to_str().unwrap().replace('-', "");
        for (path, item) in document.json()["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap().iter().filter(|(_, node)| node.get("responses").is_some()) {
                let name = format!("{stem}{}", found.len());
                let operation = adapted(document.json(), &name, item, operation);
                let schemas = reached(document.json(), &name, &operation);
                let asked = json!({
                    "tags": [{ "name": name, "description": "Of another document." }],
                    "paths": { format!("/{name}{path}"): { method: operation } },
                    "components": { "schemas": schemas }
                });
                found.push((name, asked));
            }
        }
    }
    found
}

/// The operation with what it refers to, but for schemas, written out.
fn adapted(document: &Value, name: &str, item: &Value, operation: &Value) -> Value {
    let written_out = |node: &Value| match node["$ref"].as_str() {
        Some(reference) => resolve(document, reference.trim_start_matches('#')).unwrap().1.clone(),
        None => node.clone(),
    };
    let mut operation = operation.clone();
    operation["tags"] = json!([name]);
    operation["operationId"] = json!(name);
    let has_security = operation.get("security").or(document.get("security")).is_some_and(|security| *security != json!([]));
    operation.as_object_mut().unwrap().shift_remove("security");
    if has_security {
        operation["security"] = json!([{ "bearerAuth": ["read:users"] }]);
    }
    let lists = [item.get("parameters"), operation.get("parameters")];
    let parameters: Vec<Value> = lists.into_iter().flatten().filter_map(Value::as_array).flatten().map(written_out).collect();
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if let Some(body) = operation.get_mut("requestBody") {
        *body = written_out(body);
    }
    let responses = operation["responses"].as_object_mut().unwrap();
    responses.retain(|status, _| status.starts_with(['2', '3']));
    for response in responses.values_mut() {
        *response = written_out(response);
        response["headers"]
            .as_object_mut()
            .into_iter()
            .flat_map(Map::values_mut)
            .for_each(|header| *header = written_out(header));
        if response["headers"].is_null() {
            response.as_object_mut().unwrap().shift_remove("headers");
        }
    }
    renamed(&operation, name)
}

/// The schemas that a node leads to.
fn reached(document: &Value, name: &str, operation: &Value) -> Map<String, Value> {
    let mut text = operation.to_string();
    let mut left: Vec<_> = document["components"]["schemas"].as_object().into_iter().flatten().collect();
    let mut reached = Map::new();
    let begins = |schema: &str| format!("\"#/components/schemas/{name}{schema}");
    while let Some(index) = left.iter().position(|(schema, _)| {
        let reference = begins(schema);
        text.contains(&format!("{reference}\"")) || text.contains(&format!("{reference}/"))
    }) {
        let (schema, node) = left.swap_remove(index);
        let node = renamed(node, name);
        text += &node.to_string();
        reached.insert(format!("{name}{schema}"), node);
    }
    reached
}

/// With the names of schemas below this one, so that those of two documents do not clash.
fn renamed(node: &Value, name: &str) -> Value {
    let text = node.to_string().replace("\"#/components/schemas/", &format!("\"#/components/schemas/{name}"));
    serde_json::from_str(&text).unwrap()
}
