// Generated from the document, and rewritten as long as nobody edits it (seal 4d68e5e2373e94fe).
//! Who may call.
//!
//! The document has these security schemes:
//!
//! - `basic`: http basic
//! - `header`: apikey
//! - `query`: apikey
//! - `cookie`: apikey

use std::error::Error;

use openapi_server::{Builder, auth::Secrets};

/// Nobody yet: add `.with(secret, Caller::new(name, []))` for each secret that is accepted, or an `Authenticator` of your own.
pub fn secure(server: Builder) -> Result<Builder, Box<dyn Error + Send + Sync>> {
    let server = server
        .authenticator("basic", Secrets::new())
        .authenticator("header", Secrets::new())
        .authenticator("query", Secrets::new())
        .authenticator("cookie", Secrets::new());
    Ok(server)
}

/// A token for tests: the document has none. Of other credentials the tests have their own.
pub fn token() -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
    Ok(None)
}
