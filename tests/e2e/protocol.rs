//! HTTP and JSON, beyond the schema: routes, media types, the order of the checks, request ids.

use reqwest::Method;
use serde_json::Value;

use crate::{
    app::{App, minimal, send},
    statuses::raw,
};

#[tokio::test]
async fn only_documented_paths_and_methods_exist() {
    let app = App::start().await;
    for path in ["/user", "/users/", "/users/64f0c51e7fb3fc001234a001/x", "//users", "/Users", "/users%20", "/docs/nothing"] {
        send(app.request(Method::POST, path)).await.assert_problem(if path == "/docs/nothing" { 405 } else { 404 }, {
            if path == "/docs/nothing" { "METHOD_NOT_ALLOWED" } else { "NOT_FOUND" }
        });
    }
    for (path, methods, allowed) in [
        ("/users", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"], "POST, GET"),
        ("/users/64f0c51e7fb3fc001234a001", ["PUT", "POST", "LINK", "OPTIONS", "TRACE", "PROPFIND"], "GET, PATCH, DELETE"),
    ] {
        for method in methods {
            let answer = send(app.request(method.parse().unwrap(), path)).await;
            answer.assert_problem(405, "METHOD_NOT_ALLOWED");
            assert_eq!(answer.header("allow"), allowed, "{method} {path}");
        }
    }
    let head = send(app.request(Method::HEAD, "/users")).await;
    assert_eq!((head.status, head.header("allow"), &head.body), (405, "POST, GET", &Value::Null));
    let answer = send(app.request(Method::POST, "/healthz")).await;
    answer.assert_problem(405, "METHOD_NOT_ALLOWED");
    assert_eq!(answer.header("allow"), "GET, HEAD");
}

#[tokio::test]
async fn a_query_does_not_change_the_route() {
    let app = App::start().await;
    let request = app.request(Method::POST, "/users?x=1").bearer_auth(app.token("write:users"));
    send(request.json(&minimal("a@example.com"))).await.assert_created();
}

#[tokio::test]
async fn checks_come_in_their_order() {
    let app = App::start().await;
    let large = "x".repeat(70_000);
    let good = app.token("write:users");
    // Each request breaks this rule and every later one.
    let steps = [
        (app.request(Method::POST, "/nothing"), 404),
        (app.request(Method::PUT, "/users"), 405),
        (app.request(Method::POST, "/users"), 401),
        (app.request(Method::POST, "/users").bearer_auth(app.token("read:users")), 403),
        (app.request(Method::POST, "/users").bearer_auth(&good).header("content-type", "text/plain"), 415),
        (app.request(Method::POST, "/users").bearer_auth(&good).header("content-type", "application/json"), 413),
    ];
    for (request, status) in steps {
        assert_eq!(send(request.body(large.clone())).await.status, status);
    }
}

#[tokio::test]
async fn json_is_the_only_media_type() {
    let app = App::start().await;
    let accepted = [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "application/json ; charset=utf-8;",
        "application/json; v=1",
    ];
    for (index, media_type) in accepted.into_iter().enumerate() {
        let user = minimal(&format!("user{index}@example.com")).to_string();
        let request = app.request(Method::POST, "/users").bearer_auth(app.token("write:users"));
        send(request.header("content-type", media_type).body(user)).await.assert_created();
    }
    let refused = [
        "",
        "json",
        "text/json",
        "text/plain",
        "application/xml",
        "application/json; charset=utf-16",
        "application/problem+json",
        "application/*",
        "*/*",
    ];
    for media_type in refused {
        let request = app.request(Method::POST, "/users").bearer_auth(app.token("write:users"));
        let answer = send(request.header("content-type", media_type).body(minimal("b@example.com").to_string())).await;
        assert_eq!(answer.status, 415, "{media_type:?}");
    }
    let twice = app.post().header("content-type", "application/json").body("{}");
    send(twice).await.assert_problem(415, "UNSUPPORTED_MEDIA_TYPE");
    let coded = app.post().header("content-encoding", "gzip").body("{}");
    send(coded).await.assert_problem(415, "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn a_body_that_is_not_strict_json_is_refused_as_syntax() {
    let app = App::start().await;
    let user = minimal("a@example.com").to_string();
    let twice = user.replacen('{', "{\"email\":\"b@example.com\",", 1);
    let bodies: [Vec<u8>; 7] = [
        Vec::new(),
        user[..user.len() - 1].into(),
        format!("{user}{user}").into(),
        format!("\u{feff}{user}").into(),
        user.replace("Ada", "A\u{1}a").into(),
        twice.into(),
        user.replace("Ada", "\\ud800").into(),
    ];
    for body in bodies {
        let answer = send(app.post().body(body)).await;
        answer.assert_problem(400, "BAD_REQUEST");
        answer.assert_refused(&[" syntax"]);
    }
    let invalid_utf8 = user.into_bytes().into_iter().map(|byte| if byte == b'A' { 0xFF } else { byte }).collect::<Vec<_>>();
    send(app.post().body(invalid_utf8)).await.assert_refused(&[" syntax"]);
}

#[tokio::test]
async fn a_chunked_body_is_read_like_any_other() {
    let app = App::start().await;
    let user = minimal("a@example.com").to_string();
    let (one, two) = user.split_at(10);
    let request = format!(
        "POST /users HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
        app.token("write:users"),
        one.len(),
        two.len()
    );
    let answer = raw(&app, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}

#[tokio::test]
async fn a_request_id_is_taken_over_when_sane_and_made_when_not() {
    let app = App::start().await;
    let with = |id: &'static str| send(app.request(Method::GET, "/users").header("x-request-id", id));
    assert_eq!(with("order-66.b_7").await.header("x-request-id"), "order-66.b_7");
    let (one, two) = (with("not sane").await, with("not sane").await);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    assert!(one.header("x-request-id").len() <= 64 && !one.header("x-request-id").contains(' '));
}
