//! The examples serve their document: `examples/greeting.rs` and `examples/axum.rs`, asked over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use serde_json::{Value, json};

#[expect(dead_code, reason = "the test calls `app` and not `main`")]
#[path = "../examples/axum.rs"]
mod axum_app;
#[expect(dead_code, reason = "the test calls `serve` and not `main`")]
#[path = "../examples/greeting.rs"]
mod greeting;

#[tokio::test]
async fn the_example_answers_and_enforces_its_document() {
    let server = greeting::serve("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", server.address());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async { drop(stopped.await) }));

    greets(&url).await;

    stop.send(()).unwrap();
    assert!(running.await.unwrap());
}

#[tokio::test]
async fn so_does_the_one_with_handlers_of_axum() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = axum_app::app().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });

    greets(&url).await;

    serving.abort();
}

/// A document of its own may have the paths that the server has.
#[tokio::test]
async fn a_document_has_its_paths_also_where_the_server_has_one() {
    let document = openapi_server::Document::parse(
        r#"
openapi: 3.1.0
info: { title: Own, version: "1" }
paths:
  /: { get: { responses: { "200": { description: Root. } } } }
  /healthz: { get: { responses: { "200": { description: Health. } } } }
  /{name}: { get: { parameters: [{ name: name, in: path, required: true, schema: {} }], responses: { "200": { description: Any. } } } }
"#,
    )
    .unwrap();
    let handlers = poem::endpoint::make_sync(|request: poem::Request| format!("handler of {}", request.uri().path()));
    let server = openapi_server::Server::new(document).bind("127.0.0.1:0".parse().unwrap(), handlers).await.unwrap();
    let url = format!("http://{}", server.address());
    let running = tokio::spawn(server.run(std::future::pending()));
    let ask = async |path: &str| reqwest::get(format!("{url}{path}")).await.unwrap().text().await.unwrap();
    for path in ["/", "/healthz", "/other"] {
        assert_eq!(ask(path).await, format!("handler of {path}"));
    }
    assert_eq!(ask("/readyz").await, "ok\n");
    assert!(ask("/docs/").await.contains("swagger"), "{}", ask("/docs/").await);
    running.abort();
}

async fn greets(url: &str) {
    let ask = async |path: &str| {
        let response = reqwest::get(format!("{url}{path}")).await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    assert_eq!(ask("/greeting?name=Ada").await, (200, json!("Hello, Ada!")));
    assert_eq!(ask("/nothing").await.0, 404);
    for (path, rule) in
        [("/greeting", "required"), ("/greeting?name=", "minLength"), ("/greeting?name=123456789012345678901", "maxLength")]
    {
        let (status, problem) = ask(path).await;
        assert_eq!((status, &problem["errors"][0]["rule"]), (400, &json!(rule)), "{path}: {problem}");
    }
}
