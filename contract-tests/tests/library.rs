//! The library `openapi-server` holds requests to a document, in front of a server that takes everything, and the engine finds no
//! rule that it does not enforce and no valid request that it refuses.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use contract_tests::{Document, Failure, Report, Signer, Suite};
use faulty_server::{API_KEY, BASIC, Faulty};
use openapi_server::{
    adapter::ContractLayer,
    auth::{Authenticators, Caller, LocalIssuer, Secrets},
    contract::{Contract, ContractError, Limits},
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

/// The rules that are about what handlers keep, and what they make of a form: those behind the library make their answers out of
/// what the document has for them, and read forms as texts.
const STATE: [&str; 16] = [
    "change-not-shown",
    "created-not-found",
    "deleted-found",
    "deleted-listed",
    "duplicate-accepted",
    "duplicate-id",
    "echo",
    "etag",
    "filter",
    "found-differs",
    "location",
    "not-listed",
    "other-changed",
    "paging",
    "put-twice",
    "timestamps",
];

/// The rules that a document breaks by its silence: it has no answer for a request that is refused, or none with a body.
const SILENCE: [&str; 3] = ["undocumented-body", "undocumented-http-status", "undocumented-path"];

/// Whether a failure is about what handlers keep, or about what a document leaves open: it has no answer for a request that is refused.
fn is_expected(failure: &Failure) -> bool {
    STATE.contains(&failure.rule) || SILENCE.contains(&failure.rule)
}

/// The document without what it asks of requests.
fn lax(document: &Value) -> Value {
    let mut lax = document.clone();
    lax.as_object_mut().unwrap().remove("security");
    let items = lax.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    for (template, item) in items.filter_map(|(template, item)| Some((template, item.as_object_mut()?))) {
        let in_path = |parameters: &Value| in_path(template, parameters);
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
fn in_path(template: &str, parameters: &Value) -> Vec<Value> {
    let has_place = |name: &Value| name.as_str().is_some_and(|name| template.contains(&format!("{{{name}}}")));
    let inline = parameters.as_array().into_iter().flatten();
    let inline = inline.filter(|parameter| parameter["in"] == "path" && has_place(&parameter["name"]));
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

/// How much of a document is tried.
#[derive(Clone, Copy)]
struct Depth {
    /// Random requests for each operation.
    cases: usize,
    /// After how long the run ends.
    seconds: u64,
}

/// The document, enforced by the library in front of handlers that answer a generated valid example.
struct Enforced {
    operations: usize,
    /// How long the contract took to compile.
    compiled: Duration,
    /// What the engine says of it.
    report: Report,
}

impl Enforced {
    async fn test(path: &Path, depth: Depth) -> Result<Self, ContractError> {
        let limits = Limits { body: 512 * 1024, ..Limits::default() }; // More than the longest text that a document here allows.
        let document = Document::read(path).unwrap();
        let folder = TempDir::new().unwrap();
        let issuer = LocalIssuer::open(folder.path(), "urn:test", "test").unwrap();
        let pem = fs::read_to_string(folder.path().join("local-issuer.pem")).unwrap();
        let mut authenticators = Authenticators::default().tokens(issuer.verifier().unwrap());
        let mut suite = Suite::new(document.clone())
            .signer(Signer::new(&pem, issuer.kid(), "urn:test", "test").unwrap())
            .basic(BASIC)
            .cases(depth.cases)
            .max_time(Duration::from_secs(depth.seconds))
            .all_methods(true)
            .assert_formats(true);
        let schemes = document.json.pointer("/components/securitySchemes").and_then(Value::as_object);
        for (name, scheme) in schemes.into_iter().flatten() {
            if scheme["type"] == "apiKey" {
                suite = suite.api_key(name, API_KEY);
            }
            if scheme["type"] == "apiKey" || scheme["scheme"] == "basic" {
                let secret = if scheme["type"] == "apiKey" { API_KEY } else { BASIC };
                authenticators = authenticators.scheme(name, Secrets::new().with(secret, Caller::new("tester", [])));
            }
        }
        let began = Instant::now();
        let enforced = openapi_server::Document::load(path)?;
        let contract = Arc::new(Contract::compile(&enforced, authenticators, limits)?);
        let compiled = began.elapsed();
        let upstream = Faulty::start(&lax(&document.json), None).await.unwrap();
        let app = Router::new().fallback(pass_on).with_state((reqwest::Client::new(), upstream.url.clone()));
        let app = Router::new().fallback_service(tower_layer::Layer::layer(&ContractLayer::new(contract), app));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await });
        let report = suite.run(&url).await.unwrap();
        serving.abort();
        Ok(Self { operations: document.operations().len(), compiled, report })
    }
}

/// A failure in one line.
fn line(name: &str, failure: &Failure) -> String {
    format!(
        "{name}: {} | {} | {} | {} | {} {:?} {:?} {:?}",
        failure.rule, failure.name, failure.case, failure.what, failure.detail, failure.curl, failure.status, failure.answer
    )
}

/// The documents in a folder, with their names.
fn documents(folder: &Path) -> Vec<(String, PathBuf)> {
    let paths = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|kind| kind == "json" || kind == "yaml"));
    let mut documents: Vec<_> = paths.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path)).collect();
    documents.sort();
    documents
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_library_enforces_every_rule_and_refuses_nothing_valid() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/documents");
    let folder = std::env::var_os("ENFORCE").unwrap_or_else(|| own.into()); // Or documents that others wrote.
    let mut wrong = Vec::new();
    for (name, path) in documents(folder.as_ref()) {
        let report = Enforced::test(&path, Depth { cases: 100, seconds: 60 }).await.unwrap().report;
        let other: BTreeSet<&str> = report.failures.iter().map(|failure| failure.rule).collect();
        let (constraints, met) = report.coverage();
        println!("{name}: {} cases, {met} of {constraints} constraints, {other:?}", report.cases);
        wrong.extend(report.failures.iter().filter(|failure| RULES.contains(&failure.rule)).map(|failure| line(&name, failure)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "tries the documents in ../shared/corpus: two minutes"]
async fn real_documents_are_enforced() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let corpus = std::env::var_os("CORPUS").map_or(corpus, PathBuf::from);
    if !corpus.is_dir() {
        println!("skipped: there is no folder {}; CORPUS names another one", corpus.display());
        return;
    }
    let mut wrong = Vec::new();
    for (name, path) in documents(&corpus) {
        // Not all that there is to try, for the sake of time.
        let Enforced { operations, compiled, report } = match Enforced::test(&path, Depth { cases: 10, seconds: 8 }).await {
            Ok(enforced) => enforced,
            Err(error @ (ContractError::Route { .. } | ContractError::Unsupported { .. })) => {
                println!("{name}: refused: {error}");
                continue;
            }
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let (expected, other): (Vec<_>, Vec<_>) = report.failures.iter().partition(|failure| is_expected(failure));
        let expected: BTreeSet<&str> = expected.into_iter().map(|failure| failure.rule).collect();
        let (constraints, met) = report.coverage();
        let (succeeded, tried) = (report.operations.iter().filter(|part| part.succeeded()).count(), report.operations.len());
        // Where it is nearly all, the rest is worth a look.
        let never = report.operations.iter().filter(|part| !part.succeeded());
        let never: String =
            never.take(if tried - succeeded > 2 { 0 } else { 2 }).map(|part| format!(", never {}", part.id)).collect();
        println!(
            "{name}: {operations} operations, compiled in {:.2} s, {} cases in {:.0} s, {met} of {constraints} constraints, \
             {succeeded} of {tried} succeed, {expected:?}{never}",
            compiled.as_secs_f64(),
            report.cases,
            report.elapsed.as_secs_f64()
        );
        wrong.extend(other.into_iter().map(|failure| line(&name, failure)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
