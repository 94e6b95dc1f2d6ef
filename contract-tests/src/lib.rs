//! Contract tests for any API that has an OpenAPI document.
