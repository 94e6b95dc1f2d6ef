//! A users API whose OpenAPI document is enforced.

pub mod api;
pub mod auth;
pub mod store;
