//! OpenAPI: documents, and the requests and responses that they describe.

pub(crate) mod curl;
pub(crate) mod discriminator;
pub(crate) mod document;
pub(crate) mod examples;
pub(crate) mod form;
mod inheritance;
pub(crate) mod nullable;
pub(crate) mod operation;
pub(crate) mod request;
pub(crate) mod resources;
pub(crate) mod servers;
pub(crate) mod shared;
pub(crate) mod style;
