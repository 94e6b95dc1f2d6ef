//! Reads OpenAPI documents as people write them, and gives one OpenAPI 3.1 document in which every value knows its file and line.
//!
//! Swagger 2.0 and OpenAPI 3.0, 3.1 and 3.2; YAML and JSON; one file or many. It judges nothing beyond what makes a document
//! unreadable: what is wrong in a part of it is a [`Defect`], and the rest is usable.
//!
//! ```
//! # fn main() -> Result<(), openapi_document::LoadError> {
//! use openapi_document::Document;
//!
//! let document = Document::parse("api.yaml", "
//! openapi: 3.0.3
//! info: { title: Books, version: '1' }
//! paths: {}
//! components:
//!   schemas:
//!     Note: { type: string, nullable: true }
//! ")?;
//! let kind = "/components/schemas/Note/type";
//! assert_eq!(document.json().pointer(kind), Some(&serde_json::json!(["string", "null"])));
//! assert_eq!(document.place(kind).to_string(), "api.yaml:7:13");
//! assert_eq!(document.version(), "3.0.3");
//! # Ok(())
//! # }
//! ```
//!
//! # What the result is
//!
//! [`Document::json`] is a document of OpenAPI 3.1 in which every reference is a JSON Pointer to a place in it.
//!
//! - A document of 3.1 in one file is as it was written, but for `$id`, `$anchor` and `$dynamicRef`: the references that use them
//!   become pointers, and then they are gone. Where a `$dynamicRef` leads to different schemas on different ways, what lies on the way
//!   is copied to `components`, once for each.
//! - What stands in another file is copied once, to `components` under its own name; or, where a component is nothing but a
//!   reference to it, to that place. A path item of another file, or with something beside its `$ref`, takes the place of its
//!   reference. A reference where OpenAPI has none, such as `paths: { $ref: … }`, is replaced by what it refers to.
//! - 3.0 and 2.0 are converted object by object, so that a property may have the name of a keyword, and an example is never changed.
//! - What 3.2 added stays as it is, and readers of 3.1 do not see it. [`Document::operations`] has its operations, too.

mod bundle;
mod convert_20;
mod defects;
mod document;
mod dynamic;
mod error;
mod files;
mod identifiers;
mod json;
mod loader;
mod model;
mod node;
mod one_way;
mod operations;
mod parse;
pub mod pointer;
mod references;
mod source;
mod upgrade_30;
mod yaml;

pub use self::{
    document::Document,
    error::{Defect, DefectKind, LimitOf, LoadError},
    loader::{CheckPattern, Fetch, Loader},
    one_way::{marked, one_way},
    operations::{METHODS, Operation},
    source::Place,
};
