//! Patterns of a document are not made slow by what is sent. Nothing here measures time: a match that takes too many steps is given up,
//! and what is given up is told from what is decided. Without the bounds these tests would not end.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::sync::Arc;

use openapi_server::{
    Document,
    contract::{Contract, Limits},
};
use poem::{Endpoint, IntoResponse, Request, endpoint::make_sync, http::Method};
use serde_json::{Value, json};

/// Longer than any text that one can wait for, where the steps are exponential in it, or even square.
const LONG: usize = 60_000;

/// Sends a body that this schema is for; gives the status and `pointer rule: message` of each violation.
async fn ask(schema: Value, body: Value) -> (u16, Vec<String>) {
    let document = json!({
        "openapi": "3.1.0", "info": { "title": "Texts", "version": "1" },
        "paths": { "/texts": {
            "parameters": [
                { "name": "text", "in": "query", "schema": { "type": ["string", "integer"], "not": { "pattern": r"^(a|a)*\1b" } } }
            ],
            "post": {
                "operationId": "createText", "responses": { "default": { "description": "It." } },
                "requestBody": { "required": true, "content": { "application/json": { "schema": schema } } }
            }
        } }
    });
    let contract = Contract::compile(&Document::parse(document.to_string()).unwrap(), None, Limits::default()).unwrap();
    let enforced = Arc::new(contract).enforce(make_sync(|_| ""));
    let query = if body == json!("the query") { format!("?text={}%21", "a".repeat(40)) } else { String::new() };
    let request = Request::builder().method(Method::POST).uri(format!("/texts{query}").parse().unwrap());
    let request = request.content_type("application/json").body(body.to_string());
    let response = enforced.call(request).await.map_or_else(|error| error.into_response(), IntoResponse::into_response);
    let status = response.status().as_u16();
    let body: Value = serde_json::from_str(&response.into_body().into_string().await.unwrap()).unwrap_or_default();
    let errors = body["errors"].as_array().into_iter().flatten();
    let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
    let errors = errors.map(|error| format!("{} {}: {}", text(error, "pointer"), text(error, "rule"), text(error, "message")));
    (status, errors.collect())
}

const GIVEN_UP: &str = "pattern: takes too many steps to match with a pattern of the document";

/// Never matches `a…a!`, and tries all ways of reading it: the back-reference keeps it from being linear.
const HOPELESS: &str = r"^(a|a)*\1b";

#[tokio::test]
async fn a_pattern_without_look_around_is_decided_for_the_longest_text() {
    for pattern in [r"^(a+)+$", r"^(a|a)*$", r"^(a*)*b", r"^(\w+\s?)*$", r"(.*a){20}$", r"^(([a-z])+.)+[A-Z]([a-z])+$"] {
        // Also beside a pattern that needs backtracking, which is given up below `not` and adds nothing.
        for beside in [json!({}), json!({ "not": { "pattern": HOPELESS } })] {
            let mut schema = beside;
            schema["pattern"] = json!(pattern);
            let answer = ask(schema, json!("a".repeat(LONG) + "!\n")).await;
            assert_eq!(answer, (400, vec![format!(" pattern: must match the pattern {pattern}")]));
        }
    }
    assert_eq!(ask(json!({ "pattern": "^(a+)+$" }), json!("a".repeat(LONG))).await.0, 200);
}

#[tokio::test]
async fn a_match_that_takes_too_many_steps_is_a_refusal_whatever_the_schema_makes_of_it() {
    let pattern = || json!({ "pattern": HOPELESS });
    let text = "a".repeat(40) + "!";
    for (schema, value, at) in [
        (pattern(), json!(text), ""),
        (json!({ "properties": { "x": pattern() } }), json!({ "x": text }), "/x"),
        (json!({ "not": pattern() }), json!(text), ""),
        (json!({ "not": { "properties": { "x": pattern() } } }), json!({ "x": text }), ""),
        (json!({ "if": pattern(), "then": false }), json!(text), ""),
        (json!({ "anyOf": [pattern(), true] }), json!(text), ""),
        (json!({ "propertyNames": { "not": pattern() } }), json!({ text.clone(): 1 }), ""),
        (json!({ "patternProperties": { HOPELESS: true }, "additionalProperties": false }), json!({ text.clone(): 1 }), ""),
        (json!({ "patternProperties": { HOPELESS: false } }), json!({ text.clone(): 1 }), ""),
    ] {
        let (status, errors) = ask(schema.clone(), value).await;
        assert_eq!((status, errors), (400, vec![format!("{at} {GIVEN_UP}")]), "{schema}");
    }
    assert_eq!(ask(json!(true), json!("the query")).await, (400, vec![format!("/query/text {GIVEN_UP}")]));
}

#[tokio::test]
async fn thousands_of_hopeless_texts_in_one_body_are_given_up_too() {
    let schema = || json!({ "items": { "pattern": HOPELESS } });
    let texts = vec!["a".repeat(13) + "!"; 3000]; // None takes very many steps alone.
    let (status, errors) = ask(schema(), json!(texts)).await;
    assert_eq!((status, errors.len()), (400, 3000));
    assert!(errors.iter().all(|error| error.contains("pattern")), "{}", errors[0]);
    let names: serde_json::Map<_, _> = (0..2000).map(|number| (format!("{}!{number}", "a".repeat(13)), json!(1))).collect();
    assert_eq!(ask(json!({ "patternProperties": { HOPELESS: false } }), json!(names)).await.0, 400);
}

#[tokio::test]
async fn look_around_that_is_used_with_reason_is_decided() {
    let long = "a".repeat(LONG);
    for (pattern, text, matches) in [
        (r"^(?=.*[0-9])(?!x).+$", "secret1".to_owned(), true),
        (r"^(?=.*[0-9])(?!x).+$", "xsecret1".to_owned(), false),
        (r"^(?!.*--)[a-z-]+$", long.clone(), true),
        (r"^(?!.*--)[a-z-]+$", format!("{long}--"), false),
        (r"^(?:(?!<script).)*$", long.clone(), true),
        (r"^(?:(?!<script).)*$", format!("{long}<script"), false),
        (r#"^(["']).*\1$"#, format!("'{long}'"), true),
    ] {
        let (status, errors) = ask(json!({ "pattern": pattern }), json!(text)).await;
        let expected = if matches { vec![] } else { vec![format!(" pattern: must match the pattern {pattern}")] };
        assert_eq!((status, errors), (if matches { 200 } else { 400 }, expected), "{pattern}");
    }
}

#[tokio::test]
async fn a_text_that_is_to_be_a_pattern_is_read_and_not_tried() {
    for text in [
        "(".repeat(LONG),
        "[".repeat(LONG),
        format!("{}a{}", "(".repeat(LONG / 2), ")*".repeat(LONG / 5)),
        "(?=".repeat(LONG / 3),
    ] {
        assert_eq!(ask(json!({ "format": "regex" }), json!(text)).await.0, 400, "{}", &text[..3]);
    }
    assert_eq!(ask(json!({ "format": "regex" }), json!("^((a+)+)+$")).await.0, 200);
}
