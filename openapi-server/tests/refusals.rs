//! Refusals have the form that the document defines, through both adapters.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use openapi_server::{
    Document,
    adapter::ContractLayer,
    auth::{Authenticators, Secrets},
    contract::{Contract, Head, Limits},
    problem::{Code, Problem},
};
use poem::{Endpoint, IntoResponse};
use serde_json::{Value, json};
use tower_layer::Layer;
use tower_service::Service;

/// A document whose refusals have this content, and these components.
fn contract(content: Value, schemas: Value) -> Arc<Contract> {
    let refusal = json!({ "description": "No.", "content": content });
    let item = json!({ "type": "string" });
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Books", "version": "1" },
        "paths": { "/books": {
            "get": { "security": [{ "key": [] }], "responses": { "200": { "description": "Books." }, "default": refusal } },
            "post": {
                "parameters": [{ "name": "limit", "in": "query", "schema": { "type": "integer" } }],
                "requestBody": { "required": true, "content": { "application/json": { "schema": {
                    "required": ["title", "author"], "properties": { "title": item, "author": item }
                } } } },
                "responses": { "204": { "description": "Kept." }, "4XX": refusal, "default": refusal }
            }
        } },
        "components": { "securitySchemes": { "key": { "type": "apiKey", "in": "header", "name": "x-key" } }, "schemas": schemas }
    });
    compiled(document)
}

fn compiled(document: Value) -> Arc<Contract> {
    let limits = Limits { body: 64, ..Limits::default() };
    let authenticators = Authenticators::default().scheme("key", Secrets::new());
    Arc::new(Contract::compile(&Document::parse(document.to_string()).unwrap(), authenticators, limits).unwrap())
}

