//! A server for one test, and what a test asks of its answers.

use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use clap::Parser;
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use tempfile::TempDir;
use users_api::{
    auth::LocalIssuer,
    config::Config,
    server::Server,
    store::{MemoryStore, UserStore},
};

use crate::log;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

/// The local issuer's key, made once for all tests: it is what takes longest at a first start.
static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    LocalIssuer::open(folder.path()).unwrap();
    std::fs::read(folder.path().join(LocalIssuer::FILE)).unwrap()
});

/// A running server: port 0, its own data folder, responses checked against the document; and the store that it has.
pub struct App<S = MemoryStore> {
    pub url: String,
    pub issuer: Option<LocalIssuer>,
    pub store: Arc<S>,
    pub metrics: Option<SocketAddr>,
    pub client: Client,
    _data: TempDir,
}

/// Settings for a test in this data folder.
pub fn config(data: &TempDir) -> Config {
    let flags = ["users-api", "--host", "127.0.0.1", "--port", "0", "--check-responses", "--data-dir"];
    Flags::parse_from(flags.map(Into::into).into_iter().chain([data.path().as_os_str().to_owned()])).config
}

impl App {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(Arc::new(MemoryStore::default()), change).await
    }
}

impl<S: UserStore + 'static> App<S> {
    /// With another store.
    pub async fn on(store: Arc<S>, change: impl FnOnce(&mut Config)) -> Self {
        log::search();
        let data = TempDir::new().unwrap();
        std::fs::write(data.path().join(LocalIssuer::FILE), KEY.as_slice()).unwrap();
        let mut config = config(&data);
        change(&mut config);
        let server = Server::bind_with(&config, store.clone()).await.unwrap();
        let url = format!("http://{}", server.address());
        let metrics = server.metrics_address();
        let issuer = config.issuer.issuer.is_none().then(|| LocalIssuer::open(data.path()).unwrap());
        tokio::spawn(server.run(std::future::pending())); // It ends with the test's runtime.
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { url, issuer, store, metrics, client, _data: data }
    }

    /// `127.0.0.1:port`, for a raw connection.
    pub fn authority(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// A token with this scope.
    pub fn token(&self, scope: &str) -> String {
        self.issuer.as_ref().unwrap().token(scope, Duration::from_secs(600)).unwrap()
    }

    /// A request without credentials.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// `POST /users` with a good token and media type; the body is up to the test.
    pub fn post(&self) -> RequestBuilder {
        self.request(Method::POST, "/users").bearer_auth(self.token("write:users")).header("content-type", "application/json")
    }

    /// Creates, or fails to.
    pub async fn create(&self, user: &Value) -> Answer {
        send(self.post().body(user.to_string())).await
    }
}

impl<S> Drop for App<S> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(log::leaks(), Vec::<String>::new(), "the log tells what was sent");
        }
    }
}

/// A valid user with only what is required.
pub fn minimal(email: &str) -> Value {
    json!({
        "email": email, "firstName": "Ada", "lastName": "Lovelace", "dateOfBirth": "1990-05-15", "residencyCountry": "GR"
    })
}

/// A valid user with everything.
pub fn complete(email: &str) -> Value {
    json!({
        "email": email, "firstName": "Ada", "lastName": "Lovelace", "dateOfBirth": "1990-05-15", "residencyCountry": "GR",
        "language": "el", "nationality": "GB",
        "address": { "line1": "12 Ermou", "line2": "Third floor", "city": "Athens", "postalCode": "105 63", "countryCode": "GR" },
        "taxResidency": { "countryCode": "GR", "proofType": "TIN", "value": "123456789" },
        "employmentInfo": {
            "incomeRangeId": "20k-50k", "employmentStatus": "FullTime", "sourcesOfWealth": ["Salary", "Savings"],
            "industry": "Education"
        }
    })
}

/// An answer, read whole.
#[must_use]
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn assert_created(&self) {
        assert_eq!(self.status, 201, "{:#}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
    }

    /// Checks that it is a problem with this status, in the shape of every error.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{:#}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], "about:blank");
        assert!(!self.header("x-request-id").is_empty());
    }

    /// Checks that it is a 400 or 409 with exactly these `pointer rule` entries.
    #[track_caller]
    pub fn assert_refused(&self, expected: &[&str]) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{} {:#}", self.status, self.body);
        let mut found: Vec<String> = self.body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| format!("{} {}", error["pointer"].as_str().unwrap(), error["rule"].as_str().unwrap()))
            .collect();
        let mut expected: Vec<String> = expected.iter().map(|entry| (*entry).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{} {:#}", self.status, self.body);
    }
}
