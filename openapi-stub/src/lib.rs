//! Writes a Rust server project from an OpenAPI document: types, a handler for each operation, and all that is around them. The
//! server is built on `openapi-server`, which holds every request to the document.
//!
//! [`project`] makes the files, and [`Plan`] puts them into a folder without changing what a person has written there.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use openapi_document::Document;
//! use openapi_stub::{Library, Settings};
//!
//! let text = "
//! openapi: 3.1.0
//! info: { title: Books, version: '1' }
//! paths:
//!   /books:
//!     get: { operationId: listBooks, tags: [books], responses: { '204': { description: None yet. } } }
//! ";
//! let document = Document::parse("openapi.yaml", text)?;
//! let settings = Settings { package: "books".to_owned(), library: Library::Git("https://example.com/library".to_owned()) };
//! let files = openapi_stub::project(&document, text, &settings)?;
//! let handlers = files.iter().find(|file| file.path == "src/api/books.rs").unwrap();
//! assert!(handlers.content.contains("pub async fn list_books() -> Result<Empty<204>>"));
//! # Ok(())
//! # }
//! ```

pub mod docs;
mod facts;
mod merge;
pub mod names;
mod operations;
mod project;
mod seal;
mod source;
mod types;

pub use self::{
    merge::{MergeError, Note, Plan, Reason, Write},
    names::of_package as package_name,
    project::{File, FileRole, Function, Library, Settings, StubError, project},
};
