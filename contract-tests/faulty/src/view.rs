//! The document as one direction sees it, and its schemas as validators.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::{document::Unservable, parameter::decode};

/// Compiled schemas by what is written in them: documents that differ in one rule share all others.
pub type Compiled = HashMap<String, Arc<Validator>>;

/// One view of the document, and the validators of its schemas, each made once.
pub struct View<'a> {
    pub root: Value,
    /// By the place of the schema, with what is written in it.
    validators: RefCell<HashMap<String, (String, Arc<Validator>)>>,
    /// What was compiled for another document.
    known: &'a Compiled,
}

impl<'a> View<'a> {
    /// What is seen where properties marked `hidden` (`readOnly` in a request, `writeOnly` in an answer) are not required.
    pub fn new(document: &Value, hidden: &str, known: &'a Compiled) -> Self {
        Self { root: as_2020_12(document, hidden), validators: RefCell::default(), known }
    }

    /// What was compiled.
    pub fn compiled(self) -> Compiled {
        self.validators.into_inner().into_values().collect()
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
        if let Some((_, validator)) = self.validators.borrow().get(at) {
            return Ok(Arc::clone(validator));
        }
        let schema = self.alone(at);
        let written = schema.to_string();
        let validator = match self.known.get(&written) {
            Some(validator) => Arc::clone(validator),
            None => Arc::new(build(at, &schema)?),
        };
        self.validators.borrow_mut().insert(at.to_owned(), (written, Arc::clone(&validator)));
        Ok(validator)
    }

    /// A schema that refers to the one at `at`, with all that this refers to at its place, and nothing else of the document.
    fn alone(&self, at: &str) -> Value {
        let mut places = BTreeSet::new();
        self.reached(at.to_owned(), &mut places);
        let mut root = json!({});
        // What a part stands in comes before the part, and has it.
        for place in &places {
            if let (None, Some(part)) = (root.pointer(place), self.root.pointer(place)) {
                put(&mut root, place, part.clone());
            }
        }
        let encoded = |byte: u8| match byte {
            b'/' | b'~' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        root["$ref"] = json!(format!("#{}", at.bytes().map(encoded).collect::<String>()));
        root
    }

    fn reached(&self, at: String, places: &mut BTreeSet<String>) {
        if let Some(part) = self.root.pointer(&at)
            && places.insert(at)
        {
            references(part, &mut |reference| self.reached(local(reference), places));
        }
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

/// Calls this for each reference in a part of a document.
fn references(node: &Value, found: &mut impl FnMut(&str)) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(object) => {
            if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                found(reference);
            }
            object.values().for_each(|value| references(value, found));
        }
        _ => {}
    }
}

/// Puts a part at its place into objects that are made on the way; a list on the way is an object with its indices.
fn put(mut node: &mut Value, at: &str, part: Value) {
    for segment in at.split('/').skip(1) {
        node = &mut node[segment.replace("~1", "/").replace("~0", "~")];
    }
    *node = part;
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
    escape_braces(&mut document);
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

/// Writes a brace that stands for itself as the validator wants it (ECMA-262, annex B, allows it without a backslash).
fn escape_braces(node: &mut Value) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(escape_braces),
        Value::Object(object) => {
            if let Some(Value::String(pattern)) = object.get_mut("pattern") {
                *pattern = with_braces_escaped(pattern);
            }
            object.values_mut().for_each(escape_braces);
        }
        _ => {}
    }
}

fn with_braces_escaped(pattern: &str) -> String {
    let (mut written, mut in_class, mut from) = (String::new(), false, 0);
    while let Some(c) = pattern[from..].chars().next() {
        let rest = &pattern[from..];
        let takes = match c {
            '\\' => rest.chars().take(2).map(char::len_utf8).sum(),
            '{' if !in_class => quantifier(rest).unwrap_or(1),
            c => c.len_utf8(),
        };
        // After a backslash it may be a property of characters, or one by its number.
        let is_named = ["\\p", "\\P", "\\u"].iter().any(|before| written.ends_with(before));
        if matches!(c, '{' | '}') && takes == 1 && !in_class && !is_named {
            written.push('\\');
        }
        let named = rest.find('}').filter(|_| c == '{' && takes == 1 && is_named).map(|end| end + 1);
        let takes = named.unwrap_or(takes);
        in_class = c == '[' || in_class && c != ']';
        written.push_str(&rest[..takes]);
        from += takes;
    }
    written
}

/// How long the quantifier is that a text begins with.
fn quantifier(text: &str) -> Option<usize> {
    let end = text.find('}')?;
    let (least, most) = text[1..end].split_once(',').unwrap_or((&text[1..end], ""));
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    (!least.is_empty() && is_number(least) && is_number(most)).then_some(end + 1)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_braces_that_stand_for_themselves_are_escaped() {
        for (pattern, expected) in [
            (r"^(?:{[0-9a-f]{4}}|x{1,}y{,2})$", r"^(?:\{[0-9a-f]{4}\}|x{1,}y\{,2\})$"),
            (r"\p{L}\u{1F600}[{}]\{\}{2,3}", r"\p{L}\u{1F600}[{}]\{\}{2,3}"),
            (r"é{a}\\{3}", r"é\{a\}\\{3}"),
        ] {
            assert_eq!(with_braces_escaped(pattern), expected);
        }
    }
}
