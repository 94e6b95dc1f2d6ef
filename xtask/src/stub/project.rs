//! `cargo xtask stub`: a server project of its own for any document.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use openapi_document::{Document, LoadError};
use openapi_stub::{Library, MergeError, Plan, Settings, StubError};

/// Why the command could not run.
#[derive(Debug, thiserror::Error)]
pub enum StubCommandError {
    /// The document cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A file or folder cannot be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no library.
    #[error("{0} has no folder openapi-server")]
    NoLibrary(PathBuf),
    /// No project can be made of the document.
    #[error(transparent)]
    Stub(#[from] StubError),
    /// The project cannot be written.
    #[error(transparent)]
    Merge(#[from] MergeError),
}

impl StubCommandError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Load(_) => "--spec takes an OpenAPI 3 or Swagger 2.0 document, with all the files that it refers to",
            Self::File { .. } | Self::Merge(_) => {
                "--new takes a folder that you may write in, and --spec a file that you may read"
            }
            Self::NoLibrary(_) => "--library takes a checkout of this repository, or the URL of one",
            Self::Stub(_) => "this is a mistake of the command: please report it with the document",
        }
    }
}

/// Makes the project, or brings it up to date; gives the lines to print.
///
/// # Errors
///
/// [`StubCommandError`].
pub fn run(folder: &Path, spec: &Path, library: Option<&str>, dry_run: bool) -> Result<String, StubCommandError> {
    let document = Document::load(spec)?;
    let text = fs::read_to_string(spec).map_err(|source| StubCommandError::File { path: spec.to_owned(), source })?;
    let absolute = std::path::absolute(folder).map_err(|source| StubCommandError::File { path: folder.to_owned(), source })?;
    let package = openapi_stub::package_name(&absolute.file_name().unwrap_or_default().to_string_lossy());
    let settings = Settings { package, library: library_at(library)? };
    let plan = Plan::new(folder, &openapi_stub::project(&document, &text, &settings)?)?;
    if !dry_run {
        plan.apply(folder)?;
    }
    let mut lines: Vec<String> = plan.writes.iter().map(ToString::to_string).collect();
    lines.extend(plan.notes.iter().map(ToString::to_string));
    if plan.writes.is_empty() {
        lines.push("nothing to write: the project is up to date".to_owned());
    } else if !dry_run {
        lines.push(format!("next: `cargo run` in {}, whose README.md says the rest", folder.display()));
    }
    Ok(lines.join("\n") + "\n")
}

/// A URL, or a folder; this repository where nothing is said.
fn library_at(library: Option<&str>) -> Result<Library, StubCommandError> {
    let path = match library {
        Some(url) if url.contains("://") || url.starts_with("git@") => return Ok(Library::Git(url.to_owned())),
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
    };
    let path = path.canonicalize().map_err(|source| StubCommandError::File { path, source })?;
    if path.join("openapi-server/Cargo.toml").is_file() {
        return Ok(Library::Path(path.to_string_lossy().into_owned()));
    }
    Err(StubCommandError::NoLibrary(path))
}
