//! `readOnly` and `writeOnly`: what one direction does not send, and so must not ask for.
//!
//! Of a property that is `readOnly`, OpenAPI 3.0 says that "required only affects the response". `required` may stand in another
//! schema than the property: beside it, behind a reference, in another part of an `allOf`, in one alternative of several. What counts
//! is whether both are applied to the same value.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::pointer::{from_reference, join};

/// The document as the other direction sees it: no property that is marked so (`readOnly`, `writeOnly`) is required where the mark
/// holds, and each place that describes such a property has the mark itself.
///
/// Where a schema is shared by values with the mark and values without it, the latter keep their rule: it moves to the
/// schema that refers to the shared one.
#[must_use]
pub fn one_way(document: &Value, mark: &str) -> Value {
    let mut view = document.clone();
    if !is_used(document, mark) {
        return view;
    }
    let mut schemas = Schemas { mark, nodes: BTreeMap::new(), parents: HashMap::new(), marks: HashMap::new() };
    schemas.walk(document, "");
    schemas.link();
    let changes = schemas.changes();
    for (pointer, name) in &changes.dropped {
        let Some(Value::Object(schema)) = view.pointer_mut(pointer) else { continue };
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|other| other != name);
        }
        for names in schema.get_mut("dependentRequired").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
            names.as_array_mut().into_iter().for_each(|names| names.retain(|other| other != name));
        }
    }
    for (pointer, name) in changes.added {
        let Some(Value::Object(schema)) = view.pointer_mut(&pointer) else { continue };
        match schema.entry("required").or_insert_with(|| json!([])) {
            Value::Array(required) if !required.contains(&json!(name)) => required.push(json!(name)),
            _ => {}
        }
    }
    for property in changes.marked {
        match view.pointer_mut(&property) {
            Some(Value::Object(schema)) => drop(schema.insert(mark.to_owned(), json!(true))),
            Some(schema @ Value::Bool(true)) => *schema = json!({ mark: true }),
            _ => {}
        }
    }
    view
}

/// The properties that have the mark themselves: the pointer of the schema that they stand in, and the name.
#[must_use]
pub fn marked(document: &Value, mark: &str) -> Vec<(String, String)> {
    let mut schemas = Schemas { mark, nodes: BTreeMap::new(), parents: HashMap::new(), marks: HashMap::new() };
    schemas.walk(document, "");
    let has = |property: &String| schemas.nodes.get(property).is_some_and(|node| node.marked);
    let each = schemas.nodes.iter().flat_map(|(pointer, node)| node.properties.iter().map(move |property| (pointer, property)));
    each.filter(|(_, (_, property))| has(property)).map(|(pointer, (name, _))| (pointer.clone(), name.clone())).collect()
}

fn is_used(node: &Value, mark: &str) -> bool {
    match node {
        Value::Object(object) => object.get(mark) == Some(&json!(true)) || object.values().any(|child| is_used(child, mark)),
        Value::Array(items) => items.iter().any(|item| is_used(item, mark)),
        _ => false,
    }
}

/// How a schema is applied to the value that another one is applied to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `allOf`, `$ref`.
    Always,
    /// A branch of `oneOf` and `anyOf`, and what is only applied under a condition.
    Sometimes,
}

#[derive(Default)]
struct Schema {
    /// Whether it is applied to a value by itself: a property, an item, a body.
    root: bool,
    marked: bool,
    required: Vec<String>,
    /// Names with the pointers of their schemas.
    properties: Vec<(String, String)>,
    always: Vec<String>,
    /// The lists of branches of `oneOf` and `anyOf`.
    alternatives: Vec<Vec<String>>,
    conditional: Vec<String>,
}

struct Schemas<'a> {
    mark: &'a str,
    nodes: BTreeMap<String, Schema>,
    parents: HashMap<String, Vec<(String, Way)>>,
    /// The properties that are marked wherever a schema is applied.
    marks: HashMap<String, BTreeSet<String>>,
}

/// Whether a property is marked in the values that a schema is applied to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Everywhere,
    Nowhere,
    Somewhere,
}

#[derive(Default)]
struct Changes {
    dropped: BTreeSet<(String, String)>,
    added: BTreeSet<(String, String)>,
    marked: BTreeSet<String>,
}

