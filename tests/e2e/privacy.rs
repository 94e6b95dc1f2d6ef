//! The log holds neither personal data nor secrets, whatever is sent and however much is logged. What is stored about a user is what the
//! user can be given.

use std::sync::Arc;

use redb::{Database, ReadableDatabase, TableDefinition, TableHandle};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use users_api::{
    store::{RedbStore, UserStore},
    user::User,
};

use crate::{
    app::{App, complete, send},
    process::Process,
};

/// Occurs in every value that is sent below, so that it tells a value wherever it turns up.
const MARK: &str = "Zanzibar";

/// Good and bad requests of all kinds.
fn requests(server: &Process) -> Vec<RequestBuilder> {
    let request = |method, path: String| server.client.request(method, format!("{}{path}", server.url));
    let mut user = complete(&format!("{MARK}@example.com"));
    for pointer in ["/firstName", "/lastName", "/address/city", "/taxResidency/value", "/employmentInfo/industry"] {
        *user.pointer_mut(pointer).unwrap() = json!(MARK);
    }
    let mut broken = user.clone();
    for name in ["email", "dateOfBirth", "residencyCountry", "language", MARK] {
        broken[name] = json!(MARK);
    }
    let large = json!({ MARK: MARK.repeat(10_000) });
    let token = server.token("write:users");
    let (head, claims) = (token.split('.').next().unwrap(), token.split('.').nth(1).unwrap());
    vec![
        server.post().body(user.to_string()),
        server.post().body(user.to_string()), // The second time: 409.
        server.post().header("idempotency-key", MARK).body(user.to_string()),
        server.post().header("idempotency-key", format!("\"{MARK}")).body(user.to_string()),
        server.post().body(broken.to_string()),
        server.post().body(large.to_string()),
        server.post().body(format!("{{\"{MARK}\":1,\"{MARK}\":{MARK}")),
        server.post().body(format!("\"{MARK}")),
        request(Method::POST, format!("/users?email={MARK}")).bearer_auth(&token).json(&user),
        server.post().header("content-type", format!("text/{MARK}")),
        server.post().header("content-encoding", MARK).body("{}"),
        server.post().header("x-forwarded-for", MARK).header("cookie", MARK).header("user-agent", MARK).body("{}"),
        server.post().header("x-request-id", format!("{MARK} is not sane")).body("{}"),
        request(Method::POST, "/users".to_owned()).bearer_auth(MARK),
        request(Method::POST, "/users".to_owned()).bearer_auth(format!("{head}.{claims}.{MARK}")),
        request(Method::POST, "/users".to_owned()).bearer_auth(server.token(MARK)).json(&user),
        request(Method::POST, "/users".to_owned()).basic_auth(MARK, Some(MARK)),
        request(Method::POST, format!("/{MARK}")).json(&user),
        request(Method::GET, format!("/users/{MARK}?email={MARK}")),
        request(Method::from_bytes(MARK.to_uppercase().as_bytes()).unwrap(), "/users".to_owned()),
        request(Method::GET, format!("/users/{MARK}?email={MARK}")).bearer_auth(server.token("read:users")),
        request(Method::GET, format!("/users?email={MARK}@example.com&cursor={MARK}")).bearer_auth(server.token("read:users")),
        request(Method::GET, format!("/users?email={MARK}@example.com")).bearer_auth(server.token("read:users")),
        request(Method::PATCH, format!("/users/{MARK}")).bearer_auth(&token).header("if-match", MARK).json(&user),
        request(Method::PATCH, "/users/64f0c51e7fb3fc001234a001".to_owned())
            .bearer_auth(&token)
            .header("content-type", "application/merge-patch+json")
            .body(json!({ "firstName": MARK, MARK: MARK }).to_string()),
        request(Method::DELETE, format!("/users/{MARK}")).bearer_auth(&token),
        request(Method::GET, format!("/docs/{MARK}")),
        request(Method::POST, format!("/healthz?{MARK}")),
    ]
}

