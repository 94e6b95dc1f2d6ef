//! An issuer's key set over HTTP, with whatever answer a test wants.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use openapi_server::auth::{KeySetUrl, Verifier};
use poem::{
    Endpoint, Request, Response, Result, Server,
    http::StatusCode,
    listener::{Acceptor, Listener, TcpListener},
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::key::{AUDIENCE, ISSUER, Key};

/// Serves its answer until the test's runtime ends.
#[derive(Clone)]
pub struct IssuerServer {
    pub url: String,
    answer: Arc<Mutex<Answer>>,
    fetches: Arc<AtomicUsize>,
    /// A permit for each answer that may be sent.
    gate: Arc<Semaphore>,
}

/// Names and values.
pub type Headers = &'static [(&'static str, &'static str)];

#[derive(Clone)]
struct Answer {
    status: StatusCode,
    headers: Headers,
    body: String,
}

struct Endless(IssuerServer);

impl Endpoint for Endless {
    type Output = Response;

    async fn call(&self, _: Request) -> Result<Response> {
        self.0.fetches.fetch_add(1, Ordering::SeqCst);
        self.0.gate.acquire().await.unwrap().forget();
        let Answer { status, headers, body } = self.0.answer.lock().unwrap().clone();
        let response =
            headers.iter().fold(Response::builder().status(status), |response, (name, value)| response.header(*name, *value));
        Ok(response.body(body))
    }
}

impl IssuerServer {
    /// Answers with a set of these keys.
    pub async fn start(keys: &[&Key]) -> Self {
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let url = format!("http://{}/jwks.json", acceptor.local_addr()[0].as_socket_addr().unwrap());
        let answer = Answer { status: StatusCode::OK, headers: &[], body: set(keys) };
        let server = Self {
            url,
            answer: Arc::new(Mutex::new(answer)),
            fetches: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        };
        tokio::spawn(Server::new_with_acceptor(acceptor).run(Endless(server.clone())));
        server
    }

    /// From now on the set has these keys.
    pub fn publish(&self, keys: &[&Key]) {
        self.answer(200, &[], &set(keys));
    }

    /// From now on the answer is this one.
    pub fn answer(&self, status: u16, headers: Headers, body: &str) {
        *self.answer.lock().unwrap() = Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.to_owned() };
    }

    /// From now on no answer is sent until it is let through.
    pub fn hold(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Lets one answer through.
    pub fn let_through(&self) {
        self.gate.add_permits(1);
    }

    /// How often it was asked.
    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    /// A verifier of this issuer's tokens.
    pub fn verifier(&self) -> Verifier {
        verifier(&self.url)
    }
}

/// A verifier whose key set is at this address.
pub fn verifier(url: &str) -> Verifier {
    let max_stale = std::time::Duration::from_secs(60 * 60);
    Verifier::of_issuer(ISSUER, AUDIENCE, KeySetUrl::parse(url).unwrap(), max_stale).unwrap()
}

/// These keys as a set.
pub fn set(keys: &[&Key]) -> String {
    json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<Value>>() }).to_string()
}
