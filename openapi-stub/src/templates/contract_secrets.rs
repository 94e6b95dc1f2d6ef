//! Whether the server keeps the promises of its document.

use std::{error::Error, future};

use contract_tests::{Document, Suite, SuiteError, rules::Level};
use openapi_server::auth::{Caller, Secrets};
use serde_json::Value;

/// What this test sends for Basic authentication and for API keys. Only the server that it starts itself accepts them.
const BASIC: &str = "tester:of-this-test";
const API_KEY: &str = "key-of-this-test";

/// The security schemes of the document that take a secret, each with its own.
fn secrets(document: &Document) -> Vec<(String, &'static str)> {
    let schemes = document.json.pointer("/components/securitySchemes").and_then(Value::as_object);
    let secret = |scheme: &Value| match (scheme["type"].as_str(), scheme["scheme"].as_str()) {
        (Some("apiKey"), _) => Some(API_KEY),
        (Some("http"), Some(name)) if name.eq_ignore_ascii_case("basic") => Some(BASIC),
        _ => None,
    };
    schemes.into_iter().flatten().filter_map(|(name, scheme)| Some((name.clone(), secret(scheme)?))).collect()
}

/// Starts the server on a free port. In the place of the secrets that `src/security.rs` knows it accepts those of this test.
async fn start(secrets: &[(String, &'static str)]) -> Result<String, Box<dyn Error + Send + Sync>> {
    let document = openapi_server::Document::parse({crate}::DOCUMENT)?;
    let tester = Caller::new("tester", document.scopes().into_iter().map(str::to_owned));
    let server = {crate}::security::secure({crate}::server()?)?;
    let server = secrets.iter().fold(server, |server, (scheme, secret)| {
        server.authenticator(scheme, Secrets::new().with(secret, tester.clone()))
    });
    let server = {crate}::listen(server, "127.0.0.1:0".parse()?).await?;
    let url = format!("http://{}", server.address());
    tokio::spawn(server.run(future::pending()));
    Ok(url)
}

#[tokio::test]
async fn the_server_keeps_its_document() -> Result<(), Box<dyn Error + Send + Sync>> {
    let document = Document::parse("{document}", {crate}::DOCUMENT)?;
    let secrets = secrets(&document);
    let url = start(&secrets).await?;
    let suite = secrets.iter().fold(Suite::new(document).cases(100), |suite, (scheme, secret)| match *secret {
        BASIC => suite.basic(BASIC),
        _ => suite.api_key(scheme, API_KEY),
    });
    let suite = match {crate}::security::token()? {
        Some(token) => suite.token(token),
        None => suite,
    };
    let report = match suite.run(&url).await {
        Ok(report) => report,
        // Mutual TLS and other schemes have no secret to send.
        Err(error @ SuiteError::NoCredentials { .. }) => {
            println!("skipped: {error}: give the suite what `src/security.rs` accepts");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    // A handler that is not written yet answers 501; what must be refused is refused before it. Once all are written, leave the last
    // condition out.
    let mut broken = report.failures.iter().filter(|failure| failure.level == Level::Error && failure.status != Some(501));
    assert!(broken.next().is_none(), "{report}");
    println!("{report}");
    Ok(())
}

#[tokio::test]
async fn what_the_document_does_not_have_is_not_found() -> Result<(), Box<dyn Error + Send + Sync>> {
    let url = start(&[]).await?;
    let answer = reqwest::get(format!("{url}/no-such-path-in-the-document")).await?;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    Ok(())
}
