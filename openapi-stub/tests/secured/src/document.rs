// Generated from the document, and rewritten as long as nobody edits it (seal 9964bf47748d20ea).
//! The document.

/// The document that every request is held to.
pub const DOCUMENT: &str = include_str!("../openapi.yaml");
