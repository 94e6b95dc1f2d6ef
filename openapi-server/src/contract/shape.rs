//! What a value that is sent as text can be: the types that its schema allows, and those of its items and properties.

use std::collections::BTreeMap;

use openapi_document::pointer::join;
use serde_json::{Value, json};

use super::document::resolve;

/// How deep values inside values are told apart: an object with lists, in a list.
const MAX_DEPTH: usize = 3;

/// How many references and alternatives are followed for one value; behind them it can be anything.
const MAX_STEPS: usize = 8;

/// The types that a schema allows for a value that is sent as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Shape {
    pub null: bool,
    pub boolean: bool,
    pub integer: bool,
    pub number: bool,
    pub string: bool,
    /// An array, with the shape of its items.
    pub array: Option<Box<Shape>>,
    /// An object, with the shapes of its properties.
    pub object: Option<Object>,
}

/// An object's properties.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Object {
    pub properties: BTreeMap<String, Shape>,
    /// Those that have no schema of their own; none where there are no others.
    pub others: Option<Box<Shape>>,
}

/// Which reading of a text goes first, where a schema allows several: `5` can be a number and a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefer {
    Literal,
    Text,
}

impl Object {
    /// The shape of the property with this name; a text where nothing is known of it.
    pub fn property(&self, name: &str) -> Shape {
        self.properties.get(name).or(self.others.as_deref()).cloned().unwrap_or_else(Shape::text)
    }
}

impl Shape {
    /// Any text.
    pub fn text() -> Self {
        Self { string: true, ..Self::default() }
    }

    /// The shape of the schema at `at`.
    pub fn of(document: &Value, at: &str) -> Self {
        Self::inside(document, at, MAX_DEPTH)
    }

    fn inside(document: &Value, at: &str, depth: usize) -> Self {
        let mut parts = Parts::default();
        parts.collect(document, at, depth, MAX_STEPS);
        parts.into_shape()
    }

    /// The shape of the property with this name, where this is an object; a text where nothing is known of it.
    pub fn property(&self, name: &str) -> Self {
        self.object.as_ref().map_or_else(Self::text, |object| object.property(name))
    }

    /// Whether a text stands for one value: no array and no object.
    pub fn is_scalar(&self) -> bool {
        self.array.is_none() && self.object.is_none()
    }

    /// Whether the schema says nothing of it, so that it may also be a list.
    pub fn is_any(&self) -> bool {
        self.null && self.boolean && self.number && self.string
    }

    /// Whether there is more than one way to read a text.
    pub fn is_ambiguous(&self) -> bool {
        let literal = self.boolean || self.integer || self.number;
        let inside = self.array.as_deref().is_some_and(Self::is_ambiguous)
            || self
                .object
                .as_ref()
                .is_some_and(|object| object.properties.values().chain(object.others.as_deref()).any(Self::is_ambiguous));
        literal && self.string || inside
    }

    /// The value that a text stands for; text that fits no type stays text, which the schema refuses.
    pub fn read(&self, text: &str, prefer: Prefer) -> Value {
        let literal = || {
            serde_json::from_str::<Value>(text).ok().and_then(|value| match value {
                Value::Bool(_) if self.boolean => Some(value),
                // `20.0` and `2e1` are integers too (JSON Schema 2020-12, section 6.1.1), which Rust's integers do not read.
                Value::Number(_) if self.integer && !self.number => Some(whole(value)),
                Value::Number(_) if self.number => Some(value),
                _ => None,
            })
        };
        let read = if self.string && prefer == Prefer::Text { None } else { literal() };
        read.unwrap_or_else(|| Value::String(text.to_owned()))
    }
}

/// A number without a fraction, as an integer.
fn whole(number: Value) -> Value {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 2f64.powi(53) => json!(float as i64),
        _ => number,
    }
}

/// What a schema and those that apply to the same value say.
#[derive(Default)]
struct Parts {
    /// The types that each schema with `type`, `enum` or `const` allows.
    types: Vec<Vec<String>>,
    items: Option<Shape>,
    properties: BTreeMap<String, Shape>,
    others: Option<Shape>,
    /// Whether no other properties than these are allowed.
    closed: bool,
    /// The alternatives of each `oneOf` and `anyOf`.
    alternatives: Vec<Vec<Parts>>,
}

impl Parts {
    fn collect(&mut self, document: &Value, at: &str, depth: usize, steps: usize) {
        let Some(Value::Object(schema)) = document.pointer(at) else { return };
        if let (Some(next), Ok((target, _))) = (steps.checked_sub(1), resolve(document, at))
            && target != at
        {
            self.collect(document, &target, depth, next);
        }
        match schema.get("type") {
            Some(Value::String(name)) => self.types.push(vec![name.clone()]),
            Some(Value::Array(names)) => {
                self.types.push(names.iter().filter_map(Value::as_str).map(str::to_owned).collect());
            }
            _ => {
                let values = schema.get("const").map(std::slice::from_ref).or_else(|| Some(schema.get("enum")?.as_array()?));
                self.types.extend(values.map(|values| values.iter().map(|value| type_of(value).to_owned()).collect()));
            }
        }
        if let Some(next) = depth.checked_sub(1) {
            if schema.contains_key("items") {
                self.items = Some(Shape::inside(document, &format!("{at}/items"), next));
            }
            for name in schema.get("properties").and_then(Value::as_object).into_iter().flat_map(|all| all.keys()) {
                let shape = Shape::inside(document, &join(&format!("{at}/properties"), name), next);
                self.properties.insert(name.clone(), shape);
            }
            match schema.get("additionalProperties") {
                Some(Value::Bool(false)) => self.closed = true,
                Some(Value::Object(_)) => {
                    self.others = Some(Shape::inside(document, &format!("{at}/additionalProperties"), next))
                }
                _ => {}
            }
            if let Some(next_step) = steps.checked_sub(1) {
                for index in 0..schema.get("allOf").and_then(Value::as_array).map_or(0, Vec::len) {
                    self.collect(document, &format!("{at}/allOf/{index}"), depth, next_step);
                }
                for keyword in ["anyOf", "oneOf"] {
                    let count = schema.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
                    let branch = |index| {
                        let mut branch = Self::default();
                        branch.collect(document, &format!("{at}/{keyword}/{index}"), depth, next_step);
                        branch
                    };
                    if count > 0 {
                        self.alternatives.push((0..count).map(branch).collect());
                    }
                }
            }
        }
    }

