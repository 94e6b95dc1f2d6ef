//! What a document describes, as schemas for those who compare documents.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use contract_tests::{Document, Inclusion, Located, Operation, inclusion};
use serde_json::{Value, json};

const DOCUMENT: &str = r#"
openapi: "3.1.0"
paths:
  /things/{id}:
    put:
      parameters:
        - { name: id, in: path, required: true, schema: { type: string, pattern: "^[a-f]{2}$" } }
        - { name: limit, in: query, schema: { type: integer, maximum: 9 } }
        - { name: X-Tenant, in: header, required: true, schema: { type: string } }
      requestBody:
        required: true
        content:
          application/json:
            schema: { type: object, required: [id, name], properties: { id: { type: string, readOnly: true }, name: { type: string } } }
      responses:
        "200": { description: Here., headers: { Left: { schema: { type: integer, minimum: 0 } } } }
"#;

fn document() -> (Document, Operation) {
    let document = Document::parse("things.yaml", DOCUMENT).unwrap();
    let operation = document.operations().unwrap().remove(0);
    (document, operation)
}

fn request() -> Value {
    json!({
        "path": { "id": "ab" }, "query": { "limit": 5 }, "header": { "x-tenant": "a" }, "cookie": {}, "body": { "name": "a" },
    })
}

/// The keywords that the request breaks with a value set at this pointer, and where in it.
fn broken(pointer: &str, value: Value) -> Vec<(String, String)> {
    let (document, operation) = document();
    let mut request = request();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    request.pointer_mut(parent).unwrap()[key] = value;
    let violations = document.requests(&operation, Some("application/json")).unwrap().violations(&request);
    let keyword = |pointer: &str| pointer.rsplit('/').next().unwrap_or_default().to_owned();
    violations.into_iter().map(|violation| (keyword(&violation.pointer), violation.place)).collect()
}

fn one(keyword: &str, place: &str) -> Vec<(String, String)> {
    vec![(keyword.to_owned(), place.to_owned())]
}

#[test]
fn a_request_is_what_the_document_describes_and_nothing_else() {
    assert_eq!(broken("/body/name", json!("b")), []);
    assert_eq!(broken("/body/name", json!(1)), one("type", "/body/name"));
    assert_eq!(broken("/query/limit", json!(10)), one("maximum", "/query/limit"));
    assert_eq!(broken("/query/page", json!(1)), one("additionalProperties", "/query/page"));
    assert_eq!(broken("/cookie/session", json!("a")), one("additionalProperties", "/cookie/session"));
    assert_eq!(broken("/header", json!({})), one("required", "/header/x-tenant"));
    assert_eq!(broken("/other", json!(1)), one("additionalProperties", "/other"));
}

#[test]
fn text_has_no_type_on_its_way() {
    assert_eq!(broken("/query/limit", json!("5")), []);
    let (document, _) = document();
    let left = document.response_headers("/paths/~1things~1{id}/put/responses/200/headers/Left/schema").unwrap();
    assert!(left.violations(&json!("5")).is_empty() && left.violations(&json!(5)).is_empty());
    let violations = left.violations(&json!("-1"));
    assert!(violations.iter().any(|violation| violation.pointer.ends_with("/minimum")), "{violations:?}");
}

#[test]
fn paths_that_name_their_parameters_otherwise_describe_the_same_requests() {
    let (old, operation) = document();
    let new = Document::parse("things.yaml", DOCUMENT.replace("{id}", "{key}").replace("name: id, in", "name: key, in")).unwrap();
    let other = new.operations().unwrap().remove(0);
    let media_type = Some("application/json");
    let wide = new.requests(&other, media_type).unwrap();
    let named = old.requests(&operation.with_path_names(&other), media_type).unwrap();
    assert_eq!(inclusion(named.located(), wide.located(), 1), Ok(Inclusion::Proven));
    let unnamed = old.requests(&operation, media_type).unwrap();
    assert_ne!(inclusion(unnamed.located(), wide.located(), 1), Ok(Inclusion::Proven));
}

#[test]
fn the_smallest_request_can_be_sent() {
    let (document, operation) = document();
    let requests = document.requests(&operation, Some("application/json")).unwrap();
    let nothing = json!({ "nothing": false });
    let answer = inclusion(requests.located(), Located { document: &nothing, pointer: "/nothing" }, 1).unwrap();
    let Inclusion::Refuted(request) = answer else { panic!("{answer:?}") };
    let curl = requests.curl("http://127.0.0.1:3000", &requests.received(&request).unwrap()).unwrap();
    assert!(curl.starts_with("curl -i -X PUT http://127.0.0.1:3000/things/") && curl.contains("-H 'x-tenant: "), "{curl}");
}
