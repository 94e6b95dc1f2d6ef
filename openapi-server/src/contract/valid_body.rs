//! What a handler gets of a body that the contract has validated.

use bytes::Bytes;
use http::{Extensions, HeaderMap};
use mime::Mime;
use poem::Request;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::Problem;

/// The body of a request that the contract has parsed and validated; it travels in the request's extensions.
///
/// Its value is what the schema of the document is about: JSON as it was sent; of a form, and of `multipart/form-data`, an object;
/// of a text, a string or what the schema makes of it. Bytes that are no text are a string with a character for each byte.
#[derive(Debug, Clone)]
pub struct ValidBody {
    pub(super) media_type: Mime,
    pub(super) value: Value,
    pub(super) bytes: Bytes,
    pub(super) parts: Vec<BodyPart>,
}

/// A part of a `multipart/form-data` body (RFC 7578).
#[derive(Debug, Clone)]
pub struct BodyPart {
    /// Its name: the property of the document's schema.
    pub name: String,
    /// The name of the file that it was, where the caller says so. Never use it as a path.
    pub file_name: Option<String>,
    /// Its media type; none means `text/plain`.
    pub media_type: Option<Mime>,
    /// Its content.
    pub bytes: Bytes,
    /// Its headers.
    pub headers: HeaderMap,
}

impl ValidBody {
    /// The body of this request as a handler's type.
    ///
    /// # Errors
    ///
    /// 500 when the handler was reached without the contract, or when the type does not take what the document allows.
    ///
    /// ```
    /// use openapi_server::ValidBody;
    /// use poem::{Request, Result, handler};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Greeting {
    ///     name: String,
    /// }
    ///
    /// #[handler]
    /// fn greet(request: &Request) -> Result<String> {
    ///     let Greeting { name } = ValidBody::read(request)?;
    ///     Ok(format!("Hello, {name}."))
    /// }
    /// ```
    pub fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Problem> {
        Self::of(request.extensions())?.to()
    }

    /// The body of a request with these extensions.
    ///
    /// # Errors
    ///
    /// 500 when the handler was reached without the contract, or without a body where the document does not require one.
    pub fn of(extensions: &Extensions) -> Result<&Self, Problem> {
        extensions.get::<Self>().ok_or_else(|| Problem::internal("a handler was reached without a validated body"))
    }

    /// The value as a handler's type.
    ///
    /// # Errors
    ///
    /// 500 when the type does not take what the document allows.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        T::deserialize(&self.value).map_err(|error| {
            // serde's message may quote the value, so only the kind of failure is kept.
            Problem::internal(format!("a valid body does not fit its Rust type: {:?}", error.classify()))
        })
    }

    /// Its media type, as the caller sent it.
    pub fn media_type(&self) -> &Mime {
        &self.media_type
    }

    /// The bytes as they came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The parts of a `multipart/form-data` body; none of others.
    pub fn parts(&self) -> &[BodyPart] {
        &self.parts
    }
}
