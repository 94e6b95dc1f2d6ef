//! What a schema says, with all that it says by `$ref` and `allOf`.

use std::collections::{BTreeSet, HashSet};

use indexmap::IndexMap;
use openapi_document::{
    Document,
    pointer::{from_reference, join},
};
use serde_json::{Map, Value};

/// The kinds of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum JsonType {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl JsonType {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::String,
            "array" => Self::Array,
            "object" => Self::Object,
            _ => return None,
        })
    }

    fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_f64() => Self::Number,
            Value::Number(_) => Self::Integer,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    /// Its name, as part of the name of a type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "Null",
            Self::Boolean => "Boolean",
            Self::Integer => "Integer",
            Self::Number => "Number",
            Self::String => "Text",
            Self::Array => "List",
            Self::Object => "Object",
        }
    }
}

/// What is said about properties that are not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Additional {
    Unsaid,
    Closed,
    Any,
    Schema(String),
}

/// What a schema says.
#[derive(Debug, Clone)]
pub(crate) struct Facts<'d> {
    /// The kinds of values that it allows; none where it does not say.
    pub kinds: Option<BTreeSet<JsonType>>,
    /// The properties, each with the places of its schemas.
    pub properties: IndexMap<&'d str, Vec<String>>,
    pub required: HashSet<&'d str>,
    pub additional: Additional,
    /// The values of `enum` or `const`.
    pub values: Option<Vec<&'d Value>>,
    pub format: Option<&'d str>,
    pub items: Option<String>,
    pub is_tuple: bool,
    /// The places of the alternatives of each `oneOf` and `anyOf`.
    pub unions: Vec<Vec<String>>,
    pub discriminator: Option<&'d Map<String, Value>>,
}

impl<'d> Facts<'d> {
    /// What the schema at `pointer` says.
    pub fn of(document: &'d Document, pointer: &str) -> Self {
        let mut facts = Self {
            kinds: None,
            properties: IndexMap::new(),
            required: HashSet::new(),
            additional: Additional::Unsaid,
            values: None,
            format: None,
            items: None,
            is_tuple: false,
            unions: Vec::new(),
            discriminator: None,
        };
        facts.add(document, pointer, &mut HashSet::new());
        facts
    }

    /// Adds what the schema at `pointer` says.
    pub fn and(mut self, document: &'d Document, pointer: &str) -> Self {
        self.add(document, pointer, &mut HashSet::new());
        self
    }

    fn add(&mut self, document: &'d Document, pointer: &str, seen: &mut HashSet<String>) {
        let Some(schema) = document.json().pointer(pointer).and_then(Value::as_object) else { return };
        if !seen.insert(pointer.to_owned()) {
            return;
        }
        if let Some(target) = reference(schema) {
            self.add(document, &target, seen);
        }
        let parts = schema.get("allOf").and_then(Value::as_array).map_or(0, Vec::len);
        for index in 0..parts {
            self.add(document, &format!("{pointer}/allOf/{index}"), seen);
        }
        self.add_own(schema, pointer);
    }

    fn add_own(&mut self, schema: &'d Map<String, Value>, pointer: &str) {
        let object = |name: &str| schema.get(name).and_then(Value::as_object);
        if let Some(kinds) = kinds_of(schema) {
            self.restrict(kinds);
        }
        for name in object("properties").into_iter().flat_map(|properties| properties.keys()) {
            self.properties.entry(name).or_default().push(join(&format!("{pointer}/properties"), name));
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        self.required.extend(required.filter_map(Value::as_str));
        let patterns = object("patternProperties");
        self.additional = match (schema.get("additionalProperties"), patterns.and_then(|patterns| patterns.keys().next())) {
            (Some(Value::Object(schema)), None) if !schema.is_empty() => {
                Additional::Schema(format!("{pointer}/additionalProperties"))
            }
            (Some(Value::Bool(true) | Value::Object(_)), _) => Additional::Any,
            (_, Some(pattern)) if patterns.is_some_and(|patterns| patterns.len() == 1) => {
                Additional::Schema(join(&format!("{pointer}/patternProperties"), pattern))
            }
            (_, Some(_)) => Additional::Any,
            (Some(Value::Bool(false)), None) => Additional::Closed,
            _ => std::mem::replace(&mut self.additional, Additional::Unsaid),
        };
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            self.values = Some(values.iter().collect());
        }
        if let Some(value) = schema.get("const") {
            self.values = Some(vec![value]);
        }
        self.format = schema.get("format").and_then(Value::as_str).or(self.format);
        if schema.get("items").is_some_and(Value::is_object) {
            self.items = Some(format!("{pointer}/items"));
        }
        self.is_tuple |= schema.contains_key("prefixItems");
        for keyword in ["oneOf", "anyOf"] {
            if let Some(branches) = schema.get(keyword).and_then(Value::as_array) {
                self.unions.push((0..branches.len()).map(|index| format!("{pointer}/{keyword}/{index}")).collect());
            }
        }
        self.discriminator = object("discriminator").or(self.discriminator);
    }

