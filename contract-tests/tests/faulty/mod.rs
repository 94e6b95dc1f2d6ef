//! A small API server that serves any OpenAPI document as it promises, or with one named fault.
//!
//! It shares no code with the real server, so that a mistake cannot be on both sides. What it does is the same: it checks in the
//! order 404, 405 → 401, 403 → 415 → 413 → 400 → 409, lists every violation where the document's error body has `errors`, and
//! makes the answer of the document's success out of the request.
//!
//! - `document`: the OpenAPI document, compiled
//! - `server`: a request on its way from bytes to the answer, and where a fault interferes
//! - `answer`: bodies and headers out of schemas
//! - `door`: who may pass; `key`: whose tokens
//! - `store`: what is kept
//! - `faults`: the list
//! - `client`: what the tests of the server itself ask it with

#![allow(dead_code, unused_imports, reason = "each test binary includes this module and uses another part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up fails")]

mod answer;
pub mod client;
mod document;
mod door;
mod faults;
mod key;
mod parsing;
mod server;
mod store;

use std::sync::Arc;

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};

pub use self::{
    faults::{Edit, Effect, Fault, Group, RULES, faults},
    store::Store,
};
use self::{key::KEY, server::Server};

/// A running server; it stops when this is dropped.
pub struct Faulty {
    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub url: String,
    store: Arc<Store>,
    listening: JoinHandle<()>,
}

impl Faulty {
    /// Serves the document on a free port. Edits of a fault change only what requests are held to, not the answers.
    pub async fn start(document: &Value, fault: Option<Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Arc::new(Server::new(document, fault));
        let store = Arc::clone(&server.store);
        let listening = tokio::spawn(listen(listener, server));
        Self { url, store, listening }
    }

    /// What the server has stored.
    pub fn store(&self) -> Arc<Store> {
        Arc::clone(&self.store)
    }

    /// What mints tokens that the server accepts: private key (PEM, PKCS #8), `kid`, issuer and audience. The key is made anew in
    /// each process.
    pub fn signing_key() -> (String, String, String, String) {
        (KEY.private_pem.clone(), key::KID.to_owned(), key::ISSUER.to_owned(), key::AUDIENCE.to_owned())
    }

    /// A token that is valid for an hour. `changes` are other claims, in the place of these; `null` removes one.
    pub fn token(changes: &Value) -> String {
        let header = Header { kid: Some(key::KID.to_owned()), ..Header::new(Algorithm::RS256) };
        encode(&header, &Self::claims(changes), &EncodingKey::from_rsa_pem(KEY.private_pem.as_bytes()).unwrap()).unwrap()
    }

    /// The claims of [`Faulty::token`].
    pub fn claims(changes: &Value) -> Value {
        let now = get_current_timestamp();
        let mut claims = json!({"iss": key::ISSUER, "aud": key::AUDIENCE, "iat": now, "exp": now + 3600});
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        claims
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.listening.abort(); // With the task goes its set of connections.
    }
}

async fn listen(listener: TcpListener, server: Arc<Server>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        while connections.try_join_next().is_some() {}
        let server = Arc::clone(&server);
        connections.spawn(async move {
            let service = service_fn(|request| server.handle(request));
            // An error is the client's: it went away or did not speak HTTP.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
