//! Compatibility: whether a client of the old document can live with the new one.
//!
//! Two ways check each other. The *structure* is compared keyword by keyword, by rules that know which way values go; and the
//! engine is asked whether every request that the old document allows is allowed by the new one, and every answer of the new one
//! by the old: it gives a proof, or an instance.
//!
//! ```
//! use contract_tests::{Document, compat::verdict};
//!
//! let document = |max: usize| {
//!     let schema = format!("{{type: string, maxLength: {max}}}");
//!     let body = format!("{{required: true, content: {{application/json: {{schema: {schema}}}}}}}");
//!     let post = format!("{{operationId: addTag, requestBody: {body}, responses: {{'201': {{description: Added.}}}}}}");
//!     Document::parse("tags.yaml", format!("{{openapi: 3.1.0, info: {{title: Tags, version: '1'}}, paths: {{/tags: {{post: {post}}}}}}}"))
//! };
//! let comparison = verdict::compare(&document(20)?, &document(10)?, &verdict::Options::default())?;
//! assert_eq!(comparison.breaking().count(), 1);
//! # Ok::<(), contract_tests::DocumentError>(())
//! ```

pub mod allow;
pub mod base;
pub mod change;
pub mod report;
mod same;
pub mod structural;
pub mod verdict;
mod witness;
