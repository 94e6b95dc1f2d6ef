// Generated from the document, and rewritten as long as nobody edits it (seal a30a823953f8557d).
//! Who may call.

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