    fn into_shape(self) -> Shape {
        let mut shape = Shape { null: true, boolean: true, integer: true, number: true, string: true, array: None, object: None };
        let untyped = self.types.is_empty();
        for names in &self.types {
            let allows = |name: &str| names.iter().any(|other| other == name);
            shape.null &= allows("null");
            shape.boolean &= allows("boolean");
            shape.integer &= allows("integer") || allows("number");
            shape.number &= allows("number");
            shape.string &= allows("string");
        }
        let allowed = |name: &str| self.types.iter().all(|names| names.iter().any(|other| other == name));
        if allowed("array") && (!untyped || self.items.is_some()) {
            shape.array = Some(Box::new(self.items.unwrap_or_else(any)));
        }
        if allowed("object") && (!untyped || !self.properties.is_empty() || self.others.is_some()) {
            let others = if self.closed { None } else { Some(Box::new(self.others.unwrap_or_else(any))) };
            shape.object = Some(Object { properties: self.properties, others });
        }
        for branches in self.alternatives {
            shape = shape.and(branches.into_iter().map(Self::into_shape).reduce(Shape::or).unwrap_or_else(any), untyped);
        }
        shape
    }
}

/// What a schema that says nothing allows: any scalar.
fn any() -> Shape {
    Shape { null: true, boolean: true, integer: true, number: true, string: true, array: None, object: None }
}

impl Shape {
    fn and(self, other: Self, untyped: bool) -> Self {
        let array = match (self.array, other.array) {
            (Some(own), Some(_)) => Some(own),
            (None, others) if untyped => others,
            (own, _) => own,
        };
        let object = match (self.object, other.object) {
            (Some(mut own), Some(others)) => {
                own.properties.extend(others.properties);
                Some(own)
            }
            (None, others) if untyped => others,
            (own, _) => own,
        };
        Self {
            null: self.null && other.null,
            boolean: self.boolean && other.boolean,
            integer: self.integer && other.integer,
            number: self.number && other.number,
            string: self.string && other.string,
            array,
            object,
        }
    }

    fn or(self, other: Self) -> Self {
        let array = match (self.array, other.array) {
            (Some(own), Some(others)) => Some(Box::new(own.or(*others))),
            (own, others) => own.or(others),
        };
        let object = match (self.object, other.object) {
            (Some(mut own), Some(others)) => {
                for (name, shape) in others.properties {
                    let merged = match own.properties.remove(&name) {
                        Some(known) => known.or(shape),
                        None => shape,
                    };
                    own.properties.insert(name, merged);
                }
                own.others = own.others.or(others.others);
                Some(own)
            }
            (own, others) => own.or(others),
        };
        Self {
            null: self.null || other.null,
            boolean: self.boolean || other.boolean,
            integer: self.integer || other.integer,
            number: self.number || other.number,
            string: self.string || other.string,
            array,
            object,
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(schema: Value) -> Shape {
        Shape::of(
            &json!({ "schema": schema, "Size": { "type": "integer" }, "Node": { "type": "array", "items": { "$ref": "#/Node" } } }),
            "/schema",
        )
    }

    #[test]
    fn the_types_of_all_that_applies_count() {
        assert_eq!(of(json!({ "$ref": "#/Size" })), Shape { integer: true, ..Shape::default() });
        assert_eq!(of(json!({ "allOf": [{ "$ref": "#/Size" }], "minimum": 1 })), Shape { integer: true, ..Shape::default() });
        assert_eq!(of(json!({ "enum": ["a", 1] })), Shape { integer: true, string: true, ..Shape::default() });
        assert_eq!(
            of(json!({ "anyOf": [{ "type": "integer" }, { "type": "null" }] })),
            Shape { integer: true, null: true, ..Shape::default() }
        );
        let array = of(json!({ "anyOf": [{ "type": "array", "items": { "type": "boolean" } }, { "type": "null" }] }));
        assert_eq!(array.array, Some(Box::new(Shape { boolean: true, ..Shape::default() })));
    }

    #[test]
    fn a_schema_that_refers_to_itself_has_a_shape() {
        assert!(of(json!({ "$ref": "#/Node" })).array.is_some());
        assert!(of(json!({ "$ref": "#/schema" })).string);
    }

    #[test]
    fn a_text_is_read_as_the_type_that_is_allowed() {
        let read = |schema: Value, text: &str| of(schema).read(text, Prefer::Literal);
        assert_eq!(read(json!({ "type": "string" }), "1"), json!("1"));
        assert_eq!(read(json!({ "type": "integer" }), "2e1"), json!(20));
        assert_eq!(read(json!({ "type": "number" }), "1.0"), json!(1.0));
        assert_eq!(read(json!({ "type": "boolean" }), "1"), json!("1"));
        assert_eq!(read(json!({ "type": ["integer", "string"] }), "7"), json!(7));
        assert_eq!(of(json!({ "type": ["integer", "string"] })).read("7", Prefer::Text), json!("7"));
    }
}
