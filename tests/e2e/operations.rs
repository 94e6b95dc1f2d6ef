//! What an operator and a browser find beside the API.

use std::sync::Arc;

use reqwest::Method;
use users_api::{
    contract,
    store::{MemoryStore, UserStore},
};

use crate::app::{App, minimal, send};

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
    assert_eq!(send(app.request(Method::GET, "/openapi.json")).await.body, contract::embedded().unwrap());
}

#[tokio::test]
async fn every_way_leads_to_the_docs_and_they_load_only_from_here() {
    let app = App::start().await;
    for path in ["/", "/docs"] {
        let answer = send(app.request(Method::GET, path)).await;
        assert_eq!((answer.status, answer.header("location")), (307, "/docs/"), "{path}");
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
    let token = token.text().await.unwrap();
    let request = app.request(Method::POST, "/users").bearer_auth(token).json(&minimal("a@example.com"));
    send(request).await.assert_created();

    let rebound = app.request(Method::GET, "/docs/token").header("host", "evil.example:3000");
    send(rebound).await.assert_problem(404, "NOT_FOUND");
    let embedded = app.request(Method::GET, "/docs/token").header("sec-fetch-site", "cross-site");
    send(embedded).await.assert_problem(404, "NOT_FOUND");
}
