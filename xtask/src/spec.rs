//! `cargo xtask spec`: writes the contract from the code, or tells how the two differ.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use openapi_document::{
    Document,
    pointer::{is_within, join},
};
use serde_json::{Value, json};
use users_api::api;

use crate::{
    drift, generators,
    lift::{change_children, lift},
    stub::refine::nested,
};

/// The file's first line.
const HEADER: &str =
    "# The contract. Derived from the code by `cargo xtask spec`; `cargo xtask spec --check` tells when they differ.\n";

/// Why the command could not run.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// The handlers give no document.
    #[error("the document derived from the handlers is not JSON: {0}")]
    Derive(serde_json::Error),
    /// What the lift makes is not an OpenAPI 3.1 document.
    #[error("the document derived from the handlers is not an OpenAPI 3.1 document:{0}")]
    NotOpenApi(String),
    /// The document cannot be written as YAML.
    #[error("the document cannot be written as YAML: {0}")]
    Serialise(String),
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl SpecError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } => "`cargo xtask spec` writes the file; --file names another one",
            Self::Derive(_) | Self::NotOpenApi(_) | Self::Serialise(_) => {
                "fix the types in src/api, or the refinements beside them"
            }
        }
    }
}

/// What a check found.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Code and document agree, but for line endings.
    Fresh,
    /// They differ; the report says where and what mends it.
    Drift(String),
    /// They agree, and generators of clients would trip over the document; the report says where.
    Obstacles(String),
}

/// The document that the code stands for, as the text of `openapi.yaml`.
///
/// # Errors
///
/// [`SpecError::Derive`], [`SpecError::NotOpenApi`] and [`SpecError::Serialise`].
pub fn expected() -> Result<String, SpecError> {
    let derived = api::derived_document().map_err(SpecError::Derive)?;
    let document = lift(derived, &api::refinements());
    readable(&document)?;
    render(&document)
}

/// The loader of documents finds nothing wrong and a typed model of OpenAPI 3.1 reads the document: a refinement that puts something where
/// it does not belong is found here.
///
/// # Errors
///
/// [`SpecError::NotOpenApi`], with the places.
pub fn readable(document: &Value) -> Result<(), SpecError> {
    // The loader also looks into conditions, and says where; the model does neither.
    let loaded = Document::parse("openapi.json", document.to_string());
    let mut places: Vec<(String, String)> = loaded
        .iter()
        .flat_map(Document::defects)
        .map(|defect| (defect.pointer.clone(), format!(": {}", defect.message)))
        .collect();
    let misread = read(document).err();
    for place in misread.iter().flat_map(|_| misplaced(document)) {
        if !places.iter().any(|(known, _)| is_within(known, &place)) {
            places.push((place, " has something that does not belong there".to_owned()));
        }
    }
    let lines: String = places.iter().map(|(place, what)| format!("\n  {place}{what}")).collect();
    match misread {
        Some(error) if lines.is_empty() => Err(SpecError::NotOpenApi(format!(" {error}"))),
        _ if lines.is_empty() => Ok(()),
        _ => Err(SpecError::NotOpenApi(lines)),
    }
}

/// The model lacks some schemas of JSON Schema, such as those without a `type`. The loader looks into all of them, so each is replaced here.
fn read(document: &Value) -> serde_json::Result<utoipa::openapi::OpenApi> {
    let mut document = document.clone();
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.shift_remove("schemas");
    }
    replace_schemas(&mut document);
    serde_json::from_value(document)
}

fn replace_schemas(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(replace_schemas),
        Value::Object(object) => {
            if let Some(schema) = object.get_mut("schema") {
                *schema = json!({ "type": "string" });
            }
            change_children(object, replace_schemas);
        }
        _ => {}
    }
}

/// The operations and components that the model does not read in a document of their own.
fn misplaced(document: &Value) -> Vec<String> {
    let is_wrong = |place: &String| {
        let mut only = json!({ "openapi": "3.1.0", "info": { "title": "", "version": "" }, "paths": {} });
        json_patch::merge(&mut only, &nested(place, document.pointer(place).cloned().unwrap_or_default()));
        read(&only).is_err()
    };
    let below = |place: &str| -> Vec<String> {
        let members = document.pointer(place).and_then(Value::as_object);
        members.into_iter().flat_map(|members| members.keys()).map(|key| join(place, key)).collect()
    };
    let operations = below("/paths").into_iter().flat_map(|path| below(&path));
    let components = below("/components").into_iter().flat_map(|section| below(&section));
    operations.chain(components).filter(is_wrong).collect()
}

/// The text of a document.
///
/// # Errors
///
/// [`SpecError::Serialise`].
pub fn render(document: &Value) -> Result<String, SpecError> {
    let yaml = serde_saphyr::to_string(document).map_err(|error| SpecError::Serialise(error.to_string()))?;
    Ok(format!("{HEADER}{yaml}"))
}

/// Writes the document; says whether the file changed.
///
/// # Errors
///
/// [`SpecError`].
pub fn write(path: &Path) -> Result<bool, SpecError> {
    let expected = expected()?;
    let file = |source| SpecError::File { path: path.to_owned(), source };
    match fs::read_to_string(path) {
        Ok(found) if found == expected => return Ok(false),
        Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(file(source)),
        _ => {}
    }
    fs::write(path, expected).map_err(file)?;
    Ok(true)
}

/// Compares the file with the code.
///
/// # Errors
///
/// [`SpecError`].
pub fn check(path: &Path) -> Result<Verdict, SpecError> {
    let found = fs::read_to_string(path).map_err(|source| SpecError::File { path: path.to_owned(), source })?;
    let found = found.replace("\r\n", "\n"); // Git writes CRLF where it is told to; the document is the same.
    let expected = expected()?;
    if found != expected {
        return Ok(Verdict::Drift(drift::report(&found, &expected)));
    }
    let document = serde_saphyr::from_str(&expected).map_err(|error| SpecError::Serialise(error.to_string()))?;
    let obstacles = generators::obstacles(&document);
    Ok(if obstacles.is_empty() { Verdict::Fresh } else { Verdict::Obstacles(generators::report(&obstacles)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(change: impl FnOnce(&mut Value)) -> String {
        let mut document = serde_saphyr::from_str(&expected().unwrap()).unwrap();
        change(&mut document);
        match readable(&document) {
            Err(error @ SpecError::NotOpenApi(_)) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_no_openapi_is_named_with_its_place() {
        let property = "/components/schemas/CreateUser/properties/firstName";
        let text = said(|document| document.pointer_mut(property).unwrap()["exclusiveMinimum"] = json!(true));
        let expected =
            format!("an OpenAPI 3.1 document:\n  {property}/exclusiveMinimum: `exclusiveMinimum` is a boolean, not a number");
        assert!(text.ends_with(&expected), "{text}");
        let text = said(|document| document["paths"]["/users"]["get"]["parameters"][0]["in"] = json!("body"));
        assert!(text.contains("\n  /paths/~1users/get"), "{text}");
        let condition = "/components/schemas/EmploymentInfo/then";
        let text = said(|document| document.pointer_mut(condition).unwrap()["required"] = json!("industry"));
        assert!(text.contains(&format!("\n  {condition}/required: `required` is a string")), "{text}");
        // One line for each.
        let text = said(|document| {
            document["components"]["schemas"]["Address"]["required"] = json!("line1");
            document["components"]["headers"]["Allow"]["description"] = json!(1);
        });
        assert!(text.contains("\n  /components/schemas/Address") && text.contains("\n  /components/headers/Allow"), "{text}");
        assert_eq!(text.lines().count(), 3, "{text}");
    }
}
