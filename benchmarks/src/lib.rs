//! What `benches/instructions.rs` counts, each made ready as a server has it when a request comes.

#![allow(clippy::unwrap_used, missing_docs, reason = "what cannot be made ready cannot be counted")]

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{SecondsFormat, Utc};
use contract_tests::{
    compat::verdict,
    survey::{Judging, Planning},
};
use futures_util::{FutureExt, future::BoxFuture, stream};
use http::{HeaderMap, HeaderValue, Method, Uri, header::AUTHORIZATION, header::CONTENT_TYPE};
use openapi_server::{
    Document,
    auth::{Authenticator, Authenticators, Caller, Credential, LocalIssuer, Rejection, Verifier},
    contract::{Contract, ContractError, Head, Limits},
    envelope::Envelope,
};
use poem::{Endpoint, EndpointExt, IntoEndpoint, Request, endpoint::BoxEndpoint};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use users_api::{api, store::MemoryStore};

const YAML: &str = include_str!("../../openapi.yaml");

/// The example of the document for `POST /users`.
const EXAMPLE: &[u8] = br#"{"email":"john.doe@example.com","firstName":"John","lastName":"Doe","dateOfBirth":"1990-05-15","residencyCountry":"GR","language":"en","nationality":"GR"}"#;

/// Breaks six rules of the schema.
const INVALID: &[u8] = br#"{"email":"john.doe","firstName":"","lastName":"","dateOfBirth":"1990-15-15","residencyCountry":"gr","language":"english","nationality":"GR"}"#;

/// Where the document says nothing about the body: what is left is to parse it.
const ANYTHING: &str = r##"{"openapi":"3.1.0","info":{"title":"x","version":"1"},"paths":{"/users":{"post":{"requestBody":{"required":true,
    "content":{"application/json":{"schema":true}}},"responses":{"201":{"description":"x"}}}}}}"##;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// Lets everybody do everything.
struct Everybody;

impl Authenticator for Everybody {
    fn authenticate<'a>(&'a self, _: Credential<'a>) -> BoxFuture<'a, Result<Caller, Rejection>> {
        async move { Ok(Caller::new("anybody", ["write:users".to_owned()])) }.boxed()
    }
}

/// A body before a contract.
pub struct Body {
    runtime: Runtime,
    contract: Contract,
    uri: Uri,
    headers: HeaderMap,
    body: &'static [u8],
}

impl Body {
    fn new(document: &str, body: &'static [u8]) -> Self {
        let limits = Limits { check_responses: false, ..Limits::default() };
        let everybody = Authenticators::default().tokens(Everybody);
        let contract = Contract::compile(&Document::parse(document).unwrap(), everybody, limits).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        headers.insert("content-length", HeaderValue::from(body.len()));
        let made = Self { runtime: runtime(), contract, uri: Uri::from_static("/users"), headers, body };
        // What is made at the first request is made then.
        assert_eq!(made.admitted(), body == EXAMPLE, "something else would be counted");
        made
    }

    pub fn of_anything() -> Self {
        Self::new(ANYTHING, EXAMPLE)
    }

    pub fn valid() -> Self {
        Self::new(YAML, EXAMPLE)
    }

    pub fn invalid() -> Self {
        Self::new(YAML, INVALID)
    }

    /// Whether the contract admits it.
    pub fn admitted(&self) -> bool {
        let head = Head { method: &Method::POST, uri: &self.uri, headers: &self.headers };
        let mut body = stream::iter([Ok::<_, Infallible>(Bytes::from_static(self.body))]);
        let matched = self.contract.route(head).map_err(drop).unwrap();
        self.runtime.block_on(self.contract.admit(&matched, head, &mut body)).is_ok()
    }
}

/// An RS256 token before the verifier of its issuer.
pub struct Token {
    runtime: Runtime,
    verifier: Verifier,
    token: String,
}

fn issuer() -> LocalIssuer {
    let folder = tempfile::tempdir().unwrap();
    LocalIssuer::open(folder.path(), "https://issuer.example/", "users-api").unwrap()
}

impl Token {
    /// One that the verifier has not seen.
    pub fn new() -> Self {
        let issuer = issuer();
        let token = issuer.token("write:users", Duration::from_secs(3600)).unwrap();
        Self { runtime: runtime(), verifier: issuer.verifier().unwrap(), token }
    }

    /// One that it remembers.
    pub fn seen() -> Self {
        let token = Self::new();
        assert!(token.verified());
        token
    }

    pub fn verified(&self) -> bool {
        self.runtime.block_on(self.verifier.verify(&self.token)).is_ok()
    }
}

impl Default for Token {
    fn default() -> Self {
        Self::new()
    }
}

/// A whole request but for the network: envelope, contract, token, handler and the store in memory.
pub struct Exchange {
    runtime: Runtime,
    server: BoxEndpoint<'static, poem::Response>,
    token: String,
    body: &'static [u8],
}

impl Exchange {
    fn new(body: &'static [u8]) -> Self {
        let (issuer, store) = (issuer(), Arc::new(MemoryStore::default()));
        let token = issuer.token("write:users", Duration::from_secs(3600)).unwrap();
        let tokens = Authenticators::default().tokens(issuer.verifier().unwrap());
        let limits = Limits { check_responses: false, ..Limits::default() };
        let contract = Arc::new(Contract::compile(&api::document().unwrap(), tokens, limits).unwrap());
        let runtime = runtime();
        let service = api::service(&(store as Arc<dyn users_api::store::UserStore>));
        let server = Envelope::new(contract.enforce(service.into_endpoint()), 64, 64, Duration::from_secs(30)).boxed();
        let made = Self { runtime, server, token, body };
        made.status(b"{}"); // The token is remembered.
        made
    }

