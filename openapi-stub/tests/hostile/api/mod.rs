// Generated from the document, and rewritten as long as nobody edits it (seal e5e6b3334538eddc).
//! The handlers, and the way to them.

pub mod files;
pub mod mod_;
pub mod poem;

use ::openapi_server::Routes;
use ::poem::RouteMethod;

/// A route for each operation of the document.
pub fn routes() -> Routes {
    Routes::new()
        .at("/types/{type}", RouteMethod::new().get(mod_::types_2).put(mod_::request))
        .at("/types/{name}", RouteMethod::new().post(mod_::post_types_by_name))
        .at(
            "/v1/files/{name}.{extension}:rename",
            RouteMethod::new().post(files::post_v1_files_name_extension_rename),
        )
        .at("/poem", RouteMethod::new().get(poem::move_).head(poem::move_2))
}
