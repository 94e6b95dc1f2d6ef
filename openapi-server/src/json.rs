//! JSON payloads: what the contract has already validated comes in, what the document describes goes out.

use poem::{IntoResponse, Request, RequestBody, Response, Result, http::header};
use poem_openapi::{
    ApiResponse, impl_apirequest_for_payload,
    payload::{ParsePayload, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry},
    types::Type,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    contract::ValidBody,
    problem::{Code, Problem},
};

/// An `application/json` payload.
///
/// As a parameter it takes the body that the contract validated, never the raw bytes: a handler that is reached without the
/// contract gets an error, not an unchecked value. poem-openapi's own `Json` would parse a second time, coerce numbers to
/// strings and write another media type into the document.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: Type> Payload for Json<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(_: &str) -> bool {
        true // The contract has compared it with the document.
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type + DeserializeOwned> ParsePayload for Json<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, _: &mut RequestBody) -> Result<Self> {
        Ok(Self(ValidBody::read(request)?))
    }
}

impl_apirequest_for_payload!(Json<T>, T: Type + DeserializeOwned);

impl<T: Serialize + Send> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        serialize(&self.0, "application/json")
    }
}

impl<T: Type + Serialize> ApiResponse for Json<T> {
    fn meta() -> MetaResponses {
        let content = MetaMediaType { content_type: Self::CONTENT_TYPE, schema: T::schema_ref() };
        let response =
            MetaResponse { description: "", status: Some(200), status_range: None, content: vec![content], headers: vec![] };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// A response with `body` as JSON, status 200.
fn serialize(body: &impl Serialize, media_type: &'static str) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => Response::builder().header(header::CONTENT_TYPE, media_type).body(bytes),
        Err(_) => Problem::new(Code::InternalError).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Violation;

    #[test]
    fn what_a_handler_answers_with_is_in_the_document_with_its_schema() {
        let mut registry = Registry::new();
        <Json<Violation> as ApiResponse>::register(&mut registry);
        assert!(registry.schemas.contains_key("Violation"), "{:?}", registry.schemas.keys());
        let meta = <Json<Violation> as ApiResponse>::meta();
        assert_eq!((meta.responses[0].status, meta.responses[0].content[0].content_type), (Some(200), "application/json"));
    }
}
