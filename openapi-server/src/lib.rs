//! An OpenAPI document, enforced in front of HTTP handlers.
//!
//! [`Contract::compile`](contract::Contract::compile) turns a document into the checks that every request passes before a handler
//! sees it: route, method, access token, scopes, rate, media type, size, JSON and schema. What it cannot check it refuses to
//! compile. [`Server`] adds what an API needs around it: health and documentation routes, a request id and a log line for each
//! request, one shape for every error, limits on connections and time, and a graceful end.
//!
//! What is refused is answered with problem details ([`problem`]), or, where the document has something else for the status, in the form that
//! it defines: the message, the status and the violations are put where the names of its properties say that they belong. What no refusal can
//! be written as is logged at the start ([`Contract::unmet`](contract::Contract::unmet)). Refusals before an operation is known, and those
//! for want of time or of a place, are always problem details.
//!
//! The library knows no API: everything particular comes from the document and from the handlers.
//!
//! The path of a request: [`listener`] → [`envelope`] → [`contract`] (with [`auth`]) → the handlers.

pub mod adapter;
mod admission;
pub mod auth;
mod connections;
pub mod contract;
pub mod docs;
pub mod entity_tag;
pub mod envelope;
mod head;
pub mod health;
#[cfg(feature = "poem-openapi")]
mod json;
pub mod listener;
#[cfg(feature = "poem-openapi")]
mod merge_patch;
pub mod metrics;
#[cfg(feature = "poem-openapi")]
mod parameter;
pub mod problem;
mod server;
pub mod telemetry;
mod trace_context;
mod traces;

pub use self::{
    adapter::Routes,
    contract::{ContractError, Document, ValidBody},
    server::{Builder, Server, ServerError, Settings},
    traces::TracesError,
};
#[cfg(feature = "poem-openapi")]
pub use self::{
    json::Json,
    merge_patch::MergePatch,
    parameter::{InHeader, InPath, InQuery},
};
