//! What an operator and a browser find beside the API.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    sync::Arc,
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use users_api::{
    api,
    store::{MemoryStore, UserStore},
};

use crate::{
    app::{App, minimal, send},
    process::{KillOnDrop, Process, binary, refusal},
};

#[tokio::test]
async fn readiness_follows_the_store_and_liveness_does_not() {
    let store = Arc::new(MemoryStore::default());
    let app = App::on(store.clone(), |_| {}).await;
    assert_eq!(send(app.request(Method::GET, "/healthz")).await.status, 200);
    assert_eq!(send(app.request(Method::GET, "/readyz")).await.status, 200);
    store.close().await;
    assert_eq!(send(app.request(Method::GET, "/healthz")).await.status, 200);
    send(app.request(Method::GET, "/readyz")).await.assert_problem(503, "SERVICE_UNAVAILABLE");
}

#[tokio::test]
async fn the_document_is_served_as_committed() {
    let app = App::start().await;
    let yaml = app.request(Method::GET, "/openapi.yaml").send().await.unwrap();
    assert_eq!(yaml.headers()["content-type"], "application/yaml");
    assert_eq!(yaml.text().await.unwrap(), include_str!("../../openapi.yaml"));
    assert_eq!(send(app.request(Method::GET, "/openapi.json")).await.body, api::document().unwrap().value().clone());
}

