// Generated from the document, and rewritten as long as nobody edits it (seal 0799e12dac8ad6fc).
//! The handlers, and the way to them.

pub mod secured;

use ::openapi_server::Routes;
use ::poem::RouteMethod;

/// A route for each operation of the document.
pub fn routes() -> Routes {
    Routes::new()
        .at("/basic", RouteMethod::new().get(secured::ask_basic))
        .at("/header", RouteMethod::new().get(secured::ask_header))
        .at("/query", RouteMethod::new().get(secured::ask_query))
        .at("/cookie", RouteMethod::new().get(secured::ask_cookie))
        .at("/all", RouteMethod::new().post(secured::ask_all))
        .at("/any", RouteMethod::new().get(secured::ask_any))
        .at("/open", RouteMethod::new().get(secured::ask_nobody))
}