    /// Leaves only these kinds.
    pub fn restrict(&mut self, kinds: BTreeSet<JsonType>) {
        let Some(known) = &self.kinds else {
            self.kinds = Some(kinds);
            return;
        };
        let mut both: BTreeSet<JsonType> = known.intersection(&kinds).copied().collect();
        let integers = |one: &BTreeSet<JsonType>, other: &BTreeSet<JsonType>| {
            one.contains(&JsonType::Integer) && other.contains(&JsonType::Number)
        };
        if integers(known, &kinds) || integers(&kinds, known) {
            both.insert(JsonType::Integer);
        }
        self.kinds = Some(both);
    }

    /// Whether null is allowed, where anything else is said.
    pub fn allows_null(&self) -> bool {
        match (&self.kinds, &self.values) {
            (Some(kinds), Some(values)) => kinds.contains(&JsonType::Null) && values.iter().any(|value| value.is_null()),
            (Some(kinds), None) => kinds.contains(&JsonType::Null),
            (None, Some(values)) => values.iter().any(|value| value.is_null()),
            (None, None) => false,
        }
    }

    /// The kinds but null; none where nothing is said.
    pub fn kinds_but_null(&self) -> Option<BTreeSet<JsonType>> {
        let kinds = match (&self.kinds, &self.values) {
            (Some(kinds), _) => kinds.clone(),
            (None, Some(values)) => values.iter().map(|value| JsonType::of_value(value)).collect(),
            (None, None) => return None,
        };
        let mut kinds = kinds;
        kinds.remove(&JsonType::Null);
        if kinds.contains(&JsonType::Number) {
            kinds.remove(&JsonType::Integer); // Every integer is a number.
        }
        Some(kinds)
    }

    /// The only kind of value but null.
    pub fn kind(&self) -> Option<JsonType> {
        let kinds = self.kinds_but_null()?;
        kinds.first().copied().filter(|_| kinds.len() == 1)
    }

    /// The values of these kinds, but null.
    pub fn values_but_null(&self) -> Option<Vec<&'d Value>> {
        let kinds = self.kinds_but_null().unwrap_or_default();
        let values = self.values.as_ref()?.iter().copied();
        Some(values.filter(|value| kinds.contains(&JsonType::of_value(value))).collect())
    }
}

/// The kinds that the `type` of a schema names, or that its keywords stand for.
fn kinds_of(schema: &Map<String, Value>) -> Option<BTreeSet<JsonType>> {
    match schema.get("type") {
        Some(Value::String(name)) => JsonType::of(name).map(|kind| BTreeSet::from([kind])),
        Some(Value::Array(names)) => Some(names.iter().filter_map(|name| JsonType::of(name.as_str()?)).collect()),
        _ if schema.contains_key("properties") => Some(BTreeSet::from([JsonType::Object])),
        _ if schema.contains_key("items") => Some(BTreeSet::from([JsonType::Array])),
        _ => None,
    }
}

/// Where the `$ref` of a schema leads.
pub(crate) fn reference(schema: &Map<String, Value>) -> Option<String> {
    schema.get("$ref").and_then(Value::as_str).and_then(from_reference)
}

/// Whether the schema at `pointer` says anything about values that a type can say.
pub(crate) fn says_something(document: &Document, pointer: &str) -> bool {
    const KEYWORDS: [&str; 13] = [
        "$ref",
        "type",
        "properties",
        "additionalProperties",
        "patternProperties",
        "items",
        "prefixItems",
        "enum",
        "const",
        "allOf",
        "anyOf",
        "oneOf",
        "discriminator",
    ];
    let schema = document.json().pointer(pointer).and_then(Value::as_object);
    schema.is_some_and(|schema| KEYWORDS.iter().any(|keyword| schema.contains_key(*keyword)))
}

/// The one part of a schema that says something, where all else in it is annotation: what its `$ref` leads to, or an item of its
/// `allOf`.
pub(crate) fn only_part(document: &Document, pointer: &str) -> Option<String> {
    let schema = document.json().pointer(pointer)?.as_object()?;
    let own =
        ["properties", "additionalProperties", "patternProperties", "items", "prefixItems", "enum", "const", "anyOf", "oneOf"];
    if own.iter().any(|keyword| schema.contains_key(*keyword)) {
        return None;
    }
    let parts = schema.get("allOf").and_then(Value::as_array).map_or(0, Vec::len);
    let parts = (0..parts).map(|index| format!("{pointer}/allOf/{index}")).filter(|part| says_something(document, part));
    let mut parts = reference(schema).into_iter().chain(parts);
    let part = parts.next()?;
    parts.next().is_none().then_some(part)
}
