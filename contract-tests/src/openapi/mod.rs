//! OpenAPI: documents, and the requests and responses that they describe.

pub(crate) mod curl;
pub(crate) mod document;
mod lines;
pub(crate) mod marked;
pub(crate) mod operation;
pub(crate) mod request;
mod upgrade;
