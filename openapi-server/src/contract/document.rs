//! The document: its text, and the same as JSON.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ContractError;

/// An OpenAPI document: the text as it was written, and the same as JSON.
///
/// ```
/// use openapi_server::Document;
///
/// let document = Document::parse("openapi: 3.1.0\ninfo: { title: Empty, version: '1' }\npaths: {}\n")?;
/// assert_eq!(document.value()["info"]["title"], "Empty");
/// # Ok::<(), openapi_server::contract::ContractError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Document {
    text: String,
    value: Value,
}

impl Document {
    /// Reads a document from YAML or JSON.
    ///
    /// # Errors
    ///
    /// [`ContractError::Yaml`].
    pub fn parse(text: impl Into<String>) -> Result<Self, ContractError> {
        let text = text.into();
        let value = serde_saphyr::from_str(&text).map_err(|error| ContractError::Yaml(error.to_string()))?;
        Ok(Self { text, value })
    }

    /// The text, byte for byte.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every scope that an operation of the document asks for, in order.
    pub fn scopes(&self) -> BTreeSet<&str> {
        let paths = self.value.get("paths").and_then(Value::as_object).into_iter().flat_map(|paths| paths.values());
        let operations = paths.filter_map(Value::as_object).flat_map(|item| item.values());
        let security = operations.filter_map(|operation| operation.get("security")).chain(self.value.get("security"));
        let requirements = security.filter_map(Value::as_array).flatten().filter_map(Value::as_object);
        let scopes = requirements.flat_map(|requirement| requirement.values()).filter_map(Value::as_array).flatten();
        scopes.filter_map(Value::as_str).collect()
    }

    /// The document as JSON.
    pub fn value(&self) -> &Value {
        &self.value
    }
}

/// The node that a JSON Pointer names, following `$ref` within the document; gives its own pointer too.
pub(super) fn resolve<'a>(document: &'a Value, pointer: &str) -> Result<(String, &'a Value), ContractError> {
    let mut pointer = pointer.to_owned();
    for _ in 0..MAX_REFERENCES {
        let node = document.pointer(&pointer).ok_or_else(|| ContractError::Missing(pointer.clone()))?;
        match node.get("$ref").and_then(Value::as_str) {
            None => return Ok((pointer, node)),
            Some(reference) => match reference.strip_prefix('#') {
                Some(target) => pointer = target.to_owned(),
                None => return Err(ContractError::unsupported(&pointer, "a reference to another document")),
            },
        }
    }
    Err(ContractError::unsupported(&pointer, "references in a circle"))
}

/// How many references may follow one another: more is a circle.
const MAX_REFERENCES: usize = 32;
