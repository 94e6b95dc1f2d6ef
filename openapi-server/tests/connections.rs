//! Clients that do not behave: bodies that never come, answers that nobody reads, heads that are not HTTP, and more of them than the
//! server has room for.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use openapi_server::{Document, Server, Settings};
use poem::{EndpointExt, Route, get, handler, web::Data};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};

/// Only so that a test fails where it would else wait for ever.
const FOR_EVER: Duration = Duration::from_secs(60);

#[handler]
fn things() -> &'static str {
    "[]"
}

/// Answers when the test lets it.
#[handler]
async fn gated(Data(gate): Data<&Arc<Semaphore>>) -> &'static str {
    gate.acquire().await.unwrap().forget();
    "open"
}

struct Api {
    address: SocketAddr,
    gate: Arc<Semaphore>,
}

impl Api {
    async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        let answer = json!({ "200": { "description": "It." } });
        let document = json!({
            "openapi": "3.1.0", "info": { "title": "Things", "version": "1" },
            "paths": {
                "/things": {
                    "get": { "operationId": "listThings", "responses": answer },
                    "post": { "operationId": "createThing", "responses": answer, "requestBody": {
                        "required": true, "content": { "application/json": { "schema": { "type": "object" } } }
                    } }
                },
                "/gated": { "get": { "operationId": "getGated", "responses": answer } }
            }
        });
        let gate = Arc::new(Semaphore::new(0));
        let handlers = Route::new().at("/things", get(things).post(things)).at("/gated", get(gated.data(Arc::clone(&gate))));
        let mut settings = Settings::default();
        change(&mut settings);
        let document = Document::parse(document.to_string()).unwrap();
        let server = Server::new(document).settings(settings).bind("127.0.0.1:0".parse().unwrap(), handlers).await.unwrap();
        let address = server.address();
        tokio::spawn(server.run(std::future::pending()));
        Self { address, gate }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection on which these bytes are sent.
    async fn send(&self, bytes: impl AsRef<[u8]>) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        stream
    }

    /// Sends a whole request and reads all that comes until the server closes the connection.
    async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.send(bytes).await;
        let mut answer = Vec::new();
        timeout(FOR_EVER, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The status of a `GET` on a connection of its own.
    async fn get(&self, path: &str) -> String {
        status(&mut self.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await).await
    }
}

/// The first status that arrives, as it is on the wire; empty when the connection is closed instead.
async fn status(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut byte = [0];
        match timeout(FOR_EVER, stream.read(&mut byte)).await.unwrap() {
            Ok(1) => line.push(byte[0]),
            _ => return String::new(),
        }
    }
    String::from_utf8(line).unwrap().split(' ').nth(1).unwrap().to_owned()
}

/// The head of a `POST` whose body the test sends, or does not.
fn post(path: &str, headers: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n")
}