#[tokio::test]
async fn every_way_leads_to_the_docs_and_they_load_only_from_here() {
    let app = App::start().await;
    for path in ["/", "/docs"] {
        let answer = send(app.request(Method::GET, path)).await;
        assert_eq!((answer.status, answer.header("location")), (307, "docs/"), "{path}");
    }
    for file in ["", "swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        let answer = send(app.request(Method::GET, &format!("/docs/{file}"))).await;
        assert_eq!(answer.status, 200, "{file}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("http"), "{policy}");
    }
    send(app.request(Method::GET, "/docs/nothing.js")).await.assert_problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn the_page_gets_a_local_token_and_other_sites_do_not() {
    let app = App::start().await;
    let token = app.request(Method::GET, "/docs/token").send().await.unwrap();
    assert!(token.headers().get("access-control-allow-origin").is_none());
    assert_eq!(token.headers()["x-content-type-options"], "nosniff");
    let token = token.text().await.unwrap();
    let request = app.request(Method::POST, "/users").bearer_auth(&token).json(&minimal("a@example.com"));
    send(request).await.assert_created();
    assert_eq!(send(app.request(Method::GET, "/users").bearer_auth(&token)).await.status, 200, "every scope of the document");

    let rebound = app.request(Method::GET, "/docs/token").header("host", "evil.example:3000");
    send(rebound).await.assert_problem(404, "NOT_FOUND");
    let embedded = app.request(Method::GET, "/docs/token").header("sec-fetch-site", "cross-site");
    send(embedded).await.assert_problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_server_serves_also_where_nobody_reads_what_it_prints() {
    let data = TempDir::new().unwrap();
    let mut child = KillOnDrop(binary().args(["--port", "0", "--data-dir"]).arg(data.path()).spawn().unwrap());
    drop(child.0.stdout.take());
    let mut line = String::new();
    BufReader::new(child.0.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    let url = format!("http://{}/healthz", line["address"].as_str().unwrap());
    assert_eq!(reqwest::get(url).await.unwrap().status(), 200);
}

#[test]
fn the_health_command_says_what_the_probes_say() {
    let data = TempDir::new().unwrap();
    let server = Process::start(data.path(), &[]);
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    let health = |flags: &[&str]| binary().arg("health").args(["--port", &port]).args(flags).output().unwrap();
    for flags in [&[][..], &["--live"], &["--host", "0.0.0.0"]] {
        let output = health(flags);
        assert_eq!(output.status.code(), Some(0), "{flags:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    server.kill();
    let output = health(&[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with(&format!("error: 127.0.0.1:{port} does not answer")) && said.contains("\nhint: "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_ready_is_alive_and_not_well() {
    let store = Arc::new(MemoryStore::default());
    let app = App::on(store.clone(), |_| {}).await;
    store.close().await;
    let port = app.authority().rsplit(':').next().unwrap();
    let health = |flags: &[&str]| binary().args(["health", "--port", port]).args(flags).output().unwrap();
    assert_eq!(health(&["--live"]).status.code(), Some(0));
    let output = health(&[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("answers /readyz with: HTTP/1.1 503"), "{said}");
}

#[test]
fn the_version_has_the_commit_where_git_knows_it() {
    let output = binary().arg("--version").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    let git =
        |arguments: &[&str]| std::process::Command::new("git").args(arguments).output().ok().filter(|out| out.status.success());
    // Not which one: somebody may commit while the tests run.
    let prefix = git(&["rev-parse", "--show-prefix"]).map(|output| output.stdout);
    let rest = version.strip_prefix(concat!("users-api ", env!("CARGO_PKG_VERSION"))).unwrap().trim();
    match rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(commit) => assert!(prefix.is_none() || git(&["cat-file", "-e", commit]).is_some(), "{version}"),
        None => assert!(rest.is_empty() && prefix.is_none_or(|prefix| prefix != b"\n"), "{version}"),
    }
}

#[test]
fn a_server_that_cannot_start_says_why_and_what_to_do() {
    let data = TempDir::new().unwrap();
    let a_file = data.path().join("a-file");
    std::fs::write(&a_file, "").unwrap();
    let below_a_file = a_file.join("data");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cases: [(&[&str], &str, &str); 7] = [
        (&["--host", "0.0.0.0"], "0.0.0.0 is reachable from others", "set AUTH_ISSUER and AUTH_AUDIENCE"),
        (&["--port", &port], &format!("cannot listen on 127.0.0.1:{port}"), "--port takes another"),
        (&["--data-dir", below_a_file.to_str().unwrap()], below_a_file.to_str().unwrap(), "--data-dir"),
        (&["--database-url", "oracle://scott:tiger@db"], "expected memory:, redb:<path> or mongodb://", "percent-encode"),
        (&["--database-url", "mongodb://scott:tiger/@db"], "is not a MongoDB connection string", "percent-encode"),
        (
            &["--auth-issuer", "http://x/", "--auth-audience", "x", "--auth-jwks-url", "scott:tiger@x"],
            "is not an http or https URL",
            "check AUTH_ISSUER",
        ),
        (&["--log", "a=b=c"], "the log filter is not understood", "such as info"),
    ];
    for (flags, why, hint) in cases {
        let said = refusal(binary().env("DATA_DIR", data.path()).args(flags));
        let (error, help) = said.trim_end().split_once("\nhint: ").unwrap();
        assert!(error.starts_with("error: ") && error.contains(why), "{said}");
        assert!(help.contains(hint) && !said.contains("tiger"), "{said}");
    }
}

#[tokio::test]
async fn figures_for_prometheus_count_what_was_asked() {
    let app = App::with(|config| config.metrics_address = Some("127.0.0.1:0".parse().unwrap())).await;
    let figures = format!("http://{}/metrics", app.metrics.unwrap());
    let post = app.post(); // With one token for all.
    let send_body = |body: Value| send(post.try_clone().unwrap().body(body.to_string()));
    send_body(minimal("ada@example.com")).await.assert_created();
    send_body(minimal("ada@example.com")).await.assert_problem(409, "CONFLICT");
    send_body(json!({ "email": "x" })).await.assert_problem(400, "BAD_REQUEST");
    send(app.request(Method::GET, "/users")).await.assert_problem(401, "UNAUTHORIZED");
    send(app.request(Method::GET, "/nothing")).await.assert_problem(404, "NOT_FOUND");
    let answer = app.client.get(&figures).send().await.unwrap();
    assert_eq!(
        (answer.status(), answer.headers()["content-type"].to_str().unwrap().split(';').next()),
        (StatusCode::OK, Some("application/openmetrics-text"))
    );
    let text = answer.text().await.unwrap();
    for line in [
        "http_requests_total{operation=\"createUser\",status=\"201\"} 1",
        "http_requests_total{operation=\"createUser\",status=\"400\"} 1",
        "http_requests_total{operation=\"listUsers\",status=\"401\"} 1",
        "http_requests_total{operation=\"none\",status=\"404\"} 1",
        "http_request_duration_seconds_count{operation=\"createUser\"} 3",
        "http_refusals_total{operation=\"createUser\",rule=\"format\"} 1",
        "http_refusals_total{operation=\"createUser\",rule=\"required\"} 4",
        "store_operation_duration_seconds_count{operation=\"insert\",outcome=\"done\"} 2",
        "token_cache_hits_total 2",
        "token_cache_misses_total 1",
        "token_cache_tokens 1",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("ada"), "{text}");
    // What is not there in this test: MongoDB, an issuer, and a handler that breaks the document. Each has a test of its own.
    let elsewhere = ["mongodb_connections", "key_set_age_seconds", "http_undocumented_responses_total"];
    for (expression, name) in dashboard().into_iter().filter(|(_, name)| !elsewhere.iter().any(|other| name.starts_with(other))) {
        let served = text.lines().any(|line| line.strip_prefix(&name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        assert!(served, "there is no {name}, which the dashboard asks for: {expression}");
    }
    // They are on an address of their own.
    send(app.request(Method::GET, "/metrics")).await.assert_problem(404, "NOT_FOUND");
    assert_eq!(app.client.get(figures.replace("/metrics", "/users")).send().await.unwrap().status(), 404);
}

/// What the dashboard asks for: each expression, and the name of the figure in it.
pub fn dashboard() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(include_str!("../../deploy/grafana.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let asked: Vec<_> = targets
        .flat_map(|target| {
            let expression = target["expr"].as_str().unwrap();
            let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let prefixes = ["http_", "store_", "token_", "key_", "mongodb_"];
            words
                .filter(move |word| prefixes.iter().any(|prefix| word.starts_with(prefix)))
                .map(|name| (expression.to_owned(), name.to_owned()))
        })
        .collect();
    assert!(asked.len() >= panels.len(), "a panel shows no figure");
    asked
}
