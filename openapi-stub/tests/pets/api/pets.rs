use crate::prelude::*;

/// Lists the pets.
///
/// `GET /pets`
///
/// - 200: `Vec<types::Pet>`: The pets.
/// - 400: What is wrong.
#[handler]
pub async fn list_pets(
    _parameters: parameters::ListPets,
) -> Result<Answer<200, Vec<types::Pet>>> {
    Err(not_written("listPets"))
}

/// `POST /pets`
///
/// - 201: `types::Pet`: The pet.
/// - 400: What is wrong.
/// - 401: What is wrong.
/// - 403: What is wrong.
#[handler]
pub async fn create_pet(
    Body(_body): Body<types::NewPet>,
) -> Result<Answer<201, types::Pet>> {
    Err(not_written("createPet"))
}

/// `GET /pets/{petId}`
///
/// - 200: `types::Pet`: The pet.
/// - 404: What is wrong.
#[handler]
pub async fn get_pet(
    _parameters: parameters::GetPet,
) -> Result<Answer<200, types::Pet>> {
    Err(not_written("getPet"))
}

/// `DELETE /pets/{petId}`
///
/// - 204: It is gone.
#[handler]
pub async fn delete_pet(_parameters: parameters::DeletePet) -> Result<Empty<204>> {
    Err(not_written("deletePet"))
}
