//! A small API server that serves any OpenAPI document as it promises, or with one named fault.
//!
//! It shares no code with the real server nor with the engine, so that a mistake cannot be on both sides. What it does is the same: it checks in the
//! order 404, 405 → 401, 403 → 415 → 413 → 400 → 409, lists every violation where the document's error body has `errors`, and
//! makes the answer of the document's success out of the request. A document can tell it what to answer: `x-answer` in a media type
//! is the body wherever the schema allows it, in a header its text, or null for no such header.
//!
//! - `document`: the OpenAPI document, compiled by `compile`; `view`: as one direction sees it, and its validators
//! - `parameter`: what a request says as text; `violation`: what a value breaks of its schema
//! - `server`: a request on its way from bytes to the answer, and where a fault interferes
//! - `answer`: bodies and headers out of schemas
//! - `security`: who may call an operation; `auth`: tokens and scopes; `key`: whose tokens
//! - `store`: what is kept; `list`: the part of it that is asked for
//! - `exchange`: a request as it is read, an answer before it is bytes; `fault`: where one interferes with them
//! - [`client`]: what the tests of the server itself ask it with

mod answer;
mod auth;
pub mod client;
mod compile;
mod document;
mod exchange;
mod fault;
mod key;
mod list;
mod parameter;
pub mod parsing;
mod security;
mod server;
mod store;
mod template;
mod view;
mod violation;

use std::{collections::BTreeSet, io, sync::Arc};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, Header, get_current_timestamp};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};

pub use self::{
    auth::AuthFault,
    document::Unservable,
    exchange::{Content, Reply, Seen},
    fault::{Edit, Effect, Fault, Group},
    security::{API_KEY, BASIC},
    store::{Store, StoreFault},
    violation::Violation,
};
use self::{key::KEY, server::Server, view::Compiled};

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The document cannot be served.
    #[error(transparent)]
    Unservable(#[from] Unservable),
    /// There is no free port.
    #[error("no port to listen on: {0}")]
    Listen(#[from] io::Error),
}

/// A running server; it stops when this is dropped.
pub struct Faulty {
    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub url: String,
    server: Arc<Server>,
    listening: JoinHandle<()>,
}

impl Faulty {
    /// Serves the document on a free port. Edits of a fault change only what requests are held to, not the answers.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub async fn start(document: &Value, fault: Option<Fault>) -> Result<Self, StartError> {
        Self::serve(Server::new(document, fault, &Compiled::default())?).await
    }

    /// Serves another document on a port of its own: a schema that both have is not compiled again.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub async fn beside(&self, document: &Value) -> Result<Self, StartError> {
        Self::serve(Server::new(document, None, self.server.compiled())?).await
    }

    async fn serve(server: Server) -> Result<Self, StartError> {
        let server = Arc::new(server);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let listening = tokio::spawn(listen(listener, Arc::clone(&server)));
        Ok(Self { url, server, listening })
    }

    /// What the server has stored.
    pub fn store(&self) -> Arc<Store> {
        Arc::clone(&self.server.store)
    }

    /// What mints tokens that the server accepts: private key (PEM, PKCS #8), `kid`, issuer and audience. The key is made anew in
    /// each process.
    pub fn signing_key() -> (String, String, String, String) {
        (KEY.private_pem.clone(), key::KID.to_owned(), key::ISSUER.to_owned(), key::AUDIENCE.to_owned())
    }

    /// A token that is valid for an hour. `changes` are other claims, in the place of these; `null` removes one.
    pub fn token(changes: &Value) -> String {
        let header = Header { kid: Some(key::KID.to_owned()), ..Header::new(Algorithm::RS256) };
        KEY.sign(&header, &Self::claims(changes))
    }

    /// The claims of [`Faulty::token`].
    pub fn claims(changes: &Value) -> Value {
        let now = get_current_timestamp();
        let mut claims = json!({"iss": key::ISSUER, "aud": key::AUDIENCE, "iat": now, "exp": now + 3600});
        for (name, value) in changes.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        if let Some(claims) = claims.as_object_mut() {
            claims.retain(|_, value| !value.is_null());
        }
        claims
    }
}

/// The responses of the document that the server can answer with, whatever it is asked (JSON Pointers).
///
/// # Errors
///
/// [`Unservable`].
pub fn answered(document: &Value) -> Result<BTreeSet<String>, Unservable> {
    server::answered(document)
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
