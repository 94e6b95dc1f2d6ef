//! What makes a document unreadable, and what is wrong in one that can be read.

use std::{io, path::PathBuf};

use crate::source::Place;

/// Why a document cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not text in UTF-8.
    #[error("{path} is not text in UTF-8")]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// A file is neither YAML nor JSON.
    #[error("{place}: {cause}")]
    Syntax {
        /// Where the parser stopped.
        place: Place,
        /// What is wrong there.
        cause: String,
    },
    /// It is not an OpenAPI document of a version that is known.
    #[error("{path} is not an OpenAPI document: {cause}")]
    NotOpenApi {
        /// The file.
        path: PathBuf,
        /// What is missing or wrong.
        cause: String,
    },
    /// A reference cannot be resolved.
    #[error("{place}: the reference {reference:?} cannot be resolved: {cause}")]
    Reference {
        /// Where it stands.
        place: Place,
        /// The reference, as written.
        reference: String,
        /// Why not.
        cause: String,
    },
    /// A reference leads to the network, and nothing was given to fetch it with.
    #[error("{place}: the reference {reference:?} leads to {url}: remote references are not fetched")]
    Remote {
        /// Where it stands.
        place: Place,
        /// The reference, as written.
        reference: String,
        /// Where it leads.
        url: String,
    },
    /// The document is larger than a limit.
    #[error("{path}: more than {limit} {of}")]
    Limit {
        /// The file in which the limit was passed.
        path: PathBuf,
        /// What there is too much of, with its unit.
        of: LimitOf,
        /// The limit.
        limit: u64,
    },
}

/// What a limit is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitOf {
    /// [`Loader::max_bytes`](crate::Loader::max_bytes).
    Bytes,
    /// [`Loader::max_depth`](crate::Loader::max_depth).
    Depth,
    /// [`Loader::max_files`](crate::Loader::max_files).
    Files,
    /// [`Loader::max_copied`](crate::Loader::max_copied).
    Copied,
    /// [`Loader::max_defects`](crate::Loader::max_defects).
    Defects,
}

impl std::fmt::Display for LimitOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes in all files together",
            Self::Depth => "levels of nesting",
            Self::Files => "files",
            Self::Copied => "values copied by aliases and references",
            Self::Defects => "defects",
        })
    }
}

/// Something that is wrong in a document, and that leaves the rest of it usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// What kind of fault it is.
    pub kind: DefectKind,
    /// Where in [`Document::json`](crate::Document::json); of the nearest value around it where it is not there.
    pub pointer: String,
    /// Where it was written.
    pub place: Place,
    /// What is wrong, as a sentence without its subject's place.
    pub message: String,
}

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The kinds of defects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DefectKind {
    /// An object has a key twice; the last one counts.
    DuplicateKey,
    /// A reference leads nowhere, with [`Loader::keep_unresolved`](crate::Loader::keep_unresolved); or there is no security scheme of
    /// a name.
    Unresolved,
    /// A reference leads to the network, and nothing was given to fetch it with, with
    /// [`Loader::keep_unresolved`](crate::Loader::keep_unresolved).
    Remote,
    /// A reference stands where OpenAPI has none; it was replaced by what it refers to.
    MisplacedReference,
    /// The `type` of a schema is none of the seven of JSON Schema.
    UnknownType,
    /// The value of a keyword has the wrong JSON type.
    KeywordType,
    /// A `default` is not of the schema's `type`.
    DefaultType,
    /// No value of an `enum` is of the schema's `type`.
    EnumType,
    /// A pattern that [`Loader::check_patterns_with`](crate::Loader::check_patterns_with) refuses.
    Pattern,
    /// A parameter has neither `schema` nor `content`.
    NoSchema,
    /// Path template and path parameters do not fit.
    PathParameter,
    /// Two operations have the same `operationId`.
    DuplicateOperationId,
    /// A part of a Swagger 2.0 document that cannot be said in OpenAPI 3.1.
    NotConverted,
    /// `$dynamicRef` to an anchor that no schema on the way has.
    DynamicReference,
    /// No fault: a part of OpenAPI 3.2 that a reader of 3.1 does not know.
    Newer,
}
