//! The body of a request, before the contract of openapi.yaml: the contract never panics, and accepts what another validator accepts.

use std::{convert::Infallible, sync::LazyLock};

use boon::{SchemaIndex, Schemas};
use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::BoxFuture,
    stream::{self, Iter},
};
use http::{HeaderMap, HeaderValue, Method, Uri, header::CONTENT_TYPE};
use openapi_server::{
    Document,
    auth::{Authenticator, Authenticators, Caller, Credential, Rejection},
    contract::{Contract, Head, Limits},
    problem::Code,
};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

const DOCUMENT: &str = include_str!("../../openapi.yaml");

/// Where the body of each operation goes, what it is, and its schema.
const OPERATIONS: [(Method, &str, &str, &str); 2] = [
    (Method::POST, "/users", "application/json", "/components/schemas/CreateUser"),
    (Method::PATCH, "/users/64f0c51e7fb3fc001234a001", "application/merge-patch+json", "/components/schemas/UpdateUser"),
];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let limits = Limits { check_responses: false, ..Limits::default() };
    Contract::compile(&Document::parse(DOCUMENT).unwrap(), Authenticators::default().tokens(Everybody), limits).unwrap()
});

/// The schemas of the operations, in their order, as another validator has them.
static SCHEMAS: LazyLock<(Schemas, Vec<SchemaIndex>)> = LazyLock::new(|| {
    const ADDRESS: &str = "http://x/openapi";
    let document = openapi_document::Document::parse("openapi.yaml", DOCUMENT).unwrap().into_json();
    let mut compiler = boon::Compiler::new();
    compiler.set_default_draft(boon::Draft::V2020_12);
    compiler.enable_format_assertions();
    compiler.add_resource(ADDRESS, document).unwrap();
    let mut schemas = Schemas::new();
    let indices = OPERATIONS.map(|(.., pointer)| compiler.compile(&format!("{ADDRESS}#{pointer}"), &mut schemas).unwrap());
    (schemas, indices.to_vec())
});

/// Lets everybody do everything: what is asked here is the body.
struct Everybody;

impl Authenticator for Everybody {
    fn authenticate<'a>(&'a self, _: Credential<'a>) -> BoxFuture<'a, Result<Caller, Rejection>> {
        let scopes = ["read:users", "write:users"].map(str::to_owned);
        async move { Ok(Caller::new("fuzz", scopes)) }.boxed()
    }
}

/// Sends the input to each operation that has a body.
pub fn check(data: &[u8]) {
    for (index, (method, uri, media_type, _)) in OPERATIONS.iter().enumerate() {
        let refused = refused(data, method, uri, media_type);
        match (&refused, valid(data, index)) {
            (None, true) | (Some(Refusal::Syntax | Refusal::Rules), false) => {}
            // serde_json itself takes the last one of two.
            (Some(Refusal::Twice), _) => {}
            // A quoted local part or an address literal: the two validators read RFC 5321 differently.
            _ if has_rare_email(data) => {}
            (refused, valid) => panic!(
                "{method} {uri}: the contract says {refused:?}, and the other validator {}: {}",
                if valid { "valid" } else { "invalid" },
                String::from_utf8_lossy(data)
            ),
        }
    }
}

/// Why the contract refuses a body.
#[derive(Debug)]
enum Refusal {
    Syntax,
    /// A property occurs twice in an object.
    Twice,
    Rules,
}

fn refused(data: &[u8], method: &Method, uri: &'static str, media_type: &'static str) -> Option<Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert("authorization", HeaderValue::from_static("Bearer x"));
    headers.insert("content-length", HeaderValue::from(data.len()));
    let uri = Uri::from_static(uri);
    let head = Head { method, uri: &uri, headers: &headers };
    let matched = CONTRACT.route(head).unwrap_or_else(|_| panic!("{method} {uri} is not in the document"));
    // In two chunks, as it may come.
    let (first, second) = data.split_at(data.len() / 2);
    let chunks = [first, second].map(|chunk| Ok::<_, Infallible>(Bytes::copy_from_slice(chunk)));
    let mut body: Iter<_> = stream::iter(chunks);
    let problem = match RUNTIME.block_on(CONTRACT.admit(&matched, head, &mut body)) {
        Ok(admitted) => {
            assert!(admitted.body.is_some(), "the handler gets no body");
            return None;
        }
        Err(problem) => problem,
    };
    let details = problem.details();
    if details.code == Code::PayloadTooLarge {
        return Some(Refusal::Rules);
    }
    assert_eq!(details.code, Code::BadRequest);
    let errors = serde_json::to_value(details).unwrap()["errors"].take();
    let errors = errors.as_array().filter(|errors| !errors.is_empty()).expect("a refusal says why");
    Some(match errors[0]["message"].as_str() {
        _ if errors[0]["rule"] != "syntax" => Refusal::Rules,
        Some(message) if message.starts_with("a property occurs twice") => Refusal::Twice,
        _ => Refusal::Syntax,
    })
}

fn has_rare_email(data: &[u8]) -> bool {
    let value: Value = serde_json::from_slice(data).unwrap_or_default();
    value["email"].as_str().is_some_and(|email| email.contains(['"', '\\', '[', '<']) || email.len() > 254)
}

/// Whether the other validator accepts the body.
fn valid(data: &[u8], index: usize) -> bool {
    let (schemas, indices) = &*SCHEMAS;
    let value: Result<Value, _> = serde_json::from_slice(data);
    // boon takes an email without a local part, or with a domain that ends with a dot: neither is one (RFC 5321, section 4.1.2).
    let overlooked = |email: &str| email.starts_with('@') || email.ends_with('.');
    value.is_ok_and(|value| schemas.validate(&value, indices[index]).is_ok() && !value["email"].as_str().is_some_and(overlooked))
}
