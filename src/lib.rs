//! A users API whose OpenAPI document is enforced: `openapi.yaml` is compiled at start-up into the checks that every request
//! passes, and the handlers are what it is derived from.
//!
//! The straight path of a request: [`listener`] → [`envelope`] → [`contract`] (with [`auth`]) → [`api`] → [`store`]. ARCHITECTURE.md
//! has the map and the invariants.

pub mod api;
pub mod auth;
pub mod config;
pub mod contract;
pub mod docs;
pub mod envelope;
pub mod health;
pub mod listener;
pub mod server;
pub mod store;
pub mod telemetry;
