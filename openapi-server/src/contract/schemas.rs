//! Schemas of the document, compiled for one direction.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use jsonschema::{Draft, PatternOptions, Registry, Validator};
use openapi_document::{marked, one_way, pointer};
use serde_json::{Map, Value, json};

use super::{ContractError, document::resolve, pattern};

/// A name for the document among the schemas; nothing is fetched by it.
const DOCUMENT: &str = "urn:openapi:document";

/// The document as requests, or as answers, are held to it.
pub(super) fn for_requests(document: &Value) -> Value {
    let mut view = one_way(document, "readOnly");
    bound_integers(&mut view);
    view
}

/// The same for answers: what is `writeOnly` is not in them.
pub(super) fn for_answers(document: &Value) -> Value {
    let mut view = one_way(document, "writeOnly");
    for (schema, name) in marked(&view, "writeOnly") {
        let property = pointer::join(&format!("{schema}/properties"), &name);
        pointer::replace(&mut view, &property, json!(false));
    }
    view
}

/// Gives integers the bounds of their formats (OpenAPI 3.1, section 4.4, and the OpenAPI Format Registry): a handler's `i32` takes no
/// more.
fn bound_integers(node: &mut Value) {
    match node {
        Value::Object(object) => {
            let bounds = match object.get("format").and_then(Value::as_str) {
                Some("int8") => Some((json!(i8::MIN), json!(i8::MAX))),
                Some("int16") => Some((json!(i16::MIN), json!(i16::MAX))),
                Some("int32") => Some((json!(i32::MIN), json!(i32::MAX))),
                Some("int64") => Some((json!(i64::MIN), json!(i64::MAX))),
                Some("uint8") => Some((json!(u8::MIN), json!(u8::MAX))),
                Some("uint16") => Some((json!(u16::MIN), json!(u16::MAX))),
                Some("uint32") => Some((json!(u32::MIN), json!(u32::MAX))),
                Some("uint64") => Some((json!(u64::MIN), json!(u64::MAX))),
                _ => None,
            };
            if let Some((least, most)) = bounds.filter(|_| object.contains_key("type")) {
                bound(object, ["minimum", "exclusiveMinimum"], least);
                bound(object, ["maximum", "exclusiveMaximum"], most);
            }
            object.values_mut().for_each(bound_integers);
        }
        Value::Array(items) => items.iter_mut().for_each(bound_integers),
        _ => {}
    }
}

fn bound(schema: &mut Map<String, Value>, keywords: [&str; 2], limit: Value) {
    if !keywords.iter().any(|keyword| schema.contains_key(*keyword)) {
        schema.insert(keywords[0].to_owned(), limit);
    }
}

/// Compiles schemas of a document. A component is compiled once, however many operations refer to it.
pub(super) struct Schemas<'d> {
    document: &'d Value,
    registry: Registry<'d>,
    may_backtrack: bool,
    compiled: RefCell<HashMap<String, Arc<Validator>>>,
}

impl<'d> Schemas<'d> {
    /// # Errors
    ///
    /// [`ContractError::Schema`] when the references of the document cannot be followed.
    pub fn new(document: &'d Value) -> Result<Self, ContractError> {
        let registry = Registry::new().draft(Draft::Draft202012).add(DOCUMENT, document).and_then(|registry| registry.prepare());
        let registry = registry.map_err(|error| ContractError::Schema { pointer: String::new(), cause: error.to_string() })?;
        Ok(Self { document, registry, may_backtrack: pattern::any_may_backtrack(document), compiled: RefCell::default() })
    }

    pub fn document(&self) -> &'d Value {
        self.document
    }

    /// The validator for the schema at `at`; for nothing there, one that takes everything. Formats are asserted, but for those that
    /// no check is known for: by JSON Schema (2020-12, validation, section 7.2.3) they ask nothing.
    pub fn validator(&self, at: &str) -> Result<Arc<Validator>, ContractError> {
        let at = match self.document.pointer(at) {
            // A schema that is a reference and nothing else is the one that it refers to.
            Some(Value::Object(schema)) if schema.len() == 1 && schema.contains_key("$ref") => resolve(self.document, at)?.0,
            _ => at.to_owned(),
        };
        if let Some(validator) = self.compiled.borrow().get(&at) {
            return Ok(Arc::clone(validator));
        }
        let schema = match self.document.pointer(&at) {
            None => json!(true),
            Some(_) => json!({ "$ref": format!("{DOCUMENT}{}", pointer::to_reference(&at)) }),
        };
        let options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(pattern::FEW))
            .with_registry(&self.registry);
        let options = if self.may_backtrack { options.with_keyword("pattern", pattern::keyword) } else { options };
        let validator =
            options.build(&schema).map_err(|error| ContractError::Schema { pointer: at.clone(), cause: error.to_string() })?;
        let validator = Arc::new(validator);
        self.compiled.borrow_mut().insert(at, Arc::clone(&validator));
        Ok(validator)
    }
}
