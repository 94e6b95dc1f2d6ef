// Generated from the document, and rewritten as long as nobody edits it (seal 9b5b6307b4287251).
//! The handlers, and the way to them.

pub mod notes;
pub mod pets;

use ::openapi_server::Routes;
use ::poem::RouteMethod;

/// A route for each operation of the document.
pub fn routes() -> Routes {
    Routes::new()
        .at("/pets", RouteMethod::new().get(pets::list_pets).post(pets::create_pet))
        .at(
            "/pets/{petId}",
            RouteMethod::new()
                .get(pets::get_pet)
                .delete(pets::delete_pet)
                .patch(notes::note_pet),
        )
}
