//! An issuer that changes its keys, is slow, or is away, and what callers see of it.

use std::{net::SocketAddr, sync::Arc};

use openapi_server::{Document, Server};
use poem::{Route, get, handler};
use reqwest::Client;
use serde_json::json;

use crate::{key::Key, server::IssuerServer};

#[handler]
fn things() -> &'static str {
    "[]"
}

/// A server with one operation for callers with the scope `read:things`.
struct Api {
    url: String,
    client: Client,
}

impl Api {
    async fn start(issuer: &IssuerServer) -> Arc<Self> {
        let document = json!({
            "openapi": "3.1.0", "info": { "title": "Things", "version": "1" },
            "components": { "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } } },
            "paths": { "/things": { "get": {
                "operationId": "listThings", "security": [{ "bearer": ["read:things"] }],
                "responses": { "200": { "description": "All things." } }
            } } }
        });
        let document = Document::parse(document.to_string()).unwrap();
        let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let builder = Server::new(document).verifier(issuer.verifier());
        let server = builder.bind(address, Route::new().at("/things", get(things))).await.unwrap();
        let url = format!("http://{}", server.address());
        tokio::spawn(server.run(std::future::pending()));
        Arc::new(Self { url, client: Client::new() })
    }

    async fn get(&self, path: &str, token: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.url)).bearer_auth(token).send().await.unwrap()
    }

    async fn status(&self, token: &str) -> u16 {
        self.get("/things", token).await.status().as_u16()
    }

    /// The statuses of all these tokens, sent at the same time.
    async fn statuses(self: &Arc<Self>, tokens: impl IntoIterator<Item = String>) -> Vec<u16> {
        let requests = tokens.into_iter().map(|token| {
            let api = Arc::clone(self);
            tokio::spawn(async move { api.status(&token).await })
        });
        futures_util::future::try_join_all(requests).await.unwrap()
    }
}

fn good(key: &Key) -> String {
    key.token(json!({}), json!({}))
}

#[tokio::test]
async fn a_rotation_needs_one_fetch_and_no_restart_and_a_withdrawn_key_is_done_with() {
    let (old, new) = (Key::p256("old"), Key::rsa("new"));
    let issuer = IssuerServer::start(&[&old]).await;
    let api = Api::start(&issuer).await;
    let old_token = good(&old);
    assert_eq!(api.statuses(vec![old_token.clone(); 3]).await, [200; 3]);
    assert_eq!(issuer.fetches(), 1);

    issuer.publish(&[&new]);
    issuer.hold();
    let requests = tokio::spawn({
        let (api, tokens) = (Arc::clone(&api), vec![good(&new); 20]);
        async move { api.statuses(tokens).await }
    });
    assert_eq!(api.status(&old_token).await, 200, "the others do not wait");
    issuer.let_through();
    assert_eq!(requests.await.unwrap(), [200; 20]);
    assert_eq!(issuer.fetches(), 2, "one fetch for all who waited");
    assert_eq!(api.status(&old_token).await, 401, "although it was verified before");
}

#[tokio::test]
async fn made_up_names_of_keys_cost_the_issuer_one_request() {
    let key = Key::p256("key");
    let issuer = IssuerServer::start(&[&key]).await;
    let api = Api::start(&issuer).await;
    assert_eq!(api.status(&good(&key)).await, 200);
    let made_up = (0..50).map(|number| key.token(json!({ "kid": number.to_string() }), json!({})));
    assert_eq!(api.statuses(made_up).await, [401; 50]);
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn what_cannot_be_judged_is_503_and_never_401() {
    let key = Key::p256("key");
    let issuer = IssuerServer::start(&[&key]).await;
    issuer.answer(500, &[], "");
    let api = Api::start(&issuer).await;
    let answer = api.get("/things", &good(&key)).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(api.status("garbage").await, 401, "which nobody's key makes better");
    assert_eq!(api.get("/readyz", "").await.status(), 503);
    assert_eq!(api.get("/healthz", "").await.status(), 200);
}

#[tokio::test]
async fn an_outage_changes_nothing_for_known_keys() {
    let (key, next) = (Key::p256("key"), Key::p256("next"));
    let issuer = IssuerServer::start(&[&key]).await;
    let api = Api::start(&issuer).await;
    assert_eq!(api.status(&good(&key)).await, 200);
    issuer.answer(500, &[], "");
    assert_eq!(api.status(&good(&next)).await, 503, "the issuer may have it by now");
    assert_eq!(api.status(&good(&key)).await, 200);
    assert_eq!(api.get("/readyz", "").await.status(), 200);
}
