use crate::prelude::*;

/// Looks like code:
///
/// let broken = ;
///
/// ```text
/// not rust
/// ```
///
/// > `rust
/// > panic!()
///
/// - let item = ;
///
/// [nowhere] <b> */
///
/// `GET /types/{type}`
///
/// - 200: Fine.
#[handler]
pub async fn types_2(_parameters: parameters::Types) -> Result<Empty<200>> {
    Err(not_written("types"))
}

/// `PUT /types/{type}`
///
/// - 200: Text.
#[handler]
pub async fn request(
    _parameters: parameters::Request2,
    Bytes(_body): Bytes,
) -> Result<Response> {
    Err(not_written("request"))
}

/// Deprecated.
///
/// `POST /types/{name}`
///
/// - 200: `types::Tree`: Old.
/// - 201: `types::PostTypesByNameAnswer201`: New.
#[handler]
pub async fn post_types_by_name(
    _parameters: parameters::PostTypesByName,
    Body(_body): Body<types::PostTypesByNameBody>,
) -> Result<Response> {
    Err(not_written("POST /types/{name}"))
}
