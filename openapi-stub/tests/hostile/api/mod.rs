// Generated from the document, and rewritten as long as nobody edits it (seal 80384a139c00c059).
//! The handlers, and the way to them.

pub mod files;
pub mod mod_;
pub mod poem;

use ::poem::{Route, RouteMethod};

/// A route for each operation of the document.
pub fn routes() -> Route {
    Route::new()
        .at(
            "/types/:p2",
            RouteMethod::new()
                .get(mod_::types_2)
                .put(mod_::request)
                .post(mod_::post_types_by_name),
        )
        .at(
            "/v1/files/<^[^/]+\\x{2e}[^/]+\\x{3a}rename>",
            RouteMethod::new().post(files::post_v1_files_name_extension_rename),
        )
        .at("/poem", RouteMethod::new().get(poem::move_).head(poem::move_2))
}
