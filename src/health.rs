//! Whether the process lives and whether it can serve: for whoever operates it.

use std::sync::Arc;

use poem::{
    EndpointExt, IntoResponse, Result, Route, get, handler,
    http::header,
    web::{Data, WithHeader},
};

use crate::{api::problem::Problem, store::UserStore};

/// Adds `/healthz` (the process answers) and `/readyz` (the store answers too).
pub fn mount(routes: Route, store: Arc<dyn UserStore>) -> Route {
    routes.at("/healthz", get(healthz)).at("/readyz", get(readyz.data(store)))
}

#[handler]
fn healthz() -> WithHeader<&'static str> {
    ok()
}

#[handler]
async fn readyz(Data(store): Data<&Arc<dyn UserStore>>) -> Result<WithHeader<&'static str>> {
    store.ping().await.map_err(|error| Problem::unavailable(1, error.to_string()))?;
    Ok(ok())
}

fn ok() -> WithHeader<&'static str> {
    "ok\n".with_header(header::CACHE_CONTROL, "no-store")
}
