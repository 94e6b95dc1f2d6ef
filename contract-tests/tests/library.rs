//! The library `openapi-server` holds requests to a document, in front of a server that takes everything, and the engine finds no
//! rule that it does not enforce and no valid request that it refuses.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contract_tests::{Document, Report, Signer, Suite};
use faulty_server::{API_KEY, BASIC, Faulty};
use openapi_server::{
    adapter::ContractLayer,
    auth::{Authenticators, Caller, LocalIssuer, Secrets},
    contract::{Contract, Limits},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The rules that are about which requests a server takes. What its refusals look like, and which statuses they have, is up to the
/// library, which no document here has in mind.
const RULES: [&str; 10] = [
    "http-variant-refused",
    "invalid-accepted",
    "lenient-json",
    "malformed-accepted",
    "no-answer",
    "refusal-violations",
    "server-error",
    "unauthenticated-accepted",
    "undocumented-query",
    "valid-refused",
];

/// The document without what it asks of requests.
fn lax(document: &Value) -> Value {
    let mut lax = document.clone();
    lax.as_object_mut().unwrap().remove("security");
    let items = lax["paths"].as_object_mut().unwrap().values_mut();
    for item in items.filter_map(Value::as_object_mut) {
        let path: Vec<Value> = item.get("parameters").into_iter().flat_map(in_path).collect();
        item.remove("parameters");
        for operation in item.values_mut().filter_map(Value::as_object_mut) {
            let own: Vec<Value> = operation.get("parameters").into_iter().flat_map(in_path).collect();
            operation.insert("parameters".to_owned(), path.iter().cloned().chain(own).collect());
            operation.insert("security".to_owned(), json!([]));
            if let Some(body) = operation.get_mut("requestBody") {
                let target = body["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?));
                let content = target.unwrap_or(body)["content"].as_object().unwrap();
                let any = content.keys().map(|media_type| (media_type.clone(), json!({ "schema": {} })));
                *body = json!({ "content": any.collect::<Value>() });
            }
        }
    }
    lax
}

/// Parameters of the path, which may be anything.
fn in_path(parameters: &Value) -> Vec<Value> {
    let inline = parameters.as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "path");
    inline.map(|parameter| json!({ "name": parameter["name"], "in": "path", "required": true, "schema": {} })).collect()
}

/// Passes a request on, and the answer back.
async fn pass_on(State((client, upstream)): State<(reqwest::Client, String)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let mut headers = parts.headers;
    headers.remove("host");
    headers.remove("transfer-encoding");
    let url = format!("{upstream}{}", parts.uri);
    match client.request(parts.method, url).headers(headers).body(body).send().await {
        Ok(answer) => {
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut response = Response::new(Body::from(answer.bytes().await.unwrap()));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

/// What the engine says of the document, enforced by the library.
async fn tested(path: &Path) -> Report {
    let document = Document::read(path).unwrap();
    let upstream = Faulty::start(&lax(&document.json), None).await.unwrap();
    let folder = TempDir::new().unwrap();
    let issuer = LocalIssuer::open(folder.path(), "urn:test", "test").unwrap();
    let schemes = document.json.pointer("/components/securitySchemes").and_then(Value::as_object);
    let mut authenticators = Authenticators::default().tokens(issuer.verifier().unwrap());
    let mut suite = Suite::new(document.clone())
        .basic(BASIC)
        .cases(100)
        .max_time(std::time::Duration::from_secs(60))
        .all_methods(true)
        .assert_formats(true);
    let pem = fs::read_to_string(folder.path().join("local-issuer.pem")).unwrap();
    suite = suite.signer(Signer::new(&pem, issuer.kid(), "urn:test", "test").unwrap());
    for (name, scheme) in schemes.into_iter().flatten() {
        if scheme["type"] == "apiKey" {
            suite = suite.api_key(name, API_KEY);
        }
        if scheme["type"] == "apiKey" || scheme["scheme"] == "basic" {
            let secret = if scheme["type"] == "apiKey" { API_KEY } else { BASIC };
            authenticators = authenticators.scheme(name, Secrets::new().with(secret, Caller::new("tester", [])));
        }
    }
    let enforced = openapi_server::Document::load(path).unwrap();
    let contract = Arc::new(Contract::compile(&enforced, authenticators, Limits::default()).unwrap());
    let app = Router::new().fallback(pass_on).with_state((reqwest::Client::new(), upstream.url.clone()));
    let app = Router::new().fallback_service(tower_layer::Layer::layer(&ContractLayer::new(contract), app));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    let report = suite.run(&url).await.unwrap();
    serving.abort();
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_library_enforces_every_rule_and_refuses_nothing_valid() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/documents");
    let folder = std::env::var_os("ENFORCE").unwrap_or_else(|| own.into()); // Or documents that others wrote.
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    let mut wrong = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let report = tested(&path).await;
        let other: BTreeSet<&str> = report.failures.iter().map(|failure| failure.rule).collect();
        let (constraints, met) = report.coverage();
        println!("{name}: {} cases, {met} of {constraints} constraints, {other:?}", report.cases);
        for failure in report.failures.iter().filter(|failure| RULES.contains(&failure.rule)) {
            wrong.push(format!(
                "{name}: {} | {} | {} | {} | {} {:?} {:?} {:?}",
                failure.rule,
                failure.name,
                failure.case,
                failure.what,
                failure.detail,
                failure.curl,
                failure.status,
                failure.answer
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
