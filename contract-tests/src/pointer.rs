//! JSON Pointers (RFC 6901), as the reader of documents has them.

pub use openapi_document::pointer::{escape, is_within, join, parent, replace, segments, unescape};
