//! JSON Merge Patch (RFC 7396): what a request changes of a resource.

use std::marker::PhantomData;

use poem::{Request, RequestBody, Result};
use poem_openapi::{
    impl_apirequest_for_payload,
    payload::{ParsePayload, Payload},
    registry::{MetaSchemaRef, Registry},
    types::Type,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    contract::{ResultSchema, ValidBody},
    problem::{Code, Problem},
};

/// An `application/merge-patch+json` payload, which the contract has validated: `T` has its schema.
///
/// What may be said in a patch is in the schema of the body. What must be true of the *result* is in the schema that `x-result`
/// names, beside it, and [`apply`](Self::apply) holds the result to it.
#[derive(Debug)]
pub struct MergePatch<T> {
    patch: Value,
    result: Option<ResultSchema>,
    schema: PhantomData<fn() -> T>,
}

impl<T> MergePatch<T> {
    /// The resource with the changes.
    ///
    /// # Errors
    ///
    /// 400 with every violation when the result breaks a rule of the document.
    pub fn apply<R: Serialize + DeserializeOwned>(&self, resource: &R) -> Result<R, Problem> {
        let unfit = |error: serde_json::Error| Problem::internal(format!("a patched resource: {:?}", error.classify()));
        let mut result = serde_json::to_value(resource).map_err(unfit)?;
        json_patch::merge(&mut result, &self.patch);
        let broken = self.result.as_ref().map(|schema| schema.violations(&result)).unwrap_or_default();
        if !broken.is_empty() {
            return Err(Problem::new(Code::BadRequest).errors(broken));
        }
        serde_json::from_value(result).map_err(unfit)
    }
}

impl<T: Type> Payload for MergePatch<T> {
    const CONTENT_TYPE: &'static str = "application/merge-patch+json";

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

impl<T: Type> ParsePayload for MergePatch<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, _: &mut RequestBody) -> Result<Self> {
        let result = request.data::<ResultSchema>().cloned();
        Ok(Self { patch: ValidBody::read(request)?, result, schema: PhantomData })
    }
}

impl_apirequest_for_payload!(MergePatch<T>, T: Type);
