//! From schemas to types.

use std::collections::{HashMap, HashSet};

use openapi_document::{
    Document,
    pointer::{join, segments},
};
use serde_json::{Map, Value};

use super::{Field, Item, Shape, Type};
use crate::{
    docs,
    facts::{Additional, Facts, JsonType, only_part, reference, says_something},
    names::{self, Names},
};

const SCHEMAS: &str = "/components/schemas";

/// The types of a document, as far as something uses them.
pub(crate) struct Types<'d> {
    pub(super) document: &'d Document,
    pub(super) items: Vec<Item>,
    names: Names,
    /// The names of the schemas in `components`: nothing else may have them.
    components: HashMap<String, String>,
    /// The types of the schemas that were met.
    known: HashMap<String, Type>,
}

impl<'d> Types<'d> {
    /// The types of the schemas in `components`.
    pub fn of(document: &'d Document) -> Self {
        let mut names = Names::default();
        let schemas = document.json().pointer(SCHEMAS).and_then(Value::as_object).into_iter().flat_map(Map::keys);
        let components: Vec<(String, String)> =
            schemas.map(|name| (join(SCHEMAS, name), names.unique(names::of_type(name), ""))).collect();
        let pointers: Vec<String> = components.iter().map(|(pointer, _)| pointer.clone()).collect();
        let components = components.into_iter().collect();
        let mut types = Self { document, items: Vec::new(), names, components, known: HashMap::new() };
        for pointer in pointers {
            types.defined(&pointer);
        }
        types
    }

    /// The type of the schema at `pointer`; one that is written is called `hint`.
    pub fn at(&mut self, pointer: &str, hint: &str) -> Type {
        if self.components.contains_key(pointer) {
            return self.defined(pointer);
        }
        if let Some(known) = self.known.get(pointer) {
            return known.clone();
        }
        match self.target(pointer) {
            Some(target) => self.defined(&target),
            None => self.shaped(pointer, hint, &Facts::of(self.document, pointer), None),
        }
    }

    /// The schema elsewhere that this one only refers to, by `$ref` or in `allOf`.
    fn target(&self, pointer: &str) -> Option<String> {
        let mut pointer = pointer.to_owned();
        loop {
            let part = only_part(self.document, &pointer)?;
            let schema = self.document.json().pointer(&pointer).and_then(Value::as_object);
            if schema.and_then(reference).is_some_and(|target| target == part) {
                return Some(part);
            }
            pointer = part;
        }
    }

    /// The type of a schema that a reference leads to: it has a name, so that it may contain itself.
    fn defined(&mut self, pointer: &str) -> Type {
        if let Some(known) = self.known.get(pointer) {
            return known.clone();
        }
        if self.document.json().pointer(pointer).is_none() {
            return Type::Any(Some("The document refers to something that is not there."));
        }
        let name = match self.components.get(pointer) {
            Some(name) => name.clone(),
            None => self.names.unique(self.name_of(pointer), ""),
        };
        let id = self.push(name.clone(), pointer);
        if let Some(target) = self.target(pointer) {
            self.known.insert(pointer.to_owned(), Type::Named(id));
            let kind = self.defined(&target);
            self.items[id].shape = Shape::Alias(kind);
            return Type::Named(id);
        }
        let facts = Facts::of(self.document, pointer);
        self.shaped(pointer, &name, &facts, Some(id))
    }

    /// What a schema is called that stands anywhere: by the words of its pointer that are not OpenAPI's.
    fn name_of(&self, pointer: &str) -> String {
        let segments = segments(pointer);
        let owner = segments.iter().take(3).fold(String::new(), |at, segment| join(&at, segment));
        let (mut name, rest) = match self.components.get(&owner) {
            Some(name) => (name.clone(), &segments[3..]),
            None => (String::new(), &segments[..]),
        };
        for segment in rest {
            match segment.as_str() {
                "components" | "schemas" | "properties" | "paths" | "content" | "schema" | "responses" | "$defs" | "allOf"
                | "oneOf" | "anyOf" | "parameters" | "requestBody" => {}
                "items" => name.push_str("Item"),
                "additionalProperties" => name.push_str("Value"),
                media_type if media_type.contains('/') && !media_type.starts_with('/') => {}
                other => name.push_str(&names::of_type(other)),
            }
        }
        names::of_type(&name)
    }

    fn push(&mut self, name: String, pointer: &str) -> usize {
        let docs = self.docs(pointer);
        self.items.push(Item { name, docs, shape: Shape::Alias(Type::Any(None)) });
        self.items.len() - 1
    }

