//! `cargo xtask stub`: from a document to the Rust that a person would have begun with.

mod existing;
pub mod here;
mod layout;
mod missing;
mod operation;
pub mod project;
pub(crate) mod refine;
mod register;
mod source;
mod types;

use std::{io, path::PathBuf};

use crate::spec::SpecError;

/// Why the code of this project cannot be written from its document.
#[derive(Debug, thiserror::Error)]
pub enum StubError {
    /// The document says something that neither poem-openapi nor a refinement can say.
    #[error("{pointer}: {why}")]
    NotCarried {
        /// Where, as a JSON Pointer.
        pointer: String,
        /// What stands against it.
        why: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The document is not YAML.
    #[error("the document is not YAML: {0}")]
    NotYaml(String),
    /// A source file is not Rust.
    #[error("{path}: {cause}")]
    NotRust {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        cause: String,
    },
    /// What the code stands for is not known.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// What was written is not Rust.
    #[error("generated code is not Rust: {cause}\n{code}")]
    Generated {
        /// What the parser says.
        cause: String,
        /// The code.
        code: String,
    },
}

impl StubError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotCarried { hint, .. } => hint,
            Self::File { .. } => "the command runs in a checkout that you may write in; --spec names another document",
            Self::NotYaml(_) => "fix the document; `cargo xtask spec --check` reads it too",
            Self::NotRust { .. } => "fix the file: what is in it already is not written again",
            Self::Spec(error) => error.hint(),
            Self::Generated { .. } => "this is a mistake of the command: please report it with the document",
        }
    }
}

/// That the document says something that cannot be carried.
fn not_carried(pointer: &str, why: impl Into<String>, hint: &'static str) -> StubError {
    StubError::NotCarried { pointer: pointer.to_owned(), why: why.into(), hint }
}
