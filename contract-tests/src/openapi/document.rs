//! The document: read, and brought to OpenAPI 3.1.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use serde_json::{Map, Value};

use super::{lines, upgrade::upgrade};
use crate::pointer::segments;

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is neither YAML nor JSON.
    #[error("{name} is neither YAML nor JSON: {cause}")]
    Syntax {
        /// The document's name.
        name: String,
        /// What the parser says.
        cause: String,
    },
    /// It is not an OpenAPI 3 document.
    #[error("{name} is not an OpenAPI 3.0 or 3.1 document: {cause}")]
    NotOpenApi {
        /// The document's name.
        name: String,
        /// What is missing or wrong.
        cause: String,
    },
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
    text: String,
    /// Where its values stand, once somebody has asked.
    lines: Arc<OnceLock<Option<serde_saphyr::Spanned<lines::Tree>>>>,
}

impl Document {
    /// Reads a document from a file.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub fn read(path: &Path) -> Result<Self, DocumentError> {
        let text = fs::read_to_string(path).map_err(|source| DocumentError::File { path: path.to_owned(), source })?;
        Self::parse(&path.display().to_string(), text)
    }

    /// Reads a document from text, YAML or JSON.
    ///
    /// # Errors
    ///
    /// [`DocumentError`].
    pub fn parse(name: &str, text: impl Into<String>) -> Result<Self, DocumentError> {
        let (name, text) = (name.to_owned(), text.into());
        // Not YAML 1.1: there the country code NO is false.
        let options = serde_saphyr::options! { strict_booleans: true };
        let parsed: Value = match serde_saphyr::from_str_with_options(&text, options) {
            Ok(parsed) => parsed,
            Err(error) => return Err(DocumentError::Syntax { name, cause: error.to_string() }),
        };
        let not_openapi = |cause: &str| DocumentError::NotOpenApi { name: name.clone(), cause: cause.to_owned() };
        let version = parsed.get("openapi").and_then(Value::as_str).ok_or_else(|| not_openapi("it has no `openapi` version"))?;
        let mut json = parsed.clone();
        match version.split('.').collect::<Vec<_>>().as_slice() {
            ["3", "0", ..] => upgrade(&mut json),
            ["3", "1", ..] => {}
            _ => return Err(not_openapi(&format!("its version is {version}"))),
        }
        if json.get("paths").and_then(Value::as_object).is_none_or(Map::is_empty) {
            return Err(not_openapi("it has no paths"));
        }
        Ok(Self { name, json, text, lines: Arc::default() })
    }

    /// The line of the text on which the value that `pointer` names begins, counted from 1; of the nearest value around it where
    /// it is not in the text.
    pub fn line(&self, pointer: &str) -> Option<usize> {
        let tree = self.lines.get_or_init(|| serde_saphyr::from_str(&self.text).ok());
        lines::find(tree.as_ref()?, &segments(pointer))
    }

    /// A line of the text, from 1.
    pub fn text_of(&self, line: usize) -> Option<String> {
        self.text.lines().nth(line.checked_sub(1)?).map(|text| text.trim().to_owned())
    }

    /// The node that a pointer names, following `$ref`; gives its own pointer too.
    pub fn resolve(&self, pointer: &str) -> Option<(String, &Value)> {
        let mut pointer = pointer.to_owned();
        for _ in 0..32 {
            let node = self.json.pointer(&pointer)?;
            match node.get("$ref").and_then(Value::as_str) {
                None => return Some((pointer, node)),
                Some(reference) => pointer = reference.strip_prefix('#')?.to_owned(),
            }
        }
        None
    }
}
