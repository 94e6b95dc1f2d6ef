//! Handlers of axum behind a document: the layer refuses what the document does not allow, before axum sees it.
//!
//! Run it with `cargo run -p openapi-server --example axum`, and ask it with `curl 'http://127.0.0.1:3000/greeting?name=Ada'`.

use std::{error::Error, sync::Arc};

use axum::{
    Router,
    extract::Request,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use openapi_server::{
    Document,
    adapter::ContractLayer,
    contract::{Contract, Limits, Place, ValidParameters},
};
use tower_layer::Layer;

async fn greeting(request: Request) -> Result<impl IntoResponse, StatusCode> {
    let name = ValidParameters::of(request.extensions()).and_then(|parameters| parameters.get::<String>(Place::Query, "name"));
    let name = name.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?; // The document requires a name, so there is one.
    Ok(([(CONTENT_TYPE, "application/json")], format!("\"Hello, {name}!\"")))
}

/// The handlers, behind the document.
pub fn app() -> Result<Router, Box<dyn Error>> {
    let document = Document::parse(include_str!("greeting.yaml"))?;
    let contract = Arc::new(Contract::compile(&document, None, Limits::default())?);
    let handlers = Router::new().route("/greeting", get(greeting));
    Ok(Router::new().fallback_service(ContractLayer::new(contract).layer(handlers)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app()?).await?)
}