    /// What the document says about a schema in words.
    fn docs(&self, pointer: &str) -> Vec<String> {
        let schema = self.document.json().pointer(pointer);
        let text = |name: &str| schema.and_then(|schema| schema.get(name)).and_then(Value::as_str);
        let mut lines = docs::lines(text("description").unwrap_or_default());
        if schema.and_then(|schema| schema.get("deprecated")) == Some(&Value::Bool(true)) {
            docs::paragraph(&mut lines, vec!["Deprecated.".to_owned()]);
        }
        lines
    }

    /// The type for what a schema says. `id` is its item, where it has one already.
    pub(super) fn shaped(&mut self, pointer: &str, hint: &str, facts: &Facts<'d>, id: Option<usize>) -> Type {
        let nullable = self.allows_null(facts);
        let wrap = |kind: Type| if nullable { kind.optional() } else { kind };
        if !self.is_item(facts) {
            // In a circle without an object it is the name that stands for it.
            if let Some(id) = id {
                self.known.insert(pointer.to_owned(), Type::Named(id));
            }
            let kind = wrap(self.plain(hint, facts));
            return match id {
                Some(id) => {
                    self.items[id].shape = Shape::Alias(kind);
                    Type::Named(id)
                }
                None => {
                    self.known.insert(pointer.to_owned(), kind.clone());
                    kind
                }
            };
        }
        let id = match id {
            Some(id) => id,
            None => {
                let name = self.names.unique(hint.to_owned(), "");
                self.push(name, pointer)
            }
        };
        let kind = wrap(Type::Named(id));
        self.known.insert(pointer.to_owned(), kind.clone());
        let name = self.items[id].name.clone();
        self.items[id].shape = if facts.unions.is_empty() && facts.kind().is_some() {
            self.in_place(pointer, &name, facts)
        } else {
            self.union(pointer, &name, facts)
        };
        kind
    }

    /// A type without a name of its own.
    fn plain(&mut self, hint: &str, facts: &Facts<'d>) -> Type {
        if let Some(branch) = self.only_branch(facts) {
            return self.at(&branch, hint);
        }
        match facts.kind() {
            None if facts.kinds_but_null().is_some_and(|kinds| kinds.is_empty()) => {
                Type::Any(Some("Null only, or nothing at all."))
            }
            None => Type::Any(None),
            Some(JsonType::Null) => Type::Any(None),
            Some(JsonType::Boolean) => Type::Plain("bool"),
            Some(JsonType::Integer) => Type::Plain(match facts.format {
                Some("int8") => "i8",
                Some("int16") => "i16",
                Some("int32") => "i32",
                Some("uint8") => "u8",
                Some("uint16") => "u16",
                Some("uint32") => "u32",
                Some("uint64" | "uint") => "u64",
                _ => "i64",
            }),
            Some(JsonType::Number) => Type::Plain(if facts.format == Some("float") { "f32" } else { "f64" }),
            Some(JsonType::String) => Type::STRING,
            Some(JsonType::Array) => Type::Vec(Box::new(match &facts.items {
                Some(items) if !facts.is_tuple => self.at(&items.clone(), &format!("{hint}Item")),
                Some(_) => Type::Any(Some("Each place of the list has a schema of its own.")),
                None if facts.is_tuple => Type::Any(Some("Each place of the list has a schema of its own.")),
                None => Type::Any(None),
            })),
            Some(JsonType::Object) => match &facts.additional {
                Additional::Schema(values) if says_something(self.document, values) => {
                    let values = values.clone();
                    Type::Map(Box::new(self.at(&values, &format!("{hint}Value"))))
                }
                _ => Type::OBJECT,
            },
        }
    }

    /// Whether what a schema says gets a type with a name: a struct or an enumeration.
    fn is_item(&self, facts: &Facts<'d>) -> bool {
        if !facts.unions.is_empty() {
            return self.only_branch(facts).is_none();
        }
        let values = facts.values_but_null();
        let all = |is: fn(&Value) -> bool| {
            values.as_ref().is_some_and(|values| !values.is_empty() && values.iter().all(|value| is(value)))
        };
        match facts.kind() {
            Some(JsonType::Object) => !facts.properties.is_empty(),
            Some(JsonType::String) => all(Value::is_string),
            Some(JsonType::Integer) => all(Value::is_i64),
            Some(_) => false,
            // A union of kinds.
            None => facts.kinds_but_null().is_some_and(|kinds| kinds.len() > 1),
        }
    }

