//! The body of a request, as a handler's type.

use openapi_server::{ValidBody, problem::Problem};
use poem::{FromRequest, Request, RequestBody, Result};
use serde::de::DeserializeOwned;

/// The body that the contract has validated; one that is absent reads as `null`, so that an `Option` may be absent.
#[derive(Debug, Clone)]
pub struct Body<T>(pub T);

impl<'a, T: DeserializeOwned + Send> FromRequest<'a> for Body<T> {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        if request.data::<ValidBody>().is_some() {
            return Ok(Self(ValidBody::read(request)?));
        }
        let absent = serde_json::from_value(serde_json::Value::Null);
        Ok(Self(absent.map_err(|_| Problem::internal("a handler was reached without a validated body"))?))
    }
}

/// The bytes of the body as they came; none where it is absent.
#[derive(Debug, Clone)]
pub struct Bytes(pub Vec<u8>);

impl<'a> FromRequest<'a> for Bytes {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        Ok(Self(request.data::<ValidBody>().map(|body| body.bytes().to_vec()).unwrap_or_default()))
    }
}
