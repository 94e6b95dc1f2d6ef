//! The same requests get the same answers, whatever framework the handlers are written for.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use openapi_server::{
    Document, ValidBody,
    adapter::ContractLayer,
    auth::{Authenticators, Caller, Secrets},
    contract::{Contract, Limits, Place, ValidParameters},
};
use poem::{Endpoint, IntoResponse};
use serde_json::Value;
use tower_layer::Layer;
use tower_service::Service;

const DOCUMENT: &str = r##"
openapi: 3.0.3
info: { title: Books, version: "1" }
paths:
  /books/{id}:
    parameters:
      - { name: id, in: path, required: true, schema: { type: integer, minimum: 1 } }
    get:
      operationId: getBook
      parameters: [{ name: fields, in: query, explode: false, schema: { type: array, items: { enum: [title, pages] } } }]
      responses: { "200": { description: A book., content: { application/json: { schema: { $ref: "#/components/schemas/Book" } } } } }
    put:
      operationId: putBook
      security: [{ key: [] }]
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Book" } } } }
      responses: { "200": { description: The book., content: { application/json: { schema: { $ref: "#/components/schemas/Book" } } } } }
components:
  securitySchemes: { key: { type: apiKey, in: header, name: x-key } }
  schemas:
    Book: { type: object, required: [title], properties: { title: { type: string, maxLength: 9 }, pages: { type: integer } } }
"##;

fn contract() -> Arc<Contract> {
    let keys = Secrets::new().with("4f2c9e", Caller::new("ada", []));
    let limits = Limits { body: 64, check_responses: true, ..Limits::default() };
    let document = Document::parse(DOCUMENT).unwrap();
    Arc::new(Contract::compile(&document, Authenticators::default().scheme("key", keys), limits).unwrap())
}

/// What a handler answers: the body of a PUT; for GET a book, and for the last one something that is none.
fn book(extensions: &http::Extensions) -> Value {
    if let Ok(body) = ValidBody::of(extensions) {
        return body.to().unwrap();
    }
    let id: u64 = ValidParameters::of(extensions).unwrap().get(Place::Path, "id").unwrap();
    if id == 9 { serde_json::json!({}) } else { serde_json::json!({ "title": format!("No. {id}") }) }
}

type Asked = (Method, &'static str, &'static [(&'static str, &'static str)], &'static str);

/// Status, the headers that matter, and the body.
type Answered = (u16, Vec<String>, String);

fn told(status: StatusCode, headers: &http::HeaderMap, body: &[u8]) -> Answered {
    let names = ["content-type", "allow", "www-authenticate"];
    let headers = names.iter().filter_map(|name| Some(format!("{name}: {}", headers.get(*name)?.to_str().ok()?)));
    (status.as_u16(), headers.collect(), String::from_utf8(body.to_vec()).unwrap())
}

async fn through_poem((method, uri, headers, body): Asked) -> Answered {
    let handlers = poem::endpoint::make_sync(|request: poem::Request| {
        poem::Response::builder().content_type("application/json").body(book(request.extensions()).to_string())
    });
    let request = poem::Request::builder().method(method).uri(uri.parse().unwrap());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(body);
    let response = contract().enforce(handlers).call(request).await;
    let response = response.map_or_else(|error| error.into_response(), IntoResponse::into_response);
    let (parts, body) = response.into_parts();
    told(parts.status, &parts.headers, &body.into_vec().await.unwrap())
}

async fn through_axum((method, uri, headers, body): Asked) -> Answered {
    let answer = |request: axum::extract::Request| async move {
        ([("content-type", "application/json")], book(request.extensions()).to_string())
    };
    let router = axum::Router::new().route("/books/{id}", axum::routing::any(answer));
    let mut service = ContractLayer::new(contract()).layer(router);
    let request = Request::builder().method(method).uri(uri);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = service.call(request.body(Body::from(body)).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(Body::new(body), usize::MAX).await.unwrap();
    told(parts.status, &parts.headers, &bytes)
}

#[tokio::test]
async fn requests_get_the_same_answers_through_poem_and_axum() {
    const KEY: (&str, &str) = ("x-key", "4f2c9e");
    const JSON: (&str, &str) = ("content-type", "application/json");
    let table: [(Asked, u16); 13] = [
        ((Method::GET, "/books/7", &[], ""), 200),
        ((Method::GET, "/books/7?fields=title,pages", &[], ""), 200),
        ((Method::GET, "/books/7?fields=author", &[], ""), 400),
        ((Method::GET, "/books/0", &[], ""), 400),
        ((Method::GET, "/books/9", &[], ""), 500),
        ((Method::GET, "/authors", &[], ""), 404),
        ((Method::POST, "/books/7", &[], ""), 405),
        ((Method::PUT, "/books/7", &[JSON], r#"{"title":"A"}"#), 401),
        ((Method::PUT, "/books/7", &[JSON, ("x-key", "other")], r#"{"title":"A"}"#), 401),
        ((Method::PUT, "/books/7", &[JSON, KEY], r#"{"title":"A"}"#), 200),
        ((Method::PUT, "/books/7", &[JSON, KEY], r#"{"pages":"x"}"#), 400),
        ((Method::PUT, "/books/7", &[KEY, ("content-type", "text/plain")], "A"), 415),
        (
            (
                Method::PUT,
                "/books/7",
                &[JSON, KEY],
                r#"{"title":"A","more":"................................................."}"#,
            ),
            413,
        ),
    ];
    for (asked, status) in table {
        let (poem, axum) = (through_poem(asked.clone()).await, through_axum(asked.clone()).await);
        assert_eq!(poem.0, status, "{asked:?}: {poem:?}");
        assert_eq!(poem, axum, "{asked:?}");
    }
}

#[tokio::test]
async fn a_service_of_axum_can_read_the_body_once_more() {
    let echo = |body: String| async move { ([("content-type", "application/json")], body) };
    let router = axum::Router::new().route("/books/{id}", axum::routing::put(echo));
    let mut service = ContractLayer::new(contract()).layer(router);
    let request = Request::put("/books/7").header("x-key", "4f2c9e").header("content-type", "application/json");
    let response = service.call(request.body(Body::from(r#"{ "title": "A" }"#)).unwrap()).await.unwrap();
    let bytes = axum::body::to_bytes(Body::new(response.into_body()), usize::MAX).await.unwrap();
    assert_eq!(bytes, r#"{ "title": "A" }"#);
}
