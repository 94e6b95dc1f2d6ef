//! The files of a project, put into a folder that may have them already: what a person has written stays as it is.

use std::{
    collections::{BTreeSet, HashSet},
    fmt, fs, io,
    path::{Path, PathBuf},
};

use quote::ToTokens;
use syn::{FnArg, Item, ItemFn};

use crate::{
    project::{File, FileRole, Function},
    seal,
};

/// Keeps the number of the document as it was last written: it has no place for a seal of its own.
const RECORD: &str = ".openapi-stub";

/// Why the folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub struct MergeError {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

/// What will be written, and what to tell about the rest.
#[derive(Debug, Default)]
pub struct Plan {
    /// What will be written.
    pub writes: Vec<Write>,
    /// What a person has to look at.
    pub notes: Vec<Note>,
}

/// A file that will be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Where, in the project.
    pub path: String,
    /// All that will be in it.
    pub content: String,
    /// Why.
    pub reason: Reason,
}

/// Why a file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// There is none yet.
    New,
    /// The document has changed, and nobody has edited the file.
    Changed,
    /// The document has operations that the file has no handlers for: these.
    Extended(Vec<String>),
    /// The file beside it would change, and somebody has edited it.
    Beside,
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.reason {
            Reason::New => write!(f, "new       {path}"),
            Reason::Changed => write!(f, "changed   {path}"),
            Reason::Extended(functions) => write!(f, "extended  {path}: {}", functions.join(", ")),
            Reason::Beside => {
                let edited = path.trim_end_matches(".new");
                write!(f, "beside    {path}: {edited} has been edited, so take over what you need")
            }
        }
    }
}

/// Something that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The document has no such operation there any more.
    Gone {
        /// The file, in the project.
        path: String,
        /// The handler.
        function: String,
    },
    /// The operation has something that its handler does not take.
    NotTaken {
        /// The file, in the project.
        path: String,
        /// The handler.
        function: String,
        /// The type of the parameter that is missing.
        kind: String,
    },
    /// The file is not Rust, so that nobody knows which handlers are in it.
    Unreadable {
        /// The file, in the project.
        path: String,
        /// What the parser says.
        cause: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone { path, function } => write!(f, "gone      {path}: the document has no operation for {function} there"),
            Self::NotTaken { path, function, kind } => write!(f, "differs   {path}: {function} does not take {kind}"),
            Self::Unreadable { path, cause } => write!(f, "unread    {path}: {cause}"),
        }
    }
}

impl Plan {
    /// What to write in `folder`, which need not exist, so that it has these files.
    ///
    /// # Errors
    ///
    /// [`MergeError`].
    pub fn new(folder: &Path, files: &[File]) -> Result<Self, MergeError> {
        let mut plan = Self::default();
        for file in files {
            let found = read(folder, &file.path)?;
            match (&file.kind, found) {
                (FileRole::Once, Some(_)) => {}
                (FileRole::Once | FileRole::Generated | FileRole::Handlers(_), None) => {
                    plan.write(&file.path, &file.content, Reason::New);
                }
                (FileRole::Generated, Some(found)) => {
                    let new = seal::read(&file.content).map(|(number, _)| number);
                    match seal::read(&found) {
                        Some((old, _)) if Some(old) == new => {}
                        Some((_, true)) => plan.write(&file.path, &file.content, Reason::Changed),
                        _ => plan.beside(folder, file)?,
                    }
                }
                (FileRole::Document, found) => plan.document(folder, file, found)?,
                (FileRole::Handlers(functions), Some(found)) => plan.handlers(folder, file, functions, &found)?,
            }
        }
        plan.left_over(folder, files)?;
        Ok(plan)
    }

