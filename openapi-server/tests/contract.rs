//! What the contract makes of documents other than this project's own: everything in them is enforced, or refused at start-up.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use openapi_server::{
    auth::LocalIssuer,
    contract::{Contract, ContractError, Limits},
};
use poem::{Endpoint, IntoResponse, Request, Response, endpoint::make_sync, http::Method};
use serde_json::{Value, json};
use tempfile::TempDir;

/// One for all tests: its key takes longer to make than all that is tested here.
static ISSUER: LazyLock<LocalIssuer> =
    LazyLock::new(|| LocalIssuer::open(TempDir::new().unwrap().path(), "urn:test:local-issuer", "test").unwrap());

/// A document with these path items, beside a few shared parts.
fn document(paths: Value) -> Value {
    json!({
        "openapi": "3.1.0", "info": { "title": "T", "version": "1" }, "paths": paths,
        "components": {
            "schemas": {
                "Size": { "type": "integer", "minimum": 1, "maximum": 10 },
                "Loop": { "$ref": "#/components/schemas/Loop" }
            },
            "parameters": { "Size": { "name": "size", "in": "query", "schema": { "$ref": "#/components/schemas/Size" } } },
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "basic": { "type": "http", "scheme": "basic" },
                "key": { "type": "apiKey", "in": "query", "name": "key" }
            }
        }
    })
}

fn compile(paths: Value, check_responses: bool) -> Result<Contract, ContractError> {
    let limits = Limits { body: 1024, body_timeout: Duration::from_secs(10), rate: None, check_responses };
    Contract::compile(&document(paths), ISSUER.verifier().unwrap(), limits)
}

/// Sends a request to handlers that answer 204; gives the status and the `pointer rule` of each violation.
async fn ask(paths: Value, request: Request) -> (u16, Vec<String>) {
    let enforced = Arc::new(compile(paths, false).unwrap()).enforce(make_sync(|_| empty()));
    let response = enforced.call(request).await.map_or_else(|error| error.into_response(), IntoResponse::into_response);
    let status = response.status().as_u16();
    let body: Value = serde_json::from_str(&response.into_body().into_string().await.unwrap()).unwrap_or_default();
    let errors = body["errors"].as_array().into_iter().flatten();
    let errors = errors.map(|error| format!("{} {}", error["pointer"].as_str().unwrap(), error["rule"].as_str().unwrap()));
    (status, errors.collect())
}

fn get(uri: &str) -> Request {
    Request::builder().uri(uri.parse().unwrap()).finish()
}

fn empty() -> Response {
    Response::builder().status(poem::http::StatusCode::NO_CONTENT).finish()
}

const OK: &str = "204";

#[tokio::test]
async fn parameters_are_held_to_their_schemas() {
    let paths = || {
        json!({ "/things/{id}": {
            "parameters": [
                { "name": "id", "in": "path", "required": true, "schema": { "type": "integer", "minimum": 1 } },
                { "name": "x-colour", "in": "header", "schema": { "type": "string", "enum": ["red", "blue"] } },
                { "name": "all", "in": "query", "required": true, "schema": { "type": "string" } },
                { "name": "page", "in": "query", "schema": { "type": "integer" } },
                { "name": "size", "in": "header", "schema": { "type": "string", "enum": ["red", "blue"] } }
            ],
            "get": {
                "operationId": "getThing", "responses": { OK: { "description": "" } },
                "parameters": [
                    { "$ref": "#/components/parameters/Size" },
                    { "name": "all", "in": "query", "required": true, "schema": { "type": "boolean" } }
                ]
            }
        } })
    };
    let cases: [(&str, &[&str]); 11] = [
        ("/things/7?all=true", &[]),
        ("/things/7?all=true&page=one", &["/query/page type"]),
        ("/things/7?all=false&size=10&other=x", &[]),
        ("/things/%37?%61ll=true", &[]),
        ("/things/7", &["/query/all required"]),
        ("/things/7?all=yes", &["/query/all type"]),
        ("/things/7?all=true&all=true", &["/query/all type"]),
        ("/things/7?all=true&size=0", &["/query/size minimum"]),
        ("/things/7?all=true&size=1.5", &["/query/size type"]),
        ("/things/0?all=true", &["/path/id minimum"]),
        ("/things/x?size=11", &["/query/size maximum", "/query/all required", "/path/id type"]),
    ];
    for (uri, broken) in cases {
        let (status, errors) = ask(paths(), get(uri)).await;
        assert_eq!(
            (status, errors),
            (if broken.is_empty() { 204 } else { 400 }, broken.iter().map(|e| (*e).to_owned()).collect())
        );
    }
    for name in ["x-colour", "size"] {
        let coloured = |colour: &str| Request::builder().uri("/things/7?all=true".parse().unwrap()).header(name, colour).finish();
        assert_eq!(ask(paths(), coloured("blue")).await.0, 204);
        assert_eq!(ask(paths(), coloured("green")).await, (400, vec![format!("/header/{name} enum")]));
    }
}

#[tokio::test]
async fn an_operation_asks_for_the_scopes_of_its_bearer_scheme() {
    let paths = |security: Value| {
        let get = json!({ "operationId": "getThings", "responses": { OK: { "description": "" } }, "security": security });
        json!({ "/things": { "get": get } })
    };
    let with = |scope: &str| {
        let token = ISSUER.token(scope, Duration::from_secs(60)).unwrap();
        Request::builder().uri("/things".parse().unwrap()).header("authorization", format!("Bearer {token}")).finish()
    };
    let reading = || paths(json!([{ "bearer": ["read:things"] }]));
    assert_eq!(ask(reading(), get("/things")).await.0, 401);
    assert_eq!(ask(reading(), with("write:things")).await.0, 403);
    assert_eq!(ask(reading(), with("read:things")).await.0, 204);
    assert_eq!(ask(paths(json!([])), get("/things")).await.0, 204);
}

