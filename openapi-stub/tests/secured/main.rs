//! A whole generated project whose callers have secrets, as part of this test: its own contract test runs, with credentials of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

// What the generated test knows the generated library by.
extern crate self as secured;

#[path = "../support/mod.rs"]
mod support;

#[rustfmt::skip]
#[allow(dead_code, unused_attributes, unused_imports, clippy::all, missing_docs)]
#[path = "src/lib.rs"]
pub mod library;

#[rustfmt::skip]
#[path = "tests/contract.rs"]
mod contract;

pub use library::*;

use std::future;

use openapi_server::auth::{Caller, Secrets};
use reqwest::Client;

#[test]
fn the_project_is_what_is_generated() {
    support::assert_project("secured");
}

#[tokio::test]
async fn who_has_no_secret_is_refused_by_every_operation_that_asks_for_one() {
    let secret = |secret: &str| Secrets::new().with(secret, Caller::new("ada", ["roles".to_owned()]));
    let server = library::server().unwrap().authenticator("basic", secret("ada:lovelace"));
    let server =
        ["header", "query", "cookie"].into_iter().fold(server, |server, name| server.authenticator(name, secret("4f2c9e")));
    let server = library::listen(server, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("http://{}", server.address());
    tokio::spawn(server.run(future::pending()));
    for path in ["basic", "header", "query", "cookie", "any"] {
        let answer = reqwest::get(format!("{url}/{path}")).await.unwrap();
        assert_eq!(answer.status(), 401, "{path}");
    }
    for (path, status) in [("basic", 501), ("any", 501), ("header", 401), ("open", 501)] {
        let answer = Client::new().get(format!("{url}/{path}")).basic_auth("ada", Some("lovelace")).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}
