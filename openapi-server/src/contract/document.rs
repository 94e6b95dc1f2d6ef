//! The document: its text, and the same as JSON of OpenAPI 3.1.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

use super::{ContractError, Limits, limit};

/// The largest limit on bodies that a document leads to; a request may take this much memory.
const LARGEST_BODY: usize = 1024 * 1024;

/// An OpenAPI document of any version: the text as it was written, and the same as JSON of OpenAPI 3.1.
///
/// ```
/// use openapi_server::Document;
///
/// let document = Document::parse("openapi: 3.0.3\ninfo: { title: Empty, version: '1' }\npaths: {}\n")?;
/// assert_eq!(document.value()["info"]["title"], "Empty");
/// # Ok::<(), openapi_server::contract::ContractError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Document {
    text: String,
    loaded: openapi_document::Document,
}

impl Document {
    /// Reads a document from YAML or JSON. References to other files are looked up in the working directory; [`Document::load`] looks
    /// beside the document.
    ///
    /// # Errors
    ///
    /// [`ContractError::Unreadable`].
    pub fn parse(text: impl Into<String>) -> Result<Self, ContractError> {
        let text = text.into();
        let loaded = openapi_document::Document::parse("openapi.yaml", text.as_str())?;
        Ok(Self { text, loaded })
    }

    /// Reads a document from a file and those that it refers to. Of several files the text is the JSON of all.
    ///
    /// # Errors
    ///
    /// [`ContractError::Unreadable`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ContractError> {
        let loaded = openapi_document::Document::load(&path)?;
        let alone = loaded.files().count() == 1;
        let text = if alone { std::fs::read_to_string(path).ok() } else { None };
        Ok(Self { text: text.unwrap_or_else(|| loaded.json().to_string()), loaded })
    }

    /// The text, byte for byte.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every scope that an operation of the document asks for, in order.
    pub fn scopes(&self) -> BTreeSet<&str> {
        let operations = self.loaded.operations().filter_map(|operation| operation.json.get("security"));
        let security = operations.chain(self.value().get("security"));
        let requirements = security.filter_map(Value::as_array).flatten().filter_map(Value::as_object);
        let scopes = requirements.flat_map(|requirement| requirement.values()).filter_map(Value::as_array).flatten();
        scopes.filter_map(Value::as_str).collect()
    }

    /// A limit on bodies, in bytes, that leaves room for all texts whose length the document limits: 64 KiB, and as much as the longest of
    /// one body may take in JSON; at most 1 MiB. [`Server::new`](crate::Server::new) begins with it; [`Settings`](crate::Settings) have
    /// another one where a document needs more.
    ///
    /// ```
    /// use openapi_server::Document;
    ///
    /// let document = Document::parse(
    ///     r#"
    /// openapi: 3.1.0
    /// info: { title: Notes, version: "1" }
    /// paths:
    ///   /notes:
    ///     post:
    ///       requestBody:
    ///         content: { application/json: { schema: { properties: { text: { type: string, maxLength: 65535 } } } } }
    ///       responses: { "204": { description: Kept. } }
    /// "#,
    /// )?;
    /// assert_eq!(document.body_limit(), 64 * 1024 + 12 * 65535);
    /// # Ok::<(), openapi_server::contract::ContractError>(())
    /// ```
    pub fn body_limit(&self) -> usize {
        let longest = usize::try_from(limit::longest(&self.loaded)).unwrap_or(usize::MAX);
        longest.saturating_add(Limits::default().body).min(LARGEST_BODY)
    }

    /// The document as JSON of OpenAPI 3.1, with every reference within it.
    pub fn value(&self) -> &Value {
        self.loaded.json()
    }

    /// With positions and operations.
    pub(super) fn loaded(&self) -> &openapi_document::Document {
        &self.loaded
    }
}

/// The node that a JSON Pointer names, following `$ref` within the document; gives its own pointer too.
pub(super) fn resolve<'a>(document: &'a Value, pointer: &str) -> Result<(String, &'a Value), ContractError> {
    let mut pointer = pointer.to_owned();
    for _ in 0..MAX_REFERENCES {
        let node = document.pointer(&pointer).ok_or_else(|| ContractError::Missing(pointer.clone()))?;
        match node.get("$ref").and_then(Value::as_str) {
            None => return Ok((pointer, node)),
            Some(reference) => match openapi_document::pointer::from_reference(reference) {
                Some(target) => pointer = target,
                None => return Err(ContractError::unsupported(&pointer, "a reference to another document")),
            },
        }
    }
    Err(ContractError::unsupported(&pointer, "references in a circle"))
}

/// How many references may follow one another: more is a circle.
const MAX_REFERENCES: usize = 32;
