//! The old document: a file, or what a commit has.

use std::{
    io,
    path::Path,
    process::{Command, Output},
};

use crate::{Document, DocumentError};

/// Why there is no old document.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// The document cannot be used.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// git cannot be run.
    #[error("cannot run git: {0}")]
    Git(io::Error),
    /// It is no file, and git knows no such commit.
    #[error("{0} is neither a file nor a revision that git knows here")]
    Unknown(String),
    /// The commit has no such file.
    #[error("{commit} has no {file}")]
    NotInCommit {
        /// The commit, as it was given.
        commit: String,
        /// The file.
        file: String,
    },
}

impl BaseError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Document(_) => "the old document must be an OpenAPI 3.0 or 3.1 document",
            Self::Git(_) => "install git, or give --base a file",
            Self::Unknown(_) => "fetch the branch first: `git fetch origin main`, or `fetch-depth: 0` in GitHub Actions",
            Self::NotInCommit { .. } => "compare with a revision that has the document; a new document breaks nobody",
        }
    }
}

/// Reads the old document: `base` where it is a file, or `file` as it is in the commit `base`.
///
/// # Errors
///
/// [`BaseError`].
pub fn read(base: &str, file: &Path) -> Result<Document, BaseError> {
    if Path::new(base).is_file() {
        return Ok(Document::read(Path::new(base))?);
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let git = |arguments: &[&str]| -> Result<Output, BaseError> {
        Command::new("git").arg("-C").arg(folder).args(arguments).output().map_err(BaseError::Git)
    };
    let commit = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{base}^{{commit}}")])?;
    if !commit.status.success() {
        return Err(BaseError::Unknown(base.to_owned()));
    }
    let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
    let shown = git(&["show", &format!("{commit}:./{name}")])?;
    if !shown.status.success() {
        return Err(BaseError::NotInCommit { commit: base.to_owned(), file: name.into_owned() });
    }
    Ok(Document::parse(&format!("{base}:{name}"), String::from_utf8_lossy(&shown.stdout))?)
}
