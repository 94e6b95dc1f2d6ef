//! Whether the process is alive and whether it can serve: for whoever operates it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use poem::{
    EndpointExt, IntoResponse, Result, Route, get, handler,
    http::header,
    web::{Data, WithHeader},
};

use crate::problem::Problem;

/// Whether the server can serve now; an error is the reason, for the log, without personal data.
pub type Readiness = Arc<dyn Fn() -> BoxFuture<'static, std::result::Result<(), String>> + Send + Sync>;

/// Adds `/healthz` (200 while the process answers) and `/readyz` (200 while `readiness` agrees, else 503).
pub fn mount(routes: Route, readiness: Readiness) -> Route {
    routes.at("/healthz", get(healthz)).at("/readyz", get(readyz.data(readiness)))
}

/// Whether this path is a probe's. Probes are answered also when no other request is: a server that is busy is alive.
pub(crate) fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

#[handler]
fn healthz() -> WithHeader<&'static str> {
    ok()
}

#[handler]
async fn readyz(Data(readiness): Data<&Readiness>) -> Result<WithHeader<&'static str>> {
    readiness().await.map_err(|cause| Problem::unavailable(1, cause))?;
    Ok(ok())
}

fn ok() -> WithHeader<&'static str> {
    "ok\n".with_header(header::CACHE_CONTROL, "no-store")
}