#[tokio::test]
async fn nothing_that_is_sent_gets_into_the_log() {
    let data = TempDir::new().unwrap();
    let server = Process::start(data.path(), &["--log", "trace", "--check-responses"]);
    let requests = requests(&server);
    let sent = requests.len();
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(send(request).await.status);
    }
    for expected in [201, 400, 401, 403, 404, 405, 409, 413, 415] {
        assert!(statuses.contains(&expected), "no request was answered with {expected}: {statuses:?}");
    }
    // What is not HTTP, and a body that breaks off.
    let authority = server.url.strip_prefix("http://").unwrap();
    let token = server.token("write:users");
    let broken_off = format!(
        "POST /users HTTP/1.1\r\nHost: {MARK}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: 99\r\n\r\n{{\"{MARK}\":"
    );
    for bytes in [format!("{MARK} {MARK} {MARK}\r\n\r\n"), broken_off] {
        let mut connection = TcpStream::connect(authority).await.unwrap();
        connection.write_all(bytes.as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 ") && !answer.contains(MARK), "{answer}");
    }
    server.signal("TERM");
    let ended = server.ended();

    let lines = ended.stderr.lines().filter(|line| line.contains("\"milliseconds\"")).count();
    assert!(lines >= sent, "{lines} lines for {sent} requests:\n{}", ended.stderr);
    assert!(!ended.stdout.contains(MARK) && !ended.stdout.contains(&token), "{}", ended.stdout);
    for secret in [MARK, &MARK.to_lowercase(), &MARK.to_uppercase(), "example.com", "1990-05-15", "Bearer ey", "eyJ"] {
        let told = ended.stderr.lines().find(|line| line.contains(secret));
        assert!(told.is_none(), "the log tells {secret}: {}", told.unwrap_or_default());
    }
}

#[tokio::test]
async fn every_change_of_a_user_has_its_line() {
    let data = TempDir::new().unwrap();
    let server = Process::start(data.path(), &[]);
    let created = send(server.post().body(complete("ada@example.com").to_string())).await;
    let id = created.body["id"].as_str().unwrap().to_owned();
    let token = server.token("read:users write:users");
    let request = |method| server.client.request(method, format!("{}/users/{id}", server.url)).bearer_auth(&token);
    let change = || {
        let patch = json!({ "firstName": "Augusta" }).to_string();
        request(Method::PATCH).header("content-type", "application/merge-patch+json").body(patch)
    };
    let mut statuses = vec![created.status];
    for asked in [request(Method::GET), change(), request(Method::DELETE), change(), request(Method::DELETE)] {
        statuses.push(send(asked).await.status);
    }
    assert_eq!(statuses, [201, 200, 200, 204, 404, 404]);
    server.signal("TERM");
    let log = server.ended().stderr;
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let audited = lines.iter().filter(|line| line["target"] == "audit").map(|line| {
        let field = |name: &str| line["fields"][name].as_str().or(line[name].as_str()).unwrap().to_owned();
        (field("operation"), field("user"), field("caller"))
    });
    let expected = ["createUser", "updateUser", "deleteUser"];
    let expected = expected.map(|operation| (operation.to_owned(), id.clone(), "local-developer".to_owned()));
    assert_eq!(audited.collect::<Vec<_>>(), expected, "{log}");
}

#[tokio::test]
async fn the_log_names_the_callers_trace_if_it_is_one() {
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let data = TempDir::new().unwrap();
    let server = Process::start(data.path(), &[]);
    for (id, traceparent) in [("with", format!("00-{trace}-{parent}-01")), ("without", "ada@example.com".to_owned())] {
        let asked = server.client.get(format!("{}/users", server.url)).header("x-request-id", id);
        assert_eq!(send(asked.header("traceparent", traceparent)).await.status, 401);
    }
    server.signal("TERM");
    let log = server.ended().stderr;
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let span = |id: &str| lines.iter().map(|line| &line["span"]).find(|span| span["id"] == id).unwrap();
    assert_eq!((&span("with")["trace"], &span("with")["parent"]), (&json!(trace), &json!(parent)), "{log}");
    assert_eq!((span("without").get("trace"), span("without").get("parent")), (None, None), "{log}");
}

