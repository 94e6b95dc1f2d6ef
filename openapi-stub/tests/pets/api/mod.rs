// Generated from the document, and rewritten as long as nobody edits it (seal 18bd3e86103c21e8).
//! The handlers, and the way to them.

pub mod notes;
pub mod pets;

use ::poem::{Route, RouteMethod};

/// A route for each operation of the document.
pub fn routes() -> Route {
    Route::new()
        .at("/pets", RouteMethod::new().get(pets::list_pets).post(pets::create_pet))
        .at(
            "/pets/:p2",
            RouteMethod::new()
                .get(pets::get_pet)
                .delete(pets::delete_pet)
                .patch(notes::note_pet),
        )
}
