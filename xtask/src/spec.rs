//! `cargo xtask spec`: writes the contract from the code, or tells how the two differ.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;
use users_api::api;

use crate::{drift, generators, lift::lift};

/// The file's first line.
const HEADER: &str =
    "# The contract. Derived from the code by `cargo xtask spec`; `cargo xtask spec --check` tells when they differ.\n";

/// Why the command could not run.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// The handlers give no document.
    #[error("the document derived from the handlers is not JSON: {0}")]
    Derive(serde_json::Error),
    /// What the lift makes is not an OpenAPI 3.1 document.
    #[error("the document derived from the handlers is not an OpenAPI 3.1 document: {0}")]
    NotOpenApi(serde_json::Error),
    /// The document cannot be written as YAML.
    #[error("the document cannot be written as YAML: {0}")]
    Serialise(String),
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl SpecError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } => "`cargo xtask spec` writes the file; --file names another one",
            Self::Derive(_) | Self::NotOpenApi(_) | Self::Serialise(_) => {
                "fix the types in src/api, or the refinements beside them"
            }
        }
    }
}

/// What a check found.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Code and document agree, but for line endings.
    Fresh,
    /// They differ; the report says where and what mends it.
    Drift(String),
    /// They agree, and generators of clients would trip over the document; the report says where.
    Obstacles(String),
}

/// The document that the code stands for, as the text of `openapi.yaml`.
///
/// # Errors
///
/// [`SpecError::Derive`], [`SpecError::NotOpenApi`] and [`SpecError::Serialise`].
pub fn expected() -> Result<String, SpecError> {
    let derived = api::derived_document().map_err(SpecError::Derive)?;
    let document = lift(derived, &api::refinements());
    // A typed model of OpenAPI 3.1 reads it: a refinement that puts something where it does not belong is found here.
    serde_json::from_value::<utoipa::openapi::OpenApi>(document.clone()).map_err(SpecError::NotOpenApi)?;
    render(&document)
}

/// The text of a document.
///
/// # Errors
///
/// [`SpecError::Serialise`].
pub fn render(document: &Value) -> Result<String, SpecError> {
    let yaml = serde_saphyr::to_string(document).map_err(|error| SpecError::Serialise(error.to_string()))?;
    Ok(format!("{HEADER}{yaml}"))
}

/// Writes the document; says whether the file changed.
///
/// # Errors
///
/// [`SpecError`].
pub fn write(path: &Path) -> Result<bool, SpecError> {
    let expected = expected()?;
    let file = |source| SpecError::File { path: path.to_owned(), source };
    match fs::read_to_string(path) {
        Ok(found) if found == expected => return Ok(false),
        Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(file(source)),
        _ => {}
    }
    fs::write(path, expected).map_err(file)?;
    Ok(true)
}

/// Compares the file with the code.
///
/// # Errors
///
/// [`SpecError`].
pub fn check(path: &Path) -> Result<Verdict, SpecError> {
    let found = fs::read_to_string(path).map_err(|source| SpecError::File { path: path.to_owned(), source })?;
    let found = found.replace("\r\n", "\n"); // Git writes CRLF where it is told to; the document is the same.
    let expected = expected()?;
    if found != expected {
        return Ok(Verdict::Drift(drift::report(&found, &expected)));
    }
    let document = serde_saphyr::from_str(&expected).map_err(|error| SpecError::Serialise(error.to_string()))?;
    let obstacles = generators::obstacles(&document);
    Ok(if obstacles.is_empty() { Verdict::Fresh } else { Verdict::Obstacles(generators::report(&obstacles)) })
}
