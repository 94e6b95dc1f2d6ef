//! Every status of the document is reached, and looks as documented.

use std::{collections::BTreeSet, num::NonZeroU32, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use users_api::{
    api,
    store::{StoreError, UserQuery, UserStore},
    user::User,
};

use crate::{
    app::{Answer, App, minimal, send},
    issuer::RealIssuer,
};

/// A store that fails as it is told.
struct Faulty(fn() -> StoreError);

#[async_trait]
impl UserStore for Faulty {
    async fn insert(&self, _: User) -> Result<User, StoreError> {
        Err((self.0)())
    }
    async fn find(&self, _: &str) -> Result<Option<User>, StoreError> {
        Err((self.0)())
    }
    async fn replace(&self, _: &User, _: User) -> Result<User, StoreError> {
        Err((self.0)())
    }
    async fn delete(&self, _: &str) -> Result<bool, StoreError> {
        Err((self.0)())
    }
    async fn list(&self, _: UserQuery) -> Result<Vec<User>, StoreError> {
        Err((self.0)())
    }
    async fn forget_requests(&self, _: DateTime<Utc>) -> Result<(), StoreError> {
        Err((self.0)())
    }
    async fn ping(&self) -> Result<(), StoreError> {
        Err((self.0)())
    }
    async fn close(&self) {}
}

/// A store that never answers.
struct Stuck;

#[async_trait]
impl UserStore for Stuck {
    async fn insert(&self, _: User) -> Result<User, StoreError> {
        std::future::pending().await
    }
    async fn find(&self, _: &str) -> Result<Option<User>, StoreError> {
        std::future::pending().await
    }
    async fn replace(&self, _: &User, _: User) -> Result<User, StoreError> {
        std::future::pending().await
    }
    async fn delete(&self, _: &str) -> Result<bool, StoreError> {
        std::future::pending().await
    }
    async fn list(&self, _: UserQuery) -> Result<Vec<User>, StoreError> {
        std::future::pending().await
    }
    async fn forget_requests(&self, _: DateTime<Utc>) -> Result<(), StoreError> {
        std::future::pending().await
    }
    async fn ping(&self) -> Result<(), StoreError> {
        std::future::pending().await
    }
    async fn close(&self) {}
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("cannot reach the secret host".to_owned())
}

fn panicking() -> StoreError {
    panic!("a secret that a panic quotes")
}

async fn broken(app: &App, token: &str) -> Answer {
    send(app.request(Method::POST, "/users").bearer_auth(token).header("content-type", "application/json").body("{}")).await
}

/// The first answer that is not the one to a broken body.
async fn use_up_the_rate(app: &App, token: &str) -> Answer {
    loop {
        let answer = broken(app, token).await;
        if answer.status != 400 {
            return answer;
        }
    }
}

/// Sends bytes and reads until the server closes the connection.
pub async fn raw(app: &App, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.authority()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn reach(status: u16) -> Answer {
    let user = minimal("a@example.com");
    match status {
        201 => App::start().await.create(&user).await,
        400 => send(App::start().await.post().body("{")).await,
        401 => send(App::start().await.request(Method::POST, "/users").json(&user)).await,
        403 => {
            let app = App::start().await;
            send(app.request(Method::POST, "/users").bearer_auth(app.token("read:users")).json(&user)).await
        }
        404 => send(App::start().await.request(Method::POST, "/user").json(&user)).await,
        405 => send(App::start().await.request(Method::PUT, "/users").json(&user)).await,
        408 => {
            let app = App::with(|config| config.body_timeout = Duration::from_millis(50)).await;
            let (sender, body) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
            let body = reqwest::Body::wrap_stream(tokio_stream::wrappers::ReceiverStream::new(body));
            let answer = send(app.post().body(body)).await;
            drop(sender); // Until here the body was neither sent nor ended.
            answer
        }
        409 => {
            let app = App::start().await;
            app.create(&user).await.assert_created();
            app.create(&user).await
        }
        413 => send(App::start().await.post().body(" ".repeat(64 * 1024 + 1))).await,
        415 => {
            let app = App::start().await;
            send(app.request(Method::POST, "/users").bearer_auth(app.token("write:users")).body(user.to_string())).await
        }
        422 => {
            let app = App::start().await;
            send(app.post().header("idempotency-key", "k1").body(user.to_string())).await.assert_created();
            send(app.post().header("idempotency-key", "k1").body(minimal("b@example.com").to_string())).await
        }
        429 => {
            let app = App::with(|config| config.rate_limit = NonZeroU32::new(1)).await;
            use_up_the_rate(&app, &app.token("write:users")).await
        }
        500 => App::on(Arc::new(Faulty(panicking)), |_| {}).await.create(&user).await,
        503 => App::on(Arc::new(Faulty(unavailable)), |_| {}).await.create(&user).await,
        other => panic!("no test reaches {other}"),
    }
}

#[tokio::test]
async fn every_documented_status_is_reached_with_its_headers() {
    let document = api::document().unwrap().value().clone();
    let responses = document["paths"]["/users"]["post"]["responses"].as_object().unwrap();
    let mut codes = BTreeSet::new();
    for status in responses.keys() {
        let answer = reach(status.parse().unwrap()).await;
        assert_eq!(answer.status.to_string(), *status, "{:#}", answer.body);
        match answer.status {
            201 => answer.assert_created(),
            number => {
                let code = answer.body["code"].as_str().unwrap();
                answer.assert_problem(number, code);
                codes.insert(code.to_owned());
            }
        }
        let component = responses[status]["$ref"]
            .as_str()
            .map_or(&responses[status], |reference| document.pointer(reference.trim_start_matches('#')).unwrap());
        for (name, header) in component["headers"].as_object().unwrap() {
            let header = header["$ref"].as_str().map_or(header, |at| document.pointer(at.trim_start_matches('#')).unwrap());
            assert!(!answer.header(name).is_empty() || header["required"] != true, "{status} has no {name}");
        }
        assert!(!answer.body.to_string().contains("secret"), "{:#}", answer.body);
    }
    let documented = document["components"]["schemas"]["ProblemCode"]["enum"].as_array().unwrap();
    codes.insert("PRECONDITION_FAILED".to_owned()); // Only updateUser answers so: users.rs.
    assert_eq!(codes, documented.iter().map(|code| code.as_str().unwrap().to_owned()).collect(), "the closed set of codes");
}

#[tokio::test]
async fn a_challenge_tells_what_is_wrong_with_the_token() {
    assert_eq!(reach(401).await.header("www-authenticate"), "Bearer");
    assert_eq!(reach(403).await.header("www-authenticate"), r#"Bearer error="insufficient_scope", scope="write:users""#);
    assert_eq!(reach(405).await.header("allow"), "POST, GET");
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_read() {
    let app = App::start().await;
    let user = minimal("a@example.com").to_string();
    let padded = user.clone() + &" ".repeat(64 * 1024 - user.len());
    send(app.post().body(padded.clone())).await.assert_created();
    send(app.post().body(padded + " ")).await.assert_problem(413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn too_many_requests_under_way_and_a_stuck_store_are_503() {
    let app = App::with(|config| config.max_requests = 0).await;
    app.create(&minimal("a@example.com")).await.assert_problem(503, "SERVICE_UNAVAILABLE");

    let app = App::on(Arc::new(Stuck), |config| config.request_timeout = Duration::from_millis(50)).await;
    let answer = app.create(&minimal("a@example.com")).await;
    answer.assert_problem(503, "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn one_caller_does_not_use_up_the_rate_of_another() {
    let issuer = RealIssuer::start().await;
    let app = App::with(|config| {
        config.issuer = issuer.settings();
        config.rate_limit = NonZeroU32::new(1);
    })
    .await;
    let [one, other] = ["one", "other"].map(|subject| issuer.sign(json!({ "sub": subject })));
    use_up_the_rate(&app, &one).await.assert_problem(429, "TOO_MANY_REQUESTS");
    assert_eq!(broken(&app, &other).await.status, 400);
    // Without a valid token a request counts for nobody.
    assert_eq!(send(app.request(Method::POST, "/users").body("{}")).await.status, 401);
}

#[tokio::test]
async fn a_caller_is_told_what_is_left_of_its_rate() {
    let app = App::with(|config| config.rate_limit = NonZeroU32::new(100)).await;
    let created = app.create(&minimal("a@example.com")).await;
    created.assert_created();
    let taken = app.create(&minimal("a@example.com")).await;
    let refused = broken(&app, &app.token("write:users")).await;
    for (answer, status) in [(&created, 201), (&taken, 409), (&refused, 400)] {
        assert_eq!((answer.status, answer.header("ratelimit-policy")), (status, "\"caller\";q=100;w=1"));
        let left = answer.header("ratelimit").strip_prefix("\"caller\";r=").and_then(|rest| rest.strip_suffix(";t=1"));
        assert!(left.is_some_and(|left| left.parse::<u32>().is_ok_and(|left| left < 100)), "{:?}", answer.headers);
    }
    // Who is not known has no rate, and without a limit nobody has one.
    let unknown = send(app.request(Method::POST, "/users").body("{}")).await;
    let unlimited = App::start().await.create(&minimal("a@example.com")).await;
    for answer in [unknown, unlimited] {
        assert!(!answer.headers.contains_key("ratelimit") && !answer.headers.contains_key("ratelimit-policy"));
    }
    let refused = reach(429).await;
    assert_eq!(refused.header("ratelimit"), format!("\"caller\";r=0;t={}", refused.header("retry-after")));
}

#[tokio::test]
async fn a_head_that_does_not_arrive_ends_the_connection() {
    let app = App::with(|config| config.header_timeout = Duration::from_millis(50)).await;
    assert_eq!(raw(&app, b"POST /users HTTP/1.1\r\nHost: x\r\n").await, "");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let app = App::start().await;
    let head = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nx: {}\r\n\r\n", "x".repeat(20_000));
    let answer = raw(&app, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}
