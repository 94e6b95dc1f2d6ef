// Generated from the document, and rewritten as long as nobody edits it (seal a3800cf833945553).
//! Who may call.
//!
//! The document has these security schemes:
//!
//! - `token`: http bearer

use std::{error::Error, path::Path, sync::Arc, time::Duration};

use openapi_server::{Builder, Document, auth::LocalIssuer};

/// The server is its own issuer of bearer tokens, for this machine only: the documentation page has one. Replace it by
/// `server.verifier(…)` with the keys of a real issuer.
pub fn secure(server: Builder) -> Result<Builder, Box<dyn Error + Send + Sync>> {
    Ok(server.local_issuer(Arc::new(issuer()?)))
}

/// A token for tests, with every scope of the document.
pub fn token() -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
    let document = Document::parse(crate::DOCUMENT)?;
    let scopes = document.scopes().into_iter().collect::<Vec<_>>().join(" ");
    Ok(Some(issuer()?.token(&scopes, Duration::from_secs(60 * 60))?))
}

fn issuer() -> Result<LocalIssuer, Box<dyn Error + Send + Sync>> {
    let name = concat!("urn:", env!("CARGO_PKG_NAME"), ":local-issuer");
    Ok(LocalIssuer::open(Path::new("data"), name, env!("CARGO_PKG_NAME"))?)
}
