//! A users API whose OpenAPI document is enforced: [`openapi_server`] compiles `openapi.yaml` at start-up into the checks that every
//! request passes, and the handlers are what the document is derived from.
//!
//! The path of a request: [`openapi_server`] → [`api`] → [`store`]. ARCHITECTURE.md has the map and the invariants.

pub mod api;
pub mod auth;
pub mod config;
pub mod duration;
pub mod health;
pub mod server;
pub mod store;
pub mod user;