/// Method, target, media type, body.
type Asked = (Method, &'static str, &'static str, &'static str);

/// Status, media type and body.
type Told = (u16, String, String);

/// A request that is refused with each status, and one whose handler fails.
const REFUSED: [(u16, Asked); 7] = [
    (400, (Method::POST, "/books?limit=x", "application/json", "{}")),
    (400, (Method::POST, "/books", "application/json", "{")),
    (401, (Method::GET, "/books", "", "")),
    (
        413,
        (
            Method::POST,
            "/books",
            "application/json",
            r#"{"title":"A","author":"................................................................"}"#,
        ),
    ),
    (415, (Method::POST, "/books", "text/plain", "A")),
    (409, (Method::POST, "/books", "application/json", r#"{"title":"A","author":"B"}"#)),
    (405, (Method::DELETE, "/books", "", "")),
];

fn told(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Told {
    let media_type = headers["content-type"].to_str().unwrap().to_owned();
    (status.as_u16(), media_type, String::from_utf8(body.to_vec()).unwrap())
}

async fn through_poem(contract: &Arc<Contract>, (method, uri, media_type, body): Asked) -> Told {
    let handlers = poem::endpoint::make(|_| async {
        Err::<poem::Response, _>(poem::Error::from(Problem::new(Code::Conflict).message("Known.")))
    });
    let request = poem::Request::builder().method(method).uri(uri.parse().unwrap()).header("content-type", media_type).body(body);
    let response = Arc::clone(contract).enforce(handlers).call(request).await;
    let response = response.map_or_else(|error| error.into_response(), IntoResponse::into_response);
    let (parts, body) = response.into_parts();
    told(parts.status, &parts.headers, &body.into_vec().await.unwrap())
}

async fn through_axum(contract: &Arc<Contract>, (method, uri, media_type, body): Asked) -> Told {
    let mut service = ContractLayer::new(Arc::clone(contract)).layer(axum::Router::new());
    let request = Request::builder().method(method).uri(uri).header("content-type", media_type);
    let response = service.call(request.body(Body::from(body)).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(Body::new(body), usize::MAX).await.unwrap();
    told(parts.status, &parts.headers, &bytes)
}

/// What a problem of a handler is answered with, in the form that the document defines for this request.
fn documented(contract: &Contract, method: &Method, uri: &str, problem: Problem) -> Value {
    let (uri, headers) = (uri.parse().unwrap(), HeaderMap::new());
    let matched = contract.route(Head { method, uri: &uri, headers: &headers }).unwrap();
    serde_json::from_slice(&contract.documented(&matched, problem).into_parts().2).unwrap()
}

/// Everything that is answered to [`REFUSED`], after it has been held to the document.
async fn answers(contract: &Arc<Contract>) -> Vec<Told> {
    let mut all = Vec::new();
    for (status, asked) in REFUSED {
        let answer = through_poem(contract, asked.clone()).await;
        assert_eq!(answer.0, status, "{asked:?}: {answer:?}");
        if status != 409 {
            assert_eq!(answer, through_axum(contract, asked.clone()).await, "{asked:?}");
        }
        let (headers, uri) = (HeaderMap::new(), asked.1.parse().unwrap());
        // What a path has for other methods its operations have.
        let method = if status == 405 { &Method::POST } else { &asked.0 };
        let matched = contract.route(Head { method, uri: &uri, headers: &headers }).unwrap();
        let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, answer.1.parse().unwrap())]);
        let status = StatusCode::from_u16(status).unwrap();
        let broken = contract.violations_in_answer(&matched, status, &headers, answer.2.as_bytes());
        assert!(broken.is_empty() || !contract.unmet().is_empty(), "{asked:?}: {answer:?} breaks {broken:?}");
        all.push(answer);
    }
    all
}

fn json_of((_, media_type, body): &Told) -> Value {
    assert_eq!(media_type, "application/json", "{body}");
    serde_json::from_str(body).unwrap()
}

const REQUIRED: &str = "/title is required; /author is required";

#[tokio::test]
async fn each_violation_is_an_item_of_a_list_as_fastapi_has_it() {
    let schemas = json!({
        "HTTPValidationError": {
            "properties": { "detail": { "items": { "$ref": "#/components/schemas/ValidationError" }, "type": "array", "title": "Detail" } },
            "type": "object", "title": "HTTPValidationError"
        },
        "ValidationError": {
            "properties": {
                "loc": { "items": { "anyOf": [{ "type": "string" }, { "type": "integer" }] }, "type": "array" },
                "msg": { "type": "string" },
                "type": { "type": "string" }
            },
            "type": "object", "required": ["loc", "msg", "type"]
        }
    });
    let contract =
        contract(json!({ "application/json": { "schema": { "$ref": "#/components/schemas/HTTPValidationError" } } }), schemas);
    let answers = answers(&contract).await;
    let item = |loc: &[&str], kind: &str, msg: &str| json!({ "loc": loc, "msg": msg, "type": kind });
    let broken = [
        item(&["query", "limit"], "type", "must be of type integer"),
        item(&["title"], "required", "is required"),
        item(&["author"], "required", "is required"),
    ];
    assert_eq!(json_of(&answers[0]), json!({ "detail": broken }));
    let token = "A valid access token is needed: send it as `Authorization: Bearer <token>`.";
    assert_ne!(json_of(&answers[2])["detail"][0]["msg"], token, "the challenge is for an API key");
    assert_eq!(json_of(&answers[5])["detail"], json!([item(&[], "CONFLICT", "Known.")]));
}

#[tokio::test]
async fn a_message_inside_of_an_error_is_found() {
    let error = json!({
        "type": "object", "additionalProperties": false, "required": ["error"],
        "properties": { "error": {
            "type": "object", "additionalProperties": false, "required": ["message", "type", "code"],
            "properties": {
                "message": { "type": "string" },
                "type": { "type": "string" },
                "code": { "type": "integer", "minimum": 400, "maximum": 600 },
                "stack": { "type": "array", "items": { "type": "string" } }
            }
        } }
    });
    let contract = contract(json!({ "application/json": { "schema": error } }), json!({}));
    let answers = answers(&contract).await;
    let of = |message: &str, word: &str, code: u16| json!({ "error": { "message": message, "type": word, "code": code } });
    assert_eq!(json_of(&answers[0]), of(&format!("/query/limit must be of type integer; {REQUIRED}"), "BAD_REQUEST", 400));
    assert_eq!(json_of(&answers[1]), of("The body: EOF while parsing an object at line 1 column 1", "BAD_REQUEST", 400));
    assert_eq!(json_of(&answers[5]), of("Known.", "CONFLICT", 409));
}

#[tokio::test]
async fn what_a_closed_object_has_no_place_for_is_left_out() {
    let error = json!({
        "type": "object", "additionalProperties": false, "required": ["error", "message", "code", "at"],
        "properties": {
            "statusCode": { "type": "integer" }, "error": { "type": "string" }, "message": { "type": "string" },
            "code": { "enum": ["NotFound", "BadRequest"] }, "at": { "type": "string", "format": "date-time" },
            "details": { "type": "array", "items": { "type": "object", "additionalProperties": false, "properties": {
                "field": { "type": "string" }, "message": { "type": "string" }, "code": { "enum": ["invalid"] } } } }
        }
    });
    let contract = contract(json!({ "application/json": { "schema": error } }), json!({}));
    let answers = answers(&contract).await;
    let detail = |field: &str| json!({ "field": field, "message": "is required" });
    let at = "1970-01-01T00:00:00Z";
    assert_eq!(
        json_of(&answers[0]),
        json!({
            "statusCode": 400, "error": "Bad Request", "message": format!("/query/limit must be of type integer; {REQUIRED}"),
            "code": "BadRequest", "at": at,
            "details": [{ "field": "/query/limit", "message": "must be of type integer" }, detail("/title"), detail("/author")]
        })
    );
    assert_eq!(
        json_of(&answers[5]),
        json!({ "statusCode": 409, "error": "Conflict", "message": "Known.", "code": "NotFound", "at": at, "details": [] })
    );
}

#[tokio::test]
async fn a_list_of_texts_has_one_for_each_violation() {
    let error = json!({ "type": "object", "required": ["errors"], "properties": { "errors": {
        "type": "array", "minItems": 1, "items": { "type": "string" } } } });
    let contract = contract(json!({ "application/json": { "schema": error } }), json!({}));
    let answers = answers(&contract).await;
    let broken = ["/query/limit must be of type integer", "/title is required", "/author is required"];
    assert_eq!(json_of(&answers[0]), json!({ "errors": broken }));
    assert_eq!(json_of(&answers[5]), json!({ "errors": ["Known."] }));
}

#[tokio::test]
async fn an_object_of_any_texts_has_a_message() {
    let error = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let contract = contract(json!({ "application/json": { "schema": error } }), json!({}));
    assert_eq!(json_of(&answers(&contract).await[5]), json!({ "message": "Known." }));
}

#[tokio::test]
async fn a_text_is_answered_where_the_document_has_nothing_else() {
    let contract = contract(json!({ "text/plain": { "schema": { "type": "string" } } }), json!({}));
    let answers = answers(&contract).await;
    let text = |index: usize| (answers[index].1.as_str(), answers[index].2.as_str());
    assert_eq!(text(5), ("text/plain; charset=utf-8", "Known."));
    assert_eq!(text(0).1, format!("/query/limit must be of type integer; {REQUIRED}"));
}

#[tokio::test]
async fn an_example_is_answered_where_no_value_is_found() {
    let error = json!({ "type": "object", "required": ["id", "message"], "properties": {
        "id": { "type": "string", "pattern": "^E[0-9]{3}$" }, "message": { "type": "string" } } });
    let example = json!({ "id": "E042", "message": "Try again." });
    let contract = contract(json!({ "application/json": { "schema": error, "example": example } }), json!({}));
    assert_eq!(json_of(&answers(&contract).await[5]), json!({ "id": "E042", "message": "Known." }));
}

#[tokio::test]
async fn of_a_refusal_only_what_the_schema_does_not_allow_is_left_out() {
    let error =
        json!({ "type": "object", "required": ["message"], "properties": { "message": { "type": "string", "maxLength": 100 } } });
    let long = || Problem::new(Code::Conflict).message("No. ".repeat(50));
    for (schema, answer) in [
        (json!({ "allOf": [error, { "properties": { "code": { "type": "integer" } } }] }), json!({ "code": 409, "message": "" })),
        // Where the template gets its message, that is valid too.
        (
            json!({ "type": "object", "additionalProperties": { "type": "string", "minLength": 1, "maxLength": 100 } }),
            json!({ "message": "-" }),
        ),
        (json!({ "type": "object", "additionalProperties": { "type": "string", "minLength": 2, "maxLength": 100 } }), json!({})),
    ] {
        let contract = contract(json!({ "application/json": { "schema": schema } }), json!({}));
        assert_eq!(documented(&contract, &Method::POST, "/books", long()), answer);
    }
}

#[tokio::test]
async fn what_is_too_long_names_the_first_violations() {
    let text = |most: u64| json!({ "type": "string", "maxLength": most });
    let first = json!({ "field": "/query/limit", "message": "must be of type integer" });
    for (longest, errors) in [(50, json!([first])), (20, json!([]))] {
        let item = json!({ "type": "object", "properties": { "field": text(20), "message": text(longest) } });
        let error = json!({ "type": "object", "additionalProperties": false, "properties": {
            "code": text(20), "message": text(70), "errors": { "type": "array", "maxItems": 2, "items": item } } });
        let contract = contract(json!({ "application/json": { "schema": error } }), json!({}));
        let answer = json_of(&answers(&contract).await[0]);
        let message = "/query/limit must be of type integer";
        assert_eq!(answer, json!({ "code": "BAD_REQUEST", "message": message, "errors": errors }));
    }
}

#[tokio::test]
async fn a_word_for_a_program_is_about_this_request_and_not_that_of_an_example() {
    let error = json!({ "type": "object", "additionalProperties": false, "required": ["code", "type", "message"], "properties": {
        "code": { "type": "string", "pattern": "^[A-Z_]+$", "example": "NOT_FOUND" },
        "type": { "type": "string", "format": "uri" }, "message": { "type": "string" } } });
    let contract = contract(json!({ "application/json": { "schema": error } }), json!({}));
    let answers = answers(&contract).await;
    assert_eq!(json_of(&answers[5]), json!({ "code": "CONFLICT", "type": "about:blank", "message": "Known." }));
    assert_eq!(json_of(&answers[2])["code"], "UNAUTHORIZED");
}

#[test]
fn each_content_has_the_template_of_its_own_example() {
    let refusal = |id: &str| {
        let example = json!({ "id": id, "message": "Try again." });
        let content = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Error" }, "example": example } });
        json!({ "get": { "responses": { "default": { "description": "No.", "content": content } } } })
    };
    let contract = compiled(json!({
        "openapi": "3.1.0",
        "info": { "title": "Books", "version": "1" },
        "paths": { "/a": refusal("E001"), "/b": refusal("E002") },
        "components": { "schemas": { "Error": { "type": "object", "required": ["id", "message"], "properties": {
            "id": { "type": "string", "pattern": "^E[0-9]{3}$" }, "message": { "type": "string" } } } } }
    }));
    for (uri, id) in [("/a", "E001"), ("/b", "E002")] {
        let problem = Problem::new(Code::Conflict).message("Known.");
        assert_eq!(documented(&contract, &Method::GET, uri, problem), json!({ "id": id, "message": "Known." }));
    }
}

#[tokio::test]
async fn a_range_is_answered_as_json_where_its_schema_is_not_that_of_problems() {
    // As Springdoc writes it.
    let error = json!({ "type": "object", "properties": {
        "timestamp": { "type": "string", "format": "date-time" }, "status": { "type": "integer" },
        "message": { "type": "string" }, "reason": { "type": "string" } } });
    let contract = contract(json!({ "*/*": { "schema": error } }), json!({}));
    let answer = json!({ "status": 409, "message": "Known.", "reason": "Known." });
    assert_eq!(json_of(&answers(&contract).await[5]), answer);
}

#[tokio::test]
async fn a_text_of_any_media_type_is_a_text() {
    let contract = contract(json!({ "*/*": { "schema": { "type": "string" } } }), json!({}));
    let (_, media_type, body) = &answers(&contract).await[5];
    assert_eq!((media_type.as_str(), body.as_str()), ("text/plain; charset=utf-8", "Known."));
}

#[test]
fn what_callers_alone_are_refused_for_is_unmet_where_there_are_callers() {
    let refusal = json!({ "description": "No.", "content": { "application/xml": { "schema": { "type": "object" } } } });
    let responses = json!({ "429": refusal, "503": refusal });
    let contract = compiled(json!({
        "openapi": "3.1.0",
        "info": { "title": "Books", "version": "1" },
        "paths": { "/books": {
            "get": { "security": [{ "key": [] }], "responses": responses },
            "post": { "responses": responses }
        } },
        "components": { "securitySchemes": { "key": { "type": "apiKey", "in": "header", "name": "x-key" } } }
    }));
    assert_eq!(contract.unmet(), ["/paths/~1books/get/responses/429", "/paths/~1books/get/responses/503"]);
}

#[tokio::test]
async fn what_cannot_be_written_is_said_at_the_start_and_stays_a_problem() {
    let contract = contract(json!({ "application/xml": { "schema": { "type": "object" } } }), json!({}));
    assert_eq!(contract.unmet(), ["/paths/~1books/get/responses/default", "/paths/~1books/post/responses/4XX"]);
    assert!(answers(&contract).await.iter().all(|answer| answer.1 == "application/problem+json"));
}

#[tokio::test]
async fn problems_are_answered_where_the_document_takes_them() {
    for (media_type, schema) in [
        ("application/problem+json", json!({ "type": "object", "required": ["title", "status"] })),
        ("application/json", json!({ "type": "object", "required": ["code", "message"] })),
        ("*/*", json!({})),
    ] {
        let contract = contract(json!({ media_type: { "schema": schema } }), json!({}));
        let expected = if media_type == "*/*" { "application/problem+json" } else { media_type };
        for answer in answers(&contract).await {
            let body: Value = serde_json::from_str(&answer.2).unwrap();
            assert_eq!((answer.1.as_str(), &body["status"]), (expected, &json!(answer.0)));
        }
        assert!(contract.unmet().is_empty());
    }
}
