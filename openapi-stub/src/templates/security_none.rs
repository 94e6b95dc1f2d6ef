//! Who may call.
//! {schemes}

use std::error::Error;

use openapi_server::Builder;

/// Everybody.
pub fn secure(server: Builder) -> Result<Builder, Box<dyn Error + Send + Sync>> {
    Ok(server)
}

/// A token for tests: none is needed.
pub fn token() -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
    Ok(None)
}