#[tokio::test]
async fn with_a_collector_the_log_names_the_trace_and_span_of_every_request() {
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let data = TempDir::new().unwrap();
    let server = Process::start(data.path(), &["--otlp-endpoint", "http://127.0.0.1:9"]); // Nobody is there, which does not matter.
    for (id, traceparent) in [("with", format!("00-{trace}-{parent}-01")), ("without", String::new())] {
        let asked = server.client.get(format!("{}/users", server.url)).header("x-request-id", id);
        assert_eq!(send(asked.header("traceparent", traceparent)).await.status, 401);
    }
    server.signal("TERM");
    let log = server.ended().stderr;
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let span = |id: &str| lines.iter().map(|line| &line["span"]).find(|span| span["id"] == id).unwrap();
    let digits = |id: &str, field: &str| span(id)[field].as_str().unwrap().len();
    assert_eq!((&span("with")["trace"], &span("with")["parent"]), (&json!(trace), &json!(parent)), "{log}");
    assert_eq!(span("without").get("parent"), None, "{log}");
    assert_eq!((digits("without", "trace"), digits("without", "span"), digits("with", "span")), (32, 16, 16), "{log}");
}

/// What the page says about personal data.
fn page() -> &'static str {
    include_str!("../../docs/reliability.md").split("\n## Personal data\n").nth(1).unwrap().split("\n## ").next().unwrap()
}

/// A user in this store who has everything that can be stored about one, and what `getUser` answers.
pub async fn fullest_user<S: UserStore + 'static>(app: &App<S>) -> Value {
    let created = send(app.post().header("idempotency-key", "\"once\"").body(complete("Ada@example.com").to_string())).await;
    created.assert_created();
    // No operation makes portfolios.
    let found = app.store.find(created.body["id"].as_str().unwrap()).await.unwrap().unwrap();
    let portfolios = json!([{
        "id": "64f0c51e7fb3fc001234b001", "currency": "EUR",
        "holdings": [{ "isin": "US0378331005", "assetCommonId": "AAPL", "quantity": 2.5 }],
        "createdAt": "2024-10-03T10:30:00Z", "updatedAt": "2024-10-03T10:30:00.123Z"
    }]);
    let next = User { portfolios: serde_json::from_value(portfolios).unwrap(), ..found.clone() }.revised(found.updated_at);
    app.store.replace(&found, next).await.unwrap();
    let asked = app.request(Method::GET, created.header("location")).bearer_auth(app.token("read:users"));
    let exported = send(asked).await;
    assert_eq!(exported.status, 200);
    exported.body
}

/// Checks that what is stored about a user is what is exported, but for what the page names.
pub fn assert_exported(stored: &Value, exported: &Value) {
    for (name, value) in stored.as_object().unwrap() {
        match exported.get(name) {
            Some(own) => assert_eq!(own, value, "{name}"),
            None => assert!(page().contains(&format!("`{name}`")), "{name} is stored, not exported, and not on the page"),
        }
    }
    let unknown: Vec<_> = exported.as_object().unwrap().keys().filter(|name| stored.get(name).is_none()).collect();
    assert!(unknown.is_empty(), "{unknown:?} is exported and not stored");
}

#[tokio::test]
async fn all_that_is_stored_about_a_user_is_exported_or_named() {
    let data = TempDir::new().unwrap();
    let path = data.path().join("users.redb");
    let app = App::on(Arc::new(RedbStore::open(&path).unwrap()), |_| {}).await;
    let exported = fullest_user(&app).await;
    app.store.close().await;

    let database = Database::open(&path).unwrap();
    let read = database.begin_read().unwrap();
    let users = read.open_table(TableDefinition::<&str, &[u8]>::new("users")).unwrap();
    let stored = users.get(exported["id"].as_str().unwrap()).unwrap().unwrap();
    assert_exported(&serde_json::from_slice(stored.value()).unwrap(), &exported);
    for table in read.list_tables().unwrap().filter(|table| table.name() != "users") {
        assert!(page().contains(&format!("`{}`", table.name())), "the table {} is not on the page", table.name());
    }
}
