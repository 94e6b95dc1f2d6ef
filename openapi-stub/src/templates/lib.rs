//! A server that is held to its document.

// Names and descriptions are the document's, and were not made for Rust.
#![allow(rustdoc::all, confusable_idents, mixed_script_confusables, uncommon_codepoints)]

pub mod answer;
pub mod api;
pub mod body;
mod document;
pub mod parameters;
pub mod prelude;
pub mod security;
pub mod types;

use std::{error::Error, net::SocketAddr};

use openapi_server::{Document, Server};
use poem::{EndpointExt, IntoResponse};

pub use document::DOCUMENT;

/// Listens on `address`. Handlers receive only requests that the document allows.
pub async fn bind(address: SocketAddr) -> Result<Server, Box<dyn Error + Send + Sync>> {
    let server = security::secure(Server::new(Document::parse(DOCUMENT)?))?;
    // The library would answer an error that it does not know with 500.
    let handlers = api::routes().catch_error(|error: answer::NotWritten| async move { error.into_response() });
    Ok(server.bind(address, handlers).await?)
}
