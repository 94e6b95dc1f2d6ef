//! The document that was read.

use std::{path::Path, sync::Arc};

use serde_json::Value;

use crate::{
    Defect, LoadError, Loader, Place,
    node::{At, Places},
    pointer,
    source::Source,
};

/// An OpenAPI 3.1 document, and where each value of it was written.
#[derive(Debug, Clone)]
pub struct Document {
    json: Value,
    version: String,
    places: Arc<Places>,
    sources: Arc<[Source]>,
    defects: Vec<Defect>,
}

impl Document {
    pub(crate) fn new(json: Value, version: String, places: Places, sources: Vec<Source>, defects: Vec<Defect>) -> Self {
        Self { json, version, places: Arc::new(places), sources: sources.into(), defects }
    }

    /// Reads the document in a file, with the files that it refers to and the default limits of [`Loader`].
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    ///
    /// ```no_run
    /// # fn main() -> Result<(), openapi_document::LoadError> {
    /// let document = openapi_document::Document::load("openapi.yaml")?;
    /// for defect in document.defects() {
    ///     eprintln!("{defect}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        Loader::new().load(path)
    }

    /// Reads a document from text, as [`Loader::parse`] does with the default limits.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub fn parse(name: impl AsRef<Path>, text: impl Into<String>) -> Result<Self, LoadError> {
        Loader::new().parse(name, text)
    }

    /// The document, as OpenAPI 3.1.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The document without what is known about it.
    #[must_use]
    pub fn into_json(self) -> Value {
        self.json
    }

    /// The version as it was written, such as `3.0.3`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What is wrong in the document, in the order in which it was found.
    #[must_use]
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// Every file that was read, the document's own first.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.sources.iter().map(|source| source.path.as_path())
    }

    /// Where the value that a JSON Pointer names was written, from its key on; of the nearest value around it where there is none.
    ///
    /// ```
    /// # fn main() -> Result<(), openapi_document::LoadError> {
    /// let document = openapi_document::Document::parse("api.yaml", "openapi: 3.1.0\ninfo:\n  title: Books\n  version: '1'\n")?;
    /// assert_eq!(document.place("/info").line, 2);
    /// assert_eq!(document.value_place("/info").line, 3);
    /// assert_eq!(document.excerpt("/info/title"), "title: Books");
    /// assert_eq!(document.place("/info/licence/name").line, 2);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn place(&self, pointer: &str) -> Place {
        let at = self.places.nearest(pointer);
        self.source(at).place(at.key)
    }

    /// As [`place`](Self::place), but where the value itself begins, which for a mapping of YAML is below its key.
    #[must_use]
    pub fn value_place(&self, pointer: &str) -> Place {
        let at = self.places.nearest(pointer);
        self.source(at).place(at.value)
    }

    /// The line that [`place`](Self::place) names, without the space around it; of a very long line a part.
    #[must_use]
    pub fn excerpt(&self, pointer: &str) -> String {
        let at = self.places.nearest(pointer);
        self.source(at).excerpt(at.key)
    }

    /// A line of one of the files, from 1, without the space around it.
    #[must_use]
    pub fn line(&self, file: &Path, line: usize) -> Option<&str> {
        self.sources.iter().find(|source| source.path == file)?.text_of(line)
    }

    /// The value that a JSON Pointer names, and its own pointer; where it is a reference what that leads to, and so on. None where
    /// there is nothing.
    ///
    /// ```
    /// # fn main() -> Result<(), openapi_document::LoadError> {
    /// let document = openapi_document::Document::parse("api.yaml", "
    /// openapi: 3.1.0
    /// components:
    ///   schemas:
    ///     Name: { $ref: '#/components/schemas/Text' }
    ///     Text: { type: string }
    /// ")?;
    /// let (pointer, schema) = document.resolve("/components/schemas/Name").unwrap();
    /// assert_eq!((pointer.as_str(), &schema["type"]), ("/components/schemas/Text", &"string".into()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn resolve(&self, pointer: &str) -> Option<(String, &Value)> {
        pointer::resolve(&self.json, pointer)
    }

    fn source(&self, at: At) -> &Source {
        &self.sources[at.file as usize]
    }
}
