//! The document: read, and brought to OpenAPI 3.1.

use std::{path::Path, sync::Arc};

use openapi_document::{Defect, DefectKind, LoadError, Loader};
use serde_json::Value;

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A schema cannot be compiled.
    #[error("{pointer} is not a schema that can be compiled: {cause}")]
    Schema {
        /// Where in the document.
        pointer: String,
        /// What the validator says.
        cause: String,
    },
}

/// An OpenAPI document.
#[derive(Clone)]
pub struct Document {
    /// What it is called in reports: its file name.
    pub name: String,
    /// Its content, as OpenAPI 3.1.
    pub json: Value,
    source: Arc<openapi_document::Document>,
}

impl Document {
    /// Reads a document from a file, with the files that it refers to.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub fn read(path: &Path) -> Result<Self, DocumentError> {
        Self::of(&path.display().to_string(), loader().load(path)?)
    }

    /// Reads a document from text, YAML or JSON; references to other files are relative to its name.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub fn parse(name: &str, text: impl Into<String>) -> Result<Self, DocumentError> {
        Self::of(name, loader().parse(name, text)?)
    }

    fn of(name: &str, source: openapi_document::Document) -> Result<Self, DocumentError> {
        // What refers to nothing within the document costs its operation; what is in another file may be anything.
        let elsewhere = |defect: &&Defect| {
            let reference = source.json().pointer(&defect.pointer).and_then(|node| node.get("$ref")).and_then(Value::as_str);
            defect.kind == DefectKind::Unresolved && reference.is_some_and(|reference| !reference.starts_with('#'))
        };
        if let Some(defect) = source.defects().iter().find(elsewhere) {
            let reference = source.json().pointer(&defect.pointer).and_then(|node| node["$ref"].as_str()).unwrap_or_default();
            return Err(DocumentError::Load(LoadError::Reference {
                place: defect.place.clone(),
                reference: reference.to_owned(),
                cause: defect.message.clone(),
            }));
        }
        Ok(Self { name: name.to_owned(), json: source.json().clone(), source: Arc::new(source) })
    }

    /// What is wrong in the document itself. The rest of it is tested all the same.
    pub fn defects(&self) -> impl Iterator<Item = &Defect> {
        // Parts of OpenAPI 3.2 are no fault of the document.
        self.source.defects().iter().filter(|defect| defect.kind != DefectKind::Newer)
    }

    /// Whether the document consists of several files.
    pub(crate) fn has_several_files(&self) -> bool {
        self.source.files().nth(1).is_some()
    }

    /// The line on which the value that `pointer` names begins, counted from 1; of the nearest value around it where it is not in
    /// the text. None where it stands in another file than the document's own.
    pub fn line(&self, pointer: &str) -> Option<usize> {
        let place = self.source.value_place(pointer);
        (Some(place.file.as_path()) == self.source.files().next()).then_some(place.line)
    }

    /// A line of the document's own file, from 1; of a very long one a part.
    pub fn text_of(&self, line: usize) -> Option<String> {
        let text = self.source.line(self.source.files().next()?, line)?;
        Some(match text.char_indices().nth(EXCERPT) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        })
    }

    /// The node that a pointer names, following `$ref`; gives its own pointer too.
    pub fn resolve(&self, pointer: &str) -> Option<(String, &Value)> {
        self.source.resolve(pointer)
    }
}

/// How much of a line is shown, in characters: a minified document has only one.
const EXCERPT: usize = 200;

fn loader() -> Loader {
    Loader::new().keep_unresolved(true)
}
