use crate::prelude::*;

/// `GET /basic`
///
/// - 204: Fine.
#[handler]
pub async fn ask_basic() -> Result<Empty<204>> {
    Err(not_written("askBasic"))
}

/// `GET /header`
///
/// - 204: Fine.
#[handler]
pub async fn ask_header() -> Result<Empty<204>> {
    Err(not_written("askHeader"))
}

/// `GET /query`
///
/// - 204: Fine.
#[handler]
pub async fn ask_query() -> Result<Empty<204>> {
    Err(not_written("askQuery"))
}

/// `GET /cookie`
///
/// - 204: Fine.
#[handler]
pub async fn ask_cookie() -> Result<Empty<204>> {
    Err(not_written("askCookie"))
}

/// `POST /all`
///
/// - 204: Fine.
#[handler]
pub async fn ask_all(Body(_body): Body<types::AskAllBody>) -> Result<Empty<204>> {
    Err(not_written("askAll"))
}

/// `GET /any`
///
/// - 204: Fine.
#[handler]
pub async fn ask_any() -> Result<Empty<204>> {
    Err(not_written("askAny"))
}

/// `GET /open`
///
/// - 204: Fine.
#[handler]
pub async fn ask_nobody() -> Result<Empty<204>> {
    Err(not_written("askNobody"))
}
