//! The document.

/// The document that every request is held to.
pub const DOCUMENT: &str = include_str!("../{document}");
