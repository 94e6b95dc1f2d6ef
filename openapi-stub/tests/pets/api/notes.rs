use crate::prelude::*;

/// `PATCH /pets/{petId}`
///
/// - 204: Noted.
#[handler]
pub async fn note_pet(
    _parameters: parameters::NotePet,
    Body(_body): Body<Option<types::NotePetBody>>,
) -> Result<Empty<204>> {
    Err(not_written("notePet"))
}
