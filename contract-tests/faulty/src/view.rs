//! The document as one direction sees it, and its schemas as validators.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::{document::Unservable, parameter::decode};

/// One view of the document, and the validators of its schemas, each made once.
pub struct View {
    pub root: Value,
    validators: RefCell<HashMap<String, Arc<Validator>>>,
}

impl View {
    /// What is seen where properties marked `hidden` (`readOnly` in a request, `writeOnly` in an answer) are not required.
    pub fn new(document: &Value, hidden: &str) -> Self {
        Self { root: as_2020_12(document, hidden), validators: RefCell::default() }
    }

    /// A validator for the schema at `at`, with formats asserted.
    pub fn validator(&self, at: &str) -> Result<Arc<Validator>, Unservable> {
        if self.root.pointer(at).is_none() {
            return build(at, &json!(true)).map(Arc::new); // What has no schema is anything.
        }
        // A schema that is only a reference is what it refers to.
        let target = self.root.pointer(at).and_then(Value::as_object).filter(|schema| schema.len() == 1);
        let target = target.and_then(|schema| schema.get("$ref")?.as_str()).map(local);
        let at = target.as_deref().unwrap_or(at);
        if let Some(known) = self.validators.borrow().get(at) {
            return Ok(Arc::clone(known));
        }
        let compiled = Arc::new(self.compile(at)?);
        self.validators.borrow_mut().insert(at.to_owned(), Arc::clone(&compiled));
        Ok(compiled)
    }

    fn compile(&self, at: &str) -> Result<Validator, Unservable> {
        // The whole document is the root, so that references resolve.
        let mut root = self.root.clone();
        let encoded = |byte: u8| match byte {
            b'/' | b'~' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        root["$ref"] = json!(format!("#{}", at.bytes().map(encoded).collect::<String>()));
        build(at, &root)
    }

    /// The node at a pointer.
    pub fn at(&self, at: &str) -> Result<&Value, Unservable> {
        self.root.pointer(at).ok_or_else(|| Unservable(format!("there is nothing at {at}")))
    }

    /// The node at a pointer, or where it refers to, with its own pointer.
    pub fn resolve(&self, at: &str) -> Result<(String, &Value), Unservable> {
        let mut at = at.to_owned();
        loop {
            let node = self.at(&at)?;
            match node.get("$ref").and_then(Value::as_str) {
                Some(reference) => at = local(reference),
                None => return Ok((at, node)),
            }
        }
    }
}

fn build(at: &str, schema: &Value) -> Result<Validator, Unservable> {
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
    options.build(schema).map_err(|error| Unservable(format!("the schema at {at}: {error}")))
}

/// The schema, or what it refers to. A reference that leads nowhere does not compile, so that none is met here.
pub fn followed<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        schema = root.pointer(&local(reference)).unwrap_or(&Value::Null);
    }
    schema
}

/// The pointer of a reference into this document (RFC 6901, section 6).
fn local(reference: &str) -> String {
    decode(reference.trim_start_matches('#'))
}

/// A segment of a JSON Pointer (RFC 6901, section 3).
pub fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// The document with its schemas as JSON Schema 2020-12, in which properties that are marked `hidden` (`readOnly` in a request,
/// `writeOnly` in an answer) are not required.
fn as_2020_12(document: &Value, hidden: &str) -> Value {
    let mut document = document.clone();
    if document["openapi"].as_str().is_some_and(|version| version.starts_with("3.0")) {
        modernise(&mut document);
    }
    let whole = document.clone();
    drop_dangling(&whole, &mut document);
    openapi_document::one_way(&document, hidden)
}

/// What a reference leads to that leads nowhere is anything, as it is for the engine.
fn drop_dangling(whole: &Value, node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| drop_dangling(whole, item)),
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str);
            if reference.is_some_and(|reference| whole.pointer(&local(reference)).is_none()) {
                object.shift_remove("$ref");
            }
            object.values_mut().for_each(|value| drop_dangling(whole, value));
        }
        _ => {}
    }
}

fn modernise(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(modernise),
        Value::Object(object) => {
            if object.get("$ref").is_some_and(Value::is_string) {
                object.retain(|name, _| name == "$ref"); // Its siblings are ignored (OpenAPI 3.0, section 4.7.23).
                return;
            }
            if object.get("nullable") == Some(&json!(true))
                && let Some(Value::String(one)) = object.get("type")
            {
                let both = json!([one, "null"]);
                object.insert("type".to_owned(), both);
            }
            for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
                match object.get(exclusive) {
                    Some(Value::Bool(true)) => {
                        if let Some(limit) = object.remove(bound) {
                            object.insert(exclusive.to_owned(), limit);
                        }
                    }
                    Some(Value::Bool(false)) => drop(object.remove(exclusive)),
                    _ => {}
                }
            }
            object.values_mut().for_each(modernise);
        }
        _ => {}
    }
}
