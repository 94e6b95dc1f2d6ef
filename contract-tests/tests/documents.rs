//! The documents: each has a shape of its own, all keywords are in them, and a server can keep their promises.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{collections::BTreeSet, fs};

use faulty_server::{Faulty, client};
use serde_json::{Value, json};

/// Every document by its name.
fn documents() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/documents");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        (name.clone(), serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    paths.into_iter().map(read).collect()
}

/// The operations of a document: path, method and what it says of them, with the parameters of the path.
fn operations(document: &Value) -> Vec<(&str, &str, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            let lists = [&item["parameters"], &operation["parameters"]];
            let parameters: Vec<Value> = lists.iter().filter_map(|list| list.as_array()).flatten().cloned().collect();
            let mut operation = operation.clone();
            operation["parameters"] = json!(parameters);
            found.push((path.as_str(), method.as_str(), operation));
        }
    }
    found
}

/// A request out of the examples, and the same without its required parameters and with a body of the wrong type.
struct Example {
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

impl Example {
    fn of(path: &str, operation: &Value, media_type: Option<&str>) -> Self {
        let (mut target, mut query, mut headers) = (path.to_owned(), Vec::new(), Vec::new());
        for parameter in operation["parameters"].as_array().unwrap() {
            let (name, example) = (parameter["name"].as_str().unwrap(), &parameter["example"]);
            assert!(!example.is_null(), "{path}: {name} has no example");
            let separator = if parameter["style"] == "pipeDelimited" { "%7C" } else { "," };
            let items = example.as_array().map(|items| items.iter().map(encoded).collect::<Vec<_>>());
            let text = items.clone().map_or_else(|| encoded(example), |items| items.join(separator));
            match parameter["in"].as_str().unwrap() {
                "path" => target = target.replace(&format!("{{{name}}}"), &text),
                "query" if parameter["explode"] != false && items.is_some() => {
                    query.extend(items.unwrap().into_iter().map(|item| format!("{name}={item}")));
                }
                "query" => query.push(format!("{name}={text}")),
                "header" => headers.push((name.to_owned(), plain(example))),
                _ => headers.push(("cookie".to_owned(), format!("{name}={text}"))),
            }
        }
        if !query.is_empty() {
            target = format!("{target}?{}", query.join("&"));
        }
        headers.extend(media_type.map(|media_type| ("content-type".to_owned(), media_type.to_owned())));
        let body = media_type.map(|media_type| operation["requestBody"]["content"][media_type]["example"].clone());
        Self { target, headers, body }
    }

    async fn send(&self, url: &str, method: &str) -> client::Answer {
        let form = self.headers.iter().any(|(_, value)| value == "application/x-www-form-urlencoded");
        let body = match &self.body {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Object(fields)) if form => {
                fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
            }
            Some(value) => value.to_string(),
        };
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        client::send(url, &method.to_uppercase(), &self.target, &headers, body.as_bytes(), false).await
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        value => value.to_string(),
    }
}

fn encoded(value: &Value) -> String {
    let byte = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    plain(value).bytes().map(byte).collect()
}

/// A token with every scope that the document knows.
fn token(document: &Value) -> String {
    let all = operations(document).into_iter().map(|(.., operation)| operation["security"].clone());
    let lists = all.chain([document["security"].clone()]);
    let scopes: BTreeSet<String> = lists
        .flat_map(|alternatives| alternatives.as_array().cloned().unwrap_or_default())
        .flat_map(|schemes| schemes.as_object().unwrap().values().cloned().collect::<Vec<_>>())
        .flat_map(|scopes| scopes.as_array().unwrap().iter().map(plain).collect::<Vec<_>>())
        .collect();
    Faulty::token(&json!({"scope": scopes.into_iter().collect::<Vec<_>>().join(" ")}))
}

/// What boon says about the answer, where it is JSON and the document speaks of it in JSON Schema 2020-12.
fn conforms(document: &Value, path: &str, method: &str, status: &str, answer: &client::Answer) {
    let mut at = format!("/paths/{}/{method}/responses/{status}", path.replace('~', "~0").replace('/', "~1"));
    if let Some(reference) = document.pointer(&at).unwrap().get("$ref") {
        at = reference.as_str().unwrap().trim_start_matches('#').to_owned();
    }
    let node = document.pointer(&at).unwrap();
    for (name, header) in node["headers"].as_object().into_iter().flatten() {
        assert!(
            header["required"] != true || answer.headers.contains_key(&name.to_lowercase()),
            "{path} {status} without {name}"
        );
    }
    let Some(content) = node["content"].as_object() else {
        assert_eq!(answer.text, "", "{path} {status}");
        return;
    };
    let media_type = answer.headers["content-type"].as_str();
    assert!(content.contains_key(media_type), "{path} {status} {media_type}");
    if !media_type.ends_with("json") || document["openapi"].as_str().unwrap().starts_with("3.0") {
        return;
    }
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("memory:document", document.clone()).unwrap();
    let mut schemas = boon::Schemas::new();
    let at = format!("{at}/content/{}/schema", media_type.replace('/', "~1")).replace('{', "%7B").replace('}', "%7D");
    let schema = compiler.compile(&format!("memory:document#{at}"), &mut schemas).unwrap();
    schemas.validate(&answer.body, schema).unwrap_or_else(|error| panic!("{path} {status}: {error}\n{:#}", answer.body));
}

