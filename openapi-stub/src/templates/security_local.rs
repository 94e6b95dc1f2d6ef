//! Who may call.
//! {schemes}

use std::{error::Error, path::Path, sync::Arc};

use openapi_server::{Builder, auth::LocalIssuer};

/// The server is its own issuer of bearer tokens, for this machine only: the documentation page has one. Replace it by
/// `server.verifier(…)` with the keys of a real issuer.
pub fn secure(server: Builder) -> Result<Builder, Box<dyn Error + Send + Sync>> {
    let issuer = concat!("urn:", env!("CARGO_PKG_NAME"), ":local-issuer");
    let issuer = LocalIssuer::open(Path::new("data"), issuer, env!("CARGO_PKG_NAME"))?;
    Ok(server.local_issuer(Arc::new(issuer)))
}