    /// Writes all of it.
    ///
    /// # Errors
    ///
    /// [`MergeError`].
    pub fn apply(&self, folder: &Path) -> Result<(), MergeError> {
        for write in &self.writes {
            let path = folder.join(&write.path);
            let failed = |source| MergeError { path: path.clone(), source };
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(failed)?;
            }
            fs::write(&path, &write.content).map_err(failed)?;
        }
        Ok(())
    }

    fn write(&mut self, path: &str, content: &str, reason: Reason) {
        self.writes.push(Write { path: path.to_owned(), content: content.to_owned(), reason });
    }

    /// Writes what is new beside the file, unless it is there already.
    fn beside(&mut self, folder: &Path, file: &File) -> Result<(), MergeError> {
        let path = format!("{}.new", file.path);
        if read(folder, &path)?.as_ref() != Some(&file.content) {
            self.write(&path, &file.content, Reason::Beside);
        }
        Ok(())
    }

    fn document(&mut self, folder: &Path, file: &File, found: Option<String>) -> Result<(), MergeError> {
        let record = |content: &str| format!("{:016x}\n", seal::number(content));
        let (old, new) = (read(folder, RECORD)?, record(&file.content));
        match found {
            None => self.write(&file.path, &file.content, Reason::New),
            Some(found) if found == file.content => {}
            Some(_) if old.as_ref() == Some(&new) => return Ok(()), // Only a person has changed anything.
            Some(found) if old == Some(record(&found)) => self.write(&file.path, &file.content, Reason::Changed),
            Some(_) => return self.beside(folder, file),
        }
        if old.as_ref() != Some(&new) {
            self.write(RECORD, &new, if old.is_none() { Reason::New } else { Reason::Changed });
        }
        Ok(())
    }

    fn handlers(&mut self, folder: &Path, file: &File, functions: &[Function], found: &str) -> Result<(), MergeError> {
        let written = match functions_of(found) {
            Ok(written) => written,
            Err(error) => {
                self.notes.push(Note::Unreadable { path: file.path.clone(), cause: error.to_string() });
                return self.beside(folder, file);
            }
        };
        let (mut content, mut added) = (found.to_owned(), Vec::new());
        for function in functions {
            match written.iter().find(|written| written.sig.ident == function.name) {
                Some(written) => self.compare(&file.path, written, function),
                None => {
                    if !content.ends_with('\n') {
                        content.push('\n');
                    }
                    content.push('\n');
                    content.push_str(&function.source);
                    added.push(function.name.clone());
                }
            }
        }
        if !added.is_empty() {
            self.write(&file.path, &content, Reason::Extended(added));
        }
        let known: HashSet<&str> = functions.iter().map(|function| function.name.as_str()).collect();
        self.gone(&file.path, &written, &known);
        Ok(())
    }

    /// Notes what a handler does not take and a new one would. A handler may take more.
    fn compare(&mut self, path: &str, written: &ItemFn, function: &Function) {
        let inputs = |function: &ItemFn| -> Vec<String> {
            let kinds = function.sig.inputs.iter().filter_map(|input| match input {
                FnArg::Typed(input) => Some(input.ty.to_token_stream().to_string().replace(' ', "")),
                FnArg::Receiver(_) => None,
            });
            kinds.collect()
        };
        let taken = inputs(written);
        let new = functions_of(&function.source).unwrap_or_default();
        for kind in new.iter().flat_map(inputs).filter(|kind| !taken.contains(kind)) {
            self.notes.push(Note::NotTaken { path: path.to_owned(), function: function.name.clone(), kind });
        }
    }

    fn gone(&mut self, path: &str, written: &[ItemFn], known: &HashSet<&str>) {
        for function in written.iter().filter(|function| is_handler(function)) {
            let function = function.sig.ident.to_string();
            if !known.contains(function.as_str()) {
                self.notes.push(Note::Gone { path: path.to_owned(), function });
            }
        }
    }

    /// Notes the handlers in files that no operation belongs to.
    fn left_over(&mut self, folder: &Path, files: &[File]) -> Result<(), MergeError> {
        let api = folder.join("src/api");
        let failed = |source| MergeError { path: api.clone(), source };
        let entries = match fs::read_dir(&api) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = BTreeSet::new();
        for entry in entries {
            names.insert(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        for name in names.iter().filter(|name| name.ends_with(".rs")) {
            let path = format!("src/api/{name}");
            if files.iter().all(|file| file.path != path)
                && let Some(found) = read(folder, &path)?
                && let Ok(written) = functions_of(&found)
            {
                self.gone(&path, &written, &HashSet::new());
            }
        }
        Ok(())
    }
}

/// The text of a file; none where there is no file.
fn read(folder: &Path, path: &str) -> Result<Option<String>, MergeError> {
    let path = folder.join(path);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(MergeError { path, source }),
    }
}

fn functions_of(text: &str) -> syn::Result<Vec<ItemFn>> {
    let functions = syn::parse_file(text)?.items.into_iter().filter_map(|item| match item {
        Item::Fn(function) => Some(function),
        _ => None,
    });
    Ok(functions.collect())
}

fn is_handler(function: &ItemFn) -> bool {
    function.attrs.iter().any(|attribute| attribute.path().segments.last().is_some_and(|segment| segment.ident == "handler"))
}
