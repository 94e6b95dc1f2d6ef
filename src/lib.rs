//! A users API whose OpenAPI document is enforced.
