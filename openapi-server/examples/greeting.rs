//! An API of ten lines: a handler, and the document that every request for it must satisfy.
//!
//! Run it with `cargo run -p openapi-server --example greeting`, and ask it with `curl 'http://127.0.0.1:3000/greeting?name=Ada'`.

use std::{collections::HashMap, error::Error};

use openapi_server::{Document, Server};
use poem::{
    Route, get, handler,
    web::{Json, Query},
};

#[handler]
fn greeting(Query(query): Query<HashMap<String, String>>) -> Json<String> {
    Json(format!("Hello, {}!", query["name"])) // The document requires a name, so there is one.
}

/// Listens on `address`.
pub async fn serve(address: &str) -> Result<Server, Box<dyn Error>> {
    let document = Document::parse(include_str!("greeting.yaml"))?;
    let handlers = Route::new().at("/greeting", get(greeting));
    Ok(Server::new(document).bind(address.parse()?, handlers).await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    serve("127.0.0.1:3000").await?.run(std::future::pending()).await;
    Ok(())
}