impl Schemas<'_> {
    /// Finds the schemas in what is none.
    fn walk(&mut self, node: &Value, at: &str) {
        match node {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| self.walk(item, &format!("{at}/{index}")));
            }
            Value::Object(object) => {
                for (name, value) in object {
                    let at = join(at, name);
                    match (name.as_str(), value) {
                        ("components", Value::Object(sections)) if at == "/components" => {
                            for (section, named) in sections.iter().filter(|(section, _)| *section != "examples") {
                                for (name, value) in named.as_object().into_iter().flatten() {
                                    let at = join(&join(&at, section), name);
                                    if section == "schemas" { self.schema(value, &at, false) } else { self.walk(value, &at) }
                                }
                            }
                        }
                        ("schema" | "itemSchema", _) => self.schema(value, &at, true),
                        ("example" | "examples", _) => {}
                        _ => self.walk(value, &at),
                    }
                }
            }
            _ => {}
        }
    }

    fn schema(&mut self, value: &Value, at: &str, root: bool) {
        let Value::Object(object) = value else { return };
        let mut node = Schema { root, marked: object.get(self.mark) == Some(&json!(true)), ..Schema::default() };
        let texts = |list: &Value| -> Vec<String> {
            list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        for (keyword, value) in object {
            let at = join(at, keyword);
            match keyword.as_str() {
                "required" => node.required.extend(texts(value)),
                "dependentRequired" => {
                    node.required.extend(value.as_object().into_iter().flat_map(Map::values).flat_map(texts));
                }
                "$ref" => node.always.extend(value.as_str().and_then(from_reference)),
                "allOf" => node.always.extend(self.list(value, &at, false)),
                "oneOf" | "anyOf" => node.alternatives.push(self.list(value, &at, false)),
                "prefixItems" => drop(self.list(value, &at, true)),
                "then" | "else" => {
                    self.schema(value, &at, false);
                    node.conditional.push(at);
                }
                "properties" => node.properties = self.map(value, &at, true),
                "patternProperties" => drop(self.map(value, &at, true)),
                "$defs" | "definitions" => drop(self.map(value, &at, false)),
                "dependentSchemas" => node.conditional.extend(self.map(value, &at, false).into_iter().map(|(_, at)| at)),
                "items"
                | "additionalProperties"
                | "contains"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties" => self.schema(value, &at, true),
                _ => {} // Also `not` and `if`: a weaker rule in them would be a stronger one outside.
            }
        }
        self.nodes.insert(at.to_owned(), node);
    }

    fn list(&mut self, value: &Value, at: &str, root: bool) -> Vec<String> {
        let schemas = value.as_array().into_iter().flatten().enumerate().map(|(index, schema)| {
            let at = format!("{at}/{index}");
            self.schema(schema, &at, root);
            at
        });
        schemas.collect()
    }

    fn map(&mut self, value: &Value, at: &str, root: bool) -> Vec<(String, String)> {
        let schemas = value.as_object().into_iter().flatten().map(|(name, schema)| {
            let at = join(at, name);
            self.schema(schema, &at, root);
            (name.clone(), at)
        });
        schemas.collect()
    }

    /// From each schema to those that apply it, and what is marked in each.
    fn link(&mut self) {
        for (pointer, node) in &self.nodes {
            let branches = node.alternatives.iter().flatten().chain(&node.conditional);
            let children = node.always.iter().map(|child| (child, Way::Always));
            for (child, way) in children.chain(branches.map(|child| (child, Way::Sometimes))) {
                self.parents.entry(child.clone()).or_default().push((pointer.clone(), way));
            }
        }
        let pointers: Vec<String> = self.nodes.keys().cloned().collect();
        for pointer in pointers {
            let marks = self.marks_of(&pointer, &mut HashSet::new());
            self.marks.insert(pointer, marks);
        }
    }

    fn marks_of(&self, pointer: &str, open: &mut HashSet<String>) -> BTreeSet<String> {
        if let Some(known) = self.marks.get(pointer) {
            return known.clone();
        }
        let Some(node) = self.nodes.get(pointer).filter(|_| open.insert(pointer.to_owned())) else { return BTreeSet::new() };
        let own = node.properties.iter().filter(|(_, property)| self.is_marked(property, 0));
        let mut marks: BTreeSet<String> = own.map(|(name, _)| name.clone()).collect();
        for child in &node.always {
            marks.extend(self.marks_of(child, open));
        }
        for branches in &node.alternatives {
            let each = branches.iter().map(|branch| self.marks_of(branch, open));
            marks.extend(each.reduce(|all, one| &all & &one).unwrap_or_default());
        }
        open.remove(pointer);
        marks
    }

    /// Whether a property's schema has the mark, itself or by what it refers to.
    fn is_marked(&self, pointer: &str, depth: usize) -> bool {
        self.nodes
            .get(pointer)
            .is_some_and(|node| node.marked || depth < 16 && node.always.iter().any(|child| self.is_marked(child, depth + 1)))
    }

    fn has_mark(&self, pointer: &str, name: &str) -> bool {
        self.marks.get(pointer).is_some_and(|marks| marks.contains(name))
    }

    fn holds(&self, pointer: &str, name: &str, open: &mut HashSet<String>) -> Where {
        if self.has_mark(pointer, name) {
            return Where::Everywhere;
        }
        let parents = self.parents.get(pointer).map(Vec::as_slice).unwrap_or_default();
        let alone = parents.is_empty() || self.nodes.get(pointer).is_some_and(|node| node.root);
        if !open.insert(pointer.to_owned()) {
            return Where::Nowhere;
        }
        let mut found = alone.then_some(Where::Nowhere);
        for (parent, _) in parents {
            let here = self.holds(parent, name, open);
            found = Some(match found {
                Some(other) if other != here => Where::Somewhere,
                _ => here,
            });
            if found == Some(Where::Somewhere) {
                break;
            }
        }
        open.remove(pointer);
        found.unwrap_or(Where::Nowhere)
    }

    fn changes(&self) -> Changes {
        let names: BTreeSet<&String> = self.marks.values().flatten().collect();
        let mut changes = Changes::default();
        let mut open: Vec<(String, String)> = Vec::new();
        for (pointer, node) in &self.nodes {
            let required = node.required.iter().filter(|name| names.contains(name));
            open.extend(required.map(|name| (pointer.clone(), name.clone())));
            for (name, property) in node.properties.iter().filter(|(name, _)| names.contains(name)) {
                if self.holds(pointer, name, &mut HashSet::new()) == Where::Everywhere {
                    changes.marked.insert(property.clone());
                }
            }
        }
        let mut seen: HashSet<(String, String)> = HashSet::new();
        while let Some((pointer, name)) = open.pop() {
            if !seen.insert((pointer.clone(), name.clone())) {
                continue;
            }
            let Some(node) = self.nodes.get(&pointer) else { continue };
            let written = node.required.contains(&name);
            let instead: Option<Vec<String>> = match self.holds(&pointer, &name, &mut HashSet::new()) {
                Where::Everywhere => Some(Vec::new()),
                Where::Nowhere => {
                    // Marked in some of several branches: the rule is for the others.
                    let split = |branches: &&Vec<String>| branches.iter().any(|branch| self.has_mark(branch, &name));
                    let others = |branches: &Vec<String>| -> Vec<String> {
                        branches.iter().filter(|branch| !self.has_mark(branch, &name)).cloned().collect()
                    };
                    node.alternatives.iter().find(split).map(others)
                }
                Where::Somewhere => {
                    let parents = self.parents.get(&pointer).map(Vec::as_slice).unwrap_or_default();
                    let without = parents
                        .iter()
                        .filter(|(parent, _)| self.holds(parent, &name, &mut HashSet::new()) != Where::Everywhere)
                        .map(|(parent, way)| (*way == Way::Always).then(|| parent.clone()));
                    if node.root { None } else { without.collect() }
                }
            };
            match instead {
                None if !written => drop(changes.added.insert((pointer, name))),
                None => {}
                Some(instead) => {
                    open.extend(instead.into_iter().map(|pointer| (pointer, name.clone())));
                    if written {
                        changes.dropped.insert((pointer, name));
                    }
                }
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(schemas: Value, body: Value) -> Value {
        let document = json!({
            "components": { "schemas": schemas },
            "paths": { "/x": { "post": { "requestBody": { "content": { "application/json": { "schema": body } } } } } }
        });
        one_way(&document, "readOnly")
    }

    const BODY: &str = "/paths/~1x/post/requestBody/content/application~1json/schema";

    fn names(view: &Value, pointer: &str) -> Value {
        view.pointer(pointer).and_then(|schema| schema.get("required")).cloned().unwrap_or(json!([]))
    }

    fn read_only() -> Value {
        json!({ "properties": { "id": { "type": "integer", "readOnly": true } } })
    }

    #[test]
    fn it_is_not_required_wherever_the_two_stand() {
        for (body, places) in [
            (json!({ "required": ["id", "a"], "properties": { "id": { "readOnly": true } } }), vec![""]),
            (json!({ "required": ["id", "a"], "allOf": [{ "$ref": "#/components/schemas/Entity" }] }), vec![""]),
            (json!({ "allOf": [{ "$ref": "#/components/schemas/Entity" }, { "required": ["id", "a"] }] }), vec!["/allOf/1"]),
            (json!({ "$ref": "#/components/schemas/Entity", "required": ["id", "a"] }), vec![""]),
            (json!({ "$ref": "#/components/schemas/Entity", "oneOf": [{ "required": ["id", "a"] }] }), vec!["/oneOf/0"]),
            (
                json!({ "required": ["id", "a"], "anyOf": [{ "$ref": "#/components/schemas/Entity" }, { "properties": { "id": { "allOf": [{ "$ref": "#/components/schemas/Id" }] } } }] }),
                vec![""],
            ),
            (
                json!({ "items": { "allOf": [{ "$ref": "#/components/schemas/Entity" }, { "required": ["id", "a"] }] } }),
                vec!["/items/allOf/1"],
            ),
            (
                json!({ "properties": { "required": { "required": ["id", "a"], "properties": { "id": { "$ref": "#/components/schemas/Id" } } } } }),
                vec!["/properties/required"],
            ),
        ] {
            let view = view(json!({ "Entity": read_only(), "Id": { "type": "integer", "readOnly": true } }), body);
            for place in places {
                assert_eq!(names(&view, &format!("{BODY}{place}")), json!(["a"]), "{view}");
            }
        }
    }

    #[test]
    fn a_shared_schema_keeps_its_rule_for_values_without_the_mark() {
        let schemas = json!({ "Entity": read_only(), "Named": { "required": ["id", "name"] } });
        let view = view(
            schemas,
            json!({ "properties": {
                "a": { "allOf": [{ "$ref": "#/components/schemas/Entity" }, { "$ref": "#/components/schemas/Named" }] },
                "b": { "$ref": "#/components/schemas/Named" }
            } }),
        );
        assert_eq!(names(&view, "/components/schemas/Named"), json!(["name"]));
        assert_eq!(names(&view, &format!("{BODY}/properties/b")), json!(["id"]));
        assert_eq!(names(&view, &format!("{BODY}/properties/a/allOf/1")), json!([]));
    }

    #[test]
    fn alternatives_without_the_mark_keep_the_rule() {
        let view = view(
            json!({ "Entity": read_only() }),
            json!({ "required": ["id"], "oneOf": [{ "$ref": "#/components/schemas/Entity" }, { "properties": { "id": { "type": "string" } } }] }),
        );
        assert_eq!(names(&view, BODY), json!([]));
        assert_eq!(names(&view, &format!("{BODY}/oneOf/0")), json!([]));
        assert_eq!(names(&view, &format!("{BODY}/oneOf/1")), json!(["id"]));
    }

    #[test]
    fn each_description_of_a_marked_property_has_the_mark() {
        let view = view(
            json!({ "Entity": read_only() }),
            json!({ "allOf": [{ "$ref": "#/components/schemas/Entity" }, { "properties": { "id": { "minimum": 1 } } }] }),
        );
        assert_eq!(view.pointer(&format!("{BODY}/allOf/1/properties/id/readOnly")), Some(&json!(true)));
        let marked = marked(&view, "readOnly");
        assert_eq!(marked.len(), 2, "{marked:?}");
    }

    #[test]
    fn conditions_and_examples_stay_as_they_are() {
        let body = json!({
            "allOf": [{ "$ref": "#/components/schemas/Entity" }],
            "not": { "required": ["id"] },
            "if": { "required": ["id"] },
            "example": { "schema": { "required": ["id"], "properties": { "id": { "readOnly": true } } } }
        });
        let view = view(json!({ "Entity": read_only() }), body.clone());
        assert_eq!(view.pointer(BODY), Some(&body));
    }
}
