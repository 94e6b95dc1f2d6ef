// Generated from the document, and rewritten as long as nobody edits it (seal 3accca3651e8bd5f).
//! The parameters of the operations, as the contract has validated them.

use openapi_server::contract::{Place, ValidParameters};
use poem::{FromRequest, Request, RequestBody};

use crate::types;

/// The parameters of `listPets`.
#[derive(Debug, Clone)]
pub struct ListPets {
    pub limit: Option<i64>,
    pub kind: Option<Vec<types::Kind>>,
}

impl<'a> FromRequest<'a> for ListPets {
    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
    ) -> poem::Result<Self> {
        Ok(Self {
            limit: ValidParameters::read(request, Place::Query, "limit")?,
            kind: ValidParameters::read(request, Place::Query, "kind")?,
        })
    }
}

/// The parameters of `getPet`.
#[derive(Debug, Clone)]
pub struct GetPet {
    pub pet_id: i64,
}

impl<'a> FromRequest<'a> for GetPet {
    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
    ) -> poem::Result<Self> {
        Ok(Self {
            pet_id: ValidParameters::read(request, Place::Path, "petId")?,
        })
    }
}

/// The parameters of `deletePet`.
#[derive(Debug, Clone)]
pub struct DeletePet {
    pub pet_id: i64,
}

impl<'a> FromRequest<'a> for DeletePet {
    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
    ) -> poem::Result<Self> {
        Ok(Self {
            pet_id: ValidParameters::read(request, Place::Path, "petId")?,
        })
    }
}

/// The parameters of `notePet`.
#[derive(Debug, Clone)]
pub struct NotePet {
    pub pet_id: i64,
}

impl<'a> FromRequest<'a> for NotePet {
    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
    ) -> poem::Result<Self> {
        Ok(Self {
            pet_id: ValidParameters::read(request, Place::Path, "petId")?,
        })
    }
}
