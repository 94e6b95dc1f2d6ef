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

use openapi_server::{Builder, Document, Server};

pub use document::DOCUMENT;

/// Listens on `address`, for callers that `security` lets in.
pub async fn bind(address: SocketAddr) -> Result<Server, Box<dyn Error + Send + Sync>> {
    listen(security::secure(server()?)?, address).await
}

/// A server of the document, for which somebody has to say yet who may call.
pub fn server() -> Result<Builder, Box<dyn Error + Send + Sync>> {
    Ok(Server::new(Document::parse(DOCUMENT)?))
}

/// Listens on `address`. Handlers receive only requests that the document allows.
pub async fn listen(server: Builder, address: SocketAddr) -> Result<Server, Box<dyn Error + Send + Sync>> {
    Ok(server.bind(address, api::routes()).await?)
}
