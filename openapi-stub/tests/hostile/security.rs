// Generated from the document, and rewritten as long as nobody edits it (seal d6ce9d604cd7c648).
//! Who may call.

use std::error::Error;

use openapi_server::Builder;

/// Everybody.
pub fn secure(server: Builder) -> Result<Builder, Box<dyn Error + Send + Sync>> {
    Ok(server)
}