    /// The only alternative but null, where nothing is said around it.
    fn only_branch(&self, facts: &Facts<'d>) -> Option<String> {
        let ([branches], true, None) = (facts.unions.as_slice(), facts.properties.is_empty(), &facts.values) else { return None };
        let is_value = |branch: &&String| Facts::of(self.document, branch).kinds_but_null().is_none_or(|kinds| !kinds.is_empty());
        let mut branches = branches.iter().filter(is_value);
        let branch = branches.next()?;
        branches.next().is_none().then(|| branch.clone())
    }

    /// What stands under a name that it has already.
    pub(super) fn in_place(&mut self, pointer: &str, name: &str, facts: &Facts<'d>) -> Shape {
        if self.is_item(facts) { self.item(pointer, name, facts) } else { Shape::Alias(self.plain(name, facts)) }
    }

    /// A struct or an enumeration.
    fn item(&mut self, pointer: &str, name: &str, facts: &Facts<'d>) -> Shape {
        let values = facts.values_but_null().unwrap_or_default();
        match facts.kind() {
            Some(JsonType::String) => {
                let mut names = Names::default();
                let mut seen = HashSet::new();
                let texts = values.into_iter().filter_map(Value::as_str).filter(|text| seen.insert(*text));
                Shape::Texts(texts.map(|text| (names.unique(names::of_variant(text), ""), text.to_owned())).collect())
            }
            Some(JsonType::Integer) => {
                let mut names = Names::default();
                let mut seen = HashSet::new();
                let integers = values.into_iter().filter_map(Value::as_i64).filter(|integer| seen.insert(*integer));
                let name = |integer: i64| match integer {
                    0.. => format!("Value{integer}"),
                    _ => format!("Minus{}", integer.unsigned_abs()),
                };
                Shape::Integers(integers.map(|integer| (names.unique(name(integer), ""), integer)).collect())
            }
            _ => self.record(pointer, name, facts),
        }
    }

    fn record(&mut self, pointer: &str, name: &str, facts: &Facts<'d>) -> Shape {
        let mut names = Names::default();
        let mut fields = Vec::new();
        for (property, places) in &facts.properties {
            // Of several, in `allOf`, the last that says something.
            let said = places.iter().rev().find(|place| says_something(self.document, place)).or(places.last());
            let Some(place) = said.cloned() else { continue };
            let kind = self.at(&place, &format!("{name}{}", names::of_type(property)));
            let mut docs = self.docs(&place);
            // A request has no `readOnly` properties and an answer none that are `writeOnly`, whatever is required.
            let one_way = ["readOnly", "writeOnly"].into_iter().find(|mark| {
                let is_marked =
                    |place: &String| self.document.json().pointer(&format!("{place}/{mark}")) == Some(&Value::Bool(true));
                places.iter().any(is_marked)
            });
            match one_way {
                Some("readOnly") => docs::paragraph(&mut docs, vec!["In answers only.".to_owned()]),
                Some(_) => docs::paragraph(&mut docs, vec!["In requests only.".to_owned()]),
                None => {}
            }
            if let Some(reason) = reason(&kind) {
                docs::paragraph(&mut docs, vec![format!("Any JSON: {reason}")]);
            }
            let required = facts.required.contains(property) && one_way.is_none();
            let field = names.unique(names::of_value(property), "_");
            fields.push(Field { name: field, property: (*property).to_owned(), docs, kind, required });
        }
        // What a discriminator without alternatives chooses is not known here.
        let is_base =
            facts.discriminator.is_some() && self.document.json().pointer(&format!("{pointer}/discriminator")).is_some();
        let additional = match &facts.additional {
            Additional::Schema(values) => Some(self.at(&values.clone(), &format!("{name}Value"))),
            Additional::Any => Some(Type::Any(None)),
            _ if is_base => Some(Type::Any(None)),
            _ => None,
        };
        let additional = additional.map(|kind| (names.unique("additional".to_owned(), "_"), kind));
        Shape::Struct { fields, additional }
    }
}

/// Why a type says less than the document.
pub(super) fn reason(kind: &Type) -> Option<&'static str> {
    match kind {
        Type::Any(reason) => *reason,
        Type::Option(inner) | Type::Vec(inner) | Type::Map(inner) | Type::Box(inner) => reason(inner),
        Type::Plain(_) | Type::Named(_) => None,
    }
}
