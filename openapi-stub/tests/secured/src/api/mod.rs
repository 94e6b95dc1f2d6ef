// Generated from the document, and rewritten as long as nobody edits it (seal 12b54257abeab763).
//! The handlers, and the way to them.

pub mod secured;

use ::poem::{Route, RouteMethod};

/// A route for each operation of the document.
pub fn routes() -> Route {
    Route::new()
        .at("/basic", RouteMethod::new().get(secured::ask_basic))
        .at("/header", RouteMethod::new().get(secured::ask_header))
        .at("/query", RouteMethod::new().get(secured::ask_query))
        .at("/cookie", RouteMethod::new().get(secured::ask_cookie))
        .at("/all", RouteMethod::new().post(secured::ask_all))
        .at("/any", RouteMethod::new().get(secured::ask_any))
        .at("/open", RouteMethod::new().get(secured::ask_nobody))
}
