//! What the contract makes of documents other than this project's own: everything in them is enforced, or refused at start-up.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use openapi_server::{
    Document,
    auth::{Authenticators, Caller, LocalIssuer, Secrets},
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
                "Size": { "type": "integer", "minimum": 1, "maximum": 10 }
            },
            "parameters": { "Size": { "name": "size", "in": "query", "schema": { "$ref": "#/components/schemas/Size" } } },
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "basic": { "type": "http", "scheme": "basic" },
                "key": { "type": "apiKey", "in": "query", "name": "key" },
                "session": { "type": "apiKey", "in": "cookie", "name": "sid" },
                "oauth": { "type": "oauth2", "flows": {} }
            }
        }
    })
}

fn compile(paths: Value, check_responses: bool) -> Result<Contract, ContractError> {
    let limits = Limits { body: 1024, body_timeout: Duration::from_secs(10), rate: None, check_responses };
    Contract::compile(&Document::parse(document(paths).to_string())?, ISSUER.verifier().unwrap(), limits)
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

/// An operation with these fields.
fn operation(fields: Value) -> Value {
    let mut operation = json!({ "operationId": "x", "responses": { OK: { "description": "" } } });
    operation.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({ "/x": { "post": operation } })
}

fn post(content_type: &str, body: impl Into<Vec<u8>>) -> Request {
    let body = body.into();
    let request = Request::builder().method(Method::POST).uri("/x".parse().unwrap());
    request.header("content-type", content_type).header("content-length", body.len()).body(body)
}

#[tokio::test]
async fn bodies_are_read_as_their_media_type_says() {
    let schema = json!({
        "type": "object", "required": ["size"], "additionalProperties": false,
        "properties": {
            "size": { "type": "integer", "maximum": 9 }, "tags": { "type": "array", "items": { "type": "string", "maxLength": 3 } },
            "owner": { "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] },
            "file": { "type": "string", "format": "binary", "maxLength": 4 }, "either": { "type": ["integer", "string"], "maxLength": 2 }
        }
    });
    let paths = || {
        operation(json!({ "requestBody": { "required": true, "content": {
            "application/json": { "schema": schema }, "application/vnd.x+json; version=2": { "schema": { "type": "string" } },
            "application/x-www-form-urlencoded": { "schema": schema }, "multipart/form-data": { "schema": schema },
            "text/plain": { "schema": { "type": "string", "maxLength": 5 } }, "image/*": { "schema": { "type": "string", "maxLength": 3 } },
            "application/xml": { "schema": schema }
        } } }))
    };
    let form = "application/x-www-form-urlencoded";
    let part = |head: &str, body: &str| format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n");
    let multipart = |parts: &[String]| parts.concat() + "--b--\r\n";
    let parts = "multipart/form-data; boundary=b";
    let cases: Vec<(&str, String, u16, &[&str])> = vec![
        ("application/json", r#"{"size":1}"#.into(), 204, &[]),
        ("application/json", "size=1".into(), 400, &[" syntax"]),
        ("application/vnd.x+json;version=2", r#""x""#.into(), 204, &[]),
        ("application/vnd.x+json", r#""x""#.into(), 415, &[]),
        (form, "size=1&tags=a&tags=b".into(), 204, &[]),
        (form, "size=1&owner=%7B%22name%22%3A%22A+B%22%7D".into(), 204, &[]),
        (form, "size=1&either=x".into(), 204, &[]),
        (form, "tags=abcd&more=1".into(), 400, &["/size required", "/tags/0 maxLength", "/more additionalProperties"]),
        (form, "size=1&size=2".into(), 400, &["/size type"]),
        (parts, multipart(&[part("name=size", "1"), part("name=tags", "a"), part("name=tags", "b")]), 204, &[]),
        (parts, multipart(&[part("name=size", "x")]), 400, &["/size type"]),
        (
            parts,
            multipart(&[part("name=size", "1"), part("name=file; filename=a\r\nContent-Type: image/png", "12345")]),
            400,
            &["/file maxLength"],
        ),
        (
            parts,
            multipart(&[part("name=size", "1"), part("name=owner\r\nContent-Type: application/json", "{}")]),
            400,
            &["/owner/name required"],
        ),
        (parts, "--b\r\n".into(), 400, &[" syntax"]),
        ("multipart/form-data", multipart(&[part("name=size", "1")]), 400, &[" syntax"]),
        ("text/plain", "12345".into(), 204, &[]),
        ("text/plain; charset=utf-8", "123456".into(), 400, &[" maxLength"]),
        ("text/plain; charset=latin1", "1".into(), 415, &[]),
        ("image/png", "123".into(), 204, &[]),
        ("image/png", "1234".into(), 400, &[" maxLength"]),
        ("application/xml", "<size>1</size>".into(), 415, &[]),
    ];
    for (content_type, body, status, broken) in cases {
        let answer = ask(paths(), post(content_type, body.clone())).await;
        assert_eq!(answer, (status, broken.iter().map(|one| (*one).to_owned()).collect()), "{content_type}: {body}");
    }
    let declined: Vec<String> =
        compile(paths(), false).unwrap().declined().iter().map(|declined| declined.media_type.clone()).collect();
    assert_eq!(declined, ["application/xml"]);
}

#[tokio::test]
async fn what_only_one_direction_has_is_not_asked_of_the_other() {
    let schema = json!({
        "type": "object", "required": ["id", "name", "password"],
        "properties": { "id": { "readOnly": true }, "name": {}, "password": { "writeOnly": true, "type": "string" } }
    });
    let paths = || {
        json!({ "/x": { "post": {
            "requestBody": { "content": { "application/json": { "schema": schema } } },
            "responses": { "2XX": { "description": "", "content": { "application/json": { "schema": schema } } } }
        } } })
    };
    assert_eq!(ask(paths(), post("application/json", r#"{"name":1,"password":"x"}"#)).await.0, 204);
    assert_eq!(
        ask(paths(), post("application/json", "{}")).await,
        (400, vec!["/name required".to_owned(), "/password required".to_owned()])
    );
    for (answer, status) in [(r#"{"id":1,"name":1}"#, 200), (r#"{"name":1}"#, 500), (r#"{"id":1,"name":1,"password":"x"}"#, 500)]
    {
        let handlers = make_sync(move |_| Response::builder().content_type("application/json").body(answer));
        let enforced = Arc::new(compile(paths(), true).unwrap()).enforce(handlers);
        let response = enforced.call(post("application/json", r#"{"name":1,"password":"x"}"#)).await;
        let response = response.map_or_else(|error| error.into_response(), IntoResponse::into_response);
        assert_eq!(response.status().as_u16(), status, "{answer}");
    }
}

#[tokio::test]
async fn parameters_come_in_every_style_and_place() {
    let paths = |parameters: Value| operation(json!({ "parameters": parameters }));
    let integers = json!({ "type": "array", "items": { "type": "integer" } });
    let range = json!({ "type": "object", "required": ["from"], "properties": { "from": { "type": "integer" } }, "additionalProperties": false });
    let query = |extra: Value| {
        let mut parameter = json!({ "name": "a", "in": "query" });
        parameter.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        paths(json!([parameter, { "name": "page", "in": "query", "schema": { "type": "integer" } }]))
    };
    let cases: Vec<(Value, &str, &[&str])> = vec![
        (query(json!({ "schema": integers })), "/x?a=1&a=2", &[]),
        (query(json!({ "schema": integers })), "/x?a=1,2", &["/query/a/0 type"]),
        (query(json!({ "schema": integers, "explode": false })), "/x?a=1,2", &[]),
        (query(json!({ "schema": integers, "explode": false, "style": "pipeDelimited" })), "/x?a=1%7C2", &[]),
        (query(json!({ "schema": integers, "explode": false, "style": "spaceDelimited" })), "/x?a=1%20x", &["/query/a/1 type"]),
        (query(json!({ "schema": range, "style": "deepObject" })), "/x?a[from]=1", &[]),
        (
            query(json!({ "schema": range, "style": "deepObject" })),
            "/x?a[to]=1",
            &["/query/a/from required", "/query/a/to additionalProperties"],
        ),
        (query(json!({ "schema": range })), "/x?from=1&page=2", &[]),
        (query(json!({ "schema": range })), "/x?from=x", &["/query/a/from type"]),
        (query(json!({ "content": { "application/json": { "schema": range } } })), "/x?a=%7B%22from%22%3A1%7D", &[]),
        (query(json!({ "content": { "application/json": { "schema": range } } })), "/x?a=%7B%7D", &["/query/a/from required"]),
        (query(json!({ "content": { "application/json": { "schema": range } } })), "/x?a=x", &["/query/a syntax"]),
        (query(json!({ "schema": { "type": "boolean" }, "allowEmptyValue": true })), "/x?a", &[]),
        (query(json!({ "schema": { "type": "boolean" } })), "/x?a", &["/query/a type"]),
        (query(json!({ "schema": { "type": "integer", "format": "int32" } })), "/x?a=2147483648", &["/query/a maximum"]),
        (query(json!({ "schema": { "anyOf": [{ "type": "integer" }, { "type": "string", "maxLength": 1 }] } })), "/x?a=17", &[]),
    ];
    for (paths, uri, broken) in cases {
        let request = Request::builder().method(Method::POST).uri(uri.parse().unwrap()).finish();
        let broken: Vec<String> = broken.iter().map(|one| (*one).to_owned()).collect();
        let status = if broken.is_empty() { 204 } else { 400 };
        assert_eq!(ask(paths.clone(), request).await, (status, broken), "{uri}: {paths}");
    }
    let with =
        |name: &str, value: &str| Request::builder().method(Method::POST).uri("/x".parse().unwrap()).header(name, value).finish();
    let header = || paths(json!([{ "name": "x-ids", "in": "header", "required": true, "schema": integers }]));
    assert_eq!(ask(header(), with("x-ids", "1, 2")).await.0, 204);
    assert_eq!(ask(header(), with("x-ids", "1, x")).await, (400, vec!["/header/x-ids/1 type".to_owned()]));
    let cookie = || paths(json!([{ "name": "id", "in": "cookie", "required": true, "schema": { "type": "integer" } }]));
    assert_eq!(ask(cookie(), with("cookie", "a=b; id=7")).await.0, 204);
    assert_eq!(ask(cookie(), with("cookie", "a=b; id=x")).await, (400, vec!["/cookie/id type".to_owned()]));
    assert_eq!(ask(cookie(), with("cookie", "a=b")).await, (400, vec!["/cookie/id required".to_owned()]));
}

#[tokio::test]
async fn any_alternative_lets_a_caller_in_with_all_that_it_asks_for() {
    let ask = async |security: Value, uri: &'static str, headers: &[(&str, String)]| {
        let authenticators = Authenticators::from(ISSUER.verifier().unwrap())
            .scheme("basic", Secrets::new().with("ada:secret", Caller::new("ada", [])))
            .scheme("key", Secrets::new().with("k&y", Caller::new("reporting", [])))
            .scheme("session", Secrets::new().with("s1", Caller::new("eve", ["read".to_owned()])));
        let document = Document::parse(document(operation(json!({ "security": security }))).to_string()).unwrap();
        let contract = Arc::new(Contract::compile(&document, authenticators, Limits::default()).unwrap());
        let subject = make_sync(|request: Request| {
            let caller = request.data::<Caller>().map(|caller| caller.subject().to_owned());
            Response::builder().header("x-subject", caller.unwrap_or_default()).finish()
        });
        let request = Request::builder().method(Method::POST).uri(uri.parse().unwrap());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let response = contract.enforce(subject).call(request.finish()).await.unwrap();
        let challenges: Vec<&str> =
            response.headers().get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect();
        let subject = response.headers().get("x-subject").map(|value| value.to_str().unwrap()).unwrap_or_default();
        (response.status().as_u16(), if challenges.is_empty() { subject.to_owned() } else { challenges.join(", ") })
    };
    let basic = |text: &str| ("authorization", format!("Basic {}", base64(text)));
    let bearer = |scope: &str| {
        let token = ISSUER.token(scope, Duration::from_secs(60)).unwrap();
        ("authorization", format!("Bearer {token}"))
    };
    let realm = "Basic realm=\"api\", charset=\"UTF-8\"";
    let key_or_basic = || json!([{ "key": [] }, { "basic": [] }]);
    assert_eq!(ask(key_or_basic(), "/x", &[]).await, (401, format!("ApiKey, {realm}")));
    assert_eq!(ask(key_or_basic(), "/x?key=k%26y", &[]).await, (200, "reporting".to_owned()));
    assert_eq!(ask(key_or_basic(), "/x?key=other", &[]).await, (401, "ApiKey".to_owned()));
    assert_eq!(ask(key_or_basic(), "/x", &[basic("ada:secret")]).await, (200, "ada".to_owned()));
    assert_eq!(ask(key_or_basic(), "/x?key=other", &[basic("ada:secret")]).await.0, 200);
    assert_eq!(ask(key_or_basic(), "/x", &[basic("ada:wrong")]).await, (401, realm.to_owned()));
    assert_eq!(ask(key_or_basic(), "/x", &[basic("ada")]).await.0, 401);

    let both = || json!([{ "key": [], "basic": [] }]);
    assert_eq!(ask(both(), "/x?key=k%26y", &[]).await.0, 401);
    assert_eq!(ask(both(), "/x", &[basic("ada:secret")]).await.0, 401);
    assert_eq!(ask(both(), "/x?key=k%26y", &[basic("ada:secret")]).await, (200, "reporting".to_owned()));

    let cookie = |value: &str| ("cookie", format!("a=b; sid={value}"));
    let session = |scope: &str| json!([{ "session": [scope] }]);
    assert_eq!(ask(session("read"), "/x", &[cookie("s1")]).await, (200, "eve".to_owned()));
    assert_eq!(ask(session("write"), "/x", &[cookie("s1")]).await, (403, "ApiKey".to_owned()));

    let optional = || json!([{ "oauth": ["read"] }, {}]);
    assert_eq!(ask(optional(), "/x", &[]).await, (200, String::new()));
    assert_eq!(ask(optional(), "/x", &[bearer("read")]).await.0, 200);
    assert_eq!(
        ask(optional(), "/x", &[bearer("write")]).await,
        (403, "Bearer error=\"insufficient_scope\", scope=\"read\"".to_owned())
    );
    assert_eq!(ask(optional(), "/x", &[("authorization", "Bearer x".to_owned())]).await.0, 401);
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn documents_of_other_versions_are_enforced_too() {
    let old = "
openapi: 3.0.3
info: { title: T, version: '1' }
paths:
  /x:
    get:
      parameters: [{ name: nullable, in: query, schema: { type: integer, minimum: 1, exclusiveMinimum: true } }]
      responses: { default: { description: '' } }
";
    let contract = Contract::compile(&Document::parse(old).unwrap(), None, Limits::default()).unwrap();
    let enforced = Arc::new(contract).enforce(make_sync(|_| empty()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let status = |uri: &str| runtime.block_on(enforced.get_response(get(uri))).status().as_u16();
    assert_eq!((status("/x?nullable=1"), status("/x?nullable=2")), (400, 204));
}

#[tokio::test]
async fn what_cannot_be_enforced_does_not_start() {
    assert!(compile(operation(json!({})), true).is_ok());
    let parameter = |parameter: Value| operation(json!({ "parameters": [parameter] }));
    let body = |media_type: &str, schema: Value| {
        operation(json!({ "requestBody": { "content": { media_type: { "schema": schema } } } }))
    };
    let cases = [
        (
            parameter(json!({ "name": "x", "in": "nowhere", "schema": { "type": "string" } })),
            "outside path, query, header and cookie",
        ),
        (parameter(json!({ "name": "x", "in": "query", "style": "label", "schema": { "type": "string" } })), "the style label"),
        (parameter(json!({ "$ref": "#/components/parameters/Nothing" })), "cannot be resolved"),
        (parameter(json!({ "$ref": "other.yaml#/x" })), "other.yaml"),
        (body("application/xml", json!({ "type": "object" })), "request body of type application/xml"),
        (body("application/json", json!({ "type": "strin" })), "cannot be compiled"),
        (body("application/json", json!({ "pattern": "(" })), "cannot be compiled"),
        (body("application/json", json!({ "$ref": "#/components/schemas/Nothing" })), "cannot be resolved"),
        (operation(json!({ "security": [{ "key": [] }] })), "nothing checks them"),
        (operation(json!({ "security": [{ "bearer": [] }, { "basic": [] }] })), "/paths/~1x/post/security/1/basic asks for"),
        (operation(json!({ "security": [{ "nothing": [] }] })), "has nothing at"),
        (json!({ "/x/{a}": { "get": {} }, "/x/{b}": { "get": {} } }), "cannot be routed"),
    ];
    for (paths, expected) in cases {
        let error = compile(paths.clone(), true).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected), "{paths}: {error:?} does not say {expected:?}");
    }
}

#[tokio::test]
async fn a_parameter_that_the_path_has_no_place_for_is_not_asked_for() {
    let operation = json!({
        "responses": { OK: { "description": "" } },
        "parameters": [{ "name": "path", "in": "path", "required": true, "schema": { "type": "integer" } }]
    });
    let paths = || json!({ "/": { "get": operation }, "/{path}": { "get": operation } });
    assert_eq!(ask(paths(), get("/")).await.0, 204);
    assert_eq!(ask(paths(), get("/7")).await.0, 204);
    assert_eq!(ask(paths(), get("/x")).await, (400, vec!["/path/path type".to_owned()]));
}

#[tokio::test]
async fn a_refusal_is_what_the_document_has_for_it() {
    let refused = async |responses: Value| {
        let parameters = json!([{ "name": "size", "in": "query", "schema": { "type": "integer" } }]);
        let paths = json!({ "/things": { "get": { "parameters": parameters, "responses": responses } } });
        let enforced = Arc::new(compile(paths, false).unwrap()).enforce(make_sync(|_| empty()));
        let response = enforced.call(get("/things?size=x")).await.unwrap();
        let (status, media_type) = (response.status().as_u16(), response.content_type().unwrap().to_owned());
        let body: Value = serde_json::from_str(&response.into_body().into_string().await.unwrap()).unwrap();
        assert_eq!((&body["status"], &body["errors"][0]["rule"]), (&json!(status), &json!("type")));
        (status, media_type)
    };
    let json = |schema: Value| json!({ "description": "", "content": { "application/json": { "schema": schema } } });
    let open = || json(json!({ "required": ["message"] }));
    let own = "application/problem+json".to_owned();
    assert_eq!(refused(json!({ OK: { "description": "" } })).await, (400, own.clone()));
    assert_eq!(refused(json!({ "422": { "description": "" } })).await, (422, own.clone()));
    assert_eq!(refused(json!({ "400": { "description": "" }, "422": open() })).await, (400, own));
    assert_eq!(refused(json!({ "422": open() })).await, (422, "application/json".to_owned()));
    assert_eq!(refused(json!({ "4XX": open() })).await, (400, "application/json".to_owned()));
    assert_eq!(refused(json!({ "default": open() })).await, (400, "application/json".to_owned()));
}
