//! The contract as this binary carries it: the text, and the same as JSON.

use serde_json::Value;

use super::ContractError;

/// The text of `openapi.yaml`, embedded at build time.
pub const YAML: &str = include_str!("../../openapi.yaml");

/// The document of this binary.
///
/// # Errors
///
/// [`ContractError::Yaml`] when `openapi.yaml` was not YAML at build time.
pub fn embedded() -> Result<Value, ContractError> {
    serde_saphyr::from_str(YAML).map_err(|error| ContractError::Yaml(error.to_string()))
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

/// A segment of a JSON Pointer (RFC 6901, section 3).
pub(super) fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}