#[tokio::test]
async fn a_body_that_is_not_required_may_be_absent_and_is_checked_when_present() {
    let paths = || {
        json!({ "/notes": { "put": {
            "operationId": "putNote", "responses": { OK: { "description": "" } },
            "requestBody": { "content": { "application/json": { "schema": { "type": "string" } } } }
        } } })
    };
    let put = |body: Option<&'static str>| {
        let request = Request::builder().method(Method::PUT).uri("/notes".parse().unwrap()).content_type("application/json");
        match body {
            None => request.finish(),
            Some(body) => request.header("content-length", body.len()).body(body),
        }
    };
    assert_eq!(ask(paths(), put(None)).await.0, 204);
    assert_eq!(ask(paths(), put(Some("\"x\""))).await.0, 204);
    assert_eq!(ask(paths(), put(Some("5"))).await, (400, vec![" type".to_owned()]));
}

#[tokio::test]
async fn a_response_that_breaks_the_document_is_a_500() {
    let paths = || {
        json!({ "/things": { "get": { "operationId": "getThings", "responses": { "200": {
            "description": "", "content": { "application/json": { "schema": { "type": "array" } } },
            "headers": {
                "x-total": { "required": true, "schema": { "type": "integer" } },
                "x-page": { "schema": { "type": "integer" } }
            }
        } } } } })
    };
    fn answer(total: &str, media_type: &str, body: &'static str) -> Response {
        Response::builder().header("x-total", total).content_type(media_type).body(body)
    }
    let cases: [(fn() -> Response, u16); 10] = [
        (|| answer("1", "application/json", "[1]"), 200),
        (|| answer("1", "application/json; charset=utf-8", "[]"), 200),
        (|| answer("one", "application/json", "[]"), 500),
        (|| answer("1", "application/json", "[]").with_header("x-page", "one").into_response(), 500),
        (|| answer("1", "application/json", "[]").with_header("x-page", "1").into_response(), 200),
        (|| answer("1", "application/json", "{}"), 500),
        (|| answer("1", "application/json", "["), 500),
        (|| answer("1", "text/plain", "[]"), 500),
        (|| Response::builder().content_type("application/json").body("[]"), 500),
        (empty, 500),
    ];
    for (index, (answer, status)) in cases.into_iter().enumerate() {
        let enforced = Arc::new(compile(paths(), true).unwrap()).enforce(make_sync(move |_| answer()));
        let response =
            enforced.call(get("/things")).await.map_or_else(|error| error.into_response(), IntoResponse::into_response);
        assert_eq!(response.status().as_u16(), status, "case {index}");
    }
}

#[tokio::test]
async fn what_cannot_be_enforced_does_not_start() {
    let operation = |change: Value| {
        let mut operation = json!({ "operationId": "x", "responses": { OK: { "description": "" } } });
        operation.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({ "/x": { "post": operation } })
    };
    assert!(compile(operation(json!({})), true).is_ok());
    let parameter = |parameter: Value| operation(json!({ "parameters": [parameter] }));
    let body = |media_type: &str, schema: Value| {
        operation(json!({ "requestBody": { "content": { media_type: { "schema": schema } } } }))
    };
    let cases = [
        (parameter(json!({ "name": "x", "in": "cookie", "schema": { "type": "string" } })), "outside path, query and header"),
        (parameter(json!({ "name": "x", "in": "query", "schema": { "type": "array" } })), "not one string each"),
        (parameter(json!({ "name": "x", "in": "query", "style": "form", "schema": { "type": "string" } })), "style"),
        (parameter(json!({ "$ref": "#/components/parameters/Nothing" })), "has nothing at"),
        (parameter(json!({ "$ref": "other.yaml#/x" })), "another document"),
        (parameter(json!({ "name": "x", "in": "query", "schema": { "$ref": "#/components/schemas/Loop" } })), "circle"),
        (body("application/xml", json!({})), "request body of type application/xml"),
        (body("application/json", json!({ "type": "strin" })), "cannot be compiled"),
        (body("application/json", json!({ "pattern": "(" })), "cannot be compiled"),
        (body("application/json", json!({ "format": "naive-date" })), "cannot be compiled"),
        (body("application/json", json!({ "$ref": "#/components/schemas/Nothing" })), "cannot be compiled"),
        (operation(json!({ "security": [{ "key": [] }] })), "other than HTTP bearer"),
        (operation(json!({ "security": [{ "basic": [] }] })), "other than HTTP bearer"),
        (operation(json!({ "security": [{ "bearer": [] }, {}] })), "alternative or combined"),
        (operation(json!({ "security": [{ "bearer": [], "key": [] }] })), "alternative or combined"),
        (operation(json!({ "security": [{ "nothing": [] }] })), "has nothing at"),
        (json!({ "/x": { "post": { "responses": { OK: { "description": "" } } } } }), "operationId"),
        (json!({ "/x": { "pots": {} } }), "the entry pots"),
        (json!({ "/x": { "$ref": "#/components/pathItems/X" } }), "the entry $ref"),
        (json!({ "/x/{a}": {}, "/x/{b}": {} }), "cannot be routed"),
    ];
    for (paths, expected) in cases {
        let error = compile(paths.clone(), true).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected), "{paths}: {error:?} does not say {expected:?}");
    }
}
