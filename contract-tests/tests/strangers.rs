//! Servers that do not keep to their documents in ways that touch every operation: each is told once, and the rest is tested all the same.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod serving;

use std::sync::{Arc, Mutex};

use contract_tests::{Document, Report, Suite, SuiteError, rules::Level};

use self::serving::{Asked, Told, serve, told};

/// Notes, with the lines that a test adds to each operation and to the document.
fn document(each: &str, whole: &str) -> Document {
    let operation = |id: &str, answer: &str| {
        format!("{{ operationId: {id}, {each} responses: {{ {answer}, '404': {{ description: None. }} }} }}")
    };
    let text = format!(
        "openapi: 3.1.0\ninfo: {{ title: Notes, version: 1.0.0 }}\n{whole}\npaths:\n  /notes:\n    get: {}\n  /notes/count:\n    get: {}\n  /notes/clear:\n    post: {}\n  /health:\n    get: {}\n",
        operation("listNotes", "'200': { description: All. }"),
        operation("countNotes", "'200': { description: How many. }"),
        operation("clearNotes", "'204': { description: Gone. }"),
        operation("health", "'200': { description: Well. }, '503': { description: Not well. }"),
    );
    Document::parse("notes.yaml", text).unwrap()
}

/// What the server says where it lets a request in.
fn answer(asked: &Asked) -> Told {
    match (asked.method.as_str(), asked.target.split('?').next().unwrap()) {
        ("GET", "/notes" | "/notes/count") => told(200, ""),
        ("GET", "/health") => told(503, ""),
        ("POST", "/notes/clear") => told(204, ""),
        (_, "/notes" | "/notes/count" | "/notes/clear" | "/health") => told(405, ""),
        _ => told(404, ""),
    }
}

async fn tested(suite: Suite, answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Result<Report, SuiteError> {
    let served = serve(answer).await;
    suite.cases(20).run(&served.url).await
}

/// The broken promises by their rules.
fn errors(report: &Report) -> Vec<&'static str> {
    report.failures.iter().filter(|failure| failure.level == Level::Error).map(|failure| failure.rule).collect()
}

/// The operations that did not succeed.
fn silent(report: &Report) -> Vec<&str> {
    report.operations.iter().filter(|operation| !operation.succeeded()).map(|operation| operation.id.as_str()).collect()
}

const BEARER: &str = "security: [{ bearer: [] }]\ncomponents: { securitySchemes: { bearer: { type: http, scheme: bearer } } }";

#[tokio::test]
async fn what_is_out_of_order_and_documented_as_such_has_not_failed() {
    let report = tested(Suite::new(document("", "")), answer).await.unwrap();
    assert_eq!((errors(&report), silent(&report)), (vec![], vec!["health"]), "{report}");
}

#[tokio::test]
async fn a_header_that_is_refused_is_told_once_and_left_out() {
    let header = "parameters: [{ name: X-Api-Key, in: header, schema: { type: string, minLength: 1 } }],";
    let report =
        tested(Suite::new(document(header, "")), |asked| if asked.key.is_empty() { answer(asked) } else { told(400, "not so") })
            .await
            .unwrap();
    let refused = report.failures.iter().filter(|failure| failure.rule == "valid-refused");
    let what: Vec<&str> = refused.map(|failure| failure.what.as_str()).collect();
    assert_eq!(what, ["a valid request is rejected for its header X-Api-Key"], "{report}");
    assert_eq!(silent(&report), ["health"], "{report}");
}

#[tokio::test]
async fn a_server_that_lets_anybody_in_is_tested_without_credentials() {
    let report = tested(Suite::new(document("", BEARER)), answer).await.unwrap();
    assert_eq!((errors(&report), silent(&report)), (vec!["unauthenticated-accepted"], vec!["health"]), "{report}");
    let refused = tested(Suite::new(document("", BEARER)), |_| told(401, "who are you?")).await;
    assert!(matches!(refused, Err(SuiteError::NoCredentials { .. })));
}

#[tokio::test]
async fn credentials_that_no_document_asks_for_are_sent_where_they_are_given() {
    let guarded = |asked: &Asked| if asked.authorization == "bearer secret" { answer(asked) } else { told(401, "who are you?") };
    let report = tested(Suite::new(document("", "")).token("secret"), guarded).await.unwrap();
    assert_eq!((errors(&report), silent(&report)), (vec![], vec!["health"]), "{report}");
    let query = "parameters: [{ name: about, in: query, schema: { type: string } }],";
    let report = tested(Suite::new(document(query, "")), guarded).await.unwrap();
    let refused: Vec<_> = report.failures.iter().filter(|failure| failure.rule == "valid-refused").collect();
    assert_eq!((refused.len(), refused[0].also.len()), (1, 3), "what every operation wants is one entry: {report}");
}

#[tokio::test]
async fn what_takes_away_more_than_one_comes_last() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    tested(Suite::new(document("", "")), move |asked| {
        kept.lock().unwrap().push(format!("{} {}", asked.method, asked.target));
        answer(asked)
    })
    .await
    .unwrap();
    let seen = seen.lock().unwrap();
    let first = |wanted: &str| seen.iter().position(|request| request == wanted).unwrap();
    assert!(first("POST /notes/clear") > first("GET /health"), "{seen:?}");
}
