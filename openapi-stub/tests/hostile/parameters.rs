// Generated from the document, and rewritten as long as nobody edits it (seal 01263e92a248029c).
//! The parameters of the operations, as the contract has validated them.

use openapi_server::contract::{Place, ValidParameters};
use poem::{FromRequest, Request, RequestBody};

use crate::types;

/// The parameters of `types`.
#[derive(Debug, Clone)]
pub struct Types {
    pub r#type: String,
    pub query_type: Option<i32>,
    pub x_request_id: Option<String>,
    pub session: types::Session,
}

impl<'a> FromRequest<'a> for Types {
    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
    ) -> poem::Result<Self> {
        Ok(Self {
            r#type: ValidParameters::read(request, Place::Path, "type")?,
            query_type: ValidParameters::read(request, Place::Query, "type")?,
            x_request_id: ValidParameters::read(request, Place::Header, "X-Request-Id")?,
            session: ValidParameters::read(request, Place::Cookie, "session")?,
        })
    }
}

/// The parameters of `request`.
#[derive(Debug, Clone)]
pub struct Request2 {
    pub r#type: String,
    pub query_type: Option<i32>,
    pub x_request_id: Option<String>,
    pub session: types::Session,
}

impl<'a> FromRequest<'a> for Request2 {
    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
    ) -> poem::Result<Self> {
        Ok(Self {
            r#type: ValidParameters::read(request, Place::Path, "type")?,
            query_type: ValidParameters::read(request, Place::Query, "type")?,
            x_request_id: ValidParameters::read(request, Place::Header, "X-Request-Id")?,
            session: ValidParameters::read(request, Place::Cookie, "session")?,
        })
    }
}

/// The parameters of `POST /types/{name}`.
#[derive(Debug, Clone)]
pub struct PostTypesByName {
    pub filter: Option<types::PostTypesByNameFilter>,
    pub r#where: Option<types::Tree>,
    pub name: String,
}

impl<'a> FromRequest<'a> for PostTypesByName {
    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
    ) -> poem::Result<Self> {
        Ok(Self {
            filter: ValidParameters::read(request, Place::Query, "filter")?,
            r#where: ValidParameters::read(request, Place::Query, "where")?,
            name: ValidParameters::read(request, Place::Path, "name")?,
        })
    }
}

/// The parameters of `POST /v1/files/{name}.{extension}:rename`.
#[derive(Debug, Clone)]
pub struct PostV1FilesNameExtensionRename {
    pub name: String,
    pub extension: String,
}

impl<'a> FromRequest<'a> for PostV1FilesNameExtensionRename {
    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
    ) -> poem::Result<Self> {
        Ok(Self {
            name: ValidParameters::read(request, Place::Path, "name")?,
            extension: ValidParameters::read(request, Place::Path, "extension")?,
        })
    }
}