#[test]
fn there_are_14_documents_of_one_to_four_operations() {
    let documents = documents();
    let old = documents.iter().filter(|(_, document)| document["openapi"].as_str().unwrap().starts_with("3.0")).count();
    assert_eq!((documents.len(), old), (14, 2));
    for (name, document) in &documents {
        assert!((1..=4).contains(&operations(document).len()), "{name}");
    }
}

#[test]
fn the_documents_have_every_keyword_place_and_type() {
    let mut found = BTreeSet::new();
    documents().iter().for_each(|(_, document)| words(document, &mut found));
    let kinds = ["path", "query", "header", "cookie", "string", "integer", "number", "boolean", "array", "default", "4XX"];
    let features = ["nullable", "readOnly", "writeOnly", "discriminator", "text/plain", "x-unique", "pipeDelimited"];
    for word in include_str!("schemas/keywords.txt").lines().chain(kinds).chain(features) {
        assert!(found.contains(word), "no document has {word}");
    }
}

/// All names and texts in a value.
fn words(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(found.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| words(item, found)),
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            found.insert(name.clone());
            words(value, found);
        }),
        _ => {}
    }
}

#[tokio::test]
async fn the_examples_succeed_and_what_they_say_comes_back() {
    for (name, document) in documents() {
        let server = Faulty::start(&document, None).await.unwrap();
        let token = token(&document);
        for (path, method, operation) in operations(&document) {
            let content = operation["requestBody"]["content"].as_object();
            let media_types = content.map_or(vec![None], |content| content.keys().map(|name| Some(name.as_str())).collect());
            for media_type in media_types {
                let mut example = Example::of(path, &operation, media_type);
                example.headers.push(("authorization".to_owned(), format!("Bearer {token}")));
                let answer = example.send(&server.url, method).await;
                let success = operation["responses"].as_object().unwrap().keys().find(|status| status.starts_with('2')).unwrap();
                assert_eq!(answer.status.to_string(), *success, "{name} {method} {path}: {}", answer.text);
                conforms(&document, path, method, success, &answer);
                for (property, value) in answer.body.as_object().into_iter().flatten() {
                    let sent = example.body.as_ref().and_then(|body| body.get(property));
                    assert!(sent.is_none_or(|sent| sent == value), "{name} {method} {path}: {property} is {value}");
                }
            }
        }
    }
}

#[tokio::test]
async fn wrong_requests_are_refused_as_the_documents_say() {
    for (name, document) in documents() {
        let server = Faulty::start(&document, None).await.unwrap();
        let token = token(&document);
        for (path, method, operation) in operations(&document) {
            let media_type = operation["requestBody"]["content"].as_object().and_then(|content| content.keys().next());
            let valid = Example::of(path, &operation, media_type.map(String::as_str));
            let security = operation.get("security").or(document.get("security")).and_then(Value::as_array);
            let secured = security.is_some_and(|alternatives| !alternatives.is_empty());
            let documented = |status: u16| {
                let keys = [status.to_string(), format!("{}XX", status / 100), "default".to_owned()];
                keys.into_iter().find(|key| operation["responses"].get(key).is_some())
            };
            let mut refusals = Vec::new();
            if secured {
                refusals.push((401, valid.send(&server.url, method).await));
            }
            let with_token = |mut example: Example| {
                example.headers.push(("authorization".to_owned(), format!("Bearer {token}")));
                example
            };
            if let Some(media_type) = media_type {
                let refusal = if operation["responses"].get("422").is_some() { 422 } else { 400 };
                let example = |body: Option<Value>| Example { body, ..Example::of(path, &operation, Some(media_type)) };
                let wrong = if media_type.starts_with("text") { json!("") } else { json!([[]]) };
                let answer = with_token(example(Some(wrong))).send(&server.url, method).await;
                let details = documented(refusal).is_some() && document["components"]["schemas"]["Violation"].is_object();
                assert_eq!(!details, answer.broken().is_empty(), "{name} {method} {path}: {}", answer.text);
                refusals.push((refusal, answer));
                let large = Some(json!("x".repeat(70_000)));
                refusals.push((413, with_token(example(large)).send(&server.url, method).await));
                let mut other = with_token(example(valid.body.clone()));
                other.headers.retain(|(name, _)| name != "content-type");
                refusals.push((415, other.send(&server.url, method).await));
            }
            let required = |parameter: &&Value| parameter["required"] == true && parameter["in"] != "path";
            if operation["parameters"].as_array().unwrap().iter().any(|parameter| required(&parameter)) {
                let mut bare = with_token(Example::of(path, &operation, media_type.map(String::as_str)));
                bare.target = bare.target.split('?').next().unwrap().to_owned();
                bare.headers.retain(|(name, _)| ["authorization", "content-type"].contains(&name.as_str()));
                refusals.push((400, bare.send(&server.url, method).await));
            }
            refusals.push((405, valid.send(&server.url, "TRACE").await));
            for (status, answer) in refusals {
                assert_eq!(answer.status, status, "{name} {method} {path}: {}", answer.text);
                let documented = documented(status).unwrap_or_else(|| panic!("{name} {method} {path} has no {status}"));
                conforms(&document, path, method, &documented, &answer);
            }
        }
        assert_eq!(server.store().count(), 0, "{name}");
    }
}