#[tokio::test]
async fn bodies_that_never_come_do_not_stop_the_service() {
    let api = Api::start(|settings| {
        settings.max_requests = 2;
        settings.max_queued = 0;
        settings.limits.body_timeout = Duration::from_secs(600);
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut stream = api.send(post("/nope", "Content-Length: 1\r\n")).await;
        assert_eq!(status(&mut stream).await, "404", "without waiting for the body");
        open.push(stream);
    }
    assert_eq!(api.get("/things").await, "200");
    assert_eq!(api.get("/healthz").await, "200");
}

#[tokio::test]
async fn what_the_head_decides_is_answered_at_once_and_without_asking_for_the_body() {
    let api = Api::start(|settings| settings.limits.body_timeout = Duration::from_secs(600)).await;
    for expect in ["", "Expect: 100-continue\r\n"] {
        for (head, expected) in [
            (post("/nope", &format!("Content-Length: 1\r\n{expect}")), "404"),
            (post("/gated", &format!("Content-Length: 1\r\n{expect}")), "405"),
            (post("/things", &format!("Content-Length: 70000\r\n{expect}")), "413"),
            (post("/things", &format!("Content-Length: 9223372036854775807\r\n{expect}")), "413"),
            (post("/things", &format!("Content-Encoding: gzip\r\nContent-Length: 1\r\n{expect}")), "415"),
        ] {
            assert_eq!(status(&mut api.send(&head).await).await, expected, "{head}");
        }
    }
    let mut wanted = api.send(post("/things", "Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n")).await;
    assert_eq!(status(&mut wanted).await, "100");
    wanted.write_all(b"{}").await.unwrap();
    let mut answer = String::new();
    wanted.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_refused_body_that_comes_after_all_leaves_the_connection_open() {
    let api = Api::start(|_| {}).await;
    let mut stream = api.send(post("/nope", "Content-Length: 2\r\n")).await;
    assert_eq!(status(&mut stream).await, "404");
    stream.write_all(b"{}GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    timeout(FOR_EVER, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.contains("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_connection() {
    let api = Api::start(|settings| {
        settings.connection_limits.connections = 1;
        settings.connection_limits.write_timeout = Duration::from_millis(100);
    })
    .await;
    // More than fits into the buffers of the system.
    let greedy = api.send("GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20)).await;
    assert_eq!(api.get("/healthz").await, "200", "it has the one place now");
    drop(greedy);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_slow_clients_are_no_obstacle_to_the_others() {
    let api = Api::start(|settings| {
        let patience = Duration::from_secs(600);
        (settings.request_timeout, settings.limits.body_timeout) = (patience, patience);
        settings.connection_limits.header_timeout = patience;
        settings.connection_limits.write_timeout = patience;
    })
    .await;
    let mut slow = Vec::new();
    for _ in 0..100 {
        slow.push(api.send("GET /things HTTP/1.1\r\nHost: x\r\nX-").await);
        let mut body = api.send(post("/things", "Content-Length: 70\r\nExpect: 100-continue\r\n")).await;
        assert_eq!(status(&mut body).await, "100", "the request is under way");
        body.read_exact(&mut [0; 2]).await.unwrap(); // The empty line after that.
        body.write_all(b"{").await.unwrap();
        slow.push(body);
        // More than fits into the buffers of the system, and nobody reads it.
        slow.push(api.send("GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20)).await);
    }
    let mut answers = JoinSet::new();
    for number in 0..200 {
        let mut stream = match number % 2 {
            0 => api.send("GET /things HTTP/1.1\r\nHost: x\r\n\r\n").await,
            _ => api.send(post("/things", "Content-Length: 2\r\n") + "{}").await,
        };
        answers.spawn(async move { status(&mut stream).await });
    }
    assert_eq!(answers.join_all().await, vec!["200"; 200]);
    assert_eq!(slow.len(), 300);
    for (number, stream) in slow.iter_mut().enumerate() {
        if number % 3 == 2 {
            assert_eq!(status(stream).await, "200", "a slow reader's answer has begun");
            continue;
        }
        let open = matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(open, "slow client {number} was answered or cut off: it kept nobody busy");
    }
}

#[tokio::test]
async fn probes_are_answered_when_nothing_else_is() {
    let api = Api::start(|settings| {
        settings.max_requests = 0;
        settings.max_queued = 0;
    })
    .await;
    assert_eq!(api.get("/healthz").await, "200");
    assert_eq!(api.get("/readyz").await, "200");
    let refusal = api.exchange("GET /things HTTP/1.1\r\nHost: x\r\n\r\n").await.to_lowercase();
    for part in ["http/1.1 503 ", "retry-after: 1", "connection: close", "x-request-id: ", "application/problem+json"] {
        assert!(refusal.contains(part), "{refusal}");
    }
}

#[tokio::test]
async fn a_request_beyond_the_limit_waits_and_one_beyond_the_queue_is_refused() {
    let api = Api::start(|settings| {
        settings.max_requests = 1;
        settings.max_queued = 1;
    })
    .await;
    let request = "GET /gated HTTP/1.1\r\nHost: x\r\n\r\n";
    // Three at once, of which one runs and one waits: the refused one is the first to be answered.
    let mut open = vec![api.send(request).await, api.send(request).await, api.send(request).await];
    let (refused, position, _) = {
        let answers = open.iter_mut().map(|stream| Box::pin(status(stream)));
        futures_util::future::select_all(answers).await
    };
    assert_eq!(refused, "503");
    open.remove(position);
    api.gate.add_permits(2);
    for stream in &mut open {
        assert_eq!(status(stream).await, "200");
    }
}

#[tokio::test]
async fn a_head_that_servers_read_differently_is_400() {
    let api = Api::start(|_| {}).await;
    let get = |target: &str, headers: &str| format!("GET {target} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
    let chunked = |coding: &str| post("/things", &format!("{coding}Connection: close\r\n")) + "2\r\n{}\r\n0\r\n\r\n";
    let cases = [
        (get("/things", "Host: x\r\n"), "200"),
        (get("http://x/things", "Host: x\r\n"), "200"),
        ("GET /things HTTP/1.0\r\n\r\n".to_owned(), "200"),
        (get("/things", ""), "400"),
        (get("/things", "Host: x\r\nHost: x\r\n"), "400"),
        (get("/things", "Host: x\r\nHost: y\r\n"), "400"),
        (get("/things", "Host:\r\n"), "400"),
        (get("/things", "Host: x, y\r\n"), "400"),
        (get("/things", "Host: user@x\r\n"), "400"),
        (get("/things", "Host: x:port\r\n"), "400"),
        (get("/things", "Host: x/things\r\n"), "400"),
        (get("/things?q=\u{e9}", "Host: x\r\n"), "400"),
        (get("/th\u{ef}ngs", "Host: x\r\n"), "400"),
        (chunked("Transfer-Encoding: chunked\r\n"), "200"),
        (chunked("Transfer-Encoding: Chunked\r\n"), "200"),
        (chunked("Transfer-Encoding: gzip, chunked\r\n"), "400"),
        (chunked("Transfer-Encoding: identity, chunked\r\n"), "400"),
        (chunked("Transfer-Encoding: chunked, chunked\r\n"), "400"),
        (chunked("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "400"),
        (chunked("Transfer-Encoding: gzip\r\n"), "400"),
        (chunked("Transfer-Encoding: chunked;q=1\r\n"), "400"),
    ];
    for (request, expected) in cases {
        let answer = api.exchange(&request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected} ")) || answer.starts_with(&format!("HTTP/1.0 {expected} ")),
            "{request}{answer}"
        );
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{request}{answer}");
    }
}

/// hyper drops a fragment before anybody sees it. Were that to change, `head.rs` should refuse it.
#[tokio::test]
async fn a_fragment_in_a_target_is_not_seen() {
    let api = Api::start(|_| {}).await;
    assert_eq!(api.get("/things#x").await, "200");
}

#[tokio::test]
async fn nothing_after_a_chunked_body_is_taken_for_a_request() {
    let api = Api::start(|_| {}).await;
    let smuggled = "GET /things HTTP/1.1\r\nHost: x\r\n\r\n";
    for (headers, end) in [
        ("", "0\r\n\r\n"),
        ("", "0\r\nTrailer: x\n\n"),
        ("", "0\r\nTrailer: x\n\r\n\r\n"),
        ("", "0\n\n"),
        ("Content-Length: 5\r\n", "0\r\n\r\n"),
    ] {
        let request =
            post("/things", &format!("Transfer-Encoding: chunked\r\n{headers}")) + "2\r\n{}\r\n" + end + smuggled + smuggled;
        let answer = api.exchange(&request).await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{request}{answer}");
    }
}

#[tokio::test]
async fn a_client_that_has_closed_its_half_gets_its_answer() {
    let api = Api::start(|_| {}).await;
    let mut stream = api.send("GET /gated HTTP/1.1\r\nHost: x\r\n\r\n").await;
    stream.shutdown().await.unwrap();
    assert_eq!(api.get("/things").await, "200"); // By now it has been read that there is no more to come.
    api.gate.add_permits(1);
    assert_eq!(status(&mut stream).await, "200");
}
