//! A generated server, as part of this test: it refuses what the document forbids, and says of the rest that it is not written yet.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

#[path = "../support/mod.rs"]
mod support;

macro_rules! generated {
    ($($name:ident)*) => {
        $(#[rustfmt::skip] #[allow(dead_code, unused_imports, clippy::all, missing_docs)] pub mod $name;)*
    };
}

generated! { answer api body parameters prelude security types }

use openapi_server::{Document, Server, auth::LocalIssuer};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::{future, sync::Arc, time::Duration};
use tempfile::TempDir;

#[test]
fn the_sources_are_what_is_generated() {
    support::assert_written("pets");
}

/// As in the generated `lib.rs`.
pub const DOCUMENT: &str = include_str!("../documents/pets.yaml");

/// A server that is put together as in the generated `lib.rs`, but for its key, which is not kept.
struct Pets {
    url: String,
    issuer: Arc<LocalIssuer>,
}

impl Pets {
    async fn start() -> Self {
        let issuer = Arc::new(LocalIssuer::open(TempDir::new().unwrap().path(), "urn:pets", "pets").unwrap());
        let server = Server::new(Document::parse(DOCUMENT).unwrap()).local_issuer(Arc::clone(&issuer));
        let server = server.bind("127.0.0.1:0".parse().unwrap(), api::routes()).await.unwrap();
        let url = format!("http://{}", server.address());
        tokio::spawn(server.run(future::pending()));
        Self { url, issuer }
    }

    fn token(&self) -> String {
        self.issuer.token("write", Duration::from_secs(60)).unwrap()
    }

    fn create(&self, body: &Value) -> RequestBuilder {
        Client::new().post(format!("{}/pets", self.url)).json(body)
    }

    async fn get(&self, path: &str) -> Response {
        reqwest::get(format!("{}{path}", self.url)).await.unwrap()
    }
}

#[tokio::test]
async fn a_handler_that_is_not_written_says_so() {
    let pets = Pets::start().await;
    let answer = pets.get("/pets/7").await;
    assert_eq!(answer.status(), StatusCode::NOT_IMPLEMENTED);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem = json!({ "type": "about:blank", "title": "Not Implemented", "status": 501, "code": "NOT_IMPLEMENTED", "message": "getPet is not written yet." });
    assert_eq!(answer.json::<Value>().await.unwrap(), problem);
}

#[tokio::test]
async fn valid_requests_reach_their_handlers_with_all_that_they_take() {
    let pets = Pets::start().await;
    assert_eq!(pets.get("/pets?limit=10&kind=cat&kind=dog").await.status(), 501);
    let valid = json!({ "name": "Tom", "kind": "cat", "owner": { "name": "Ann", "e-mail": null } });
    assert_eq!(pets.create(&valid).bearer_auth(pets.token()).send().await.unwrap().status(), 501);
    for body in ["", "{\"text\":\"shy\"}"] {
        let note = Client::new().patch(format!("{}/pets/7", pets.url)).header("content-type", "application/json").body(body);
        assert_eq!(note.send().await.unwrap().status(), 501, "{body:?} is a body that may be absent");
    }
}

#[tokio::test]
async fn what_the_document_forbids_reaches_no_handler() {
    let pets = Pets::start().await;
    for (path, status) in [("/pets/seven", 400), ("/pets?limit=0", 400), ("/pets?kind=bird", 400), ("/birds", 404)] {
        assert_eq!(pets.get(path).await.status(), status, "{path}");
    }
    let invalid = json!({ "name": "", "kind": "cat" });
    assert_eq!(pets.create(&invalid).send().await.unwrap().status(), 401);
    assert_eq!(pets.create(&invalid).bearer_auth(pets.token()).send().await.unwrap().status(), 400);
}
