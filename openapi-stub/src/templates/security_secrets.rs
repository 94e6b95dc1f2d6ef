//! Who may call.
//! {schemes}

use std::error::Error;

use openapi_server::{Builder, auth::Secrets};

/// Nobody yet: add `.with(secret, Caller::new(name, []))` for each secret that is accepted, or an `Authenticator` of your own.
pub fn secure(server: Builder) -> Result<Builder, Box<dyn Error + Send + Sync>> {
    let server = server
        {secrets}
    ;
    Ok(server)
}

/// A token for tests: the document has none. Of other credentials the tests have their own.
pub fn token() -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
    Ok(None)
}