    pub fn created() -> Self {
        Self::new(EXAMPLE)
    }

    pub fn refused() -> Self {
        Self::new(INVALID)
    }

    fn status(&self, body: &'static [u8]) -> u16 {
        let request = Request::builder()
            .method(Method::POST)
            .uri(Uri::from_static("/users"))
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header("host", "users.example")
            .header("content-length", body.len())
            .body(body);
        self.runtime.block_on(self.server.get_response(request)).status().as_u16()
    }

    /// The status of the answer.
    pub fn answered(&self) -> u16 {
        self.status(self.body)
    }
}

/// A document of so many operations, and a copy in which a component that all share has changed.
pub struct Copies {
    old: contract_tests::Document,
    new: contract_tests::Document,
}

impl Copies {
    pub fn new(operations: usize) -> Self {
        let old = content(operations);
        let mut new = old.clone();
        new["components"]["schemas"]["Item"]["properties"]["items"]["maxItems"] = json!(8);
        let [old, new] = [old, new].map(|json| contract_tests::Document::parse("x.json", json.to_string()).unwrap());
        Self { old, new }
    }

    /// How many changes break somebody.
    pub fn breaks(&self) -> usize {
        verdict::compare(&self.old, &self.new, &verdict::Options::default()).unwrap().breaking().count()
    }
}

/// The answer to a creation, before the judges.
pub fn judging() -> Judging {
    let document = contract_tests::Document::parse("openapi.yaml", YAML).unwrap();
    let judging = Judging::of(document, "createUser", |request| {
        let mut user: Value = serde_json::from_slice(request.body.as_deref().unwrap_or_default()).unwrap();
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        for (name, value) in [("portfolios", json!([])), ("createdAt", json!(now)), ("updatedAt", json!(now))] {
            user[name] = value;
        }
        user["id"] = json!("64f0c51e7fb3fc001234a001");
        let nationality = user.as_object_mut().and_then(|user| user.shift_remove("nationality"));
        user["nationalities"] = nationality.into_iter().collect();
        let headers = [
            ("content-type", "application/json"),
            ("location", "/users/64f0c51e7fb3fc001234a001"),
            ("etag", "\"64f0c51e7fb3fc001234a001\""),
            ("x-request-id", "0192f5a6-3f6e-7c31-9a52-5c1b1e1f1a2b"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        contract_tests::Response { status: 201, headers: headers.into(), body: user.to_string().into_bytes() }
    });
    let judging = judging.unwrap();
    judging.findings().unwrap(); // What is made at the first answer is made now.
    judging
}

/// A document of so many operations, each with parameters, a body and answers of its own, of components that they share.
pub fn document(operations: usize) -> Document {
    Document::parse(content(operations).to_string()).unwrap()
}

fn content(operations: usize) -> Value {
    let paths: serde_json::Map<String, Value> = (0..operations)
        .map(|index| {
            let name = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string", "pattern": "^[a-z]{1,20}$" } });
            let size = json!({ "name": "size", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 100 + index } });
            let own = json!({ "type": "object", "required": ["name"], "properties": {
                "name": { "type": "string", "maxLength": 10 + index },
                "item": { "$ref": "#/components/schemas/Item" },
            } });
            let content = json!({ "application/json": { "schema": own } });
            let operation = json!({
                "parameters": [name, size],
                "requestBody": { "required": true, "content": content },
                "responses": { "200": { "description": "x", "content": content }, "400": { "$ref": "#/components/responses/Refused" } },
            });
            (format!("/things{index}/{{id}}"), json!({ "put": operation }))
        })
        .collect();
    let item = json!({ "type": "object", "properties": {
        "kind": { "enum": ["a", "b", "c"] },
        "items": { "type": "array", "maxItems": 9, "items": { "$ref": "#/components/schemas/Item" } },
    } });
    let problem = json!({ "type": "object", "properties": { "title": { "type": "string" }, "status": { "type": "integer" } } });
    let refused = json!({ "description": "x", "content": { "application/problem+json": { "schema": problem } } });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "x", "version": "1" },
        "paths": paths,
        "components": { "schemas": { "Item": item }, "responses": { "Refused": refused } },
    })
}

/// Compiles a contract, for which any credentials are right.
///
/// # Errors
///
/// [`ContractError`] where the document cannot be enforced.
pub fn compiled(document: &Document) -> Result<Contract, ContractError> {
    let schemes = document.value().pointer("/components/securitySchemes").and_then(Value::as_object);
    let schemes = schemes.into_iter().flat_map(|schemes| schemes.keys());
    let everybody = schemes.fold(Authenticators::default().tokens(Everybody), |all, name| all.scheme(name, Everybody));
    Contract::compile(document, everybody, Limits::default())
}

/// Plans every operation of `openapi.yaml`; returns the number of samples.
pub fn planned() -> usize {
    let document = contract_tests::Document::parse("openapi.yaml", YAML).unwrap();
    Planning::of(document, 1, Duration::MAX).unwrap().samples
}
