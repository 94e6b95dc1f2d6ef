//! Contract tests for any API that has an OpenAPI document.

pub mod text;
