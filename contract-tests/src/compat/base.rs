//! The old document: a file, or what a commit has.

use std::{
    io,
    path::Path,
    process::{Command, Output},
};

use openapi_document::LoadError;

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
    /// The document refers to other files, which would be read as they are now and not as they were.
    #[error("{file} of {commit} refers to other files")]
    SeveralFiles {
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
            Self::Document(error) if leads_nowhere(error) => FILES,
            Self::Document(_) => "the old document must be an OpenAPI document: 2.0, 3.0, 3.1 or 3.2, YAML or JSON",
            Self::Git(_) => "install git, or give --base a file",
            Self::Unknown(_) => "fetch the branch first: `git fetch origin main`, or `fetch-depth: 0` in GitHub Actions",
            Self::SeveralFiles { .. } => "check the commit out to another folder (`git worktree add`), and give --base its file",
            Self::NotInCommit { .. } => "compare with a revision that has the document; a new document breaks nobody",
        }
    }
}

/// What to do about a document with a file that is not there.
pub const FILES: &str = "compare with all the files that the document refers to: they stand where its references say";

/// Whether a document cannot be read because a reference leads nowhere.
pub fn leads_nowhere(error: &DocumentError) -> bool {
    matches!(error, DocumentError::Load(LoadError::Reference { .. }))
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
    let document = Document::parse(&format!("{base}:{name}"), String::from_utf8_lossy(&shown.stdout))?;
    if document.has_several_files() {
        return Err(BaseError::SeveralFiles { commit: base.to_owned(), file: name.into_owned() });
    }
    Ok(document)
}
